// Partials: made empty, merged, finished.
#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.hpp"
#include "kernel/accumulator.hpp"
#include "kernel/element_type.hpp"
#include "kernel/extremum.hpp"

namespace rankine::kernel {
namespace {

using ConstPartPointers = std::array<const std::byte*, 3>;
using MergeKernel = void (*)(const PartPointers& into, const ConstPartPointers& from, std::int64_t n);

template <class T> T* part(const PartPointers& parts, int k) { return reinterpret_cast<T*>(parts[k]); }
template <class T> const T* part(const ConstPartPointers& parts, int k) { return reinterpret_cast<const T*>(parts[k]); }

/// Part k of both, elementwise: Rule::of(held, other).
template <class T, class Rule>
void merge_part(const PartPointers& into, const ConstPartPointers& from, int k, std::int64_t n) {
  T* __restrict a = part<T>(into, k);
  const T* __restrict b = part<T>(from, k);
  for (std::int64_t i = 0; i < n; ++i) a[i] = Rule::of(a[i], b[i]);
}

struct Plus {
  template <class T> static T of(T a, T b) { return a + b; }
};
struct Times {
  template <class T> static T of(T a, T b) { return a * b; }
};
struct WrappingPlus {
  static std::int64_t of(std::int64_t a, std::int64_t b) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
  }
};
/// NaT marks a sum that met a NaT without skipna.
struct StickyPlus {
  static std::int64_t of(std::int64_t a, std::int64_t b) {
    return (a == not_a_time) | (b == not_a_time) ? not_a_time : WrappingPlus::of(a, b);
  }
};
struct Or {
  static std::uint8_t of(std::uint8_t a, std::uint8_t b) { return a | b; }
};
struct And {
  static std::uint8_t of(std::uint8_t a, std::uint8_t b) { return a & b; }
};
template <class Tag, bool least, bool skip>
struct Pick {
  static Store<Tag> of(Store<Tag> a, Store<Tag> b) { return Extremum<Tag, least, skip>::pick(a, b); }
};

template <class T, class Rule, bool counted>
void merge_totals(const PartPointers& into, const ConstPartPointers& from, std::int64_t n) {
  merge_part<T, Rule>(into, from, 0, n);
  if constexpr (counted) merge_part<std::int64_t, Plus>(into, from, 1, n);
}

template <bool skip>
void merge_time_means(const PartPointers& into, const ConstPartPointers& from, std::int64_t n) {
  merge_part<std::int64_t, std::conditional_t<skip, WrappingPlus, StickyPlus>>(into, from, 0, n);
  merge_part<std::int64_t, WrappingPlus>(into, from, 1, n);
  merge_part<std::int64_t, Plus>(into, from, 2, n);
}

/// Chan, Golub, LeVeque 1979, "Updating formulae and a pairwise algorithm for computing sample variances".
void merge_moments(const PartPointers& into, const ConstPartPointers& from, std::int64_t n) {
  std::int64_t* __restrict count_a = part<std::int64_t>(into, 0);
  double* __restrict mean_a = part<double>(into, 1);
  double* __restrict m2_a = part<double>(into, 2);
  const std::int64_t* __restrict count_b = part<std::int64_t>(from, 0);
  const double* __restrict mean_b = part<double>(from, 1);
  const double* __restrict m2_b = part<double>(from, 2);
  for (std::int64_t i = 0; i < n; ++i) {
    if (count_b[i] == 0) continue;
    if (count_a[i] == 0) {
      count_a[i] = count_b[i];
      mean_a[i] = mean_b[i];
      m2_a[i] = m2_b[i];
      continue;
    }
    const auto na = static_cast<double>(count_a[i]);
    const auto nb = static_cast<double>(count_b[i]);
    const double apart = mean_b[i] - mean_a[i];
    m2_a[i] += m2_b[i] + apart * apart * (na * nb / (na + nb));
    mean_a[i] += apart * (nb / (na + nb));
    count_a[i] += count_b[i];
  }
}

template <class Tag, bool least, bool skip>
void merge_extrema(const PartPointers& into, const ConstPartPointers& from, std::int64_t n) {
  merge_part<Store<Tag>, Pick<Tag, least, skip>>(into, from, 0, n);
  if constexpr (!Extremum<Tag, least, skip>::skips) merge_part<std::uint8_t, Or>(into, from, 1, n);
}

template <class Rule>
void merge_truth(const PartPointers& into, const ConstPartPointers& from, std::int64_t n) {
  merge_part<std::uint8_t, Rule>(into, from, 0, n);
}

template <bool least>
MergeKernel find_extremum_merge(const ReduceSpec& spec) {
  return dispatch_tag(spec.input, [&]<class Tag>() -> MergeKernel {
    if (spec.skipna) return &merge_extrema<Tag, least, true>;
    return &merge_extrema<Tag, least, false>;
  });
}

MergeKernel find_merge(const ReduceSpec& spec) {
  const bool counted = keeps_count(spec);
  const bool floats = is_float(spec.input);
  switch (spec.op) {
    case ReduceOp::sum:
      if (is_time(spec.input) && !spec.skipna) return &merge_totals<std::int64_t, StickyPlus, false>;
      if (floats) return counted ? &merge_totals<double, Plus, true> : &merge_totals<double, Plus, false>;
      return counted ? &merge_totals<std::uint64_t, Plus, true> : &merge_totals<std::uint64_t, Plus, false>;
    case ReduceOp::prod:
      if (floats) return counted ? &merge_totals<double, Times, true> : &merge_totals<double, Times, false>;
      return counted ? &merge_totals<std::uint64_t, Times, true> : &merge_totals<std::uint64_t, Times, false>;
    case ReduceOp::mean:
      if (is_time(spec.input)) return spec.skipna ? &merge_time_means<true> : &merge_time_means<false>;
      return &merge_totals<double, Plus, true>;
    case ReduceOp::min: return find_extremum_merge<true>(spec);
    case ReduceOp::max: return find_extremum_merge<false>(spec);
    case ReduceOp::var:
    case ReduceOp::std: return &merge_moments;
    case ReduceOp::count: return &merge_totals<std::int64_t, Plus, false>;
    case ReduceOp::any: return &merge_truth<Or>;
    case ReduceOp::all: return &merge_truth<And>;
  }
  return nullptr;
}

/// The parts to merge from, made contiguous where they are not.
std::vector<NdArray> gather_parts(std::span<const StridedView> from, ConstPartPointers& pointers) {
  std::vector<NdArray> copies;
  for (std::size_t p = 0; p < from.size(); ++p) {
    const std::size_t bytes = size_of(from[p].dtype);
    const bool aligned = reinterpret_cast<std::uintptr_t>(from[p].data) % bytes == 0;
    if (from[p].is_c_contiguous() && aligned) pointers[p] = from[p].data;
    else pointers[p] = copies.emplace_back(materialise(from[p])).raw();
  }
  return copies;
}

void check_parts(const ReduceSpec& spec, const Partial& into, std::span<const StridedView> from) {
  const std::vector<DType> dtypes = partial_dtypes(spec);
  RANKINE_CHECK(into.size() == dtypes.size() && from.size() == dtypes.size(), "a partial lacks a part");
  for (std::size_t p = 0; p < dtypes.size(); ++p)
    RANKINE_CHECK(into[p].dtype() == dtypes[p] && from[p].dtype == dtypes[p], "a part has another dtype than its spec");
}

}  // namespace

Partial identity_partial(const ReduceSpec& spec, const Shape& shape) {
  Partial partial;
  for (const DType dtype : partial_dtypes(spec)) partial.push_back(NdArray::zeros(dtype, shape));
  const auto fill = [&partial]<class T>(T value) { std::ranges::fill(partial[0].values<T>(), value); };
  if (spec.op == ReduceOp::prod && is_float(spec.input)) fill(1.0);
  else if (spec.op == ReduceOp::prod) fill(std::int64_t{1});
  else if (spec.op == ReduceOp::all) fill(std::uint8_t{1});
  else if (spec.op == ReduceOp::min || spec.op == ReduceOp::max) {
    dispatch_tag(spec.input, [&]<class Tag>() {
      const bool least = spec.op == ReduceOp::min;
      if (spec.skipna) fill(least ? Extremum<Tag, true, true>::identity() : Extremum<Tag, false, true>::identity());
      else fill(least ? Extremum<Tag, true, false>::identity() : Extremum<Tag, false, false>::identity());
    });
  }
  return partial;
}

void combine(const ReduceSpec& spec, Partial& into, std::span<const StridedView> from) {
  check_parts(spec, into, from);
  PartPointers to{};
  ConstPartPointers source{};
  for (std::size_t p = 0; p < into.size(); ++p) {
    RANKINE_CHECK(from[p].shape == into[p].shape(), "partials of unlike shapes cannot merge");
    to[p] = into[p].raw();
  }
  if (into[0].size() == 0) return;
  const std::vector<NdArray> copies = gather_parts(from, source);
  find_merge(spec)(to, source, into[0].size());
}

void combine_slots(const ReduceSpec& spec, Partial& into, std::span<const StridedView> from, int axis,
                   std::span<const std::int32_t> to_slot) {
  check_parts(spec, into, from);
  const Shape& shape = into[0].shape();
  const auto a = static_cast<std::size_t>(axis);
  RANKINE_CHECK(axis >= 0 && a < shape.size(), "the grouped axis is out of range");
  std::int64_t outer_count = 1;
  std::int64_t inner = 1;
  for (std::size_t k = 0; k < shape.size(); ++k) {
    const std::int64_t expected = k == a ? static_cast<std::int64_t>(to_slot.size()) : shape[k];
    for (const StridedView& view : from)
      RANKINE_CHECK(view.shape.size() == shape.size() && view.shape[k] == expected, "partials of unlike shapes cannot merge");
    if (k < a) outer_count *= shape[k];
    if (k > a) inner *= shape[k];
  }
  if (outer_count * inner == 0 || to_slot.empty()) return;
  ConstPartPointers source{};
  const std::vector<NdArray> copies = gather_parts(from, source);
  const MergeKernel merge = find_merge(spec);
  const std::int64_t slots = shape[a];
  const auto positions = static_cast<std::int64_t>(to_slot.size());
  for (std::int64_t outer = 0; outer < outer_count; ++outer) {
    for (std::int64_t i = 0; i < positions; ++i) {
      const std::int32_t slot = to_slot[static_cast<std::size_t>(i)];
      RANKINE_CHECK(slot >= -1 && slot < slots, "a slot number is out of range");
      if (slot == -1) continue;
      PartPointers to{};
      ConstPartPointers piece{};
      for (std::size_t p = 0; p < into.size(); ++p) {
        const auto bytes = static_cast<std::int64_t>(size_of(into[p].dtype()));
        to[p] = into[p].raw() + (outer * slots + slot) * inner * bytes;
        piece[p] = source[p] + (outer * positions + i) * inner * bytes;
      }
      merge(to, piece, inner);
    }
  }
}

namespace {

template <class T>
void finalise_totals(const ReduceSpec& spec, const Partial& partial, NdArray& out) {
  const std::int64_t n = out.size();
  const T* total = partial[0].data<T>();
  const std::int64_t* count = keeps_count(spec) ? partial[1].data<std::int64_t>() : nullptr;
  const auto enough = [&](std::int64_t i) { return count == nullptr || count[i] >= spec.min_count; };
  if (out.dtype() == DType::float32) {
    for (std::int64_t i = 0; i < n; ++i)
      out.data<float>()[i] = enough(i) ? static_cast<float>(total[i]) : std::numeric_limits<float>::quiet_NaN();
  } else if (out.dtype() == DType::float64) {
    for (std::int64_t i = 0; i < n; ++i)
      out.data<double>()[i] = enough(i) ? static_cast<double>(total[i]) : std::numeric_limits<double>::quiet_NaN();
  } else {
    // Integers keep a count only where the result is a float; timedelta64 has NaT.
    for (std::int64_t i = 0; i < n; ++i) out.data<T>()[i] = enough(i) ? total[i] : static_cast<T>(not_a_time);
  }
}

template <class F>
void finalise_floats(NdArray& out, F value_at) {
  if (out.dtype() == DType::float32) {
    for (std::int64_t i = 0; i < out.size(); ++i) out.data<float>()[i] = static_cast<float>(value_at(i));
  } else {
    for (std::int64_t i = 0; i < out.size(); ++i) out.data<double>()[i] = value_at(i);
  }
}

void finalise_moments(const ReduceSpec& spec, const Partial& partial, NdArray& out) {
  const std::int64_t* count = partial[0].data<std::int64_t>();
  const double* m2 = partial[2].data<double>();
  const bool root = spec.op == ReduceOp::std;
  // nanvar gives NaN where no degree of freedom is left; var divides by max(n - ddof, 0).
  const bool skips = spec.skipna && is_float(spec.input);
  finalise_floats(out, [&](std::int64_t i) {
    const double freedom = static_cast<double>(count[i]) - spec.ddof;
    if (count[i] == 0 || (skips && freedom <= 0)) return std::numeric_limits<double>::quiet_NaN();
    const double variance = m2[i] / std::max(freedom, 0.0);
    return root ? std::sqrt(variance) : variance;
  });
}

/// Rounds down to the tick, as xarray does by truncating the mean offset from the earliest time.
void finalise_time_mean(const Partial& partial, NdArray& out) {
  __extension__ using Wide = __int128;
  const std::int64_t* upper = partial[0].data<std::int64_t>();
  const std::int64_t* lower = partial[1].data<std::int64_t>();
  const std::int64_t* count = partial[2].data<std::int64_t>();
  for (std::int64_t i = 0; i < out.size(); ++i) {
    if (count[i] == 0 || upper[i] == not_a_time) {
      out.data<std::int64_t>()[i] = not_a_time;
      continue;
    }
    const Wide total = static_cast<Wide>(upper[i]) * (Wide{1} << 32) + lower[i];
    Wide mean = total / count[i];
    if (total % count[i] < 0) --mean;
    out.data<std::int64_t>()[i] = static_cast<std::int64_t>(mean);
  }
}

void finalise_extrema(const ReduceSpec& spec, const Partial& partial, NdArray& out) {
  const std::uint8_t* seen = keeps_seen(spec) ? partial[1].data<std::uint8_t>() : nullptr;
  dispatch_tag(spec.input, [&]<class Tag>() {
    using T = Store<Tag>;
    T none = 0;
    if constexpr (is_float_tag<Tag>) none = std::numeric_limits<T>::quiet_NaN();
    if constexpr (is_time_tag<Tag>) none = not_a_time;
    const T* value = partial[0].data<T>();
    for (std::int64_t i = 0; i < out.size(); ++i)
      out.data<T>()[i] = seen != nullptr && seen[i] == 0 ? none : value[i];
  });
}

}  // namespace

NdArray finalise(const ReduceSpec& spec, const Partial& partial) {
  RANKINE_CHECK(partial.size() == partial_dtypes(spec).size(), "a partial lacks a part");
  NdArray out(spec.result_dtype(), partial[0].shape());
  switch (spec.op) {
    case ReduceOp::sum:
    case ReduceOp::prod:
      if (is_float(spec.input)) finalise_totals<double>(spec, partial, out);
      else if (is_unsigned_integer(spec.input)) finalise_totals<std::uint64_t>(spec, partial, out);
      else finalise_totals<std::int64_t>(spec, partial, out);
      break;
    case ReduceOp::mean:
      if (is_time(spec.input)) finalise_time_mean(partial, out);
      else {
        const double* total = partial[0].data<double>();
        const std::int64_t* count = partial[1].data<std::int64_t>();
        finalise_floats(out, [&](std::int64_t i) {
          return count[i] == 0 ? std::numeric_limits<double>::quiet_NaN() : total[i] / static_cast<double>(count[i]);
        });
      }
      break;
    case ReduceOp::var:
    case ReduceOp::std: finalise_moments(spec, partial, out); break;
    case ReduceOp::min:
    case ReduceOp::max: finalise_extrema(spec, partial, out); break;
    case ReduceOp::count:
    case ReduceOp::any:
    case ReduceOp::all:
      if (out.size() != 0) std::copy_n(partial[0].raw(), out.bytes().value, out.raw());
      break;
  }
  return out;
}

}  // namespace rankine::kernel
