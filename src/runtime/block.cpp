#include "runtime/block.hpp"

#include "base/byte_stream.hpp"

namespace rankine::runtime {

Bytes Block::bytes() const {
  Bytes total;
  for (const auto& part : parts) total += part.bytes();
  for (const auto& chunk : chunks) total += Bytes{chunk.bytes.size()};
  return total;
}

std::uint64_t payload_bytes(const Block& block) { return block.bytes().value; }

std::vector<std::byte> encode_head(const Block& block) {
  ByteWriter writer;
  writer.put_count(block.parts.size());
  for (const auto& part : block.parts) {
    writer.put(part.dtype());
    writer.put_vector(part.shape());
  }
  writer.put_count(block.chunks.size());
  for (const auto& chunk : block.chunks) {
    writer.put_vector(chunk.chunk);
    writer.put_count(chunk.bytes.size());
  }
  return writer.take();
}

void append_payload(const Block& block, std::vector<std::byte>& frame) {
  for (const auto& part : block.parts) frame.insert(frame.end(), part.raw(), part.raw() + part.bytes().value);
  for (const auto& chunk : block.chunks) frame.insert(frame.end(), chunk.bytes.begin(), chunk.bytes.end());
}

std::vector<std::span<const std::byte>> payload_parts(const Block& block) {
  std::vector<std::span<const std::byte>> parts;
  for (const auto& part : block.parts) parts.emplace_back(part.raw(), part.bytes().value);
  for (const auto& chunk : block.chunks) parts.emplace_back(chunk.bytes);
  return parts;
}

std::vector<std::span<std::byte>> payload_parts(Block& block) {
  std::vector<std::span<std::byte>> parts;
  for (auto& part : block.parts) parts.emplace_back(part.raw(), part.bytes().value);
  for (auto& chunk : block.chunks) parts.emplace_back(chunk.bytes);
  return parts;
}

std::shared_ptr<Block> empty_block(std::span<const std::byte> head) {
  ByteReader reader(head);
  auto block = std::make_shared<Block>();
  for (std::size_t left = reader.get_count(sizeof(std::uint64_t)); left > 0; --left) {
    const auto dtype = reader.get<DType>();
    block->parts.emplace_back(dtype, reader.get_vector<std::int64_t>());
  }
  for (std::size_t left = reader.get_count(sizeof(std::uint64_t)); left > 0; --left) {
    store::EncodedChunk chunk;
    chunk.chunk = reader.get_vector<std::int64_t>();
    chunk.bytes.resize(static_cast<std::size_t>(reader.get<std::uint64_t>()));
    block->chunks.push_back(std::move(chunk));
  }
  return block;
}

BlockPtr decode_block(std::span<const std::byte> head, std::span<const std::byte> payload) {
  ByteReader reader(head);
  ByteReader elements(payload);
  auto block = std::make_shared<Block>();
  const std::size_t part_count = reader.get_count(sizeof(std::uint64_t));
  for (std::size_t i = 0; i < part_count; ++i) {
    const auto dtype = reader.get<DType>();
    if (dtype >= DType::string) throw DecodeError("malformed block: no such dtype");
    Shape shape = reader.get_vector<std::int64_t>();
    for (const std::int64_t extent : shape)
      if (extent < 0) throw DecodeError("malformed block: negative extent");
    if (static_cast<std::uint64_t>(element_count(shape)) > elements.remaining() / size_of(dtype))
      throw DecodeError("malformed block: an array exceeds the payload");
    NdArray part(dtype, std::move(shape));
    elements.get_raw(part.raw(), part.bytes().value);
    block->parts.push_back(std::move(part));
  }
  const std::size_t chunk_count = reader.get_count(sizeof(std::uint64_t));
  for (std::size_t i = 0; i < chunk_count; ++i) {
    store::EncodedChunk chunk;
    chunk.chunk = reader.get_vector<std::int64_t>();
    const auto bytes = elements.get_bytes(static_cast<std::size_t>(reader.get<std::uint64_t>()));
    chunk.bytes.assign(bytes.begin(), bytes.end());
    block->chunks.push_back(std::move(chunk));
  }
  if (elements.remaining() != 0 || reader.remaining() != 0) throw DecodeError("malformed block: bytes are left over");
  return block;
}

}  // namespace rankine::runtime
