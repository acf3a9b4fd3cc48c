#include "array/typed_operation.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "array/loader.hpp"
#include "array/promotion.hpp"
#include "base/error.hpp"
#include "calendar/timeline.hpp"

namespace rankine::array {
namespace {

using kernel::Op;

bool is_comparison(Op op) { return op >= Op::equal && op <= Op::greater_equal; }
bool is_bitwise(Op op) { return op >= Op::bitwise_and && op <= Op::bitwise_xor; }
bool is_rounding(Op op) { return op >= Op::floor && op <= Op::trunc; }
bool is_float_only(Op op) {
  return (op >= Op::sqrt && op <= Op::rad2deg) || op == Op::hypot || op == Op::arctan2;
}

[[noreturn]] void no_such_operation(Op op, const std::vector<Term>& terms) {
  std::string types;
  for (const auto& term : terms) types += (types.empty() ? "" : " and ") + name_of(term.data->dtype);
  throw UsageError("'" + std::string(kernel::name_of(op)) + "' is not defined for " + types);
}

const NdArray* known_value(const Term& term) {
  const auto* node = term.data->as<Constant>();
  return node != nullptr && node->value.size() == 1 ? &node->value : nullptr;
}

DType common_dtype(const std::vector<Term>& terms) {
  std::vector<OperandType> types;
  for (const auto& term : terms) types.push_back({term.data->dtype, term.is_scalar, known_value(term)});
  return promote(types);
}

std::vector<ExprPtr> cast_all(const std::vector<Term>& terms, DType dtype) {
  std::vector<ExprPtr> out;
  for (const auto& term : terms) out.push_back(cast(term.data, dtype));
  return out;
}

/// Strings are known and few: compared at once.
Term compare_strings(Op op, const Term& a, const Term& b) {
  if (op != Op::equal && op != Op::not_equal && !(a.data->dtype == DType::string && b.data->dtype == DType::string))
    no_such_operation(op, {a, b});
  const std::size_t ndim = std::max(a.data->shape.size(), b.data->shape.size());
  Shape shape(ndim, 1);
  const auto extended = [&](const ExprPtr& data) {
    std::vector<int> axes(ndim, -1);
    for (int k = 0; k < data->ndim(); ++k) axes[ndim - static_cast<std::size_t>(data->ndim() - k)] = k;
    return permute(data, axes);
  };
  const ExprPtr left = extended(a.data);
  const ExprPtr right = extended(b.data);
  for (std::size_t k = 0; k < ndim; ++k) shape[k] = left->shape[k] == 1 ? right->shape[k] : left->shape[k];
  NdArray answer = NdArray::zeros(DType::boolean, shape);
  bool* out = answer.data<bool>();
  if (left->dtype != DType::string || right->dtype != DType::string) {
    std::fill(out, out + answer.size(), op == Op::not_equal);
    return {constant(answer), a.is_scalar && b.is_scalar};
  }
  const auto x = load(broadcast(left, shape)).strings();
  const auto y = load(broadcast(right, shape)).strings();
  for (std::size_t i = 0; i < x.size(); ++i) {
    const int order = x[i].compare(y[i]);
    out[i] = op == Op::equal ? order == 0 : op == Op::not_equal ? order != 0 : op == Op::less ? order < 0
             : op == Op::less_equal ? order <= 0 : op == Op::greater ? order > 0 : order >= 0;
  }
  return {constant(answer), a.is_scalar && b.is_scalar};
}

ExprPtr number(std::int64_t value, int ndim) { return constant(NdArray::scalar(value).reshaped(Shape(ndim, 1))); }

/// `ticks` where neither operand is NaT.
ExprPtr guarded(ExprPtr ticks, const std::vector<ExprPtr>& inputs, DType dtype) {
  ticks = cast(ticks, dtype);
  ExprPtr missing;
  for (const auto& input : inputs) {
    if (!is_time(input->dtype) && !is_float(input->dtype)) continue;
    const ExprPtr here = elementwise(Op::isnan, {input});
    missing = missing ? elementwise(Op::bitwise_or, {missing, here}) : here;
  }
  return elementwise(Op::where, {missing, cast(number(not_a_time, ticks->ndim()), dtype), ticks});
}

Term operate_on_times(Op op, const Term& a, const Term& b) {
  const DType ta = a.data->dtype;
  const DType tb = b.data->dtype;
  const auto date = [](DType t) { return t == DType::datetime64 || t == DType::cftime; };
  const bool scalar = a.is_scalar && b.is_scalar;
  if (ta == DType::cftime && tb == DType::cftime && a.calendar != b.calendar)
    throw UsageError("dates of the calendars " + std::string(calendar::name_of(a.calendar)) + " and " +
                     std::string(calendar::name_of(b.calendar)) + " cannot be combined");
  const auto as_int = [](const ExprPtr& data) { return cast(data, DType::int64); };
  const auto both = [&](Op what) { return elementwise(what, {as_int(a.data), as_int(b.data)}); };
  const int ndim = std::max(a.data->ndim(), b.data->ndim());
  const bool same_type = ta == tb;
  if (is_comparison(op) && same_type) {
    // NaT compares false with everything, itself included, and is unequal to everything.
    const ExprPtr missing = elementwise(Op::bitwise_or, {elementwise(Op::isnan, {a.data}), elementwise(Op::isnan, {b.data})});
    const ExprPtr answer = both(op);
    if (op == Op::not_equal) return {elementwise(Op::bitwise_or, {answer, missing}), scalar};
    return {elementwise(Op::bitwise_and, {answer, elementwise(Op::equal, {missing, constant(NdArray::zeros(DType::boolean, Shape(ndim, 1)))})}), scalar};
  }
  if (same_type && (op == Op::minimum || op == Op::maximum))
    return {guarded(both(op), {a.data, b.data}, ta), scalar, a.calendar};
  if (op == Op::subtract && date(ta) && same_type) {
    ExprPtr ticks = both(Op::subtract);
    if (ta == DType::cftime) ticks = elementwise(Op::multiply, {ticks, number(1000, ndim)});
    return {guarded(ticks, {a.data, b.data}, DType::timedelta64), scalar};
  }
  const bool additive = op == Op::add || op == Op::subtract;
  const auto duration = [](DType t) { return t == DType::timedelta64 || is_integer(t) || t == DType::boolean; };
  if (additive && date(ta) && duration(tb)) {
    ExprPtr step = as_int(b.data);
    if (ta == DType::cftime) step = elementwise(Op::floor_divide, {step, number(1000, step->ndim())});
    return {guarded(elementwise(op, {as_int(a.data), step}), {a.data, b.data}, ta), scalar, a.calendar};
  }
  if (op == Op::add && duration(ta) && date(tb)) return operate_on_times(op, b, a);
  if (additive && duration(ta) && duration(tb))
    return {guarded(both(op), {a.data, b.data}, DType::timedelta64), scalar};
  if (ta == DType::timedelta64 && tb == DType::timedelta64) {
    if (op == Op::divide) {
      const ExprPtr ratio = elementwise(Op::divide, {cast(a.data, DType::float64), cast(b.data, DType::float64)});
      const ExprPtr missing = elementwise(Op::bitwise_or, {elementwise(Op::isnan, {a.data}), elementwise(Op::isnan, {b.data})});
      const ExprPtr nan = constant(NdArray::scalar(std::numeric_limits<double>::quiet_NaN()).reshaped(Shape(ndim, 1)));
      return {elementwise(Op::where, {missing, nan, ratio}), scalar};
    }
    if (op == Op::floor_divide) return {both(op), scalar};
    if (op == Op::remainder) return {guarded(both(op), {a.data, b.data}, DType::timedelta64), scalar};
  }
  const bool scaling = op == Op::multiply || op == Op::divide || op == Op::floor_divide;
  if (scaling && ta == DType::timedelta64 && is_numeric(tb)) {
    if (is_float(tb) || op == Op::divide) {
      const ExprPtr scaled = elementwise(op == Op::floor_divide ? Op::divide : op,
                                         {cast(a.data, DType::float64), cast(b.data, DType::float64)});
      return {guarded(cast(elementwise(Op::trunc, {scaled}), DType::int64), {a.data, b.data}, ta), scalar};
    }
    return {guarded(both(op), {a.data, b.data}, ta), scalar};
  }
  if (op == Op::multiply && tb == DType::timedelta64 && is_numeric(ta)) return operate_on_times(op, b, a);
  no_such_operation(op, {a, b});
}

Term power(const Term& base, const Term& exponent, DType dtype, bool scalar) {
  const NdArray* value = known_value(exponent);
  const ExprPtr x = cast(base.data, dtype);
  if (value != nullptr && exponent.is_scalar) {
    const double e = value->as_double(0);
    if (is_integer(dtype) && e < 0) throw UsageError("integers to negative integer powers are not defined; use floats");
    // NumPy takes these short cuts for scalar exponents, and they are exact.
    if (e == 2) return {elementwise(Op::square, {x}), scalar};
    if (is_float(dtype) && e == 1) return {x, scalar};
    if (is_float(dtype) && e == 0.5) return {elementwise(Op::sqrt, {x}), scalar};
  }
  return {elementwise(Op::power, {x, cast(exponent.data, dtype)}), scalar};
}

Term operate_on_two(Op op, const std::vector<Term>& terms) {
  const DType ta = terms[0].data->dtype;
  const DType tb = terms[1].data->dtype;
  if (ta == DType::string || tb == DType::string) {
    if (!is_comparison(op)) no_such_operation(op, terms);
    return compare_strings(op, terms[0], terms[1]);
  }
  if (is_time(ta) || is_time(tb)) return operate_on_times(op, terms[0], terms[1]);
  const bool scalar = terms[0].is_scalar && terms[1].is_scalar;
  DType dtype = common_dtype(terms);
  if (is_bitwise(op) || op == Op::left_shift || op == Op::right_shift) {
    if (is_float(dtype)) no_such_operation(op, terms);
    if (dtype == DType::boolean && !is_bitwise(op)) dtype = DType::int8;
  } else if (op == Op::divide) {
    if (!is_float(dtype)) dtype = DType::float64;
  } else if (is_float_only(op)) {
    dtype = float_for(dtype);
  } else if (dtype == DType::boolean && !is_comparison(op)) {
    switch (op) {
      case Op::add: case Op::maximum: return {elementwise(Op::bitwise_or, cast_all(terms, dtype)), scalar};
      case Op::multiply: case Op::minimum: return {elementwise(Op::bitwise_and, cast_all(terms, dtype)), scalar};
      case Op::subtract: no_such_operation(op, terms);
      default: dtype = DType::int8;
    }
  }
  if (op == Op::power) return power(terms[0], terms[1], dtype, scalar);
  return {elementwise(op, cast_all(terms, dtype)), scalar};
}

Term operate_on_one(Op op, const Term& term) {
  const DType dtype = term.data->dtype;
  if (dtype == DType::string) no_such_operation(op, {term});
  Term out = term;
  if (op == Op::isnan) return missing_in(term);
  if (is_time(dtype)) {
    if (dtype == DType::timedelta64 && (op == Op::negative || op == Op::absolute)) {
      out.data = guarded(elementwise(op, {cast(term.data, DType::int64)}), {term.data}, dtype);
      return out;
    }
    no_such_operation(op, {term});
  }
  if (op == Op::isfinite || op == Op::isinf) {
    out.data = elementwise(op, {term.data});
    return out;
  }
  if (dtype == DType::boolean) {
    if (op == Op::invert) {
      const NdArray no = NdArray::zeros(DType::boolean, Shape(static_cast<std::size_t>(term.data->ndim()), 1));
      out.data = elementwise(Op::equal, {term.data, constant(no)});
      return out;
    }
    if (op == Op::absolute) return out;
    if (op == Op::square) return out;
    if (op == Op::negative || op == Op::sign) no_such_operation(op, {term});
  }
  if (op == Op::invert && is_float(dtype)) no_such_operation(op, {term});
  const DType wanted = is_float_only(op) || is_rounding(op) ? float_for(dtype) : dtype;
  out.data = elementwise(op, {cast(term.data, wanted)});
  return out;
}

}  // namespace

Term operate(Op op, const std::vector<Term>& terms) {
  if (op == Op::where) return choose(terms[0], terms[1], terms[2]);
  return terms.size() == 1 ? operate_on_one(op, terms[0]) : operate_on_two(op, terms);
}

Term missing_in(const Term& term) {
  const DType dtype = term.data->dtype;
  if (is_float(dtype) || is_time(dtype)) return {elementwise(Op::isnan, {term.data}), term.is_scalar};
  const NdArray none = NdArray::zeros(DType::boolean, Shape(static_cast<std::size_t>(term.data->ndim()), 1));
  return {broadcast(constant(none), term.data->shape), term.is_scalar};
}

Term missing_value_for(const Term& beside) {
  if (is_time(beside.data->dtype))
    return {constant(NdArray::scalar(not_a_time).viewed_as(beside.data->dtype)), true, beside.calendar};
  return {scalar(std::numeric_limits<double>::quiet_NaN()), true};
}

Term converted(const Term& term, DType dtype) {
  if (term.data->dtype == DType::string || dtype == DType::string) {
    if (term.data->dtype == dtype) return term;
    throw UnsupportedError("astype between " + name_of(term.data->dtype) + " and " + name_of(dtype) +
                           " is not supported");
  }
  Term out = term;
  out.data = cast(term.data, dtype);
  return out;
}

Term choose(const Term& condition, const Term& x, const Term& y) {
  const bool scalar = condition.is_scalar && x.is_scalar && y.is_scalar;
  const DType tx = x.data->dtype;
  const DType ty = y.data->dtype;
  ExprPtr mask = condition.data;
  if (mask->dtype != DType::boolean) {
    if (!is_numeric(mask->dtype)) throw UsageError("a condition cannot be of dtype " + name_of(mask->dtype));
    mask = cast(mask, DType::boolean);
  }
  if (tx == DType::string || ty == DType::string)
    throw UnsupportedError("where with strings is not supported; make the texts one by one: "
                           "xr.DataArray([\"a\" if c else \"b\" for c in cond.values], dims=cond.dims)");
  if (is_time(tx) || is_time(ty)) {
    if (tx != ty) throw UsageError("where cannot mix " + name_of(tx) + " and " + name_of(ty));
    return {elementwise(Op::where, {mask, x.data, y.data}), scalar, x.calendar};
  }
  const DType dtype = common_dtype({x, y});
  return {elementwise(Op::where, {mask, cast(x.data, dtype), cast(y.data, dtype)}), scalar};
}

}  // namespace rankine::array
