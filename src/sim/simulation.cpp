#include "sim/simulation.hpp"

#include <algorithm>
#include <map>
#include <queue>
#include <set>
#include <stdexcept>
#include <utility>

#include "base/prng.hpp"
#include "sched/growing_graph.hpp"
#include "sched/scheduler.hpp"
#include "sched/static_order.hpp"
#include "wire/messages.hpp"
#include "worker/worker.hpp"

namespace rankine::sim {
namespace {

constexpr wire::RunId the_run{7};
constexpr std::uint32_t rank_0 = 0;
constexpr std::int64_t ns_per_us = 1000;

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  return Prng((a * 0x9e3779b97f4a7c15ULL) ^ (b + 0x2545f4914f6cdd1dULL)).next();
}

/// An oracle is not content.
struct Violation : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Event {
  enum class Kind : std::uint8_t { deliver, run_ends, timer, worker_dies, loss_noticed, grows, cancels, written, loaded, sent_from_file, scratch_room };
  Instant at{};
  std::uint64_t sequence = 0;
  Kind kind = Kind::deliver;
  std::uint32_t from = 0, to = 0;     ///< ranks
  std::vector<std::byte> frame{};     ///< deliver
  TaskId task{};                ///< run_ends
  std::uint32_t attempt = 0;
  std::uint32_t duration_us = 0;
  std::uint64_t file = 0;             ///< of a block in scratch
};
struct Later {
  bool operator()(const Event& a, const Event& b) const {
    return a.at != b.at ? a.at > b.at : a.sequence > b.sequence;
  }
};

/// One worker with what its runtime would keep: the map of blocks.
struct SimulatedWorker {
  worker::Worker machine;
  std::map<TaskId, std::uint64_t> blocks;  ///< hash by task
  struct File {
    TaskId task;
    std::uint64_t hash = 0;
    bool whole = false;
  };
  std::map<std::uint64_t, File> files{};   ///< scratch, by number
  Bytes scratch_used{};
  Instant disk_until{};
  std::uint32_t slowness = 1;
  bool alive = true;
  bool unheard = false;                    ///< taken for lost, and going on
  std::set<TaskId> running{};              ///< on its threads
  std::set<std::uint32_t> lost_peers{};    ///< as rank 0 told it: nothing of them is heard any more
  Instant sending_until, receiving_until;
};

class Simulation {
 public:
  Simulation(std::shared_ptr<const TaskGraph> graph, const SimulationOptions& options)
      : options_(options), graph_(std::move(graph)), prng_(options.seed),
        grown_(options.grows_by != 0 ? std::make_shared<sched::GrowingGraph>(std::max(1u, graph_->cost_class_count())) : nullptr),
        scheduler_(options.scheduler, grown_ ? std::shared_ptr<const TaskGraph>(grown_) : graph_) {
    compute_reference();
    for (std::uint32_t rank = 1; rank <= options_.worker_count; ++rank) {
      workers_.push_back({worker::Worker({.self = {rank}, .threads = options_.threads_per_worker,
                                          .memory_limit = options_.memory_limit,
                                          .max_parallel_fetches = options_.max_parallel_fetches,
                                          .replica_cache = options_.replica_cache, .spill = spill_options()}), {}, {}, {}, {}, 1, true, false, {}, {}, {}, {}});
      if (options_.scratch.value != 0 && options_.has_next_use) workers_.back().machine.set_next_use(next_use());
      if (prng_.chance(options_.faults.slow_worker_chance))
        workers_.back().slowness = static_cast<std::uint32_t>(2 + prng_.below(19));
    }
    if (options_.step_limit == 0) options_.step_limit = 10000 + 400ull * graph_->task_count() * (1 + options_.worker_count);
  }

  SimulationResult run() {
    try {
      begin();
      while (!events_.empty()) {
        if (++result_.steps > options_.step_limit) throw Violation("the run does not end");
        Event event = events_.top();
        events_.pop();
        now_ = event.at;
        handle(event);
        if (options_.check_every_step) audit();
      }
      judge();
    } catch (const Violation& violation) {
      result_.error = violation.what();
    } catch (const Error& error) {
      result_.error = error.what();
    }
    result_.makespan_us = static_cast<std::uint64_t>(end_.ns / ns_per_us);
    result_.forced = scheduler_.forced_count();
    for (const auto& worker : workers_) {
      result_.peak_held = std::max(result_.peak_held, worker.machine.peak_held_bytes());
      result_.peak_known = std::max(result_.peak_known, worker.machine.peak_known_bytes());
    }
    return result_;
  }

 private:
  worker::SpillOptions spill_options() const {
    worker::SpillOptions spill;
    spill.enabled = options_.scratch.value != 0;
    const auto part = [&](double fraction) { return Bytes{static_cast<std::uint64_t>(fraction * static_cast<double>(options_.memory_limit.value))}; };
    spill.target = part(options_.spill_target);
    spill.spill = part(options_.spill_spill);
    spill.stop = part(options_.spill_stop);
    spill.max_writes = options_.most_writes;
    spill.claims_ahead = options_.claims_ahead;
    return spill;
  }

  worker::NextUse next_use() {
    if (!order_) order_ = std::make_shared<const std::vector<std::uint32_t>>(sched::compute_static_order(*graph_).rank);
    return [graph = graph_, order = order_](TaskId block, std::uint32_t place) -> std::optional<std::uint32_t> {
      std::vector<TaskId> readers;
      graph->dependents(block, readers);
      std::optional<std::uint32_t> first;
      for (const TaskId reader : readers)
        if (const std::uint32_t rank = (*order)[reader.value]; rank > place && (!first || rank < *first)) first = rank;
      return first;
    };
  }

  SimulatedWorker& at_rank(std::uint32_t rank) { return workers_[rank - 1]; }

  /// Every task's hash as one thread would compute it, inputs first.
  void compute_reference() {
    const std::uint32_t count = graph_->task_count();
    reference_.assign(count, 0);
    std::vector<std::uint32_t> missing(count);
    std::vector<TaskId> order, edges;
    for (std::uint32_t i = 0; i < count; ++i) {
      edges.clear();
      graph_->dependencies({i}, edges);
      missing[i] = static_cast<std::uint32_t>(edges.size());
      if (edges.empty()) order.push_back({i});
    }
    for (std::size_t next = 0; next < order.size(); ++next) {
      edges.clear();
      graph_->dependencies(order[next], edges);
      std::uint64_t hash = order[next].value;
      for (const TaskId input : edges) hash = mix(hash, reference_[input.value]);
      reference_[order[next].value] = hash;
      edges.clear();
      graph_->dependents(order[next], edges);
      for (const TaskId reader : edges)
        if (--missing[reader.value] == 0) order.push_back(reader);
    }
  }

  void begin() {
    for (std::uint32_t rank = 1; rank <= options_.worker_count; ++rank) {
      scheduler_.on_worker_joined(now_, {rank}, {rank % options_.node_count, options_.threads_per_worker,
                                                 options_.memory_limit, {1 + rank % 2}, false, options_.scratch}, actions_);
    }
    scheduler_.start(now_, actions_);
    carry_out_scheduler();
    if (grown_) post(0, {.kind = Event::Kind::grows});
    if (options_.faults.cancel_chance > 0)
      for (std::uint32_t i = 0; i < graph_->task_count(); ++i)
        if (prng_.chance(options_.faults.cancel_chance))
          post(static_cast<std::int64_t>(prng_.below(1 + 300ull * graph_->task_count() / options_.worker_count)) * ns_per_us,
               {.kind = Event::Kind::cancels, .task = {i}});
    const std::uint32_t losses = std::min(options_.faults.lost_workers, options_.worker_count - 1);
    std::vector<std::uint32_t> ranks;
    for (std::uint32_t rank = 1; rank <= options_.worker_count; ++rank) ranks.push_back(rank);
    const std::uint64_t whole_us = 1 + 500ull * graph_->task_count() / options_.worker_count;
    const std::uint64_t burst_us = options_.faults.losses_within_us == 0 ? 0 : prng_.below(whole_us);
    for (std::uint32_t k = 0; k < losses; ++k) {
      const std::size_t chosen = prng_.below(ranks.size());
      const std::uint64_t at_us = options_.faults.losses_within_us == 0 ? prng_.below(whole_us)
                                                                        : burst_us + prng_.below(options_.faults.losses_within_us);
      post(static_cast<std::int64_t>(at_us) * ns_per_us, {.kind = Event::Kind::worker_dies, .to = ranks[chosen]});
      ranks.erase(ranks.begin() + static_cast<std::ptrdiff_t>(chosen));
    }
  }

  void post(std::int64_t delay_ns, Event event) {
    event.at = {now_.ns + delay_ns};
    event.sequence = ++sequence_;
    events_.push(std::move(event));
  }

  /// Frames between two ranks keep their order, as MPI's do. Blocks share the wires of both ends.
  void send(std::uint32_t from, std::uint32_t to, const wire::Message& message, Bytes block = {}) {
    if (from == rank_0 && noticed_.contains(to)) return;
    ++result_.messages;
    std::int64_t arrival = now_.ns + options_.latency_us * ns_per_us;
    if (block.value != 0) {
      result_.bytes_moved += block;
      std::int64_t begin = now_.ns;
      if (from != rank_0) begin = std::max(begin, at_rank(from).sending_until.ns);
      if (to != rank_0) begin = std::max(begin, at_rank(to).receiving_until.ns);
      const auto duration = static_cast<std::int64_t>(block.value * ns_per_us / options_.bandwidth_bytes_per_us);
      if (from != rank_0) at_rank(from).sending_until = {begin + duration};
      if (to != rank_0) at_rank(to).receiving_until = {begin + duration};
      arrival = begin + duration + options_.latency_us * ns_per_us;
    }
    if (prng_.chance(options_.faults.late_chance))
      arrival += static_cast<std::int64_t>(prng_.below(options_.faults.late_us)) * ns_per_us;
    const bool is_report = std::holds_alternative<wire::FinishedBatch>(message) ||
                           std::holds_alternative<wire::TaskFailed>(message) ||
                           std::holds_alternative<wire::InputMissing>(message);
    const int copies = is_report && prng_.chance(options_.faults.duplicate_chance) ? 2 : 1;
    for (int copy = 0; copy < copies; ++copy) {
      std::int64_t& last = last_arrival_[{from, to}];
      arrival = last = std::max(last + 1, arrival);
      post(arrival - now_.ns, {.from = from, .to = to, .frame = wire::encode(the_run, message)});
    }
  }

  void handle(const Event& event) {
    switch (event.kind) {
      case Event::Kind::deliver: return deliver(event);
      case Event::Kind::run_ends: return end_execution(event);
      case Event::Kind::timer:
        if (event.at < timer_) return;  // replaced by a later one
        scheduler_.on_timer(now_, actions_);
        return carry_out_scheduler();
      case Event::Kind::worker_dies:
        if (run_over_) return;
        at_rank(event.to).unheard = prng_.chance(options_.faults.lives_on_chance);
        at_rank(event.to).alive = at_rank(event.to).unheard;
        return post(options_.faults.loss_noticed_us * ns_per_us, {.kind = Event::Kind::loss_noticed, .to = event.to});
      case Event::Kind::grows: return grow();
      case Event::Kind::written: return end_write(event);
      case Event::Kind::loaded: return end_load(event);
      case Event::Kind::sent_from_file: return send_from_file(event);
      case Event::Kind::scratch_room:
        if (!at_rank(event.to).alive) return;
        at_rank(event.to).machine.on_scratch_room(worker_actions_);
        return carry_out_worker(event.to);
      case Event::Kind::cancels:
        if (event.task.value >= scheduler_.task_count()) return;
        scheduler_.on_cancelled(now_, event.task, actions_);
        return carry_out_scheduler();
      case Event::Kind::loss_noticed:
        client_asked_ = false;  // a wanted output may have to be computed again
        std::erase_if(asked_, [&](const auto& asked) { return asked.second == event.to; });
        noticed_.insert(event.to);
        for (std::uint32_t rank = 1; rank <= options_.worker_count; ++rank) send(rank_0, rank, wire::PeerLost{event.to});
        scan_.assign(at_rank(event.to).running.begin(), at_rank(event.to).running.end());
        scheduler_.on_worker_lost(now_, {event.to}, actions_, scan_, "died");
        return carry_out_scheduler();
    }
  }

  /// The next few tasks, and an appointment for those after them.
  void grow() {
    const std::uint32_t first = grown_->task_count();
    const auto wished = static_cast<std::uint32_t>(1 + prng_.below(options_.grows_by));
    const std::uint32_t end = std::min(graph_->task_count(), first + wished);
    sched::TaskProfile profile;
    for (std::uint32_t i = first; i < end; ++i) {
      inputs_.clear();
      graph_->dependencies({i}, inputs_);
      const auto needs = graph_->resource_needs({i});
      profile = {graph_->output_bytes({i}), graph_->scratch_bytes({i}), graph_->cost_us({i}), {}, graph_->is_wanted({i}),
                 graph_->cost_class({i}), static_cast<std::int32_t>(prng_.below(3)) - 1, {needs.begin(), needs.end()}};
      grown_->add(inputs_, profile);
    }
    client_asked_ = false;
    scheduler_.on_tasks_added(now_, actions_);
    if (end < graph_->task_count())
      post(static_cast<std::int64_t>(prng_.below(200ull * (end - first) + 1)) * ns_per_us, {.kind = Event::Kind::grows});
    carry_out_scheduler();
  }

  void deliver(const Event& event) {
    const wire::Decoded decoded = wire::decode(event.frame);
    if (decoded.run != the_run) throw Violation("a frame names another run");
    if (event.to == rank_0 ? noticed_.contains(event.from) : at_rank(event.to).lost_peers.contains(event.from)) return;
    if (event.to == rank_0) {
      std::visit([&](const auto& message) { at_scheduler(event.from, message); }, decoded.message);
      carry_out_scheduler();
    } else if (at_rank(event.to).alive) {
      std::visit([&](const auto& message) { at_worker(event.from, event.to, message); }, decoded.message);
      carry_out_worker(event.to);
    } else if (const auto* request = std::get_if<wire::BlockRequest>(&decoded.message); request && event.from == rank_0) {
      client_asked_ = false;
      asked_.erase(request->task);
    }
  }

  template <typename M>
  void at_scheduler(std::uint32_t from, const M& message) {
    const WorkerId worker{from};
    if constexpr (std::is_same_v<M, wire::FinishedBatch>) {
      for (const auto& task : message.tasks)
        scheduler_.on_task_finished(now_, worker, task.task, task.attempt, task.bytes, task.duration_us, actions_);
    } else if constexpr (std::is_same_v<M, wire::TaskFailed>) {
      scheduler_.on_task_failed(now_, worker, message.task, message.attempt, message.message, message.permanent, actions_);
    } else if constexpr (std::is_same_v<M, wire::InputMissing>) {
      scheduler_.on_input_missing(now_, worker, message.task, message.attempt, message.input, actions_);
    } else if constexpr (std::is_same_v<M, wire::RecallAnswer>) {
      scheduler_.on_recall_answered(now_, worker, message.task, message.attempt, message.granted, actions_);
    } else if constexpr (std::is_same_v<M, wire::BlocksLost>) {
      client_asked_ = false;  // a wanted output may have to be computed again
      scheduler_.on_outputs_lost(now_, worker, message.tasks, message.discarded, actions_);
    } else if constexpr (std::is_same_v<M, wire::BlockReply>) {
      take_wanted(message);
    } else if constexpr (std::is_same_v<M, wire::BlockRefused>) {
      if (options_.scratch.value == 0 && options_.scheduler.replicate_bytes.value == 0) throw Violation("a wanted output was refused to the client");
      client_asked_ = false;
      asked_.erase(message.task);
    } else {
      throw Violation("rank 0 got a message that is not for it");
    }
  }

  template <typename M>
  void at_worker(std::uint32_t from, std::uint32_t rank, const M& message) {
    SimulatedWorker& worker = at_rank(rank);
    if constexpr (std::is_same_v<M, wire::AssignBatch>) {
      for (std::size_t i = 0; i < message.tasks.size(); ++i) {
        worker::Assignment assignment = message.assignment(i);
        assignment.room = graph_->output_bytes(assignment.task) + graph_->scratch_bytes(assignment.task);
        worker.machine.on_assign(assignment, message.inputs_of(i), worker_actions_);
      }
    } else if constexpr (std::is_same_v<M, wire::ReleaseBatch>) {
      worker.machine.on_release(message.tasks, worker_actions_);
    } else if constexpr (std::is_same_v<M, wire::KeepCopy>) {
      if (message.holder.value == rank) worker.machine.on_made_holder(message.task, worker_actions_);
      else worker.machine.on_copy_wanted(message.task, message.holder, message.bytes, worker_actions_);
    } else if constexpr (std::is_same_v<M, wire::Recall>) {
      worker.machine.on_recall(message.task, message.attempt, worker_actions_);
    } else if constexpr (std::is_same_v<M, wire::BlockRequest>) {
      worker.machine.on_block_requested({from}, message.task, worker_actions_);
    } else if constexpr (std::is_same_v<M, wire::BlockReply>) {
      worker.blocks[message.task] = ByteReader(message.head).get<std::uint64_t>();
      worker.machine.on_block_arrived(message.task, graph_->output_bytes(message.task), worker_actions_);
    } else if constexpr (std::is_same_v<M, wire::BlockRefused>) {
      worker.machine.on_block_unavailable(message.task, {from}, worker_actions_);
    } else if constexpr (std::is_same_v<M, wire::PeerLost>) {
      worker.lost_peers.insert(message.rank);
      worker.machine.on_peer_lost({message.rank}, worker_actions_);
    } else if constexpr (std::is_same_v<M, wire::Abort>) {
      worker.machine.on_abort(worker_actions_);
    } else {
      throw Violation("a worker got a message that is not for it");
    }
  }

  void carry_out_scheduler() {
    std::map<std::uint32_t, wire::ReleaseBatch> releases;
    std::map<std::uint32_t, wire::AssignBatch> assigns;
    std::vector<std::pair<std::uint32_t, wire::Recall>> recalls;
    bool succeeded = false, failed = false;
    for (const sched::Action& action : actions_.list) {
      note(action.index());
      if (const auto* assign = std::get_if<sched::Assign>(&action)) {
        note(mix(assign->worker.value, mix(assign->task.value, assign->priority)));
        assigns[assign->worker.value].add(*assign, actions_.inputs(*assign));
      } else if (const auto* release = std::get_if<sched::Release>(&action)) {
        for (const TaskId task : actions_.tasks(*release)) {
          note(mix(release->worker.value, task.value));
          releases[release->worker.value].tasks.push_back(task);
        }
      } else if (const auto* recall = std::get_if<sched::Recall>(&action)) {
        ++result_.recalls;
        recalls.push_back({recall->worker.value, {recall->task, recall->attempt}});
      } else if (const auto* copy = std::get_if<sched::KeepCopy>(&action)) {
        ++(copy->from == copy->worker ? result_.copies_taken : result_.copies);
        send(rank_0, copy->worker.value, wire::KeepCopy{copy->task, copy->from, copy->bytes});
      } else if (const auto* timer = std::get_if<sched::SetTimer>(&action)) {
        timer_ = timer->at;
        post(std::max<std::int64_t>(0, timer->at.ns - now_.ns), {.kind = Event::Kind::timer});
      } else if (std::holds_alternative<sched::RunSucceeded>(action)) {
        succeeded = true;
      } else if (const auto* erred = std::get_if<sched::TaskErred>(&action)) {
        note(mix(erred->task.value, erred->cause.value));
        note_erred(*erred);
      } else {
        failed = true;
      }
    }
    actions_.clear();
    for (const auto& [rank, batch] : releases) send(rank_0, rank, batch);
    for (const auto& [rank, batch] : assigns) send(rank_0, rank, batch);
    for (const auto& [rank, recall] : recalls) send(rank_0, rank, recall);
    if (succeeded) end_ = now_;
    if (failed) {
      end_ = now_;
      run_over_ = result_.run_failed = true;
      for (std::uint32_t rank = 1; rank <= options_.worker_count; ++rank) send(rank_0, rank, wire::Abort{});
    }
    if (scheduler_.succeeded() && !client_asked_) ask_for_wanted();
  }

  /// The client fetches all wanted outputs it has not got yet.
  void ask_for_wanted() {
    client_asked_ = true;
    for (std::uint32_t i = 0; i < scheduler_.task_count(); ++i)
      if (const auto holder = scheduler_.holder({i}); holder && graph_->is_wanted({i}) && asked_.emplace(TaskId{i}, holder->value).second)
        send(rank_0, holder->value, wire::BlockRequest{{i}});
  }

  void note_erred(const sched::TaskErred& erred) {
    if (!erred_.insert(erred.task).second) throw Violation(graph_->describe(erred.task) + " is erred twice");
    ++result_.erred;
    if (erred.task == erred.cause) {
      const sched::FailureReport& report = scheduler_.error_of(erred.task);
      const bool cancelled = report.attempts.empty();
      if (!cancelled && !failed_for_good_.contains(erred.task)) throw Violation(graph_->describe(erred.task) + " is erred and never failed for good");
      return;
    }
    inputs_.clear();
    graph_->dependencies(erred.task, inputs_);
    if (std::none_of(inputs_.begin(), inputs_.end(), [&](TaskId input) { return erred_.contains(input); }))
      throw Violation(graph_->describe(erred.task) + " is erred and needs no erred task");
  }

  void take_wanted(const wire::BlockReply& reply) {
    const auto hash = ByteReader(reply.head).get<std::uint64_t>();
    if (hash != reference_[reply.task.value]) throw Violation("a wanted output is wrong");
    taken_[reply.task] = hash;
    scheduler_.on_wanted_taken(now_, reply.task, actions_);
  }

  void carry_out_worker(std::uint32_t rank) {
    SimulatedWorker& worker = at_rank(rank);
    wire::FinishedBatch finished;
    const worker::Actions actions = std::exchange(worker_actions_, {});
    for (const worker::Action& action : actions) {
      note(action.index());
      if (const auto* start = std::get_if<worker::StartTask>(&action)) begin_execution(rank, *start);
      else if (const auto* drop = std::get_if<worker::DropBlock>(&action)) worker.blocks.erase(drop->task);
      else if (const auto* fetch = std::get_if<worker::FetchBlock>(&action))
        send(rank, fetch->from.value, wire::BlockRequest{fetch->task});
      else if (const auto* refuse = std::get_if<worker::RefuseBlock>(&action))
        send(rank, refuse->to.value, wire::BlockRefused{refuse->task});
      else if (const auto* send_block = std::get_if<worker::SendBlock>(&action)) reply_with_block(rank, *send_block);
      else if (const auto* done = std::get_if<worker::ReportFinished>(&action)) finished.add(*done);
      else if (const auto* error = std::get_if<worker::ReportFailed>(&action))
        send(rank, rank_0, wire::TaskFailed{error->task, error->attempt, error->permanent, 1, error->message});
      else if (const auto* missing = std::get_if<worker::ReportInputMissing>(&action))
        send(rank, rank_0, wire::InputMissing{missing->task, missing->attempt, missing->input});
      else if (const auto* answer = std::get_if<worker::AnswerRecall>(&action))
        send(rank, rank_0, wire::RecallAnswer{answer->task, answer->attempt, answer->granted});
      else if (const auto* evict = std::get_if<worker::EvictBlock>(&action)) worker.blocks.erase(evict->task);
      else if (const auto* forget = std::get_if<worker::ForgetSpilled>(&action)) forget_file(worker, forget->file);
      else if (const auto* spill = std::get_if<worker::SpillBlock>(&action)) begin_write(rank, *spill);
      else if (const auto* load = std::get_if<worker::LoadBlock>(&action))
        post(disk_delay(worker, load->task), {.kind = Event::Kind::loaded, .to = rank, .task = load->task, .file = load->file});
      else if (const auto* from_file = std::get_if<worker::SendSpilled>(&action))
        post(disk_delay(worker, from_file->task), {.kind = Event::Kind::sent_from_file, .from = from_file->to.value, .to = rank,
                                                   .task = from_file->task, .file = from_file->file});
      else if (const auto* lost = std::get_if<worker::ReportLost>(&action)) {
        ++(lost->discarded ? result_.discarded : result_.damaged);
        // That it was made must be known before that it is gone.
        if (!finished.tasks.empty()) send(rank, rank_0, std::exchange(finished, {}));
        send(rank, rank_0, wire::BlocksLost{lost->discarded, {lost->task}});
      } else if (const auto* no_room = std::get_if<worker::ReportNoRoom>(&action)) {
        if (!spill_failed_) throw Violation("a task finds no room although scratch has it");
        failed_for_good_.insert(no_room->task);
        send(rank, rank_0, wire::TaskFailed{no_room->task, no_room->attempt, true, 5, "no room"});
      }
    }
    if (!finished.tasks.empty()) send(rank, rank_0, finished);
  }

  void reply_with_block(std::uint32_t rank, const worker::SendBlock& block) {
    const auto found = at_rank(rank).blocks.find(block.task);
    if (found == at_rank(rank).blocks.end()) throw Violation("a worker sends a block that it does not hold");
    reply_with(rank, block.to.value, block.task, found->second);
  }

  void reply_with(std::uint32_t rank, std::uint32_t to, TaskId task, std::uint64_t hash) {
    ByteWriter head;
    head.put(hash);
    wire::BlockReply reply;
    reply.task = task;
    reply.head = head.take();
    send(rank, to, reply, graph_->output_bytes(task));
  }

  // Scratch: one disk a worker, its operations one after the other.

  std::int64_t disk_delay(SimulatedWorker& worker, TaskId task) {
    const auto duration = static_cast<std::int64_t>(1 + graph_->output_bytes(task).value * ns_per_us / std::max(1u, options_.disk_bytes_per_us));
    worker.disk_until = {std::max(worker.disk_until.ns, now_.ns) + duration};
    return worker.disk_until.ns - now_.ns;
  }

  void begin_write(std::uint32_t rank, const worker::SpillBlock& spill) {
    SimulatedWorker& worker = at_rank(rank);
    const auto block = worker.blocks.find(spill.task);
    if (block == worker.blocks.end()) throw Violation("a block is spilled that is not in memory");
    if (!worker.files.emplace(spill.file, SimulatedWorker::File{spill.task, block->second, false}).second)
      throw Violation("a file is written twice");
    worker.scratch_used += graph_->output_bytes(spill.task);
    post(disk_delay(worker, spill.task), {.kind = Event::Kind::written, .to = rank, .task = spill.task, .file = spill.file});
  }

  void forget_file(SimulatedWorker& worker, std::uint64_t file) {
    const auto found = worker.files.find(file);
    if (found == worker.files.end()) throw Violation("a file is forgotten that is not there");
    worker.scratch_used -= graph_->output_bytes(found->second.task);
    worker.files.erase(found);
  }

  void end_write(const Event& event) {
    SimulatedWorker& worker = at_rank(event.to);
    const auto file = worker.files.find(event.file);
    if (!worker.alive || file == worker.files.end()) return;
    if (worker.scratch_used > options_.scratch || prng_.chance(options_.faults.spill_fails_chance)) {
      forget_file(worker, event.file);
      spill_failed_ = true;
      worker.machine.on_spill_failed(event.task, event.file, worker_actions_);
      // Who lives on unheard would try for ever.
      if (!worker.unheard)
        post(static_cast<std::int64_t>(1 + prng_.below(5000)) * ns_per_us, {.kind = Event::Kind::scratch_room, .to = event.to});
    } else {
      file->second.whole = true;
      result_.bytes_spilled += graph_->output_bytes(event.task);
      worker.machine.on_spilled(event.task, event.file, worker_actions_);
    }
    carry_out_worker(event.to);
  }

  void end_load(const Event& event) {
    SimulatedWorker& worker = at_rank(event.to);
    if (!worker.alive || !worker.machine.awaits(event.task, event.file)) return;
    const auto file = worker.files.find(event.file);
    if (file == worker.files.end() || !file->second.whole) throw Violation("a file is read that is not there");
    if (prng_.chance(options_.faults.damage_chance)) {
      worker.machine.on_load_failed(event.task, event.file, worker_actions_);
    } else {
      result_.bytes_unspilled += graph_->output_bytes(event.task);
      if (!worker.blocks.emplace(event.task, file->second.hash).second) throw Violation("a block is loaded that is in memory");
      worker.machine.on_loaded(event.task, event.file, worker_actions_);
    }
    carry_out_worker(event.to);
  }

  void send_from_file(const Event& event) {
    SimulatedWorker& worker = at_rank(event.to);
    if (!worker.alive) return;
    const auto file = worker.files.find(event.file);
    if (file == worker.files.end() || prng_.chance(options_.faults.damage_chance)) {
      worker.machine.on_send_failed(event.task, event.file, {event.from}, worker_actions_);
      return carry_out_worker(event.to);
    }
    reply_with(event.to, event.from, event.task, file->second.hash);
  }

  void begin_execution(std::uint32_t rank, const worker::StartTask& start) {
    ++result_.executions;
    SimulatedWorker& worker = at_rank(rank);
    inputs_.clear();
    graph_->dependencies(start.task, inputs_);
    for (const TaskId input : inputs_)
      if (!worker.blocks.contains(input))
        throw Violation(graph_->describe(start.task) + " starts on worker " + std::to_string(rank) + " without its input " +
                        graph_->describe(input));
    const double spread = 0.5 + prng_.uniform();
    const auto duration_us = static_cast<std::uint32_t>(
        1 + static_cast<double>(graph_->cost_us(start.task)) * spread * worker.slowness *
                class_factor(graph_->cost_class(start.task)));
    worker.running.insert(start.task);
    post(duration_us * ns_per_us, {.kind = Event::Kind::run_ends, .to = rank, .task = start.task,
                                   .attempt = start.attempt, .duration_us = duration_us});
  }

  /// What the graph's hints miss, by class: a quarter of the hint to 16 times it.
  static double class_factor(std::uint32_t cost_class) { return cost_class == 0 ? 1.0 : 0.125 * (1 << 2 * cost_class) * 0.5; }

  void end_execution(const Event& event) {
    SimulatedWorker& worker = at_rank(event.to);
    if (!worker.alive) return;
    worker.running.erase(event.task);
    if (prng_.chance(options_.faults.permanent_error_chance)) {
      failed_for_good_.insert(event.task);
      worker.machine.on_task_error(event.task, event.attempt, "permanent", true, worker_actions_);
    } else if (prng_.chance(options_.faults.task_error_chance) &&
               errors_[event.task] + 1 < options_.scheduler.max_attempts) {
      ++errors_[event.task];
      worker.machine.on_task_error(event.task, event.attempt, "transient", false, worker_actions_);
    } else {
      store_output(worker, event.task);
      worker.machine.on_task_done(event.task, event.attempt, graph_->output_bytes(event.task), event.duration_us,
                                  worker_actions_);
    }
    carry_out_worker(event.to);
  }

  void store_output(SimulatedWorker& worker, TaskId task) {
    if (run_over_ || erred_.contains(task)) {  // after an abort inputs may be gone; the machine drops this at once
      worker.blocks[task] = 0;
      return;
    }
    inputs_.clear();
    graph_->dependencies(task, inputs_);
    std::uint64_t hash = task.value;
    for (const TaskId input : inputs_) {
      const auto block = worker.blocks.find(input);
      if (block == worker.blocks.end()) throw Violation("an input was dropped while its reader ran");
      hash = mix(hash, block->second);
    }
    if (hash != reference_[task.value]) throw Violation(graph_->describe(task) + " has a wrong result");
    worker.blocks[task] = hash;
  }

  void audit() {
    scheduler_.sanity_check();
    for (std::uint32_t rank = 1; rank <= options_.worker_count; ++rank)
      if (at_rank(rank).alive) at_rank(rank).machine.sanity_check();
  }

  void judge() {
    for (std::uint32_t rank = 1; rank <= options_.worker_count; ++rank) {
      at_rank(rank).machine.drop_idle_replicas(worker_actions_);
      carry_out_worker(rank);
    }
    if (!result_.run_failed && !scheduler_.succeeded())
      throw Violation("nothing is left to happen and the run is not over: " + std::to_string(scheduler_.finished_count()) +
                      " of " + std::to_string(scheduler_.task_count()) + " tasks finished");
    for (std::uint32_t rank = 1; rank <= options_.worker_count; ++rank) {
      const SimulatedWorker& worker = at_rank(rank);
      if (!worker.alive || worker.unheard) continue;
      if (!worker.blocks.empty())
        throw Violation("worker " + std::to_string(rank) + " still holds " + std::to_string(worker.blocks.size()) +
                        " blocks, of " + graph_->describe(worker.blocks.begin()->first));
      if (!worker.files.empty()) throw Violation("worker " + std::to_string(rank) + " leaves " + std::to_string(worker.files.size()) + " files in scratch");
      if (!worker.machine.is_idle()) throw Violation("worker " + std::to_string(rank) + " still has tasks");
      const bool is_bounded = options_.memory_limit.value != 0 && options_.faults.lost_workers == 0 &&
                              scheduler_.forced_count() == 0;
      const bool can_spill = options_.scratch.value != 0 && options_.memory_limit.value != 0 && !spill_failed_;
      if (can_spill && largest_need() <= options_.memory_limit && worker.machine.peak_known_bytes() > options_.memory_limit)
        throw Violation("worker " + std::to_string(rank) + " had " + format_bytes(worker.machine.peak_known_bytes()) +
                        " in memory, promised or on its way, under a limit of " + format_bytes(options_.memory_limit) + " and with scratch enough");
      if (is_bounded && worker.machine.peak_held_bytes() > options_.memory_limit)
        throw Violation("worker " + std::to_string(rank) + " held " + format_bytes(worker.machine.peak_held_bytes()) +
                        " under a limit of " + format_bytes(options_.memory_limit));
    }
    if (result_.run_failed) return;
    if (scheduler_.task_count() != graph_->task_count()) throw Violation("some tasks never came");
    for (std::uint32_t i = 0; i < graph_->task_count(); ++i)
      if (graph_->is_wanted({i}) != taken_.contains({i}) && !erred_.contains({i})) throw Violation("the client has not got a wanted output");
    for (const auto& [task, hash] : taken_) result_.result_digest = mix(result_.result_digest, hash);
  }

  /// Of any task: inputs, output and buffers.
  Bytes largest_need() const {
    Bytes largest;
    std::vector<TaskId> inputs;
    for (std::uint32_t i = 0; i < graph_->task_count(); ++i) {
      inputs.clear();
      graph_->dependencies({i}, inputs);
      Bytes need = graph_->output_bytes({i}) + graph_->scratch_bytes({i});
      for (const TaskId input : inputs) need += graph_->output_bytes(input);
      largest = std::max(largest, need);
    }
    return largest;
  }

  void note(std::uint64_t value) { result_.digest = mix(result_.digest, value); }

  SimulationOptions options_;
  std::shared_ptr<const TaskGraph> graph_;
  Prng prng_;
  std::shared_ptr<sched::GrowingGraph> grown_;  ///< what the scheduler knows of graph_, where that comes in pieces
  sched::Scheduler scheduler_;
  std::vector<SimulatedWorker> workers_;  ///< of rank 1, 2, ...
  std::vector<std::uint64_t> reference_;
  std::priority_queue<Event, std::vector<Event>, Later> events_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::int64_t> last_arrival_;
  std::map<TaskId, std::uint64_t> taken_;
  std::map<TaskId, std::uint32_t> asked_;  ///< wanted outputs that the client waits for, and of which rank
  std::map<TaskId, std::uint32_t> errors_;
  std::set<TaskId> erred_, failed_for_good_;
  std::set<std::uint32_t> noticed_;       ///< ranks that rank 0 has given up
  sched::Actions actions_;
  worker::Actions worker_actions_;
  std::vector<TaskId> inputs_, scan_;
  Instant now_, end_, timer_;
  std::uint64_t sequence_ = 0;
  bool client_asked_ = false;
  bool run_over_ = false;
  bool spill_failed_ = false;
  std::shared_ptr<const std::vector<std::uint32_t>> order_;
  SimulationResult result_;
};

}  // namespace

SimulationResult simulate(std::shared_ptr<const TaskGraph> graph, const SimulationOptions& options) {
  return Simulation(std::move(graph), options).run();
}

}  // namespace rankine::sim
