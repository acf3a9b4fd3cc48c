#pragma once
#include <cstdint>
#include <memory>

#include "base/bytes.hpp"
#include "base/task_graph.hpp"
#include "sched/options.hpp"

namespace rankine::sim {

/// A cluster for simulate_at_scale().
struct ScaleOptions {
  std::uint32_t worker_count = 64;
  std::uint32_t workers_per_node = 8;
  std::uint32_t threads_per_worker = 1;
  Bytes memory_limit;                       ///< per worker; 0: none
  Bytes scratch;                            ///< per worker, what may be spilled of what it holds; 0: nothing
  double spill_target = 0.7;                ///< of the memory limit
  std::uint32_t latency_us = 2;
  double bandwidth_bytes_per_us = 10000;    ///< of a worker's port, each way
  std::uint32_t decision_ns = 500;          ///< what rank 0 takes for a report
  double cost_spread = 0.25;                ///< durations are drawn from the hint times 1 plus or minus this
  std::uint64_t seed = 1;
  sched::SchedulerOptions scheduler;
};

struct ScaleResult {
  double makespan_s = 0;
  double busy_share = 0;                    ///< of all threads' time
  double rank_0_share = 0;                  ///< of rank 0's time
  std::uint64_t executions = 0;
  std::uint64_t transfers = 0;
  std::uint64_t recalls = 0;
  Bytes bytes_moved;
  Bytes peak_held;                          ///< outputs held, largest of any worker
  Bytes peak_needed;                        ///< the same with inputs from other workers, and outputs and buffers of what runs, in memory
  Bytes bytes_spilled;                      ///< about: all that was held beyond the target when it was made
  Bytes peak_scratch;                       ///< of any worker
  std::uint32_t forced = 0;
  std::size_t scheduler_bytes = 0;
};

/// Forecast of a run: the real Scheduler, workers reduced to queues and threads, a max-min fair network, no frames
/// and no faults. A few hundred nanoseconds a task and no memory a task beside the scheduler's, so that it can
/// play machines and graphs that nobody has at hand; `simulate` is the one that doubts every step.
/// A block that two tasks of a worker read at the same time is counted as two transfers.
/// RANKINE_CHECK: every task ran once, and nothing is held or reserved at the end.
ScaleResult simulate_at_scale(std::shared_ptr<const TaskGraph> graph, const ScaleOptions& options);

}  // namespace rankine::sim
