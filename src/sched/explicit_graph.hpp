#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/task_graph.hpp"

namespace rankine::sched {

/// A task of an explicit graph. Inputs are earlier tasks, each once.
struct ExplicitTask {
  std::vector<TaskId> inputs;
  Bytes output_bytes;
  Bytes scratch_bytes;
  std::uint32_t cost_us = 1;
  PinGroup pin_group;
  bool wanted = false;
};

/// A task graph stored as edges, in CSR arrays both ways: for irregular graphs and tests.
class ExplicitGraph final : public TaskGraph {
 public:
  /// RANKINE_CHECK: inputs come before their readers, each once.
  explicit ExplicitGraph(const std::vector<ExplicitTask>& tasks);

  std::uint32_t task_count() const override { return static_cast<std::uint32_t>(output_bytes_.size()); }
  void dependencies(TaskId task, std::vector<TaskId>& out) const override { append(input_begin_, inputs_, task, out); }
  void dependents(TaskId task, std::vector<TaskId>& out) const override { append(reader_begin_, readers_, task, out); }
  Bytes output_bytes(TaskId task) const override { return output_bytes_[task.value]; }
  Bytes scratch_bytes(TaskId task) const override { return scratch_bytes_[task.value]; }
  std::uint32_t cost_us(TaskId task) const override { return cost_us_[task.value]; }
  PinGroup pin_group(TaskId task) const override { return pin_group_[task.value]; }
  bool is_wanted(TaskId task) const override { return wanted_[task.value]; }
  std::string describe(TaskId task) const override { return "task " + std::to_string(task.value); }

 private:
  static void append(const std::vector<std::uint32_t>& begin, const std::vector<TaskId>& edges, TaskId task,
                     std::vector<TaskId>& out) {
    out.insert(out.end(), edges.begin() + begin[task.value], edges.begin() + begin[task.value + 1]);
  }

  std::vector<std::uint32_t> input_begin_, reader_begin_;  ///< task_count() + 1 entries
  std::vector<TaskId> inputs_, readers_;
  std::vector<Bytes> output_bytes_, scratch_bytes_;
  std::vector<std::uint32_t> cost_us_;
  std::vector<PinGroup> pin_group_;
  std::vector<bool> wanted_;
};

}  // namespace rankine::sched
