#pragma once
#include <array>
#include <cstddef>
#include <optional>
#include <string>

#include "base/dtype.hpp"
#include "grid/nd_array.hpp"
#include "store/zarr/zarr_json.hpp"

namespace rankine::store {

/// One element of fill, native endian, as StoredArray holds it. Numbers, NaN and infinities as words (bare or
/// quoted), "NaT", and v3's "0x7fc00000" for the bits of a float. Throws InputError naming `where`.
std::array<std::byte, 8> fill_from_json(const Json& json, DType dtype, const std::string& where,
                                        std::int64_t ns_per_tick = 1);
/// The same of half floats: a float32 that a half float holds; v3's bits are "0x7e00".
std::array<std::byte, 8> half_fill_from_json(const Json& json, const std::string& where);
/// Of one element of a numeric dtype.
Json fill_to_json(const NdArray& fill);

/// v2's fill value of fixed bytes; xarray's _FillValue attribute of floats in v3.
std::string from_base64(const std::string& text);
std::string to_base64(const std::string& bytes);

/// xarray writes the attribute _FillValue of a v3 array of floats as base64 of a little-endian double.
std::optional<double> fill_attribute_from_json(const Json& json);
Json fill_attribute_to_json(double value);

}  // namespace rankine::store
