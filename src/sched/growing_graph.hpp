#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "sched/explicit_graph.hpp"

namespace rankine::sched {

/// A task graph that grows while it is run: custom graphs whose tasks come one after the other. Ids are dense in the
/// order of coming. 20 bytes a task and 12 an edge; what tasks have in common is stored once.
///
/// Inputs lie in one array, each task's together; readers, which come later, are chained through it.
class GrowingGraph final : public TaskGraph {
 public:
  /// `cost_classes`: TaskProfile::cost_class is below it.
  explicit GrowingGraph(std::uint32_t cost_classes = 1) : cost_class_count_(cost_classes) {}

  /// RANKINE_CHECK: inputs are earlier tasks, each once. `max_attempts` 0: as the scheduler's options say. With
  /// TaskProfile::already_done an earlier run has finished it: it runs (again) only for a reader that comes later, or where
  /// its output is demanded.
  TaskId add(std::span<const TaskId> inputs, const TaskProfile& profile, std::uint32_t max_attempts = 0);
  void set_describe(std::function<std::string(TaskId)> describe) { describe_ = std::move(describe); }
  void set_resource_names(std::vector<std::string> names) { resource_names_ = std::move(names); }

  std::uint32_t task_count() const override { return static_cast<std::uint32_t>(profile_.size()); }
  void dependencies(TaskId task, std::vector<TaskId>& out) const override {
    const auto inputs = inputs_of(task);
    out.insert(out.end(), inputs.begin(), inputs.end());
  }
  void dependents(TaskId task, std::vector<TaskId>& out) const override {
    for (std::uint32_t edge = first_reader_[task.value]; edge != no_edge; edge = edges_[edge].next)
      out.push_back(edges_[edge].reader);
  }
  std::span<const TaskId> dependencies_of(TaskId task, std::vector<TaskId>&) const override { return inputs_of(task); }
  Bytes output_bytes(TaskId task) const override { return profile(task).task.output_bytes; }
  Bytes scratch_bytes(TaskId task) const override { return profile(task).task.scratch_bytes; }
  std::uint32_t cost_us(TaskId task) const override { return profile(task).task.cost_us; }
  PinGroup pin_group(TaskId) const override { return {}; }
  bool is_wanted(TaskId task) const override { return profile(task).task.wanted; }
  std::string describe(TaskId task) const override { return describe_ ? describe_(task) : "task " + std::to_string(task.value); }
  std::uint32_t cost_class_count() const override { return cost_class_count_; }
  std::uint32_t cost_class(TaskId task) const override { return profile(task).task.cost_class; }
  bool has_priorities() const override { return has_priorities_; }
  std::int32_t priority(TaskId task) const override { return profile(task).task.priority; }
  bool has_resource_needs() const override { return has_needs_; }
  std::span<const ResourceNeed> resource_needs(TaskId task) const override { return profile(task).task.needs; }
  std::string resource_name(std::uint32_t resource) const override {
    return resource < resource_names_.size() ? resource_names_[resource] : TaskGraph::resource_name(resource);
  }
  std::uint32_t max_attempts(TaskId task) const override { return profile(task).max_attempts; }
  bool grows() const override { return true; }
  bool is_already_done(TaskId task) const override { return profile(task).task.already_done; }

  std::size_t memory_bytes() const;

 private:
  static constexpr std::uint32_t no_edge = UINT32_MAX;
  struct Profile {
    TaskProfile task;
    std::uint32_t max_attempts = 0;
    bool operator==(const Profile&) const = default;
  };
  struct Edge {
    TaskId reader;
    std::uint32_t next = no_edge;  ///< of the same input
  };
  const Profile& profile(TaskId task) const { return profiles_[profile_[task.value]]; }
  std::span<const TaskId> inputs_of(TaskId task) const {
    return {inputs_.data() + input_begin_[task.value], inputs_.data() + input_begin_[task.value + 1]};
  }
  std::uint32_t number_of(Profile profile);

  std::vector<std::uint32_t> input_begin_{0};
  std::vector<TaskId> inputs_;
  std::vector<Edge> edges_;                    ///< as inputs_
  std::vector<std::uint32_t> first_reader_, last_reader_;  ///< edges, by task
  std::vector<std::uint32_t> profile_;
  std::vector<Profile> profiles_;
  std::unordered_multimap<std::size_t, std::uint32_t> by_hash_;
  std::uint32_t cost_class_count_ = 1;
  bool has_priorities_ = false;
  bool has_needs_ = false;
  std::function<std::string(TaskId)> describe_;
  std::vector<std::string> resource_names_;
};

}  // namespace rankine::sched
