#include <functional>
#include <map>

#include "array/arithmetic.hpp"
#include "array/elementwise_apply.hpp"
#include "array/promotion.hpp"
#include "base/error.hpp"

namespace rankine::array {
namespace {

using kernel::Op;
using Terms = std::vector<Term>;

/// What a name of NumPy's computes, and of how many operands.
struct Ufunc {
  std::size_t operands = 1;
  TermFunction apply;
};

Ufunc of(Op op) {
  return {static_cast<std::size_t>(kernel::operand_count(op)), [op](const Terms& terms) { return operate(op, terms); }};
}

Term as_bool(const Term& term) {
  if (!is_numeric(term.data->dtype))
    throw UsageError("logical operations are not defined for " + name_of(term.data->dtype));
  return converted(term, DType::boolean);
}

Ufunc logical(Op op) {
  return {static_cast<std::size_t>(kernel::operand_count(op)), [op](const Terms& terms) {
    Terms truths;
    for (const auto& term : terms) truths.push_back(as_bool(term));
    return operate(op, truths);
  }};
}

Term reciprocal(const Terms& terms) {
  const DType dtype = terms[0].data->dtype;
  if (!is_float(dtype)) throw UsageError("'reciprocal' of " + name_of(dtype) + " is not supported; use 1 / x");
  return operate(Op::divide, {{scalar(1.0), true}, terms[0]});
}

/// |x| as a float, where abs keeps integers.
Term fabs(const Terms& terms) {
  const DType dtype = terms[0].data->dtype;
  if (!is_numeric(dtype)) throw UsageError("'fabs' is not defined for " + name_of(dtype));
  return operate(Op::absolute, {converted(terms[0], float_for(dtype))});
}

/// minimum or maximum, but where one of the two is NaN or NaT, the other.
Ufunc ignoring_missing(Op op) {
  return {2, [op](const Terms& terms) {
    Term chosen = operate(op, terms);
    const DType dtype = chosen.data->dtype;
    if (!is_float(dtype) && !is_time(dtype)) return chosen;
    const ExprPtr a = converted(terms[0], dtype).data, b = converted(terms[1], dtype).data;
    const ExprPtr unless_b = elementwise(Op::where, {elementwise(Op::isnan, {b}), a, chosen.data});
    chosen.data = elementwise(Op::where, {elementwise(Op::isnan, {a}), b, unless_b});
    return chosen;
  }};
}

const std::map<std::string, Ufunc>& ufuncs() {
  static const std::map<std::string, Ufunc> table = {
      {"add", of(Op::add)}, {"subtract", of(Op::subtract)}, {"multiply", of(Op::multiply)},
      {"divide", of(Op::divide)}, {"true_divide", of(Op::divide)}, {"floor_divide", of(Op::floor_divide)},
      {"mod", of(Op::remainder)}, {"remainder", of(Op::remainder)}, {"power", of(Op::power)},
      {"minimum", of(Op::minimum)}, {"maximum", of(Op::maximum)}, {"hypot", of(Op::hypot)},
      {"fmin", ignoring_missing(Op::minimum)}, {"fmax", ignoring_missing(Op::maximum)},
      {"arctan2", of(Op::arctan2)}, {"bitwise_and", of(Op::bitwise_and)}, {"bitwise_or", of(Op::bitwise_or)},
      {"bitwise_xor", of(Op::bitwise_xor)}, {"left_shift", of(Op::left_shift)}, {"right_shift", of(Op::right_shift)},
      {"equal", of(Op::equal)}, {"not_equal", of(Op::not_equal)}, {"less", of(Op::less)},
      {"less_equal", of(Op::less_equal)}, {"greater", of(Op::greater)}, {"greater_equal", of(Op::greater_equal)},
      {"negative", of(Op::negative)}, {"absolute", of(Op::absolute)}, {"abs", of(Op::absolute)},
      {"fabs", {1, fabs}}, {"sign", of(Op::sign)}, {"square", of(Op::square)}, {"floor", of(Op::floor)},
      {"ceil", of(Op::ceil)}, {"rint", of(Op::rint)}, {"trunc", of(Op::trunc)}, {"invert", of(Op::invert)},
      {"bitwise_not", of(Op::invert)}, {"sqrt", of(Op::sqrt)}, {"cbrt", of(Op::cbrt)}, {"exp", of(Op::exp)},
      {"exp2", of(Op::exp2)}, {"expm1", of(Op::expm1)}, {"log", of(Op::log)}, {"log2", of(Op::log2)},
      {"log10", of(Op::log10)}, {"log1p", of(Op::log1p)}, {"sin", of(Op::sin)}, {"cos", of(Op::cos)},
      {"tan", of(Op::tan)}, {"arcsin", of(Op::arcsin)}, {"arccos", of(Op::arccos)}, {"arctan", of(Op::arctan)},
      {"sinh", of(Op::sinh)}, {"cosh", of(Op::cosh)}, {"tanh", of(Op::tanh)}, {"arcsinh", of(Op::arcsinh)},
      {"arccosh", of(Op::arccosh)}, {"arctanh", of(Op::arctanh)}, {"deg2rad", of(Op::deg2rad)},
      {"radians", of(Op::deg2rad)}, {"rad2deg", of(Op::rad2deg)}, {"degrees", of(Op::rad2deg)},
      {"isnan", of(Op::isnan)}, {"isfinite", of(Op::isfinite)}, {"isinf", of(Op::isinf)},
      {"logical_and", logical(Op::bitwise_and)}, {"logical_or", logical(Op::bitwise_or)},
      {"logical_xor", logical(Op::bitwise_xor)}, {"logical_not", logical(Op::invert)},
      {"reciprocal", {1, reciprocal}},
  };
  return table;
}

}  // namespace

bool is_ufunc(const std::string& name) { return ufuncs().contains(name); }

Operand ufunc(const std::string& name, const std::vector<Operand>& operands, bool keep_attrs) {
  const auto found = ufuncs().find(name);
  if (found == ufuncs().end()) throw UnsupportedError("np." + name + " is not supported");
  const Ufunc& function = found->second;
  if (operands.size() != function.operands)
    throw UsageError("np." + name + " takes " + std::to_string(function.operands) +
                     (function.operands == 1 ? " operand, not " : " operands, not ") + std::to_string(operands.size()));
  return apply_elementwise(operands, function.apply, {.keep_attrs = keep_attrs});
}

}  // namespace rankine::array
