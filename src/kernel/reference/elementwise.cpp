#include <cmath>
#include <cstring>
#include <limits>
#include <numbers>

#include "base/error.hpp"
#include "kernel/element_type.hpp"
#include "kernel/reference/reference.hpp"

namespace rankine::kernel::reference {
namespace {

__extension__ using Wide = __int128;

/// The bytes of one element of any dtype.
struct Element {
  std::byte bytes[8] = {};
  template <class T> T as() const {
    T value;
    std::memcpy(&value, bytes, sizeof value);
    return value;
  }
  template <class T> static Element of(T value) {
    Element element;
    std::memcpy(element.bytes, &value, sizeof value);
    return element;
  }
};

[[noreturn]] void undefined(Op op, DType dtype) {
  throw UnsupportedError(std::string(name_of(op)) + " is not defined for " + rankine::name_of(dtype));
}

/// The low bits of an exact result.
template <class T> T wrap(Wide exact) { return static_cast<T>(static_cast<unsigned long long>(exact)); }
/// A product of two uint64 does not fit a signed 128-bit integer.
template <class T> T wrapped_product(Wide a, Wide b) {
  __extension__ using Unsigned = unsigned __int128;
  return static_cast<T>(static_cast<unsigned long long>(static_cast<Unsigned>(a) * static_cast<Unsigned>(b)));
}

template <class T>
T float_binary(Op op, T a, T b) {
  const T nan = std::numeric_limits<T>::quiet_NaN();
  switch (op) {
    case Op::add: return a + b;
    case Op::subtract: return a - b;
    case Op::multiply: return a * b;
    case Op::divide: return a / b;
    case Op::power: return b == 2 ? a * a : std::pow(a, b);  // NumPy multiplies there too
    case Op::hypot: return std::hypot(a, b);
    case Op::arctan2: return std::atan2(a, b);
    case Op::minimum: return std::isnan(a) || std::isnan(b) ? nan : (a < b ? a : b);
    case Op::maximum: return std::isnan(a) || std::isnan(b) ? nan : (a > b ? a : b);
    case Op::floor_divide:
    case Op::remainder: {
      if (b == 0) return op == Op::remainder ? nan : a / b;
      T rest = std::fmod(a, b);
      T quotient = (a - rest) / b;
      if (rest == 0) rest = std::copysign(T{0}, b);
      else if (std::signbit(rest) != std::signbit(b)) {
        rest += b;
        quotient -= 1;
      }
      if (op == Op::remainder) return rest;
      return quotient == 0 ? std::copysign(T{0}, a / b) : std::round(quotient);
    }
    default: undefined(op, DTypeOf<T>::value);
  }
}

template <class T>
T float_unary(Op op, T a) {
  switch (op) {
    case Op::negative: return -a;
    case Op::absolute: return std::abs(a);
    case Op::sign: return std::isnan(a) ? a : T(a > 0) - T(a < 0);
    case Op::square: return a * a;
    case Op::floor: return std::floor(a);
    case Op::ceil: return std::ceil(a);
    case Op::rint: return std::nearbyint(a);
    case Op::trunc: return std::trunc(a);
    case Op::sqrt: return std::sqrt(a);
    case Op::cbrt: return std::cbrt(a);
    case Op::exp: return std::exp(a);
    case Op::exp2: return std::exp2(a);
    case Op::expm1: return std::expm1(a);
    case Op::log: return std::log(a);
    case Op::log2: return std::log2(a);
    case Op::log10: return std::log10(a);
    case Op::log1p: return std::log1p(a);
    case Op::sin: return std::sin(a);
    case Op::cos: return std::cos(a);
    case Op::tan: return std::tan(a);
    case Op::arcsin: return std::asin(a);
    case Op::arccos: return std::acos(a);
    case Op::arctan: return std::atan(a);
    case Op::sinh: return std::sinh(a);
    case Op::cosh: return std::cosh(a);
    case Op::tanh: return std::tanh(a);
    case Op::arcsinh: return std::asinh(a);
    case Op::arccosh: return std::acosh(a);
    case Op::arctanh: return std::atanh(a);
    case Op::deg2rad: return a * T(std::numbers::pi / 180);
    case Op::rad2deg: return a * T(180 / std::numbers::pi);
    case Op::weight: return a;
    default: undefined(op, DTypeOf<T>::value);
  }
}

/// Integers and times; the latter with NaT.
template <class T>
T integer_binary(Op op, T a, T b, bool time) {
  const Wide x = a, y = b;
  const int bits = sizeof(T) * 8;
  const bool nat = time && (x == not_a_time || y == not_a_time);
  const T none = static_cast<T>(not_a_time);
  switch (op) {
    case Op::add: return nat ? none : wrap<T>(x + y);
    case Op::subtract: return nat ? none : wrap<T>(x - y);
    case Op::multiply: return nat ? none : wrapped_product<T>(x, y);
    case Op::floor_divide:
    case Op::remainder: {
      if (nat || (time && y == 0)) return none;
      if (y == 0) return 0;
      Wide quotient = x / y;
      if (quotient * y != x && (x < 0) != (y < 0)) --quotient;
      return wrap<T>(op == Op::floor_divide ? quotient : x - quotient * y);
    }
    case Op::power: {
      if (y < 0) throw UsageError("integers to negative integer powers are not allowed");
      // Exact powers overflow: multiplied modulo 2^64, with the exponent's bits from the top.
      std::uint64_t result = 1;
      for (int bit = 63; bit >= 0; --bit) {
        result *= result;
        if ((static_cast<std::uint64_t>(y) >> bit) & 1) result *= static_cast<std::uint64_t>(x);
      }
      return static_cast<T>(result);
    }
    case Op::minimum: return nat ? none : (x < y ? a : b);
    case Op::maximum: return nat ? none : (x > y ? a : b);
    case Op::bitwise_and: return a & b;
    case Op::bitwise_or: return a | b;
    case Op::bitwise_xor: return a ^ b;
    case Op::left_shift: return y < 0 || y >= bits ? T{0} : wrap<T>(x * (Wide{1} << static_cast<int>(y)));
    case Op::right_shift: return y < 0 || y >= bits ? static_cast<T>(x < 0 ? -1 : 0) : static_cast<T>(x >> static_cast<int>(y));
    default: undefined(op, time ? DType::timedelta64 : DTypeOf<T>::value);
  }
}

template <class T>
T integer_unary(Op op, T a, bool time) {
  const Wide x = a;
  switch (op) {
    case Op::negative: return wrap<T>(-x);
    case Op::absolute: return wrap<T>(x < 0 ? -x : x);
    case Op::sign: return static_cast<T>(x > 0 ? 1 : (x < 0 ? -1 : 0));
    case Op::square: return time && x == not_a_time ? a : wrapped_product<T>(x, x);
    case Op::floor:
    case Op::ceil:
    case Op::rint:
    case Op::trunc: return a;
    case Op::invert:
      if (!time) return wrap<T>(-x - 1);
      [[fallthrough]];
    default: undefined(op, time ? DType::timedelta64 : DTypeOf<T>::value);
  }
}

bool bool_binary(Op op, bool a, bool b) {
  switch (op) {
    case Op::add:
    case Op::bitwise_or:
    case Op::maximum: return a || b;
    case Op::multiply:
    case Op::bitwise_and:
    case Op::minimum: return a && b;
    case Op::bitwise_xor: return a != b;
    default: undefined(op, DType::boolean);
  }
}

bool bool_unary(Op op, bool a) {
  switch (op) {
    case Op::absolute:
    case Op::floor:
    case Op::ceil:
    case Op::rint:
    case Op::trunc: return a;
    default: undefined(op, DType::boolean);
  }
}

template <class T>
bool compare(Op op, T a, T b, bool time) {
  if (time && (a == static_cast<T>(not_a_time) || b == static_cast<T>(not_a_time))) return op == Op::not_equal;
  switch (op) {
    case Op::equal: return a == b;
    case Op::not_equal: return a != b;
    case Op::less: return a < b;
    case Op::less_equal: return a <= b;
    case Op::greater: return a > b;
    default: return a >= b;
  }
}

/// What x86 gives: the smallest integer of the conversion's width where the value does not fit.
template <class To>
To float_to_integer(long double x) {
  const auto convert = [](long double value, int bits) -> Wide {
    const long double bound = std::ldexp(1.0L, bits - 1);
    const long double whole = std::trunc(value);
    return whole >= -bound && whole < bound ? static_cast<Wide>(whole) : -(Wide{1} << (bits - 1));
  };
  const int bits = sizeof(To) < 4 ? 32 : static_cast<int>(sizeof(To)) * 8;
  if (std::is_unsigned_v<To> && sizeof(To) >= 4) {
    const long double half = std::ldexp(1.0L, bits - 1);
    if (x >= half) return wrap<To>(convert(x - half, bits) + (Wide{1} << (bits - 1)));
  }
  return wrap<To>(convert(x, bits));
}

template <class From, class To>
Store<To> cast(Store<From> x) {
  if constexpr (is_bool_tag<To>) return x != 0 ? 1 : 0;
  else if constexpr (is_bool_tag<From>) return x != 0 ? 1 : 0;
  else if constexpr (is_float_tag<To>) return static_cast<Store<To>>(x);
  else if constexpr (is_float_tag<From>) return float_to_integer<Store<To>>(x);
  else return wrap<Store<To>>(x);
}

template <class Tag>
Element apply(const Instruction& step, const Element* x) {
  using T = Store<Tag>;
  const Op op = step.op;
  if (op == Op::where) return x[0].as<std::uint8_t>() != 0 ? x[1] : x[2];
  const T a = x[0].as<T>();
  const T b = x[1].as<T>();
  if (op == Op::cast) {
    return dispatch_tag(step.result, [a]<class To>() { return Element::of(cast<Tag, To>(a)); });
  }
  if (op >= Op::equal && op <= Op::greater_equal)
    return Element::of(static_cast<std::uint8_t>(compare<T>(op, a, b, is_time_tag<Tag>)));
  if (op >= Op::isnan && op <= Op::isinf) {
    bool answer = false;
    if constexpr (is_float_tag<Tag>) answer = op == Op::isnan ? std::isnan(a) : op == Op::isinf ? std::isinf(a) : std::isfinite(a);
    else answer = op == Op::isinf ? false : (op == Op::isnan) == is_missing<Tag>(a);
    return Element::of(static_cast<std::uint8_t>(answer));
  }
  const bool binary = operand_count(op) == 2;
  if constexpr (is_float_tag<Tag>) return Element::of(binary ? float_binary<T>(op, a, b) : float_unary<T>(op, a));
  else if constexpr (is_bool_tag<Tag>)
    return Element::of(static_cast<std::uint8_t>(binary ? bool_binary(op, a != 0, b != 0) : bool_unary(op, a != 0)));
  else return Element::of(binary ? integer_binary<T>(op, a, b, is_time_tag<Tag>) : integer_unary<T>(op, a, is_time_tag<Tag>));
}

}  // namespace

NdArray run(const Program& program, std::span<const StridedView> inputs, const Shape& shape) {
  NdArray out(program.result_dtype(), shape);
  const std::size_t bytes = size_of(out.dtype());
  std::byte* to = out.raw();
  for_each_index(Box::whole(shape), [&](const Index& index) {
    std::vector<Element> registers;
    for (const StridedView& input : inputs) {
      const std::byte* from = input.data;
      for (std::size_t axis = 0; axis < index.size(); ++axis) from += index[axis] * input.byte_strides[axis];
      std::memcpy(registers.emplace_back().bytes, from, size_of(input.dtype));
    }
    for (const Instruction& step : program.instructions) {
      Element operands[3];
      for (int k = 0; k < operand_count(step.op); ++k) operands[k] = registers[step.registers[k]];
      registers.push_back(dispatch_tag(step.operand, [&]<class Tag>() { return apply<Tag>(step, operands); }));
    }
    std::memcpy(to, program.instructions.empty() ? registers[0].bytes : registers.back().bytes, bytes);
    to += bytes;
  });
  return out;
}

}  // namespace rankine::kernel::reference
