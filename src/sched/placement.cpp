// Which worker a ready task is queued for, and what it would cost there.
#include <algorithm>
#include <functional>

#include "base/check.hpp"
#include "sched/scheduler.hpp"

namespace rankine::sched {

void Scheduler::make_ready(TaskId task) {
  if (live_workers_.empty()) {
    state_[task.value] = TaskState::ready;
    worker_[task.value] = no_worker;
    ++ready_total_;
    unplaced_.push_back(task);
    return;
  }
  queue_at(task, choose_worker(task));
}

void Scheduler::queue_at(TaskId task, WorkerId id) {
  WorkerState& worker = at(id);
  state_[task.value] = TaskState::ready;
  worker_[task.value] = id.value;
  auto& heap = graph_->pin_group(task).value != 0 ? worker.pinned : worker.ready;
  heap.push_back(rank_[task.value]);
  std::push_heap(heap.begin(), heap.end(), std::greater<>());
  ++worker.ready_count;
  worker.backlog_us += std::max<std::uint32_t>(1, graph_->cost_us(task));
  ++ready_total_;
  mark_dirty(id);
}

/// Off the books of its queue; the heap's entry is stale from now on and skipped when it comes up.
void Scheduler::unqueue(TaskId task) {
  --ready_total_;
  if (worker_[task.value] == no_worker) return;
  WorkerState& worker = workers_[worker_[task.value]];
  --worker.ready_count;
  worker.backlog_us -= std::max<std::uint32_t>(1, graph_->cost_us(task));
}

/// Fewest missing bytes, a byte on the same node counting same_node_price; then least load; then lowest
/// id. Only holders of inputs can win, so others are not looked at. A worker where it failed last is avoided.
WorkerId Scheduler::choose_worker(TaskId task) {
  const PinGroup group = graph_->pin_group(task);
  if (group.value != 0) return place_group(group);
  std::uint32_t avoided = no_worker;
  if (const auto failures = failures_.find(task); failures != failures_.end())
    avoided = failures->second.back().worker.value;

  // Own buffers: callers are in the middle of their own walks over inputs_ and dependents_.
  candidates_.clear();
  edges_.clear();
  graph_->dependencies(task, edges_);
  std::uint64_t total = 0;
  for (const TaskId input : edges_) {
    const std::uint64_t bytes = held_bytes_[input.value];
    if (bytes == 0) continue;
    const WorkerId holder{worker_[input.value]};
    if (local_bytes_[holder.value] == 0) candidates_.push_back(holder);
    local_bytes_[holder.value] += bytes;
    node_bytes_[at(holder).description.node] += bytes;
    total += bytes;
  }
  WorkerId best{no_worker};
  double best_missing = 0;
  for (const WorkerId candidate : candidates_) {
    if (candidate.value == avoided) continue;
    const double local = static_cast<double>(local_bytes_[candidate.value]);
    const double node = static_cast<double>(node_bytes_[at(candidate).description.node]);
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
    node_bytes_[at(candidate).description.node] = 0;
  }
  return best.value != no_worker ? best : least_loaded_worker(avoided);
}

/// A group lives where its first task is put: at the worker with the fewest groups, then the least load.
WorkerId Scheduler::place_group(PinGroup group) {
  std::uint32_t& home = group_worker_[group.value];
  if (home != no_worker) return {home};
  WorkerId best = live_workers_.front();
  for (const WorkerId worker : live_workers_)
    if (at(worker).pin_groups < at(best).pin_groups ||
        (at(worker).pin_groups == at(best).pin_groups && at(worker).wait_us() < at(best).wait_us()))
      best = worker;
  ++at(best).pin_groups;
  home = best.value;
  return best;
}

WorkerId Scheduler::least_loaded_worker(std::uint32_t avoided) const {
  WorkerId best{no_worker};
  for (const WorkerId worker : live_workers_) {
    if (worker.value == avoided && live_workers_.size() > 1) continue;
    if (best.value == no_worker || at(worker).wait_us() < at(best).wait_us()) best = worker;
  }
  return best;
}

/// Bytes of inputs that `worker` neither holds nor fetches for a task it already has.
std::uint64_t Scheduler::missing_input_bytes(TaskId task, WorkerId worker) {
  edges_.clear();
  graph_->dependencies(task, edges_);
  std::uint64_t bytes = 0;
  for (const TaskId input : edges_)
    if (worker_[input.value] != worker.value && replicas_.count(input, worker) == 0) bytes += held_bytes_[input.value];
  return bytes;
}

std::uint64_t Scheduler::bytes_to_add(TaskId task, WorkerId worker) {
  return missing_input_bytes(task, worker) + graph_->output_bytes(task).value + graph_->scratch_bytes(task).value;
}

std::uint64_t Scheduler::move_cost_us(TaskId task, WorkerId worker) {
  return missing_input_bytes(task, worker) / std::max<std::uint32_t>(1, options_.assumed_bandwidth_bytes_per_us);
}

bool Scheduler::fits(std::uint64_t added_bytes, WorkerId id, double fraction) const {
  const std::uint64_t limit = at(id).description.memory_limit.value;
  if (limit == 0) return true;
  return static_cast<double>(at(id).projected_bytes() + added_bytes) <= fraction * static_cast<double>(limit);
}

}  // namespace rankine::sched
