#pragma once
#include <string>
#include <vector>

#include "base/task_graph.hpp"
#include "plan/layer.hpp"
#include "plan/leaf_spans.hpp"

namespace rankine::plan {

/// Totals for `rankine plan` and the progress line.
struct PlanSummary {
  std::uint64_t tasks = 0;
  double bytes_decoded = 0;         ///< from files, after decoding
  double bytes_stored_read = 0;     ///< from files, before decoding, by each array's own ratio
  double bytes_stored = 0;          ///< stored bytes of all arrays that are read: read / stored = 1 is ideal
  double bytes_written = 0;         ///< before encoding
  std::uint64_t largest_block = 0;  ///< bytes of the largest task output
};

/// The symbolic layers of a plan. Pure function of the LogicalPlan: the same on every rank.
class LoweredPlan : public TaskGraph {
 public:
  explicit LoweredPlan(LogicalPlan plan);

  const LogicalPlan& logical() const { return logical_; }
  const std::vector<Layer>& layers() const { return layers_; }
  const Layer& layer(LayerId id) const { return layers_[id.value]; }
  const Layer& layer_of(TaskId task) const;
  /// Block index of a task in its layer's grid.
  Index block_of(TaskId task) const;
  /// The task that computes a block; RANKINE_CHECK that it is not culled.
  TaskId task_of(const Layer& layer, const Index& block) const;
  /// The layer whose wanted blocks are the values of sink number `sink` (kind value).
  const Layer& value_layer(std::size_t sink) const;
  PlanSummary summary() const;
  /// Layers, tasks, bytes, largest block, fusion: the text of `rankine plan`.
  std::string describe_layers() const;

  // TaskGraph
  std::uint32_t task_count() const override { return task_count_; }
  void dependencies(TaskId task, std::vector<TaskId>& out) const override;
  void dependents(TaskId task, std::vector<TaskId>& out) const override;
  Bytes output_bytes(TaskId task) const override;
  Bytes scratch_bytes(TaskId task) const override;
  std::uint32_t cost_us(TaskId task) const override;
  PinGroup pin_group(TaskId task) const override;
  bool is_wanted(TaskId task) const override { return layer_of(task).wanted; }
  std::string describe(TaskId task) const override;
  std::uint32_t cost_class_count() const override { return static_cast<std::uint32_t>(layers_.size()); }
  std::uint32_t cost_class(TaskId task) const override { return layer_of(task).id.value; }
  /// Of tasks without inputs: which stored chunk they read a piece of.
  bool has_localities() const override;
  std::uint64_t locality(TaskId task) const override;

 private:
  bool is_needed(const Layer& layer, std::uint32_t linear, TaskId& task) const;
  void index_readers();
  void cull();

  LogicalPlan logical_;
  std::vector<Layer> layers_;
  std::vector<std::vector<std::uint32_t>> readers_;  ///< layers that have an edge to layer i
  std::vector<SharedChunks> shared_;                 ///< by layer
  std::vector<std::uint32_t> first_tasks_;
  std::uint32_t task_count_ = 0;
};

/// The lowering itself: layers in topological order, edges set, nothing numbered yet.
std::vector<Layer> lower(const LogicalPlan& plan);

/// "t2m - take -> mean over (0)": the fused chain of a layer, for people.
std::string describe_fused(const array::ExprPtr& expr);

}  // namespace rankine::plan
