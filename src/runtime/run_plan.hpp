#pragma once
#include <memory>
#include <span>
#include <vector>

#include "plan/lowered_plan.hpp"
#include "runtime/saved_blocks.hpp"
#include "store/store.hpp"

namespace rankine::runtime {

/// All that the ranks need to know of one run.
struct RunPlan {
  plan::LoweredPlan lowered;
  std::vector<store::OutputTarget> outputs;
  SavedBlocks saved;           ///< tasks that are loaded instead of computed
  bool keeps_journal = false;  ///< there is a run directory, and checkpoints
};
using RunPlanPtr = std::shared_ptr<const RunPlan>;

/// What rank 0 broadcasts, and what every rank, rank 0 included, makes of it.
std::vector<std::byte> encode_run_plan(const plan::LogicalPlan& plan, const std::vector<store::OutputTarget>& outputs,
                                       const SavedBlocks& saved = {}, bool keeps_journal = false);
RunPlanPtr lower_run_plan(std::span<const std::byte> bytes);

}  // namespace rankine::runtime
