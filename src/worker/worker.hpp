#pragma once
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/ids.hpp"

namespace rankine::worker {

struct WorkerOptions {
  WorkerId self;
  std::uint32_t threads = 1;
  Bytes memory_limit;  ///< 0: none; beyond it no further fetch is begun while anything runs or is ready
  /// Blocks asked for at once: enough to hide latency, few enough to bound receive buffers.
  std::uint32_t max_parallel_fetches = 8;
  /// Copies of other workers' blocks are kept for later readers up to so many bytes in all; the longest idle ones
  /// are dropped first, and all of them before memory runs short. 0: dropped with their last reader.
  Bytes replica_cache;
};

/// Where an input can be had. holder == self: it must be here already.
struct InputLocation {
  TaskId task;
  WorkerId holder;
  Bytes bytes;
  bool operator==(const InputLocation&) const = default;
};

/// Lowest priority value first.
struct Assignment {
  TaskId task;
  std::uint32_t attempt = 0;
  std::uint64_t priority = 0;
};

/// States of a task at its worker.
///
/// | state    | meaning                            | leaves it by                                          |
/// |----------|------------------------------------|-------------------------------------------------------|
/// | fetching | an input is not here yet           | last input arrives -> ready; input unavailable -> gone (ReportInputMissing) |
/// | ready    | every input is here; no thread yet | a thread is free -> running; recalled -> gone         |
/// | running  | on a thread                        | done -> gone (block held, ReportFinished); error -> gone (ReportFailed) |
enum class TaskState : std::uint8_t { fetching, ready, running };

/// States of a block at a worker. No record: absent.
///
/// | state     | meaning                                    | leaves it by                               |
/// |-----------|--------------------------------------------|--------------------------------------------|
/// | queued    | an input of a task; not asked for yet      | a fetch is free -> requested               |
/// | requested | FetchBlock was sent                        | arrived -> replica; unavailable -> absent  |
/// | replica   | a copy of another worker's block; idle     | idle and over the cache's bound, or memory is short -> absent (DropBlock) |
/// |           | while it has no local reader               |                                            |
/// | owned     | output of a task that ran here             | on_release and no local reader -> absent (DropBlock) |
enum class BlockState : std::uint8_t { queued, requested, replica, owned };

// Actions. The runtime keeps the bytes of blocks in a map by task; the machine knows ids and sizes.

/// Run the task on a thread, with inputs from the map (share their ownership: after an abort they may be
/// dropped while it runs); then on_task_done or on_task_error.
struct StartTask { TaskId task; std::uint32_t attempt = 0; };
/// Ask `from` for a block; then on_block_arrived (after storing it in the map) or on_block_unavailable.
struct FetchBlock { TaskId task; WorkerId from; };
struct SendBlock { WorkerId to; TaskId task; };
struct RefuseBlock { WorkerId to; TaskId task; };
/// Erase the block from the map.
struct DropBlock { TaskId task; };
struct ReportFinished { TaskId task; std::uint32_t attempt = 0; Bytes bytes; std::uint32_t duration_us = 0; };
struct ReportFailed { TaskId task; std::uint32_t attempt = 0; bool permanent = false; std::string message; };
struct ReportInputMissing { TaskId task; std::uint32_t attempt = 0; TaskId input; };
struct AnswerRecall { TaskId task; std::uint32_t attempt = 0; bool granted = false; };

using Action = std::variant<StartTask, FetchBlock, SendBlock, RefuseBlock, DropBlock, ReportFinished, ReportFailed,
                            ReportInputMissing, AnswerRecall>;
/// In the order in which they must take effect. Keep one and clear() it.
using Actions = std::vector<Action>;

/// A worker's state machine of one run. Pure: an event is a function named for what happened, effects
/// are appended to `out`. Start one per run; messages of other runs never reach it.
class Worker {
 public:
  explicit Worker(WorkerOptions options) : options_(options) {}

  void on_assign(const Assignment& assignment, std::span<const InputLocation> inputs, Actions& out);
  void on_release(std::span<const TaskId> tasks, Actions& out);
  void on_recall(TaskId task, std::uint32_t attempt, Actions& out);
  /// `bytes`: what it really takes in memory. A block nobody waits for any more is dropped at once.
  void on_block_arrived(TaskId task, Bytes bytes, Actions& out);
  /// `from` refused it or cannot be reached.
  void on_block_unavailable(TaskId task, WorkerId from, Actions& out);
  /// Everything asked of `peer` will not come, now or later.
  void on_peer_lost(WorkerId peer, Actions& out);
  /// The thread is done and the block is in the map. `bytes` 0 is a block too (a written chunk).
  void on_task_done(TaskId task, std::uint32_t attempt, Bytes bytes, std::uint32_t duration_us, Actions& out);
  void on_task_error(TaskId task, std::uint32_t attempt, std::string message, bool permanent, Actions& out);
  void on_block_requested(WorkerId by, TaskId task, Actions& out);
  /// The run was aborted: every block is dropped, queued tasks are forgotten; running ones end and are
  /// then dropped without a report. is_idle() tells when the machine may go.
  void on_abort(Actions& out);
  /// So many tasks may run at once from now on; those that run already go on.
  void on_threads_changed(std::uint32_t threads, Actions& out);
  /// Drops every copy that no task here reads.
  void drop_idle_replicas(Actions& out);

  bool is_idle() const { return tasks_.empty(); }
  std::uint32_t running_count() const { return running_; }
  std::uint32_t task_count() const { return static_cast<std::uint32_t>(tasks_.size()); }
  /// Bytes of blocks here (owned and replicas), and the most there ever were.
  Bytes held_bytes() const { return held_; }
  Bytes peak_held_bytes() const { return peak_held_; }
  bool has_block(TaskId task) const;
  void sanity_check() const;

 private:
  struct LocalTask {
    TaskState state = TaskState::fetching;
    std::uint32_t attempt = 0;
    std::uint64_t priority = 0;
    std::uint32_t missing = 0;
    std::vector<TaskId> inputs;
  };
  struct LocalBlock {
    BlockState state = BlockState::queued;
    bool release_asked = false;
    std::uint64_t idle_since = 0;   ///< a replica without readers: its number in idle_; else 0
    WorkerId holder;
    Bytes bytes;
    std::vector<TaskId> readers;  ///< local tasks that are not done, in order of assignment
  };

  static bool is_here(BlockState state) { return state >= BlockState::replica; }
  bool add_input(const Assignment& assignment, const InputLocation& input, LocalTask& task);
  void forget_task(TaskId task, Actions& out);
  void drop_if_unneeded(TaskId block, Actions& out);
  void keep_idle(TaskId task, LocalBlock& block, Actions& out);
  void end_idleness(LocalBlock& block);
  bool drop_longest_idle(Actions& out);
  void make_room(Bytes bytes, Actions& out);
  void store(LocalBlock& block, BlockState state, Bytes bytes);
  void wake_readers(const LocalBlock& block);
  void give_back_readers(TaskId block, Actions& out);
  void queue_fetch(TaskId block);
  void advance(Actions& out);
  void start_ready(Actions& out);
  void begin_fetches(Actions& out);

  WorkerOptions options_;
  std::unordered_map<TaskId, LocalTask> tasks_;
  std::unordered_map<TaskId, LocalBlock> blocks_;
  std::vector<std::pair<std::uint64_t, TaskId>> ready_;   ///< heap, lowest priority value first
  std::vector<std::pair<std::uint64_t, TaskId>> wanted_;  ///< heap of blocks to fetch
  std::unordered_map<TaskId, WorkerId> fetching_;         ///< asked for, and of whom
  Bytes fetching_bytes_;                                  ///< expected
  std::deque<std::pair<std::uint64_t, TaskId>> idle_;     ///< idle replicas, longest idle first; stale ones skipped
  Bytes idle_bytes_;
  std::uint64_t last_idle_ = 0;
  std::unordered_set<WorkerId> lost_peers_;
  std::uint32_t running_ = 0;
  std::uint32_t most_threads_ = 0;                        ///< there ever were, if they have changed
  Bytes held_;
  Bytes peak_held_;
  bool aborted_ = false;
};

}  // namespace rankine::worker
