#pragma once
#include <cstddef>
#include <span>

namespace rankine::codec {

/// HDF5's byte shuffle: byte j of all elements lies together, at j * (size / element_bytes). Bytes
/// that fill no whole element stay at the end as they are.
/// bytes 1a 1b 2a 2b 3a 3b x, elements of 2 -> 1a 2a 3a 1b 2b 3b x
/// `from` and `to` have the same size and do not overlap.
void shuffle(std::span<const std::byte> from, std::span<std::byte> to, std::size_t element_bytes);
void unshuffle(std::span<const std::byte> from, std::span<std::byte> to, std::size_t element_bytes);

}  // namespace rankine::codec
