#include "runtime/memory_need.hpp"

#include <algorithm>
#include <string>

#include "base/error.hpp"

namespace rankine::runtime {

MemoryNeed largest_need(const plan::LoweredPlan& plan) {
  // Blocks of a layer are alike, the first is never smaller than the others: of large plans a few of each will do.
  constexpr std::uint32_t looked_at_one_by_one = 200'000;
  MemoryNeed largest{TaskId{0}, Bytes{}};
  std::vector<TaskId> inputs;
  for (const plan::Layer& layer : plan.layers()) {
    const std::uint32_t step = plan.task_count() <= looked_at_one_by_one ? 1 : std::max(1u, layer.task_count / 4);
    for (std::uint32_t t = 0; t < layer.task_count; t += step) {
      const TaskId task{layer.first_task + t};
      Bytes need = plan.output_bytes(task);
      need += plan.scratch_bytes(task);
      for (const TaskId input : plan.dependencies_of(task, inputs)) need += plan.output_bytes(input);
      if (need > largest.bytes) largest = {task, need};
    }
  }
  return largest;
}

void refuse_too_large(const plan::LoweredPlan& plan, Bytes limit) {
  if (limit.value == 0) return;
  const MemoryNeed largest = largest_need(plan);
  if (largest.bytes <= limit) return;
  throw Error(ExitCode::resources, "the memory limit of " + format_bytes(limit) + " a rank is too small: task " +
                                       plan.describe(largest.task) + " needs " + format_bytes(largest.bytes) +
                                       " for its inputs, result and buffers; raise --memory-limit, or use smaller chunks (chunks={...})");
}

}  // namespace rankine::runtime
