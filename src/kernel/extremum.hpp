#pragma once
#include <limits>

#include "kernel/element_type.hpp"

namespace rankine::kernel {

/// Running minimum or maximum. With skip, a missing value (NaN, NaT) is the identity and gives way to
/// any value; without, it sticks once met, and the identity is the far end of the range.
template <class Tag, bool least, bool skip>
struct Extremum {
  using T = Store<Tag>;
  static constexpr bool skips = skip && has_missing<Tag>;

  static constexpr T identity() {
    if constexpr (is_float_tag<Tag>) {
      if (skips) return std::numeric_limits<T>::quiet_NaN();
      return least ? std::numeric_limits<T>::infinity() : -std::numeric_limits<T>::infinity();
    } else if constexpr (is_time_tag<Tag>) {
      if (skips) return not_a_time;
      return least ? std::numeric_limits<T>::max() : not_a_time + 1;
    } else if constexpr (is_bool_tag<Tag>) return least ? 1 : 0;
    else return least ? std::numeric_limits<T>::max() : std::numeric_limits<T>::min();
  }

  static constexpr T pick(T held, T x) {
    const bool beyond = least ? x < held : x > held;
    if constexpr (is_float_tag<Tag>) {
      // Two selections, each one blend: a joint condition is compiled to branches, slow among NaN.
      const T farther = beyond ? x : held;
      const T decides = skips ? held : x;
      return decides == decides ? farther : x;
    }
    else if constexpr (is_time_tag<Tag> && skips) {
      // NaT is the smallest int64, so it loses every maximum by itself.
      return least ? ((x != not_a_time) & (beyond | (held == not_a_time)) ? x : held) : (beyond ? x : held);
    } else if constexpr (is_time_tag<Tag>) {
      return least ? (beyond ? x : held) : ((beyond & (held != not_a_time)) | (x == not_a_time) ? x : held);
    } else return beyond ? x : held;
  }
};

}  // namespace rankine::kernel
