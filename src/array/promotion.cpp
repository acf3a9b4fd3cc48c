#include "array/promotion.hpp"

#include <cmath>
#include <limits>
#include <optional>

#include "base/error.hpp"

namespace rankine::array {
namespace {

DType unsigned_of(std::size_t bytes) {
  return bytes == 1 ? DType::uint8 : bytes == 2 ? DType::uint16 : bytes == 4 ? DType::uint32 : DType::uint64;
}
DType signed_of(std::size_t bytes) {
  return bytes == 1 ? DType::int8 : bytes == 2 ? DType::int16 : bytes == 4 ? DType::int32 : DType::int64;
}

/// bool, integer, float, others: only kinds up to float take part in promotion by value.
int kind_of(DType dtype) {
  if (dtype == DType::boolean) return 0;
  if (is_integer(dtype)) return 1;
  if (is_float(dtype)) return 2;
  return 3;
}

/// The smallest dtype that holds the scalar, seen beside an array of dtype `beside`.
DType smallest(const OperandType& scalar, DType beside) {
  if (scalar.value == nullptr || kind_of(scalar.dtype) == 0) {
    return kind_of(scalar.dtype) == kind_of(beside) ? beside : scalar.dtype;
  }
  if (is_float(scalar.dtype)) {
    const double value = scalar.value->as_double(0);
    const bool fits = !std::isfinite(value) || std::abs(value) <= std::numeric_limits<float>::max();
    return fits ? DType::float32 : DType::float64;
  }
  const bool huge = scalar.dtype == DType::uint64 && scalar.value->data<std::uint64_t>()[0] > INT64_MAX;
  if (huge) return DType::uint64;
  const std::int64_t value = scalar.value->as_int64(0);
  if (value < 0) {
    for (const std::size_t bytes : {1, 2, 4})
      if (value >= -(std::int64_t{1} << (8 * bytes - 1))) return signed_of(bytes);
    return DType::int64;
  }
  for (const std::size_t bytes : {1, 2, 4, 8}) {
    const bool as_unsigned = bytes == 8 || value < (std::int64_t{1} << (8 * bytes));
    if (!as_unsigned) continue;
    // A small positive number fits a signed dtype of the same width too.
    const bool as_signed = bytes == 8 || value < (std::int64_t{1} << (8 * bytes - 1));
    return as_signed && !is_unsigned_integer(beside) ? signed_of(bytes) : unsigned_of(bytes);
  }
  return DType::int64;
}

}  // namespace

DType promote(DType a, DType b) {
  if (a == b) return a;
  const int ka = kind_of(a);
  const int kb = kind_of(b);
  if (ka == 3 || kb == 3) {
    if (a == DType::timedelta64 && kb <= 1) return a;
    if (b == DType::timedelta64 && ka <= 1) return b;
    throw UsageError("no common dtype for " + name_of(a) + " and " + name_of(b));
  }
  if (ka == 0) return b;
  if (kb == 0) return a;
  if (ka == 2 && kb == 2) return DType::float64;
  if (ka == 2 || kb == 2) {
    const DType floating = ka == 2 ? a : b;
    const DType integer = ka == 2 ? b : a;
    return floating == DType::float32 && size_of(integer) <= 2 ? DType::float32 : DType::float64;
  }
  if (is_signed_integer(a) == is_signed_integer(b)) return size_of(a) > size_of(b) ? a : b;
  const DType plus = is_signed_integer(a) ? a : b;
  const DType natural = is_signed_integer(a) ? b : a;
  if (size_of(plus) > size_of(natural)) return plus;
  return natural == DType::uint64 ? DType::float64 : signed_of(2 * size_of(natural));
}

DType promote(std::span<const OperandType> operands) {
  int array_kind = -1;
  int scalar_kind = -1;
  for (const auto& operand : operands) {
    int& kind = operand.is_scalar ? scalar_kind : array_kind;
    kind = std::max(kind, kind_of(operand.dtype));
  }
  const bool by_value = array_kind >= 0 && array_kind < 3 && scalar_kind <= array_kind;
  std::optional<DType> common;
  const auto add = [&](DType dtype) { common = common ? promote(*common, dtype) : dtype; };
  for (const auto& operand : operands)
    if (!operand.is_scalar || !by_value) add(operand.dtype);
  if (by_value) {
    const DType beside = *common;
    for (const auto& operand : operands)
      if (operand.is_scalar) add(smallest(operand, beside));
  }
  return *common;
}

DType float_for(DType dtype) {
  if (is_float(dtype)) return dtype;
  return size_of(dtype) <= 2 ? DType::float32 : DType::float64;
}

DType with_missing(DType dtype) { return dtype == DType::boolean || is_integer(dtype) ? DType::float64 : dtype; }

}  // namespace rankine::array
