#pragma once
#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/ids.hpp"

namespace rankine::worker {

/// When blocks go to node-local scratch. All bounds are bytes; known bytes are those of blocks in memory or on their way
/// here, and what the tasks that run have been promised.
struct SpillOptions {
  bool enabled = false;    ///< false: every block stays in memory
  Bytes target;            ///< known bytes beyond it: what is needed least soon is written to scratch and let go
  Bytes spill;             ///< the same for the measured resident set
  Bytes stop;              ///< beyond it, known or measured, nothing starts that adds to it while anything is under way
  Bytes smallest;          ///< smaller blocks stay where they are
  Bytes program;           ///< resident without any block, part of the memory limit: never taken for less
  std::uint32_t max_writes = 8;    ///< blocks on their way to scratch at once
  std::uint32_t claims_ahead = 1;  ///< tasks beyond the threads whose inputs are brought back before their turn
  /// With scratch full, blocks are given up and computed again when they are needed: each so often, to come to an end.
  std::uint32_t max_discards_per_block = 3;
};

struct WorkerOptions {
  WorkerId self;
  std::uint32_t threads = 1;
  Bytes memory_limit;  ///< 0: none; beyond it no further fetch is begun while anything runs or is ready
  /// Blocks asked for at once: enough to hide latency, few enough to bound receive buffers.
  std::uint32_t max_parallel_fetches = 8;
  /// Copies of other workers' blocks are kept for later readers up to so many bytes in all; the longest idle ones
  /// are dropped first, and all of them before memory runs short. 0: dropped with their last reader.
  Bytes replica_cache;
  SpillOptions spill;
};

/// Where an input can be had. holder == self: it must be here already.
struct InputLocation {
  TaskId task;
  WorkerId holder;
  Bytes bytes;
  bool operator==(const InputLocation&) const = default;
};

/// Lowest priority value first; its low 32 bits are the task's place in the static order. `room`: bytes of output and
/// buffers that it takes while it runs, where they are known.
struct Assignment {
  TaskId task;
  std::uint32_t attempt = 0;
  std::uint64_t priority = 0;
  Bytes room = {};
};

/// The place in the static order of the first task after `place` that reads the block; nothing if there is none.
using NextUse = std::function<std::optional<std::uint32_t>(TaskId block, std::uint32_t place)>;

/// States of a task at its worker.
///
/// | state    | meaning                            | leaves it by                                          |
/// |----------|------------------------------------|-------------------------------------------------------|
/// | fetching | an input is not here yet           | last input arrives -> ready; input unavailable -> gone (ReportInputMissing) |
/// | ready    | every input is here; no thread yet | a thread is free -> running; recalled -> gone; where blocks are spilled: there is room -> claimed |
/// | claimed  | its room is kept, inputs come back from scratch and stay | all in memory, a thread is free -> running; one cannot be read -> gone (ReportInputMissing); recalled -> gone |
/// | running  | on a thread                        | done -> gone (block held, ReportFinished); error -> gone (ReportFailed) |
enum class TaskState : std::uint8_t { fetching, ready, claimed, running };

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

/// Where a replica or owned block is. A block that came back keeps its file, so that it can leave again without being
/// written again.
///
/// | place    | meaning                              | leaves it by                                         |
/// |----------|--------------------------------------|------------------------------------------------------|
/// | memory   |                                      | memory is short -> spilling; -> scratch if it has a file |
/// | spilling | being written; in memory meanwhile   | written -> scratch, or memory if it was claimed since; no room on disk -> memory |
/// | scratch  | in its file alone                    | a reader is claimed -> loading; damaged as a peer asks for it -> gone (ReportLost) |
/// | loading  | being read; counted as in memory     | read -> memory; damaged -> gone (ReportLost)         |
enum class BlockPlace : std::uint8_t { memory, spilling, scratch, loading };

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
/// Write the block to a new file of that number, then on_spilled or on_spill_failed. It stays in the map.
struct SpillBlock { TaskId task; std::uint64_t file = 0; };
/// Erase the block from the map; its file stays.
struct EvictBlock { TaskId task; };
/// Read the file back; then, if awaits(), store it in the map and call on_loaded, or else on_load_failed.
struct LoadBlock { TaskId task; std::uint64_t file = 0; };
/// Answer the request from the file; then nothing, or on_send_failed.
struct SendSpilled { WorkerId to; TaskId task; std::uint64_t file = 0; };
/// Nobody needs the file any more, be it written already or not.
struct ForgetSpilled { std::uint64_t file = 0; };
/// An owned block is gone. discarded: given up for want of memory; otherwise its file could not be read back.
struct ReportLost { TaskId task; bool discarded = false; };
/// The task was given up: with all that had to stay, `needed` bytes do not fit into the memory limit.
struct ReportNoRoom { TaskId task; std::uint32_t attempt = 0; Bytes needed; };
struct ReportFinished { TaskId task; std::uint32_t attempt = 0; Bytes bytes; std::uint32_t duration_us = 0; };
struct ReportFailed { TaskId task; std::uint32_t attempt = 0; bool permanent = false; std::string message; };
struct ReportInputMissing { TaskId task; std::uint32_t attempt = 0; TaskId input; };
struct AnswerRecall { TaskId task; std::uint32_t attempt = 0; bool granted = false; };

using Action = std::variant<StartTask, FetchBlock, SendBlock, RefuseBlock, DropBlock, ReportFinished, ReportFailed,
                            ReportInputMissing, AnswerRecall, SpillBlock, EvictBlock, LoadBlock, SendSpilled, ForgetSpilled,
                            ReportLost, ReportNoRoom>;
/// In the order in which they must take effect. Keep one and clear() it.
using Actions = std::vector<Action>;

/// A worker's state machine of one run. Pure: an event is a function named for what happened, effects
/// are appended to `out`. Start one per run; messages of other runs never reach it.
class Worker {
 public:
  explicit Worker(WorkerOptions options) : options_(options), other_(options.spill.program) {}

  void on_assign(const Assignment& assignment, std::span<const InputLocation> inputs, Actions& out);
  void on_release(std::span<const TaskId> tasks, Actions& out);
  /// A block that `holder` has is to be kept here too, for as long as there is room among the copies that nobody reads.
  void on_copy_wanted(TaskId task, WorkerId holder, Bytes bytes, Actions& out);
  /// This worker is the holder now: the copy stays until it is released. If it is not here any more, ReportLost.
  void on_made_holder(TaskId task, Actions& out);
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
  /// So many of those that run wait for other tasks: nothing is worth waiting for that only they would end.
  void on_blocked(std::uint32_t count, Actions& out);
  /// Drops every copy that no task here reads.
  void drop_idle_replicas(Actions& out);

  // Where blocks are spilled (spilling.cpp).

  void on_spilled(TaskId task, std::uint64_t file, Actions& out);
  /// Nothing of the file is left. Further blocks are not spilled until one in scratch has gone, or on_scratch_room.
  void on_spill_failed(TaskId task, std::uint64_t file, Actions& out);
  /// There may be room in scratch again: one block is tried.
  void on_scratch_room(Actions& out);
  /// Whether what is read from the file is still wanted.
  bool awaits(TaskId task, std::uint64_t file) const;
  void on_loaded(TaskId task, std::uint64_t file, Actions& out);
  void on_load_failed(TaskId task, std::uint64_t file, Actions& out);
  /// The peer is refused the block, or gets it from memory if it has come back.
  void on_send_failed(TaskId task, std::uint64_t file, WorkerId to, Actions& out);
  /// Bytes of blocks on their way to others: copies, beside the known bytes.
  void on_sending(Bytes bytes, Actions& out);
  /// The resident set of the process. What of it is not known bytes counts as in use until the next measurement.
  void on_memory_measured(Bytes resident, Actions& out);
  /// Who knows the static order; until then what was made last is taken for needed last.
  void set_next_use(NextUse next_use) { next_use_ = std::move(next_use); }
  /// In memory or on their way there, and promised to tasks that run.
  Bytes known_bytes() const { return held_ + fetching_bytes_ + reserved_; }
  Bytes peak_known_bytes() const { return peak_known_; }
  /// The most that the tasks themselves asked for at once: as known_bytes(), without copies kept while nobody wants their room.
  Bytes peak_needed_bytes() const { return peak_needed_; }
  /// Bytes of blocks that have a file.
  Bytes spilled_bytes() const { return spilled_; }
  bool is_scratch_full() const { return scratch_full_; }

  bool is_idle() const { return tasks_.empty(); }
  std::uint32_t running_count() const { return running_; }
  std::uint32_t task_count() const { return static_cast<std::uint32_t>(tasks_.size()); }
  /// Bytes of blocks in memory here (owned and replicas), and the most there ever were.
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
    std::uint32_t loads = 0;        ///< inputs that come back from scratch for it
    Bytes room;
    std::vector<TaskId> inputs;
  };
  struct LocalBlock {
    BlockState state = BlockState::queued;
    bool release_asked = false;
    bool is_copy = false;           ///< wanted although nobody here reads it
    std::uint64_t idle_since = 0;   ///< a replica without readers: its number in idle_; else 0
    WorkerId holder;
    Bytes bytes;
    std::vector<TaskId> readers;  ///< local tasks that are not done, in order of assignment
    BlockPlace place = BlockPlace::memory;
    bool copied = false;          ///< the file is whole
    std::uint32_t pins = 0;       ///< readers that are claimed or run, where blocks are spilled
    std::uint64_t file = 0;       ///< 0: none
    std::uint64_t made = 0;       ///< larger: later
    std::uint64_t next_use = 0;   ///< as NextUse said; to be asked anew once that has passed
  };
  enum class Room : std::uint8_t { there, wait, none };

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
  void take_first_wanted(LocalBlock* block, Actions& out);
  void forget_copies_without_room();
  void erase_block(std::unordered_map<TaskId, LocalBlock>::iterator block, Actions& out);

  // spilling.cpp
  bool is_under_way() const {
    // Nobody waits for an attempt to write to a full scratch.
    return running_ > blocked_ || claimed_ != 0 || loading_ != 0 || spilling_ > (probe_ != 0 ? 1u : 0u) || !fetching_.empty();
  }
  Bytes used_bytes() const { return known_bytes() + other_ + sending_; }
  /// For blocks and promises together, when nothing else can be waited for.
  Bytes last_bound() const { return options_.memory_limit - std::min(options_.memory_limit, options_.spill.program); }
  void note_known() {
    peak_known_ = std::max(peak_known_, known_bytes());
    peak_needed_ = std::max(peak_needed_, known_bytes() - idle_bytes_);
  }
  void advance_spilling(Actions& out);
  void answer_request(WorkerId by, TaskId task, Actions& out);
  void answer_requests_within_room(Actions& out);
  void answer_requests_that_wait_for_nothing(Actions& out);
  void claim_ready(Actions& out);
  void claim(TaskId id, Actions& out);
  void start_loaded(Actions& out);
  void begin_fetches_within_room(Actions& out);
  bool spill_excess(Actions& out);
  std::uint64_t excess() const;
  bool may_leave(const LocalBlock& block) const;
  bool can_leave(const LocalBlock& block) const { return may_leave(block) && (block.copied || !scratch_full_); }
  bool anything_can_leave() const;
  std::uint64_t need_key(TaskId task, LocalBlock& block);
  Room room_for(Bytes added, Bytes passing = {}) const;
  bool discard_for(Bytes added, Actions& out);
  void settle_in_memory(LocalBlock& block, Actions& out);
  void forget_file(LocalBlock& block, Actions& out);
  void count_loaded(const LocalBlock& block);
  void lose_block(TaskId task, Actions& out);
  void check_spilling() const;

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
  std::uint32_t blocked_ = 0;                             ///< of them, that wait for other tasks
  std::uint32_t most_threads_ = 0;                        ///< there ever were, if they have changed
  Bytes held_;
  Bytes peak_held_;
  bool aborted_ = false;

  // Where blocks are spilled.
  NextUse next_use_;
  std::vector<std::pair<std::uint64_t, TaskId>> loaded_;  ///< heap of claimed tasks that wait for a thread only
  std::unordered_map<TaskId, std::uint32_t> discards_;
  std::optional<TaskId> front_;        ///< the ready task that waits for room: what it reads stays
  std::uint64_t front_priority_ = 0;
  std::optional<Bytes> needed_;        ///< that it, or a fetch, waits for
  Bytes reserved_;                     ///< rooms of claimed and running tasks
  Bytes other_;                        ///< resident, and none of the known bytes
  Bytes sending_;                      ///< copies on their way out
  std::deque<std::pair<WorkerId, TaskId>> requests_;  ///< that wait for room for a copy
  Bytes spilled_, spilling_bytes_;
  Bytes peak_known_, peak_needed_;
  std::uint32_t claimed_ = 0, loading_ = 0, spilling_ = 0;
  std::uint32_t place_ = 0;            ///< in the static order, of the task that was started last
  std::uint64_t last_file_ = 0, last_made_ = 0;
  bool scratch_full_ = false;
  bool may_probe_ = false;             ///< scratch was full, and may have room again
  std::uint64_t probe_ = 0;            ///< the file that is to show it
  Bytes probe_bytes_;
};

}  // namespace rankine::worker
