#include <catch2/catch.hpp>
#include <type_traits>
#include <unordered_set>

#include "base/ids.hpp"
#include "base/prng.hpp"

using namespace rankine;

TEST_CASE("ids of different kinds are different types, and ids of one kind have an order") {
  STATIC_REQUIRE_FALSE(std::is_convertible_v<TaskId, WorkerId>);
  STATIC_REQUIRE_FALSE(std::is_convertible_v<std::uint32_t, TaskId>);
  STATIC_REQUIRE_FALSE(std::is_same_v<LayerId, PinGroup>);
  CHECK(TaskId{1} < TaskId{2});
  CHECK(WorkerId{} == WorkerId{0});
  CHECK(PinGroup{1} != PinGroup{2});
  std::unordered_set<TaskId> tasks{{1}, {2}, {1}};
  CHECK(tasks.size() == 2);
  CHECK(std::unordered_set<WorkerId>{{4}, {4}}.size() == 1);
}

TEST_CASE("the generator is SplitMix64") {
  // The first numbers of the authors' own program for this seed.
  Prng prng(1234567);
  CHECK(prng.next() == 6457827717110365317u);
  CHECK(prng.next() == 3203168211198807973u);
  CHECK(prng.next() == 9817491932198370423u);
  CHECK(prng.next() == 4593380528125082431u);
  CHECK(prng.next() == 16408922859458223821u);
}

TEST_CASE("one seed gives one sequence, and another seed another") {
  Prng first(7), again(7), other(8);
  for (int i = 0; i < 100; ++i) {
    const auto value = first.next();
    CHECK(value == again.next());
    CHECK(value != other.next());
  }
}

TEST_CASE("numbers below a bound and in the unit interval stay there and are evenly spread") {
  Prng prng(1);
  std::vector<int> counts(10, 0);
  double sum = 0;
  int hits = 0;
  constexpr int draws = 100000;
  for (int i = 0; i < draws; ++i) {
    ++counts.at(prng.below(10));
    const double value = prng.uniform();
    REQUIRE((value >= 0 && value < 1));
    sum += value;
    hits += prng.chance(0.25) ? 1 : 0;
  }
  for (const int count : counts) CHECK(std::abs(count - draws / 10) < 500);  // five standard deviations are 474
  CHECK(std::abs(sum / draws - 0.5) < 0.005);
  CHECK(std::abs(hits - draws / 4) < 700);
  CHECK_FALSE(prng.chance(0));
  CHECK(prng.chance(1));
}
