#pragma once
#include <chrono>
#include <cstdint>
#include <optional>

#include "base/bytes.hpp"
#include "exec/notifier.hpp"

namespace rankine::transport {

/// How the communication thread waits when there is nothing to do.
///
/// A transport that must be polled (MPI): spin for `spin`, so that a reply which is on its way is seen in
/// microseconds; then give the core away between looks for `yield`; then sleep for an eighth of the time that
/// it has waited already, `longest_sleep` at most, but wake at once when the notifier rings. So an answer is seen
/// late by a few percent of the time that it took, and an idle rank hardly runs: forty looks for what comes after 30 ms. With more ranks than cores
/// this leaves the core to whoever has work. A transport that wakes on arrival: sleep until rung, for on a busy
/// machine a core that is given away comes back a time slice later, and one that is woken for is there at once.
struct BackoffPolicy {
  std::chrono::nanoseconds spin = std::chrono::microseconds(50);
  std::chrono::nanoseconds yield = std::chrono::microseconds(50);
  std::chrono::nanoseconds shortest_sleep = std::chrono::microseconds(5);
  std::chrono::nanoseconds longest_sleep = std::chrono::milliseconds(2);
};

class Backoff {
 public:
  /// `wakes_on_arrival` as the transport says.
  Backoff(exec::Notifier& wake, bool wakes_on_arrival, BackoffPolicy policy = {});

  /// There was something to do: the next wait starts by spinning again.
  void reset();

  /// There was nothing to do: wait a little, never past `deadline` (a timer of the state machines).
  /// Without a deadline and with a transport that wakes on arrival it sleeps until rung.
  void wait(std::optional<Instant> deadline = std::nullopt);

 private:
  exec::Notifier& wake_;
  bool wakes_on_arrival_;
  BackoffPolicy policy_;
  std::int64_t idle_since_ns_ = -1;
};

}  // namespace rankine::transport
