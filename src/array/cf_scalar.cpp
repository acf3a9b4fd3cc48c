#include "array/cf_scalar.hpp"

#include <cmath>
#include <limits>
#include <type_traits>
#include <utility>

namespace rankine::array {

NdArray scalar_as(const NdArray& values, std::int64_t i, DType dtype) {
  NdArray out(dtype, {});
  dispatch(values.dtype(), [&]<typename From>() {
    const From value = values.data<From>()[i];
    dispatch(dtype, [&]<typename To>() { out.data<To>()[0] = static_cast<To>(value); });
  });
  return out;
}

namespace {

template <typename To, typename From>
bool holds(From value) {
  if constexpr (std::is_same_v<To, bool> || std::is_same_v<From, bool>) {
    return static_cast<From>(static_cast<To>(value)) == value;
  } else if constexpr (std::is_floating_point_v<To>) {
    return !std::isfinite(static_cast<double>(value)) || std::isfinite(static_cast<To>(value));
  } else if constexpr (std::is_floating_point_v<From>) {
    // The bounds are powers of two: exact in any float.
    const From end = std::ldexp(From(1), std::numeric_limits<To>::digits);
    return value == std::trunc(value) && value < end && value >= (std::is_signed_v<To> ? -end : From(0));  // not NaN
  } else {
    return std::in_range<To>(value);
  }
}

}  // namespace

std::optional<NdArray> scalar_held_by(const NdArray& values, std::int64_t i, DType dtype) {
  bool held = false;
  dispatch(values.dtype(), [&]<typename From>() {
    const From value = values.data<From>()[i];
    dispatch(dtype, [&]<typename To>() { held = holds<To>(value); });
  });
  return held ? std::optional<NdArray>(scalar_as(values, i, dtype)) : std::nullopt;
}

std::string range_of(DType dtype) {
  std::string text;
  dispatch(dtype, [&]<typename T>() {
    if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>)
      text = std::to_string(std::numeric_limits<T>::min()) + " to " + std::to_string(std::numeric_limits<T>::max());
  });
  return text;
}

DType unsigned_twin(DType dtype) {
  if (!is_signed_integer(dtype)) return dtype;
  return static_cast<DType>(static_cast<int>(dtype) - static_cast<int>(DType::int8) + static_cast<int>(DType::uint8));
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
