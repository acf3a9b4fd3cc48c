#pragma once
#include "base/bytes.hpp"

namespace rankine::exec {

/// The monotonic clock of this process.
Instant now();

/// Seconds from `start` to `end`.
inline double seconds_between(Instant start, Instant end) {
  return static_cast<double>(end.ns - start.ns) * 1e-9;
}

}  // namespace rankine::exec
