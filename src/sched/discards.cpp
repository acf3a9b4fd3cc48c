// Outputs that a living worker has no more: damaged in its scratch, or given up where neither memory nor scratch had room.
#include <algorithm>
#include <functional>
#include <utility>

#include "base/check.hpp"
#include "sched/scheduler.hpp"

namespace rankine::sched {

void Scheduler::on_outputs_lost(Instant, WorkerId worker, std::span<const TaskId> tasks, bool discarded, Actions& out) {
  if (failure_ || !is_alive(worker)) return;
  std::vector<TaskId> lost;
  for (const TaskId task : tasks) {
    if (task.value >= task_count() || tasks_.state(task) != TaskState::held || tasks_.worker(task) != worker.value) continue;
    lost.push_back(task);
    unhold(task);
    // Its readers there were not counted as having it from elsewhere; from now on they are, like those that come.
    if (replicas_.count(task, worker) == 0)
      for (const TaskId reader : graph_->dependents_of(task, dependents_))
        if (const TaskState state = tasks_.state(reader);
            state >= TaskState::assigned && state <= TaskState::started && tasks_.worker(reader) == worker.value)
          replicas_.add(task, worker, 0);
    at(worker).held_bytes -= held_bytes_of(task);
    forget_output(task);
  }
  if (lost.empty()) return;
  had_losses_ = true;
  mark_dirty(worker);
  if (discarded) {
    for (const TaskId task : lost) park(task);
    err_hopeless(out);
    std::vector<TaskId> readers;
    for (const TaskId task : lost) {
      readers.clear();
      graph_->dependents(task, readers);
      for (const TaskId reader : readers) demand_if_alone_missing(reader);
    }
    return dispatch(out);
  }
  resubmit(lost);
  err_hopeless(out);
  take_up(lost);
  dispatch(out);
}

/// Its output was forgotten. It would take at once the room that it has just made; so it waits, with what it needs of
/// released outputs not yet computed again either.
void Scheduler::park(TaskId task) {
  std::uint32_t missing = 0;
  for (const TaskId input : graph_->dependencies_of(task, inputs_)) {
    if (tasks_.state(input) == TaskState::held) tasks_.increment(input);
    else ++missing;
    if (tasks_.state(input) == TaskState::erred) hopeless_.push_back(task);
  }
  tasks_.set_count(task, missing);
  parked_.insert(task);
}

/// Demands the discarded inputs of a waiting task if it misses nothing else. For as many readers at a time as there are
/// threads: if all of them got theirs together, what had no room would have none again.
void Scheduler::demand_if_alone_missing(TaskId reader) {
  if (parked_.empty() || tasks_.state(reader) != TaskState::waiting || is_parked(reader)) return;
  std::vector<TaskId> missing;
  for (const TaskId input : graph_->dependencies_of(reader, edges_)) {
    if (tasks_.state(input) == TaskState::held) continue;
    if (!is_parked(input)) return;
    missing.push_back(input);
  }
  if (missing.empty()) return;
  if (served_.size() >= std::max(1u, total_threads_) && !served_.contains(reader)) {
    unserved_.push_back(QueueEntry::of(rank_[reader.value], reader));
    std::push_heap(unserved_.begin(), unserved_.end(), std::greater<>());
    return;
  }
  served_.insert(reader);
  demand(std::move(missing));
}

/// The reader is done, or needs nothing any more: the next in the static order.
void Scheduler::end_demand(TaskId reader) {
  if (served_.empty() || served_.erase(reader) == 0) return;
  while (!unserved_.empty() && served_.size() < std::max(1u, total_threads_)) {
    const TaskId next = unserved_.front().task();
    std::pop_heap(unserved_.begin(), unserved_.end(), std::greater<>());
    unserved_.pop_back();
    demand_if_alone_missing(next);
  }
}

/// They are computed again, and what they need of released or discarded outputs first.
void Scheduler::demand(std::vector<TaskId> tasks) {
  std::vector<TaskId> revived, awake;
  for (std::size_t next = 0; next < tasks.size() || !awake.empty(); ) {
    if (next < tasks.size()) {
      const TaskId task = tasks[next++];
      if (parked_.erase(task) == 0) continue;
      revived.clear();
      for (const TaskId input : graph_->dependencies_of(task, inputs_)) {
        if (tasks_.state(input) != TaskState::released) continue;
        forget_output(input);
        revived.push_back(input);
      }
      resubmit(revived);
      awake.insert(awake.end(), revived.begin(), revived.end());
      awake.push_back(task);
      continue;
    }
    const TaskId task = awake.back();
    awake.pop_back();
    if (tasks_.state(task) != TaskState::waiting) continue;
    if (tasks_.count(task) == 0) {
      make_ready(task);
      continue;
    }
    const auto inputs = graph_->dependencies_of(task, edges_);
    const bool alone = std::all_of(inputs.begin(), inputs.end(), [&](TaskId input) {
      return tasks_.state(input) == TaskState::held || is_parked(input);
    });
    if (!alone) continue;
    for (const TaskId input : inputs)
      if (is_parked(input)) tasks.push_back(input);
  }
}

/// Nothing is left to run: the first of the discarded in the static order. False if there is none.
bool Scheduler::demand_any() {
  served_.clear();
  unserved_.clear();
  if (parked_.empty()) return false;
  const TaskId first = *std::min_element(parked_.begin(), parked_.end(),
                                         [&](TaskId a, TaskId b) { return rank_[a.value] < rank_[b.value]; });
  demand({first});
  return true;
}

}  // namespace rankine::sched
