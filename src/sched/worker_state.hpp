#pragma once
#include <cstdint>
#include <vector>

#include "base/ids.hpp"
#include "sched/options.hpp"

namespace rankine::sched {

/// What rank 0 knows of one worker. Queues hold ranks in the static order as min-heaps; entries of tasks
/// that have left the queue since are skipped when they come up.
struct WorkerState {
  bool alive = false;
  bool dirty = false;   ///< on the list of workers to be filled
  bool hungry = false;  ///< on the list of workers that found nothing to do
  WorkerDescription description;
  std::vector<TaskId> assigned;        ///< short: threads plus what is queued ahead
  std::vector<std::uint32_t> ready;    ///< may run elsewhere too
  std::vector<std::uint32_t> pinned;   ///< must run here
  std::uint32_t ready_count = 0;       ///< tasks in state ready that are queued here, both heaps
  std::uint32_t root_begin = 0;        ///< its stretch of the root list
  std::uint32_t root_end = 0;
  std::uint32_t roots_assigned = 0;
  std::uint32_t pin_groups = 0;        ///< groups that live here
  bool recall_pending = false;         ///< a task of another worker is being asked back for it
  std::uint64_t held_bytes = 0;        ///< outputs of finished tasks
  std::uint64_t replica_bytes = 0;     ///< inputs of assigned tasks held elsewhere, each once
  std::uint64_t running_bytes = 0;     ///< outputs and scratch of assigned tasks
  std::uint64_t backlog_us = 0;        ///< estimated cost of assigned and ready tasks

  bool has_free_thread() const { return assigned.size() < description.threads; }
  std::uint64_t wait_us() const { return backlog_us / description.threads; }
  std::uint64_t projected_bytes() const { return held_bytes + replica_bytes + running_bytes; }
};

}  // namespace rankine::sched
