// NumPy's astype. Included once per instruction set, inside namespace rankine::kernel::RANKINE_ISA.

/// Float to signed integer of 32 or 64 bits as the x86 conversion gives it: truncated towards zero,
/// the smallest integer for NaN and whatever does not fit. Selected before converting, so that no
/// conversion is undefined.
template <class To, class From>
struct Truncate {
  static To of(From x) {
    // Both bounds are powers of two and so exact; -2^31 - 0.5 still truncates to -2^31 in double.
    constexpr From above = sizeof(To) == 4 ? From(2147483648.0) : From(9223372036854775808.0);
    constexpr From below = sizeof(To) == 4 && sizeof(From) == 8 ? From(-2147483649.0) : -above;
    const bool fits = (below == -above ? x >= below : x > below) & (x < above);
    const To converted = static_cast<To>(fits ? x : From{0});
    return fits ? converted : std::numeric_limits<To>::min();
  }
};

template <class From, class To>
struct Cast {
  static Store<To> of(Store<From> x) {
    using Out = Store<To>;
    if constexpr (is_bool_tag<To>) return x != 0;
    else if constexpr (is_bool_tag<From>) return static_cast<Out>(x != 0);
    else if constexpr (is_float_tag<From> && !is_float_tag<To>) {
      if constexpr (std::is_unsigned_v<Out> && sizeof(Out) >= 4) {
        // The upper half of the range converts as a signed number below it.
        using Signed = std::make_signed_t<Out>;
        constexpr Out top_bit = Out{1} << (sizeof(Out) * 8 - 1);
        constexpr From half = static_cast<From>(top_bit);
        const Out low = static_cast<Out>(Truncate<Signed, From>::of(x));
        const Out high = static_cast<Out>(Truncate<Signed, From>::of(x - half)) ^ top_bit;
        return x >= half ? high : low;
      } else if constexpr (sizeof(Out) == 8) return Truncate<std::int64_t, From>::of(x);
      else return static_cast<Out>(Truncate<std::int32_t, From>::of(x));
    } else return static_cast<Out>(x);  // NaT to float: the plain number, as NumPy
  }
};

template <class From, class To>
void cast_loop(const void* a, const void*, const void*, void* out, std::size_t n) {
  const auto* __restrict x = static_cast<const Store<From>*>(a);
  auto* __restrict z = static_cast<Store<To>*>(out);
  for (std::size_t i = 0; i < n; ++i) z[i] = Cast<From, To>::of(x[i]);
}

StripKernel find_cast_kernel(DType from, DType to) {
  return dispatch_tag(from, [to]<class From>() -> StripKernel {
    return dispatch_tag(to, []<class To>() -> StripKernel { return &cast_loop<From, To>; });
  });
}
