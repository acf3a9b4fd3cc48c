#include <algorithm>
#include <cmath>
#include <limits>

#include "kernel/accumulator.hpp"
#include "kernel/element_type.hpp"
#include "kernel/reference/reference.hpp"

namespace rankine::kernel::reference {

void combine(const ReduceSpec& spec, Partial& into, std::span<const StridedView> from) {
  Partial other;
  for (const StridedView& view : from) other.push_back(materialise(view));
  for (std::int64_t i = 0; i < into[0].size(); ++i) {
    const auto add = [&]<class T>(std::size_t part, T) { into[part].data<T>()[i] += other[part].data<T>()[i]; };
    const bool sticky = is_time(spec.input) && !spec.skipna;
    switch (spec.op) {
      case ReduceOp::sum:
      case ReduceOp::mean:
        if (is_float(into[0].dtype())) add(0, double{});
        else if (sticky && (into[0].data<std::int64_t>()[i] == not_a_time || other[0].data<std::int64_t>()[i] == not_a_time))
          into[0].data<std::int64_t>()[i] = not_a_time;
        else add(0, std::uint64_t{});
        for (std::size_t p = 1; p < into.size(); ++p) add(p, std::int64_t{});
        break;
      case ReduceOp::prod:
        if (is_float(into[0].dtype())) into[0].data<double>()[i] *= other[0].data<double>()[i];
        else into[0].data<std::uint64_t>()[i] *= other[0].data<std::uint64_t>()[i];
        for (std::size_t p = 1; p < into.size(); ++p) add(p, std::int64_t{});
        break;
      case ReduceOp::count: add(0, std::int64_t{}); break;
      case ReduceOp::any:
      case ReduceOp::all: {
        auto& held = into[0].data<std::uint8_t>()[i];
        const auto next = other[0].data<std::uint8_t>()[i];
        held = spec.op == ReduceOp::any ? std::max(held, next) : std::min(held, next);
        break;
      }
      case ReduceOp::min:
      case ReduceOp::max:
        dispatch_tag(spec.input, [&]<class Tag>() {
          auto& held = into[0].data<Store<Tag>>()[i];
          const auto next = other[0].data<Store<Tag>>()[i];
          if (is_missing<Tag>(held) || is_missing<Tag>(next)) {
            if (is_missing<Tag>(held) == spec.skipna) held = next;
          } else held = spec.op == ReduceOp::min ? std::min(held, next) : std::max(held, next);
        });
        if (keeps_seen(spec)) into[1].data<std::uint8_t>()[i] |= other[1].data<std::uint8_t>()[i];
        break;
      case ReduceOp::var:
      case ReduceOp::std: {
        const long double na = into[0].data<std::int64_t>()[i], nb = other[0].data<std::int64_t>()[i];
        if (nb == 0) break;
        const long double ma = into[1].data<double>()[i], mb = other[1].data<double>()[i];
        const long double mean = (na * ma + nb * mb) / (na + nb);
        const long double m2 = into[2].data<double>()[i] + other[2].data<double>()[i] +
                               na * (ma - mean) * (ma - mean) + nb * (mb - mean) * (mb - mean);
        into[1].data<double>()[i] = static_cast<double>(mean);
        into[2].data<double>()[i] = static_cast<double>(m2);
        add(0, std::int64_t{});
        break;
      }
    }
  }
}

NdArray finalise(const ReduceSpec& spec, const Partial& partial) {
  NdArray out(spec.result_dtype(), partial[0].shape());
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (std::int64_t i = 0; i < out.size(); ++i) {
    const auto put = [&](double value) {
      if (out.dtype() == DType::float32) out.data<float>()[i] = static_cast<float>(value);
      else out.data<double>()[i] = value;
    };
    const auto part = [&](std::size_t p) { return partial[p].data<std::int64_t>()[i]; };
    switch (spec.op) {
      case ReduceOp::sum:
      case ReduceOp::prod: {
        const bool enough = !keeps_count(spec) || part(1) >= spec.min_count;
        if (is_float(out.dtype())) put(enough ? partial[0].as_double(i) : nan);
        else out.data<std::int64_t>()[i] = enough ? part(0) : not_a_time;
        break;
      }
      case ReduceOp::mean:
        if (is_time(spec.input)) {
          const bool none = part(2) == 0 || part(0) == not_a_time;
          const long double mean = (part(0) * 4294967296.0L + part(1)) / part(2);
          out.data<std::int64_t>()[i] = none ? not_a_time : static_cast<std::int64_t>(std::floor(mean));
        } else put(part(1) == 0 ? nan : partial[0].data<double>()[i] / static_cast<double>(part(1)));
        break;
      case ReduceOp::var:
      case ReduceOp::std: {
        const double left = static_cast<double>(part(0)) - spec.ddof;
        double variance = partial[2].data<double>()[i] / (left > 0 ? left : 0.0);
        if (part(0) == 0 || (left <= 0 && spec.skipna && is_float(spec.input))) variance = nan;
        put(spec.op == ReduceOp::std ? std::sqrt(variance) : variance);
        break;
      }
      case ReduceOp::min:
      case ReduceOp::max:
        dispatch_tag(spec.input, [&]<class Tag>() {
          using T = Store<Tag>;
          T none = is_time_tag<Tag> ? static_cast<T>(not_a_time) : T{0};
          if (is_float_tag<Tag>) none = static_cast<T>(nan);
          const bool empty = keeps_seen(spec) && partial[1].data<std::uint8_t>()[i] == 0;
          out.data<T>()[i] = empty ? none : partial[0].data<T>()[i];
        });
        break;
      case ReduceOp::count: out.data<std::int64_t>()[i] = part(0); break;
      case ReduceOp::any:
      case ReduceOp::all: out.data<std::uint8_t>()[i] = partial[0].data<std::uint8_t>()[i]; break;
    }
  }
  return out;
}

}  // namespace rankine::kernel::reference
