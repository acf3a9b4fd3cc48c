// Arithmetic of one dtype. Included once per instruction set, inside namespace rankine::kernel::RANKINE_ISA.
// Functors instead of lambdas: GCC applies the target pragma to templates but not to lambdas.

template <class F>
void binary_loop(const void* a, const void* b, const void*, void* out, std::size_t n) {
  const auto* __restrict x = static_cast<const typename F::In*>(a);
  const auto* __restrict y = static_cast<const typename F::In*>(b);
  auto* __restrict z = static_cast<typename F::Out*>(out);
  for (std::size_t i = 0; i < n; ++i) z[i] = F::of(x[i], y[i]);
}

template <class F>
void unary_loop(const void* a, const void*, const void*, void* out, std::size_t n) {
  const auto* __restrict x = static_cast<const typename F::In*>(a);
  auto* __restrict z = static_cast<typename F::Out*>(out);
  for (std::size_t i = 0; i < n; ++i) z[i] = F::of(x[i]);
}

template <class Tag>
struct SameType {
  using In = Store<Tag>;
  using Out = Store<Tag>;
  static constexpr bool supports = true;
};
template <class Tag> struct NotBool : SameType<Tag> { static constexpr bool supports = !is_bool_tag<Tag>; };
template <class Tag> struct FloatOnly : SameType<Tag> { static constexpr bool supports = is_float_tag<Tag>; };
template <class Tag> struct IntegerOnly : SameType<Tag> {
  static constexpr bool supports = is_integer_tag<Tag> || is_time_tag<Tag>;
};

template <class Tag>
struct Add : SameType<Tag> {
  using T = Store<Tag>;
  static T of(T a, T b) {
    if constexpr (is_float_tag<Tag>) return a + b;
    else if constexpr (is_bool_tag<Tag>) return a | b;
    else {
      const T sum = static_cast<T>(static_cast<Wrapping<T>>(a) + static_cast<Wrapping<T>>(b));
      return is_missing<Tag>(a) | is_missing<Tag>(b) ? static_cast<T>(not_a_time) : sum;
    }
  }
};

template <class Tag>
struct Subtract : NotBool<Tag> {
  using T = Store<Tag>;
  static T of(T a, T b) {
    if constexpr (is_float_tag<Tag>) return a - b;
    else {
      const T difference = static_cast<T>(static_cast<Wrapping<T>>(a) - static_cast<Wrapping<T>>(b));
      return is_missing<Tag>(a) | is_missing<Tag>(b) ? static_cast<T>(not_a_time) : difference;
    }
  }
};

template <class Tag>
struct Multiply : SameType<Tag> {
  using T = Store<Tag>;
  static T of(T a, T b) {
    if constexpr (is_float_tag<Tag>) return a * b;
    else if constexpr (is_bool_tag<Tag>) return a & b;
    else {
      const T product = static_cast<T>(static_cast<Wrapping<T>>(a) * static_cast<Wrapping<T>>(b));
      return is_missing<Tag>(a) | is_missing<Tag>(b) ? static_cast<T>(not_a_time) : product;
    }
  }
};

template <class Tag>
struct Divide : FloatOnly<Tag> {
  using T = Store<Tag>;
  static T of(T a, T b) { return a / b; }
};

/// Python's floor division and remainder of floats, after NumPy's npy_divmod: exact remainder first,
/// then its sign follows the divisor's.
template <class T>
struct FloatDivmod {
  static T quotient(T a, T b) {
    if (b == 0) return a / b;
    const T mod = std::fmod(a, b);
    T div = (a - mod) / b;
    if (mod != 0 && (b < 0) != (mod < 0)) div -= 1;
    if (div == 0) return std::copysign(T{0}, a / b);
    const T floored = std::floor(div);
    return div - floored > T{0.5} ? floored + 1 : floored;
  }
  static T remainder(T a, T b) {
    const T mod = std::fmod(a, b);
    if (b == 0) return mod;
    if (mod == 0) return std::copysign(T{0}, b);
    return (b < 0) != (mod < 0) ? mod + b : mod;
  }
};

template <class Tag>
struct FloorDivide : NotBool<Tag> {
  using T = Store<Tag>;
  static T of(T a, T b) {
    if constexpr (is_float_tag<Tag>) return FloatDivmod<T>::quotient(a, b);
    else {
      if constexpr (is_time_tag<Tag>) {
        if (is_missing<Tag>(a) || is_missing<Tag>(b) || b == 0) return static_cast<T>(not_a_time);
      }
      if (b == 0) return 0;
      if constexpr (std::is_signed_v<T>) {
        // The smallest value divided by -1 wraps to itself.
        if (b == -1) return static_cast<T>(Wrapping<T>{0} - static_cast<Wrapping<T>>(a));
        const T quotient = static_cast<T>(a / b);
        return static_cast<T>(quotient - ((a % b != 0) & ((a < 0) != (b < 0))));
      } else return static_cast<T>(a / b);
    }
  }
};

template <class Tag>
struct Remainder : NotBool<Tag> {
  using T = Store<Tag>;
  static T of(T a, T b) {
    if constexpr (is_float_tag<Tag>) return FloatDivmod<T>::remainder(a, b);
    else {
      if constexpr (is_time_tag<Tag>) {
        if (is_missing<Tag>(a) || is_missing<Tag>(b) || b == 0) return static_cast<T>(not_a_time);
      }
      if (b == 0) return 0;
      if constexpr (std::is_signed_v<T>) {
        if (b == -1) return 0;
        const T rest = static_cast<T>(a % b);
        return static_cast<T>(rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest);
      } else return static_cast<T>(a % b);
    }
  }
};

template <class Tag>
struct Power : NotBool<Tag> {
  using T = Store<Tag>;
  static T of(T a, T b) {
    if constexpr (is_float_tag<Tag>) return std::pow(a, b);
    else {
      if constexpr (std::is_signed_v<T>) {
        if (b < 0) throw_negative_power();
      }
      auto base = static_cast<Wrapping<T>>(a);
      auto exponent = static_cast<Wrapping<T>>(b);
      Wrapping<T> result = 1;
      for (; exponent != 0; exponent >>= 1) {
        if (exponent & 1) result *= base;
        base *= base;
      }
      return static_cast<T>(result);
    }
  }
};

template <class Tag>
struct Minimum : SameType<Tag> {
  using T = Store<Tag>;
  static T of(T a, T b) {
    if constexpr (is_float_tag<Tag>) return (a < b) | (a != a) ? a : b;
    else return a < b ? a : b;  // NaT is the smallest
  }
};

template <class Tag>
struct Maximum : SameType<Tag> {
  using T = Store<Tag>;
  static T of(T a, T b) {
    if constexpr (is_float_tag<Tag>) return (a > b) | (a != a) ? a : b;
    else if constexpr (is_time_tag<Tag>) {
      return ((a > b) & !is_missing<Tag>(b)) | is_missing<Tag>(a) ? a : b;
    } else return a > b ? a : b;
  }
};

template <class Tag>
struct BitAnd : SameType<Tag> {
  using T = Store<Tag>;
  static constexpr bool supports = !is_float_tag<Tag>;
  static T of(T a, T b) { return a & b; }
};
template <class Tag>
struct BitOr : SameType<Tag> {
  using T = Store<Tag>;
  static constexpr bool supports = !is_float_tag<Tag>;
  static T of(T a, T b) { return a | b; }
};
template <class Tag>
struct BitXor : SameType<Tag> {
  using T = Store<Tag>;
  static constexpr bool supports = !is_float_tag<Tag>;
  static T of(T a, T b) { return a ^ b; }
};

// Shifts by the width or more (or by a negative count) shift everything out, as in NumPy.
template <class Tag>
struct LeftShift : IntegerOnly<Tag> {
  using T = Store<Tag>;
  static T of(T a, T b) {
    const auto count = static_cast<std::make_unsigned_t<T>>(b);
    return count < sizeof(T) * 8 ? static_cast<T>(static_cast<Wrapping<T>>(a) << count) : T{0};
  }
};
template <class Tag>
struct RightShift : IntegerOnly<Tag> {
  using T = Store<Tag>;
  static T of(T a, T b) {
    const auto count = static_cast<std::make_unsigned_t<T>>(b);
    if (count < sizeof(T) * 8) return static_cast<T>(a >> count);
    return static_cast<T>(a < 0 ? -1 : 0);
  }
};

template <class Tag>
struct Negative : NotBool<Tag> {
  using T = Store<Tag>;
  static T of(T a) {
    if constexpr (is_float_tag<Tag>) return -a;
    else return static_cast<T>(Wrapping<T>{0} - static_cast<Wrapping<T>>(a));  // NaT maps to itself
  }
};

template <class Tag>
struct Absolute : SameType<Tag> {
  using T = Store<Tag>;
  static T of(T a) {
    if constexpr (is_float_tag<Tag>) return std::fabs(a);
    else if constexpr (std::is_signed_v<T>) return a < 0 ? Negative<Tag>::of(a) : a;
    else return a;
  }
};

template <class Tag>
struct Sign : NotBool<Tag> {
  using T = Store<Tag>;
  static T of(T a) {
    if constexpr (is_float_tag<Tag>) return a > 0 ? T{1} : (a < 0 ? T{-1} : (a == 0 ? T{0} : a));
    else return static_cast<T>((a > 0) - (a < 0));
  }
};

template <class Tag>
struct Square : NotBool<Tag> {
  using T = Store<Tag>;
  static T of(T a) { return Multiply<Tag>::of(a, a); }
};

// Integers are whole already.
template <class Tag>
struct Floor : SameType<Tag> {
  using T = Store<Tag>;
  static T of(T a) {
    if constexpr (is_float_tag<Tag>) return std::floor(a);
    else return a;
  }
};
template <class Tag>
struct Ceil : SameType<Tag> {
  using T = Store<Tag>;
  static T of(T a) {
    if constexpr (is_float_tag<Tag>) return std::ceil(a);
    else return a;
  }
};
template <class Tag>
struct Rint : SameType<Tag> {
  using T = Store<Tag>;
  static T of(T a) {
    if constexpr (is_float_tag<Tag>) return std::rint(a);
    else return a;
  }
};
template <class Tag>
struct Trunc : SameType<Tag> {
  using T = Store<Tag>;
  static T of(T a) {
    if constexpr (is_float_tag<Tag>) return std::trunc(a);
    else return a;
  }
};

template <class Tag>
struct Invert : SameType<Tag> {
  using T = Store<Tag>;
  static constexpr bool supports = is_integer_tag<Tag>;
  static T of(T a) { return static_cast<T>(~a); }
};
template <class Tag>
struct Sqrt : FloatOnly<Tag> {
  using T = Store<Tag>;
  static T of(T a) { return std::sqrt(a); }
};
template <class Tag>
struct Deg2rad : FloatOnly<Tag> {
  using T = Store<Tag>;
  static T of(T a) { return a * static_cast<T>(std::numbers::pi / 180); }
};
template <class Tag>
struct Rad2deg : FloatOnly<Tag> {
  using T = Store<Tag>;
  static T of(T a) { return a * static_cast<T>(180 / std::numbers::pi); }
};

template <class Tag>
struct Weight : FloatOnly<Tag> {
  using T = Store<Tag>;
  static T of(T a) {
    if (a != a) throw_missing_weight();
    return a;
  }
};

template <template <class> class F>
StripKernel select_binary(DType operand) {
  return dispatch_tag(operand, []<class Tag>() -> StripKernel {
    if constexpr (F<Tag>::supports) return &binary_loop<F<Tag>>;
    else return nullptr;
  });
}
template <template <class> class F>
StripKernel select_unary(DType operand) {
  return dispatch_tag(operand, []<class Tag>() -> StripKernel {
    if constexpr (F<Tag>::supports) return &unary_loop<F<Tag>>;
    else return nullptr;
  });
}

StripKernel find_arithmetic_kernel(Op op, DType operand) {
  switch (op) {
    case Op::add: return select_binary<Add>(operand);
    case Op::subtract: return select_binary<Subtract>(operand);
    case Op::multiply: return select_binary<Multiply>(operand);
    case Op::divide: return select_binary<Divide>(operand);
    case Op::floor_divide: return select_binary<FloorDivide>(operand);
    case Op::remainder: return select_binary<Remainder>(operand);
    case Op::power: return select_binary<Power>(operand);
    case Op::minimum: return select_binary<Minimum>(operand);
    case Op::maximum: return select_binary<Maximum>(operand);
    case Op::bitwise_and: return select_binary<BitAnd>(operand);
    case Op::bitwise_or: return select_binary<BitOr>(operand);
    case Op::bitwise_xor: return select_binary<BitXor>(operand);
    case Op::left_shift: return select_binary<LeftShift>(operand);
    case Op::right_shift: return select_binary<RightShift>(operand);
    case Op::negative: return select_unary<Negative>(operand);
    case Op::absolute: return select_unary<Absolute>(operand);
    case Op::sign: return select_unary<Sign>(operand);
    case Op::square: return select_unary<Square>(operand);
    case Op::floor: return select_unary<Floor>(operand);
    case Op::ceil: return select_unary<Ceil>(operand);
    case Op::rint: return select_unary<Rint>(operand);
    case Op::trunc: return select_unary<Trunc>(operand);
    case Op::invert: return select_unary<Invert>(operand);
    case Op::sqrt: return select_unary<Sqrt>(operand);
    case Op::deg2rad: return select_unary<Deg2rad>(operand);
    case Op::rad2deg: return select_unary<Rad2deg>(operand);
    case Op::weight: return select_unary<Weight>(operand);
    default: return nullptr;
  }
}
