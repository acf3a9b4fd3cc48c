// Work for workers that ran dry: roots and queued tasks of others, then tasks already sent to others.
#include <algorithm>
#include <functional>

#include "sched/scheduler.hpp"

namespace rankine::sched {

/// Keeps the list of workers that thieves look at: those with roots or queued tasks to spare, and those with
/// more tasks than threads. While it is empty, idle workers cost nothing.
void Scheduler::note_stealable(WorkerId id) {
  WorkerState& worker = at(id);
  const std::uint32_t roots = worker.root_end - worker.root_begin;
  const bool has_something = worker.alive && (worker.movable_count != 0 || roots > (worker.has_free_thread() ? 1u : 0u) ||
                                              worker.assigned_count > worker.threads);
  if (has_something == (worker.stealable_at != WorkerState::not_stealable)) return;
  if (has_something) {
    worker.stealable_at = static_cast<std::uint32_t>(stealable_.size());
    stealable_.push_back(id);
    return;
  }
  stealable_[worker.stealable_at] = stealable_.back();
  at(stealable_.back()).stealable_at = worker.stealable_at;
  stealable_.pop_back();
  worker.stealable_at = WorkerState::not_stealable;
}

/// Serves the first few of the hungry; those that find nothing go to the end of the line. A thief that finds
/// nothing worth its while ends the round, and the more of them in a row, the longer the pause: thousands of
/// idle workers at the end of a run must not slow down those that work.
void Scheduler::serve_hungry(Actions& out) {
  if (hungry_begin_ == hungry_.size() || stealable_.empty()) return;
  if (steal_pause_ != 0) {
    --steal_pause_;
    return;
  }
  const std::size_t end = std::min(hungry_.size(), hungry_begin_ + options_.thieves_per_event);
  while (hungry_begin_ < end && !stealable_.empty() && !failure_) {
    const WorkerId thief = hungry_[hungry_begin_++];
    if (!is_alive(thief)) continue;
    at(thief).hungry = false;
    if (!at(thief).has_free_thread()) continue;
    if (serve(thief, out)) {
      steal_failures_ = 0;
      fill(thief, out);
      continue;
    }
    if (!at(thief).hungry) hungry_.push_back(thief);
    at(thief).hungry = true;
    ++steal_failures_;
    const auto limit = std::min<std::uint64_t>(options_.steal_pause_limit, live_workers_.size() / 4);
    steal_pause_ = static_cast<std::uint32_t>(std::min(limit, std::uint64_t{1} << std::min(steal_failures_, 31u)));
    if (steal_pause_ != 0) break;
  }
  if (hungry_begin_ > 64 && hungry_begin_ > hungry_.size() / 2) {
    hungry_.erase(hungry_.begin(), hungry_.begin() + static_cast<std::ptrdiff_t>(hungry_begin_));
    hungry_begin_ = 0;
  }
}

/// True if the thief has a task or roots now. One look at a few victims, a different few each time: the longest
/// stretch of roots, else the longest wait with a queued task here, else the longest wait with a task there.
bool Scheduler::serve(WorkerId thief, Actions& out) {
  WorkerId most_roots{no_worker}, most_ready{no_worker}, most_sent{no_worker};
  const auto roots_of = [&](WorkerId id) { return at(id).root_end - at(id).root_begin; };
  const auto waits_longer = [&](WorkerId a, WorkerId b) {
    if (b.value == no_worker) return true;
    const std::uint64_t wait_a = at(a).wait_us(), wait_b = at(b).wait_us();
    return wait_a != wait_b ? wait_a > wait_b : a < b;
  };
  const std::size_t count = stealable_.size();
  const std::size_t looks = std::min<std::size_t>(count, options_.steal_scan_limit);
  if (looks < count) steal_cursor_ += static_cast<std::uint32_t>(looks);
  for (std::size_t k = 0; k < looks; ++k) {
    const WorkerId victim = stealable_[(steal_cursor_ + k) % count];
    if (victim == thief) continue;
    const WorkerState& state = at(victim);
    if (roots_of(victim) != 0 && (most_roots.value == no_worker || roots_of(victim) > roots_of(most_roots) ||
                                  (roots_of(victim) == roots_of(most_roots) && victim < most_roots)))
      most_roots = victim;
    if (state.movable_count != 0 && waits_longer(victim, most_ready)) most_ready = victim;
    if (state.assigned_count > state.threads && waits_longer(victim, most_sent)) most_sent = victim;
  }
  if (most_roots.value != no_worker && steal_roots(thief, most_roots)) return true;
  if (most_ready.value != no_worker && steal_ready(thief, most_ready, out)) return true;
  if (most_sent.value != no_worker && !at(thief).recall_pending) recall_for(thief, most_sent, out);
  return false;
}

/// The later half of a stretch of roots; the whole of one that its owner has no thread for.
bool Scheduler::steal_roots(WorkerId thief, WorkerId victim) {
  WorkerState& worker = at(thief);
  WorkerState& owner = at(victim);
  const std::uint32_t length = owner.root_end - owner.root_begin;
  if (worker.root_begin != worker.root_end || (length == 1 && owner.has_free_thread())) return false;
  const std::uint32_t half = owner.root_begin + length / 2;
  // Where all that is left reads one chunk, two workers at once are better than one after the other.
  const std::uint32_t border = locality_border(owner.root_begin, half, owner.root_end);
  const std::uint32_t cut = border == owner.root_end ? half : border;
  if (!root_fits(running_bytes(roots_[cut]), thief)) return false;
  worker.root_begin = cut;
  worker.root_end = owner.root_end;
  owner.root_end = worker.root_begin;
  note_stealable(victim);
  return true;
}

/// A task that waits in rank 0's queue for a busy worker, if moving its inputs is quicker than waiting
/// for the victim's queue, or if the victim has no memory for it.
bool Scheduler::steal_ready(WorkerId thief, WorkerId victim, Actions& out) {
  WorkerState& owner = at(victim);
  if (!discard_stale(victim, owner.ready)) return false;
  const TaskId task = owner.ready.front().task();
  const bool owner_can = fits(bytes_to_add(task, victim), victim);
  if (owner_can && move_cost_us(task, thief) >= owner.wait_us()) return false;
  if (!fits(bytes_to_add(task, thief), thief)) return false;
  std::pop_heap(owner.ready.begin(), owner.ready.end(), std::greater<>());
  owner.ready.pop_back();
  assign(task, thief, out);
  note_stealable(victim);
  return true;
}

/// Asks the worker with the longest queue ahead of its threads for its last task. It may have been started
/// already, so the worker decides; until it answers nothing changes.
bool Scheduler::recall_for(WorkerId thief, WorkerId victim, Actions& out) {
  TaskId last{UINT32_MAX};
  for (const auto& [task, attempt] : at(victim).sent)
    if (is_there(victim, {task, attempt}) && tasks_.state(task) == TaskState::assigned && !must_stay(task) && tasks_.count(task) == 0 &&
        (last.value == UINT32_MAX || rank_[task.value] > rank_[last.value]))
      last = task;
  if (last.value == UINT32_MAX || move_cost_us(last, thief) >= at(victim).wait_us()) return false;
  if (!fits(bytes_to_add(last, thief), thief)) return false;
  tasks_.set_state(last, TaskState::recalled);
  recalls_.push_back({last, thief});
  at(thief).recall_pending = true;
  out.list.push_back(Recall{victim, last, tasks_.attempt(last)});
  return true;
}

}  // namespace rankine::sched
