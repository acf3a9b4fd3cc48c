// Rank 0 and the network: the scheduler's actions become frames, frames its events.
#include "sim/simulated_job.hpp"

#include <algorithm>

#include "base/byte_stream.hpp"
#include "sim/reference.hpp"

namespace rankine::sim {
namespace {

std::shared_ptr<const sched::ResumedGraph> what_is_left(const std::shared_ptr<const TaskGraph>& whole, const SafeProgress& safe) {
  if (safe.done.empty() && safe.saved.empty()) return nullptr;
  const std::vector<TaskId> done(safe.done.begin(), safe.done.end());
  std::vector<TaskId> saved;
  for (const auto& [task, hash] : safe.saved) saved.push_back(task);
  return std::make_shared<sched::ResumedGraph>(whole, done, saved);
}

}  // namespace

SimulatedJob::SimulatedJob(std::shared_ptr<const TaskGraph> whole, std::shared_ptr<const std::vector<std::uint64_t>> reference,
                           const SimulationOptions& options, SafeProgress& safe, bool ends, SimulationResult& result)
    : options_(options), whole_(std::move(whole)), reference_(std::move(reference)), safe_(safe), result_(result), ends_(ends),
      resumed_(what_is_left(whole_, safe)), graph_(resumed_ ? resumed_ : whole_), prng_(options.seed),
      grown_(options.grows_by != 0 ? std::make_shared<sched::GrowingGraph>(std::max(1u, graph_->cost_class_count())) : nullptr),
      scheduler_(options.scheduler, grown_ ? std::shared_ptr<const TaskGraph>(grown_) : graph_),
      times_finished_(graph_->task_count(), 0) {
  // What was written and is not known to be on disk is as good as not written.
  std::erase_if(safe_.written, [&](const auto& entry) { return !safe_.done.contains(entry.first); });
  add_workers();
  if (options_.step_limit == 0) options_.step_limit = 10000 + 400ull * graph_->task_count() * (1 + options_.worker_count);
}

bool SimulatedJob::run() {
  begin();
  std::uint64_t steps = 0;
  while (!events_.empty() && !ended_) {
    ++result_.steps;
    if (++steps > options_.step_limit) throw Violation("the run does not end");
    const Event event = events_.top();
    events_.pop();
    now_ = event.at;
    handle(event);
    if (options_.check_every_step) audit();
  }
  if (ended_) {
    end_ = now_;
    return false;
  }
  judge();
  return true;
}

void SimulatedJob::take_figures() {
  result_.makespan_us += static_cast<std::uint64_t>(end_.ns / ns_per_us);
  result_.forced += scheduler_.forced_count();
  for (const auto& worker : workers_) {
    result_.peak_held = std::max(result_.peak_held, worker.machine.peak_held_bytes());
    result_.peak_known = std::max(result_.peak_known, worker.machine.peak_known_bytes());
  }
}

void SimulatedJob::begin() {
  for (const auto& [task, attempt] : safe_.kills) {
    scheduler_.note_earlier_kill(task, attempt);
    ++deaths_during_[task];
  }
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
  if (options_.checkpoint_every_us != 0) post(options_.checkpoint_every_us * ns_per_us, {.kind = Event::Kind::checkpoint});
  plan_losses();
}

/// The next few tasks, and an appointment for those after them.
void SimulatedJob::grow() {
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

void SimulatedJob::post(std::int64_t delay_ns, Event event) {
  event.at = {now_.ns + delay_ns};
  event.sequence = ++sequence_;
  events_.push(std::move(event));
}

/// Frames between two ranks keep their order, as MPI's do; those between different pairs overtake each other. Blocks
/// share the wires of both ends.
void SimulatedJob::send(std::uint32_t from, std::uint32_t to, const wire::Message& message, Bytes block) {
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
  const bool is_report = std::holds_alternative<wire::FinishedBatch>(message) || std::holds_alternative<wire::TaskFailed>(message) ||
                         std::holds_alternative<wire::InputMissing>(message) || std::holds_alternative<wire::RecallAnswer>(message);
  const int copies = is_report && prng_.chance(options_.faults.duplicate_chance) ? 2 : 1;
  const bool is_block = std::holds_alternative<wire::BlockReply>(message);
  for (int copy = 0; copy < copies; ++copy) {
    std::int64_t& last = last_arrival_[{from, to}];
    arrival = last = std::max(last + 1, arrival);
    post(arrival - now_.ns, {.from = from, .to = to, .frame = wire::encode(the_run, message), .is_block = is_block});
  }
  if (is_report && prng_.chance(options_.faults.ghost_chance))
    post(arrival - now_.ns + static_cast<std::int64_t>(prng_.below(20ull * options_.faults.late_us)) * ns_per_us,
         {.kind = Event::Kind::ghost, .from = from, .to = to, .frame = wire::encode(the_run, message)});
}

void SimulatedJob::handle(const Event& event) {
  switch (event.kind) {
    case Event::Kind::deliver: return deliver(event);
    case Event::Kind::ghost:
      ++result_.ghosts;
      std::visit([&](const auto& message) { at_scheduler(event.from, message); }, wire::decode(event.frame).message);
      return carry_out_scheduler();
    case Event::Kind::run_ends: return end_execution(event);
    case Event::Kind::timer:
      if (event.at < timer_) return;  // replaced by a later one
      scheduler_.on_timer(now_, actions_);
      return carry_out_scheduler();
    case Event::Kind::worker_dies: return die(event.to, true);
    case Event::Kind::node_dies: return lose_power(event.to);
    case Event::Kind::loss_noticed: return notice_loss(event.to);
    case Event::Kind::grows: return grow();
    case Event::Kind::written: return end_write(event);
    case Event::Kind::loaded: return end_load(event);
    case Event::Kind::sent_from_file: return send_from_file(event);
    case Event::Kind::sent: return end_copy(event);
    case Event::Kind::scratch_room:
      if (!at_rank(event.to).alive) return;
      at_rank(event.to).machine.on_scratch_room(worker_actions_);
      return carry_out_worker(event.to);
    case Event::Kind::cancels:
      if (event.task.value >= scheduler_.task_count()) return;
      scheduler_.on_cancelled(now_, event.task, actions_);
      return carry_out_scheduler();
    case Event::Kind::checkpoint: return begin_checkpoint();
    case Event::Kind::job_ends:
      ended_ = !is_over();
      return;
  }
}

void SimulatedJob::deliver(const Event& event) {
  if (is_cut(event)) return;
  const wire::Decoded decoded = wire::decode(event.frame);
  if (decoded.run != the_run) throw Violation("a frame names another run");
  if (event.to == rank_0 ? noticed_.contains(event.from) : at_rank(event.to).lost_peers.contains(event.from)) return;
  if (event.to == rank_0) {
    std::visit([&](const auto& message) { at_scheduler(event.from, message); }, decoded.message);
    carry_out_scheduler();
  } else if (at_rank(event.to).alive) {
    hear(event.from, event.to, decoded.message);
  }
}

template <typename M>
void SimulatedJob::at_scheduler(std::uint32_t from, const M& message) {
  const WorkerId worker{from};
  if constexpr (std::is_same_v<M, wire::FinishedBatch>) {
    enter_finished(from, message);
  } else if constexpr (std::is_same_v<M, wire::TaskFailed>) {
    scheduler_.on_task_failed(now_, worker, message.task, message.attempt, message.message, message.permanent, actions_);
  } else if constexpr (std::is_same_v<M, wire::InputMissing>) {
    scheduler_.on_input_missing(now_, worker, message.task, message.attempt, message.input, actions_);
  } else if constexpr (std::is_same_v<M, wire::RecallAnswer>) {
    scheduler_.on_recall_answered(now_, worker, message.task, message.attempt, message.granted, actions_);
  } else if constexpr (std::is_same_v<M, wire::BlocksLost>) {
    client_asked_ = false;  // a wanted output may have to be computed again
    ++outputs_lost_;
    scheduler_.on_outputs_lost(now_, worker, message.tasks, message.discarded, actions_);
  } else if constexpr (std::is_same_v<M, wire::BlockReply>) {
    take_wanted(message);
  } else if constexpr (std::is_same_v<M, wire::BlockRefused>) {
    if (options_.scratch.value == 0 && options_.scheduler.replicate_bytes.value == 0) throw Violation("a wanted output was refused to the client");
    client_asked_ = false;
    asked_.erase(message.task);
  } else if constexpr (std::is_same_v<M, wire::BlocksSaved>) {
    note_blocks_saved(from, message);
  } else {
    throw Violation("rank 0 got a message that is not for it");
  }
}

void SimulatedJob::enter_finished(std::uint32_t from, const wire::FinishedBatch& batch) {
  const auto is_finished = [&](TaskId task) {
    const sched::TaskState state = scheduler_.state(task);
    return state == sched::TaskState::held || state == sched::TaskState::released;
  };
  for (const auto& report : batch.tasks) {
    const bool before = is_finished(report.task);
    scheduler_.on_task_finished(now_, {from}, report.task, report.attempt, report.bytes, report.duration_us, actions_);
    if (before || !is_finished(report.task)) continue;
    // In a growing graph a new reader of what was released already has it computed again.
    if (++times_finished_[report.task.value] > 1 + outputs_lost_ && !grown_)
      throw Violation(graph_->describe(report.task) + " is finished once more, and nothing was lost");
    if (writes(report.task)) written_by_[report.task] = from;
  }
}

void SimulatedJob::carry_out_scheduler() {
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
  if (succeeded || failed) end_ = now_;
  if (failed) {
    const bool is_without_workers = !scheduler_.failure().task;
    if (is_without_workers && ends_) {
      ended_ = true;
      return;
    }
    if (is_without_workers && deadly_.empty()) throw Violation("no worker is left, and some live");
    run_over_ = result_.run_failed = true;
    result_.deadly += scheduler_.failure().killed_workers;
    for (std::uint32_t rank = 1; rank <= options_.worker_count; ++rank) send(rank_0, rank, wire::Abort{});
  }
  if (scheduler_.succeeded() && !client_asked_) ask_for_wanted();
}

/// The client fetches all wanted outputs it has not got yet.
void SimulatedJob::ask_for_wanted() {
  client_asked_ = true;
  for (std::uint32_t i = 0; i < scheduler_.task_count(); ++i)
    if (const auto holder = scheduler_.holder({i}); holder && graph_->is_wanted({i}) && asked_.emplace(TaskId{i}, holder->value).second)
      send(rank_0, holder->value, wire::BlockRequest{{i}});
}

bool SimulatedJob::client_has_all() const {
  for (std::uint32_t i = 0; i < scheduler_.task_count(); ++i)
    if (scheduler_.holder({i})) return false;
  return true;
}

void SimulatedJob::take_wanted(const wire::BlockReply& reply) {
  const auto hash = ByteReader(reply.head).get<std::uint64_t>();
  if (hash != (*reference_)[reply.task.value]) throw Violation("a wanted output is wrong");
  taken_[reply.task] = hash;
  scheduler_.on_wanted_taken(now_, reply.task, actions_);
}

/// As the run's checkpoints: all are asked for some of what they hold; when all have answered, that is safe, and what they
/// had written when they were asked.
void SimulatedJob::begin_checkpoint() {
  if (is_over() || ended_) return;
  post(options_.checkpoint_every_us * ns_per_us, {.kind = Event::Kind::checkpoint});
  if (checkpoint_) return;
  checkpoint_.emplace();
  checkpoint_->sequence = ++last_checkpoint_;
  std::vector<std::pair<TaskId, WorkerId>> held;
  scheduler_.held_outputs(held);
  std::map<std::uint32_t, wire::SaveBlocks> orders;
  for (const auto& [task, worker] : held)
    if (!safe_.saved.contains(task) && prng_.chance(0.5)) orders[worker.value].tasks.push_back(task);
  for (const auto& [task, rank] : written_by_)
    if (graph_->pin_group(task).value == 0) checkpoint_->written[rank].push_back(task);
  for (std::uint32_t rank = 1; rank <= options_.worker_count; ++rank) {
    if (noticed_.contains(rank)) continue;
    checkpoint_->waiting.insert(rank);
    orders[rank].sequence = checkpoint_->sequence;
    send(rank_0, rank, orders[rank]);
  }
}

void SimulatedJob::note_blocks_saved(std::uint32_t rank, const wire::BlocksSaved& saved) {
  if (!checkpoint_ || checkpoint_->sequence != saved.sequence || checkpoint_->waiting.erase(rank) == 0) return;
  ByteReader record(saved.record);
  for (auto count = record.get<std::uint32_t>(); count != 0; --count) {
    const TaskId task{record.get<std::uint32_t>()};
    checkpoint_->saved[task] = record.get<std::uint64_t>();
  }
  for (const TaskId task : checkpoint_->written[rank]) {
    checkpoint_->done.push_back(task);
    written_by_.erase(task);
  }
  end_checkpoint();
}

void SimulatedJob::end_checkpoint() {
  if (!checkpoint_ || !checkpoint_->waiting.empty()) return;
  safe_.done.insert(checkpoint_->done.begin(), checkpoint_->done.end());
  safe_.saved.insert(checkpoint_->saved.begin(), checkpoint_->saved.end());
  checkpoint_.reset();
}

}  // namespace rankine::sim
