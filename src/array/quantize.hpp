#pragma once
#include <optional>

#include "array/output_spec.hpp"
#include "grid/box.hpp"

namespace rankine::array {

/// Rounds floats to `digits` of `mode`, as libnetcdf 4.9 does when they are put into a variable with that quantize mode
/// in one call, bit for bit, except where the digits are more than the dtype has (then they stay): fill values stay (libnetcdf's own default where the variable has none).
/// `box`: where the values lie in an array of `shape`; BitGroom shaves elements of even and sets those of odd number.
/// Source: Zender 2016 (BitGroom), Delaunay, Courtois and Gouillon 2019 (Granular BitRound), Kouznetsov 2021 (BitRound).
void quantize(NdArray& values, Quantize mode, int digits, const std::optional<NdArray>& fill, const Shape& shape, const Box& box);

}  // namespace rankine::array
