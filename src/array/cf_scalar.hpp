#pragma once
#include <optional>
#include <string>

#include "array/expr.hpp"

/// NumPy 1.24's arithmetic between a floating array and a scalar, as expression nodes.
namespace rankine::array {

/// Element `i` as a scalar of another dtype.
NdArray scalar_as(const NdArray& values, std::int64_t i, DType dtype);

/// The same if `dtype` holds the number: whole and in range for integers; for floats rounded, but finite if it was.
std::optional<NdArray> scalar_held_by(const NdArray& values, std::int64_t i, DType dtype);
/// "-32768 to 32767"; of integers.
std::string range_of(DType dtype);
/// The unsigned integers that are stored as these signed ones where the attribute _Unsigned says so.
DType unsigned_twin(DType dtype);

/// The dtype NumPy computes in: a float32 array stays float32 beside a scalar that float32's range
/// (or, for integers, 16 bits) holds, and goes to float64 beside others ("value-based casting").
DType common_float(DType array, const NdArray& scalar, std::int64_t i = 0);

/// array == scalar.
ExprPtr equals_scalar(const ExprPtr& array, const NdArray& scalar, std::int64_t i);
/// In place, as `array op= scalar`: the result keeps the array's dtype.
ExprPtr in_place(kernel::Op op, const ExprPtr& array, const NdArray& scalar);

}  // namespace rankine::array
