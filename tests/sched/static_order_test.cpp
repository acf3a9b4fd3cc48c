#include <catch2/catch.hpp>

#include "base/error.hpp"
#include "sched/explicit_graph.hpp"
#include "sched/static_order.hpp"

using namespace rankine;
using namespace rankine::sched;

namespace {

std::vector<std::uint32_t> order_of(const std::vector<ExplicitTask>& tasks) {
  std::vector<std::uint32_t> ids;
  const StaticOrder order = compute_static_order(ExplicitGraph(tasks));
  for (std::uint32_t place = 0; place < order.at_rank.size(); ++place) {
    ids.push_back(order.at_rank[place].value);
    CHECK(order.rank[order.at_rank[place].value] == place);
  }
  return ids;
}
ExplicitTask task(std::vector<TaskId> inputs, std::uint64_t bytes, std::uint32_t cost_us = 1) {
  ExplicitTask t;
  t.inputs = std::move(inputs);
  t.output_bytes = {bytes};
  t.cost_us = cost_us;
  return t;
}

/// Two tasks that wait for each other.
struct Cycle : TaskGraph {
  std::uint32_t task_count() const override { return 2; }
  void dependencies(TaskId t, std::vector<TaskId>& out) const override { out.push_back({1 - t.value}); }
  void dependents(TaskId t, std::vector<TaskId>& out) const override { out.push_back({1 - t.value}); }
  Bytes output_bytes(TaskId) const override { return {}; }
  Bytes scratch_bytes(TaskId) const override { return {}; }
  std::uint32_t cost_us(TaskId) const override { return 1; }
  PinGroup pin_group(TaskId) const override { return {}; }
  bool is_wanted(TaskId) const override { return false; }
  std::string describe(TaskId t) const override { return "mean " + std::to_string(t.value); }
};

}  // namespace

TEST_CASE("a tree reduction is ordered subtree by subtree") {
  CHECK(order_of({task({}, 8), task({}, 8), task({}, 8), task({}, 8), task({{0}, {1}}, 1), task({{2}, {3}}, 1),
                  task({{4}, {5}}, 1)}) == std::vector<std::uint32_t>{0, 1, 4, 2, 3, 5, 6});
}

TEST_CASE("chains are ordered one after the other") {
  CHECK(order_of({task({}, 8), task({}, 8), task({{0}}, 8), task({{1}}, 8), task({{2}}, 8), task({{3}}, 8)}) ==
        std::vector<std::uint32_t>{0, 2, 4, 1, 3, 5});
}

TEST_CASE("all readers of a block follow at once when they free it together") {
  // 0 and 1 are read for two outputs: sums 2, 3 -> 6 and squares 4, 5 -> 7.
  CHECK(order_of({task({}, 80), task({}, 80), task({{0}}, 1), task({{1}}, 1), task({{0}}, 1), task({{1}}, 1),
                  task({{2}, {3}}, 1), task({{4}, {5}}, 1)}) ==
        std::vector<std::uint32_t>{0, 2, 4, 1, 3, 5, 6, 7});
}

TEST_CASE("the input on the longest path goes first") {
  CHECK(order_of({task({}, 1), task({}, 1, 50), task({{1}}, 1), task({{0}, {2}}, 1)}) ==
        std::vector<std::uint32_t>{1, 2, 0, 3});
}

TEST_CASE("a cycle is an error that names a task") {
  CHECK_THROWS_WITH(compute_static_order(Cycle{}), "the task graph has a cycle: mean 0 waits for itself");
}
