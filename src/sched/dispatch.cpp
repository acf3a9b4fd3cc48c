// Filling worker queues: which task each worker gets next.
#include <algorithm>
#include <functional>
#include <utility>

#include "base/check.hpp"
#include "sched/scheduler.hpp"

namespace rankine::sched {

void Scheduler::mark_dirty(WorkerId worker) {
  if (!is_alive(worker) || at(worker).dirty) return;
  at(worker).dirty = true;
  dirty_.push_back(worker);
}

/// Ends every event: fills the queues that the event has touched, lets idle workers steal, and makes sure
/// that something runs as long as anything can.
void Scheduler::dispatch(Actions& out) {
  if (!started_ || failure_) return;
  // What was discarded may have been demanded anew, and may need what has been erred since.
  if (!hopeless_.empty()) err_hopeless(out);
  if (paused_) return note_finished_run(out);
  if (!unservable_.empty()) refuse_unservable(out);
  bool has_demanded = false;
  do {
    for (std::size_t next = 0; next < dirty_.size() && !failure_; ++next) {
      const WorkerId worker = dirty_[next];
      if (!is_alive(worker)) continue;
      at(worker).dirty = false;
      fill(worker, out);
    }
    dirty_.clear();
    if (!failure_) serve_hungry(out);
    if (!failure_) force_progress(out);
    // All that can run needs what was discarded.
    const bool is_stuck = !failure_ && assigned_total_ == 0 && ready_total_ == 0 && delayed_.empty() && !live_workers_.empty();
    has_demanded = is_stuck && demand_any();
    if (!hopeless_.empty()) err_hopeless(out);
    // A task that was erred just now may have freed memory.
  } while (!failure_ && (has_demanded || !dirty_.empty()));
  if (!failure_) note_finished_run(out);
}

void Scheduler::refuse_unservable(Actions& out) {
  for (const TaskId task : std::exchange(unservable_, {})) {
    if (failure_ || tasks_.state(task) != TaskState::ready) continue;
    std::string what = graph_->describe(task) + " needs";
    for (const ResourceNeed& need : graph_->resource_needs(task))
      what += " " + std::to_string(need.amount) + " of " + graph_->resource_name(need.resource);
    fail_for_good({task, what + ", which no worker has", true, {}}, out);
  }
}

/// Ready tasks with inputs go first, in static order: their inputs take memory already. Roots come
/// after them, and only while memory allows the others to run.
void Scheduler::fill(WorkerId id, Actions& out) {
  WorkerState& worker = at(id);
  Filled outcome = Filled::assigned;
  if (worker.overflows && worker.held_bytes <= worker.root_admission_limit / 2) worker.overflows = false;
  while (!failure_ && has_room_in_queue(worker, worker.assigned_count, options_.queued_ahead_per_worker)) {
    // What the user has given a priority goes first even where it is a root.
    const bool root_first = growing_ && root_outranks_ready(id);
    outcome = root_first ? assign_next_root(id, out) : assign_next_ready(id, out);
    if (outcome == Filled::no_work) outcome = root_first ? assign_next_ready(id, out) : assign_next_root(id, out);
    if (outcome == Filled::no_memory && worker.assigned_count == 0 && !worker.overflows && worker.description.scratch.value != 0) {
      // Nothing there will free anything: what it holds may go to scratch, rather than nothing go on.
      worker.overflows = true;
      outcome = Filled::assigned;
      continue;
    }
    if (outcome != Filled::assigned) break;
  }
  if (outcome == Filled::no_work && worker.has_free_thread() && !worker.hungry) {
    worker.hungry = true;
    hungry_.push_back(id);
  }
  note_stealable(id);
}

/// `count` tasks are there: fewer than threads plus `ahead`, or all of them together too short to bridge the time
/// until rank 0 can send more.
bool Scheduler::has_room_in_queue(const WorkerState& worker, std::uint32_t count, std::uint32_t ahead) const {
  if (count < worker.threads + ahead) return true;
  return count < worker.threads + options_.queued_ahead_limit &&
         worker.assigned_us < std::uint64_t{worker.threads} * options_.queued_ahead_us;
}

/// Stale entries are swept out when they are the half: constant work a task.
void Scheduler::note_sent(WorkerState& worker, WorkerId id, TaskId task) {
  if (worker.sent.size() >= 2 * std::size_t{worker.assigned_count} + 8)
    std::erase_if(worker.sent, [&](const SentTask& sent) { return !is_there(id, sent); });
  worker.sent.push_back({task, tasks_.attempt(task)});
}

/// Pops entries of tasks that are not queued here any more. False if the heap is empty then.
bool Scheduler::discard_stale(WorkerId id, std::vector<QueueEntry>& heap) const {
  while (!heap.empty()) {
    const TaskId task = heap.front().task();
    if (tasks_.state(task) == TaskState::ready && tasks_.worker(task) == id.value) return true;
    std::pop_heap(heap.begin(), heap.end(), std::greater<>());
    heap.pop_back();
  }
  return false;
}

Scheduler::Filled Scheduler::assign_next_ready(WorkerId id, Actions& out) {
  WorkerState& worker = at(id);
  std::vector<QueueEntry>* first = nullptr;
  for (auto* heap : {&worker.ready, &worker.pinned, &worker.needing}) {
    if (heap->empty() || !discard_stale(id, *heap)) continue;
    if (heap == &worker.needing && !has_resources(id, heap->front().task())) continue;
    if (first == nullptr || heap->front() < first->front()) first = heap;
  }
  if (first == nullptr) return Filled::no_work;
  const TaskId task = first->front().task();
  if (!fits(bytes_to_add(task, id), id)) return Filled::no_memory;
  std::pop_heap(first->begin(), first->end(), std::greater<>());
  first->pop_back();
  assign(task, id, out);
  return Filled::assigned;
}

Scheduler::Filled Scheduler::assign_next_root(WorkerId id, Actions& out) {
  WorkerState& worker = at(id);
  if (!has_room_in_queue(worker, worker.roots_assigned, options_.roots_ahead_per_worker)) return Filled::no_work;
  do {
    if (worker.root_begin == worker.root_end && !take_root_run(id)) return Filled::no_work;
    // A cancelled root is found out here.
    while (erred_ != 0 && worker.root_begin != worker.root_end && tasks_.state(roots_[worker.root_begin]) == TaskState::erred)
      ++worker.root_begin;
  } while (worker.root_begin == worker.root_end);
  const TaskId task = roots_[worker.root_begin];
  if (!root_fits(running_bytes(task), id)) return Filled::no_memory;
  ++worker.root_begin;
  assign(task, id, out);
  return Filled::assigned;
}

/// Neighbours in the static order feed the same reductions, so a worker takes a stretch of them; the
/// stretches shorten towards the end (guided self-scheduling, Polychronopoulos and Kuck 1987).
bool Scheduler::take_root_run(WorkerId id) {
  WorkerState& worker = at(id);
  if (!spare_root_runs_.empty()) {
    worker.root_begin = spare_root_runs_.back().begin;
    worker.root_end = spare_root_runs_.back().end;
    spare_root_runs_.pop_back();
    return true;
  }
  const auto left = static_cast<std::uint32_t>(roots_.size()) - root_cursor_;
  if (left == 0) return false;
  const std::uint32_t runs = std::max(1u, total_threads_ * options_.root_runs_per_thread);
  // Where roots differ in priority the next may be more urgent than all that are there now.
  const std::uint32_t limit = growing_ && graph_->has_priorities() ? 1 : std::max(1u, options_.root_run_limit);
  const std::uint32_t length = std::clamp(left / runs, 1u, limit);
  worker.root_begin = root_cursor_;
  worker.root_end = root_cursor_ = locality_border(root_cursor_, root_cursor_ + length, static_cast<std::uint32_t>(roots_.size()));
  return true;
}

/// The task is ready and in no heap (or its entry there is stale after this).
void Scheduler::assign(TaskId task, WorkerId id, Actions& out) {
  WorkerState& worker = at(id);
  unqueue(task);
  if (tasks_.attempt(task) >= options_.max_assignments_per_task) {
    tasks_.set_state(task, TaskState::waiting);
    tasks_.set_worker(task, no_worker);
    fail_for_good({task, graph_->describe(task) + " was assigned too often without being finished", true,
                   failed_attempts(task)}, out);
    return;
  }
  tasks_.set_state(task, TaskState::assigned);
  tasks_.set_worker(task, id.value);
  tasks_.next_attempt(task);
  note_sent(worker, id, task);
  ++worker.assigned_count;
  worker.assigned_us += measured_us(task);
  ++assigned_total_;
  worker.running_bytes += running_bytes(task);
  worker.backlog_us += cost_us(task);
  if (graph_has_needs_)
    for (const ResourceNeed& need : graph_->resource_needs(task)) worker.resources_free[need.resource] -= need.amount;

  const auto inputs = graph_->dependencies_of(task, edges_);
  const auto begin = static_cast<std::uint32_t>(out.input_pool.size());
  for (const TaskId input : inputs) {
    const WorkerId holder{tasks_.worker(input)};
    const std::uint64_t bytes = held_bytes_of(input);
    // What is held here is not counted, unless an earlier reader counts it: it came here after a loss.
    if (holder != id) worker.replica_bytes += replicas_.add(input, id, bytes);
    else if (had_losses_ && replicas_.count(input, id) != 0) replicas_.add(input, id, 0);
    out.input_pool.push_back({input, holder, Bytes{bytes}});
  }
  if (inputs.empty()) ++worker.roots_assigned;
  const std::uint64_t after_the_others = inputs.empty() && !must_stay(task) ? 1 : 0;
  out.list.push_back(Assign{id, task, tasks_.attempt(task), {begin, static_cast<std::uint32_t>(inputs.size())},
                            std::uint64_t{urgency(task)} << 33 | after_the_others << 32 | rank_[task.value]});
}

/// Nothing runs anywhere, yet tasks are ready: memory bounds alone hold them back, and no event would come
/// to change that. The best of them runs whatever the bounds say.
void Scheduler::force_progress(Actions& out) {
  while (!failure_ && assigned_total_ == 0 && ready_total_ != 0 && !live_workers_.empty()) {
    const bool forced = force_ready(out) || force_root(out);
    RANKINE_CHECK(forced, "a ready task is in no queue");
    ++forced_;
  }
}

bool Scheduler::force_ready(Actions& out) {
  QueueEntry best{UINT64_MAX};
  for (const WorkerId id : live_workers_)
    for (auto* heap : {&at(id).ready, &at(id).pinned, &at(id).needing})
      if (discard_stale(id, *heap)) best = std::min(best, heap->front());
  if (best.rank_and_task == UINT64_MAX) return false;
  assign(best.task(), {tasks_.worker(best.task())}, out);
  return true;
}

bool Scheduler::force_root(Actions& out) {
  const auto room = [&](WorkerId id) {
    return static_cast<std::int64_t>(at(id).description.memory_limit.value) -
           static_cast<std::int64_t>(at(id).projected_bytes());
  };
  WorkerId target = live_workers_.front();
  for (const WorkerId id : live_workers_)
    if (room(id) > room(target)) target = id;
  const auto skip_erred = [&](WorkerId id) {
    WorkerState& worker = at(id);
    while (worker.root_begin != worker.root_end && tasks_.state(roots_[worker.root_begin]) == TaskState::erred) ++worker.root_begin;
    return worker.root_begin != worker.root_end;
  };
  WorkerId owner = target;
  while (!skip_erred(target) && take_root_run(target)) {
  }
  if (!skip_erred(target)) {
    const auto found = std::find_if(live_workers_.begin(), live_workers_.end(), skip_erred);
    if (found == live_workers_.end()) return false;
    owner = *found;
  }
  assign(roots_[at(owner).root_begin++], target, out);
  return true;
}

}  // namespace rankine::sched
