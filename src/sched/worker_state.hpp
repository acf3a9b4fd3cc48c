#pragma once
#include <cstdint>
#include <vector>

#include "base/ids.hpp"
#include "sched/options.hpp"

namespace rankine::sched {

/// A queued task, by its place in the static order: heaps need not ask anything else to compare.
struct QueueEntry {
  std::uint64_t rank_and_task = 0;
  static QueueEntry of(std::uint32_t rank, TaskId task) { return {std::uint64_t{rank} << 32 | task.value}; }
  TaskId task() const { return {static_cast<std::uint32_t>(rank_and_task)}; }
  auto operator<=>(const QueueEntry&) const = default;
};

/// A task that was sent to a worker, in this attempt. Stale when the task has moved on.
struct SentTask {
  TaskId task;
  std::uint32_t attempt = 0;
};

/// What rank 0 knows of one worker. Queues are min-heaps; entries of tasks that have left the queue since are
/// skipped when they come up.
struct alignas(64) WorkerState {
  static constexpr std::uint32_t not_stealable = UINT32_MAX;

  // First what every event touches, in three cache lines.
  bool alive = false;
  bool dirty = false;                  ///< on the list of workers to be filled
  bool hungry = false;                 ///< on the list of workers that found nothing to do
  bool recall_pending = false;         ///< a task of another worker is being asked back for it
  bool overflows = false;              ///< its memory is full and nothing runs: what it holds may go to its scratch
  std::uint32_t threads = 1;
  std::uint32_t node = 0;
  std::uint32_t stealable_at = not_stealable;  ///< place on the list of workers that have what thieves look for
  std::uint64_t held_bytes = 0;        ///< outputs of finished tasks
  std::uint64_t replica_bytes = 0;     ///< inputs of assigned tasks held elsewhere, each once
  std::uint64_t running_bytes = 0;     ///< outputs and scratch of assigned tasks
  std::uint64_t backlog_us = 0;        ///< estimated cost of assigned and ready tasks
  std::uint64_t admission_limit = UINT64_MAX;  ///< bytes in use that tasks, and root tasks, may fill
  std::uint64_t root_admission_limit = UINT64_MAX;
  std::uint32_t ready_count = 0;       ///< tasks in state ready that are queued here, all heaps
  std::uint32_t movable_count = 0;     ///< of these, in `ready`
  std::uint32_t root_begin = 0;        ///< its stretch of the root list
  std::uint32_t root_end = 0;
  std::uint32_t roots_assigned = 0;
  std::uint32_t pin_groups = 0;        ///< groups that live here
  std::uint32_t assigned_count = 0;    ///< threads plus what is queued ahead
  std::uint32_t assigned_us = 0;       ///< estimated cost of those of measured classes
  std::vector<SentTask> sent;          ///< the assigned tasks, with at most as many stale entries
  std::vector<QueueEntry> ready;       ///< may run elsewhere too
  std::vector<QueueEntry> pinned;      ///< must run here
  std::vector<QueueEntry> needing;     ///< must run here, and need a labelled resource
  std::vector<std::uint32_t> resources_free;   ///< by resource
  WorkerDescription description;

  bool has_free_thread() const { return assigned_count < threads; }
  std::uint64_t wait_us() const { return threads == 1 ? backlog_us : backlog_us / threads; }
  std::uint64_t projected_bytes() const { return held_bytes + replica_bytes + running_bytes; }
  /// Where it overflows, what is held counts against scratch too, what is in use against memory alone.
  bool has_room(std::uint64_t added, std::uint64_t limit) const {
    if (projected_bytes() + added <= limit) return true;
    return overflows && replica_bytes + running_bytes + added <= limit &&
           projected_bytes() + added <= limit + description.scratch.value;
  }
};

}  // namespace rankine::sched
