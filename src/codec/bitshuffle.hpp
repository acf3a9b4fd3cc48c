#pragma once
#include <cstddef>
#include <span>

namespace rankine::codec {

/// Undoes the bit shuffle of one block: `from` holds, for each byte of an element and each bit of that byte,
/// lowest first, one row with this bit of all elements. Both spans have the same size, a multiple of
/// 8 * element_bytes. `scratch` has twice that size.
void bit_unshuffle(std::span<const std::byte> from, std::span<std::byte> to, std::size_t element_bytes,
                   std::span<std::byte> scratch);

}  // namespace rankine::codec
