// Lost workers: what only they held is computed again from what is still there.
#include <algorithm>
#include <utility>

#include "base/check.hpp"
#include "sched/scheduler.hpp"

namespace rankine::sched {

void Scheduler::on_worker_lost(Instant, WorkerId worker, Actions& out, std::span<const TaskId> running, const std::string& how) {
  if (!is_alive(worker)) return;
  at(worker).alive = false;
  had_losses_ = true;
  if (at(worker).stealable_at != WorkerState::not_stealable) note_stealable(worker);
  live_workers_.erase(std::find(live_workers_.begin(), live_workers_.end(), worker));
  total_threads_ -= at(worker).description.threads;
  if (failure_) return;

  std::vector<TaskId> homeless;  // may run elsewhere if their inputs are there
  std::vector<TaskId> lost;      // finished, and to be computed again
  const std::vector<TaskId> suspects = ran_there(worker, running);
  give_up_queues(worker, homeless);
  unhold_at(worker, lost, out);
  for (std::uint32_t group = 1; group < group_worker_.size(); ++group)
    if (group_worker_[group] == worker.value) group_worker_[group] = no_worker;
  at(worker) = WorkerState{};
  for (const TaskId task : lost) forget_output(task);
  resubmit(lost);
  err_hopeless(out);
  blame(suspects, worker, how, out);
  if (failure_) return;
  homeless.insert(homeless.end(), lost.begin(), lost.end());
  take_up(homeless);

  if (started_ && unfinished_ != 0 && live_workers_.empty()) {
    fail_run({std::nullopt, "no worker is left", true, {}}, out);
    return;
  }
  dispatch(out);
}

void Scheduler::on_effects_lost(Instant, std::span<const TaskId> tasks, Actions& out) {
  if (failure_) return;
  std::vector<TaskId> lost;
  for (const TaskId task : tasks)
    if (task.value < task_count() && tasks_.state(task) == TaskState::released && graph_->dependents_of(task, scan_).empty())
      lost.push_back(task);
  for (const TaskId task : lost) forget_output(task);
  resubmit(lost);
  err_hopeless(out);
  take_up(lost);
  dispatch(out);
}

/// Those that are waiting: ready if they miss nothing, otherwise what they miss is asked for.
void Scheduler::take_up(std::span<const TaskId> tasks) {
  for (const TaskId task : tasks) {
    if (tasks_.state(task) != TaskState::waiting) continue;
    if (tasks_.count(task) == 0) make_ready(task);
    else demand_if_alone_missing(task);
  }
}

/// Assigned and queued tasks go back to waiting; its stretch of roots to whoever wants it.
void Scheduler::give_up_queues(WorkerId id, std::vector<TaskId>& homeless) {
  WorkerState& worker = at(id);
  for (const SentTask& sent : worker.sent) {
    if (!is_there(id, sent)) continue;
    homeless.push_back(sent.task);
    leave_worker(sent.task);
  }
  for (auto* heap : {&worker.ready, &worker.pinned, &worker.needing})
    for (const QueueEntry entry : *heap) {
      const TaskId task = entry.task();
      if (tasks_.state(task) != TaskState::ready || tasks_.worker(task) != id.value) continue;
      unqueue(task);
      tasks_.set_state(task, TaskState::waiting);
      tasks_.set_worker(task, no_worker);
      homeless.push_back(task);
    }
  if (worker.root_begin != worker.root_end) spare_root_runs_.push_back({worker.root_begin, worker.root_end});
  RANKINE_CHECK(worker.replica_bytes == 0 && worker.running_bytes == 0 && worker.ready_count == 0,
                "a worker without tasks has no bytes in use");
}

/// Outputs held there are gone: their readers miss an input. Also lost is all that a pin group has done
/// there, for what it shares (an open file) went with the worker. O(tasks): a loss is rare.
void Scheduler::unhold_at(WorkerId id, std::vector<TaskId>& lost, Actions& out) {
  for (std::uint32_t i = 0; i < task_count(); ++i) {
    const TaskId task{i};
    if (is_unfinished(task) || tasks_.state(task) == TaskState::erred) continue;
    const bool held_there = tasks_.state(task) == TaskState::held && tasks_.worker(task) == id.value;
    const PinGroup group = graph_->pin_group(task);
    if (held_there && !copies_.empty() && take_copy(task, out)) continue;
    if (held_there || (group.value != 0 && group_worker_[group.value] == id.value)) lost.push_back(task);
  }
  for (const TaskId task : lost)
    if (tasks_.state(task) == TaskState::held) unhold(task);
}

void Scheduler::unhold(TaskId task) {
  for (const TaskId reader : graph_->dependents_of(task, scan_)) {
    if (!is_unfinished(reader)) continue;
    tasks_.increment(reader);
    if (tasks_.state(reader) != TaskState::ready) continue;  // assigned ones may have fetched it already
    unqueue(reader);
    tasks_.set_state(reader, TaskState::waiting);
    tasks_.set_worker(reader, no_worker);
  }
}

/// A finished task is unfinished again.
void Scheduler::forget_output(TaskId task) {
  forget_size(task);
  if (!copies_.empty()) copies_.erase(task);
  tasks_.set_state(task, TaskState::waiting);
  tasks_.set_worker(task, no_worker);
  ++unfinished_;
}

/// Of tasks whose output was forgotten: what they need of released outputs is forgotten and computed again too, to
/// any depth; `lost` grows by those. Afterwards all counts are as if they had never run. Those that need an erred
/// task are noted as hopeless.
void Scheduler::resubmit(std::vector<TaskId>& lost) {
  for (std::size_t next = 0; next < lost.size(); ++next) {
    const TaskId task = lost[next];
    std::uint32_t missing = 0;
    for (const TaskId input : graph_->dependencies_of(task, inputs_)) {
      if (tasks_.state(input) == TaskState::held) {
        tasks_.increment(input);
        continue;
      }
      ++missing;
      if (tasks_.state(input) == TaskState::erred) hopeless_.push_back(task);
      if (tasks_.state(input) != TaskState::released) continue;
      forget_output(input);
      lost.push_back(input);
    }
    tasks_.set_count(task, missing);
  }
}

}  // namespace rankine::sched
