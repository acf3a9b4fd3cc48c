#include <catch2/catch.hpp>

#include "sched/growing_graph.hpp"
#include "sched/scheduler.hpp"

using namespace rankine;
using namespace rankine::sched;

namespace {

/// A scheduler with a graph that grows, and what it did, as text.
struct Job {
  explicit Job(SchedulerOptions options = {}) : scheduler([&] {
    options.keep_going = true;
    options.queued_ahead_per_worker = 0;
    options.roots_ahead_per_worker = 0;
    return options;
  }(), graph) {}

  TaskId add(std::vector<TaskId> inputs, TaskProfile profile = {.output_bytes = {8}, .wanted = true}, std::uint32_t attempts = 0) {
    return graph->add(inputs, profile, attempts);
  }
  void join(std::uint32_t worker) { scheduler.on_worker_joined({}, {worker}, {0, 1, {}, {}}, actions); }
  void finished(std::uint32_t worker, TaskId task, std::uint32_t attempt = 1) {
    scheduler.on_task_finished({}, {worker}, task, attempt, {8}, 1, actions);
  }
  std::string story() {
    scheduler.sanity_check();
    std::string text;
    const auto number = [](auto id) { return std::to_string(id.value); };
    for (const Action& action : actions.list) {
      if (!text.empty()) text += ", ";
      if (const auto* assign = std::get_if<Assign>(&action)) text += number(assign->task) + "@" + number(assign->worker);
      else if (const auto* release = std::get_if<Release>(&action)) {
        text += "release";
        for (const TaskId task : actions.tasks(*release)) text += " " + number(task);
      }
      else if (const auto* erred = std::get_if<TaskErred>(&action)) text += "erred " + number(erred->task) + " by " + number(erred->cause);
      else if (std::holds_alternative<RunSucceeded>(action)) text += "all over";
      else text += "?";
    }
    actions.clear();
    return text;
  }
  void added() { scheduler.on_tasks_added({}, actions); }

  std::shared_ptr<GrowingGraph> graph = std::make_shared<GrowingGraph>();
  Scheduler scheduler;
  Actions actions;
};

}  // namespace

TEST_CASE("tasks that come later run when their inputs are there, whenever those finished") {
  Job job;
  job.join(1);
  job.scheduler.start({}, job.actions);
  CHECK(job.story() == "all over");
  const TaskId a = job.add({});
  job.added();
  CHECK(job.story() == "0@1");
  const TaskId b = job.add({a});
  job.added();
  CHECK(job.story() == "");
  job.finished(1, a);
  CHECK(job.story() == "1@1");
  job.finished(1, b);
  CHECK(job.story() == "all over");
  const TaskId c = job.add({a, b});
  job.added();
  CHECK(job.story() == "2@1");
  job.finished(1, c);
  CHECK(job.story() == "all over");
  for (const TaskId task : {a, b, c}) job.scheduler.on_wanted_taken({}, task, job.actions);
  CHECK(job.story() == "release 0 1 2");
}

TEST_CASE("a released output is computed again for a reader that comes later") {
  Job job;
  job.join(1);
  job.scheduler.start({}, job.actions);
  const TaskId a = job.add({}), b = job.add({a});
  job.added();
  job.finished(1, a);
  job.finished(1, b);
  job.scheduler.on_wanted_taken({}, a, job.actions);
  job.scheduler.on_wanted_taken({}, b, job.actions);
  job.story();
  job.add({b});
  job.added();
  CHECK(job.story() == "0@1");
  job.finished(1, a, 2);
  job.finished(1, b, 2);
  CHECK(job.story() == "1@1, release 0, 2@1");
}

TEST_CASE("what an earlier run has finished runs only where somebody needs it") {
  Job job;
  job.join(1);
  job.scheduler.start({}, job.actions);
  const TaskProfile done{.output_bytes = {8}, .wanted = true, .already_done = true};
  const TaskId a = job.add({}, done), b = job.add({a}, done), c = job.add({a}, done);
  job.added();
  CHECK(job.story() == "all over");
  CHECK(job.scheduler.state(b) == TaskState::released);
  // Its output is asked for: it and what it misses is computed, and kept until it is taken.
  job.scheduler.on_demanded({}, b, job.actions);
  CHECK(job.story() == "0@1");
  job.scheduler.on_demanded({}, b, job.actions);
  CHECK(job.story() == "");
  job.finished(1, a);
  job.finished(1, b);
  CHECK(job.story() == "1@1, release 0, all over");
  CHECK(job.scheduler.state(b) == TaskState::held);
  job.scheduler.on_wanted_taken({}, b, job.actions);
  CHECK(job.story() == "release 1");
  // A reader comes, in one piece with more of what was finished.
  const TaskId d = job.add({c}, done), e = job.add({d}, done), reader = job.add({d});
  job.added();
  CHECK(job.story() == "0@1");
  for (const TaskId task : {a, c, d}) job.finished(1, task, task == a ? 2 : 1);
  CHECK(job.story() == "2@1, release 0, 3@1, release 2, 5@1");
  job.finished(1, reader);
  CHECK(job.story() == "release 3, all over");
  CHECK(job.scheduler.state(e) == TaskState::released);
}

TEST_CASE("a reader of an erred task is erred when it comes, with what reads it") {
  Job job;
  job.join(1);
  job.scheduler.start({}, job.actions);
  const TaskId a = job.add({}, {.output_bytes = {8}, .wanted = true}, 1);
  job.added();
  job.story();
  job.scheduler.on_task_failed({}, {1}, a, 1, "no luck", false, job.actions);
  CHECK(job.story() == "erred 0 by 0, all over");
  const TaskId b = job.add({a});
  job.add({b});
  job.add({});
  job.added();
  CHECK(job.story() == "erred 1 by 0, erred 2 by 0, 3@1");
  CHECK(job.scheduler.error_of({2}).attempts.at(0).message == "no luck");
}

TEST_CASE("a higher priority goes first, whatever came before, then the order of coming") {
  Job job;
  job.join(1);
  job.scheduler.start({}, job.actions);
  for (int i = 0; i < 3; ++i) job.add({});
  job.added();
  job.add({}, {.output_bytes = {8}, .wanted = true, .priority = 5});
  job.add({}, {.output_bytes = {8}, .wanted = true, .priority = -5});
  job.added();
  std::string order = job.story();
  for (const std::uint32_t next : {0u, 3u, 1u, 2u, 4u}) {
    job.finished(1, {next});
    order += " " + job.story();
  }
  CHECK(order == "all over, 0@1 3@1 1@1 2@1 4@1 all over");
}

TEST_CASE("what comes together runs depth first") {
  Job job;
  job.join(1);
  job.scheduler.start({}, job.actions);
  job.story();
  // Two chains, written layer by layer.
  const TaskId a = job.add({}), b = job.add({}), c = job.add({a}), d = job.add({b});
  job.added();
  std::string order = job.story();
  for (const TaskId next : {a, c, b, d}) {
    job.finished(1, next);
    order += " " + job.story();
  }
  CHECK(order == "0@1 2@1 1@1 3@1 all over");
}

TEST_CASE("a growing graph and its scheduler take tens of bytes a task") {
  Job job;
  for (std::uint32_t i = 0; i < 1'000'000; ++i) {
    const TaskId inputs[] = {{i - 1}, {i - 2}, {i - 3}};
    job.graph->add(std::span(inputs).first(std::min(i, 3u)), {.output_bytes = {8}, .wanted = i % 2 == 0});
  }
  job.added();
  CHECK((job.graph->memory_bytes() + job.scheduler.memory_bytes()) / 1'000'000 < 100);
}
