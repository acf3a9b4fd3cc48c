#include "runtime/memory_need.hpp"

#include <algorithm>
#include <optional>
#include <string>

#include "base/error.hpp"

namespace rankine::runtime {

Bytes memory_budget(Bytes limit, Bytes program) {
  return std::max(limit - std::min(limit, program), Bytes{limit.value / 2});
}

Bytes least_limit(Bytes budget, Bytes program) { return std::min(budget + program, budget + budget); }

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

std::optional<Bytes> fitting_block_bytes(const plan::LoweredPlan& plan, Bytes limit) {
  constexpr std::uint64_t smallest_block = 4096;
  plan::LogicalPlan logical = plan.logical();
  std::uint64_t block = std::min(logical.options.block_bytes, limit.value);
  for (; block >= smallest_block; block /= 2) {
    logical.options.block_bytes = block;
    logical.options.least_block_bytes = std::min(logical.options.least_block_bytes, block);
    logical.options.state_bytes = std::min(logical.options.state_bytes, 2 * block);
    if (largest_need(plan::LoweredPlan(logical)).bytes <= limit) return Bytes{block};
  }
  return std::nullopt;
}

void refuse_too_large(const plan::LoweredPlan& plan, Bytes limit, Bytes program) {
  if (limit.value == 0) return;
  const MemoryNeed largest = largest_need(plan);
  const Bytes budget = memory_budget(limit, program);
  if (largest.bytes <= budget) return;
  // What the program takes is measured, in the next process too.
  constexpr Bytes unrest{std::uint64_t{1} << 20};
  // Nothing below twice the program can be kept to, see Session::warn_of_little_memory().
  const Bytes measured = program.value == 0 ? Bytes{} : program + unrest;
  const Bytes least_bytes = std::max(least_limit(largest.bytes, measured), measured + measured);
  const std::string least = std::to_string((least_bytes.value + 1023) / 1024) + "KiB";
  const auto block = fitting_block_bytes(plan, budget);
  const std::string beside = program.value == 0 ? "" : ", beside what the program itself takes";
  const std::string finer = block ? ", or cut the arrays finer (chunks={...}): blocks of " + format_bytes(*block) + " fit"
                                  : "; no smaller blocks fit: a stored chunk that is read at once, or chunks that the script asks for, are that large";
  throw Error(ExitCode::resources, "the memory limit of " + format_bytes(limit) + " a rank is too small: task " +
                                       plan.describe(largest.task) + " needs " + format_bytes(largest.bytes) +
                                       " for its inputs, result and buffers" + beside + "; raise --memory-limit to " + least + ", the least that can be kept to" + finer);
}

}  // namespace rankine::runtime
