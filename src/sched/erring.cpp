// Where a run keeps going: tasks that fail for good or are cancelled, and what needs them.
#include <algorithm>
#include <utility>

#include "base/check.hpp"
#include "sched/scheduler.hpp"

namespace rankine::sched {

/// Ends the task, or the run. The task is off its worker's books already, or queued.
void Scheduler::fail_for_good(FailureReport report, Actions& out) {
  const TaskId task = *report.task;
  if (!options_.keep_going) {
    if (tasks_.state(task) != TaskState::ready) tasks_.set_state(task, TaskState::waiting);
    return fail_run(std::move(report), out);
  }
  errors_.insert_or_assign(task, std::move(report));
  err(task, task, out);
}

void Scheduler::on_cancelled(Instant, TaskId task, Actions& out) {
  RANKINE_CHECK(options_.keep_going, "tasks are cancelled only where the run keeps going");
  RANKINE_CHECK(task.value < task_count(), "an unknown task is cancelled");
  if (failure_ || !is_unfinished(task)) return;
  fail_for_good({task, graph_->describe(task) + " was cancelled", true, {}}, out);
  dispatch(out);
}

const FailureReport& Scheduler::error_of(TaskId task) const { return errors_.at(causes_.at(task)); }

/// Marks `first` and every unfinished task that needs it, to any depth. Failures are rare: it may allocate.
void Scheduler::err(TaskId first, TaskId cause, Actions& out) {
  std::vector<TaskId> reached{first}, edges;
  for (std::size_t next = 0; next < reached.size(); ++next) {
    const TaskId task = reached[next];
    if (!is_unfinished(task)) continue;  // reached on two ways
    take_off_books(task, out);
    parked_.erase(task);
    served_.erase(task);
    tasks_.set_state(task, TaskState::erred);
    tasks_.set_worker(task, no_worker);
    tasks_.set_count(task, 0);
    --unfinished_;
    ++erred_;
    causes_.insert_or_assign(task, cause);
    out.list.push_back(TaskErred{task, cause});
    for (const TaskId reader : graph_->dependents_of(task, edges))
      if (is_unfinished(reader)) reached.push_back(reader);
    for (const TaskId input : graph_->dependencies_of(task, edges))
      if (tasks_.state(input) == TaskState::held && tasks_.decrement(input) == 0) release_if_unneeded(input, out);
  }
}

/// Out of queues and lists. A worker that has the task already is asked for it back to spare it the work; if it has
/// begun, its report is late and its output dropped.
void Scheduler::take_off_books(TaskId task, Actions& out) {
  switch (tasks_.state(task)) {
    case TaskState::ready: return unqueue(task);
    case TaskState::delayed:
      std::erase_if(delayed_, [&](const DelayedRetry& retry) { return retry.task == task; });
      return;
    case TaskState::assigned:
    case TaskState::recalled:
    case TaskState::started: {
      const WorkerId worker{tasks_.worker(task)};
      leave_worker(task);
      out.list.push_back(Recall{worker, task, tasks_.attempt(task)});
      return;
    }
    default: return;
  }
}

/// After a loss, or when tasks were added: some need what will never be.
void Scheduler::err_hopeless(Actions& out) {
  std::vector<TaskId> edges;
  for (const TaskId task : std::exchange(hopeless_, {})) {
    if (!is_unfinished(task)) continue;
    for (const TaskId input : graph_->dependencies_of(task, edges)) {
      if (tasks_.state(input) != TaskState::erred) continue;
      err(task, causes_.at(input), out);
      break;
    }
  }
}

/// The output of a task that was erred while it ran.
void Scheduler::drop_late_output(const FinishedTask& report, Actions& out) {
  if (erred_ == 0 || report.task.value >= task_count() || !is_alive(report.worker)) return;
  if (tasks_.state(report.task) != TaskState::erred) return;
  const auto pool_end = static_cast<std::uint32_t>(out.task_pool.size());
  out.task_pool.push_back(report.task);
  out.list.push_back(Release{report.worker, {pool_end, 1}});
}

void Scheduler::on_task_blocked(Instant, WorkerId worker, TaskId task, std::uint32_t attempt, bool blocked, Actions& out) {
  if (failure_ || !is_current(worker, task, attempt)) return;
  if (blocked == blocked_.contains(task)) return;
  if (blocked) {
    blocked_.insert(task);
    ++at(worker).threads;
    ++total_threads_;
  } else {
    blocked_.erase(task);
    --at(worker).threads;
    --total_threads_;
  }
  mark_dirty(worker);
  dispatch(out);
}

}  // namespace rankine::sched
