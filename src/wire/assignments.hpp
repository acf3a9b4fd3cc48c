#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "base/ids.hpp"
#include "sched/actions.hpp"
#include "worker/worker.hpp"

namespace rankine::wire {

struct AssignedTask {
  TaskId task;
  std::uint32_t attempt = 0;
  std::uint64_t priority = 0;
  std::uint32_t input_begin = 0;  ///< into AssignBatch::inputs
  std::uint32_t input_count = 0;
  bool operator==(const AssignedTask&) const = default;
};
/// 0->, tasks to queue.
struct AssignBatch {
  std::vector<AssignedTask> tasks;
  std::vector<worker::InputLocation> inputs;
  void add(const sched::Assign& assign, std::span<const sched::InputLocation> assign_inputs);
  worker::Assignment assignment(std::size_t index) const {
    return {tasks[index].task, tasks[index].attempt, tasks[index].priority};
  }
  std::span<const worker::InputLocation> inputs_of(std::size_t index) const {
    return std::span(inputs).subspan(tasks[index].input_begin, tasks[index].input_count);
  }
  void clear() { tasks.clear(); inputs.clear(); }
  bool operator==(const AssignBatch&) const = default;
};

}  // namespace rankine::wire
