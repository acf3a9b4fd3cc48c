// Comparisons, predicates, where and casts. Included once per instruction set, inside
// namespace rankine::kernel::RANKINE_ISA.

// As in NumPy a comparison with NaT is false, and unequal is true.
template <class Tag, class Compare>
void comparison_loop(const void* a, const void* b, const void*, void* out, std::size_t n) {
  const auto* __restrict x = static_cast<const Store<Tag>*>(a);
  const auto* __restrict y = static_cast<const Store<Tag>*>(b);
  auto* __restrict z = static_cast<std::uint8_t*>(out);
  for (std::size_t i = 0; i < n; ++i) {
    const bool holds = Compare::of(x[i], y[i]);
    if constexpr (is_time_tag<Tag>) {
      const bool missing = is_missing<Tag>(x[i]) | is_missing<Tag>(y[i]);
      z[i] = missing ? Compare::if_missing : holds;
    } else z[i] = holds;
  }
}

struct Equal { static constexpr bool if_missing = false; template <class T> static bool of(T a, T b) { return a == b; } };
struct NotEqual { static constexpr bool if_missing = true; template <class T> static bool of(T a, T b) { return a != b; } };
struct Less { static constexpr bool if_missing = false; template <class T> static bool of(T a, T b) { return a < b; } };
struct LessEqual { static constexpr bool if_missing = false; template <class T> static bool of(T a, T b) { return a <= b; } };
struct Greater { static constexpr bool if_missing = false; template <class T> static bool of(T a, T b) { return a > b; } };
struct GreaterEqual { static constexpr bool if_missing = false; template <class T> static bool of(T a, T b) { return a >= b; } };

template <class Compare>
StripKernel select_comparison(DType operand) {
  return dispatch_tag(operand, []<class Tag>() -> StripKernel { return &comparison_loop<Tag, Compare>; });
}

template <class Tag>
void isnan_loop(const void* a, const void*, const void*, void* out, std::size_t n) {
  const auto* __restrict x = static_cast<const Store<Tag>*>(a);
  auto* __restrict z = static_cast<std::uint8_t*>(out);
  for (std::size_t i = 0; i < n; ++i) z[i] = is_missing<Tag>(x[i]);
}
template <class Tag>
void isfinite_loop(const void* a, const void*, const void*, void* out, std::size_t n) {
  const auto* __restrict x = static_cast<const Store<Tag>*>(a);
  auto* __restrict z = static_cast<std::uint8_t*>(out);
  for (std::size_t i = 0; i < n; ++i) {
    if constexpr (is_float_tag<Tag>) z[i] = std::fabs(x[i]) <= std::numeric_limits<Tag>::max();
    else z[i] = !is_missing<Tag>(x[i]);
  }
}
template <class Tag>
void isinf_loop(const void* a, const void*, const void*, void* out, std::size_t n) {
  const auto* __restrict x = static_cast<const Store<Tag>*>(a);
  auto* __restrict z = static_cast<std::uint8_t*>(out);
  for (std::size_t i = 0; i < n; ++i) {
    if constexpr (is_float_tag<Tag>) z[i] = std::fabs(x[i]) > std::numeric_limits<Tag>::max();
    else z[i] = x[i] != x[i];
  }
}

// Selecting bits is the same for all dtypes of one size.
template <class Bits>
void where_loop(const void* condition, const void* a, const void* b, void* out, std::size_t n) {
  const auto* __restrict c = static_cast<const std::uint8_t*>(condition);
  const auto* __restrict x = static_cast<const Bits*>(a);
  const auto* __restrict y = static_cast<const Bits*>(b);
  auto* __restrict z = static_cast<Bits*>(out);
  for (std::size_t i = 0; i < n; ++i) z[i] = c[i] != 0 ? x[i] : y[i];
}

StripKernel find_comparison_kernel(Op op, DType operand) {
  switch (op) {
    case Op::equal: return select_comparison<Equal>(operand);
    case Op::not_equal: return select_comparison<NotEqual>(operand);
    case Op::less: return select_comparison<Less>(operand);
    case Op::less_equal: return select_comparison<LessEqual>(operand);
    case Op::greater: return select_comparison<Greater>(operand);
    case Op::greater_equal: return select_comparison<GreaterEqual>(operand);
    case Op::isnan: return dispatch_tag(operand, []<class Tag>() -> StripKernel { return &isnan_loop<Tag>; });
    case Op::isfinite:
      return dispatch_tag(operand, []<class Tag>() -> StripKernel { return &isfinite_loop<Tag>; });
    case Op::isinf: return dispatch_tag(operand, []<class Tag>() -> StripKernel { return &isinf_loop<Tag>; });
    case Op::where:
      switch (size_of(operand)) {
        case 1: return &where_loop<std::uint8_t>;
        case 2: return &where_loop<std::uint16_t>;
        case 4:
          if (operand == DType::float32) return &where_loop<float>;
          return &where_loop<std::uint32_t>;
        default:
          if (operand == DType::float64) return &where_loop<double>;
          return &where_loop<std::uint64_t>;
      }
    default: return nullptr;
  }
}
