#pragma once
#include <span>
#include <string>
#include <utility>

#include "runtime/append_log.hpp"
#include "runtime/run_plan.hpp"
#include "runtime/saved_blocks.hpp"

namespace rankine::runtime {

/// A worker's part of a checkpoint: everything that it has written of the outputs reaches the disk, `blocks` are saved
/// in a new file at `path`, and what it has appended is listed with the place where it lies. Throws OutputError; what
/// was appended stays in the log then.
journal::CheckpointRecord write_checkpoint(const RunPlan& plan, store::Writer& writer, AppendLog& appended,
                                           const std::string& path, std::span<const std::pair<TaskId, BlockSource>> blocks);

}  // namespace rankine::runtime
