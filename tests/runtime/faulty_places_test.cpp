#include <catch2/catch.hpp>

#include "runtime/faulty_places.hpp"

using namespace rankine;
using namespace rankine::runtime;

namespace {

const std::vector<FaultyPlaces::Place> two_nodes{{0, "a"}, {1, "a"}, {2, "b"}, {3, "b"}};

/// Task `number` fails at `failing` and then succeeds at `succeeding`.
FaultyPlaces::Verdict refute(FaultyPlaces& places, std::uint32_t number, int failing, int succeeding) {
  places.failed({number}, failing, "no such file");
  return places.succeeded({number}, succeeding);
}

}  // namespace

TEST_CASE("a worker where three tasks failed that succeeded elsewhere is named, once") {
  FaultyPlaces places(two_nodes, 3);
  CHECK(refute(places, 1, 2, 3).ranks.empty());
  CHECK(refute(places, 2, 2, 0).ranks.empty());
  const auto verdict = refute(places, 3, 2, 1);
  CHECK(verdict.ranks == std::vector<int>{2});
  CHECK(verdict.node.empty());
  CHECK(verdict.message == "no such file");
  CHECK(verdict.failures == 3);
  CHECK(refute(places, 4, 2, 1).ranks.empty());
  CHECK(places.is_idle());
}

TEST_CASE("a node is named when two of its workers fail where only other nodes succeed") {
  FaultyPlaces places(two_nodes, 3);
  CHECK(refute(places, 1, 2, 0).ranks.empty());
  CHECK(refute(places, 2, 3, 1).ranks.empty());
  const auto verdict = refute(places, 3, 2, 1);
  CHECK(verdict.ranks == std::vector<int>{2, 3});
  CHECK(verdict.node == "b");
}

TEST_CASE("a task that fails everywhere, or now and then at one place, accuses nobody") {
  FaultyPlaces places(two_nodes, 1);
  places.failed({1}, 0, "wrong");
  places.failed({1}, 2, "wrong");
  CHECK_FALSE(places.is_idle());
  places.failed({2}, 1, "hiccup");
  CHECK(places.succeeded({2}, 1).ranks.empty());
  CHECK(places.succeeded({3}, 1).ranks.empty());
  FaultyPlaces never(two_nodes, 0);
  CHECK(refute(never, 1, 2, 3).ranks.empty());
}
