#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "exec/clock.hpp"
#include "runtime/call_progress.hpp"
#include "runtime/calls.hpp"
#include "sched/growing_graph.hpp"
#include "sched/scheduler.hpp"
#include "wire/messages.hpp"

namespace rankine::runtime {

struct CallRunOptions {
  /// Reports of workers are entered together, at most so many at once.
  std::uint32_t most_reports = 4096;
  /// Submissions wait for each other at most so long, while the program submits without a pause.
  std::uint32_t submit_wait_us = 100;
  /// A call during which so many workers died has failed for good.
  std::uint32_t max_worker_kills = 3;
  /// Keeps account of what a later job could take over.
  bool keeps_progress = false;
};

/// Rank 0's side of a run of calls: the graph that grows, its scheduler, what each call is, and where results are. It
/// lives as long as the job and beside the runs of plans.
///
/// A definition (function and arguments) is kept until the call can never be asked for again: its handle is gone, and so
/// is every call that needs it, for a result that is lost with a worker is computed again.
class CallRun final : public Calls {
 public:
  /// What it needs of the session.
  struct Link {
    std::function<void(int rank, std::vector<std::byte> frame)> send;
    std::function<void(const std::function<bool()>& done)> until;  ///< drives the job
  };
  CallRun(wire::RunId id, const TaskLibrary& library, CallRunOptions options, Link link);

  wire::RunId id() const { return id_; }
  /// `resources`: "gpu=1,disk=2".
  void on_worker_joined(int rank, sched::WorkerDescription description, const std::string& resources);
  void start();
  /// `running`: what was on its threads when it died, and `how` it died.
  void on_worker_lost(int rank, std::span<const TaskId> running = {}, const std::string& how = {});
  /// If one and the same task ran at each of so many losses, at least two: its name and how the ranks died.
  std::string cause_of_all(std::size_t losses) const;
  /// False: the message is for the worker on this rank.
  bool handle(int from, const wire::Decoded& decoded);
  /// Enters what has arrived, sends what follows. True if anything happened.
  bool turn();
  /// When turn() is to be called at the latest.
  std::optional<Instant> deadline() const { return timer_; }
  std::uint32_t task_count() const { return scheduler_.task_count(); }
  /// Calls that did not run here because an earlier job had run them.
  std::uint32_t spared_count() const { return spared_; }
  std::uint32_t finished_count() const { return scheduler_.finished_count(); }
  /// Null: no account is kept.
  CallProgress* progress() { return progress_ ? &*progress_ : nullptr; }
  const CallProgress* progress() const { return progress_ ? &*progress_ : nullptr; }
  void end_progress() { progress_.reset(); }
  /// What workers have said of what they do, for the log.
  std::vector<std::string> take_notes() { return std::exchange(notes_, {}); }
  /// Nothing more is started.
  void pause() { scheduler_.pause(); }
  bool is_idle() const { return scheduler_.assigned_count() == 0; }
  /// A checkpoint begins: what is worth saving is chosen. False: there is nothing.
  bool prepare_checkpoint(CallProgress::Choice choice);
  /// Tells those who hold it. `path_of`: where a rank saves. Fetched results are left to the caller.
  void order_checkpoint(const std::function<std::string(int rank)>& path_of);
  /// Calls that have a result, or had one.
  std::uint32_t done_count() const {
    return scheduler_.failed() ? done_before_loss_ : scheduler_.finished_count() - scheduler_.erred_count();
  }
  std::uint64_t failed_attempts() const { return failed_attempts_; }
  Bytes held_bytes(WorkerId worker) const { return scheduler_.held_bytes(worker); }
  /// Bytes of all state, arguments included.
  std::size_t memory_bytes() const;

  CallId next_id() const override { return {static_cast<std::uint32_t>(definitions_.size())}; }
  CallId submit(std::vector<CallSpec> specs) override;
  CallState state(CallId call) override;
  void wait(std::span<const CallId> calls) override;
  std::size_t wait_for_completions(std::size_t known) override;
  std::size_t completion_count() const override { return completions_.size(); }
  CallId completion(std::size_t index) const override { return completions_[index]; }
  std::vector<CallResult> results(std::span<const CallId> calls) override;
  CallError error(CallId call) override;
  void release(CallId call) override;
  void cancel(CallId call) override;
  void poll() override;

 private:
  /// What a call is. `open`: its handle, and the calls that need it and are not forgotten.
  struct Definition {
    std::unique_ptr<std::byte[]> arguments;
    std::uint32_t argument_bytes = 0;
    std::uint32_t function = 0;
    std::uint32_t open = 0;
    bool has_handle = false;
    bool is_program_s = false;   ///< the handle is here, not at a worker
    bool is_logged = false;      ///< among the completions
    bool is_forgotten = false;
    bool is_spared = false;      ///< done by an earlier job, and not run here so far
    std::span<const std::byte> bytes() const { return {arguments.get(), argument_bytes}; }
  };
  /// A handle that a worker has, by its own number.
  struct RemoteHandle {
    int rank = 0;
    std::uint32_t number = 0;
  };

  TaskId add(CallSpec spec, std::span<const TaskId> inputs, bool is_program_s);
  void check(const CallSpec& spec) const;
  std::uint32_t resource_number(const std::string& name);
  std::string label_of(TaskId task) const;
  void grow();
  void take_up_earlier();
  void note_finished(const sched::FinishedTask& report);
  void enter_reports();
  void apply();
  void assign(const sched::Assign& assign);
  void flush(std::size_t worker);
  void note_settled(TaskId task);
  void tell_submitter(TaskId task);
  CallError error_of(TaskId task) const;
  void drop_handle(TaskId task);
  void forget_if_possible(TaskId task);
  bool is_settled(TaskId task) const;
  void on_submitted(int from, const wire::SubmitCalls& message);
  void on_released(int from, const wire::ReleaseCalls& message);
  void on_results(int from, const wire::ResultBatch& batch);
  void send(int rank, const wire::Message& message) { link_.send(rank, wire::encode(id_, message)); }

  wire::RunId id_;
  const TaskLibrary& library_;
  CallRunOptions options_;
  Link link_;
  std::shared_ptr<sched::GrowingGraph> graph_;
  sched::Scheduler scheduler_;
  sched::Actions actions_;
  std::vector<Definition> definitions_;
  std::unordered_map<TaskId, std::string> labels_;
  struct FailureKind {
    ExitCode code = ExitCode::task_failed;
    std::string detail;
  };
  std::unordered_map<TaskId, FailureKind> failure_kinds_;  ///< of the last failed execution
  std::vector<std::string> resource_names_;

  std::vector<wire::CallBatch> assigned_;      ///< by worker, sent together
  std::vector<wire::ReleaseBatch> released_;
  std::vector<wire::CallOutcomes> outcomes_;
  std::vector<std::size_t> touched_;
  std::vector<sched::FinishedTask> reports_;   ///< arrived and not entered yet
  std::optional<Instant> timer_;               ///< of the scheduler
  std::vector<CallId> completions_;
  std::unordered_map<TaskId, CallResult> fetched_;
  std::unordered_map<TaskId, int> asked_;      ///< results that were asked for, and of which rank
  std::unordered_map<TaskId, RemoteHandle> remote_;
  std::map<int, std::unordered_map<std::uint32_t, TaskId>> remote_numbers_;
  std::uint64_t failed_attempts_ = 0;
  std::vector<std::string> notes_;
  std::optional<CallProgress> progress_;
  std::vector<CallProgress::Order> save_orders_;
  bool is_last_save_ = false;
  std::uint32_t spared_ = 0;
  std::vector<TaskId> earlier_;                ///< came since the last growth, and were done by an earlier job
  std::vector<TaskId> demanded_;               ///< of such, those that what came since reads
  std::uint32_t done_before_loss_ = 0;   ///< of the last worker, with which all results went
  Instant last_poll_;
  std::vector<TaskId> scan_;
};

/// "gpu=1,disk=2" as pairs. Throws UsageError naming the word that is none.
std::vector<std::pair<std::string, std::uint32_t>> parse_resources(const std::string& text);
std::string format_resources(const std::vector<std::pair<std::string, std::uint32_t>>& resources);

/// Of the names of all functions: equal where the ids mean the same.
std::uint64_t digest_of(const TaskLibrary& library);

}  // namespace rankine::runtime
