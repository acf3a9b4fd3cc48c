#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/ids.hpp"

namespace rankine {

/// All that the scheduler knows of a plan. A task is an id, dependencies, a byte count and a cost.
/// Regular layers answer by arithmetic on the block index; explicit graphs from CSR arrays.
/// Every answer is a pure function of the task, so it may be asked again at any time.
class TaskGraph {
 public:
  virtual ~TaskGraph() = default;
  virtual std::uint32_t task_count() const = 0;
  /// Appends the tasks whose outputs `task` reads, each once, in a fixed order.
  virtual void dependencies(TaskId task, std::vector<TaskId>& out) const = 0;
  /// Appends the tasks that read the output of `task`, each once, in a fixed order.
  virtual void dependents(TaskId task, std::vector<TaskId>& out) const = 0;
  /// Exact (or, for compressed chunks, largest possible) bytes of the output.
  virtual Bytes output_bytes(TaskId task) const = 0;
  /// Transient bytes beyond inputs and output while it runs (decode buffers and the like).
  virtual Bytes scratch_bytes(TaskId task) const = 0;
  /// Estimated run time, a hint.
  virtual std::uint32_t cost_us(TaskId task) const = 0;
  virtual PinGroup pin_group(TaskId task) const = 0;
  /// Outputs that the client will fetch: kept until it says so.
  virtual bool is_wanted(TaskId task) const = 0;
  /// Name for messages: "mean-partial (3, 0, 0)".
  virtual std::string describe(TaskId task) const = 0;
};

}  // namespace rankine
