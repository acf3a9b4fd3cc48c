#include "runtime/heartbeats.hpp"

#include <algorithm>

namespace rankine::runtime {

std::vector<int> Heartbeats::overdue(Instant now) {
  const bool was_away = now.ns - last_call_.ns > ns(options_.interval_ms);
  last_call_ = now;
  if (was_away) {
    for (Instant& since : silent_since_) since = std::max(since, now);
    last_look_ = now;
    return {};
  }
  if (now.ns - last_look_.ns < ns(options_.interval_ms) / 4) return {};
  last_look_ = now;
  std::vector<int> late;
  for (std::size_t rank = 0; rank < watched_.size(); ++rank) {
    if (watched_[rank] == 0) continue;
    const std::uint64_t patience_ms = watched_[rank] == 1 ? std::max(options_.start_ms, options_.timeout_ms) : options_.timeout_ms;
    if (now.ns - silent_since_[rank].ns > ns(patience_ms)) late.push_back(static_cast<int>(rank));
  }
  return late;
}

}  // namespace rankine::runtime
