// Transcendental functions: calls into libm, one element at a time, so one instruction set is enough.
#include <cmath>
#include <type_traits>

#include "base/error.hpp"
#include "kernel/elementwise.hpp"
#include "kernel/refused_values.hpp"

namespace rankine::kernel {
namespace {

template <class T, T (*function)(T)>
void unary_loop(const void* a, const void*, const void*, void* out, std::size_t n) {
  const auto* __restrict x = static_cast<const T*>(a);
  auto* __restrict z = static_cast<T*>(out);
  for (std::size_t i = 0; i < n; ++i) z[i] = function(x[i]);
}
template <class T, T (*function)(T, T)>
void binary_loop(const void* a, const void* b, const void*, void* out, std::size_t n) {
  const auto* __restrict x = static_cast<const T*>(a);
  const auto* __restrict y = static_cast<const T*>(b);
  auto* __restrict z = static_cast<T*>(out);
  for (std::size_t i = 0; i < n; ++i) z[i] = function(x[i], y[i]);
}

template <class T>
struct Libm {
  static T hypot(T a, T b) { return std::hypot(a, b); }
  static T atan2(T a, T b) { return std::atan2(a, b); }
  static T cbrt(T a) { return std::cbrt(a); }
  static T exp(T a) { return std::exp(a); }
  static T exp2(T a) { return std::exp2(a); }
  static T expm1(T a) { return std::expm1(a); }
  static T log(T a) { return std::log(a); }
  static T log2(T a) { return std::log2(a); }
  static T log10(T a) { return std::log10(a); }
  static T log1p(T a) { return std::log1p(a); }
  static T sin(T a) { return std::sin(a); }
  static T cos(T a) { return std::cos(a); }
  static T tan(T a) { return std::tan(a); }
  static T asin(T a) { return std::asin(a); }
  static T acos(T a) { return std::acos(a); }
  static T atan(T a) { return std::atan(a); }
  static T sinh(T a) { return std::sinh(a); }
  static T cosh(T a) { return std::cosh(a); }
  static T tanh(T a) { return std::tanh(a); }
  static T asinh(T a) { return std::asinh(a); }
  static T acosh(T a) { return std::acosh(a); }
  static T atanh(T a) { return std::atanh(a); }
};

template <class T>
StripKernel find(Op op) {
  using M = Libm<T>;
  switch (op) {
    case Op::hypot: return &binary_loop<T, M::hypot>;
    case Op::arctan2: return &binary_loop<T, M::atan2>;
    case Op::cbrt: return &unary_loop<T, M::cbrt>;
    case Op::exp: return &unary_loop<T, M::exp>;
    case Op::exp2: return &unary_loop<T, M::exp2>;
    case Op::expm1: return &unary_loop<T, M::expm1>;
    case Op::log: return &unary_loop<T, M::log>;
    case Op::log2: return &unary_loop<T, M::log2>;
    case Op::log10: return &unary_loop<T, M::log10>;
    case Op::log1p: return &unary_loop<T, M::log1p>;
    case Op::sin: return &unary_loop<T, M::sin>;
    case Op::cos: return &unary_loop<T, M::cos>;
    case Op::tan: return &unary_loop<T, M::tan>;
    case Op::arcsin: return &unary_loop<T, M::asin>;
    case Op::arccos: return &unary_loop<T, M::acos>;
    case Op::arctan: return &unary_loop<T, M::atan>;
    case Op::sinh: return &unary_loop<T, M::sinh>;
    case Op::cosh: return &unary_loop<T, M::cosh>;
    case Op::tanh: return &unary_loop<T, M::tanh>;
    case Op::arcsinh: return &unary_loop<T, M::asinh>;
    case Op::arccosh: return &unary_loop<T, M::acosh>;
    case Op::arctanh: return &unary_loop<T, M::atanh>;
    default: return nullptr;
  }
}

}  // namespace

StripKernel find_math_kernel(Op op, DType operand) {
  if (operand == DType::float32) return find<float>(op);
  if (operand == DType::float64) return find<double>(op);
  return nullptr;
}

void throw_negative_power() {
  throw UsageError("integers to negative integer powers are not allowed; convert to a float first");
}

void throw_missing_weight() {
  throw UsageError("`weights` cannot contain missing values. Missing values can be replaced by `weights.fillna(0)`.");
}

}  // namespace rankine::kernel
