#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/task_graph.hpp"
#include "sched/actions.hpp"
#include "sched/options.hpp"
#include "sched/replica_table.hpp"
#include "sched/worker_state.hpp"

namespace rankine::sched {

/// States of a task as rank 0 sees it.
///
/// | state    | meaning                                    | leaves it by                                        |
/// |----------|--------------------------------------------|-----------------------------------------------------|
/// | waiting  | an input is not held anywhere yet          | the last input finishes -> ready                    |
/// | ready    | every input is held; queued here           | Assign -> assigned; an input's holder is lost -> waiting |
/// | delayed  | failed; waits for its retry time           | timer -> ready or waiting                           |
/// | assigned | queued or running at a worker              | finished -> held/released; failed -> delayed; input missing or worker lost -> ready/waiting |
/// | recalled | assigned, and asked back for another worker| granted -> ready; refused -> started; else as assigned |
/// | started  | assigned, and known to run: not asked back | as assigned                                         |
/// | held     | finished; its output is kept at one worker | last reader done and not wanted -> released; holder lost -> waiting |
/// | released | finished; its output is dropped            | needed again to recompute a lost output -> waiting  |
enum class TaskState : std::uint8_t { waiting, ready, delayed, assigned, recalled, started, held, released };

/// One failed execution.
struct FailedAttempt {
  std::uint32_t attempt = 0;
  WorkerId worker;
  std::string message;
  bool operator==(const FailedAttempt&) const = default;
};

/// Why a run failed. `task` is empty if it was no task's fault (no worker left).
struct FailureReport {
  std::optional<TaskId> task;
  std::string what;  ///< the task's description, or the reason where there is no task
  bool permanent = false;
  std::vector<FailedAttempt> attempts;
};

/// Rank 0's state machine of one run. Pure: an event is a function named for what happened, time comes
/// in as `now` (it never goes back), what is to be sent is appended to `out`. Each event also fills
/// worker queues, so nothing else needs to be called. Same events, options and graph: same actions.
///
/// Order of use: on_worker_joined for each worker known, start, then events as they come; workers may
/// join later too. Reports of unknown attempts, of lost workers and doubled ones are ignored.
///
/// State is a structure of arrays indexed by task; a queue of ready tasks holds ranks in the static
/// order; root tasks are intervals of one sorted list. An event costs O(its task's edges).
class Scheduler {
 public:
  Scheduler(SchedulerOptions options, std::shared_ptr<const TaskGraph> graph);

  void on_worker_joined(Instant now, WorkerId worker, const WorkerDescription& description, Actions& out);
  /// Everything the worker queued, ran or held is forgotten and computed again where still needed;
  /// pin groups that lived there start over elsewhere. The id may join again.
  void on_worker_lost(Instant now, WorkerId worker, Actions& out);
  void start(Instant now, Actions& out);
  /// `actual`: bytes of the output now held at the worker.
  void on_task_finished(Instant now, WorkerId worker, TaskId task, std::uint32_t attempt, Bytes actual,
                        std::uint32_t duration_us, Actions& out);
  /// permanent: trying again cannot help (bad input, broken invariant).
  void on_task_failed(Instant now, WorkerId worker, TaskId task, std::uint32_t attempt, std::string message,
                      bool permanent, Actions& out);
  /// The worker could not get `input` from the holder it was told of, and has given the task back.
  void on_input_missing(Instant now, WorkerId worker, TaskId task, std::uint32_t attempt, TaskId input,
                        Actions& out);
  /// Answer to Recall. granted: the worker has forgotten the task.
  void on_recall_answered(Instant now, WorkerId worker, TaskId task, std::uint32_t attempt, bool granted,
                          Actions& out);
  /// The client has the wanted output of `task`: it may be released.
  void on_wanted_taken(Instant now, TaskId task, Actions& out);
  void on_timer(Instant now, Actions& out);

  std::uint32_t task_count() const { return static_cast<std::uint32_t>(state_.size()); }
  std::uint32_t finished_count() const { return task_count() - unfinished_; }
  std::uint32_t assigned_count() const { return assigned_total_; }
  std::uint32_t live_worker_count() const { return static_cast<std::uint32_t>(live_workers_.size()); }
  bool succeeded() const { return started_ && !failure_ && unfinished_ == 0; }
  bool failed() const { return failure_.has_value(); }
  const FailureReport& failure() const { return *failure_; }
  TaskState state(TaskId task) const { return state_[task.value]; }
  /// The worker that holds the output of a held task.
  std::optional<WorkerId> holder(TaskId task) const;
  /// Failed executions of a task that may still succeed (for the summary); empty if none.
  std::vector<FailedAttempt> failed_attempts(TaskId task) const;
  /// Tasks that ran over the memory bounds because nothing else could have.
  std::uint32_t forced_count() const { return forced_; }
  /// Held, fetched and running bytes of a worker as rank 0 counts them, and what of it is outputs held.
  Bytes projected_bytes(WorkerId worker) const;
  Bytes held_bytes(WorkerId worker) const;

  /// Recomputes every count, sum and queue from scratch and compares: RANKINE_CHECK on a difference.
  /// O(tasks + edges): for tests and --paranoid runs.
  void sanity_check() const;

 private:
  static constexpr std::uint32_t no_worker = UINT32_MAX;
  struct DelayedRetry {
    Instant at;
    TaskId task;
  };
  struct PendingRecall {
    TaskId task;
    WorkerId thief;
  };
  struct RootRun {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
  };
  enum class Filled : std::uint8_t { assigned, no_work, no_memory };

  // events' shared steps (scheduler.cpp)
  bool is_current(WorkerId worker, TaskId task, std::uint32_t attempt) const;
  void leave_worker(TaskId task);
  void finish(TaskId task, WorkerId worker, Bytes actual, Actions& out);
  void release_if_unneeded(TaskId task, Actions& out);
  void requeue(TaskId task);
  void delay(Instant now, TaskId task, std::uint32_t failure_count, Actions& out);
  void fail_run(FailureReport report, Actions& out);
  void note_finished_run(Actions& out);
  void set_timer(Actions& out);

  // lost workers (lineage.cpp)
  void give_up_queues(WorkerId worker, std::vector<TaskId>& homeless);
  void unhold_at(WorkerId worker, std::vector<TaskId>& lost);
  void resubmit(std::vector<TaskId>& lost);

  // placement: which worker (placement.cpp)
  void make_ready(TaskId task);
  void queue_at(TaskId task, WorkerId worker);
  void unqueue(TaskId task);
  WorkerId choose_worker(TaskId task);
  WorkerId place_group(PinGroup group);
  WorkerId least_loaded_worker(std::uint32_t avoided) const;
  std::uint64_t missing_input_bytes(TaskId task, WorkerId worker);
  std::uint64_t bytes_to_add(TaskId task, WorkerId worker);
  std::uint64_t move_cost_us(TaskId task, WorkerId worker);
  bool fits(std::uint64_t added_bytes, WorkerId worker, double fraction) const;

  // filling: which task (dispatch.cpp)
  void mark_dirty(WorkerId worker);
  void dispatch(Actions& out);
  void fill(WorkerId worker, Actions& out);
  Filled assign_next_ready(WorkerId worker, Actions& out);
  Filled assign_next_root(WorkerId worker, Actions& out);
  bool take_root_run(WorkerId worker);
  void assign(TaskId task, WorkerId worker, Actions& out);
  void force_progress(Actions& out);
  bool force_ready(Actions& out);
  bool force_root(Actions& out);
  bool discard_stale(WorkerId id, std::vector<std::uint32_t>& heap) const;

  // stealing (stealing.cpp)
  void serve_hungry(Actions& out);
  bool steal_roots(WorkerId thief);
  bool steal_ready(WorkerId thief, Actions& out);
  void recall_for(WorkerId thief, Actions& out);

  WorkerState& at(WorkerId worker) { return workers_[worker.value]; }
  const WorkerState& at(WorkerId worker) const { return workers_[worker.value]; }
  bool is_alive(WorkerId worker) const {
    return worker.value < workers_.size() && workers_[worker.value].alive;
  }
  bool is_unfinished(TaskId task) const { return state_[task.value] < TaskState::held; }
  bool is_kept_for_client(TaskId task) const { return graph_->is_wanted(task) && !taken_[task.value]; }

  SchedulerOptions options_;
  std::shared_ptr<const TaskGraph> graph_;

  // One entry a task.
  std::vector<TaskState> state_;
  std::vector<std::uint16_t> attempt_;         ///< of the last assignment; 0: never assigned
  std::vector<std::uint32_t> missing_;         ///< inputs not held now
  std::vector<std::uint32_t> readers_;         ///< dependents not finished
  std::vector<std::uint32_t> worker_;          ///< queued for (ready), at (assigned), holding (held)
  std::vector<std::uint64_t> held_bytes_;      ///< actual bytes of a held output
  std::vector<std::uint32_t> rank_;            ///< place in the static order
  std::vector<TaskId> at_rank_;                ///< its inverse
  std::vector<bool> taken_;                    ///< wanted outputs that the client has

  // Root tasks that are not pinned, by rank; [root_cursor_, end) is not given to any worker yet.
  std::vector<TaskId> roots_;
  std::uint32_t root_cursor_ = 0;

  std::vector<RootRun> spare_root_runs_;       ///< stretches of lost workers

  std::vector<WorkerState> workers_;           ///< indexed by WorkerId
  std::vector<WorkerId> live_workers_;         ///< ascending
  std::vector<std::uint32_t> group_worker_;    ///< by PinGroup
  ReplicaTable replicas_;                      ///< inputs of assigned tasks, by worker
  std::vector<TaskId> unplaced_;               ///< ready while there was no worker
  std::unordered_map<TaskId, std::vector<FailedAttempt>> failures_;
  std::vector<PendingRecall> recalls_;         ///< at most one a thief
  std::vector<DelayedRetry> delayed_;          ///< short
  std::vector<WorkerId> dirty_;                ///< workers whose queue may be filled
  std::vector<WorkerId> hungry_;               ///< workers with idle threads that found nothing
  std::optional<FailureReport> failure_;

  std::uint32_t unfinished_ = 0;
  std::uint32_t assigned_total_ = 0;
  std::uint32_t ready_total_ = 0;
  std::uint32_t total_threads_ = 0;
  std::uint32_t steal_cursor_ = 0;
  std::uint32_t forced_ = 0;
  bool started_ = false;
  bool reported_success_ = false;

  // Reused buffers: dependencies and dependents of the task at hand, nested uses have their own.
  std::vector<TaskId> inputs_;
  std::vector<TaskId> dependents_;
  std::vector<TaskId> scan_;
  std::vector<TaskId> edges_;
  std::vector<std::uint64_t> local_bytes_;     ///< by worker, zero between uses
  std::vector<std::uint64_t> node_bytes_;      ///< by node, zero between uses
  std::vector<WorkerId> candidates_;
};

}  // namespace rankine::sched
