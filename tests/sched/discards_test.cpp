#include <catch2/catch.hpp>

#include <memory>
#include <string>
#include <vector>

#include "sched/explicit_graph.hpp"
#include "sched/scheduler.hpp"

using namespace rankine;
using namespace rankine::sched;

namespace {

/// Tasks 0 and 1 read, 2 is made of both, 3 of 0 and 2; 3 is wanted. One worker, one task at a time.
struct Bench {
  std::shared_ptr<const ExplicitGraph> graph;
  Scheduler scheduler;
  Actions out;
  Bench() : graph(make()), scheduler({.queued_ahead_per_worker = 0, .queued_ahead_us = 0, .roots_ahead_per_worker = 0}, graph) {
    scheduler.on_worker_joined({}, {1}, {.memory_limit = {1000}}, out);
    scheduler.start({}, out);
  }
  static std::shared_ptr<const ExplicitGraph> make() {
    const ExplicitTask read{.inputs = {}, .output_bytes = {10}, .scratch_bytes = {}, .cost_us = 10};
    std::vector<ExplicitTask> tasks(4, read);
    tasks[2].inputs = {{0}, {1}};
    tasks[3].inputs = {{0}, {2}};
    tasks[3].wanted = true;
    return std::make_shared<const ExplicitGraph>(tasks);
  }
  std::string said() {
    scheduler.sanity_check();
    std::string text;
    for (const Action& action : out.list) {
      std::string one;
      if (const auto* assign = std::get_if<Assign>(&action)) one = "run " + std::to_string(assign->task.value);
      else if (const auto* release = std::get_if<Release>(&action))
        for (const TaskId task : out.tasks(*release)) one += (one.empty() ? "release " : " ") + std::to_string(task.value);
      else if (std::holds_alternative<RunSucceeded>(action)) one = "succeeded";
      else one = "other";
      text += (text.empty() ? "" : "; ") + one;
    }
    out.clear();
    return text;
  }
  std::string done(std::uint32_t task, std::uint32_t attempt = 1) {
    scheduler.on_task_finished({}, {1}, {task}, attempt, {10}, 10, out);
    return said();
  }
  std::string lost(std::uint32_t task, bool discarded) {
    const TaskId gone{task};
    scheduler.on_outputs_lost({}, {1}, {&gone, 1}, discarded, out);
    return said();
  }
};

}  // namespace

TEST_CASE("an output that its worker cannot read back is computed again at once, one that it gave up when it is needed") {
  for (const bool discarded : {false, true}) {
    Bench bench;
    CHECK(bench.said() == "run 0");
    CHECK(bench.done(0) == "run 1");
    CHECK(bench.done(1) == "run 2");
    // 0 was held for 3, which does not run yet.
    CHECK(bench.lost(0, discarded) == "");
    CHECK(bench.scheduler.held_bytes({1}) == Bytes{10});
    CHECK(bench.scheduler.state({0}) == (discarded ? TaskState::waiting : TaskState::ready));
    CHECK(bench.done(2) == "release 1; run 0");
    CHECK(bench.done(0, 2) == "run 3");
    CHECK(bench.done(3) == "release 0 2; succeeded");
    bench.scheduler.on_wanted_taken({}, {3}, bench.out);
    CHECK(bench.said() == "release 3");
  }
}

TEST_CASE("what a discarded output needs of released ones is computed again with it, not before") {
  Bench bench;
  bench.said();
  bench.done(0);
  bench.done(1);
  CHECK(bench.done(2) == "release 1; run 3");
  CHECK(bench.scheduler.state({1}) == TaskState::released);
  CHECK(bench.lost(2, true) == "");  // 3 is under way and has its input perhaps
  CHECK(bench.scheduler.state({1}) == TaskState::released);
  bench.scheduler.on_input_missing({}, {1}, {3}, 1, {2}, bench.out);
  CHECK(bench.said() == "run 1");
  CHECK(bench.done(1, 2) == "run 2");
  CHECK(bench.done(2, 2) == "release 1; run 3");
}

TEST_CASE("a wanted output that is given up is computed again when nothing else is left") {
  Bench bench;
  bench.said();
  bench.done(0);
  bench.done(1);
  bench.done(2);
  CHECK(bench.done(3) == "release 0 2; succeeded");
  CHECK(bench.lost(3, true) == "run 0");
  CHECK_FALSE(bench.scheduler.succeeded());
  CHECK(bench.done(0, 2) == "run 1");
  CHECK(bench.done(1, 2) == "run 2");
  CHECK(bench.done(2, 2) == "release 1; run 3");
  CHECK(bench.done(3, 2) == "release 0 2; succeeded");
}

TEST_CASE("what a worker does not hold, or a lost worker says, is not lost") {
  Bench bench;
  bench.said();
  bench.done(0);
  CHECK(bench.lost(1, false) == "");
  CHECK(bench.lost(77, true) == "");
  CHECK(bench.scheduler.state({0}) == TaskState::held);
  const TaskId held{0};
  bench.scheduler.on_outputs_lost({}, {2}, {&held, 1}, false, bench.out);
  CHECK(bench.said() == "");
  CHECK(bench.scheduler.state({0}) == TaskState::held);
}

TEST_CASE("a worker whose memory is full goes on where it has scratch, as far as that reaches") {
  for (const std::uint64_t scratch : {0u, 30u}) {
    std::vector<ExplicitTask> tasks(9, {.inputs = {}, .output_bytes = {10}, .scratch_bytes = {}, .cost_us = 10});
    for (std::uint32_t i = 0; i < 8; ++i) tasks[8].inputs.push_back({i});
    tasks[8].wanted = true;
    Scheduler scheduler({.queued_ahead_per_worker = 0, .queued_ahead_us = 0, .roots_ahead_per_worker = 0},
                        std::make_shared<const ExplicitGraph>(tasks));
    Actions out;
    scheduler.on_worker_joined({}, {1}, {.memory_limit = {100}, .scratch = {scratch}}, out);
    scheduler.start({}, out);
    for (std::uint32_t i = 0; i < 8; ++i) scheduler.on_task_finished({}, {1}, {i}, 1, {10}, 10, out);
    scheduler.sanity_check();
    // 60 of 100 are for reading; without scratch the rest is run whatever the bounds say.
    CHECK(scheduler.forced_count() == (scratch == 0 ? 2 : 0));
  }
}

TEST_CASE("what was given up and needs a task that has failed for good since is erred, with all that needs it") {
  const ExplicitTask read{.inputs = {}, .output_bytes = {10}, .scratch_bytes = {}, .cost_us = 10};
  std::vector<ExplicitTask> tasks(7, read);
  tasks[1].inputs = {{0}};
  tasks[3].inputs = {{0}};
  tasks[4].inputs = {{1}};
  tasks[5].inputs = {{2}, {3}};
  tasks[6].inputs = {{2}, {4}};
  tasks[5].wanted = tasks[6].wanted = true;
  Scheduler scheduler({.keep_going = true}, std::make_shared<const ExplicitGraph>(tasks));
  Actions out;
  scheduler.on_worker_joined({}, {1}, {.memory_limit = {1000}}, out);
  scheduler.start({}, out);
  const auto done = [&](std::uint32_t task, std::uint32_t attempt) { scheduler.on_task_finished({}, {1}, {task}, attempt, {10}, 10, out); };
  for (const std::uint32_t task : {0u, 1u, 3u, 4u}) done(task, 1);
  CHECK(scheduler.state({1}) == TaskState::released);
  const TaskId given_up[] = {{3}, {4}};
  scheduler.on_outputs_lost({}, {1}, given_up, true, out);
  done(2, 1);
  // 5 misses 3, which needs 0 again; 1 was released and knows nothing of that.
  CHECK(scheduler.state({0}) == TaskState::assigned);
  CHECK(scheduler.state({1}) == TaskState::released);
  scheduler.on_task_failed({}, {1}, {0}, 2, "the file is gone", true, out);
  scheduler.sanity_check();
  CHECK(scheduler.finished_count() == 7);
  CHECK(scheduler.erred_count() == 6);
  CHECK(scheduler.succeeded());
}
