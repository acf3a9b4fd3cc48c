#pragma once
#include <cstdint>
#include <map>
#include <set>
#include <unordered_set>
#include <vector>

#include "base/task_graph.hpp"
#include "journal/run_records.hpp"
#include "sched/scheduler.hpp"

namespace rankine::runtime {

/// What a disk takes at least, shared by the ranks of a node.
inline constexpr double saved_bytes_per_us = 100;
/// While the run goes on, saving competes with it: it must be worth several times its price.
inline constexpr double expensive_factor = 4;

/// Rank 0's side of the checkpoints of one run: which results are worth saving, what has become safe with each. Pure.
///
/// A checkpoint is an order to every worker: let what you have written reach the disk, save these results, say where
/// what you have appended lies. When all have answered, everything that they had written when they were asked is safe.
class Checkpointer {
 public:
  /// What to save of what is held.
  enum class Choice {
    expensive,   ///< results that take much longer to make again than to save: partial reductions, mostly
    all,         ///< all that take longer to make again than to load: the job ends
  };
  struct Order {
    WorkerId worker;
    std::vector<TaskId> tasks;
  };

  explicit Checkpointer(std::uint32_t run) : run_(run) {}

  /// A sink task whose part of an output any rank may go on from is done.
  void note_written(WorkerId worker, TaskId task) { written_[worker].push_back(task); }
  /// Is there already, from an earlier job.
  void note_saved(TaskId task) { saved_.insert(task); }

  /// One order for each of `workers`. RANKINE_CHECK that none is under way.
  std::vector<Order> begin(const sched::Scheduler& scheduler, const TaskGraph& graph,
                           const std::vector<WorkerId>& workers, Choice choice);
  bool is_under_way() const { return !waiting_.empty(); }
  std::uint32_t sequence() const { return sequence_; }

  /// The answer to checkpoint `sequence`. Those to older ones are ignored.
  void on_saved(WorkerId worker, std::uint32_t sequence, const journal::CheckpointRecord& part);
  /// It failed there (`error`), or the worker is lost: what it wrote is not counted as safe this time.
  void on_not_saved(WorkerId worker, std::uint32_t sequence);
  void on_worker_lost(WorkerId worker);
  /// An unfinished output is begun anew: what lay in it is not safe any more, whoever has said so already.
  void on_file_void(const std::string& path);

  /// All have answered: what is to be noted. Empty lists if nothing has become safe.
  journal::CheckpointRecord take();

 private:
  void compute_values(const sched::Scheduler& scheduler, const TaskGraph& graph);

  std::uint32_t run_;
  std::uint32_t sequence_ = 0;
  std::map<WorkerId, std::vector<TaskId>> written_;     ///< and not known to be on disk
  std::map<WorkerId, std::vector<TaskId>> in_question_; ///< by the checkpoint that is under way
  std::set<WorkerId> waiting_;
  std::unordered_set<TaskId> saved_;
  std::vector<float> cost_us_;                          ///< by task: its own time and its share of what it needs
  journal::CheckpointRecord record_;
};

}  // namespace rankine::runtime
