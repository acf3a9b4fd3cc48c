#include <vector>

#include "base/error.hpp"
#include "codec/codec.hpp"

using namespace rankine;
using codec::Kind;

// First byte which pipeline, second the filter mask, third the element size, fourth the decoded size: then a chunk.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 4) return 0;
  static codec::Scratch scratch;
  codec::Codec shuffle, filter;
  shuffle.kind = Kind::shuffle;
  shuffle.element_bytes = 1 + data[2] % 8;
  filter.element_bytes = shuffle.element_bytes;
  constexpr Kind kinds[] = {Kind::deflate, Kind::gzip, Kind::zstd, Kind::lz4, Kind::blosc, Kind::bz2, Kind::fletcher32,
                            Kind::crc32c, Kind::hdf5_lz4, Kind::bitshuffle, Kind::szip, Kind::lzf};
  filter.kind = kinds[data[0] % std::size(kinds)];
  filter.parameters = {data[2] % 64u, data[3] % 64u, 8u, 32u};
  codec::Pipeline pipeline{filter};
  if ((data[0] & 0x80) != 0) pipeline.insert(pipeline.begin(), shuffle);
  const std::span<const std::byte> stored(reinterpret_cast<const std::byte*>(data) + 4, size - 4);
  std::vector<std::byte> out(static_cast<std::size_t>(data[3]) * 16);
  try {
    codec::decode(pipeline, data[1], stored, out, scratch);
  } catch (const Error&) {
  }
  try {
    codec::decode_any_size(pipeline, stored, 1u << 20, scratch);
  } catch (const Error&) {
  }
  return 0;
}
