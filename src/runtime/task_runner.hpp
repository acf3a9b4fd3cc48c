#pragma once
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "array/evaluate.hpp"
#include "runtime/append_log.hpp"
#include "runtime/block.hpp"
#include "runtime/moved_chunks.hpp"
#include "runtime/run_plan.hpp"

namespace rankine::runtime {

/// The blocks a task reads, by the task that made them.
using Inputs = std::unordered_map<TaskId, BlockPtr>;

/// Runs tasks of one plan. Any number of threads may call run() at once: all state is in the inputs,
/// the files and the two thread-safe stores.
class TaskRunner {
 public:
  /// `appended`: where to note what is appended to files; null: nowhere.
  TaskRunner(RunPlanPtr plan, store::Reader& reader, store::Writer& writer, AppendLog* appended = nullptr);

  /// Throws Error (input, output) as the stores do.
  BlockPtr run(TaskId task, const Inputs& inputs) const;

 private:
  Block evaluate_block(const plan::Layer& layer, const Index& block, const Inputs& inputs) const;
  Block merge(const plan::Layer& layer, TaskId task, const Inputs& inputs) const;
  Block merge_groups(const plan::Layer& layer, TaskId task, const Inputs& inputs) const;
  Block reduce_groups(const plan::Layer& layer, const Index& block, const Inputs& inputs) const;
  Block write(const plan::Layer& layer, const Index& block, const Inputs& inputs) const;
  Block append(const plan::Layer& layer, TaskId task, const Inputs& inputs) const;

  /// The chunks of a writing task that need no decoding, if it is all of them.
  std::optional<std::vector<store::EncodedChunk>> moved_chunks(const plan::Layer& layer, const Box& box, array::LeafReader& leaves) const;

  RunPlanPtr plan_;
  std::vector<std::unique_ptr<const MovedChunks>> moved_;   ///< by layer; null where nothing is stored in chunks
  store::Reader& reader_;
  store::Writer& writer_;
  AppendLog* appended_;
};

}  // namespace rankine::runtime
