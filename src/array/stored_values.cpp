#include "array/stored_values.hpp"

#include <cmath>
#include <cstdio>
#include <limits>
#include <type_traits>
#include <utility>

#include "array/cf_scalar.hpp"
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
  const std::string as = "cannot store " + text_of(value) + " of '" + variable.name + "' as " + name_of(DTypeOf<To>::value);
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

[[noreturn]] void taken_for_gap(const std::string& number, const OutputVariable& variable) {
  throw UsageError("cannot store a value of '" + variable.name + "' as " + number +
                   ", which marks gaps there: it would be read back as missing; choose another _FillValue, scale_factor or "
                   "add_offset in its encoding");
}

/// What readers take for gaps among the stored integers.
std::optional<NdArray> gap_of(const OutputVariable& variable) {
  if (variable.fill) return variable.fill->dtype() == variable.dtype ? variable.fill : std::nullopt;
  const AttributeValue* missing = variable.attributes.find("missing_value");
  const auto* number = missing == nullptr ? nullptr : std::get_if<NdArray>(missing);
  if (number == nullptr || number->dtype() != variable.dtype || number->size() != 1) return {};
  return *number;
}

/// Where values are scaled before they are rounded, one that comes to lie on the gap's number is none that a script
/// marked as missing by that number.
bool is_scaled(const OutputVariable& variable) {
  return variable.attributes.contains("scale_factor") || variable.attributes.contains("add_offset");
}

template <typename From, typename To>
NdArray narrowed(const NdArray& values, const OutputVariable& variable) {
  NdArray out(DTypeOf<To>::value, values.shape());
  const From* from = values.data<From>();
  To* to = out.data<To>();
  const std::int64_t count = values.size();
  const auto gap = is_float(values.dtype()) ? gap_of(variable) : std::nullopt;
  const To fill = gap ? gap->viewed_as(out.dtype()).template data<To>()[0] : To{};
  const bool guards_fill = gap && is_scaled(variable);
  // In strips: a branch for each element would keep the loop from being vectorised.
  constexpr std::int64_t strip = 1024;
  for (std::int64_t begin = 0; begin < count; begin += strip) {
    const std::int64_t end = std::min(count, begin + strip);
    bool all = true;
    for (std::int64_t i = begin; i < end; ++i) all &= fits<From, To>(from[i]);
    if (all) {
      for (std::int64_t i = begin; i < end; ++i) to[i] = static_cast<To>(from[i]);
    } else {
      for (std::int64_t i = begin; i < end; ++i) {
        if (!fits<From, To>(from[i]) && !(gap && from[i] != from[i])) does_not_fit<From, To>(from[i], variable);
        to[i] = from[i] != from[i] ? fill : static_cast<To>(from[i]);
      }
    }
    if (!guards_fill) continue;
    bool hit = false;
    for (std::int64_t i = begin; i < end; ++i) hit |= (to[i] == fill) & (from[i] == from[i]);
    if (hit) taken_for_gap(text_of(fill), variable);
  }
  return out;
}

/// rint(where(isnan(x), number, x)) as rint(x): storing fills the gaps as well, with a number that floats need not hold.
ExprPtr without_filled_gaps(const ExprPtr& values) {
  const auto* round = values->as<Elementwise>();
  if (round == nullptr || round->op != kernel::Op::rint) return values;
  const auto* choice = values->inputs[0]->as<Elementwise>();
  if (choice == nullptr || choice->op != kernel::Op::where) return values;
  const auto& parts = values->inputs[0]->inputs;
  const auto* test = parts[0]->as<Elementwise>();
  const bool fills = test != nullptr && test->op == kernel::Op::isnan && parts[0]->inputs[0] == parts[2] &&
                     parts[1]->as<Constant>() != nullptr;
  return fills ? elementwise(kernel::Op::rint, {parts[2]}) : values;
}

bool is_number(DType dtype) { return is_integer(dtype) || is_float(dtype); }

}  // namespace

bool holds_unsigned_bits(const OutputVariable& variable) {
  const std::string* flag = variable.attributes.text("_Unsigned");
  return flag != nullptr && *flag == "true" && is_signed_integer(variable.dtype);
}

NdArray stored_values(NdArray values, const OutputVariable& variable, const std::optional<Box>& box) {
  if (values.dtype() != variable.dtype) {
    RANKINE_CHECK(is_number(values.dtype()) && is_integer(variable.dtype), "values to be stored have another dtype");
    // Readers will take the bits for unsigned numbers: those are what must fit.
    const DType dtype = holds_unsigned_bits(variable) ? unsigned_twin(variable.dtype) : variable.dtype;
    NdArray out;
    dispatch(values.dtype(), [&]<typename From>() {
      dispatch(dtype, [&]<typename To>() {
        if constexpr (std::is_integral_v<To> && !std::is_same_v<To, bool> && !std::is_same_v<From, bool> && std::is_arithmetic_v<From>)
          out = narrowed<From, To>(values, variable);
      });
    });
    RANKINE_CHECK(out.dtype() == dtype, "values to be stored have another dtype");
    values = out.viewed_as(variable.dtype);
  }
  if (variable.keep_digits > 0)
    quantize(values, variable.quantize, variable.keep_digits, variable.fill, variable.shape, box.value_or(Box::whole(variable.shape)));
  return values;
}

ExprPtr before_last_cast(const ExprPtr& given, bool of_unsigned_bits) {
  ExprPtr values = given;
  if (const auto* bits = values->as<Elementwise>(); of_unsigned_bits && bits != nullptr && bits->op == kernel::Op::cast &&
                                                    is_signed_integer(values->dtype) && values->inputs[0]->dtype == unsigned_twin(values->dtype))
    values = values->inputs[0];
  const auto* node = values->as<Elementwise>();
  if (node == nullptr || node->op != kernel::Op::cast || !is_integer(values->dtype)) return values;
  const DType from = values->inputs[0]->dtype;
  const bool narrows = is_float(from) || (is_integer(from) && from != values->dtype);
  return narrows ? without_filled_gaps(values->inputs[0]) : values;
}

ExprPtr with_filled_gaps(const ExprPtr& values, const OutputVariable& variable) {
  if (values->dtype == variable.dtype) return values;
  const auto gap = is_float(values->dtype) ? gap_of(variable) : std::nullopt;
  const bool bits = holds_unsigned_bits(variable);
  const DType dtype = bits ? unsigned_twin(variable.dtype) : variable.dtype;
  ExprPtr filled = values;
  if (gap) {
    const NdArray number = scalar_as(gap->viewed_as(dtype), 0, values->dtype);
    filled = elementwise(kernel::Op::where, {elementwise(kernel::Op::isnan, {values}), constant(number), values});
  }
  return cast(cast(filled, dtype), variable.dtype);
}

}  // namespace rankine::array
