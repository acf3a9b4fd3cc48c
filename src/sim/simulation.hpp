#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/task_graph.hpp"
#include "sched/options.hpp"

namespace rankine::sim {

/// What goes wrong, drawn from the seed.
struct FaultOptions {
  double task_error_chance = 0;       ///< of an execution; never so often that a task fails for good
  double permanent_error_chance = 0;  ///< of an execution; then the run must fail, and end
  double slow_worker_chance = 0;      ///< of a worker: 2 to 20 times slower
  double duplicate_chance = 0;        ///< of a report to rank 0: it comes twice
  double late_chance = 0;             ///< of a message: it (and all behind it to the same rank) comes late
  std::uint32_t late_us = 5000;
  std::uint32_t lost_workers = 0;     ///< at most all but one
  std::uint32_t loss_noticed_us = 2000;
  double cancel_chance = 0;           ///< of a task, at some time; where the run keeps going
  std::uint32_t losses_within_us = 0; ///< 0: spread over the run; else all of them in so short a time, at any moment
  double spill_fails_chance = 0;      ///< of a block on its way to scratch: the disk is full just then
  double damage_chance = 0;           ///< of a block that is read back from scratch: it is not what was written
  double lives_on_chance = 0;         ///< of a lost worker: it was only silent, and goes on where nobody hears it
  double cut_chance = 0;              ///< of a lost worker, for each other rank: what is on its way between the two never comes
  double loss_follows_chance = 0;     ///< of a noticed loss: another worker dies while the first loss is being repaired
  std::uint32_t lost_nodes = 0;       ///< without power: all their workers at once, and what they wrote just before
  double ghost_chance = 0;            ///< of a report: it comes once more, much later, whatever has become of its attempt or rank
  double deadly_chance = 0;           ///< of a task: whoever runs it dies
  double measured_chance = 0;         ///< of an event at a worker: its resident set is measured, and is more than its blocks
};

struct SimulationOptions {
  std::uint64_t seed = 1;
  std::uint32_t worker_count = 3;
  std::uint32_t node_count = 1;
  std::uint32_t threads_per_worker = 1;
  Bytes memory_limit;                  ///< per worker; 0: none
  std::uint32_t latency_us = 2;
  std::uint32_t bandwidth_bytes_per_us = 5000;
  std::uint32_t max_parallel_fetches = 8;
  Bytes replica_cache;                 ///< per worker
  Bytes scratch;                       ///< per worker; 0: nothing is spilled
  double spill_target = 0.7, spill_spill = 0.8, spill_stop = 0.9;  ///< of the memory limit
  std::uint32_t disk_bytes_per_us = 500;
  std::uint32_t most_writes = 8, claims_ahead = 1;
  bool has_next_use = true;            ///< workers know the static order
  FaultOptions faults;
  sched::SchedulerOptions scheduler;   ///< keep_going: permanent errors err tasks, the run goes on
  /// The scheduler knows nothing at first; the tasks come in pieces of up to so many while it runs. 0: all at once.
  std::uint32_t grows_by = 0;
  bool check_every_step = true;        ///< audit scheduler and workers after each event: O(tasks) each
  std::uint64_t step_limit = 0;        ///< 0: chosen from the number of tasks
  /// The run takes so many jobs: all but the last are ended at any moment, with all their workers, and the next goes on
  /// from what was safe, with another number of workers. Not for growing graphs.
  std::uint32_t jobs = 1;
  std::uint32_t checkpoint_every_us = 0;  ///< 0: none
};

struct SimulationResult {
  std::string error;                   ///< empty: every oracle was content
  bool run_failed = false;             ///< the run failed as the scheduler reported, in order
  std::uint64_t makespan_us = 0;
  std::uint64_t steps = 0;
  std::uint64_t executions = 0;
  std::uint64_t messages = 0;
  std::uint64_t recalls = 0;
  std::uint32_t erred = 0;             ///< tasks that failed for good, were cancelled, or need one that did
  Bytes bytes_moved;
  Bytes peak_held;                     ///< largest of any worker
  Bytes peak_known;                    ///< with what was on its way and promised to running tasks
  Bytes bytes_spilled, bytes_unspilled;
  std::uint64_t discarded = 0, damaged = 0;
  std::uint32_t forced = 0;
  std::uint64_t copies = 0, copies_taken = 0;  ///< results kept twice, and used after a loss
  std::uint32_t losses = 0;            ///< workers, as rank 0 noticed them
  std::uint64_t frames_cut = 0;        ///< on their way to or from a worker that was lost
  std::uint64_t ghosts = 0;
  std::uint64_t fetches_cut = 0;       ///< blocks among the frames
  std::uint32_t jobs = 0;
  std::uint32_t restored = 0;          ///< results that a later job loaded
  std::uint32_t deadly = 0;            ///< tasks stopped because workers died of them
  Bytes peak_with_copies;              ///< known bytes, and copies on their way out
  std::uint64_t digest = 0;            ///< of all actions, in order: equal for equal seeds
  std::uint64_t result_digest = 0;     ///< of the wanted outputs: equal whatever happened
};

/// Runs `graph` to its end with the real Scheduler, Workers and wire frames on a virtual clock and a network of latency
/// and bandwidth, then fetches the wanted outputs. A task's "block" is a hash of its id and its inputs' hashes; a task that
/// nobody reads and the client does not want writes its hash to an output. Oracles:
///  - a task starts only where all its inputs are; messages decode to what was sent;
///  - where the run keeps going, exactly those tasks are erred that were said to fail for good, to be cancelled or during
///    which too many workers died, and what needs them;
///  - wanted outputs equal those of a serial reference; every other task's too, when it finishes;
///  - a task is accepted as finished once, and again only after its output was lost; every output is written at the end,
///    with what the reference says;
///  - without lost workers or forced tasks, held bytes of each worker stay under its memory limit; with enough scratch
///    always, and with them what is on its way and what running tasks were promised; copies for others are made only
///    where there is room for them while tasks run;
///  - a task reads from memory only; what is in scratch is there once, and nothing at the end;
///  - a job that goes on with another's run loads what was saved, and it is right;
///  - the run ends, and nothing is left anywhere: no block, no queued task.
SimulationResult simulate(std::shared_ptr<const TaskGraph> graph, const SimulationOptions& options);

}  // namespace rankine::sim
