#pragma once
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "exec/thread_pool.hpp"
#include "runtime/saved_blocks.hpp"
#include "runtime/spiller.hpp"
#include "runtime/sub_calls.hpp"
#include "transport/lifeline/running_tasks.hpp"
#include "transport/transport.hpp"
#include "wire/messages.hpp"
#include "worker/worker.hpp"

namespace rankine::runtime {

struct CallWorkerOptions {
  unsigned threads = 1;
  Bytes memory_limit;
  const TaskLibrary* library = nullptr;
  wire::BatchBounds batches;
  /// A result of up to so many bytes that rank 0's program will ask for is sent with the report.
  std::uint64_t pushed_result_bytes = 1024;
  /// Calls that wait for other calls at once, each on a thread of its own.
  std::uint32_t most_waiting = 1000;
  exec::Slots* slots = nullptr;       ///< what plans and calls of this rank share: how many run at once
  Bytes program_bytes;                ///< of the memory limit, what the process takes without any result
  SpillSettings spill;
  worker::SpillOptions spill_bounds;  ///< enabled: results that are held go to scratch when memory runs short
  std::shared_ptr<spill::ScratchUse> scratch_use;     ///< shared with the runs of plans
  transport::RunningTasks* running_tasks = nullptr;   ///< where a supervisor sees what runs
  std::function<void(const std::string& call)> rehearse = {};  ///< called on its thread before each; empty: nothing is
};

/// The effects around a worker's state machine of a run of calls: threads, results, messages. It has threads of its own,
/// beside those that run plans: a call that waits for others is given a substitute, which a task of a plan never needs. Both
/// share the rank's slots, so that no more of them run at once than it has threads.
/// Driven by the communication thread of its rank.
class CallWorker {
 public:
  CallWorker(transport::Transport& transport, exec::Notifier& notifier, CallWorkerOptions options, wire::RunId run);
  ~CallWorker();

  wire::RunId run() const { return run_; }
  /// A message of this run. `decoded` must live until the call returns.
  void handle(int from, const wire::Decoded& decoded);
  /// Takes what threads have done and sends what is due. True if anything happened.
  bool pump();
  void on_peer_lost(int rank);

  std::uint64_t tasks_run() const { return tasks_run_; }
  std::uint64_t busy_ns() const { return busy_ns_; }
  Bytes sent() const { return sent_; }
  Bytes received() const { return received_; }
  Bytes peak_held() const { return machine_.peak_held_bytes(); }
  Bytes spilled() const { return spiller_ ? spiller_->written() : Bytes{}; }
  Bytes unspilled() const { return spiller_ ? spiller_->read_back() : Bytes{}; }

 private:
  struct Running;
  struct Context;
  struct Saving;
  /// What a call is, while it is here.
  struct Definition {
    wire::CallDefinition head;
    std::vector<std::byte> arguments;
    std::vector<TaskId> inputs;
  };

  void on_batch(const wire::CallBatch& batch);
  void start(TaskId task, std::uint32_t attempt);
  void finish(const exec::Completion& completion);
  void push_result(TaskId task, const CallResult& result);
  void take_waiting();
  void adjust_threads();
  void apply();
  void send_block(WorkerId to, TaskId task);
  void answer(int to, const wire::ResultRequest& request);
  void save(const wire::SaveBlocks& order);
  // results that go to scratch and come back (call_worker_spilling.cpp)
  Bytes room_of(std::uint32_t function) const;
  void note_result(std::uint32_t function, std::size_t bytes);
  void take_spilled();
  void watch_memory();
  void count_sending();
  void report_lost(const worker::ReportLost& lost);
  void report_no_room(const worker::ReportNoRoom& refused);
  void forget_spilled(std::uint64_t file);
  void take_saved();
  void flush_reports();
  void send(int to, const wire::Message& message);

  transport::Transport& transport_;
  CallWorkerOptions options_;
  wire::RunId run_;
  SubCalls sub_calls_;
  worker::Worker machine_;
  worker::Actions actions_;
  std::unordered_map<TaskId, Definition> definitions_;
  std::unordered_map<TaskId, CallResult> blocks_;
  std::unordered_map<std::uint64_t, std::shared_ptr<Running>> running_;
  struct FailureKind {
    ExitCode code = ExitCode::task_failed;
    std::string detail;
  };
  std::unordered_map<TaskId, FailureKind> failure_kinds_;
  std::vector<exec::Completion> completions_;
  std::uint64_t next_ticket_ = 0;
  wire::FinishedBatch finished_;
  Instant first_finished_;
  wire::ResultBatch pushed_;
  std::vector<std::byte> pushed_bytes_;
  double usual_duration_us_ = 1e6;     ///< of a call, an exponentially weighted mean
  std::uint32_t allowed_ = 0;          ///< calls that the machine may start at once
  std::uint32_t waiting_ = 0;
  std::uint64_t tasks_run_ = 0;
  std::uint64_t busy_ns_ = 0;
  Bytes sent_;
  Bytes received_;

  std::mutex mutex_;                   ///< of what follows: threads that run calls write there
  struct WaitChange {
    TaskId task;
    std::uint32_t attempt = 0;
    bool waits = true;
  };
  std::vector<WaitChange> wait_changes_;
  std::uint32_t waiting_now_ = 0;
  exec::Notifier& notifier_;
  std::unique_ptr<Spiller> spiller_;   ///< null: results stay in memory
  std::unordered_map<TaskId, std::uint64_t> files_;       ///< of results in scratch
  std::unordered_map<std::uint64_t, TaskId> filed_;       ///< the other way round
  std::unordered_map<std::uint32_t, double> usual_bytes_; ///< of a function's results, an exponentially weighted mean
  Instant next_measure_, next_trim_;
  std::optional<Instant> try_scratch_again_;
  std::shared_ptr<Saving> saving_;     ///< the checkpoint that is under way
  std::unique_ptr<exec::ThreadPool> saver_;   ///< a thread of its own, for calls may take long; null: nothing was saved yet
  exec::ThreadPool pool_;              ///< last: its threads end before the rest goes
};

}  // namespace rankine::runtime
