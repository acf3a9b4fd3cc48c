// Tasks that have failed, or during which workers have died: where they may go, and when it is enough.
#include <algorithm>
#include <utility>

#include "base/check.hpp"
#include "sched/scheduler.hpp"

namespace rankine::sched {

/// It has failed somewhere or is suspected of killing workers: it is placed with care and stays where it was placed.
bool Scheduler::is_marked(TaskId task) const {
  return (!failures_.empty() && failures_.contains(task)) || (!kills_.empty() && kills_.contains(task));
}

/// How much a marked task should rather go elsewhere: best to another node than those where it failed, if not that to
/// another worker; and what may kill its worker must not run where the whole job would go with it.
std::uint32_t Scheduler::reluctance(TaskId task, WorkerId worker) const {
  std::uint32_t price = 0;
  if (const auto failures = failures_.find(task); failures != failures_.end()) {
    for (const FailedAttempt& failed : failures->second) {
      if (failed.worker == worker) price = std::max(price, 2u);
      else if (is_alive(failed.worker) && at(failed.worker).node == at(worker).node) price = std::max(price, 1u);
    }
    if (failures->second.back().worker == worker) price = std::max(price, 3u);
  }
  if (at(worker).description.hosts_scheduler && kills_.contains(task)) price = 4;
  return price;
}

/// Those of the tasks that were running when their worker died that really were there.
std::vector<TaskId> Scheduler::ran_there(WorkerId worker, std::span<const TaskId> running) const {
  std::vector<TaskId> there;
  for (const TaskId task : running) {
    if (task.value >= task_count() || tasks_.worker(task) != worker.value) continue;
    const TaskState state = tasks_.state(task);
    if (state >= TaskState::assigned && state <= TaskState::started) there.push_back(task);
  }
  return there;
}

void Scheduler::note_earlier_kill(TaskId task, FailedAttempt attempt) {
  RANKINE_CHECK(!started_, "an earlier job is told of after the start");
  if (task.value < task_count()) kills_[task].push_back(std::move(attempt));
}

const std::pair<const TaskId, std::vector<FailedAttempt>>* Scheduler::deadliest() const {
  const std::pair<const TaskId, std::vector<FailedAttempt>>* most = nullptr;
  for (const auto& entry : kills_) {
    const bool is_more = most == nullptr || entry.second.size() > most->second.size() ||
                         (entry.second.size() == most->second.size() && entry.first < most->first);
    if (is_unfinished(entry.first) && is_more) most = &entry;
  }
  return most;
}

/// Counts a dead worker against each of the tasks. Those during which too many have died end here: they are off all books
/// and back to waiting.
void Scheduler::blame(std::span<const TaskId> tasks, WorkerId worker, const std::string& how, Actions& out) {
  for (const TaskId task : tasks) {
    auto& kills = kills_[task];
    kills.push_back({tasks_.attempt(task), worker, how.empty() ? "the worker was lost" : how});
    if (failure_ || !is_unfinished(task) || kills.size() < options_.max_worker_kills) continue;
    fail_for_good({task, graph_->describe(task), true, kills, true}, out);
  }
}

}  // namespace rankine::sched
