// Tasks that come while the run is on.
#include <algorithm>
#include <functional>
#include <utility>

#include "base/check.hpp"
#include "sched/scheduler.hpp"
#include "sched/static_order.hpp"

namespace rankine::sched {
namespace {

/// The tasks of a graph from `first` on as a graph of its own: edges to earlier ones are left out.
class GraphTail final : public TaskGraph {
 public:
  GraphTail(const TaskGraph& graph, std::uint32_t first) : graph_(graph), first_(first) {}
  std::uint32_t task_count() const override { return graph_.task_count() - first_; }
  void dependencies(TaskId task, std::vector<TaskId>& out) const override {
    for (const TaskId input : graph_.dependencies_of(whole(task), buffer_))
      if (input.value >= first_) out.push_back({input.value - first_});
  }
  void dependents(TaskId task, std::vector<TaskId>& out) const override {
    for (const TaskId reader : graph_.dependents_of(whole(task), buffer_)) out.push_back({reader.value - first_});
  }
  Bytes output_bytes(TaskId task) const override { return graph_.output_bytes(whole(task)); }
  Bytes scratch_bytes(TaskId task) const override { return graph_.scratch_bytes(whole(task)); }
  std::uint32_t cost_us(TaskId task) const override { return graph_.cost_us(whole(task)); }
  PinGroup pin_group(TaskId) const override { return {}; }
  bool is_wanted(TaskId task) const override { return graph_.is_wanted(whole(task)); }
  std::string describe(TaskId task) const override { return graph_.describe(whole(task)); }
  bool has_priorities() const override { return graph_.has_priorities(); }
  std::int32_t priority(TaskId task) const override { return graph_.priority(whole(task)); }

 private:
  TaskId whole(TaskId task) const { return {task.value + first_}; }
  const TaskGraph& graph_;
  std::uint32_t first_;
  mutable std::vector<TaskId> buffer_;
};

}  // namespace

void Scheduler::on_tasks_added(Instant, Actions& out) {
  RANKINE_CHECK(growing_, "tasks are added to a graph that cannot grow");
  if (failure_ || graph_->task_count() == task_count()) return;
  const std::uint32_t first = task_count();
  tasks_.grow(graph_->task_count());
  graph_has_needs_ = graph_->has_resource_needs();
  rank_added(first);
  unfinished_ += task_count() - first;

  std::vector<TaskId> revived, added_roots;
  enter_added(first, revived);
  resubmit(revived);
  err_hopeless(out);
  for (std::uint32_t i = first; i < task_count(); ++i) {
    const TaskId task{i};
    if (tasks_.state(task) != TaskState::waiting || tasks_.count(task) != 0) continue;
    if (graph_->dependencies_of(task, inputs_).empty() && !must_stay(task)) added_roots.push_back(task);
    else if (started_) make_ready(task);
  }
  add_roots(added_roots);
  for (const TaskId task : revived)
    if (tasks_.state(task) == TaskState::waiting && tasks_.count(task) == 0) make_ready(task);
  for (const WorkerId worker : live_workers_) mark_dirty(worker);
  if (started_ && live_workers_.empty()) {
    fail_run({std::nullopt, "no worker is left", true, {}}, out);
    return;
  }
  dispatch(out);
}

/// Counts what each new task misses; released outputs that it needs are forgotten, to be computed again. What is already
/// done needs nothing until somebody needs it.
void Scheduler::enter_added(std::uint32_t first, std::vector<TaskId>& revived) {
  for (std::uint32_t i = first; i < task_count(); ++i) {
    if (graph_->is_already_done({i})) {
      tasks_.set_state({i}, TaskState::released);
      if (graph_->is_wanted({i})) tasks_.set_taken({i});
      --unfinished_;
      continue;
    }
    std::uint32_t missing = 0;
    for (const TaskId input : graph_->dependencies_of({i}, inputs_)) {
      RANKINE_CHECK(input.value < i, "an input must come before its reader");
      if (tasks_.state(input) == TaskState::held) {
        tasks_.increment(input);
        continue;
      }
      ++missing;
      if (tasks_.state(input) == TaskState::erred) hopeless_.push_back({i});
      if (tasks_.state(input) != TaskState::released) continue;
      forget_output(input);
      revived.push_back(input);
    }
    tasks_.set_count({i}, missing);
  }
}

void Scheduler::on_demanded(Instant, TaskId task, Actions& out) {
  RANKINE_CHECK(graph_->is_wanted(task), "only wanted outputs are demanded");
  tasks_.clear_taken(task);
  if (failure_ || tasks_.state(task) != TaskState::released) return;
  std::vector<TaskId> again{task};
  forget_output(task);
  resubmit(again);
  err_hopeless(out);
  take_up(again);
  dispatch(out);
}

/// The user's priority, then the order of coming, depth first within what comes together. Beyond 2^24 tasks
/// the order of coming alone (queues compare ids next).
void Scheduler::rank_added(std::uint32_t first) {
  constexpr std::uint32_t last_place = (1u << urgency_shift) - 1;
  const std::uint32_t count = task_count() - first;
  rank_.resize(task_count());
  if (count == 1) rank_[first] = 0;
  else {
    const StaticOrder order = compute_static_order(GraphTail(*graph_, first));
    std::copy(order.rank.begin(), order.rank.end(), rank_.begin() + first);
  }
  for (std::uint32_t i = first; i < task_count(); ++i) {
    const auto place = static_cast<std::uint32_t>(std::min<std::uint64_t>(std::uint64_t{first} + rank_[i], last_place));
    const std::int32_t priority = std::clamp<std::int32_t>(graph_->priority({i}), -128, 127);
    rank_[i] = static_cast<std::uint32_t>(127 - priority) << urgency_shift | place;
  }
}

/// Behind those that no worker has taken yet, or between them where their priorities ask for it.
void Scheduler::add_roots(std::vector<TaskId>& added) {
  if (added.empty()) return;
  const auto goes_first = [&](TaskId a, TaskId b) {
    return rank_[a.value] != rank_[b.value] ? rank_[a.value] < rank_[b.value] : a < b;
  };
  std::sort(added.begin(), added.end(), goes_first);
  if (started_) {
    for (const TaskId task : added) tasks_.set_state(task, TaskState::ready);
    ready_total_ += static_cast<std::uint32_t>(added.size());
  }
  // Stretches that workers have taken end before the cursor: what lies behind it may move.
  if (root_cursor_ == roots_.size() && spare_root_runs_.empty() &&
      std::all_of(live_workers_.begin(), live_workers_.end(), [&](WorkerId id) { return at(id).root_begin == at(id).root_end; })) {
    roots_.clear();
    root_cursor_ = 0;
    for (const WorkerId id : live_workers_) at(id).root_begin = at(id).root_end = 0;
  }
  const bool is_behind = root_cursor_ == roots_.size() || goes_first(roots_.back(), added.front());
  const auto old_size = static_cast<std::ptrdiff_t>(roots_.size());
  roots_.insert(roots_.end(), added.begin(), added.end());
  if (!is_behind)
    std::inplace_merge(roots_.begin() + root_cursor_, roots_.begin() + old_size, roots_.end(), goes_first);
}

bool Scheduler::root_outranks_ready(WorkerId id) const {
  if (!graph_->has_priorities()) return false;
  const WorkerState& worker = at(id);
  const bool has_own = worker.root_begin != worker.root_end;
  if (!has_own && root_cursor_ == roots_.size()) return false;
  const TaskId root = roots_[has_own ? worker.root_begin : root_cursor_];
  QueueEntry best{UINT64_MAX};
  for (const auto* heap : {&worker.ready, &worker.pinned, &worker.needing})
    if (!heap->empty()) best = std::min(best, heap->front());
  return best.rank_and_task == UINT64_MAX || urgency(root) < best.rank_and_task >> (32 + urgency_shift);
}

}  // namespace rankine::sched
