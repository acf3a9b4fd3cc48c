#include <catch2/catch.hpp>

#include <memory>
#include <optional>
#include <vector>

#include "sched/explicit_graph.hpp"
#include "sched/scheduler.hpp"

using namespace rankine;
using namespace rankine::sched;

namespace {

/// `count` tasks without edges, all wanted.
std::shared_ptr<const TaskGraph> loose_tasks(std::uint32_t count) {
  std::vector<ExplicitTask> tasks(count);
  for (auto& task : tasks) {
    task.output_bytes = {8};
    task.wanted = true;
  }
  return std::make_shared<ExplicitGraph>(tasks);
}

/// Where the task was assigned last, by the actions since; nothing if it was not.
std::optional<WorkerId> taken_to(Actions& actions, TaskId task) {
  std::optional<WorkerId> where;
  for (const Action& action : actions.list)
    if (const auto* assign = std::get_if<Assign>(&action); assign != nullptr && assign->task == task) where = assign->worker;
  actions.clear();
  return where;
}

struct Bench {
  explicit Bench(SchedulerOptions options, std::uint32_t workers = 5, std::uint32_t tasks = 1)
      : scheduler(options, loose_tasks(tasks)) {
    for (std::uint32_t rank = 0; rank < workers; ++rank)
      scheduler.on_worker_joined({}, {rank}, {.node = rank / 2, .hosts_scheduler = rank == 0}, actions);
    scheduler.start({}, actions);
  }
  Scheduler scheduler;
  Actions actions;
};

SchedulerOptions options_for_tests() {
  SchedulerOptions options;
  options.retry_delay_ms = 0;
  return options;
}

}  // namespace

TEST_CASE("a task during which workers die goes to others than rank 0's, and is stopped after three") {
  Bench bench(options_for_tests());
  WorkerId at = *taken_to(bench.actions, {0});
  const TaskId suspect{0};
  for (int kill = 0; kill < 3; ++kill) {
    REQUIRE_FALSE(bench.scheduler.failed());
    bench.scheduler.on_worker_lost({}, at, bench.actions, {&suspect, 1}, "was killed by signal 11");
    bench.scheduler.sanity_check();
    const auto next = taken_to(bench.actions, suspect);
    CHECK(next.has_value() == (kill < 2));
    if (!next) break;
    CHECK(next->value != 0);
    at = *next;
  }
  REQUIRE(bench.scheduler.failed());
  const FailureReport& failure = bench.scheduler.failure();
  CHECK(failure.task == suspect);
  CHECK(failure.killed_workers);
  REQUIRE(failure.attempts.size() == 3);
  CHECK(failure.attempts[2].message == "was killed by signal 11");
  CHECK(failure.attempts[2].worker == at);
}

TEST_CASE("a task that was only queued at workers that died is not suspected") {
  Bench bench(options_for_tests());
  for (int kill = 0; kill < 4; ++kill) {
    const WorkerId at = *taken_to(bench.actions, {0});
    bench.scheduler.on_worker_lost({}, at, bench.actions, {}, "was killed by signal 9");
  }
  CHECK_FALSE(bench.scheduler.failed());
  CHECK(taken_to(bench.actions, {0}).has_value());
}

TEST_CASE("where the run keeps going, a task that kills workers ends alone") {
  SchedulerOptions options = options_for_tests();
  options.keep_going = true;
  options.max_worker_kills = 1;
  Bench bench(options, 2, 3);
  const TaskId suspect{1};
  const WorkerId at = *taken_to(bench.actions, suspect);
  bench.scheduler.on_worker_lost({}, at, bench.actions, {&suspect, 1}, "was killed by signal 11");
  bench.scheduler.sanity_check();
  CHECK(bench.scheduler.state(suspect) == TaskState::erred);
  CHECK(bench.scheduler.error_of(suspect).killed_workers);
  CHECK_FALSE(bench.scheduler.failed());
}

TEST_CASE("a task that failed is tried on another node, then at another worker, then where it failed first") {
  SchedulerOptions options = options_for_tests();
  options.max_attempts = 9;
  Bench bench(options, 4);  // workers 0 and 1 on one node, 2 and 3 on the other
  const TaskId task{0};
  WorkerId at = *taken_to(bench.actions, task);
  std::vector<std::uint32_t> nodes, workers;
  for (std::uint32_t attempt = 1; attempt <= 4; ++attempt) {
    nodes.push_back(at.value / 2);
    workers.push_back(at.value);
    bench.scheduler.on_task_failed({}, at, task, attempt, "no such file", false, bench.actions);
    bench.scheduler.sanity_check();
    at = *taken_to(bench.actions, task);
  }
  CHECK(nodes[0] != nodes[1]);
  std::sort(workers.begin(), workers.end());
  CHECK(workers == std::vector<std::uint32_t>{0, 1, 2, 3});
}

TEST_CASE("finished tasks whose effects are in doubt run again, with what they need, and the run ends again") {
  // read -> write, twice; nothing is wanted.
  std::vector<ExplicitTask> tasks(4);
  for (auto& task : tasks) task.output_bytes = {8};
  tasks[2].inputs = {{0}};
  tasks[3].inputs = {{1}};
  Scheduler scheduler(options_for_tests(), std::make_shared<ExplicitGraph>(tasks));
  Actions actions;
  for (std::uint32_t rank = 0; rank < 2; ++rank) scheduler.on_worker_joined({}, {rank}, {.node = rank}, actions);
  scheduler.start({}, actions);
  std::vector<std::uint32_t> runs(4, 0);
  const auto finish_all = [&] {
    while (true) {
      std::vector<FinishedTask> reports;
      for (const Action& action : actions.list)
        if (const auto* assign = std::get_if<Assign>(&action)) {
          ++runs[assign->task.value];
          reports.push_back({assign->worker, assign->task, assign->attempt, {8}, 1});
        }
      actions.clear();
      if (reports.empty()) return;
      scheduler.on_tasks_finished({}, reports, actions);
      scheduler.sanity_check();
    }
  };
  finish_all();
  REQUIRE(scheduler.succeeded());
  const std::vector<TaskId> doubtful{{3}, {1}};  // of 1 only its reader is left to doubt
  scheduler.on_effects_lost({}, doubtful, actions);
  scheduler.sanity_check();
  CHECK_FALSE(scheduler.succeeded());
  finish_all();
  CHECK(scheduler.succeeded());
  CHECK(runs == std::vector<std::uint32_t>{1, 2, 1, 2});
}
