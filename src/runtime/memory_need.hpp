#pragma once
#include <optional>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "plan/lowered_plan.hpp"

namespace rankine::runtime {

/// What blocks may take of a limit for the whole process. A limit that is less than twice what the program takes leaves
/// them half of it all the same, and is not kept to.
Bytes memory_budget(Bytes limit, Bytes program);
/// The least limit that leaves so much.
Bytes least_limit(Bytes budget, Bytes program);

/// The task that needs most for its inputs, result and buffers, and how much: no rank can have less.
struct MemoryNeed {
  TaskId task;
  Bytes bytes;
};
MemoryNeed largest_need(const plan::LoweredPlan& plan);

/// The largest power-of-two part of the plan's block size, or of `limit`, whose tasks all fit into `limit`; nothing if none
/// down to 4 KiB does.
std::optional<Bytes> fitting_block_bytes(const plan::LoweredPlan& plan, Bytes limit);

/// Throws Error (resources) naming that task, the least limit and the blocks that would do if it does not fit into `limit` (0: no limit),
/// of which the program itself takes `program`.
void refuse_too_large(const plan::LoweredPlan& plan, Bytes limit, Bytes program = {});

}  // namespace rankine::runtime
