#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "exec/notifier.hpp"
#include "exec/thread_pool.hpp"
#include "runtime/block.hpp"
#include "runtime/call_worker.hpp"
#include "runtime/fault_rehearsal.hpp"
#include "runtime/read_ahead.hpp"
#include "runtime/spiller.hpp"
#include "runtime/task_runner.hpp"
#include "transport/lifeline/running_tasks.hpp"
#include "transport/transport.hpp"
#include "wire/messages.hpp"
#include "worker/worker.hpp"

namespace rankine::runtime {

struct RankWorkerOptions {
  unsigned threads = 1;
  Bytes memory_limit;
  Bytes program_bytes;                     ///< of the limit, what the process takes without any block; 0: it is not counted
  std::uint64_t report_interval_ms = 250;  ///< between counters sent for the progress line
  const TaskLibrary* library = nullptr;    ///< what calls may name; null: nothing
  std::string resources;                   ///< labelled resources of this rank, "gpu=1,disk=2"
  wire::BatchBounds batches;
  Bytes read_ahead;                        ///< of tasks that wait for a thread, asked for at once; 0: none
  std::uint64_t heartbeat_interval_ms = 3000;
  transport::RunningTasks* running_tasks = nullptr;  ///< where a supervisor sees what runs
  std::function<void(int rank)> end_neighbour;       ///< see SessionOptions; may be empty
  FaultRehearsal rehearsal;
  SpillSettings spill;
};

/// The effects around a worker's state machine: threads that run tasks, the map of blocks, messages.
/// Driven by the communication thread of its rank: handle() for each frame, pump() in between.
class RankWorker {
 public:
  RankWorker(transport::Transport& transport, exec::Notifier& notifier, RankWorkerOptions options);
  ~RankWorker();

  /// Rank 0's own worker is given the plan that rank 0 has lowered already. `held`: of the memory limit, what the script
  /// holds beside it.
  void begin_run(wire::RunId run, RunPlanPtr plan, Bytes held = {});
  /// A message for this worker. `frame` must live until the call returns.
  void handle(int from, const wire::Decoded& decoded);
  /// Takes what threads have finished and sends what is due. True if anything happened.
  bool pump();
  /// True while the plan of a run is being lowered: messages of that run have to wait.
  bool is_preparing() const { return preparing_ != nullptr; }
  void on_peer_lost(int rank);
  /// A result that lies in memory here; null: it does not.
  BlockPtr block(TaskId task) const {
    const auto found = blocks_.find(task);
    return found == blocks_.end() ? nullptr : found->second;
  }

 private:
  struct Running;
  struct Preparing;
  struct Closing;
  struct Saving;
  void handle_plan(wire::RunId run, const wire::Plan& plan);
  void plan_prepared();
  void store_block(TaskId task, const wire::BlockReply& reply);
  void start(TaskId task, std::uint32_t attempt);
  void finish(const exec::Completion& completion);
  void apply(worker::Actions& actions);
  void send_block(WorkerId to, TaskId task);
  void send(int to, const wire::Message& message);
  void rehearse_fault(const std::string& task);
  void take_turns();
  void begin_closing(const wire::CloseOutputs& order);
  void outputs_closed();
  void begin_saving(const wire::SaveBlocks& order);
  // blocks that go to scratch and come back (rank_worker_spilling.cpp)
  worker::SpillOptions spill_bounds(Bytes held = {}) const;
  void prepare_spilling();
  void take_spilled();
  void watch_memory();
  void count_sending();
  void report_lost(const worker::ReportLost& lost);
  void report_no_room(const worker::ReportNoRoom& refused);
  void send_finished();
  void blocks_saved(const exec::Completion& completion);
  void end_run();
  wire::Counters counters() const;
  void begin_read_ahead();
  void begin_calls(wire::RunId run, const wire::BeginCalls& begin);

  transport::Transport& transport_;
  exec::Notifier& notifier_;
  RankWorkerOptions options_;
  exec::Slots slots_;
  exec::ThreadPool pool_;
  store::Reader reader_;
  ReadAhead read_ahead_;
  std::vector<bool> reads_stored_;         ///< by layer
  std::unique_ptr<store::Writer> writer_;

  wire::RunId run_;
  RunPlanPtr plan_;
  std::unique_ptr<CallWorker> calls_;  ///< beside the runs of plans, one after the other
  std::optional<worker::Worker> machine_;
  Bytes held_beside_;                 ///< by a script, during this run
  Bytes most_needed_;                 ///< by a plan that is over
  std::optional<TaskRunner> runner_;
  std::unordered_map<TaskId, BlockPtr> blocks_;
  std::unique_ptr<Spiller> spiller_;                 ///< null: nothing is spilled
  std::unordered_map<TaskId, std::uint64_t> files_;  ///< of blocks in scratch, for checkpoints
  struct SpillOrder;
  std::shared_ptr<SpillOrder> order_;                ///< the static order that is being computed
  Instant next_measure_, next_trim_;
  std::optional<Instant> try_scratch_again_;
  Bytes resident_;
  std::unordered_map<std::uint64_t, std::shared_ptr<Running>> running_;
  std::unordered_map<TaskId, ExitCode> failure_codes_;
  std::uint64_t next_ticket_ = 0;
  bool aborting_ = false;
  std::mutex rehearsing_;
  // What takes long and is no task happens on the threads too, so that this rank is never silent.
  std::shared_ptr<Preparing> preparing_;
  std::shared_ptr<Closing> closing_;
  std::shared_ptr<Saving> saving_;
  // Their turns: a checkpoint looks at files that a close lets go of, and tasks write to both. What is ordered waits here
  // for what is under way.
  std::optional<wire::SaveBlocks> save_wanted_;
  std::optional<wire::CloseOutputs> close_wanted_;
  std::shared_ptr<AppendLog> appended_;   ///< of the run; outlives it where a checkpoint still looks at it

  wire::FinishedBatch finished_;
  Instant first_finished_;
  worker::Actions actions_;
  std::vector<exec::Completion> completions_;
  std::uint64_t tasks_run_ = 0;
  std::uint64_t busy_ns_ = 0;
  Bytes sent_;
  Bytes received_;
  Instant last_report_;
  std::uint64_t calls_reported_ = 0;
  std::atomic<bool> room_changed_{false};
  void report_room();
};

/// The life of a rank that only works: answers until rank 0 says Shutdown. True if every rank was alive as far as this one
/// knows, so that the job may end in MPI's own way.
bool serve(transport::Transport& transport, exec::Notifier& notifier, const RankWorkerOptions& options,
           const std::string& node_name);

}  // namespace rankine::runtime
