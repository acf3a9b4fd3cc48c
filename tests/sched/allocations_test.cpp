// No event of the scheduler allocates once a run is under way: every table has its size, buffers are used again.
#include <catch2/catch.hpp>

#include <cstdlib>
#include <memory>
#include <new>

#include "base/prng.hpp"
#include "sched/explicit_graph.hpp"
#include "sched/regular_graph.hpp"
#include "sched/scheduler.hpp"

namespace {
thread_local std::uint64_t allocations = 0;
}

// All of this program's; only this thread's are looked at.
void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size == 0 ? 1 : size);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

using namespace rankine;
using namespace rankine::sched;

namespace {

struct Running {
  WorkerId worker;
  TaskId task;
  std::uint32_t attempt = 0;
};

/// Runs the graph on workers of which any may finish next, and counts what the scheduler allocates between the first and the
/// last fifth of the tasks.
struct Counted {
  std::uint64_t events = 0, allocations = 0;
};
Counted run(const std::shared_ptr<const TaskGraph>& graph, std::uint32_t workers, std::uint32_t batch) {
  Scheduler scheduler({}, graph);
  Actions actions;
  std::vector<Running> running, recalled;
  running.reserve(graph->task_count());
  recalled.reserve(1000);
  Prng prng(1);
  Counted counted;
  std::uint32_t finished = 0;
  const auto counting = [&] { return finished > graph->task_count() / 5 && finished < graph->task_count() / 5 * 4; };
  const auto event = [&](const auto& step) {
    const std::uint64_t before = ::allocations;
    step();
    if (!counting()) return;
    counted.allocations += ::allocations - before;
    ++counted.events;
  };
  const auto apply = [&] {
    do {
      recalled.clear();
      for (const Action& action : actions.list) {
        if (const auto* assign = std::get_if<Assign>(&action)) running.push_back({assign->worker, assign->task, assign->attempt});
        else if (const auto* recall = std::get_if<Recall>(&action)) recalled.push_back({recall->worker, recall->task, recall->attempt});
      }
      actions.clear();
      for (const Running& asked : recalled)
        event([&] { scheduler.on_recall_answered({}, asked.worker, asked.task, asked.attempt, false, actions); });
    } while (!actions.list.empty());
  };
  for (std::uint32_t w = 1; w <= workers; ++w) scheduler.on_worker_joined({}, {w}, {w / 8, 1, Bytes{std::uint64_t{1} << 30}, {}}, actions);
  scheduler.start({}, actions);
  apply();
  std::vector<FinishedTask> reports;
  while (!running.empty()) {
    reports.clear();
    while (reports.size() < batch && !running.empty()) {
      const std::size_t at = prng.next() % running.size();
      reports.push_back({running[at].worker, running[at].task, running[at].attempt, graph->output_bytes(running[at].task), 100});
      running[at] = running.back();
      running.pop_back();
      ++finished;
    }
    event([&] { scheduler.on_tasks_finished({}, reports, actions); });
    apply();
  }
  REQUIRE(scheduler.succeeded());
  return counted;
}

std::shared_ptr<const RegularGraph> stencil(std::uint32_t tasks, std::uint32_t width) {
  std::vector<RegularLayer> layers;
  for (std::uint32_t done = 0; done < tasks; done += width) {
    RegularLayer layer;
    layer.width = width;
    layer.output_bytes = {1 << 20};
    layer.cost_us = 100;
    if (done != 0) layer.edges.push_back({static_cast<std::uint32_t>(layers.size()) - 1, Pattern::near, 1});
    layers.push_back(layer);
  }
  return std::make_shared<const RegularGraph>(layers);
}

std::shared_ptr<const ExplicitGraph> stored(const RegularGraph& regular) {
  ExplicitGraph::Builder builder;
  std::vector<TaskId> inputs;
  TaskProfile profile;
  profile.output_bytes = {1 << 20};
  profile.cost_us = 100;
  for (std::uint32_t i = 0; i < regular.task_count(); ++i) builder.add(regular.dependencies_of({i}, inputs), profile);
  return std::make_shared<const ExplicitGraph>(builder.build());
}

}  // namespace

TEST_CASE("in the steady state no report makes the scheduler allocate, but for tables that double now and then") {
  const auto regular = stencil(60'000, 500);
  for (const std::uint32_t batch : {1u, 64u}) {
    for (const std::shared_ptr<const TaskGraph>& graph : {std::shared_ptr<const TaskGraph>(regular), std::shared_ptr<const TaskGraph>(stored(*regular))}) {
      const Counted counted = run(graph, 64, batch);
      INFO(counted.allocations << " allocations in " << counted.events << " events, " << batch << " reports at a time");
      CHECK(counted.events > 500);
      CHECK(counted.allocations <= 20);
    }
  }
}
