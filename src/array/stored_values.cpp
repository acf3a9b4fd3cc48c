#include "array/stored_values.hpp"

#include <cmath>
#include <cstdio>
#include <limits>
#include <type_traits>
#include <utility>

#include "array/quantize.hpp"
#include "base/check.hpp"
#include "base/error.hpp"

namespace rankine::array {
namespace {

template <typename T>
std::string text_of(T value) {
  if constexpr (std::is_floating_point_v<T>) {
    char text[40];
    std::snprintf(text, sizeof text, "%.9g", static_cast<double>(value));
    return text;
  } else {
    return std::to_string(value);
  }
}

template <typename From, typename To>
[[noreturn]] void does_not_fit(From value, const OutputVariable& variable) {
  const std::string as = "cannot store " + text_of(value) + " of '" + variable.name + "' as " + name_of(variable.dtype);
  if (value != value)
    throw UsageError(as + ", which has no NaN; give it a _FillValue, fill the gaps with fillna, or store it as floats (encoding dtype)");
  throw UsageError(as + " (" + text_of(+std::numeric_limits<To>::min()) + " to " + text_of(+std::numeric_limits<To>::max()) +
                   "); choose another scale_factor and add_offset, or a wider dtype, in its encoding");
}

/// True for values that To holds. Bounds of To are exact in From: powers of two where From is a float.
template <typename From, typename To>
bool fits(From value) {
  if constexpr (std::is_floating_point_v<From>) {
    constexpr auto digits = std::numeric_limits<To>::digits;
    const From end = std::ldexp(From(1), digits);   // one beyond the largest
    const From begin = std::is_signed_v<To> ? -end : From(0);
    return value >= begin && value < end;           // false for NaN
  } else {
    return std::in_range<To>(value);
  }
}

template <typename From, typename To>
NdArray narrowed(const NdArray& values, const OutputVariable& variable) {
  NdArray out(variable.dtype, values.shape());
  const From* from = values.data<From>();
  To* to = out.data<To>();
  const std::int64_t count = values.size();
  // In strips: a branch for each element would keep the loop from being vectorised.
  constexpr std::int64_t strip = 1024;
  for (std::int64_t begin = 0; begin < count; begin += strip) {
    const std::int64_t end = std::min(count, begin + strip);
    bool all = true;
    for (std::int64_t i = begin; i < end; ++i) all &= fits<From, To>(from[i]);
    if (!all)
      for (std::int64_t i = begin; i < end; ++i)
        if (!fits<From, To>(from[i])) does_not_fit<From, To>(from[i], variable);
    for (std::int64_t i = begin; i < end; ++i) to[i] = static_cast<To>(from[i]);
  }
  return out;
}

bool is_number(DType dtype) { return is_integer(dtype) || is_float(dtype); }

}  // namespace

NdArray stored_values(NdArray values, const OutputVariable& variable, const std::optional<Box>& box) {
  if (values.dtype() != variable.dtype) {
    RANKINE_CHECK(is_number(values.dtype()) && is_integer(variable.dtype), "values to be stored have another dtype");
    NdArray out;
    dispatch(values.dtype(), [&]<typename From>() {
      dispatch(variable.dtype, [&]<typename To>() {
        if constexpr (std::is_integral_v<To> && !std::is_same_v<To, bool> && !std::is_same_v<From, bool> && std::is_arithmetic_v<From>)
          out = narrowed<From, To>(values, variable);
      });
    });
    RANKINE_CHECK(out.dtype() == variable.dtype, "values to be stored have another dtype");
    values = std::move(out);
  }
  if (variable.keep_digits > 0)
    quantize(values, variable.quantize, variable.keep_digits, variable.fill, variable.shape, box.value_or(Box::whole(variable.shape)));
  return values;
}

ExprPtr before_last_cast(const ExprPtr& values) {
  const auto* node = values->as<Elementwise>();
  if (node == nullptr || node->op != kernel::Op::cast || !is_integer(values->dtype)) return values;
  const DType from = values->inputs[0]->dtype;
  const bool narrows = is_float(from) || (is_integer(from) && from != values->dtype);
  return narrows ? values->inputs[0] : values;
}

}  // namespace rankine::array
