#pragma once
#include <cstdint>
#include <span>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/ids.hpp"

namespace rankine::sched {

/// Where an input of a task can be had, and how large it is.
struct InputLocation {
  TaskId task;
  WorkerId holder;
  Bytes bytes;
  bool operator==(const InputLocation&) const = default;
};

/// A stretch of one of the pools of Actions. Lists lie in shared pools so that an action is a
/// small trivially copyable value and a reused buffer never allocates.
struct PoolRange {
  std::uint32_t begin = 0;
  std::uint32_t count = 0;
  bool operator==(const PoolRange&) const = default;
};

/// A report that a task is finished: `bytes` of its output are now held at its worker.
struct FinishedTask {
  WorkerId worker;
  TaskId task;
  std::uint32_t attempt = 0;
  Bytes bytes;
  std::uint32_t duration_us = 0;
};

/// Queue `task` at `worker`. The lowest priority value runs first there. (task, attempt) names this
/// execution; every report repeats it, and a report of another attempt is ignored.
struct Assign {
  WorkerId worker;
  TaskId task;
  std::uint32_t attempt = 0;
  PoolRange inputs;  ///< Actions::inputs(assign)
  std::uint64_t priority = 0;
};
/// Give a queued task back if it has not been started; the worker answers (on_recall_answered).
struct Recall {
  WorkerId worker;
  TaskId task;
  std::uint32_t attempt = 0;
};
/// Drop the outputs of these tasks: no reader is left.
struct Release {
  WorkerId worker;
  PoolRange tasks;  ///< Actions::tasks(release)
};
/// Where the run keeps going: `task` will never have an output, because `cause` failed for good or was cancelled
/// (task == cause), and `task` needs it. See Scheduler::error_of.
struct TaskErred {
  TaskId task;
  TaskId cause;
};
/// Every task has finished (or, where the run keeps going, is erred). Wanted outputs are still held until on_wanted_taken. Comes again if
/// a lost worker held a wanted output and it had to be computed once more.
struct RunSucceeded {};
/// The run cannot be finished: see Scheduler::failure(). No action follows, ever.
struct RunFailed {};
/// Call on_timer at `at` or later. A later SetTimer replaces an earlier one.
struct SetTimer {
  Instant at;
};

/// Fetch the output of `task` from its holder and keep it as long as there is room: should `from` be lost, it is asked for.
/// from == worker: that has happened; the worker is its holder now.
struct KeepCopy {
  WorkerId worker;
  TaskId task;
  WorkerId from;
  Bytes bytes;
};

using Action = std::variant<Assign, Recall, Release, RunSucceeded, RunFailed, SetTimer, TaskErred, KeepCopy>;

/// What one or several events ask for, in the order in which it must be sent. Keep one buffer and clear() it.
struct Actions {
  std::vector<Action> list;
  std::vector<InputLocation> input_pool;
  std::vector<TaskId> task_pool;

  std::span<const InputLocation> inputs(const Assign& assign) const {
    return std::span(input_pool).subspan(assign.inputs.begin, assign.inputs.count);
  }
  std::span<const TaskId> tasks(const Release& release) const {
    return std::span(task_pool).subspan(release.tasks.begin, release.tasks.count);
  }
  void clear() {
    list.clear();
    input_pool.clear();
    task_pool.clear();
  }
};

}  // namespace rankine::sched
