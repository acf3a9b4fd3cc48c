// Which worker a ready task is queued for, and what it would cost there.
#include <algorithm>
#include <functional>

#include "base/check.hpp"
#include "sched/scheduler.hpp"

namespace rankine::sched {

void Scheduler::make_ready(TaskId task) {
  WorkerId worker{no_worker};
  if (!live_workers_.empty()) {
    worker = choose_worker(task);
    if (worker.value == no_worker) unservable_.push_back(task);
  }
  if (worker.value != no_worker) return queue_at(task, worker);
  tasks_.set_state(task, TaskState::ready);
  tasks_.set_worker(task, no_worker);
  ++ready_total_;
  unplaced_.push_back(task);
}

/// Whether other workers may not take it over once it is placed.
bool Scheduler::must_stay(TaskId task) const {
  return graph_->pin_group(task).value != 0 || (graph_has_needs_ && !graph_->resource_needs(task).empty()) || is_marked(task);
}

std::vector<QueueEntry>& Scheduler::queue_of(WorkerState& worker, TaskId task) const {
  if (graph_has_needs_ && !graph_->resource_needs(task).empty()) return worker.needing;
  return graph_->pin_group(task).value != 0 || is_marked(task) ? worker.pinned : worker.ready;
}

void Scheduler::queue_at(TaskId task, WorkerId id) {
  WorkerState& worker = at(id);
  tasks_.set_state(task, TaskState::ready);
  tasks_.set_worker(task, id.value);
  auto& heap = queue_of(worker, task);
  heap.push_back(QueueEntry::of(rank_[task.value], task));
  std::push_heap(heap.begin(), heap.end(), std::greater<>());
  ++worker.ready_count;
  if (&heap == &worker.ready) ++worker.movable_count;
  worker.backlog_us += cost_us(task);
  ++ready_total_;
  mark_dirty(id);
}

/// Off the books of its queue; the heap's entry is stale from now on and skipped when it comes up.
void Scheduler::unqueue(TaskId task) {
  --ready_total_;
  if (tasks_.worker(task) == no_worker) return;
  WorkerState& worker = workers_[tasks_.worker(task)];
  --worker.ready_count;
  if (&queue_of(worker, task) == &worker.ready) --worker.movable_count;
  worker.backlog_us -= cost_us(task);
}

/// Whether the worker has as much of every resource as the task needs, be it in use or not.
bool Scheduler::can_serve(WorkerId worker, TaskId task) const {
  if (!graph_has_needs_) return true;
  const auto needs = graph_->resource_needs(task);
  const auto& has = at(worker).description.resources;
  return std::all_of(needs.begin(), needs.end(), [&](const ResourceNeed& need) {
    return need.resource < has.size() && has[need.resource] >= need.amount;
  });
}

bool Scheduler::has_resources(WorkerId id, TaskId task) const {
  const auto needs = graph_->resource_needs(task);
  return std::all_of(needs.begin(), needs.end(), [&](const ResourceNeed& need) {
    return at(id).resources_free[need.resource] >= need.amount;
  });
}

/// Fewest missing bytes, a byte on the same node counting same_node_price; then least load; then lowest
/// id. Only holders of inputs can win, so others are not looked at. One without the resources it needs is out of the
/// question; where a task should not go again says more than where its inputs are.
WorkerId Scheduler::choose_worker(TaskId task) {
  const PinGroup group = graph_->pin_group(task);
  if (group.value != 0) return place_group(group, task);
  if (is_marked(task)) return least_loaded_worker(task);

  // An own buffer: callers are in the middle of their walks over inputs and dependents.
  candidates_.clear();
  const auto inputs = graph_->dependencies_of(task, edges_);
  std::uint64_t total = 0;
  for (const TaskId input : inputs) {
    // An output of no bytes (a chunk written) still says where its reader is at home.
    const std::uint64_t bytes = std::max<std::uint64_t>(1, held_bytes_of(input));
    const WorkerId holder{tasks_.worker(input)};
    if (local_bytes_[holder.value] == 0) candidates_.push_back(holder);
    local_bytes_[holder.value] += bytes;
    node_bytes_[at(holder).node] += bytes;
    total += bytes;
  }
  WorkerId best{no_worker};
  double best_missing = 0;
  for (const WorkerId candidate : candidates_) {
    if (!can_serve(candidate, task)) continue;
    const double local = static_cast<double>(local_bytes_[candidate.value]);
    const double node = static_cast<double>(node_bytes_[at(candidate).node]);
    const double missing = static_cast<double>(total) - node + (node - local) * options_.same_node_price;
    const bool better = best.value == no_worker || missing < best_missing ||
                        (missing == best_missing && (at(candidate).wait_us() < at(best).wait_us() ||
                         (at(candidate).wait_us() == at(best).wait_us() && candidate < best)));
    if (better) {
      best = candidate;
      best_missing = missing;
    }
  }
  for (const WorkerId candidate : candidates_) {
    local_bytes_[candidate.value] = 0;
    node_bytes_[at(candidate).node] = 0;
  }
  return best.value != no_worker ? best : least_loaded_worker(task);
}

/// A group lives where its first task is put: at the worker with the fewest groups, then the least load.
WorkerId Scheduler::place_group(PinGroup group, TaskId task) {
  std::uint32_t& home = group_worker_[group.value];
  if (home != no_worker) return {home};
  const bool kills = std::any_of(kills_.begin(), kills_.end(), [&](const auto& kill) { return graph_->pin_group(kill.first) == group; });
  const auto is_last_resort = [&](WorkerId worker) { return kills && at(worker).description.hosts_scheduler; };
  WorkerId best{no_worker};
  for (const WorkerId worker : live_workers_) {
    if (!can_serve(worker, task)) continue;
    if (best.value != no_worker && is_last_resort(worker) != is_last_resort(best)) {
      if (is_last_resort(best)) best = worker;
      continue;
    }
    if (best.value == no_worker || at(worker).pin_groups < at(best).pin_groups ||
        (at(worker).pin_groups == at(best).pin_groups && at(worker).wait_us() < at(best).wait_us()))
      best = worker;
  }
  if (best.value == no_worker) return best;
  ++at(best).pin_groups;
  home = best.value;
  return best;
}

/// no_worker if none has the resources that the task needs.
WorkerId Scheduler::least_loaded_worker(TaskId task) const {
  const bool marked = is_marked(task);
  WorkerId best{no_worker};
  std::uint32_t best_reluctance = 0;
  for (const WorkerId worker : live_workers_) {
    if (!can_serve(worker, task)) continue;
    const std::uint32_t price = marked ? reluctance(task, worker) : 0;
    if (best.value == no_worker || price < best_reluctance ||
        (price == best_reluctance && at(worker).wait_us() < at(best).wait_us())) {
      best = worker;
      best_reluctance = price;
    }
  }
  return best;
}

/// Bytes of inputs that `worker` neither holds nor fetches for a task it already has.
std::uint64_t Scheduler::missing_input_bytes(TaskId task, WorkerId worker) {
  std::uint64_t bytes = 0;
  for (const TaskId input : graph_->dependencies_of(task, edges_))
    if (tasks_.worker(input) != worker.value && replicas_.count(input, worker) == 0) bytes += held_bytes_of(input);
  return bytes;
}

std::uint64_t Scheduler::bytes_to_add(TaskId task, WorkerId worker) {
  return missing_input_bytes(task, worker) + running_bytes(task);
}

std::uint64_t Scheduler::move_cost_us(TaskId task, WorkerId worker) {
  return missing_input_bytes(task, worker) / std::max<std::uint32_t>(1, options_.assumed_bandwidth_bytes_per_us);
}

}  // namespace rankine::sched
