#pragma once
#include <csignal>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "plan/logical_plan.hpp"
#include "report/reporter.hpp"
#include "report/summary.hpp"
#include "runtime/call_run.hpp"
#include "runtime/faulty_places.hpp"
#include "runtime/file_opening.hpp"
#include "runtime/heartbeats.hpp"
#include "runtime/rank_worker.hpp"
#include "runtime/run_directory.hpp"
#include "runtime/script_memory.hpp"
#include "sched/scheduler.hpp"
#include "store/output_lock.hpp"
#include "transport/peer_watch.hpp"

namespace rankine::runtime {

struct SessionOptions {
  bool scheduler_works = true;       ///< rank 0 has a worker of its own
  unsigned attempts = 3;
  bool keep_going = false;           ///< a task that fails for good ends only what needs it
  unsigned max_worker_kills = 3;     ///< a task during which so many workers died has failed for good
  RankWorkerOptions own_worker;      ///< of rank 0, where it works; its library is that of every rank
  std::uint32_t most_reports = 4096; ///< of finished tasks, entered together
  HeartbeatOptions heartbeats;
  unsigned quarantine_after = 3;     ///< tasks that failed at a worker and succeeded elsewhere; 0: never
  transport::PeerWatch* watch = nullptr;  ///< tells of deaths; null: heartbeats alone do
  std::function<void(int rank)> end_neighbour;  ///< ends the process of a rank of this node whose supervisor may not hear; may be empty
  std::string node_name;
  const volatile std::sig_atomic_t* interrupted = nullptr;  ///< set by a signal: the run ends with an error
  const volatile std::sig_atomic_t* asked_to_leave = nullptr;  ///< set by a signal: save what there is, and end
  std::optional<Instant> leave_at;        ///< the same, at a known time
  double drain_s = 120;                   ///< between being asked to leave and having left
  double checkpoint_every_s = 60;
  Bytes replicate_bytes;                  ///< results up to that size that took long are kept twice; 0: none
  bool waits_for_room = false;            ///< on a full disk; else the run ends so that it can be gone on with
  double longest_room_wait_s = 1800;
  std::function<void(const RunDirectory&)> on_run_directory;  ///< it has come into being, or been found
};

/// A task that failed for good, in words.
struct FailedTask {
  std::string task;
  std::vector<std::string> inputs;
  struct Attempt {
    int rank = 0;
    std::string node_name;
    std::string message;
  };
  std::vector<Attempt> attempts;
};

/// A rank that a run went on without.
struct LostRank {
  int rank = 0;
  std::string node_name;
  std::string how;       ///< "was killed by signal 9 (Killed)"
  double at_s = 0;       ///< after the start
};

/// Rank 0's side of a job: knows the workers, runs one plan after the other on them.
/// All calls come from the communication thread, which is also the script's thread.
class Session {
 public:
  Session(transport::Transport& transport, exec::Notifier& notifier, SessionOptions options,
          report::Reporter& reporter);
  ~Session();

  /// Creates the outputs, runs the sinks, commits the outputs. Values of the sinks of kind `value`,
  /// in order. Throws Error: what, where, which task, what to do; outputs are then discarded.
  std::vector<NdArray> run(plan::LogicalPlan plan, const std::vector<array::OutputSpec>& outputs);

  /// Custom graphs: begins the job's one run of calls, if it has not begun. It lives beside the runs of plans.
  /// Throws Error(ExitCode::internal) where the job was started without a library of functions.
  Calls& calls();
  /// From now on what is done is kept in a run directory, so that a later job can go on with it.
  void keep_progress(RunDirectoryOptions options);
  /// Whether this job goes on with what an earlier one has done, of which `first_output` is the first output.
  bool goes_on(const std::string& first_output) const;
  /// The job ends with `status`: the run directory goes, unless the job is to be gone on with.
  void end_progress(int status) noexcept;
  /// The job has ended well: the run directory, which says so, for whoever removes it as the last thing that the job does. Until
  /// then the same command once more finds all done. Null if there is none.
  std::unique_ptr<RunDirectory> take_progress();
  /// How long the dim was along which the script appends to the store at `path`, for the `ordinal`-th time, before an earlier job
  /// of this run did so; -1: there was no store. Nothing if none has: then the store is as it was. What an earlier job left
  /// between two steps of giving its outputs their names is finished first.
  std::optional<std::int64_t> earlier_append(const std::string& path, std::size_t ordinal, const std::vector<array::OutputSpec>& pending);

  /// Ranks that were lost so far, in that order.
  const std::vector<LostRank>& losses() const { return losses_; }
  /// The run directory that was asked for is another run's, or none.
  bool may_not_use_directory() const { return directory_ && directory_->belongs_to_others(); }
  const std::vector<FailedTask>& failed_tasks() const { return failed_tasks_; }
  /// Whether the run went on without something that it was asked for.
  bool is_partial() const { return partial_; }
  /// Path of the first output that was asked for; empty if there was none yet.
  const std::string& first_output() const { return first_output_; }

  /// Metadata, small chunk indexes and coordinates of files, by all workers together. In the order of the paths; what
  /// cannot be opened says why.
  std::vector<store::OpenedFile> open_files(OpeningRequest request);

  /// Tells every other rank to leave. Called once, also after errors.
  void shutdown() noexcept;

  /// Between runs, for whoever computes on this thread: throws Error(ExitCode::interrupted) once a signal has come that ends
  /// the job; after a warning it saves what there is of calls and throws Error(ExitCode::resumable).
  void check_interrupt();

  /// What this rank may hold for the script.
  ScriptMemory& memory() { return memory_; }

  /// Whether anything was run.
  bool has_run() const { return last_run_ > 0; }  // calls are a run too
  /// Totals of everything run so far.
  report::RunSummary summary() const;

 private:
  struct Peer {
    std::string node_name;
    sched::WorkerDescription description;
    Bytes memory_limit, program_bytes;    ///< description.memory_limit is what blocks may take of it
    std::string resources;
    std::string scratch_note;
    wire::Counters counters;
    bool joined = false;                  ///< and not lost
    bool lost = false;
    std::optional<Instant> kill_ordered;  ///< it was silent for too long
    std::optional<Instant> neighbours_told;  ///< its supervisor does not carry the order out
  };
  struct CurrentRun;

  void wait_for_workers();
  /// Chunk indexes of the plan's arrays that nobody has asked for yet.
  void load_chunk_indexes(const std::vector<array::StoredArrayPtr>& arrays);
  void distribute(CurrentRun& run, const std::vector<std::byte>& bytes);
  void drive(CurrentRun& run);
  // values for the script (session_gather.cpp)
  Bytes held_by_script();
  /// Throws Error(ExitCode::resources) if rank 0 has no room for the values that the plan is to give it.
  void reserve_memory(CurrentRun& run);
  void fetch_values(CurrentRun& run);
  void ask_for_values(CurrentRun& run);
  void enter_value(CurrentRun& run, TaskId task, const Block& block);
  std::vector<NdArray> gathered_values(CurrentRun& run) const;
  /// What is missing where the run kept going, and why (session_failures.cpp).
  void note_missing(CurrentRun& run, const std::vector<store::OutputTarget>& targets);
  void end_run(CurrentRun& run);
  void close_outputs(CurrentRun& run, bool keep);
  /// Throws Error(ExitCode::resources) if some task needs more memory than any worker may use.
  void check_memory(const plan::LoweredPlan& plan) const;
  // lost ranks (session_losses.cpp)
  void look_for_losses(CurrentRun* run);
  void lose(CurrentRun* run, const transport::PeerDeath& death, const std::string& how = {});
  void note_loss(const transport::PeerDeath& death, const std::string& how = {});
  void note_blocks_lost(CurrentRun& run, WorkerId worker, const wire::BlocksLost& lost);
  void note_scratch(int rank, Bytes scratch, const std::string& note);
  void report_scratch() const;
  void warn_of_little_memory();
  void quarantine(CurrentRun* run, const FaultyPlaces::Verdict& verdict);
  void note_whether_ended(CurrentRun& run);
  void note_kills(CurrentRun& run, const transport::PeerDeath& death);
  const std::string& node_of(WorkerId worker) const;
  void note_written(CurrentRun& run, int rank, const wire::FinishedBatch& batch);
  void note_on_disk(CurrentRun& run, int rank);
  std::vector<TaskId> unsafe_writes(const CurrentRun& run, int rank) const;
  void renew_owned_outputs(CurrentRun& run, WorkerId owner, bool owner_may_live);
  std::size_t live_workers() const;
  [[noreturn]] void throw_no_worker_left(const CurrentRun* run) const;

  // what a later job can go on from (session_checkpoints.cpp)
  bool has_earlier(const std::string& output) const;
  void open_directory(const std::string& output);
  EarlierRun look_for_earlier(const CurrentRun& run, const plan::LogicalPlan& plan, const std::vector<array::OutputSpec>& outputs);
  std::vector<store::OutputLock> lock_outputs(const std::vector<array::OutputSpec>& outputs);
  std::vector<NdArray> take_earlier(const EarlierRun& earlier, const std::vector<array::OutputSpec>& outputs);
  std::vector<store::OutputTarget> create_outputs(const std::vector<array::OutputSpec>& outputs, const EarlierRun& earlier);
  void prepare_checkpoints(CurrentRun& run, const std::vector<store::OutputTarget>& targets, const EarlierRun& earlier);
  void note_finished(CurrentRun& run, WorkerId worker, TaskId task);
  void note_blocks_saved(CurrentRun& run, WorkerId worker, const wire::BlocksSaved& saved);
  void pump_checkpoints(CurrentRun& run);
  void begin_checkpoint(CurrentRun& run, bool last);
  void end_checkpoint(CurrentRun& run);
  bool is_asked_to_leave() const;
  void throw_if_interrupted() const;
  void beat();
  // what a later job can take over of calls (session_calls.cpp)
  void take_up_earlier_calls();
  bool saves_calls() const { return calls_ != nullptr && calls_->progress() != nullptr; }
  bool must_save_calls() const { return saves_calls() && !calls_saved_; }
  void pump_calls(const CurrentRun* run);
  void begin_calls_checkpoint(bool last);
  void end_calls_checkpoint();
  bool open_directory_for_calls();
  [[noreturn]] void leave_calls() const;
  void await_calls_checkpoint() noexcept;
  // full disks (session_full_disk.cpp)
  void note_room_wanted(CurrentRun& run, int rank, const wire::RoomWanted& wanted);
  void watch_full_disk(CurrentRun& run);
  [[noreturn]] void end_for_room(const std::string& text, ExitCode otherwise) const;
  [[noreturn]] void leave(const CurrentRun& run) const;

  /// After an error: nobody may still write when the outputs are removed.
  void stop_workers(CurrentRun& run) noexcept;
  /// Creates the outputs, distributes and drives the plan, closes the outputs.
  void compute(CurrentRun& run, plan::LogicalPlan plan, const std::vector<array::OutputSpec>& outputs,
               std::vector<store::OutputTarget>& targets, EarlierRun earlier);
  /// Handles what has arrived and waits for more until `done()`; true at once if it is.
  void until(CurrentRun* run, const std::function<bool()>& done);
  void handle(CurrentRun* run, const transport::Frame& frame);
  void apply(CurrentRun& run);
  void show_progress(const CurrentRun* run);
  void begin_layers(CurrentRun& run);
  [[noreturn]] void throw_failure(const CurrentRun& run);
  FailedTask in_words(const CurrentRun& run, TaskId task, const std::vector<sched::FailedAttempt>& attempts) const;
  /// Says what a failed task is about, and gives the status that it stands for.
  std::string failure_text(const CurrentRun& run, const sched::FailureReport& failure, ExitCode& code) const;
  void send(wire::RunId run, int to, const wire::Message& message);

  transport::Transport& transport_;
  exec::Notifier& notifier_;
  SessionOptions options_;
  report::Reporter& reporter_;
  std::unique_ptr<RankWorker> own_worker_;
  std::unique_ptr<CallRun> calls_;
  std::vector<Peer> peers_;            ///< by rank; rank 0's entry is joined only if it works
  Heartbeats heartbeats_;
  std::vector<LostRank> losses_;
  std::optional<FaultyPlaces> faulty_;
  std::vector<FaultyPlaces::Verdict> verdicts_;   ///< to be carried out
  std::vector<FailedTask> failed_tasks_;
  std::string first_output_;
  bool partial_ = false;
  std::unique_ptr<FileOpener> own_opener_;     ///< where rank 0 works
  std::unique_ptr<FileOpening> opening_;       ///< the one that is going on
  std::uint32_t last_opening_ = 0;
  std::uint32_t last_run_ = 0;
  std::uint64_t copies_ = 0, copies_taken_ = 0;   ///< of results kept twice
  Instant started_;
  double tasks_s_ = 0;
  std::uint64_t tasks_ = 0;        ///< done, in runs that are over
  std::uint64_t tasks_known_ = 0;  ///< of the plans so far
  std::uint64_t retries_ = 0;
  std::vector<std::string> output_paths_;
  std::vector<report::LayerSummary> layers_;   ///< of all plans so far
  bool warned_of_memory_ = false;
  bool workers_known_ = false;
  std::unique_ptr<RunDirectory> directory_;
  bool has_checkpoints_ = false;       ///< the run that is on
  bool said_no_locks_ = false;         ///< that nobody keeps other runs from its outputs
  Instant last_beat_;                  ///< of the run directory's lock
  bool keeps_calls_ = true;            ///< where there is a run directory: it can be opened
  Instant next_calls_checkpoint_;
  std::optional<Instant> calls_leaving_since_;   ///< no call is started any more
  bool last_calls_checkpoint_ = false;           ///< the one that is under way
  bool calls_saved_ = false;                     ///< for the end
  std::vector<journal::CallsRecord> unnoted_calls_;   ///< that found no room in the journal yet
  bool leaving_ = false;               ///< the job is over: ranks end
  bool stopping_ = false;              ///< a signal has been heard: the rest only tidies up
  ScriptMemory memory_;
};

}  // namespace rankine::runtime
