#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/bytes.hpp"
#include "base/error.hpp"

namespace rankine::spill {

enum class Compression { none, lz4 };

/// The disk, or what is allowed of it, is full.
struct ScratchFull : OutputError {
  using OutputError::OutputError;
};

/// What of `limit` is used, by all who write below one folder.
struct ScratchUse {
  Bytes limit;
  std::atomic<std::uint64_t> used = 0;
};

/// The bytes of one block as a file of pieces of at most 1 MiB, each with sizes and a crc32c of what is stored, so that
/// neither writing nor reading needs more memory than a piece. Pieces that lz4 does not shrink are stored as they are.
///
/// piece: u32 raw bytes, u32 stored bytes, u32 crc32c of the stored bytes, u32 1 if lz4 (numcodecs' form), stored bytes.
///
/// Returns the bytes of the file. Throws ScratchFull, OutputError, with nothing left; `cancelled` is looked at between
/// pieces, and ends it so too (returns 0).
Bytes write_block_file(const std::string& path, std::span<const std::span<const std::byte>> parts, Compression compression,
                       ScratchUse& use, const std::atomic<bool>& cancelled);

/// Fills the parts, in order. Throws InputError naming the file if it is not there, too short or too long, or a checksum is wrong.
void read_block_file(const std::string& path, std::span<const std::span<std::byte>> parts);

/// Gives back `bytes` of what is used.
void remove_block_file(const std::string& path, Bytes bytes, ScratchUse& use);

}  // namespace rankine::spill
