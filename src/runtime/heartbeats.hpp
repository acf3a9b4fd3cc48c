#pragma once
#include <cstdint>
#include <vector>

#include "base/bytes.hpp"

namespace rankine::runtime {

struct HeartbeatOptions {
  std::uint64_t interval_ms = 3000;   ///< between a rank's signs of life
  std::uint64_t timeout_ms = 9000;    ///< a rank that is silent for so long is taken for lost
  std::uint64_t start_ms = 60'000;    ///< the same for a rank that has not said anything yet
};

/// Who has been silent for too long. Pure: time comes in.
///
/// Silence only counts while somebody listens: when the listener itself was away (a script that computes, a job that was
/// suspended as a whole), everyone gets the full time again.
class Heartbeats {
 public:
  Heartbeats(std::size_t ranks, HeartbeatOptions options) : options_(options), silent_since_(ranks), watched_(ranks, 0) {}

  void watch(int rank, Instant now) { set(rank, 1, now); }
  /// Any message counts.
  void heard(int rank, Instant now) {
    if (is_watched(rank)) set(rank, 2, now);
  }
  void forget(int rank) { watched_[static_cast<std::size_t>(rank)] = 0; }
  bool is_watched(int rank) const { return watched_[static_cast<std::size_t>(rank)] != 0; }

  /// Ranks whose silence is too long. Cheap when it is called again soon: it looks a few times an interval.
  std::vector<int> overdue(Instant now);

 private:
  void set(int rank, std::uint8_t state, Instant now) {
    watched_[static_cast<std::size_t>(rank)] = state;
    silent_since_[static_cast<std::size_t>(rank)] = now;
  }
  static std::int64_t ns(std::uint64_t ms) { return static_cast<std::int64_t>(ms) * 1'000'000; }

  HeartbeatOptions options_;
  std::vector<Instant> silent_since_;
  std::vector<std::uint8_t> watched_;  ///< 0: no; 1: not heard of yet; 2: yes
  Instant last_call_, last_look_;
};

}  // namespace rankine::runtime
