#pragma once
#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "base/task_graph.hpp"

namespace rankine::sched {

/// How block i of a layer depends on the blocks of another, each a row of blocks.
///
/// | pattern | reads                                             | for example                  |
/// |---------|---------------------------------------------------|------------------------------|
/// | same    | i                                                 | elementwise                  |
/// | near    | i - extent ... i + extent, cut off at the ends    | map_overlap, a stencil's step|
/// | fan_in  | i * extent ... (i + 1) * extent - 1, cut off      | a level of a tree reduction  |
/// | fan_out | i / extent                                        | a slice, a scan of parts     |
/// | group   | the `extent` blocks of i's own group of as many   | rechunk                      |
/// | all     | every block                                       | broadcasting a total         |
enum class Pattern : std::uint8_t { same, near, fan_in, fan_out, group, all };

struct RegularEdge {
  std::uint32_t producer = 0;  ///< number of an earlier layer, each at most once a reader
  Pattern pattern = Pattern::same;
  std::uint32_t extent = 1;
};

struct RegularLayer {
  std::uint32_t width = 1;  ///< blocks
  std::vector<RegularEdge> edges;
  Bytes output_bytes;
  Bytes scratch_bytes;
  std::uint32_t cost_us = 1;
  bool wanted = false;
};

/// Rows of like tasks whose edges are arithmetic on the block's number: no storage a task or an edge.
/// Ids are dense, layer by layer.
class RegularGraph final : public TaskGraph {
 public:
  /// RANKINE_CHECK: producers come before their readers; no more than 2^32 tasks.
  explicit RegularGraph(std::vector<RegularLayer> layers);

  const RegularLayer& layer_of(TaskId task) const { return layers_[layer_number(task)]; }
  TaskId task(std::uint32_t layer, std::uint32_t block) const { return {first_task_[layer] + block}; }

  std::uint32_t task_count() const override { return first_task_.back(); }
  void dependencies(TaskId task, std::vector<TaskId>& out) const override;
  void dependents(TaskId task, std::vector<TaskId>& out) const override;
  Bytes output_bytes(TaskId task) const override { return layer_of(task).output_bytes; }
  Bytes scratch_bytes(TaskId task) const override { return layer_of(task).scratch_bytes; }
  std::uint32_t cost_us(TaskId task) const override { return layer_of(task).cost_us; }
  PinGroup pin_group(TaskId) const override { return {}; }
  bool is_wanted(TaskId task) const override { return layer_of(task).wanted; }
  std::string describe(TaskId task) const override;
  std::uint32_t cost_class_count() const override { return static_cast<std::uint32_t>(layers_.size()); }
  std::uint32_t cost_class(TaskId task) const override { return layer_number(task); }

 private:
  struct Reader {
    std::uint32_t layer = 0;
    Pattern pattern = Pattern::same;
    std::uint32_t extent = 1;
  };
  std::uint32_t layer_number(TaskId task) const;
  std::uint32_t find_layer(TaskId task) const;

  std::vector<RegularLayer> layers_;
  std::vector<std::vector<Reader>> readers_;    ///< by producer
  std::vector<std::uint32_t> first_task_;       ///< one more than layers
  std::uint32_t width_of_all_ = 0;              ///< if all layers are equally wide, else 0
  mutable std::atomic<std::uint32_t> last_layer_{0};  ///< of the task that was asked about last
};

}  // namespace rankine::sched
