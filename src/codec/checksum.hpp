#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "codec/codec.hpp"

namespace rankine::codec {

/// Kinds that only add a checksum of four little-endian bytes: behind the data (fletcher32, crc32c) or before it
/// (numcodecs' crc32 and adler32).
bool is_checksum(Kind kind);
inline constexpr std::size_t checksum_bytes = 4;

/// The data without its checksum. Throws InputError if it is missing or wrong.
std::span<const std::byte> verified(Kind kind, std::span<const std::byte> stored);
/// The data with its checksum.
std::vector<std::byte> with_checksum(Kind kind, std::span<const std::byte> data);

/// The Castagnoli CRC of RFC 3720, as Zarr v3 stores it.
std::uint32_t crc32c(std::span<const std::byte> data);
/// The CRC of zlib, gzip and zip.
std::uint32_t crc32(std::span<const std::byte> data);

}  // namespace rankine::codec
