#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/task_graph.hpp"
#include "exec/clock.hpp"
#include "sched/scheduler.hpp"
#include "transport/transport.hpp"
#include "wire/messages.hpp"
#include "worker/worker.hpp"

namespace rankine::bench {

/// What a task computes from the 64-bit values of its inputs.
using Kernel = std::function<std::uint64_t(TaskId task, std::span<const std::uint64_t> inputs)>;

/// The worker of one rank: the real machine and frames, tasks of one value each, run by the thread that
/// communicates (tasks are shorter than handing them to another thread would take).
class JobWorker {
 public:
  JobWorker(transport::Transport& transport, std::shared_ptr<const TaskGraph> graph, wire::RunId run, Kernel kernel);
  void handle(int from, const wire::Decoded& decoded);
  /// Runs one task if there is one, sends what is due. True if it did anything.
  bool pump();
  std::uint64_t executions() const { return executions_; }

 private:
  void apply();
  void flush();

  transport::Transport& transport_;
  std::shared_ptr<const TaskGraph> graph_;
  wire::RunId run_;
  Kernel kernel_;
  wire::BatchBounds bounds_;
  worker::Worker machine_;
  worker::Actions actions_;
  std::vector<std::uint64_t> values_;  ///< by task
  std::vector<worker::StartTask> to_run_;
  std::vector<TaskId> edges_;
  std::vector<std::uint64_t> inputs_;
  wire::FinishedBatch finished_;
  Instant first_finished_;
  std::uint64_t executions_ = 0;
};

/// Rank 0 of one run: the real scheduler. Optionally with a worker of its own.
class JobScheduler {
 public:
  JobScheduler(transport::Transport& transport, std::shared_ptr<const TaskGraph> graph, wire::RunId run,
               bool rank_0_works, Kernel kernel);
  /// Runs the graph; the values of wanted outputs, in the order of their tasks.
  std::vector<std::uint64_t> run();
  const sched::Scheduler& scheduler() const { return scheduler_; }
  double seconds() const { return seconds_; }

 private:
  void handle(const transport::Frame& frame);
  void apply();

  transport::Transport& transport_;
  std::shared_ptr<const TaskGraph> graph_;
  wire::RunId run_;
  std::unique_ptr<JobWorker> own_worker_;
  sched::Scheduler scheduler_;
  sched::Actions actions_;
  std::vector<sched::FinishedTask> reports_;
  std::vector<wire::AssignBatch> assigned_;
  std::vector<wire::ReleaseBatch> released_;
  std::vector<int> touched_;
  bool ended_ = false;
  std::vector<std::pair<TaskId, std::uint64_t>> values_;
  double seconds_ = 0;
};

/// What the other ranks do: run after run, until Shutdown. `graph_of` gives the graph and the kernel of run 1, 2, ...
struct Job {
  std::shared_ptr<const TaskGraph> graph;
  Kernel kernel;
};
void serve_jobs(transport::Transport& transport, const std::function<Job(std::uint32_t run)>& job_of);

}  // namespace rankine::bench
