#include "codec/checksum.hpp"

#include <array>
#include <cstring>

#include <libdeflate.h>

#include "base/check.hpp"
#include "base/error.hpp"
#include "codec/fletcher32.hpp"

namespace rankine::codec {
namespace {

constexpr std::uint32_t castagnoli = 0x82f63b78u;  // bits reversed

// table[k][b]: the CRC of byte b followed by k zero bytes ("slicing by eight", Kounavis and Berry 2005).
using Slices = std::array<std::array<std::uint32_t, 256>, 8>;

constexpr Slices make_slices() {
  Slices slices{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? castagnoli : 0);
    slices[0][byte] = crc;
  }
  for (std::size_t k = 1; k < 8; ++k)
    for (std::size_t byte = 0; byte < 256; ++byte)
      slices[k][byte] = slices[k - 1][byte] >> 8 ^ slices[0][slices[k - 1][byte] & 0xff];
  return slices;
}

constexpr Slices slices = make_slices();

std::uint32_t crc32c_plain(std::uint32_t crc, const std::byte* at, std::size_t size) {
  for (; size >= 8; at += 8, size -= 8) {
    std::uint64_t word;
    std::memcpy(&word, at, 8);
    word ^= crc;
    crc = 0;
    for (std::size_t k = 0; k < 8; ++k) crc ^= slices[7 - k][word >> 8 * k & 0xff];
  }
  for (; size > 0; ++at, --size) crc = crc >> 8 ^ slices[0][(crc ^ static_cast<std::uint32_t>(*at)) & 0xff];
  return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t crc32c_by_instruction(std::uint32_t crc, const std::byte* at,
                                                                      std::size_t size) {
  std::uint64_t wide = crc;
  for (; size >= 8; at += 8, size -= 8) {
    std::uint64_t word;
    std::memcpy(&word, at, 8);
    wide = __builtin_ia32_crc32di(wide, word);
  }
  crc = static_cast<std::uint32_t>(wide);
  for (; size > 0; ++at, --size) crc = __builtin_ia32_crc32qi(crc, static_cast<unsigned char>(*at));
  return crc;
}
#endif

const char* name_of(Kind kind) {
  switch (kind) {
    case Kind::fletcher32: return "fletcher32";
    case Kind::crc32c: return "crc32c";
    case Kind::crc32: return "crc32";
    default: return "adler32";
  }
}

bool stands_before(Kind kind) { return kind == Kind::crc32 || kind == Kind::adler32; }

std::uint32_t sum_of(Kind kind, std::span<const std::byte> data) {
  switch (kind) {
    case Kind::fletcher32: return fletcher32(data);
    case Kind::crc32c: return crc32c(data);
    case Kind::crc32: return crc32(data);
    case Kind::adler32: return libdeflate_adler32(1, data.data(), data.size());
    default: break;
  }
  RANKINE_CHECK(false, "a checksum is asked of a checksum's kind");
  return 0;
}

}  // namespace

bool is_checksum(Kind kind) {
  return kind == Kind::fletcher32 || kind == Kind::crc32c || kind == Kind::crc32 || kind == Kind::adler32;
}

std::uint32_t crc32c(std::span<const std::byte> data) {
#if defined(__x86_64__)
  static const bool has_instruction = __builtin_cpu_supports("sse4.2");
  if (has_instruction) return ~crc32c_by_instruction(~0u, data.data(), data.size());
#endif
  return ~crc32c_plain(~0u, data.data(), data.size());
}

std::uint32_t crc32(std::span<const std::byte> data) { return libdeflate_crc32(0, data.data(), data.size()); }

std::span<const std::byte> verified(Kind kind, std::span<const std::byte> stored) {
  if (stored.size() < checksum_bytes) throw InputError(std::string(name_of(kind)) + " checksum is missing");
  const std::size_t size = stored.size() - checksum_bytes;
  const auto body = stored.subspan(stands_before(kind) ? checksum_bytes : 0, size);
  std::uint32_t there = 0;
  std::memcpy(&there, stored.data() + (stands_before(kind) ? 0 : size), checksum_bytes);
  const std::uint32_t sum = sum_of(kind, body);
  // HDF5 up to 1.6.2 wrote both halves byte-swapped on little-endian machines; libhdf5 accepts it too.
  const std::uint32_t old_sum = (sum & 0x00ff00ffu) << 8 | (sum >> 8 & 0x00ff00ffu);
  if (there != sum && !(kind == Kind::fletcher32 && there == old_sum))
    throw InputError(std::string(name_of(kind)) + " checksum mismatch");
  return body;
}

std::vector<std::byte> with_checksum(Kind kind, std::span<const std::byte> data) {
  const std::uint32_t sum = sum_of(kind, data);
  std::vector<std::byte> bytes(data.size() + checksum_bytes);
  const bool before = stands_before(kind);
  if (!data.empty()) std::memcpy(bytes.data() + (before ? checksum_bytes : 0), data.data(), data.size());
  std::memcpy(bytes.data() + (before ? 0 : data.size()), &sum, checksum_bytes);
  return bytes;
}

}  // namespace rankine::codec
