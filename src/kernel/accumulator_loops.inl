// The hot loops of reductions. Included once per instruction set, inside
// namespace rankine::kernel::RANKINE_ISA. Each reduction names a State, how an element is added to it,
// how two states merge, and where the fields of states lie in the lanes' arrays.

template <class T>
T* lane(const Lanes& lanes, int array, std::size_t at) {
  return reinterpret_cast<T*>(lanes.arrays[array]) + at;
}
template <class T>
void put(const PartPointers& parts, int part, std::size_t i, T value) {
  reinterpret_cast<T*>(parts[part])[i] = value;
}

template <class Tag, bool skip>
struct Validity {
  static constexpr bool skips = skip && has_missing<Tag>;
  static bool of(Store<Tag> x) { return !skips || !is_missing<Tag>(x); }
};

/// Floats add in double; integers in 64 wrapping bits. `count` counts valid elements, or, for times
/// without skipna, the NaT that make the sum NaT.
template <class Tag, bool skip, bool counted>
struct Sum {
  using T = Store<Tag>;
  using Total = std::conditional_t<is_float_tag<Tag>, double, std::uint64_t>;
  static constexpr bool skips = Validity<Tag, skip>::skips;
  static constexpr bool sticky = is_time_tag<Tag> && !skip;
  static constexpr bool uses_count = (counted && skips) || sticky;
  struct State { Total total; std::int32_t count; };
  struct Arrays {
    Total* total;
    std::int32_t* count;
    Arrays(const Lanes& lanes, std::size_t at) : total(lane<Total>(lanes, 0, at)), count(lane<std::int32_t>(lanes, 1, at)) {}
    State load(std::size_t i) const {
      if constexpr (uses_count) return {total[i], count[i]};
      else return {total[i], 0};
    }
    void store(std::size_t i, const State& s) const {
      total[i] = s.total;
      if constexpr (uses_count) count[i] = s.count;
    }
  };
  static State identity() { return {0, 0}; }
  static void add(State& s, T x) {
    const bool valid = Validity<Tag, skip>::of(x);
    if constexpr (is_bool_tag<Tag>) s.total += x != 0;
    else s.total += valid ? static_cast<Total>(x) : Total{0};
    if constexpr (sticky) s.count += is_missing<Tag>(x);
    else if constexpr (uses_count) s.count += valid;
  }
  static void merge(State& s, const State& other) {
    s.total += other.total;
    s.count += other.count;
  }
  static void emit(const State& s, std::int64_t elements, const PartPointers& parts, std::size_t i) {
    if constexpr (sticky) put<std::int64_t>(parts, 0, i, s.count != 0 ? not_a_time : static_cast<std::int64_t>(s.total));
    else put<Total>(parts, 0, i, s.total);
    if constexpr (counted) put<std::int64_t>(parts, 1, i, uses_count ? s.count : elements);
  }
};

template <class Tag, bool skip, bool counted>
struct Product {
  using T = Store<Tag>;
  using Total = std::conditional_t<is_float_tag<Tag>, double, std::uint64_t>;
  static constexpr bool uses_count = counted && Validity<Tag, skip>::skips;
  struct State { Total total; std::int32_t count; };
  struct Arrays {
    Total* total;
    std::int32_t* count;
    Arrays(const Lanes& lanes, std::size_t at) : total(lane<Total>(lanes, 0, at)), count(lane<std::int32_t>(lanes, 1, at)) {}
    State load(std::size_t i) const {
      if constexpr (uses_count) return {total[i], count[i]};
      else return {total[i], 0};
    }
    void store(std::size_t i, const State& s) const {
      total[i] = s.total;
      if constexpr (uses_count) count[i] = s.count;
    }
  };
  static State identity() { return {1, 0}; }
  static void add(State& s, T x) {
    const bool valid = Validity<Tag, skip>::of(x);
    if constexpr (is_bool_tag<Tag>) s.total *= x != 0;
    else s.total *= valid ? static_cast<Total>(x) : Total{1};
    if constexpr (uses_count) s.count += valid;
  }
  static void merge(State& s, const State& other) {
    s.total *= other.total;
    s.count += other.count;
  }
  static void emit(const State& s, std::int64_t elements, const PartPointers& parts, std::size_t i) {
    put<Total>(parts, 0, i, s.total);
    if constexpr (counted) put<std::int64_t>(parts, 1, i, uses_count ? s.count : elements);
  }
};

/// {sum f64, count i64}.
template <class Tag, bool skip>
struct Mean {
  using T = Store<Tag>;
  static constexpr bool skips = Validity<Tag, skip>::skips;
  struct State { double total; std::int32_t count; };
  struct Arrays {
    double* total;
    std::int32_t* count;
    Arrays(const Lanes& lanes, std::size_t at) : total(lane<double>(lanes, 0, at)), count(lane<std::int32_t>(lanes, 1, at)) {}
    State load(std::size_t i) const {
      if constexpr (skips) return {total[i], count[i]};
      else return {total[i], 0};
    }
    void store(std::size_t i, const State& s) const {
      total[i] = s.total;
      if constexpr (skips) count[i] = s.count;
    }
  };
  static State identity() { return {0, 0}; }
  static void add(State& s, T x) {
    const bool valid = Validity<Tag, skip>::of(x);
    if constexpr (is_bool_tag<Tag>) s.total += x != 0 ? 1.0 : 0.0;
    else s.total += valid ? static_cast<double>(x) : 0.0;
    if constexpr (skips) s.count += valid;
  }
  static void merge(State& s, const State& other) {
    s.total += other.total;
    s.count += other.count;
  }
  static void emit(const State& s, std::int64_t elements, const PartPointers& parts, std::size_t i) {
    put<double>(parts, 0, i, s.total);
    put<std::int64_t>(parts, 1, i, skips ? s.count : elements);
  }
};

/// Times are too long for a double: {upper half i64, lower half i64, count i64}, the sums of both
/// 32-bit halves of the elements, are exact. An upper half of NaT marks a NaT without skipna.
template <bool skip>
struct TimeMean {
  using T = std::int64_t;
  struct State { std::int64_t upper, lower; std::int32_t valid, missing; };
  struct Arrays {
    std::int64_t* upper;
    std::int64_t* lower;
    std::int32_t* valid;
    std::int32_t* missing;
    Arrays(const Lanes& lanes, std::size_t at)
        : upper(lane<std::int64_t>(lanes, 0, at)), lower(lane<std::int64_t>(lanes, 1, at)),
          valid(lane<std::int32_t>(lanes, 2, at)), missing(lane<std::int32_t>(lanes, 3, at)) {}
    State load(std::size_t i) const { return {upper[i], lower[i], valid[i], missing[i]}; }
    void store(std::size_t i, const State& s) const {
      upper[i] = s.upper;
      lower[i] = s.lower;
      valid[i] = s.valid;
      missing[i] = s.missing;
    }
  };
  static State identity() { return {0, 0, 0, 0}; }
  static void add(State& s, T x) {
    const bool valid = x != not_a_time;
    s.upper += valid ? x >> 32 : 0;
    s.lower += valid ? x & 0xffffffff : 0;
    s.valid += valid;
    s.missing += !valid;
  }
  static void merge(State& s, const State& other) {
    s.upper += other.upper;
    s.lower += other.lower;
    s.valid += other.valid;
    s.missing += other.missing;
  }
  static void emit(const State& s, std::int64_t, const PartPointers& parts, std::size_t i) {
    put<std::int64_t>(parts, 0, i, !skip && s.missing != 0 ? not_a_time : s.upper);
    put<std::int64_t>(parts, 1, i, s.lower);
    put<std::int64_t>(parts, 2, i, s.valid);
  }
};

/// {count i64, mean f64, m2 f64}. Sums of x - k and (x - k)^2, where k is the lane's first valid element:
/// no division per element, and as k is one of n values, |k - mean| is at most sqrt(n) standard
/// deviations, so the cancellation in m2 costs at most a factor n of the rounding error (typically
/// none). Chan, Golub, LeVeque 1983, "Algorithms for computing the sample variance", shifted form.
/// The count is a double so that all fields vectorise at one width.
template <class Tag, bool skip>
struct Moments {
  using T = Store<Tag>;
  struct State { double shift, sum, squares, count; };
  struct Arrays {
    double* shift;
    double* sum;
    double* squares;
    double* count;
    Arrays(const Lanes& lanes, std::size_t at)
        : shift(lane<double>(lanes, 0, at)), sum(lane<double>(lanes, 1, at)),
          squares(lane<double>(lanes, 2, at)), count(lane<double>(lanes, 3, at)) {}
    State load(std::size_t i) const { return {shift[i], sum[i], squares[i], count[i]}; }
    void store(std::size_t i, const State& s) const {
      shift[i] = s.shift;
      sum[i] = s.sum;
      squares[i] = s.squares;
      count[i] = s.count;
    }
  };
  static State identity() { return {0, 0, 0, 0}; }
  static void add(State& s, T x) {
    double value;
    if constexpr (is_bool_tag<Tag>) value = x != 0 ? 1.0 : 0.0;
    else value = static_cast<double>(x);
    const bool valid = !Validity<Tag, skip>::skips || value == value;
    s.shift = s.count == 0 ? value : s.shift;
    const double off = valid ? value - s.shift : 0.0;
    s.sum += off;
    s.squares += off * off;
    s.count += valid ? 1.0 : 0.0;
  }
  static double mean_of(const State& s) { return s.count == 0 ? 0 : s.shift + s.sum / s.count; }
  static double m2_of(const State& s) {
    if (s.count == 0) return 0;
    const double m2 = s.squares - s.sum * s.sum / s.count;
    return m2 < 0 ? 0 : m2;  // keeps NaN
  }
  static void merge(State& s, const State& other) {
    if (other.count == 0) return;
    if (s.count == 0) {
      s = other;
      return;
    }
    // Moved to this lane's shift. Both shifts are elements, so their difference loses no digits, where
    // a difference of rounded means far from zero would.
    const double moved = other.shift - s.shift;
    s.squares += other.squares + moved * (2 * other.sum + other.count * moved);
    s.sum += other.sum + other.count * moved;
    s.count += other.count;
  }
  static void emit(const State& s, std::int64_t, const PartPointers& parts, std::size_t i) {
    put<std::int64_t>(parts, 0, i, static_cast<std::int64_t>(s.count));
    put<double>(parts, 1, i, mean_of(s));
    put<double>(parts, 2, i, m2_of(s));
  }
};

/// Reductions whose state is one value: Rule has Held, T, identity(), take(held, x), merge(held, other).
template <class Rule>
struct Single {
  using T = typename Rule::T;
  using State = typename Rule::Held;
  struct Arrays {
    State* held;
    Arrays(const Lanes& lanes, std::size_t at) : held(lane<State>(lanes, 0, at)) {}
    State load(std::size_t i) const { return held[i]; }
    void store(std::size_t i, State s) const { held[i] = s; }
  };
  static State identity() { return Rule::identity(); }
  static void add(State& s, T x) { s = Rule::take(s, x); }
  static void merge(State& s, const State& other) { s = Rule::merge(s, other); }
  static void emit(const State& s, std::int64_t elements, const PartPointers& parts, std::size_t i) {
    Rule::emit(s, elements, parts, i);
  }
};

template <class Tag, bool least, bool skip>
struct ExtremumRule {
  using Pick = Extremum<Tag, least, skip>;
  using T = Store<Tag>;
  using Held = T;
  static Held identity() { return Pick::identity(); }
  static Held take(Held held, T x) {
    if constexpr (is_bool_tag<Tag>) x = x != 0;
    return Pick::pick(held, x);
  }
  static Held merge(Held held, Held other) { return Pick::pick(held, other); }
  static void emit(Held held, std::int64_t elements, const PartPointers& parts, std::size_t i) {
    put<Held>(parts, 0, i, held);
    if constexpr (!Pick::skips) put<std::uint8_t>(parts, 1, i, elements > 0);
  }
};

template <class Tag>
struct CountRule {
  using T = Store<Tag>;
  using Held = std::int32_t;
  static Held identity() { return 0; }
  static Held take(Held held, T x) { return held + !is_missing<Tag>(x); }
  static Held merge(Held held, Held other) { return held + other; }
  static void emit(Held held, std::int64_t, const PartPointers& parts, std::size_t i) {
    put<std::int64_t>(parts, 0, i, held);
  }
};

// NaN and NaT are unequal to zero, so they count as true, as in NumPy.
template <class Tag, bool any>
struct TruthRule {
  using T = Store<Tag>;
  using Held = std::uint8_t;
  static Held identity() { return any ? 0 : 1; }
  static Held take(Held held, T x) {
    const auto truth = static_cast<std::uint8_t>(x != 0);
    return any ? held | truth : held & truth;
  }
  static Held merge(Held held, Held other) { return any ? held | other : held & other; }
  static void emit(Held held, std::int64_t, const PartPointers& parts, std::size_t i) {
    put<std::uint8_t>(parts, 0, i, held);
  }
};

template <class R>
void reset_lanes(const Lanes& lanes, std::size_t at, std::size_t n) {
  const typename R::Arrays arrays(lanes, at);
  for (std::size_t i = 0; i < n; ++i) arrays.store(i, R::identity());
}

// Four rows at a time: each lane's state is loaded and stored once for four elements, in the same
// order of additions. No array overlaps another, which ivdep tells the vectoriser.
template <class R>
void add_rows(const Lanes& lanes, std::size_t at, const void* data, std::size_t rows, std::ptrdiff_t stride,
              std::size_t n) {
  const typename R::Arrays arrays(lanes, at);
  const auto* x = static_cast<const typename R::T*>(data);
  if (n == 1) {
    auto state = arrays.load(0);
    for (std::size_t r = 0; r < rows; ++r) R::add(state, x[static_cast<std::ptrdiff_t>(r) * stride]);
    arrays.store(0, state);
    return;
  }
  std::size_t r = 0;
  for (; r + 4 <= rows; r += 4) {
    const auto* x0 = x + static_cast<std::ptrdiff_t>(r) * stride;
    const auto* x1 = x0 + stride;
    const auto* x2 = x1 + stride;
    const auto* x3 = x2 + stride;
#pragma GCC ivdep
    for (std::size_t i = 0; i < n; ++i) {
      auto state = arrays.load(i);
      R::add(state, x0[i]);
      R::add(state, x1[i]);
      R::add(state, x2[i]);
      R::add(state, x3[i]);
      arrays.store(i, state);
    }
  }
  for (; r < rows; ++r) {
    const auto* row = x + static_cast<std::ptrdiff_t>(r) * stride;
#pragma GCC ivdep
    for (std::size_t i = 0; i < n; ++i) {
      auto state = arrays.load(i);
      R::add(state, row[i]);
      arrays.store(i, state);
    }
  }
}

template <class R>
void fold_lanes(const Lanes& lanes, std::size_t to, std::size_t from, std::size_t n) {
  const typename R::Arrays into(lanes, to);
  const typename R::Arrays other(lanes, from);
  for (std::size_t i = 0; i < n; ++i) {
    auto state = into.load(i);
    R::merge(state, other.load(i));
    into.store(i, state);
  }
}

template <class R>
void emit_lanes(const Lanes& lanes, std::size_t at, std::size_t spacing, std::size_t n, std::int64_t elements,
                const PartPointers& parts) {
  const typename R::Arrays arrays(lanes, at);
  for (std::size_t i = 0; i < n; ++i) R::emit(arrays.load(i * spacing), elements, parts, i);
}

template <class R>
Accumulator accumulator_of() {
  return {&reset_lanes<R>, &add_rows<R>, &fold_lanes<R>, &emit_lanes<R>};
}

template <class Tag, bool skip>
Accumulator select_for(const ReduceSpec& spec) {
  const bool counted = keeps_count(spec);
  switch (spec.op) {
    case ReduceOp::sum: return counted ? accumulator_of<Sum<Tag, skip, true>>() : accumulator_of<Sum<Tag, skip, false>>();
    case ReduceOp::prod:
      return counted ? accumulator_of<Product<Tag, skip, true>>() : accumulator_of<Product<Tag, skip, false>>();
    case ReduceOp::mean:
      if constexpr (is_time_tag<Tag>) return accumulator_of<TimeMean<skip>>();
      else return accumulator_of<Mean<Tag, skip>>();
    case ReduceOp::min: return accumulator_of<Single<ExtremumRule<Tag, true, skip>>>();
    case ReduceOp::max: return accumulator_of<Single<ExtremumRule<Tag, false, skip>>>();
    case ReduceOp::var:
    case ReduceOp::std: return accumulator_of<Moments<Tag, skip>>();
    case ReduceOp::count: return accumulator_of<Single<CountRule<Tag>>>();
    case ReduceOp::any: return accumulator_of<Single<TruthRule<Tag, true>>>();
    case ReduceOp::all: return accumulator_of<Single<TruthRule<Tag, false>>>();
  }
  return {};
}

Accumulator select_accumulator(const ReduceSpec& spec) {
  return dispatch_tag(spec.input, [&spec]<class Tag>() {
    return spec.skipna && has_missing<Tag> ? select_for<Tag, has_missing<Tag>>(spec) : select_for<Tag, false>(spec);
  });
}
