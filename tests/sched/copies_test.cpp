#include <catch2/catch.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sched/explicit_graph.hpp"
#include "sched/scheduler.hpp"

using namespace rankine;
using namespace rankine::sched;

namespace {

/// 0 is read by 1, and 1 by 2, which is wanted. All outputs have 1000 bytes.
std::shared_ptr<const TaskGraph> chain() {
  std::vector<ExplicitTask> tasks(3);
  for (std::uint32_t i = 0; i < 3; ++i) {
    tasks[i].output_bytes = {1000};
    if (i != 0) tasks[i].inputs = {{i - 1}};
  }
  tasks[2].wanted = true;
  return std::make_shared<ExplicitGraph>(tasks);
}

struct Bench {
  explicit Bench(Bytes replicate_bytes) : scheduler(options(replicate_bytes), chain()) {
    for (std::uint32_t rank = 0; rank < 3; ++rank) scheduler.on_worker_joined({}, {rank}, {.node = rank}, actions);
    scheduler.start({}, actions);
  }
  static SchedulerOptions options(Bytes replicate_bytes) {
    SchedulerOptions options;
    options.replicate_bytes = replicate_bytes;
    return options;
  }
  /// What is asked for since the last call.
  std::string said() {
    std::string text;
    for (const Action& action : actions.list) {
      if (const auto* assign = std::get_if<Assign>(&action)) {
        text += "assign " + std::to_string(assign->task.value) + "; ";
        worker = assign->worker;
        attempt = assign->attempt;
      } else if (const auto* copy = std::get_if<KeepCopy>(&action)) {
        text += (copy->from == copy->worker ? "hold " : "copy ") + std::to_string(copy->task.value) + "; ";
        second = copy->worker;
      } else if (const auto* release = std::get_if<Release>(&action)) {
        for (const TaskId task : actions.tasks(*release))
          text += "release " + std::to_string(task.value) + (release->worker == second ? " second" : " first") + "; ";
      }
    }
    actions.clear();
    scheduler.sanity_check();
    return text;
  }
  void finish(std::uint32_t task, std::uint32_t duration_us) {
    scheduler.on_task_finished({}, worker, {task}, attempt, {1000}, duration_us, actions);
  }
  Scheduler scheduler;
  Actions actions;
  WorkerId worker, second{99};
  std::uint32_t attempt = 0;
};

}  // namespace

TEST_CASE("a small result that took long is kept twice, and a loss of its holder costs nothing") {
  Bench bench({4096});
  REQUIRE(bench.said() == "assign 0; ");
  bench.finish(0, 50'000);
  CHECK(bench.said() == "copy 0; assign 1; ");
  const WorkerId first = *bench.scheduler.holder({0});
  CHECK(bench.second != first);
  bench.scheduler.on_worker_lost({}, first, bench.actions);
  CHECK(bench.said() == "hold 0; assign 1; ");
  CHECK(*bench.scheduler.holder({0}) == bench.second);
}

TEST_CASE("a result is worth as much as itself and what was released with it") {
  Bench bench({4096});
  bench.said();
  bench.finish(0, 4'000);
  CHECK(bench.said() == "assign 1; ");     // too little alone
  bench.finish(1, 4'000);
  CHECK(bench.said() == "release 0 first; copy 1; assign 2; ");
  bench.finish(2, 10);
  CHECK(bench.said().find("release 1 second; ") != std::string::npos);
}

TEST_CASE("nothing is kept twice where results are large, cheap, or it is not asked for") {
  for (const auto& [bytes, duration_us] : {std::pair{Bytes{999}, 50'000u}, std::pair{Bytes{4096}, 100u}, std::pair{Bytes{}, 50'000u}}) {
    Bench bench(bytes);
    bench.said();
    bench.finish(0, duration_us);
    CHECK(bench.said() == "assign 1; ");
  }
}

TEST_CASE("a copy that was dropped meanwhile is computed again") {
  Bench bench({4096});
  bench.said();
  bench.finish(0, 50'000);
  bench.said();
  bench.scheduler.on_worker_lost({}, *bench.scheduler.holder({0}), bench.actions);
  bench.said();
  const TaskId lost{0};
  bench.scheduler.on_outputs_lost({}, bench.second, {&lost, 1}, false, bench.actions);
  bench.said();
  CHECK_FALSE(bench.scheduler.holder({0}).has_value());
}

TEST_CASE("the loss of the second holder changes nothing") {
  Bench bench({4096});
  bench.said();
  bench.finish(0, 50'000);
  bench.said();
  const WorkerId first = *bench.scheduler.holder({0});
  bench.scheduler.on_worker_lost({}, bench.second, bench.actions);
  bench.said();
  CHECK(*bench.scheduler.holder({0}) == first);
  bench.scheduler.on_worker_lost({}, first, bench.actions);
  CHECK(bench.said() == "assign 0; ");
}
