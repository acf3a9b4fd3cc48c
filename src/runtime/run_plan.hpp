#pragma once
#include <memory>
#include <span>
#include <vector>

#include "plan/lowered_plan.hpp"
#include "store/store.hpp"

namespace rankine::runtime {

/// All that the ranks need to know of one run.
struct RunPlan {
  plan::LoweredPlan lowered;
  std::vector<store::OutputTarget> outputs;
};
using RunPlanPtr = std::shared_ptr<const RunPlan>;

/// What rank 0 broadcasts, and what every rank, rank 0 included, makes of it.
std::vector<std::byte> encode_run_plan(const plan::LogicalPlan& plan, const std::vector<store::OutputTarget>& outputs);
RunPlanPtr lower_run_plan(std::span<const std::byte> bytes);

}  // namespace rankine::runtime
