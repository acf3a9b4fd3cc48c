#include "kernel/op.hpp"

#include <array>

namespace rankine::kernel {
namespace {

constexpr std::array<std::string_view, static_cast<std::size_t>(Op::where) + 1> names{
    "add", "subtract", "multiply", "divide", "floor_divide", "remainder", "power", "minimum", "maximum",
    "hypot", "arctan2", "bitwise_and", "bitwise_or", "bitwise_xor", "left_shift", "right_shift",
    "equal", "not_equal", "less", "less_equal", "greater", "greater_equal",
    "negative", "absolute", "sign", "square", "floor", "ceil", "rint", "trunc", "invert",
    "sqrt", "cbrt", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p",
    "sin", "cos", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "arcsinh", "arccosh", "arctanh",
    "deg2rad", "rad2deg", "weight", "isnan", "isfinite", "isinf", "cast", "where"};
static_assert(names.back() == "where");

}  // namespace

int operand_count(Op op) {
  if (op == Op::where) return 3;
  return op <= Op::greater_equal ? 2 : 1;
}

std::string_view name_of(Op op) { return names[static_cast<std::size_t>(op)]; }

DType result_dtype(Op op, DType operand) {
  const bool compares = op >= Op::equal && op <= Op::greater_equal;
  const bool classifies = op >= Op::isnan && op <= Op::isinf;
  return compares || classifies ? DType::boolean : operand;
}

}  // namespace rankine::kernel
