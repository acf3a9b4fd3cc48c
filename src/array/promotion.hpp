#pragma once
#include <span>
#include <string>

#include "grid/nd_array.hpp"

namespace rankine::array {

/// NumPy 1.24's promotion of two array dtypes: int32 with float32 is float64, int16 with float32 float32.
/// Throws UsageError where there is none (strings with numbers, dates with floats).
DType promote(DType a, DType b);

/// One operand as promotion sees it: scalars of a kind (bool, integer, float) not above the arrays'
/// count by value (float32 with 0.5 stays float32, with 100000 becomes float64), if the value is known.
struct OperandType {
  DType dtype = DType::float64;
  bool is_scalar = false;
  const NdArray* value = nullptr;
};
DType promote(std::span<const OperandType> operands);

/// What sqrt, arctan2 ... compute in: floats stay, 8 and 16 bit integers float32 (NumPy gives float16
/// for 8 bits, which does not exist here), larger ones float64.
DType float_for(DType dtype);
/// The dtype that can hold missing values beside those of `dtype`: integers and bool become float64.
DType with_missing(DType dtype);

}  // namespace rankine::array
