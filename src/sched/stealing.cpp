// Work for workers that ran dry: roots and queued tasks of others, then tasks already sent to others.
#include <algorithm>
#include <functional>

#include "sched/scheduler.hpp"

namespace rankine::sched {

/// Serves the first few of the hungry; those that find nothing go to the end of the line.
void Scheduler::serve_hungry(Actions& out) {
  const std::size_t served = std::min<std::size_t>(options_.thieves_per_event, hungry_.size());
  for (std::size_t k = 0; k < served && !failure_; ++k) {
    const WorkerId thief = hungry_[k];
    if (!is_alive(thief)) continue;
    WorkerState& worker = at(thief);
    worker.hungry = false;
    if (!worker.has_free_thread()) continue;
    if (steal_roots(thief) || steal_ready(thief, out)) {
      fill(thief, out);
      continue;
    }
    if (!worker.recall_pending && unfinished_ != 0) recall_for(thief, out);
    worker.hungry = true;
    hungry_.push_back(thief);
  }
  hungry_.erase(hungry_.begin(), hungry_.begin() + static_cast<std::ptrdiff_t>(served));
}

/// The later half of the longest stretch of roots among the victims; the whole of one that its owner has no
/// thread for.
bool Scheduler::steal_roots(WorkerId thief) {
  WorkerState& worker = at(thief);
  if (worker.root_begin != worker.root_end) return false;
  WorkerId victim{no_worker};
  std::uint32_t most = 0;
  const std::size_t count = live_workers_.size();
  for (std::size_t k = 0; k < std::min<std::size_t>(count, options_.steal_scan_limit); ++k) {
    const WorkerId candidate = live_workers_[(steal_cursor_ + k) % count];
    const std::uint32_t length = at(candidate).root_end - at(candidate).root_begin;
    if (candidate != thief && length > most) {
      victim = candidate;
      most = length;
    }
  }
  if (victim.value == no_worker) {
    steal_cursor_ += options_.steal_scan_limit;
    return false;
  }
  WorkerState& owner = at(victim);
  if (most == 1 && owner.has_free_thread()) return false;
  if (!fits(bytes_to_add(roots_[owner.root_begin + most / 2], thief), thief, options_.root_admission_fraction))
    return false;
  worker.root_begin = owner.root_begin + most / 2;
  worker.root_end = owner.root_end;
  owner.root_end = worker.root_begin;
  return true;
}

/// A task that waits in rank 0's queue for a busy worker, if moving its inputs is quicker than waiting
/// for the victim's queue, or if the victim has no memory for it.
bool Scheduler::steal_ready(WorkerId thief, Actions& out) {
  WorkerId victim{no_worker};
  const std::size_t count = live_workers_.size();
  for (std::size_t k = 0; k < std::min<std::size_t>(count, options_.steal_scan_limit); ++k) {
    const WorkerId candidate = live_workers_[(steal_cursor_ + k) % count];
    if (candidate == thief || !discard_stale(candidate, at(candidate).ready)) continue;
    if (victim.value == no_worker || at(candidate).wait_us() > at(victim).wait_us()) victim = candidate;
  }
  if (victim.value == no_worker) return false;
  WorkerState& owner = at(victim);
  const TaskId task = at_rank_[owner.ready.front()];
  const bool owner_can = fits(bytes_to_add(task, victim), victim, options_.admission_fraction);
  if (owner_can && move_cost_us(task, thief) >= owner.wait_us()) return false;
  if (!fits(bytes_to_add(task, thief), thief, options_.admission_fraction)) return false;
  std::pop_heap(owner.ready.begin(), owner.ready.end(), std::greater<>());
  owner.ready.pop_back();
  assign(task, thief, out);
  return true;
}

/// Asks the worker with the longest queue ahead of its threads for its last task. It may have been started
/// already, so the worker decides; until it answers nothing changes.
void Scheduler::recall_for(WorkerId thief, Actions& out) {
  WorkerId victim{no_worker};
  const std::size_t count = live_workers_.size();
  for (std::size_t k = 0; k < std::min<std::size_t>(count, options_.steal_scan_limit); ++k) {
    const WorkerId candidate = live_workers_[(steal_cursor_ + k) % count];
    if (candidate == thief || at(candidate).assigned.size() <= at(candidate).description.threads) continue;
    if (victim.value == no_worker || at(candidate).wait_us() > at(victim).wait_us()) victim = candidate;
  }
  if (victim.value == no_worker) return;
  TaskId last{UINT32_MAX};
  for (const TaskId task : at(victim).assigned)
    if (state_[task.value] == TaskState::assigned && graph_->pin_group(task).value == 0 &&
        missing_[task.value] == 0 && (last.value == UINT32_MAX || rank_[task.value] > rank_[last.value]))
      last = task;
  if (last.value == UINT32_MAX || move_cost_us(last, thief) >= at(victim).wait_us()) return;
  if (!fits(bytes_to_add(last, thief), thief, options_.admission_fraction)) return;
  state_[last.value] = TaskState::recalled;
  recalls_.push_back({last, thief});
  at(thief).recall_pending = true;
  out.list.push_back(Recall{victim, last, attempt_[last.value]});
}

}  // namespace rankine::sched
