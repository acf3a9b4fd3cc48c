#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "grid/nd_array.hpp"
#include "store/zarr/array_metadata.hpp"

namespace rankine::store {

/// All elements of a string array (S, U or variable-length UTF-8) as UTF-8.
/// Throws InputError naming the chunk.
NdArray read_zarr_strings(const ZarrArray& array);

/// Code points of the longest text, at least 1: NumPy's width of "<U".
std::int64_t text_width_of(const NdArray& strings);
/// NumPy's "S" elements: so many bytes each, padded with zeros.
std::vector<std::byte> encode_fixed_bytes(const NdArray& strings, std::int64_t width);
/// NumPy's "<U" elements: UCS-4, padded with zeros.
std::vector<std::byte> encode_fixed_text(const NdArray& strings, std::int64_t text_width);
/// numcodecs' vlen-utf8, Zarr v3's strings: the count, then length and bytes of each, u32 little endian.
std::vector<std::byte> encode_variable_text(const NdArray& strings);

}  // namespace rankine::store
