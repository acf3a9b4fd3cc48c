#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

namespace rankine::store {

/// Bob Jenkins' lookup3 (hashlittle, initial value 0): the checksum of HDF5's newer metadata.
/// Source: burtleburtle.net/bob/c/lookup3.c, public domain.
std::uint32_t lookup3(std::span<const std::byte> data);

}  // namespace rankine::store
