#include <catch2/catch.hpp>

#include <algorithm>
#include <set>

#include "sched/explicit_graph.hpp"
#include "sched/regular_graph.hpp"
#include "sched/scheduler.hpp"
#include "sched/static_order.hpp"

using namespace rankine;
using namespace rankine::sched;

namespace {

/// "3@1 0@2": task 3 at worker 1, then task 0 at worker 2.
std::string assignments(const Actions& actions) {
  std::string text;
  for (const Action& action : actions.list)
    if (const auto* assign = std::get_if<Assign>(&action))
      text += (text.empty() ? "" : " ") + std::to_string(assign->task.value) + "@" + std::to_string(assign->worker.value);
  return text;
}

ExplicitTask root(std::uint32_t cost_us = 10) {
  ExplicitTask task;
  task.output_bytes = {100};
  task.cost_us = cost_us;
  return task;
}

/// Roots alone; `localities[i]` is task i's.
class ChunkReaders final : public TaskGraph {
 public:
  explicit ChunkReaders(std::vector<std::uint64_t> localities) : localities_(std::move(localities)) {}
  std::uint32_t task_count() const override { return static_cast<std::uint32_t>(localities_.size()); }
  void dependencies(TaskId, std::vector<TaskId>&) const override {}
  void dependents(TaskId, std::vector<TaskId>&) const override {}
  Bytes output_bytes(TaskId) const override { return {8}; }
  Bytes scratch_bytes(TaskId) const override { return {}; }
  std::uint32_t cost_us(TaskId) const override { return 1000; }
  PinGroup pin_group(TaskId) const override { return {}; }
  bool is_wanted(TaskId) const override { return true; }
  std::string describe(TaskId task) const override { return "task " + std::to_string(task.value); }
  bool has_localities() const override { return true; }
  std::uint64_t locality(TaskId task) const override { return localities_[task.value]; }

 private:
  std::vector<std::uint64_t> localities_;
};

}  // namespace

TEST_CASE("roots that read pieces of one chunk run at one worker, wherever they stand in the static order") {
  constexpr std::uint32_t chunks = 60, pieces = 5, workers = 4;
  std::vector<std::uint64_t> localities;
  for (std::uint32_t i = 0; i < chunks * pieces; ++i) localities.push_back(1 + i % chunks);
  Scheduler scheduler({}, std::make_shared<ChunkReaders>(localities));
  Actions actions;
  for (std::uint32_t w = 1; w <= workers; ++w) scheduler.on_worker_joined({}, {w}, {w, 1, {}, {}}, actions);
  scheduler.start({}, actions);
  std::vector<std::set<std::uint32_t>> readers(chunks);
  std::uint32_t runs = 0;
  std::vector<Action> open;
  while (!actions.list.empty() || !open.empty()) {
    open.insert(open.end(), actions.list.begin(), actions.list.end());
    actions.clear();
    const Action action = open.front();
    open.erase(open.begin());
    if (const auto* assign = std::get_if<Assign>(&action)) {
      readers[assign->task.value % chunks].insert(assign->worker.value);
      ++runs;
      scheduler.on_task_finished({}, assign->worker, assign->task, assign->attempt, {8}, 1000, actions);
      scheduler.sanity_check();
    }
  }
  CHECK(runs == chunks * pieces);
  std::size_t decoded = 0;
  for (const auto& workers_of_chunk : readers) decoded += workers_of_chunk.size();
  // In static order each of the five pieces of a chunk would be far from the others: nearly each at another worker. The
  // few that are parted were stolen at the end.
  CHECK(decoded <= chunks + workers);
}

TEST_CASE("a task with a priority goes first, with all that it needs") {
  std::vector<ExplicitTask> tasks(6, root());
  tasks[4].inputs = {{0}};
  tasks[5].inputs = {{3}};
  tasks[5].priority = 7;
  const StaticOrder order = compute_static_order(ExplicitGraph(tasks));
  CHECK(order.at_rank == std::vector<TaskId>{{3}, {5}, {0}, {4}, {1}, {2}});
}

TEST_CASE("tasks that need a resource run where it is, no more at once than there is of it") {
  std::vector<ExplicitTask> tasks(5, root());
  for (std::size_t i = 0; i < 3; ++i) tasks[i].needs = {{.resource = 1, .amount = 1}};
  const auto graph = std::make_shared<ExplicitGraph>(tasks);
  SchedulerOptions options;
  options.queued_ahead_per_worker = 4;
  Scheduler scheduler(options, graph);
  Actions actions;
  scheduler.on_worker_joined({}, {1}, {0, 1, {}, {}}, actions);
  scheduler.on_worker_joined({}, {2}, {0, 2, {}, {5, 2}}, actions);
  scheduler.start({}, actions);
  scheduler.sanity_check();
  CHECK(assignments(actions) == "3@1 4@1 0@2 1@2");
  actions.clear();
  scheduler.on_task_finished({}, {2}, {0}, 1, {100}, 10, actions);
  scheduler.sanity_check();
  CHECK(assignments(actions) == "2@2");
}

TEST_CASE("a resource that no worker has ends the run with its name") {
  std::vector<ExplicitTask> tasks(1, root());
  tasks[0].needs = {{.resource = 0, .amount = 2}};
  Scheduler scheduler({}, std::make_shared<ExplicitGraph>(tasks));
  Actions actions;
  scheduler.on_worker_joined({}, {1}, {0, 1, {}, {1}}, actions);
  scheduler.start({}, actions);
  REQUIRE(scheduler.failed());
  CHECK(scheduler.failure().what == "task 0 needs 2 of resource 0, which no worker has");
}

TEST_CASE("what tasks of a class really took replaces the hint for the others") {
  std::vector<ExplicitTask> tasks(40, root(10));
  for (std::size_t i = 20; i < 40; ++i) tasks[i].cost_class = 1;
  Scheduler scheduler({}, std::make_shared<ExplicitGraph>(tasks));
  Actions actions;
  scheduler.on_worker_joined({}, {1}, {0, 1, {}, {}}, actions);
  scheduler.start({}, actions);
  for (std::uint32_t i = 0; i < 10; ++i) {
    scheduler.on_task_finished({}, {1}, {i}, 1, {100}, 1000, actions);
    scheduler.sanity_check();
  }
  CHECK(scheduler.expected_cost_us({15}) == 1000);
  CHECK(scheduler.expected_cost_us({25}) == 10);
}

TEST_CASE("later durations outweigh earlier ones by the learning rate, and a rate of 0 believes the hints") {
  for (const double rate : {0.25, 0.0}) {
    SchedulerOptions options;
    options.cost_learning_rate = rate;
    Scheduler scheduler(options, std::make_shared<ExplicitGraph>(std::vector<ExplicitTask>(40, root(10))));
    Actions actions;
    scheduler.on_worker_joined({}, {1}, {0, 1, {}, {}}, actions);
    scheduler.start({}, actions);
    std::uint32_t i = 0;
    for (const std::uint32_t took_us : {1000u, 2000u, 2000u, 2000u}) scheduler.on_task_finished({}, {1}, {i++}, 1, {100}, took_us, actions);
    // 1000, then 1000 + 1000 / 4, then 1250 + 750 / 4, then 1437.5 + 562.5 / 4.
    CHECK(scheduler.expected_cost_us({30}) == (rate == 0 ? 10u : 1578u));
    scheduler.sanity_check();
  }
}

TEST_CASE("measured short tasks are queued ahead by time, others by number") {
  SchedulerOptions options;
  options.queued_ahead_us = 100;
  for (const std::uint32_t took_us : {5u, 5000u}) {
    RegularLayer layer;
    layer.width = 200;
    layer.cost_us = 5;
    Scheduler scheduler(options, std::make_shared<RegularGraph>(std::vector{layer}));
    Actions actions;
    scheduler.on_worker_joined({}, {1}, {0, 1, {}, {}}, actions);
    scheduler.start({}, actions);
    const std::uint32_t at_first = scheduler.assigned_count();
    for (std::uint32_t i = 0; i < 4; ++i) scheduler.on_task_finished({}, {1}, {i}, 1, {}, took_us, actions);
    scheduler.sanity_check();
    CHECK(at_first == 2);
    CHECK(scheduler.assigned_count() == (took_us == 5 ? 20 : 2));
  }
}

TEST_CASE("regular layers give the edges that explicit ones would store") {
  std::vector<RegularLayer> layers(7);
  layers[0].width = 20;
  layers[1] = {.width = 20, .edges = {{0, Pattern::same, 1}}};
  layers[2] = {.width = 20, .edges = {{1, Pattern::near, 2}}};
  layers[3] = {.width = 3, .edges = {{2, Pattern::fan_in, 7}}};
  layers[4] = {.width = 20, .edges = {{3, Pattern::fan_out, 7}, {0, Pattern::same, 1}}};
  layers[5] = {.width = 20, .edges = {{4, Pattern::group, 6}}};
  layers[6] = {.width = 2, .edges = {{5, Pattern::all, 1}}};
  const RegularGraph regular(layers);
  std::vector<ExplicitTask> tasks(regular.task_count());
  for (std::uint32_t i = 0; i < regular.task_count(); ++i) regular.dependencies({i}, tasks[i].inputs);
  const ExplicitGraph stored(tasks);
  const auto copied = with_stored_edges(std::make_shared<RegularGraph>(layers));
  CHECK(copied->describe({21}) == "layer 1 (1,)");
  CHECK(copied->cost_class({21}) == 1);
  CHECK(compute_static_order(*copied).at_rank == compute_static_order(regular).at_rank);
  std::size_t edges = 0;
  std::vector<TaskId> a, b;
  for (std::uint32_t i = 0; i < regular.task_count(); ++i) {
    const auto readers = regular.dependents_of({i}, a);
    const auto expected = stored.dependents_of({i}, b);
    std::vector<TaskId> sorted(readers.begin(), readers.end());
    std::sort(sorted.begin(), sorted.end());
    CHECK(std::equal(sorted.begin(), sorted.end(), expected.begin(), expected.end()));
    edges += tasks[i].inputs.size();
  }
  CHECK(edges == 20 + (20 * 5 - 6) + 20 + 40 + (3 * 36 + 4) + 40);
}
