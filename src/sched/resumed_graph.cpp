#include "sched/resumed_graph.hpp"

#include <algorithm>

#include "base/check.hpp"

namespace rankine::sched {

ResumedGraph::ResumedGraph(std::shared_ptr<const TaskGraph> graph, std::span<const TaskId> done,
                           std::span<const TaskId> restored)
    : graph_(std::move(graph)), part_(graph_->task_count(), Part::not_needed) {
  std::vector<std::uint8_t> can_be_loaded(part_.size(), 0);
  std::vector<TaskId> edges;
  for (const TaskId task : done) {
    RANKINE_CHECK(task.value < part_.size(), "a task that is done is no task of the graph");
    RANKINE_CHECK(graph_->dependents_of(task, edges).empty(), "a task with readers is restored, not done");
    part_[task.value] = Part::done;
  }
  for (const TaskId task : restored) {
    RANKINE_CHECK(task.value < part_.size(), "a task that was saved is no task of the graph");
    can_be_loaded[task.value] = 1;
  }
  // From everything that is still to be delivered back to what it takes.
  std::vector<TaskId> needed;
  const auto need = [&](TaskId task) {
    if (part_[task.value] != Part::not_needed) return;
    part_[task.value] = can_be_loaded[task.value] != 0 ? Part::restored : Part::to_run;
    needed.push_back(task);
  };
  for (std::uint32_t i = 0; i < part_.size(); ++i)
    if (graph_->is_wanted({i}) || graph_->dependents_of({i}, edges).empty()) need({i});
  for (std::size_t next = 0; next < needed.size(); ++next) {
    if (is_restored(needed[next])) continue;
    for (const TaskId input : graph_->dependencies_of(needed[next], edges)) need(input);
  }
  open_count_ = static_cast<std::uint32_t>(needed.size());
}

void ResumedGraph::dependencies(TaskId task, std::vector<TaskId>& out) const {
  if (part_[task.value] == Part::to_run) graph_->dependencies(task, out);
}

void ResumedGraph::dependents(TaskId task, std::vector<TaskId>& out) const {
  if (is_already_done(task)) return;
  const std::size_t before = out.size();
  graph_->dependents(task, out);
  out.erase(std::remove_if(out.begin() + static_cast<std::ptrdiff_t>(before), out.end(),
                           [&](TaskId reader) { return part_[reader.value] != Part::to_run; }),
            out.end());
}

std::uint32_t ResumedGraph::cost_us(TaskId task) const {
  // At a gigabyte a second; learned during the run like any other cost.
  if (is_restored(task)) return static_cast<std::uint32_t>(1 + graph_->output_bytes(task).value / 1000);
  return graph_->cost_us(task);
}

}  // namespace rankine::sched
