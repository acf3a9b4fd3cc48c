#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/task_graph.hpp"

namespace rankine::sched {

/// What a task is like, edges aside. Graphs of millions of tasks have few kinds of them: each is stored once.
struct TaskProfile {
  Bytes output_bytes;
  Bytes scratch_bytes;
  std::uint32_t cost_us = 1;
  PinGroup pin_group;
  bool wanted = false;
  std::uint32_t cost_class = 0;  ///< TaskGraph::cost_class; the function of a custom graph, say
  std::int32_t priority = 0;
  std::vector<ResourceNeed> needs;
  bool already_done = false;
  bool operator==(const TaskProfile&) const = default;
};

/// A task of an explicit graph. Inputs are earlier tasks, each once.
struct ExplicitTask {
  std::vector<TaskId> inputs;
  Bytes output_bytes;
  Bytes scratch_bytes;
  std::uint32_t cost_us = 1;
  PinGroup pin_group;
  bool wanted = false;
  std::uint32_t cost_class = 0;
  std::int32_t priority = 0;
  std::vector<ResourceNeed> needs;
};

/// A task graph stored as edges, in CSR arrays both ways: for irregular graphs and tests.
/// 12 bytes a task and 8 an edge.
class ExplicitGraph final : public TaskGraph {
 public:
  class Builder;
  /// RANKINE_CHECK: inputs come before their readers, each once.
  explicit ExplicitGraph(const std::vector<ExplicitTask>& tasks);

  std::uint32_t task_count() const override { return static_cast<std::uint32_t>(profile_.size()); }
  void dependencies(TaskId task, std::vector<TaskId>& out) const override { append(inputs_of(task), out); }
  void dependents(TaskId task, std::vector<TaskId>& out) const override { append(readers_of(task), out); }
  std::span<const TaskId> dependencies_of(TaskId task, std::vector<TaskId>&) const override { return inputs_of(task); }
  std::span<const TaskId> dependents_of(TaskId task, std::vector<TaskId>&) const override { return readers_of(task); }
  Bytes output_bytes(TaskId task) const override { return profile(task).output_bytes; }
  Bytes scratch_bytes(TaskId task) const override { return profile(task).scratch_bytes; }
  std::uint32_t cost_us(TaskId task) const override { return profile(task).cost_us; }
  PinGroup pin_group(TaskId task) const override { return profile(task).pin_group; }
  bool is_wanted(TaskId task) const override { return profile(task).wanted; }
  std::string describe(TaskId task) const override {
    return original_ ? original_->describe(task) : "task " + std::to_string(task.value);
  }
  std::string resource_name(std::uint32_t resource) const override {
    return original_ ? original_->resource_name(resource) : TaskGraph::resource_name(resource);
  }
  std::uint32_t cost_class_count() const override { return cost_class_count_; }
  std::uint32_t cost_class(TaskId task) const override { return profile(task).cost_class; }
  bool has_priorities() const override { return has_priorities_; }
  std::int32_t priority(TaskId task) const override { return profile(task).priority; }
  bool has_resource_needs() const override { return has_needs_; }
  std::span<const ResourceNeed> resource_needs(TaskId task) const override { return profile(task).needs; }

  bool is_already_done(TaskId task) const override { return profile(task).already_done; }

  void fetch_ahead(TaskId task, unsigned stage) const override;

  const TaskProfile& profile(TaskId task) const { return profiles_[profile_[task.value]]; }
  /// Bytes of all arrays.
  std::size_t memory_bytes() const;

 private:
  ExplicitGraph() = default;
  std::span<const TaskId> inputs_of(TaskId task) const {
    return {inputs_.data() + input_begin_[task.value], inputs_.data() + input_begin_[task.value + 1]};
  }
  std::span<const TaskId> readers_of(TaskId task) const {
    return {readers_.data() + reader_begin_[task.value], readers_.data() + reader_begin_[task.value + 1]};
  }
  static void append(std::span<const TaskId> edges, std::vector<TaskId>& out) {
    out.insert(out.end(), edges.begin(), edges.end());
  }
  void index_readers();

  std::vector<std::uint32_t> input_begin_{0}, reader_begin_;  ///< task_count() + 1 entries
  std::vector<TaskId> inputs_, readers_;
  std::vector<std::uint32_t> profile_;
  std::vector<TaskProfile> profiles_;
  std::uint32_t cost_class_count_ = 1;
  bool has_priorities_ = false;
  bool has_needs_ = false;
  std::shared_ptr<const TaskGraph> original_;  ///< knows the names
  friend std::shared_ptr<const TaskGraph> with_stored_edges(std::shared_ptr<const TaskGraph>, std::uint32_t);
};

/// `graph` asked once and stored, where its answers take long to compute and are asked for ten times a task. If it
/// has more than `edges_per_task` edges on average it is left as it is (or if its ids are not in topological order).
std::shared_ptr<const TaskGraph> with_stored_edges(std::shared_ptr<const TaskGraph> graph, std::uint32_t edges_per_task = 16);

/// Task by task, in the order of their ids. Equal profiles are recognised.
class ExplicitGraph::Builder {
 public:
  Builder() = default;
  void reserve(std::size_t tasks, std::size_t edges);
  /// RANKINE_CHECK: inputs are earlier tasks, each once.
  TaskId add(std::span<const TaskId> inputs, const TaskProfile& profile);
  std::uint32_t task_count() const { return static_cast<std::uint32_t>(graph_.profile_.size()); }
  /// The builder is empty afterwards.
  ExplicitGraph build();

 private:
  std::uint32_t number_of(const TaskProfile& profile);

  ExplicitGraph graph_;
  std::unordered_multimap<std::size_t, std::uint32_t> by_hash_;
};

}  // namespace rankine::sched
