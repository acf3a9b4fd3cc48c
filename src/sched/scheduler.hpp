#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/task_graph.hpp"
#include "sched/actions.hpp"
#include "sched/cost_model.hpp"
#include "sched/options.hpp"
#include "sched/replica_table.hpp"
#include "sched/task_table.hpp"
#include "sched/worker_state.hpp"

namespace rankine::sched {

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
  bool killed_workers = false;  ///< the attempts ended with their workers
};

/// Rank 0's state machine of one run. Pure: an event is a function named for what happened, time comes
/// in as `now` (it never goes back), what is to be sent is appended to `out`. Each event also fills
/// worker queues, so nothing else needs to be called. Same events, options and graph: same actions.
///
/// Order of use: on_worker_joined for each worker known, start, then events as they come; workers may
/// join later too. Reports of unknown attempts, of lost workers and doubled ones are ignored.
///
/// With SchedulerOptions::keep_going a task that has failed for good is erred, with all that needs it, and the run
/// goes on; so it does when tasks are cancelled.
///
/// State is a structure of arrays indexed by task (TaskTable: 12 bytes a task, and 4 a root task); root tasks
/// are intervals of one sorted list. An event costs O(its task's edges) and allocates nothing once buffers have
/// grown to the most that is in flight.
class Scheduler {
 public:
  Scheduler(SchedulerOptions options, std::shared_ptr<const TaskGraph> graph);

  void on_worker_joined(Instant now, WorkerId worker, const WorkerDescription& description, Actions& out);
  /// Everything the worker queued, ran or held is forgotten and computed again where still needed;
  /// pin groups that lived there start over elsewhere. The id may join again.
  /// `running`: the tasks that were on its threads when it died, as far as anybody knows, and `how` it died: they are
  /// suspected of it.
  void on_worker_lost(Instant now, WorkerId worker, Actions& out, std::span<const TaskId> running = {},
                      const std::string& how = {});
  /// What these finished tasks without readers did outside (written chunks) is in doubt: they run again. Tasks that have
  /// not finished, or whose output is held, are left as they are.
  void on_effects_lost(Instant now, std::span<const TaskId> tasks, Actions& out);
  /// Before start(): a worker died during the task in an earlier job.
  void note_earlier_kill(TaskId task, FailedAttempt attempt);
  /// The task during which most workers died, those of earlier jobs too, and how; null: there is none.
  const std::pair<const TaskId, std::vector<FailedAttempt>>* deadliest() const;
  /// These outputs are held there no more, although the worker lives: what it had in scratch cannot be read back, or
  /// (discarded) it gave them up because neither memory nor scratch had room. Those that it does not hold are ignored.
  /// The former are computed again at once, the latter when that is all that a reader misses.
  void on_outputs_lost(Instant now, WorkerId worker, std::span<const TaskId> tasks, bool discarded, Actions& out);
  void start(Instant now, Actions& out);
  /// `actual`: bytes of the output now held at the worker.
  void on_task_finished(Instant now, WorkerId worker, TaskId task, std::uint32_t attempt, Bytes actual,
                        std::uint32_t duration_us, Actions& out);
  /// Several at once, of any workers: queues are filled when all are entered, with better knowledge and less
  /// work. Whoever has many reports at hand should enter them so.
  void on_tasks_finished(Instant now, std::span<const FinishedTask> tasks, Actions& out);
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
  /// The client asks for the wanted output of `task`, which an earlier run has finished (TaskGraph::is_already_done of a
  /// growing graph), or which it has taken: it is computed (again) unless it is held or on its way, and kept.
  void on_demanded(Instant now, TaskId task, Actions& out);
  void on_timer(Instant now, Actions& out);
  /// Nothing more is assigned; what is assigned goes on, and is entered as ever. For a run that is about to be left.
  void pause() { paused_ = true; }
  /// A growing graph has more tasks than before: to be said at once, before any other event. An input may be in any
  /// state: a released one is computed again, an erred one makes its new reader erred at once. Those that are already done
  /// come as released ones.
  void on_tasks_added(Instant now, Actions& out);
  /// The client does not want `task` any more: it is erred, with all that needs it, and taken back where it waits or
  /// runs; of one that has finished already nothing changes. Only where the run keeps going.
  void on_cancelled(Instant now, TaskId task, Actions& out);
  /// The task waits, on its thread, for others: until it says otherwise its worker takes one more task than threads.
  void on_task_blocked(Instant now, WorkerId worker, TaskId task, std::uint32_t attempt, bool blocked, Actions& out);

  std::uint32_t task_count() const { return tasks_.size(); }
  std::uint32_t finished_count() const { return task_count() - unfinished_; }
  std::uint32_t assigned_count() const { return assigned_total_; }
  std::uint32_t live_worker_count() const { return static_cast<std::uint32_t>(live_workers_.size()); }
  bool succeeded() const { return started_ && !failure_ && unfinished_ == 0; }
  /// Tasks that will never have an output.
  std::uint32_t erred_count() const { return erred_; }
  /// Why an erred task is: the report of the task that caused it. An empty list of attempts: it was cancelled.
  const FailureReport& error_of(TaskId task) const;
  bool failed() const { return failure_.has_value(); }
  const FailureReport& failure() const { return *failure_; }
  TaskState state(TaskId task) const { return tasks_.state(task); }
  /// The worker that holds the output of a held task.
  std::optional<WorkerId> holder(TaskId task) const;
  /// Of that output.
  Bytes held_output_bytes(TaskId task) const { return {held_bytes_of(task)}; }
  /// Appends every output that is held and still needed, with its holder, in the order of the ids. O(tasks).
  void held_outputs(std::vector<std::pair<TaskId, WorkerId>>& out) const;
  /// Where a pin group lives; nothing if none of its tasks was placed.
  std::optional<WorkerId> group_worker(PinGroup group) const {
    if (group.value >= group_worker_.size() || group_worker_[group.value] == no_worker) return std::nullopt;
    return WorkerId{group_worker_[group.value]};
  }
  /// Failed executions of a task that may still succeed (for the summary); empty if none.
  std::vector<FailedAttempt> failed_attempts(TaskId task) const;
  /// Tasks that ran over the memory bounds because nothing else could have.
  std::uint32_t forced_count() const { return forced_; }
  /// Held, fetched and running bytes of a worker as rank 0 counts them, and what of it is outputs held.
  Bytes projected_bytes(WorkerId worker) const;
  Bytes held_bytes(WorkerId worker) const;

  /// What a task of this kind is expected to take, as learned so far.
  std::uint64_t expected_cost_us(TaskId task) const { return costs_.cost_us(*graph_, task); }
  /// Bytes of all state, the graph's own aside.
  std::size_t memory_bytes() const;

  /// Recomputes every count, sum and queue from scratch and compares: RANKINE_CHECK on a difference.
  /// O(tasks + edges): for tests and --paranoid runs.
  void sanity_check() const;

 private:
  static constexpr std::uint32_t no_worker = TaskTable::no_worker;
  static constexpr std::uint32_t urgency_shift = 24;
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
  bool enter_finished(const FinishedTask& report, Actions& out);
  void fetch_ahead(std::span<const FinishedTask> tasks, std::size_t at);
  void learn(TaskId task, std::uint32_t duration_us);
  void reprice_queues();
  bool is_current(WorkerId worker, TaskId task, std::uint32_t attempt) const;
  void leave_worker(TaskId task);
  void finish(TaskId task, WorkerId worker, Bytes actual, Actions& out);
  void release_if_unneeded(TaskId task, Actions& out);
  void forget_size(TaskId task);
  void requeue(TaskId task);
  void delay(Instant now, TaskId task, std::uint32_t failure_count, Actions& out);
  void fail_run(FailureReport report, Actions& out);
  void note_finished_run(Actions& out);
  void set_timer(Actions& out);
  std::uint32_t max_attempts(TaskId task) const {
    const std::uint32_t own = graph_->max_attempts(task);
    return own != 0 ? own : options_.max_attempts;
  }

  // tasks that fail for good (erring.cpp)
  void fail_for_good(FailureReport report, Actions& out);
  void err(TaskId first, TaskId cause, Actions& out);
  void take_off_books(TaskId task, Actions& out);
  void err_hopeless(Actions& out);
  void drop_late_output(const FinishedTask& report, Actions& out);

  // growing graphs (growing.cpp)
  void rank_added(std::uint32_t first);
  void enter_added(std::uint32_t first, std::vector<TaskId>& revived);
  void add_roots(std::vector<TaskId>& added);
  /// Lower goes first: the first 8 bits of a rank in a growing graph, from the user's priority.
  std::uint32_t urgency(TaskId task) const { return growing_ ? rank_[task.value] >> urgency_shift : 0; }
  bool root_outranks_ready(WorkerId worker) const;

  // lost workers (lineage.cpp)
  void give_up_queues(WorkerId worker, std::vector<TaskId>& homeless);
  void unhold_at(WorkerId worker, std::vector<TaskId>& lost, Actions& out);
  void unhold(TaskId task);
  void forget_output(TaskId task);
  void resubmit(std::vector<TaskId>& lost);
  void take_up(std::span<const TaskId> tasks);

  // outputs kept twice (copies.cpp)
  void note_made(const FinishedTask& report, Actions& out);
  WorkerId second_holder(WorkerId first, Bytes bytes);
  bool take_copy(TaskId task, Actions& out);
  void release_copy(TaskId task, Actions& out);

  // outputs that workers gave up (discards.cpp)
  bool is_parked(TaskId task) const { return !parked_.empty() && parked_.contains(task); }
  void park(TaskId task);
  void demand_if_alone_missing(TaskId reader);
  void end_demand(TaskId reader);
  void demand(std::vector<TaskId> tasks);
  bool demand_any();

  // tasks that fail or kill (suspects.cpp)
  bool is_marked(TaskId task) const;
  std::uint32_t reluctance(TaskId task, WorkerId worker) const;
  std::vector<TaskId> ran_there(WorkerId worker, std::span<const TaskId> running) const;
  void blame(std::span<const TaskId> tasks, WorkerId worker, const std::string& how, Actions& out);

  // placement: which worker (placement.cpp)
  void make_ready(TaskId task);
  void queue_at(TaskId task, WorkerId worker);
  void unqueue(TaskId task);
  WorkerId choose_worker(TaskId task);
  bool must_stay(TaskId task) const;
  std::vector<QueueEntry>& queue_of(WorkerState& worker, TaskId task) const;
  WorkerId place_group(PinGroup group, TaskId task);
  WorkerId least_loaded_worker(TaskId task) const;
  bool can_serve(WorkerId worker, TaskId task) const;
  std::uint64_t missing_input_bytes(TaskId task, WorkerId worker);
  std::uint64_t bytes_to_add(TaskId task, WorkerId worker);
  std::uint64_t move_cost_us(TaskId task, WorkerId worker);
  bool fits(std::uint64_t added_bytes, WorkerId id) const {
    return at(id).has_room(added_bytes, at(id).admission_limit);
  }
  bool root_fits(std::uint64_t added_bytes, WorkerId id) const {
    return at(id).has_room(added_bytes, at(id).root_admission_limit);
  }
  bool has_resources(WorkerId id, TaskId task) const;

  // filling: which task (dispatch.cpp)
  void mark_dirty(WorkerId worker);
  bool has_room_in_queue(const WorkerState& worker, std::uint32_t count, std::uint32_t ahead) const;
  void note_sent(WorkerState& worker, WorkerId id, TaskId task);
  /// The entry of its list is not stale.
  bool is_there(WorkerId worker, const SentTask& sent) const {
    const TaskState state = tasks_.state(sent.task);
    return state >= TaskState::assigned && state <= TaskState::started && tasks_.worker(sent.task) == worker.value &&
           tasks_.attempt(sent.task) == sent.attempt;
  }
  /// Part of a worker's assigned_us that the task is.
  std::uint32_t measured_us(TaskId task) const {
    return costs_.is_measured(*graph_, task) ? static_cast<std::uint32_t>(std::min<std::uint64_t>(cost_us(task), 1'000'000)) : 1'000'000;
  }
  void dispatch(Actions& out);
  void refuse_unservable(Actions& out);
  void fill(WorkerId worker, Actions& out);
  Filled assign_next_ready(WorkerId worker, Actions& out);
  Filled assign_next_root(WorkerId worker, Actions& out);
  bool take_root_run(WorkerId worker);
  void gather_localities();
  std::uint32_t locality_border(std::uint32_t begin, std::uint32_t end, std::uint32_t last) const;
  void assign(TaskId task, WorkerId worker, Actions& out);
  void force_progress(Actions& out);
  bool force_ready(Actions& out);
  bool force_root(Actions& out);
  bool discard_stale(WorkerId id, std::vector<QueueEntry>& heap) const;

  // stealing (stealing.cpp)
  void serve_hungry(Actions& out);
  void note_stealable(WorkerId worker);
  bool serve(WorkerId thief, Actions& out);
  bool steal_roots(WorkerId thief, WorkerId victim);
  bool steal_ready(WorkerId thief, WorkerId victim, Actions& out);
  bool recall_for(WorkerId thief, WorkerId victim, Actions& out);

  WorkerState& at(WorkerId worker) { return workers_[worker.value]; }
  const WorkerState& at(WorkerId worker) const { return workers_[worker.value]; }
  bool is_alive(WorkerId worker) const {
    return worker.value < workers_.size() && workers_[worker.value].alive;
  }
  bool is_unfinished(TaskId task) const { return tasks_.is_unfinished(task); }
  bool is_kept_for_client(TaskId task) const { return graph_->is_wanted(task) && !tasks_.is_taken(task); }
  std::uint64_t cost_us(TaskId task) const { return costs_.cost_us(*graph_, task); }
  std::uint64_t running_bytes(TaskId task) const {
    return graph_->output_bytes(task).value + graph_->scratch_bytes(task).value;
  }
  /// Of a held output; 0 of others.
  std::uint64_t held_bytes_of(TaskId task) const {
    if (tasks_.state(task) != TaskState::held) return 0;
    return tasks_.has_odd_size(task) ? odd_sizes_.charged_bytes(task, {no_worker}) : graph_->output_bytes(task).value;
  }

  SchedulerOptions options_;
  std::shared_ptr<const TaskGraph> graph_;

  TaskTable tasks_;
  std::vector<std::uint32_t> rank_;            ///< place in the static order
  ReplicaTable odd_sizes_;                     ///< held outputs of another size than the graph said
  CostModel costs_;

  // Root tasks that are not pinned, by rank; [root_cursor_, end) is not given to any worker yet.
  std::vector<TaskId> roots_;
  std::uint32_t root_cursor_ = 0;

  std::vector<RootRun> spare_root_runs_;       ///< stretches of lost workers

  std::vector<WorkerState> workers_;           ///< indexed by WorkerId
  std::vector<WorkerId> live_workers_;         ///< ascending
  std::vector<std::uint32_t> group_worker_;    ///< by PinGroup
  ReplicaTable replicas_;                      ///< inputs of assigned tasks that are held elsewhere, by worker
  std::vector<TaskId> unplaced_;               ///< ready while there was no worker
  std::unordered_map<TaskId, std::vector<FailedAttempt>> failures_;
  std::unordered_map<TaskId, std::vector<FailedAttempt>> kills_;   ///< workers that died during a task
  std::vector<PendingRecall> recalls_;         ///< at most one a thief
  std::unordered_map<TaskId, WorkerId> copies_;  ///< where outputs are kept for the second time
  std::vector<float> made_us_;                 ///< what computing an output again would take; empty where none is kept twice
  std::uint32_t next_copy_ = 0;
  std::vector<DelayedRetry> delayed_;          ///< short
  std::vector<WorkerId> dirty_;                ///< workers whose queue may be filled
  std::vector<WorkerId> hungry_;               ///< workers with idle threads that found nothing
  std::size_t hungry_begin_ = 0;               ///< those before have been served
  std::vector<WorkerId> stealable_;            ///< workers that have what thieves look for
  std::optional<FailureReport> failure_;

  std::uint32_t unfinished_ = 0;
  std::uint32_t assigned_total_ = 0;
  std::uint32_t ready_total_ = 0;
  std::uint32_t total_threads_ = 0;
  std::uint32_t steal_cursor_ = 0;
  std::uint32_t steal_failures_ = 0;           ///< in a row
  std::uint32_t steal_pause_ = 0;              ///< events to let pass before thieves look again
  std::uint32_t forced_ = 0;
  bool graph_has_needs_ = false;
  bool graph_has_localities_ = false;
  bool growing_ = false;                       ///< the graph may grow
  std::vector<TaskId> unservable_;             ///< need a resource that no worker has
  std::uint32_t erred_ = 0;
  std::unordered_map<TaskId, TaskId> causes_;  ///< of erred tasks
  std::unordered_map<TaskId, FailureReport> errors_;  ///< of the tasks that caused it
  std::vector<TaskId> hopeless_;               ///< to be computed (again), and need an erred task
  std::unordered_set<TaskId> blocked_;         ///< at a worker, waiting for other tasks
  std::unordered_set<TaskId> served_;          ///< readers for which discarded outputs are being computed again
  std::vector<QueueEntry> unserved_;           ///< heap of readers that will be served after them
  std::vector<TaskId> satisfied_;              ///< readers that miss one output less, while others are discarded
  std::unordered_set<TaskId> parked_;          ///< discarded, and waiting until a reader misses nothing else
  bool started_ = false;
  bool paused_ = false;
  bool had_losses_ = false;                    ///< a worker or an output was lost: holders may have moved under assigned readers
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
