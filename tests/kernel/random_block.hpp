#pragma once
#include <cmath>
#include <limits>
#include <vector>

#include "base/prng.hpp"
#include "grid/strided_view.hpp"
#include "kernel/element_type.hpp"

namespace rankine::kernel::testing {

inline const std::vector<DType> all_dtypes{
    DType::boolean, DType::int8, DType::int16, DType::int32, DType::int64, DType::uint8, DType::uint16,
    DType::uint32, DType::uint64, DType::float32, DType::float64, DType::datetime64, DType::timedelta64};

template <class Tag>
Store<Tag> random_element(Prng& prng, bool extremes) {
  using T = Store<Tag>;
  using Limits = std::numeric_limits<T>;
  const std::uint64_t kind = extremes ? prng.below(12) : 11;
  if constexpr (is_bool_tag<Tag>) return static_cast<T>(prng.below(2));
  else if constexpr (is_float_tag<Tag>) {
    const T special[] = {Limits::quiet_NaN(), Limits::infinity(), -Limits::infinity(), T{0}, -T{0}, Limits::max(),
                         Limits::min(), T{-0.5}, T{2.5}, T{-3}};
    return kind < 10 ? special[kind] : static_cast<T>(prng.uniform() * 40 - 20);
  } else {
    const T special[] = {Limits::min(), Limits::max(), 0, 1, static_cast<T>(-1), 2, 3, static_cast<T>(-7)};
    return kind < 8 ? special[kind] : static_cast<T>(prng.next() >> prng.below(64));
  }
}

inline NdArray random_block(DType dtype, const Shape& shape, std::uint64_t seed, bool extremes) {
  Prng prng(seed);
  NdArray block(dtype, shape);
  dispatch_tag(dtype, [&]<class Tag>() {
    for (auto& element : block.values<Store<Tag>>()) element = random_element<Tag>(prng, extremes);
  });
  return block;
}

/// Finite values of moderate size with about one missing value in `one_in`; 0 for none.
inline NdArray gentle_block(DType dtype, const Shape& shape, std::uint64_t seed, std::uint64_t one_in) {
  Prng prng(seed);
  NdArray block(dtype, shape);
  dispatch_tag(dtype, [&]<class Tag>() {
    for (auto& element : block.values<Store<Tag>>()) {
      if constexpr (is_float_tag<Tag>) element = static_cast<Tag>(280 + 10 * prng.uniform());
      else if constexpr (is_time_tag<Tag>) element = static_cast<std::int64_t>(prng.next() >> 3) - (1LL << 59);
      else if constexpr (is_bool_tag<Tag>) element = prng.chance(0.5);
      else element = static_cast<Tag>(prng.below(100));
      if constexpr (has_missing<Tag>) {
        if (one_in != 0 && prng.below(one_in) == 0)
          element = is_float_tag<Tag> ? std::numeric_limits<Store<Tag>>::quiet_NaN() : static_cast<Store<Tag>>(not_a_time);
      }
    }
  });
  return block;
}

/// Equal, or floats within `ulps` units in the last place; NaN equals NaN.
inline bool close(const NdArray& a, const NdArray& b, double ulps) {
  if (a.dtype() != b.dtype() || a.shape() != b.shape()) return false;
  if (!is_float(a.dtype())) return identical(a, b);
  const double eps = a.dtype() == DType::float32 ? 0x1p-23 : 0x1p-52;
  for (std::int64_t i = 0; i < a.size(); ++i) {
    const double x = a.as_double(i), y = b.as_double(i);
    if (std::isnan(x) && std::isnan(y)) continue;
    if (x == y) continue;
    if (!(std::abs(x - y) <= ulps * eps * std::max(std::abs(x), std::abs(y)))) return false;
  }
  return true;
}

}  // namespace rankine::kernel::testing
