#include "sched/scheduler.hpp"

#include <algorithm>
#include <utility>

#include "base/check.hpp"
#include "sched/static_order.hpp"

namespace rankine::sched {

Scheduler::Scheduler(SchedulerOptions options, std::shared_ptr<const TaskGraph> graph)
    : options_(options), graph_(std::move(graph)) {
  RANKINE_CHECK(options_.max_attempts > 0, "max_attempts is at least 1");
  RANKINE_CHECK(options_.max_assignments_per_task < UINT16_MAX, "attempt numbers have 16 bits");
  StaticOrder order = compute_static_order(*graph_);
  rank_ = std::move(order.rank);
  at_rank_ = std::move(order.at_rank);
  const std::uint32_t count = graph_->task_count();
  state_.assign(count, TaskState::waiting);
  attempt_.assign(count, 0);
  missing_.resize(count);
  readers_.resize(count);
  worker_.assign(count, no_worker);
  held_bytes_.assign(count, 0);
  taken_.assign(count, false);
  unfinished_ = count;
  std::uint32_t group_limit = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    inputs_.clear();
    graph_->dependencies({i}, inputs_);
    missing_[i] = static_cast<std::uint32_t>(inputs_.size());
    dependents_.clear();
    graph_->dependents({i}, dependents_);
    readers_[i] = static_cast<std::uint32_t>(dependents_.size());
    group_limit = std::max(group_limit, graph_->pin_group({i}).value);
  }
  group_worker_.assign(std::size_t{group_limit} + 1, no_worker);
  for (const TaskId task : at_rank_)
    if (missing_[task.value] == 0 && graph_->pin_group(task).value == 0) roots_.push_back(task);
}

void Scheduler::on_worker_joined(Instant, WorkerId worker, const WorkerDescription& description, Actions& out) {
  RANKINE_CHECK(!is_alive(worker), "a worker joined twice");
  RANKINE_CHECK(description.threads > 0, "a worker has at least one thread");
  if (workers_.size() <= worker.value) {
    workers_.resize(worker.value + 1);
    local_bytes_.resize(worker.value + 1, 0);
  }
  if (node_bytes_.size() <= description.node) node_bytes_.resize(description.node + 1, 0);
  at(worker) = WorkerState{};
  at(worker).alive = true;
  at(worker).description = description;
  live_workers_.insert(std::lower_bound(live_workers_.begin(), live_workers_.end(), worker), worker);
  total_threads_ += description.threads;
  for (const TaskId task : std::exchange(unplaced_, {}))
    if (state_[task.value] == TaskState::ready && worker_[task.value] == no_worker) {
      --ready_total_;
      make_ready(task);
    }
  mark_dirty(worker);
  dispatch(out);
}

void Scheduler::start(Instant, Actions& out) {
  RANKINE_CHECK(!started_, "a run starts once");
  started_ = true;
  for (const TaskId task : roots_) state_[task.value] = TaskState::ready;
  ready_total_ += static_cast<std::uint32_t>(roots_.size());
  for (const TaskId task : at_rank_)
    if (missing_[task.value] == 0 && state_[task.value] == TaskState::waiting) make_ready(task);
  for (const WorkerId worker : live_workers_) mark_dirty(worker);
  dispatch(out);
}

void Scheduler::on_task_finished(Instant, WorkerId worker, TaskId task, std::uint32_t attempt, Bytes actual,
                                 std::uint32_t /*duration_us*/, Actions& out) {
  if (failure_ || !is_current(worker, task, attempt)) return;
  leave_worker(task);
  finish(task, worker, actual, out);
  dispatch(out);
}

void Scheduler::on_task_failed(Instant now, WorkerId worker, TaskId task, std::uint32_t attempt, std::string message,
                               bool permanent, Actions& out) {
  if (failure_ || !is_current(worker, task, attempt)) return;
  leave_worker(task);
  auto& failures = failures_[task];
  failures.push_back({attempt, worker, std::move(message)});
  if (permanent || failures.size() >= options_.max_attempts) {
    state_[task.value] = TaskState::waiting;
    fail_run({task, graph_->describe(task), permanent, failures}, out);
    return;
  }
  delay(now, task, static_cast<std::uint32_t>(failures.size()), out);
  dispatch(out);
}

void Scheduler::on_input_missing(Instant now, WorkerId worker, TaskId task, std::uint32_t attempt, TaskId input,
                                 Actions& out) {
  if (failure_ || !is_current(worker, task, attempt)) return;
  leave_worker(task);
  // A holder that is still believed alive has refused: its loss may be noticed soon, so wait a little
  // rather than ask again at once. It costs none of the task's attempts.
  if (input.value < task_count() && state_[input.value] == TaskState::held) delay(now, task, 1, out);
  else requeue(task);
  dispatch(out);
}

void Scheduler::on_recall_answered(Instant, WorkerId worker, TaskId task, std::uint32_t attempt, bool granted,
                                   Actions& out) {
  if (failure_ || !is_current(worker, task, attempt) || state_[task.value] != TaskState::recalled) return;
  const auto recall = std::find_if(recalls_.begin(), recalls_.end(), [&](const auto& r) { return r.task == task; });
  const WorkerId thief = recall->thief;
  if (!granted) {
    at(thief).recall_pending = false;
    recalls_.erase(recall);
    state_[task.value] = TaskState::started;
  } else {
    leave_worker(task);
    if (missing_[task.value] == 0 && is_alive(thief)) queue_at(task, thief);
    else requeue(task);
  }
  dispatch(out);
}

void Scheduler::on_wanted_taken(Instant, TaskId task, Actions& out) {
  RANKINE_CHECK(graph_->is_wanted(task), "only wanted outputs are taken");
  taken_[task.value] = true;
  if (failure_) return;
  release_if_unneeded(task, out);
  dispatch(out);
}

void Scheduler::on_timer(Instant now, Actions& out) {
  if (failure_) return;
  const auto due = std::stable_partition(delayed_.begin(), delayed_.end(),
                                         [&](const DelayedRetry& retry) { return retry.at > now; });
  scan_.clear();
  for (auto retry = due; retry != delayed_.end(); ++retry) scan_.push_back(retry->task);
  delayed_.erase(due, delayed_.end());
  for (const TaskId task : scan_) requeue(task);
  set_timer(out);
  dispatch(out);
}

std::optional<WorkerId> Scheduler::holder(TaskId task) const {
  if (state_[task.value] != TaskState::held) return std::nullopt;
  return WorkerId{worker_[task.value]};
}

std::vector<FailedAttempt> Scheduler::failed_attempts(TaskId task) const {
  const auto found = failures_.find(task);
  return found == failures_.end() ? std::vector<FailedAttempt>{} : found->second;
}

Bytes Scheduler::projected_bytes(WorkerId worker) const {
  return is_alive(worker) ? Bytes{at(worker).projected_bytes()} : Bytes{};
}
Bytes Scheduler::held_bytes(WorkerId worker) const {
  return is_alive(worker) ? Bytes{at(worker).held_bytes} : Bytes{};
}

bool Scheduler::is_current(WorkerId worker, TaskId task, std::uint32_t attempt) const {
  if (task.value >= task_count() || !is_alive(worker)) return false;
  const TaskState state = state_[task.value];
  return state >= TaskState::assigned && state <= TaskState::started && worker_[task.value] == worker.value &&
         attempt_[task.value] == attempt;
}

/// Takes an assigned task off its worker's books. The caller gives it its next state.
void Scheduler::leave_worker(TaskId task) {
  const WorkerId id{worker_[task.value]};
  WorkerState& worker = at(id);
  worker.assigned.erase(std::find(worker.assigned.begin(), worker.assigned.end(), task));
  --assigned_total_;
  worker.running_bytes -= graph_->output_bytes(task).value + graph_->scratch_bytes(task).value;
  worker.backlog_us -= std::max<std::uint32_t>(1, graph_->cost_us(task));
  inputs_.clear();
  graph_->dependencies(task, inputs_);
  for (const TaskId input : inputs_) worker.replica_bytes -= replicas_.remove(input, id);
  if (inputs_.empty()) --worker.roots_assigned;
  if (state_[task.value] == TaskState::recalled) {
    const auto recall = std::find_if(recalls_.begin(), recalls_.end(), [&](const auto& r) { return r.task == task; });
    if (is_alive(recall->thief)) at(recall->thief).recall_pending = false;
    recalls_.erase(recall);
  }
  state_[task.value] = TaskState::waiting;
  worker_[task.value] = no_worker;
  mark_dirty(id);
}

void Scheduler::finish(TaskId task, WorkerId worker, Bytes actual, Actions& out) {
  state_[task.value] = TaskState::held;
  worker_[task.value] = worker.value;
  held_bytes_[task.value] = actual.value;
  at(worker).held_bytes += actual.value;
  --unfinished_;
  inputs_.clear();
  graph_->dependencies(task, inputs_);
  for (const TaskId input : inputs_) {
    --readers_[input.value];
    release_if_unneeded(input, out);
  }
  dependents_.clear();
  graph_->dependents(task, dependents_);
  for (const TaskId reader : dependents_)
    if (is_unfinished(reader) && --missing_[reader.value] == 0 && state_[reader.value] == TaskState::waiting)
      make_ready(reader);
  release_if_unneeded(task, out);
}

void Scheduler::release_if_unneeded(TaskId task, Actions& out) {
  if (state_[task.value] != TaskState::held || readers_[task.value] != 0 || is_kept_for_client(task)) return;
  const WorkerId id{worker_[task.value]};
  at(id).held_bytes -= held_bytes_[task.value];
  state_[task.value] = TaskState::released;
  worker_[task.value] = no_worker;
  held_bytes_[task.value] = 0;
  mark_dirty(id);
  const auto pool_end = static_cast<std::uint32_t>(out.task_pool.size());
  out.task_pool.push_back(task);
  if (!out.list.empty())
    if (auto* last = std::get_if<Release>(&out.list.back());
        last && last->worker == id && last->tasks.begin + last->tasks.count == pool_end) {
      ++last->tasks.count;
      return;
    }
  out.list.push_back(Release{id, {pool_end, 1}});
}

/// Back into a queue, or to waiting if an input was lost meanwhile.
void Scheduler::requeue(TaskId task) {
  if (missing_[task.value] == 0) make_ready(task);
  else state_[task.value] = TaskState::waiting;
}

void Scheduler::delay(Instant now, TaskId task, std::uint32_t failure_count, Actions& out) {
  const std::int64_t delay_ms = std::int64_t{options_.retry_delay_ms} << std::min<std::uint32_t>(failure_count - 1, 10);
  if (delay_ms == 0) return requeue(task);
  state_[task.value] = TaskState::delayed;
  delayed_.push_back({{now.ns + delay_ms * 1'000'000}, task});
  set_timer(out);
}

void Scheduler::set_timer(Actions& out) {
  if (delayed_.empty()) return;
  const auto first = std::min_element(delayed_.begin(), delayed_.end(),
                                      [](const DelayedRetry& a, const DelayedRetry& b) { return a.at < b.at; });
  out.list.push_back(SetTimer{first->at});
}

void Scheduler::fail_run(FailureReport report, Actions& out) {
  failure_ = std::move(report);
  out.list.push_back(RunFailed{});
}

void Scheduler::note_finished_run(Actions& out) {
  if (unfinished_ != 0) {
    reported_success_ = false;
  } else if (!reported_success_) {
    reported_success_ = true;
    out.list.push_back(RunSucceeded{});
  }
}

}  // namespace rankine::sched
