#include "transport/backoff.hpp"

#include <sched.h>

#include <algorithm>

#include "exec/clock.hpp"

namespace rankine::transport {

Backoff::Backoff(exec::Notifier& wake, bool wakes_on_arrival, BackoffPolicy policy)
    : wake_(wake), wakes_on_arrival_(wakes_on_arrival), policy_(policy) {}

void Backoff::reset() {
  idle_since_ns_ = -1;
}

void Backoff::wait(std::optional<Instant> deadline) {
  const std::int64_t now_ns = exec::now().ns;
  if (deadline && deadline->ns <= now_ns) return;
  if (idle_since_ns_ < 0) idle_since_ns_ = now_ns;
  const std::chrono::nanoseconds idle(now_ns - idle_since_ns_);
  if (wakes_on_arrival_) {
    if (deadline) {
      wake_.wait_for(std::chrono::nanoseconds(deadline->ns - now_ns));
    } else {
      wake_.wait();
    }
    return;
  }
  if (idle < policy_.spin) return;
  if (idle < policy_.spin + policy_.yield) {
    sched_yield();
    return;
  }
  std::chrono::nanoseconds sleep = std::min(std::max(idle / 8, policy_.shortest_sleep), policy_.longest_sleep);
  if (deadline) sleep = std::min(sleep, std::chrono::nanoseconds(deadline->ns - now_ns));
  if (wake_.wait_for(sleep)) reset();
}

}  // namespace rankine::transport
