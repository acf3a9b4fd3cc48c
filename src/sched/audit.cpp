// sanity_check: the whole state, recomputed from the graph and the states of the tasks.
#include <algorithm>
#include <map>
#include <utility>

#include "base/check.hpp"
#include "sched/scheduler.hpp"

namespace rankine::sched {

void Scheduler::sanity_check() const {
  if (failure_) return;  // the books are closed: later events are not entered any more
  struct Sums {
    std::uint64_t held = 0, running = 0, backlog = 0;
    std::uint32_t assigned_us = 0, ready = 0, movable = 0, roots = 0, assigned = 0;
  };
  std::vector<Sums> sums(workers_.size());
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint32_t> readers_at;  // (block, worker)
  std::uint32_t unfinished = 0, ready = 0, assigned = 0, delayed = 0, recalled = 0, erred = 0;
  std::vector<TaskId> edges;
  for (std::uint32_t i = 0; i < task_count(); ++i) {
    const TaskId task{i};
    const TaskState state = tasks_.state(task);
    const std::uint32_t worker = tasks_.worker(task);
    edges.clear();
    graph_->dependencies(task, edges);
    std::uint32_t missing = 0;
    for (const TaskId input : edges) missing += tasks_.state(input) != TaskState::held;
    const bool is_root = edges.empty();
    if (is_unfinished(task)) {
      ++unfinished;
      RANKINE_CHECK(tasks_.count(task) == missing, "missing inputs are miscounted");
    }
    const std::uint64_t cost = cost_us(task);
    switch (state) {
      case TaskState::waiting:
        RANKINE_CHECK(missing > 0 || !started_ || is_parked(task), "a task waits for nothing");
        RANKINE_CHECK(worker == no_worker, "a waiting task has a worker");
        break;
      case TaskState::delayed: ++delayed; break;
      case TaskState::ready:
        ++ready;
        RANKINE_CHECK(missing == 0, "a ready task misses an input");
        if (worker != no_worker) {
          RANKINE_CHECK(workers_[worker].alive, "a ready task is queued for a lost worker");
          ++sums[worker].ready;
          sums[worker].backlog += cost;
          const auto& heap = queue_of(const_cast<WorkerState&>(workers_[worker]), task);
          sums[worker].movable += &heap == &workers_[worker].ready;
          RANKINE_CHECK(std::find(heap.begin(), heap.end(), QueueEntry::of(rank_[i], task)) != heap.end(),
                        "a ready task is in no queue");
        }
        break;
      case TaskState::recalled: ++recalled; [[fallthrough]];
      case TaskState::assigned:
      case TaskState::started: {
        ++assigned;
        RANKINE_CHECK(workers_[worker].alive, "a task is assigned to a lost worker");
        const auto& list = workers_[worker].sent;
        RANKINE_CHECK(std::count_if(list.begin(), list.end(), [&](const SentTask& sent) {
                        return sent.task == task && sent.attempt == tasks_.attempt(task);
                      }) == 1, "an assigned task is not on its worker's list");
        sums[worker].assigned_us += measured_us(task);
        ++sums[worker].assigned;
        sums[worker].running += running_bytes(task);
        sums[worker].backlog += cost;
        sums[worker].roots += is_root;
        for (const TaskId input : edges)
          if (tasks_.worker(input) != worker || replicas_.count(input, {worker}) != 0) ++readers_at[{input.value, worker}];
        break;
      }
      case TaskState::held:
        RANKINE_CHECK(workers_[worker].alive, "an output is held by a lost worker");
        RANKINE_CHECK(tasks_.count(task) != 0 || is_kept_for_client(task), "an output is held for nobody");
        sums[worker].held += held_bytes_of(task);
        break;
      case TaskState::released:
        RANKINE_CHECK(!is_kept_for_client(task), "a wanted output was released");
        break;
      case TaskState::erred:
        ++erred;
        RANKINE_CHECK(worker == no_worker, "an erred task has a worker");
        RANKINE_CHECK(errors_.contains(causes_.at(task)), "an erred task has no cause");
        break;
    }
    const PinGroup group = graph_->pin_group(task);
    if (group.value != 0 && state >= TaskState::assigned && state <= TaskState::started)
      RANKINE_CHECK(group_worker_[group.value] == worker, "a pinned task is away from its group");
    RANKINE_CHECK(state == TaskState::held || !tasks_.has_odd_size(task), "the size of an output is kept without it");
    edges.clear();
    graph_->dependents(task, edges);
    const auto readers = std::count_if(edges.begin(), edges.end(), [&](TaskId r) { return is_unfinished(r); });
    if (state == TaskState::held) RANKINE_CHECK(readers == tasks_.count(task), "readers are miscounted");
    const auto parked = std::count_if(edges.begin(), edges.end(), [&](TaskId r) { return is_parked(r); });
    if (state == TaskState::released) RANKINE_CHECK(readers == parked, "an output was released before its last reader");
    if (state == TaskState::erred) RANKINE_CHECK(readers == 0, "a task waits for an erred one");
  }
  for (const TaskId task : parked_) RANKINE_CHECK(tasks_.state(task) == TaskState::waiting, "a discarded task does not wait");
  RANKINE_CHECK(unfinished == unfinished_, "unfinished tasks are miscounted");
  RANKINE_CHECK(erred == erred_, "erred tasks are miscounted");
  RANKINE_CHECK(ready == ready_total_, "ready tasks are miscounted");
  RANKINE_CHECK(assigned == assigned_total_, "assigned tasks are miscounted");
  RANKINE_CHECK(delayed == delayed_.size(), "delayed tasks are miscounted");
  RANKINE_CHECK(recalled == recalls_.size(), "recalled tasks are miscounted");
  RANKINE_CHECK(assigned != 0 || ready == 0 || !started_ || paused_ || live_workers_.empty(),
                "nothing runs although a task is ready");
  RANKINE_CHECK(readers_at.size() == replicas_.size(), "the replica table has other pairs than the assigned tasks");
  for (const auto& [pair, count] : readers_at)
    RANKINE_CHECK(replicas_.count({pair.first}, {pair.second}) == count, "readers at a worker are miscounted");
  for (std::uint32_t w = 0; w < workers_.size(); ++w) {
    const WorkerState& worker = workers_[w];
    if (!worker.alive) continue;
    RANKINE_CHECK(worker.held_bytes == sums[w].held, "held bytes of a worker are off");
    RANKINE_CHECK(worker.running_bytes == sums[w].running, "running bytes of a worker are off");
    RANKINE_CHECK(worker.backlog_us == sums[w].backlog, "the backlog of a worker is off");
    RANKINE_CHECK(worker.ready_count == sums[w].ready, "queued tasks of a worker are miscounted");
    RANKINE_CHECK(worker.movable_count == sums[w].movable, "tasks that others may take are miscounted");
    RANKINE_CHECK(worker.roots_assigned == sums[w].roots, "root tasks of a worker are miscounted");
    RANKINE_CHECK(worker.assigned_count == sums[w].assigned, "assigned tasks of a worker are miscounted");
    RANKINE_CHECK(!started_ || paused_ || !worker.dirty, "a worker was left unserved");
    RANKINE_CHECK(worker.assigned_us == sums[w].assigned_us, "the queue of a worker is longer than its sum");
    if (worker.assigned_count == 0) RANKINE_CHECK(worker.replica_bytes == 0, "a worker without tasks has inputs in use");
  }
}

}  // namespace rankine::sched
