#include <algorithm>
#include <cmath>
#include <limits>

#include "kernel/accumulator.hpp"
#include "kernel/element_type.hpp"
#include "kernel/reference/reference.hpp"

namespace rankine::kernel::reference {
namespace {

template <class T> void put(Partial& partial, std::size_t part, std::int64_t at, T value) {
  partial[part].data<T>()[at] = value;
}

/// All elements of one group, in C order, to element `at` of the parts.
template <class Tag>
void reduce_values(const std::vector<Store<Tag>>& all, const ReduceSpec& spec, Partial& out, std::int64_t at) {
  using T = Store<Tag>;
  std::vector<T> valid;
  for (const T x : all)
    if (!is_missing<Tag>(x)) valid.push_back(x);
  const bool missing = valid.size() != all.size();
  const std::vector<T>& used = spec.skipna ? valid : all;
  const auto count = static_cast<std::int64_t>(used.size());
  long double sum = 0, product = 1;
  std::uint64_t whole_sum = 0, whole_product = 1;
  for (T x : used) {
    if (is_bool_tag<Tag>) x = x != 0;
    sum += x;
    product *= x;
    if constexpr (!is_float_tag<Tag>) {
      whole_sum += static_cast<std::uint64_t>(x);
      whole_product *= static_cast<std::uint64_t>(x);
    }
  }
  switch (spec.op) {
    case ReduceOp::sum:
    case ReduceOp::prod: {
      const bool is_sum = spec.op == ReduceOp::sum;
      if (is_float_tag<Tag>) put(out, 0, at, static_cast<double>(is_sum ? sum : product));
      else if (is_time_tag<Tag> && !spec.skipna && missing) put(out, 0, at, not_a_time);
      else put(out, 0, at, is_sum ? whole_sum : whole_product);
      if (keeps_count(spec)) put(out, 1, at, count);
      return;
    }
    case ReduceOp::mean:
      if constexpr (is_time_tag<Tag>) {
        std::int64_t upper = 0, lower = 0;
        for (const T x : valid) {
          upper += x >> 32;
          lower += x & 0xffffffff;
        }
        put(out, 0, at, missing && !spec.skipna ? not_a_time : upper);
        put(out, 1, at, lower);
        put(out, 2, at, static_cast<std::int64_t>(valid.size()));
      } else {
        put(out, 0, at, static_cast<double>(sum));
        put(out, 1, at, count);
      }
      return;
    case ReduceOp::var:
    case ReduceOp::std: {
      const long double mean = count == 0 ? 0 : sum / count;
      long double m2 = 0;
      for (T x : used) {
        if (is_bool_tag<Tag>) x = x != 0;
        m2 += (x - mean) * (x - mean);
      }
      put(out, 0, at, count);
      put(out, 1, at, static_cast<double>(mean));
      put(out, 2, at, static_cast<double>(m2));
      return;
    }
    case ReduceOp::min:
    case ReduceOp::max: {
      if (!used.empty()) {
        T best = used.front();
        for (T x : used) best = spec.op == ReduceOp::min ? std::min(best, x) : std::max(best, x);
        if (!spec.skipna && missing) best = *std::find_if(all.begin(), all.end(), [](T x) { return is_missing<Tag>(x); });
        put(out, 0, at, best);
        if (keeps_seen(spec)) put(out, 1, at, std::uint8_t{1});
      }
      return;
    }
    case ReduceOp::count: put(out, 0, at, static_cast<std::int64_t>(valid.size())); return;
    case ReduceOp::any:
      put(out, 0, at, static_cast<std::uint8_t>(std::any_of(all.begin(), all.end(), [](T x) { return x != 0; })));
      return;
    case ReduceOp::all:
      put(out, 0, at, static_cast<std::uint8_t>(std::all_of(all.begin(), all.end(), [](T x) { return x != 0; })));
      return;
  }
}

/// Element `index` of the block belongs to output element place(index), or to none if that is -1.
template <class Place>
Partial reduce_where(const NdArray& block, const Shape& out_shape, const ReduceSpec& spec, Place place) {
  Partial out = identity_partial(spec, out_shape);
  dispatch_tag(spec.input, [&]<class Tag>() {
    std::vector<std::vector<Store<Tag>>> groups(static_cast<std::size_t>(element_count(out_shape)));
    const Store<Tag>* value = block.data<Store<Tag>>();
    for_each_index(Box::whole(block.shape()), [&](const Index& index) {
      const std::int64_t at = place(index);
      if (at >= 0) groups[static_cast<std::size_t>(at)].push_back(*value);
      ++value;
    });
    for (std::size_t g = 0; g < groups.size(); ++g)
      reduce_values<Tag>(groups[g], spec, out, static_cast<std::int64_t>(g));
  });
  return out;
}

}  // namespace

Partial reduce_block(const Program& program, std::span<const StridedView> inputs, const Shape& shape,
                     std::span<const int> axes, const ReduceSpec& spec) {
  Shape out_shape = shape;
  for (const int axis : axes) out_shape[static_cast<std::size_t>(axis)] = 1;
  const Shape strides = c_strides(out_shape);
  return reduce_where(reference::run(program, inputs, shape), out_shape, spec, [&](const Index& index) {
    std::int64_t at = 0;
    for (std::size_t k = 0; k < index.size(); ++k)
      if (std::find(axes.begin(), axes.end(), static_cast<int>(k)) == axes.end()) at += index[k] * strides[k];
    return at;
  });
}

Partial reduce_block_grouped(const Program& program, std::span<const StridedView> inputs, const Shape& shape,
                             int axis, std::span<const std::int32_t> slots, std::int64_t slot_count,
                             const ReduceSpec& spec) {
  Shape out_shape = shape;
  out_shape[static_cast<std::size_t>(axis)] = slot_count;
  const Shape strides = c_strides(out_shape);
  return reduce_where(reference::run(program, inputs, shape), out_shape, spec, [&](const Index& index) -> std::int64_t {
    std::int64_t at = 0;
    for (std::size_t k = 0; k < index.size(); ++k) {
      const bool grouped = static_cast<int>(k) == axis;
      const std::int64_t position = grouped ? slots[static_cast<std::size_t>(index[k])] : index[k];
      if (position < 0) return -1;
      at += position * strides[k];
    }
    return at;
  });
}

}  // namespace rankine::kernel::reference
