// How many tasks a second the scheduler takes from ready to released, on one core, and how many bytes a task costs
// it. Full policy: memory limits, byte accounting, placement, stealing. Workers are simulated by a pool of what is
// assigned, of which any may finish next. Times are CPU times of this thread; the answer is checked: every task ran
// once, with its inputs held where the assignment said, and nothing is held at the end.
//
// Reports come in batches of 64 from any workers, as they lie in the inbox of a busy rank 0; --batch 1 for one by one.
//
//   bench_scheduler [--tasks N] [--workers W] [--repetitions R] [--batch B] [--graph explicit|regular|tree|map]
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/prng.hpp"
#include "sched/explicit_graph.hpp"
#include "sched/regular_graph.hpp"
#include "sched/scheduler.hpp"
#include "sched/static_order.hpp"

using namespace rankine;

namespace {

constexpr std::uint64_t block_bytes = 1 << 20;
constexpr Bytes memory_limit{std::uint64_t{1} << 30};

double cpu_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

[[noreturn]] void wrong(const std::string& what) {
  std::fprintf(stderr, "bench_scheduler: the answer is wrong: %s\n", what.c_str());
  std::exit(1);
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// Steps of a stencil over a row of blocks: 3 dependencies each, the ends and the first step aside.
std::vector<sched::RegularLayer> stencil_layers(std::uint32_t tasks, std::uint32_t width) {
  std::vector<sched::RegularLayer> layers;
  for (std::uint32_t done = 0; done < tasks; done += width) {
    sched::RegularLayer layer;
    layer.width = std::min(width, tasks - done);
    layer.output_bytes = {block_bytes};
    layer.cost_us = 100;
    if (done != 0) layer.edges.push_back({static_cast<std::uint32_t>(layers.size()) - 1, sched::Pattern::near, 1});
    layers.push_back(layer);
  }
  return layers;
}

/// Read, map, and a tree of fan-in 8.
std::vector<sched::RegularLayer> tree_layers(std::uint32_t tasks) {
  const std::uint32_t width = std::max<std::uint32_t>(1, static_cast<std::uint32_t>(tasks / (2 + 1.0 / 7)));
  std::vector<sched::RegularLayer> layers(2);
  layers[0].width = layers[1].width = width;
  layers[0].output_bytes = {block_bytes};
  layers[1].output_bytes = {block_bytes / 8};
  layers[1].edges.push_back({0, sched::Pattern::same, 1});
  while (layers.back().width > 1) {
    sched::RegularLayer layer;
    layer.width = (layers.back().width + 7) / 8;
    layer.output_bytes = {block_bytes / 8};
    layer.edges.push_back({static_cast<std::uint32_t>(layers.size()) - 1, sched::Pattern::fan_in, 8});
    layers.push_back(layer);
  }
  for (auto& layer : layers) layer.cost_us = 100;
  return layers;
}

std::vector<sched::RegularLayer> map_layers(std::uint32_t tasks) {
  sched::RegularLayer layer;
  layer.width = tasks;
  layer.output_bytes = {block_bytes};
  layer.cost_us = 100;
  return {layer};
}

/// The same edges, stored one by one.
std::shared_ptr<const sched::ExplicitGraph> build_explicit(const sched::RegularGraph& regular) {
  sched::ExplicitGraph::Builder builder;
  builder.reserve(regular.task_count(), std::size_t{3} * regular.task_count());
  std::vector<TaskId> inputs;
  sched::TaskProfile profile;
  profile.output_bytes = {block_bytes};
  profile.cost_us = 100;
  for (std::uint32_t i = 0; i < regular.task_count(); ++i) builder.add(regular.dependencies_of({i}, inputs), profile);
  return std::make_shared<const sched::ExplicitGraph>(builder.build());
}

struct Running {
  WorkerId worker;
  TaskId task;
  std::uint32_t attempt = 0;
};

/// Plays all workers. Returns how often tasks were assigned.
class Cluster {
 public:
  Cluster(sched::Scheduler& scheduler, const TaskGraph& graph, std::uint32_t workers, std::uint32_t batch)
      : scheduler_(scheduler), graph_(graph), workers_(workers), batch_(batch), holder_(graph.task_count(), 0) {}

  void run() {
    for (std::uint32_t w = 1; w <= workers_; ++w)
      scheduler_.on_worker_joined({}, {w}, {w / 8, 1, memory_limit, {}}, actions_);
    scheduler_.start({}, actions_);
    apply();
    std::vector<sched::FinishedTask> reports;
    while (!running_.empty()) {
      // Any of them may be the next: as on a machine, and hard on the caches.
      reports.clear();
      while (reports.size() < batch_ && !running_.empty()) {
        const Running next = take(prng_.next() % running_.size());
        reports.push_back({next.worker, next.task, next.attempt, graph_.output_bytes(next.task), 100});
        finish(next);
      }
      scheduler_.on_tasks_finished({}, reports, actions_);
      apply();
    }
  }

  std::uint64_t executions() const { return executions_; }
  std::uint64_t recalls() const { return recalls_; }
  std::uint64_t released() const { return released_; }

 private:
  Running take(std::size_t at) {
    const Running taken = running_[at];
    running_[at] = running_.back();
    running_.pop_back();
    return taken;
  }
  void finish(const Running& done) {
    if (holder_[done.task.value] != 0) wrong("a task ran twice");
    holder_[done.task.value] = static_cast<std::uint16_t>(done.worker.value);
    ++executions_;
  }
  void apply() {
    for (const sched::Action& action : actions_.list) {
      if (const auto* assign = std::get_if<sched::Assign>(&action)) {
        for (const sched::InputLocation& input : actions_.inputs(*assign))
          if (holder_[input.task.value] != input.holder.value) wrong("an input is not where the assignment says");
        running_.push_back({assign->worker, assign->task, assign->attempt});
      } else if (const auto* release = std::get_if<sched::Release>(&action)) {
        released_ += release->tasks.count;
      } else if (const auto* recall = std::get_if<sched::Recall>(&action)) {
        ++recalls_;
        answer_.push_back({recall->worker, recall->task, recall->attempt});
      } else if (std::holds_alternative<sched::RunFailed>(action)) {
        wrong("the run failed: " + scheduler_.failure().what);
      }
    }
    actions_.clear();
    // Always refused: as if every thread had started it meanwhile.
    for (const Running& asked : std::exchange(answer_, {}))
      scheduler_.on_recall_answered({}, asked.worker, asked.task, asked.attempt, false, actions_);
    if (!actions_.list.empty()) apply();
  }

  sched::Scheduler& scheduler_;
  const TaskGraph& graph_;
  std::uint32_t workers_;
  std::uint32_t batch_;
  std::vector<std::uint16_t> holder_;  ///< low bits of the worker where it ran
  std::vector<Running> running_, answer_;
  sched::Actions actions_;
  Prng prng_{1};
  std::uint64_t executions_ = 0, recalls_ = 0, released_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  std::uint32_t tasks = 10'000'000, workers = 1024, repetitions = 3, batch = 64;
  std::string kind = "explicit";
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    const char* value = i + 1 < argc ? argv[++i] : "";
    if (option == "--tasks") tasks = static_cast<std::uint32_t>(std::strtoul(value, nullptr, 10));
    else if (option == "--workers") workers = static_cast<std::uint32_t>(std::strtoul(value, nullptr, 10));
    else if (option == "--repetitions") repetitions = static_cast<std::uint32_t>(std::strtoul(value, nullptr, 10));
    else if (option == "--batch") batch = static_cast<std::uint32_t>(std::strtoul(value, nullptr, 10));
    else if (option == "--graph") kind = value;
    else tasks = 0;
  }
  if (tasks == 0 || workers == 0 || workers > 65535 || repetitions == 0 || batch == 0 ||
      (kind != "explicit" && kind != "regular" && kind != "tree" && kind != "map")) {
    std::fprintf(stderr, "usage: bench_scheduler [--tasks N] [--workers W, at most 65535] [--repetitions R] [--batch B] "
                         "[--graph explicit|regular|tree|map]\n");
    return 2;
  }
  const auto layers = kind == "tree" ? tree_layers(tasks) : kind == "map" ? map_layers(tasks) : stencil_layers(tasks, 8 * workers);
  const auto regular = std::make_shared<const sched::RegularGraph>(layers);

  std::vector<double> decisions, builds, orders;
  double bytes_per_task = 0;
  std::printf("# %s graph, %u tasks, %u workers, %u reports at a time\n", kind.c_str(), regular->task_count(), workers,
              batch);
  std::printf("# repetition  built/s  ordered/s  decided/s  recalls  bytes_per_task\n");
  for (std::uint32_t repetition = 0; repetition < repetitions; ++repetition) {
    std::shared_ptr<const TaskGraph> graph = regular;
    std::size_t graph_bytes = 0;
    double begin = cpu_seconds();
    if (kind == "explicit") {
      const auto built = build_explicit(*regular);
      graph_bytes = built->memory_bytes();
      graph = built;
    } else {
      graph = std::make_shared<const sched::RegularGraph>(layers);
    }
    const double build_s = std::max(1e-9, cpu_seconds() - begin);

    begin = cpu_seconds();
    if (sched::compute_static_order(*graph).at_rank.size() != graph->task_count()) wrong("the order misses tasks");
    const double order_s = cpu_seconds() - begin;

    sched::Scheduler scheduler({}, graph);
    Cluster cluster(scheduler, *graph, workers, batch);
    begin = cpu_seconds();
    cluster.run();
    const double run_s = cpu_seconds() - begin;

    if (!scheduler.succeeded() || cluster.executions() != graph->task_count()) wrong("not every task ran once");
    if (cluster.released() != graph->task_count()) wrong("not every output was released");
    for (std::uint32_t w = 1; w <= workers; ++w)
      if (scheduler.projected_bytes({w}).value != 0) wrong("bytes are in use after the end");
    const double count = graph->task_count();
    builds.push_back(count / build_s);
    orders.push_back(count / order_s);
    decisions.push_back(count / run_s);
    bytes_per_task = static_cast<double>(graph_bytes + scheduler.memory_bytes()) / count;
    std::printf("# %u  %.0f  %.0f  %.0f  %llu  %.1f\n", repetition, builds.back(), orders.back(), decisions.back(),
                static_cast<unsigned long long>(cluster.recalls()), bytes_per_task);
    std::fflush(stdout);
  }
  std::printf("decisions_per_second %.0f 1/s\n", median(decisions));
  std::printf("bytes_per_task %.1f B\n", bytes_per_task);
  std::printf("build_tasks_per_second %.0f 1/s\n", median(builds));
  std::printf("order_tasks_per_second %.0f 1/s\n", median(orders));
  return 0;
}
