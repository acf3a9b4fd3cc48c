#include "exec/clock.hpp"

#include <chrono>

namespace rankine::exec {

Instant now() {
  const auto since_start = std::chrono::steady_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::nanoseconds>(since_start).count()};
}

}  // namespace rankine::exec
