#include <catch2/catch.hpp>

#include "runtime/heartbeats.hpp"

using namespace rankine;
using namespace rankine::runtime;

namespace {

constexpr Instant at_ms(std::int64_t ms) { return Instant{ms * 1'000'000}; }

/// Listens all the time from `begin` to `end` and gives who was late at last.
std::vector<int> listen(Heartbeats& heartbeats, std::int64_t begin_ms, std::int64_t end_ms) {
  std::vector<int> late;
  for (std::int64_t ms = begin_ms; ms <= end_ms; ms += 10) {
    const auto now = heartbeats.overdue(at_ms(ms));
    if (!now.empty()) late = now;
  }
  return late;
}

const HeartbeatOptions options{.interval_ms = 100, .timeout_ms = 300, .start_ms = 1000};

}  // namespace

TEST_CASE("a rank that is silent for too long is late, others are not") {
  Heartbeats heartbeats(3, options);
  heartbeats.watch(1, at_ms(0));
  heartbeats.watch(2, at_ms(0));
  CHECK(listen(heartbeats, 0, 50).empty());
  heartbeats.heard(1, at_ms(50));
  heartbeats.heard(2, at_ms(50));
  CHECK(listen(heartbeats, 60, 300).empty());
  heartbeats.heard(2, at_ms(300));
  CHECK(listen(heartbeats, 310, 450) == std::vector<int>{1});
  heartbeats.forget(1);
  heartbeats.heard(2, at_ms(450));
  CHECK(listen(heartbeats, 460, 700).empty());
}

TEST_CASE("a rank that has not spoken yet has more time") {
  Heartbeats heartbeats(2, options);
  heartbeats.watch(1, at_ms(0));
  CHECK(listen(heartbeats, 0, 1000).empty());
  CHECK(listen(heartbeats, 1010, 1100) == std::vector<int>{1});
}

TEST_CASE("silence does not count while nobody listens") {
  Heartbeats heartbeats(2, options);
  heartbeats.watch(1, at_ms(0));
  heartbeats.heard(1, at_ms(0));
  CHECK(listen(heartbeats, 0, 200).empty());
  // The job was suspended, or the script computed for an hour.
  CHECK(listen(heartbeats, 3'600'000, 3'600'250).empty());
  CHECK(listen(heartbeats, 3'600'260, 3'600'400) == std::vector<int>{1});
}
