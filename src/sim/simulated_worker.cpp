// Workers: the machine's actions become frames, executions and what happens on the rank's own disk.
#include <algorithm>
#include <utility>

#include "base/byte_stream.hpp"
#include "sched/static_order.hpp"
#include "sim/reference.hpp"
#include "sim/simulated_job.hpp"

namespace rankine::sim {
namespace {

/// What the graph's hints miss, by class: a quarter of the hint to 16 times it.
double class_factor(std::uint32_t cost_class) { return cost_class == 0 ? 1.0 : 0.125 * (1 << 2 * cost_class) * 0.5; }

}  // namespace

void SimulatedJob::add_workers() {
  for (std::uint32_t rank = 1; rank <= options_.worker_count; ++rank) {
    workers_.push_back({worker::Worker({.self = {rank}, .threads = options_.threads_per_worker,
                                        .memory_limit = options_.memory_limit,
                                        .max_parallel_fetches = options_.max_parallel_fetches,
                                        .replica_cache = options_.replica_cache, .spill = spill_options()})});
    if (options_.scratch.value != 0 && options_.has_next_use) workers_.back().machine.set_next_use(next_use());
    if (prng_.chance(options_.faults.slow_worker_chance))
      workers_.back().slowness = static_cast<std::uint32_t>(2 + prng_.below(19));
  }
}

worker::SpillOptions SimulatedJob::spill_options() const {
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

worker::NextUse SimulatedJob::next_use() {
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

void SimulatedJob::hear(std::uint32_t from, std::uint32_t rank, const wire::Message& message) {
  std::visit([&](const auto& one) { at_worker(from, rank, one); }, message);
  carry_out_worker(rank);
}

template <typename M>
void SimulatedJob::at_worker(std::uint32_t from, std::uint32_t rank, const M& message) {
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
  } else if constexpr (std::is_same_v<M, wire::SaveBlocks>) {
    save_blocks(rank, message);
  } else if constexpr (std::is_same_v<M, wire::Abort>) {
    worker.machine.on_abort(worker_actions_);
  } else {
    throw Violation("a worker got a message that is not for it");
  }
}

void SimulatedJob::carry_out_worker(std::uint32_t rank) {
  SimulatedWorker& worker = at_rank(rank);
  wire::FinishedBatch finished;
  if (prng_.chance(options_.faults.measured_chance)) measure_memory(rank);
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
    else if (const auto* from_file = std::get_if<worker::SendSpilled>(&action)) {
      worker.outgoing += graph_->output_bytes(from_file->task);
      post(disk_delay(worker, from_file->task), {.kind = Event::Kind::sent_from_file, .from = from_file->to.value, .to = rank,
                                                 .task = from_file->task, .file = from_file->file});
    } else if (const auto* lost = std::get_if<worker::ReportLost>(&action)) {
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
  worker.machine.on_sending(worker.outgoing, worker_actions_);
  bool has_copied = false, has_ended = false;
  for (const worker::Action& action : actions) {
    has_copied |= std::holds_alternative<worker::SendBlock>(action) || std::holds_alternative<worker::SendSpilled>(action);
    has_ended |= std::holds_alternative<worker::ReportFinished>(action) || std::holds_alternative<worker::ReportFailed>(action);
  }
  result_.peak_with_copies = std::max(result_.peak_with_copies, worker.machine.known_bytes() + worker.outgoing);
  if (has_copied && !has_ended && worker.runs_on && options_.scratch.value != 0 && !run_over_) check_copies(worker);
  worker.runs_on = worker.machine.running_count() != 0;
  if (!worker_actions_.empty()) carry_out_worker(rank);
}

/// Libraries, buffers and the heap's own keep come on top of the blocks, now more, now less.
void SimulatedJob::measure_memory(std::uint32_t rank) {
  SimulatedWorker& worker = at_rank(rank);
  const Bytes beside{prng_.below(1 + options_.memory_limit.value / 8)};
  worker.machine.on_memory_measured(worker.machine.known_bytes() + worker.outgoing + beside, worker_actions_);
}

void SimulatedJob::reply_with_block(std::uint32_t rank, const worker::SendBlock& block) {
  const auto found = at_rank(rank).blocks.find(block.task);
  if (found == at_rank(rank).blocks.end()) throw Violation("a worker sends a block that it does not hold");
  at_rank(rank).outgoing += graph_->output_bytes(block.task);
  reply_with(rank, block.to.value, block.task, found->second);
}

/// The copy is there until the wire has taken it.
void SimulatedJob::reply_with(std::uint32_t rank, std::uint32_t to, TaskId task, std::uint64_t hash) {
  ByteWriter head;
  head.put(hash);
  wire::BlockReply reply;
  reply.task = task;
  reply.head = head.take();
  send(rank, to, reply, graph_->output_bytes(task));
  post(std::max<std::int64_t>(0, at_rank(rank).sending_until.ns - now_.ns), {.kind = Event::Kind::sent, .to = rank, .task = task});
}

void SimulatedJob::end_copy(const Event& event) {
  SimulatedWorker& worker = at_rank(event.to);
  worker.outgoing -= graph_->output_bytes(event.task);
  if (!worker.alive) return;
  worker.machine.on_sending(worker.outgoing, worker_actions_);
  carry_out_worker(event.to);
}

// Scratch: one disk a worker, its operations one after the other.

std::int64_t SimulatedJob::disk_delay(SimulatedWorker& worker, TaskId task) {
  const auto duration = static_cast<std::int64_t>(1 + graph_->output_bytes(task).value * ns_per_us / std::max(1u, options_.disk_bytes_per_us));
  worker.disk_until = {std::max(worker.disk_until.ns, now_.ns) + duration};
  return worker.disk_until.ns - now_.ns;
}

void SimulatedJob::begin_write(std::uint32_t rank, const worker::SpillBlock& spill) {
  SimulatedWorker& worker = at_rank(rank);
  const auto block = worker.blocks.find(spill.task);
  if (block == worker.blocks.end()) throw Violation("a block is spilled that is not in memory");
  if (!worker.files.emplace(spill.file, SimulatedWorker::File{spill.task, block->second, false}).second)
    throw Violation("a file is written twice");
  worker.scratch_used += graph_->output_bytes(spill.task);
  post(disk_delay(worker, spill.task), {.kind = Event::Kind::written, .to = rank, .task = spill.task, .file = spill.file});
}

void SimulatedJob::forget_file(SimulatedWorker& worker, std::uint64_t file) {
  const auto found = worker.files.find(file);
  if (found == worker.files.end()) throw Violation("a file is forgotten that is not there");
  worker.scratch_used -= graph_->output_bytes(found->second.task);
  worker.files.erase(found);
}

void SimulatedJob::end_write(const Event& event) {
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

void SimulatedJob::end_load(const Event& event) {
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

void SimulatedJob::send_from_file(const Event& event) {
  SimulatedWorker& worker = at_rank(event.to);
  if (!worker.alive) return;
  const auto file = worker.files.find(event.file);
  if (file != worker.files.end() && !prng_.chance(options_.faults.damage_chance))
    return reply_with(event.to, event.from, event.task, file->second.hash);
  worker.outgoing -= graph_->output_bytes(event.task);
  worker.machine.on_send_failed(event.task, event.file, {event.from}, worker_actions_);
  carry_out_worker(event.to);
}

/// What is not here any more is left out.
void SimulatedJob::save_blocks(std::uint32_t rank, const wire::SaveBlocks& order) {
  SimulatedWorker& worker = at_rank(rank);
  std::map<TaskId, std::uint64_t> saved;
  for (const TaskId task : order.tasks) {
    if (const auto block = worker.blocks.find(task); block != worker.blocks.end()) saved[task] = block->second;
    for (const auto& [number, file] : worker.files)
      if (file.task == task && file.whole) saved.emplace(task, file.hash);
  }
  ByteWriter record;
  record.put(static_cast<std::uint32_t>(saved.size()));
  for (const auto& [task, hash] : saved) {
    record.put(task.value);
    record.put(hash);
  }
  send(rank, rank_0, wire::BlocksSaved{order.sequence, record.take(), ""});
}

void SimulatedJob::begin_execution(std::uint32_t rank, const worker::StartTask& start) {
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
      1 + static_cast<double>(graph_->cost_us(start.task)) * spread * worker.slowness * class_factor(graph_->cost_class(start.task)));
  worker.running.insert(start.task);
  post(duration_us * ns_per_us, {.kind = Event::Kind::run_ends, .to = rank, .task = start.task,
                                 .attempt = start.attempt, .duration_us = duration_us});
  if (deadly_.contains(start.task) && may_die(rank))
    doom(rank, static_cast<std::int64_t>(prng_.below(duration_us)) * ns_per_us);
}

void SimulatedJob::end_execution(const Event& event) {
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
    store_output(event.to, event.task);
    worker.machine.on_task_done(event.task, event.attempt, graph_->output_bytes(event.task), event.duration_us,
                                worker_actions_);
  }
  carry_out_worker(event.to);
}

void SimulatedJob::store_output(std::uint32_t rank, TaskId task) {
  SimulatedWorker& worker = at_rank(rank);
  if (run_over_ || erred_.contains(task)) {  // after an abort inputs may be gone; the machine drops this at once
    worker.blocks[task] = 0;
    return;
  }
  std::uint64_t hash = task.value;
  if (resumed_ && resumed_->is_restored(task)) {
    ++result_.restored;
    hash = safe_.saved.at(task);
  } else {
    inputs_.clear();
    graph_->dependencies(task, inputs_);
    for (const TaskId input : inputs_) {
      const auto block = worker.blocks.find(input);
      if (block == worker.blocks.end()) throw Violation("an input was dropped while its reader ran");
      hash = mix(hash, block->second);
    }
  }
  if (hash != (*reference_)[task.value]) throw Violation(graph_->describe(task) + " has a wrong result");
  worker.blocks[task] = hash;
  // What one owner writes it writes to a file that nobody reads once another one has begun it anew.
  const bool is_void = noticed_.contains(rank) && graph_->pin_group(task).value != 0;
  if (writes(task) && !is_void) safe_.written[task] = hash;
}

}  // namespace rankine::sim
