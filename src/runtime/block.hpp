#pragma once
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "base/bytes.hpp"
#include "grid/nd_array.hpp"
#include "store/store.hpp"

namespace rankine::runtime {

/// What a task leaves behind: the array of a block, the parts of a partial result, or encoded chunks.
struct Block {
  std::vector<NdArray> parts;
  std::vector<store::EncodedChunk> chunks;
  Bytes bytes() const;
};
using BlockPtr = std::shared_ptr<const Block>;

/// A block as it travels: `head` describes dtypes, shapes and chunk positions, the payload is the
/// elements and chunk bytes one after the other.
std::vector<std::byte> encode_head(const Block& block);
std::uint64_t payload_bytes(const Block& block);
void append_payload(const Block& block, std::vector<std::byte>& frame);
/// The payload where it lies, in order.
std::vector<std::span<const std::byte>> payload_parts(const Block& block);
std::vector<std::span<std::byte>> payload_parts(Block& block);
/// A block with room for the payload that `head` describes, which was made here.
std::shared_ptr<Block> empty_block(std::span<const std::byte> head);
/// Throws DecodeError if head and payload do not fit together.
BlockPtr decode_block(std::span<const std::byte> head, std::span<const std::byte> payload);

}  // namespace rankine::runtime
