#include "sched/scheduler.hpp"

#include <algorithm>
#include <utility>

#include "base/check.hpp"
#include "sched/static_order.hpp"

namespace rankine::sched {

Scheduler::Scheduler(SchedulerOptions options, std::shared_ptr<const TaskGraph> graph)
    : options_(options), graph_(std::move(graph)), tasks_(graph_->grows() ? 0 : graph_->task_count()),
      costs_(*graph_, options.cost_learning_rate) {
  RANKINE_CHECK(options_.max_attempts > 0, "max_attempts is at least 1");
  RANKINE_CHECK(options_.max_assignments_per_task < TaskTable::attempt_limit, "attempt numbers have 10 bits");
  growing_ = graph_->grows();
  if (growing_) {
    group_worker_.assign(1, no_worker);
    return;  // its first tasks come as all others do
  }
  graph_has_needs_ = graph_->has_resource_needs();
  StaticOrder order = compute_static_order(*graph_);
  rank_ = std::move(order.rank);
  unfinished_ = graph_->task_count();
  std::uint32_t group_limit = 0, root_count = 0;
  const auto is_root = [&](TaskId task) {
    return tasks_.count(task) == 0 && is_unfinished(task) && !must_stay(task);
  };
  for (std::uint32_t i = 0; i < task_count(); ++i) {
    if (graph_->is_already_done({i})) {
      tasks_.set_state({i}, TaskState::released);
      --unfinished_;
    }
    tasks_.set_count({i}, static_cast<std::uint32_t>(graph_->dependencies_of({i}, inputs_).size()));
    group_limit = std::max(group_limit, graph_->pin_group({i}).value);
    root_count += is_root({i});
  }
  group_worker_.assign(std::size_t{group_limit} + 1, no_worker);
  roots_.reserve(root_count);
  for (const TaskId task : order.at_rank)
    if (is_root(task)) roots_.push_back(task);
  graph_has_localities_ = graph_->has_localities();
  if (graph_has_localities_) gather_localities();
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
  at(worker).threads = description.threads;
  at(worker).node = description.node;
  at(worker).resources_free = description.resources;
  if (const std::uint64_t limit = description.memory_limit.value; limit != 0) {
    at(worker).admission_limit = static_cast<std::uint64_t>(options_.admission_fraction * static_cast<double>(limit));
    at(worker).root_admission_limit =
        static_cast<std::uint64_t>(options_.root_admission_fraction * static_cast<double>(limit));
  }
  live_workers_.insert(std::lower_bound(live_workers_.begin(), live_workers_.end(), worker), worker);
  total_threads_ += description.threads;
  for (const TaskId task : std::exchange(unplaced_, {}))
    if (tasks_.state(task) == TaskState::ready && tasks_.worker(task) == no_worker) {
      --ready_total_;
      make_ready(task);
    }
  mark_dirty(worker);
  dispatch(out);
}

void Scheduler::start(Instant, Actions& out) {
  RANKINE_CHECK(!started_, "a run starts once");
  started_ = true;
  for (const TaskId task : roots_) tasks_.set_state(task, TaskState::ready);
  ready_total_ += static_cast<std::uint32_t>(roots_.size());
  for (std::uint32_t i = 0; i < task_count(); ++i)
    if (tasks_.count({i}) == 0 && tasks_.state({i}) == TaskState::waiting) make_ready({i});
  for (const WorkerId worker : live_workers_) mark_dirty(worker);
  dispatch(out);
}

void Scheduler::on_task_finished(Instant now, WorkerId worker, TaskId task, std::uint32_t attempt, Bytes actual,
                                 std::uint32_t duration_us, Actions& out) {
  const FinishedTask report{worker, task, attempt, actual, duration_us};
  on_tasks_finished(now, {&report, 1}, out);
}

void Scheduler::on_tasks_finished(Instant, std::span<const FinishedTask> tasks, Actions& out) {
  if (failure_) return;
  bool any = false;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    fetch_ahead(tasks, i);
    any = enter_finished(tasks[i], out) || any;
  }
  if (any) dispatch(out);
}

/// With a thousand workers the tasks that finish are spread over memory that no cache holds: what the next reports
/// will touch is asked for in time, first their own entries, then those of their edges.
void Scheduler::fetch_ahead(std::span<const FinishedTask> tasks, std::size_t at_report) {
  constexpr std::size_t far = 8, middle = 5, near = 2;
  if (at_report + far < tasks.size()) {
    const FinishedTask& report = tasks[at_report + far];
    if (report.task.value < task_count()) {
      tasks_.fetch(report.task);
      graph_->fetch_ahead(report.task, 0);
    }
    if (report.worker.value < workers_.size()) {
      __builtin_prefetch(&workers_[report.worker.value]);
      __builtin_prefetch(reinterpret_cast<const std::byte*>(&workers_[report.worker.value]) + 64);
    }
  }
  if (at_report + middle < tasks.size() && tasks[at_report + middle].task.value < task_count())
    graph_->fetch_ahead(tasks[at_report + middle].task, 1);
  if (at_report + near < tasks.size() && tasks[at_report + near].task.value < task_count()) {
    for (const TaskId input : graph_->dependencies_of(tasks[at_report + near].task, edges_)) tasks_.fetch(input);
    for (const TaskId reader : graph_->dependents_of(tasks[at_report + near].task, edges_)) {
      tasks_.fetch(reader);
      __builtin_prefetch(&rank_[reader.value]);
      graph_->fetch_ahead(reader, 0);
    }
  }
}

/// False if the report is not of an execution that is under way.
bool Scheduler::enter_finished(const FinishedTask& report, Actions& out) {
  if (!is_current(report.worker, report.task, report.attempt)) {
    drop_late_output(report, out);
    return false;
  }
  leave_worker(report.task);
  learn(report.task, report.duration_us);
  finish(report.task, report.worker, report.bytes, out);
  if (options_.replicate_bytes.value != 0) note_made(report, out);
  return true;
}

void Scheduler::learn(TaskId task, std::uint32_t duration_us) {
  if (costs_.learn(*graph_, task, duration_us)) reprice_queues();
}

/// Backlogs are sums of costs: when costs change they are summed again. Rare, see CostModel.
void Scheduler::reprice_queues() {
  for (const WorkerId id : live_workers_) {
    WorkerState& worker = at(id);
    scan_.clear();
    for (const SentTask& sent : worker.sent)
      if (is_there(id, sent)) scan_.push_back(sent.task);
    worker.assigned_us = 0;
    for (const TaskId task : scan_) worker.assigned_us += measured_us(task);
    for (const auto* heap : {&worker.ready, &worker.pinned, &worker.needing})
      for (const QueueEntry entry : *heap)
        if (tasks_.state(entry.task()) == TaskState::ready && tasks_.worker(entry.task()) == id.value)
          scan_.push_back(entry.task());
    // A task that left a queue and came back has two entries there.
    std::sort(scan_.begin(), scan_.end());
    scan_.erase(std::unique(scan_.begin(), scan_.end()), scan_.end());
    worker.backlog_us = 0;
    for (const TaskId task : scan_) worker.backlog_us += cost_us(task);
  }
}

void Scheduler::on_task_failed(Instant now, WorkerId worker, TaskId task, std::uint32_t attempt, std::string message,
                               bool permanent, Actions& out) {
  if (failure_ || !is_current(worker, task, attempt)) return;
  leave_worker(task);
  auto& failures = failures_[task];
  failures.push_back({attempt, worker, std::move(message)});
  if (permanent || failures.size() >= max_attempts(task)) fail_for_good({task, graph_->describe(task), permanent, failures}, out);
  else delay(now, task, static_cast<std::uint32_t>(failures.size()), out);
  dispatch(out);
}

void Scheduler::on_input_missing(Instant now, WorkerId worker, TaskId task, std::uint32_t attempt, TaskId input,
                                 Actions& out) {
  if (failure_ || !is_current(worker, task, attempt)) return;
  leave_worker(task);
  // A holder that is still believed alive has refused: its loss may be noticed soon, so wait a little
  // rather than ask again at once. It costs none of the task's attempts.
  if (input.value < task_count() && tasks_.state(input) == TaskState::held) delay(now, task, 1, out);
  else requeue(task);
  dispatch(out);
}

void Scheduler::on_recall_answered(Instant, WorkerId worker, TaskId task, std::uint32_t attempt, bool granted,
                                   Actions& out) {
  if (failure_ || !is_current(worker, task, attempt) || tasks_.state(task) != TaskState::recalled) return;
  const auto recall = std::find_if(recalls_.begin(), recalls_.end(), [&](const auto& r) { return r.task == task; });
  const WorkerId thief = recall->thief;
  if (!granted) {
    at(thief).recall_pending = false;
    recalls_.erase(recall);
    tasks_.set_state(task, TaskState::started);
  } else {
    leave_worker(task);
    if (tasks_.count(task) == 0 && is_alive(thief)) queue_at(task, thief);
    else requeue(task);
  }
  dispatch(out);
}

void Scheduler::on_wanted_taken(Instant, TaskId task, Actions& out) {
  RANKINE_CHECK(graph_->is_wanted(task), "only wanted outputs are taken");
  tasks_.set_taken(task);
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
  if (tasks_.state(task) != TaskState::held) return std::nullopt;
  return WorkerId{tasks_.worker(task)};
}

void Scheduler::held_outputs(std::vector<std::pair<TaskId, WorkerId>>& out) const {
  for (std::uint32_t i = 0; i < task_count(); ++i)
    if (const std::optional<WorkerId> worker = holder({i})) out.emplace_back(TaskId{i}, *worker);
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

std::size_t Scheduler::memory_bytes() const {
  std::size_t bytes = tasks_.memory_bytes() + rank_.capacity() * sizeof(rank_[0]) + roots_.capacity() * sizeof(TaskId) +
                      odd_sizes_.memory_bytes() + replicas_.memory_bytes() + workers_.capacity() * sizeof(WorkerState);
  for (const WorkerState& worker : workers_)
    bytes += (worker.ready.capacity() + worker.pinned.capacity() + worker.needing.capacity()) * sizeof(QueueEntry) +
             worker.sent.capacity() * sizeof(SentTask);
  return bytes;
}

bool Scheduler::is_current(WorkerId worker, TaskId task, std::uint32_t attempt) const {
  return task.value < task_count() && is_alive(worker) && is_there(worker, {task, attempt});
}

/// Takes an assigned task off its worker's books. The caller gives it its next state.
void Scheduler::leave_worker(TaskId task) {
  const WorkerId id{tasks_.worker(task)};
  WorkerState& worker = at(id);
  --worker.assigned_count;
  worker.assigned_us -= measured_us(task);
  --assigned_total_;
  worker.running_bytes -= running_bytes(task);
  worker.backlog_us -= cost_us(task);
  const auto inputs = graph_->dependencies_of(task, inputs_);
  for (const TaskId input : inputs) {
    // What is held here was held here already when the task came, unless a loss has moved it since.
    if (tasks_.worker(input) != id.value) worker.replica_bytes -= replicas_.remove(input, id);
    else if (had_losses_) worker.replica_bytes -= replicas_.remove_if_known(input, id);
  }
  if (inputs.empty()) --worker.roots_assigned;
  if (!blocked_.empty() && blocked_.erase(task) != 0) {
    --worker.threads;
    --total_threads_;
  }
  if (graph_has_needs_)
    for (const ResourceNeed& need : graph_->resource_needs(task)) worker.resources_free[need.resource] += need.amount;
  if (tasks_.state(task) == TaskState::recalled) {
    const auto recall = std::find_if(recalls_.begin(), recalls_.end(), [&](const auto& r) { return r.task == task; });
    if (is_alive(recall->thief)) at(recall->thief).recall_pending = false;
    recalls_.erase(recall);
  }
  tasks_.set_state(task, TaskState::waiting);
  tasks_.set_worker(task, no_worker);
  mark_dirty(id);
}

void Scheduler::finish(TaskId task, WorkerId worker, Bytes actual, Actions& out) {
  tasks_.set_state(task, TaskState::held);
  tasks_.set_worker(task, worker.value);
  if (actual != graph_->output_bytes(task)) {
    odd_sizes_.add(task, {no_worker}, actual.value);
    tasks_.set_odd_size(task, true);
  }
  at(worker).held_bytes += actual.value;
  --unfinished_;
  for (const TaskId input : graph_->dependencies_of(task, inputs_)) {
    // An input that was lost meanwhile counts its readers when it is held again.
    if (tasks_.state(input) == TaskState::held && tasks_.decrement(input) == 0) release_if_unneeded(input, out);
  }
  std::uint32_t readers = 0;
  for (const TaskId reader : graph_->dependents_of(task, dependents_)) {
    if (!is_unfinished(reader)) continue;
    ++readers;
    const bool has_all = tasks_.decrement(reader) == 0;
    if (tasks_.state(reader) != TaskState::waiting) continue;
    if (has_all && !is_parked(reader)) make_ready(reader);
    else if (!has_all && !parked_.empty()) satisfied_.push_back(reader);
  }
  tasks_.set_count(task, readers);
  if (readers == 0) release_if_unneeded(task, out);
  end_demand(task);
  if (!satisfied_.empty())
    for (const TaskId reader : std::exchange(satisfied_, {})) demand_if_alone_missing(reader);
}

void Scheduler::release_if_unneeded(TaskId task, Actions& out) {
  if (tasks_.state(task) != TaskState::held || tasks_.count(task) != 0 || is_kept_for_client(task)) return;
  const WorkerId id{tasks_.worker(task)};
  at(id).held_bytes -= held_bytes_of(task);
  forget_size(task);
  tasks_.set_state(task, TaskState::released);
  tasks_.set_worker(task, no_worker);
  mark_dirty(id);
  if (!copies_.empty()) release_copy(task, out);
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

void Scheduler::forget_size(TaskId task) {
  if (!tasks_.has_odd_size(task)) return;
  odd_sizes_.remove(task, {no_worker});
  tasks_.set_odd_size(task, false);
}

/// Back into a queue, or to waiting if an input was lost meanwhile.
void Scheduler::requeue(TaskId task) {
  if (tasks_.count(task) == 0) return make_ready(task);
  tasks_.set_state(task, TaskState::waiting);
  demand_if_alone_missing(task);
}

void Scheduler::delay(Instant now, TaskId task, std::uint32_t failure_count, Actions& out) {
  const std::int64_t delay_ms = std::int64_t{options_.retry_delay_ms} << std::min<std::uint32_t>(failure_count - 1, 10);
  if (delay_ms == 0) return requeue(task);
  tasks_.set_state(task, TaskState::delayed);
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
