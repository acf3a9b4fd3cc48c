#include "codec/bitshuffle.hpp"

#include <cstdint>
#include <cstring>

#include "base/check.hpp"
#include "codec/shuffle.hpp"

namespace rankine::codec {
namespace {

/// Transposes an 8 x 8 matrix of bits whose rows are the bytes of `x`, lowest first
/// (Warren, "Hacker's Delight", section 7-3).
std::uint64_t transpose(std::uint64_t x) {
  std::uint64_t t = (x ^ (x >> 7)) & 0x00aa00aa00aa00aaULL;
  x ^= t ^ (t << 7);
  t = (x ^ (x >> 14)) & 0x0000cccc0000ccccULL;
  x ^= t ^ (t << 14);
  t = (x ^ (x >> 28)) & 0x00000000f0f0f0f0ULL;
  return x ^ t ^ (t << 28);
}

}  // namespace

void bit_unshuffle(std::span<const std::byte> from, std::span<std::byte> to, std::size_t element_bytes,
                   std::span<std::byte> scratch) {
  RANKINE_CHECK(from.size() == to.size() && scratch.size() >= 2 * from.size() &&
                    from.size() % (8 * element_bytes) == 0,
                "a block to unshuffle holds whole groups of eight elements");
  const std::size_t plane_bytes = from.size() / element_bytes;
  const auto rows = scratch.first(from.size());
  const auto planes = scratch.subspan(from.size(), from.size());
  for (std::size_t plane = 0; plane < element_bytes; ++plane) {
    // Eight rows become words whose bytes are the rows' bytes at one place; each word's bits are then
    // one byte of eight neighbouring elements.
    const auto words = rows.first(plane_bytes);
    unshuffle(from.subspan(plane * plane_bytes, plane_bytes), words, 8);
    std::byte* out = planes.data() + plane * plane_bytes;
    for (std::size_t at = 0; at < plane_bytes; at += 8) {
      std::uint64_t word;
      std::memcpy(&word, words.data() + at, 8);
      word = transpose(word);
      std::memcpy(out + at, &word, 8);
    }
  }
  unshuffle(planes, to, element_bytes);
}

}  // namespace rankine::codec
