#pragma once
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "runtime/block.hpp"
#include "runtime/checkpointer.hpp"
#include "runtime/run_plan.hpp"
#include "runtime/session.hpp"
#include "sched/scheduler.hpp"
#include "wire/messages.hpp"

namespace rankine::runtime {

/// One run of one plan, as rank 0 sees it: what Session's files share.
struct Session::CurrentRun {
  wire::RunId id;
  RunPlanPtr plan;
  std::shared_ptr<const plan::LoweredPlan> graph;
  std::shared_ptr<const TaskGraph> open_graph;   ///< graph without what an earlier job did; null: all of it
  const std::vector<array::OutputSpec>* outputs = nullptr;   ///< as asked for, with their eager values
  std::optional<sched::Scheduler> scheduler;
  std::vector<journal::KillRecord> earlier_kills;   ///< in jobs before this one
  std::set<TaskId> killers;                   ///< tasks during which ranks of this job died
  std::uint32_t done_before_loss = 0;         ///< of the last worker, with which all results went
  /// Tasks that have a result, or had one.
  std::uint32_t done_count() const {
    if (!scheduler) return 0;
    return scheduler->failed() && !scheduler->failure().task ? done_before_loss : scheduler->finished_count() - scheduler->erred_count();
  }
  sched::Actions actions;
  std::vector<wire::AssignBatch> assigned;    ///< by worker, sent together
  std::vector<wire::ReleaseBatch> released;
  std::vector<std::size_t> touched;           ///< workers with something to be sent
  std::vector<sched::FinishedTask> reports;   ///< arrived and not entered yet
  std::optional<Instant> timer;
  bool ended = false;                         ///< succeeded or failed; a loss can undo a success
  bool abandoned = false;                     ///< nothing is scheduled any more, whatever happens
  bool must_close = true;                     ///< something may have been written since the outputs were last closed
  std::map<TaskId, ExitCode> failure_codes;   ///< of the last attempt
  std::set<int> preparing;                    ///< ranks that have not said PlanReady
  std::string plan_error;
  std::map<LayerId, NdArray> wholes;          ///< values, as far as they have been put together
  std::set<TaskId> taken;                     ///< blocks of values that are in them
  std::deque<TaskId> to_fetch;                ///< and those to be asked for
  Bytes held_by_script;                       ///< of rank 0's memory limit, which blocks cannot have
  std::map<TaskId, int> asked;                ///< values that were asked for, and of which rank
  /// Who has written what to outputs that any rank writes, and may not have it on disk yet.
  struct Written {
    std::uint32_t first_task = 0;
    std::vector<std::int32_t> rank;           ///< by task; -1: not written, or on disk
  };
  std::vector<Written> written;               ///< of each layer of writes
  std::set<int> open_workers;                 ///< have not answered CloseOutputs or Abort
  std::uint32_t close_sequence = 0;           ///< of the last of them; answers to earlier ones do not count
  std::string close_error;
  ExitCode close_code = ExitCode::output;
  std::vector<char> spoiled;                  ///< outputs that need a task which failed for good, by number
  std::string missing_value;                  ///< why a value cannot be had; empty: all can
  ExitCode missing_code = ExitCode::partial;
  std::optional<Checkpointer> checkpointer;   ///< there is a run directory
  std::vector<std::uint8_t> kept_outputs;     ///< by output: a later job can go on writing to it
  Instant next_checkpoint;
  std::optional<Instant> leaving_since;       ///< nothing is started any more
  bool last_checkpoint = false;               ///< the one that is under way
  bool is_saved = false;                      ///< the last one is over
  std::vector<journal::CheckpointRecord> unnoted;  ///< that found no room in the journal yet
  std::map<int, wire::RoomWanted> room_wanted;     ///< by rank: threads of it wait for room on a full disk
  std::optional<Instant> full_since;
  bool said_full = false;                          ///< of this time
  std::string no_room;                             ///< why the run ends; empty: it does not, for that reason
  std::size_t first_layer = 0;                ///< of the plan's, in Session::layers_
  bool distributed = false;                   ///< workers have been told of it
  bool closed = false;                        ///< every worker has let go of the outputs
};

}  // namespace rankine::runtime
