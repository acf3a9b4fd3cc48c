#pragma once
#include <cstddef>
#include <span>
#include <vector>

#include "codec/codec.hpp"

/// Filters that know numbers: numcodecs' delta, fixedscaleoffset, astype, quantize, bitround and packbits. Elements
/// have value_type where data comes in and stored_type where it goes on.
namespace rankine::codec {

bool is_array_filter(Kind kind);

/// How many bytes encoding makes of `bytes`.
std::size_t filtered_size(const Codec& codec, std::size_t bytes);

/// Undoes the filter; `to` has the size of the values. Throws InputError if `from` does not fit it.
void unfilter(const Codec& codec, std::span<const std::byte> from, std::span<std::byte> to);
/// Throws OutputError if `raw` holds no whole elements.
std::vector<std::byte> filter(const Codec& codec, std::span<const std::byte> raw);

}  // namespace rankine::codec
