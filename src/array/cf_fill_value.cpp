#include "array/cf_fill_value.hpp"

#include <cmath>
#include <cstdio>

#include "array/cf_scalar.hpp"
#include "base/error.hpp"
#include "base/half_float.hpp"

namespace rankine::array {
namespace {

std::string text_of(const NdArray& number) {
  if (number.dtype() == DType::uint64) return std::to_string(number.data<std::uint64_t>()[0]);
  if (!is_float(number.dtype())) return std::to_string(number.as_int64(0));
  char text[40];
  std::snprintf(text, sizeof text, "%.9g", number.as_double(0));
  return text;
}

std::string what_it_holds(const FillStorage& storage) {
  if (storage.is_half) return "float16 (up to 65504)";
  if (is_float(storage.dtype)) return name_of(storage.dtype) + (storage.dtype == DType::float32 ? " (up to 3.4028e+38)" : "");
  const DType dtype = storage.is_unsigned ? unsigned_twin(storage.dtype) : storage.dtype;
  return name_of(dtype) + " (whole numbers from " + range_of(dtype) + ")";
}

}  // namespace

NdArray fill_number(const std::string& variable, const std::string& key, const AttributeValue& value, const FillStorage& storage) {
  const auto* given = std::get_if<NdArray>(&value);
  if (given == nullptr || given->dtype() == DType::string || given->size() != 1)
    throw UsageError("cannot encode variable '" + variable + "': " + key + " must be one number");
  auto number = scalar_held_by(*given, 0, storage.dtype);
  if (!number && storage.is_unsigned) {
    const auto bits = scalar_held_by(*given, 0, unsigned_twin(storage.dtype));
    if (bits) number = bits->viewed_as(storage.dtype);
  }
  if (number && storage.is_half) {
    const double rounded = float_of_half(half_of_double(number->as_double(0)));
    const bool fits = std::isfinite(rounded) || !std::isfinite(number->as_double(0));
    number = fits ? std::optional<NdArray>(scalar_as(NdArray::scalar(rounded), 0, storage.dtype)) : std::nullopt;
  }
  if (number) return *number;
  throw UsageError("cannot write variable '" + variable + "': its " + key + " " + text_of(*given) + " does not fit " +
                   what_it_holds(storage) + "; give another " + key + ", or another dtype, in its encoding");
}

NdArray as_computed(const NdArray& fill, const FillStorage& storage) {
  return storage.is_unsigned ? fill.viewed_as(unsigned_twin(fill.dtype())) : fill;
}

}  // namespace rankine::array
