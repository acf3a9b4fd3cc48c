#include "store/hdf5/lookup3.hpp"

namespace rankine::store {
namespace {

std::uint32_t rotate(std::uint32_t x, int bits) { return x << bits | x >> (32 - bits); }

std::uint32_t word(std::span<const std::byte> data, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4 && at + i < data.size(); ++i)
    value |= std::to_integer<std::uint32_t>(data[at + i]) << (8 * i);
  return value;
}

}  // namespace

std::uint32_t lookup3(std::span<const std::byte> data) {
  std::uint32_t a = 0xdeadbeefu + static_cast<std::uint32_t>(data.size());
  std::uint32_t b = a, c = a;
  std::size_t at = 0;
  for (; data.size() - at > 12; at += 12) {
    a += word(data, at);
    b += word(data, at + 4);
    c += word(data, at + 8);
    a -= c; a ^= rotate(c, 4); c += b;
    b -= a; b ^= rotate(a, 6); a += c;
    c -= b; c ^= rotate(b, 8); b += a;
    a -= c; a ^= rotate(c, 16); c += b;
    b -= a; b ^= rotate(a, 19); a += c;
    c -= b; c ^= rotate(b, 4); b += a;
  }
  if (at == data.size()) return c;
  a += word(data, at);
  b += word(data, at + 4);
  c += word(data, at + 8);
  c ^= b; c -= rotate(b, 14);
  a ^= c; a -= rotate(c, 11);
  b ^= a; b -= rotate(a, 25);
  c ^= b; c -= rotate(b, 16);
  a ^= c; a -= rotate(c, 4);
  b ^= a; b -= rotate(a, 14);
  c ^= b; c -= rotate(b, 24);
  return c;
}

}  // namespace rankine::store
