#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/task_graph.hpp"

namespace rankine::sched {

/// A graph of which parts are there already, from an earlier run of it. Ids stay what they are.
///
/// | a task is  | because                                                     | here                            |
/// |------------|-------------------------------------------------------------|---------------------------------|
/// | done       | what it does (a written chunk) is done and safe             | already done, no edges          |
/// | restored   | its output was saved                                        | a root: it runs by loading it   |
/// | not needed | everything that leads from it is done or restored           | already done, no edges          |
/// | to be run  | any other                                                   | as in the graph                 |
class ResumedGraph final : public TaskGraph {
 public:
  /// `done`: tasks without readers. Tasks that are no task of the graph are a RANKINE_CHECK.
  ResumedGraph(std::shared_ptr<const TaskGraph> graph, std::span<const TaskId> done, std::span<const TaskId> restored);

  bool is_restored(TaskId task) const { return part_[task.value] == Part::restored; }
  /// Tasks that are to run, the restored ones among them.
  std::uint32_t open_count() const { return open_count_; }

  std::uint32_t task_count() const override { return graph_->task_count(); }
  void dependencies(TaskId task, std::vector<TaskId>& out) const override;
  void dependents(TaskId task, std::vector<TaskId>& out) const override;
  Bytes output_bytes(TaskId task) const override { return graph_->output_bytes(task); }
  Bytes scratch_bytes(TaskId task) const override { return is_restored(task) ? Bytes{} : graph_->scratch_bytes(task); }
  std::uint32_t cost_us(TaskId task) const override;
  PinGroup pin_group(TaskId task) const override { return is_already_done(task) ? PinGroup{} : graph_->pin_group(task); }
  bool is_wanted(TaskId task) const override { return !is_already_done(task) && graph_->is_wanted(task); }
  std::string describe(TaskId task) const override { return graph_->describe(task); }
  /// Loading has a class of its own: what it takes says nothing of the computation.
  std::uint32_t cost_class_count() const override { return graph_->cost_class_count() + 1; }
  std::uint32_t cost_class(TaskId task) const override {
    return is_restored(task) ? graph_->cost_class_count() : graph_->cost_class(task);
  }
  bool has_priorities() const override { return graph_->has_priorities(); }
  std::int32_t priority(TaskId task) const override { return graph_->priority(task); }
  bool has_resource_needs() const override { return graph_->has_resource_needs(); }
  std::span<const ResourceNeed> resource_needs(TaskId task) const override {
    return is_restored(task) ? std::span<const ResourceNeed>{} : graph_->resource_needs(task);
  }
  bool has_localities() const override { return graph_->has_localities(); }
  std::uint64_t locality(TaskId task) const override { return is_restored(task) ? 0 : graph_->locality(task); }
  std::string resource_name(std::uint32_t resource) const override { return graph_->resource_name(resource); }
  bool is_already_done(TaskId task) const override {
    return part_[task.value] == Part::done || part_[task.value] == Part::not_needed;
  }

 private:
  enum class Part : std::uint8_t { not_needed, done, restored, to_run };

  std::shared_ptr<const TaskGraph> graph_;
  std::vector<Part> part_;
  std::uint32_t open_count_ = 0;
};

}  // namespace rankine::sched
