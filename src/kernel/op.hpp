#pragma once
#include <cstdint>
#include <string_view>

#include "base/dtype.hpp"

namespace rankine::kernel {

/// Elementwise operations with NumPy's meaning. Operands of one instruction share one dtype T
/// (casts are instructions of their own); times count as int64.
enum class Op : std::uint8_t {
  // (T, T) -> T
  add, subtract, multiply, divide,          // divide: floats only
  floor_divide, remainder, power,           // Python's signs, as NumPy; integer division by 0 gives 0
  minimum, maximum,                         // NaN propagates
  hypot, arctan2,                           // floats only
  bitwise_and, bitwise_or, bitwise_xor,     // bool and integers
  left_shift, right_shift,                  // integers
  // (T, T) -> bool
  equal, not_equal, less, less_equal, greater, greater_equal,
  // T -> T
  negative, absolute, sign, square, floor, ceil, rint, trunc,
  invert,                                   // ~ of integers, not of bool
  // float -> float
  sqrt, cbrt, exp, exp2, expm1, log, log2, log10, log1p,
  sin, cos, tan, arcsin, arccos, arctan, sinh, cosh, tanh, arcsinh, arccosh, arctanh,
  deg2rad, rad2deg,
  weight,                                   // the value itself; UsageError where it is NaN, as xarray refuses such weights
  // T -> bool (integers: never NaN, always finite; times: isnan is NaT)
  isnan, isfinite, isinf,
  // T -> U
  cast,                                     // NumPy astype: floats truncate towards zero; to bool: != 0
  // (bool, T, T) -> T
  where,
};

/// Number of operands: 1, 2 or 3.
int operand_count(Op op);
/// NumPy's name.
std::string_view name_of(Op op);
/// Output dtype for operands of dtype T (for cast: not defined, the instruction says it).
DType result_dtype(Op op, DType operand);

}  // namespace rankine::kernel
