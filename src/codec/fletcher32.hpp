#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

namespace rankine::codec {

/// HDF5's Fletcher checksum: sums over big-endian 16-bit words modulo 65535, an odd last byte counts
/// as the high half of a word. Stored little endian behind the data.
std::uint32_t fletcher32(std::span<const std::byte> data);

}  // namespace rankine::codec
