#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <set>
#include <stdexcept>
#include <utility>
#include <vector>

#include "base/prng.hpp"
#include "sched/growing_graph.hpp"
#include "sched/resumed_graph.hpp"
#include "sched/scheduler.hpp"
#include "sim/simulation.hpp"
#include "wire/messages.hpp"
#include "worker/worker.hpp"

namespace rankine::sim {

/// An oracle is not content.
struct Violation : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// What outlives a job: the run directory, and the outputs as they are on disk.
struct SafeProgress {
  std::map<TaskId, std::uint64_t> written;  ///< hash by task that writes
  std::set<TaskId> done;                    ///< of them, those that are known to be on disk
  std::map<TaskId, std::uint64_t> saved;    ///< results of checkpoints
  std::vector<std::pair<TaskId, sched::FailedAttempt>> kills;
};

/// One job: rank 0's scheduler, workers, network and disks, on a virtual clock. What rank 0 does is told in
/// simulated_job.cpp, what workers do in simulated_worker.cpp, what goes wrong in losses.cpp, what is asked of all of it
/// in oracles.cpp.
class SimulatedJob {
 public:
  /// `whole`: the graph of the run; `reference` belongs to it. `ends`: the job is ended at some moment.
  SimulatedJob(std::shared_ptr<const TaskGraph> whole, std::shared_ptr<const std::vector<std::uint64_t>> reference,
               const SimulationOptions& options, SafeProgress& safe, bool ends, SimulationResult& result);
  /// True if the run is over, well or as failed; false if another job has to go on. Throws Violation, Error.
  bool run();
  /// Of what happened up to now.
  void take_figures();

 private:
  static constexpr wire::RunId the_run{7};
  static constexpr std::uint32_t rank_0 = 0;
  static constexpr std::int64_t ns_per_us = 1000;

  struct Event {
    enum class Kind : std::uint8_t {
      deliver, ghost, run_ends, timer, worker_dies, node_dies, loss_noticed, grows, cancels, written, loaded,
      sent_from_file, sent, scratch_room, checkpoint, job_ends
    };
    Instant at{};
    std::uint64_t sequence = 0;
    Kind kind = Kind::deliver;
    std::uint32_t from = 0, to = 0;     ///< ranks
    std::vector<std::byte> frame{};     ///< deliver, ghost
    TaskId task{};                      ///< run_ends
    std::uint32_t attempt = 0;
    std::uint32_t duration_us = 0;
    std::uint64_t file = 0;             ///< of a block in scratch
    bool is_block = false;              ///< deliver
  };
  struct Later {
    bool operator()(const Event& a, const Event& b) const { return a.at != b.at ? a.at > b.at : a.sequence > b.sequence; }
  };
  /// One worker with what its runtime would keep: the map of blocks.
  struct SimulatedWorker {
    struct File {
      TaskId task;
      std::uint64_t hash = 0;
      bool whole = false;
    };
    worker::Worker machine;
    std::map<TaskId, std::uint64_t> blocks{};  ///< hash by task
    std::map<std::uint64_t, File> files{};     ///< scratch, by number
    Bytes scratch_used{};
    Bytes outgoing{};                          ///< copies of blocks on their way out
    Instant disk_until{};
    std::uint32_t slowness = 1;
    bool runs_on = false;                      ///< tasks ran after its last event
    bool alive = true;
    bool unheard = false;                      ///< taken for lost, and going on
    std::set<TaskId> running{};                ///< on its threads
    std::set<std::uint32_t> lost_peers{};      ///< as rank 0 told it: nothing of them is heard any more
    Instant sending_until{}, receiving_until{};
  };
  /// A checkpoint that is under way.
  struct Checkpoint {
    std::uint32_t sequence = 0;
    std::set<std::uint32_t> waiting;                       ///< ranks
    std::map<std::uint32_t, std::vector<TaskId>> written;  ///< by rank, when it was asked
    std::map<TaskId, std::uint64_t> saved;
    std::vector<TaskId> done;
  };

  // rank 0 and the network (simulated_job.cpp)
  void begin();
  void grow();
  void post(std::int64_t delay_ns, Event event);
  void send(std::uint32_t from, std::uint32_t to, const wire::Message& message, Bytes block = {});
  void handle(const Event& event);
  void deliver(const Event& event);
  template <typename M>
  void at_scheduler(std::uint32_t from, const M& message);
  void enter_finished(std::uint32_t from, const wire::FinishedBatch& batch);
  void carry_out_scheduler();
  void ask_for_wanted();
  void take_wanted(const wire::BlockReply& reply);
  bool is_over() const { return run_over_ || (scheduler_.succeeded() && client_has_all()); }
  bool client_has_all() const;

  // checkpoints (simulated_job.cpp)
  void begin_checkpoint();
  void note_blocks_saved(std::uint32_t rank, const wire::BlocksSaved& saved);
  void end_checkpoint();

  // workers (simulated_worker.cpp)
  void add_workers();
  worker::SpillOptions spill_options() const;
  worker::NextUse next_use();
  SimulatedWorker& at_rank(std::uint32_t rank) { return workers_[rank - 1]; }
  template <typename M>
  void at_worker(std::uint32_t from, std::uint32_t rank, const M& message);
  void hear(std::uint32_t from, std::uint32_t rank, const wire::Message& message);
  void carry_out_worker(std::uint32_t rank);
  void measure_memory(std::uint32_t rank);
  void reply_with_block(std::uint32_t rank, const worker::SendBlock& block);
  void reply_with(std::uint32_t rank, std::uint32_t to, TaskId task, std::uint64_t hash);
  void end_copy(const Event& event);
  std::int64_t disk_delay(SimulatedWorker& worker, TaskId task);
  void begin_write(std::uint32_t rank, const worker::SpillBlock& spill);
  void forget_file(SimulatedWorker& worker, std::uint64_t file);
  void end_write(const Event& event);
  void end_load(const Event& event);
  void send_from_file(const Event& event);
  void save_blocks(std::uint32_t rank, const wire::SaveBlocks& order);
  void begin_execution(std::uint32_t rank, const worker::StartTask& start);
  void end_execution(const Event& event);
  void store_output(std::uint32_t rank, TaskId task);

  // what goes wrong (losses.cpp)
  void plan_losses();
  bool may_die(std::uint32_t rank) const;
  void doom(std::uint32_t rank, std::int64_t delay_ns);
  void die(std::uint32_t rank, bool may_live_on);
  void lose_power(std::uint32_t node);
  void cut(std::uint32_t rank);
  bool is_cut(const Event& event);
  void notice_loss(std::uint32_t rank);

  // oracles (oracles.cpp)
  void audit() const;
  void judge();
  void judge_worker(std::uint32_t rank);
  void judge_outputs() const;
  void note_erred(const sched::TaskErred& erred);
  void check_copies(const SimulatedWorker& worker) const;
  bool writes(TaskId task) const;
  void note(std::uint64_t value);

  SimulationOptions options_;
  std::shared_ptr<const TaskGraph> whole_;
  std::shared_ptr<const std::vector<std::uint64_t>> reference_;
  SafeProgress& safe_;
  SimulationResult& result_;
  bool ends_;
  std::shared_ptr<const sched::ResumedGraph> resumed_;  ///< null: nothing was safe yet
  std::shared_ptr<const TaskGraph> graph_;  ///< what is left of the whole
  Prng prng_;
  std::shared_ptr<sched::GrowingGraph> grown_;  ///< what the scheduler knows of graph_, where that comes in pieces
  sched::Scheduler scheduler_;
  std::vector<SimulatedWorker> workers_;  ///< of rank 1, 2, ...
  std::priority_queue<Event, std::vector<Event>, Later> events_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::int64_t> last_arrival_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, Instant> cut_;  ///< nothing arrives later between the two
  std::map<TaskId, std::uint64_t> taken_;
  std::map<TaskId, std::uint32_t> asked_;  ///< wanted outputs that the client waits for, and of which rank
  std::map<TaskId, std::uint32_t> errors_;
  std::set<TaskId> erred_, failed_for_good_;
  std::set<TaskId> deadly_;
  std::map<TaskId, std::uint32_t> deaths_during_;
  std::map<TaskId, std::uint32_t> written_by_;      ///< rank, of writes that a checkpoint has not made safe
  std::vector<std::uint32_t> times_finished_;
  std::set<std::uint32_t> noticed_;       ///< ranks that rank 0 has given up
  std::set<std::uint32_t> doomed_;        ///< ranks that die, or have died
  std::set<std::uint32_t> powerless_;     ///< ranks of nodes without power
  std::optional<Checkpoint> checkpoint_;
  std::uint32_t last_checkpoint_ = 0;
  sched::Actions actions_;
  worker::Actions worker_actions_;
  std::vector<TaskId> inputs_, scan_;
  Instant now_, end_, timer_;
  std::uint64_t sequence_ = 0;
  std::uint32_t outputs_lost_ = 0;        ///< losses of any kind after which tasks may finish again
  bool client_asked_ = false;
  bool run_over_ = false;
  bool ended_ = false;                    ///< from outside
  bool spill_failed_ = false;
  std::shared_ptr<const std::vector<std::uint32_t>> order_;
};

}  // namespace rankine::sim
