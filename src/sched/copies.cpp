// Results that took long and are small are kept at a second worker too: a loss of the first then costs nothing.
#include "sched/scheduler.hpp"

namespace rankine::sched {
namespace {

/// A copy must save far more than it costs.
constexpr std::uint64_t worth_per_moved_us = 20;
/// Workers looked at: keeps the work of an event constant.
constexpr std::uint32_t most_looked_at = 16;

}  // namespace

/// What computing an output again would take: its own time, and that of the inputs which were released with it. The times
/// are measured ones.
void Scheduler::note_made(const FinishedTask& report, Actions& out) {
  if (made_us_.size() < task_count()) made_us_.resize(task_count(), 0);
  float again_us = static_cast<float>(report.duration_us);
  for (const TaskId input : graph_->dependencies_of(report.task, inputs_))
    if (tasks_.state(input) == TaskState::released) again_us += made_us_[input.value];
  made_us_[report.task.value] = again_us;
  if (tasks_.state(report.task) != TaskState::held || graph_->pin_group(report.task).value != 0) return;
  const std::uint64_t moved_us = report.bytes.value / options_.assumed_bandwidth_bytes_per_us;
  const auto worth_us = static_cast<std::uint64_t>(again_us);
  if (report.bytes > options_.replicate_bytes || worth_us < options_.replicate_least_us + worth_per_moved_us * moved_us) return;
  const WorkerId to = second_holder(report.worker, report.bytes);
  if (to == report.worker) return;
  copies_[report.task] = to;
  out.list.push_back(KeepCopy{to, report.task, report.worker, report.bytes});
}

/// On another node where there is one with room; `first` itself if nobody has room.
WorkerId Scheduler::second_holder(WorkerId first, Bytes bytes) {
  WorkerId chosen = first;
  const auto count = static_cast<std::uint32_t>(live_workers_.size());
  for (std::uint32_t i = 0; i < std::min(count, most_looked_at); ++i) {
    const WorkerId worker = live_workers_[next_copy_++ % count];
    if (worker == first || at(worker).overflows || !root_fits(bytes.value, worker)) continue;
    if (at(worker).node != at(first).node) return worker;
    if (chosen == first) chosen = worker;
  }
  return chosen;
}

/// The worker that held it is lost: its copy takes its place, where there is one. If the copy has been dropped
/// meanwhile its worker says so, and it is computed again then (on_outputs_lost).
bool Scheduler::take_copy(TaskId task, Actions& out) {
  const auto copy = copies_.find(task);
  if (copy == copies_.end()) return false;
  const WorkerId worker = copy->second;
  copies_.erase(copy);
  if (!is_alive(worker)) return false;
  tasks_.set_worker(task, worker.value);
  at(worker).held_bytes += held_bytes_of(task);
  out.list.push_back(KeepCopy{worker, task, worker, Bytes{held_bytes_of(task)}});
  return true;
}

void Scheduler::release_copy(TaskId task, Actions& out) {
  const auto copy = copies_.find(task);
  if (copy == copies_.end()) return;
  const auto pool_end = static_cast<std::uint32_t>(out.task_pool.size());
  out.task_pool.push_back(task);
  if (is_alive(copy->second)) out.list.push_back(Release{copy->second, {pool_end, 1}});
  copies_.erase(copy);
}

}  // namespace rankine::sched
