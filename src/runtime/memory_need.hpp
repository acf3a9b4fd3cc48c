#pragma once
#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "plan/lowered_plan.hpp"

namespace rankine::runtime {

/// The task that needs most for its inputs, result and buffers, and how much: no rank can have less.
struct MemoryNeed {
  TaskId task;
  Bytes bytes;
};
MemoryNeed largest_need(const plan::LoweredPlan& plan);

/// Throws Error (resources) naming that task if it does not fit into `limit` (0: no limit).
void refuse_too_large(const plan::LoweredPlan& plan, Bytes limit);

}  // namespace rankine::runtime
