#include "runtime/rank_worker.hpp"

#include <algorithm>
#include <chrono>
#include <deque>
#include <thread>
#include <utility>

#include "array/visit_stored.hpp"
#include "base/check.hpp"
#include "exec/clock.hpp"
#include "exec/resources.hpp"
#include "runtime/call_run.hpp"
#include "runtime/checkpoint_files.hpp"
#include "runtime/file_opening.hpp"
#include "runtime/overloaded.hpp"
#include "runtime/task_failure.hpp"
#include "runtime/version.hpp"
#include "transport/backoff.hpp"

namespace rankine::runtime {
namespace {


/// Decoded chunks that were only partly used are kept beside the blocks: little where memory is little.
store::Reader::Limits reader_limits(Bytes memory_limit) {
  store::Reader::Limits limits;
  if (memory_limit.value != 0) limits.cache_bytes = std::min(limits.cache_bytes, memory_limit.value / 16);
  return limits;
}
constexpr std::uint64_t default_replica_cache = std::uint64_t{64} << 20;

/// Tickets of what is no task.
constexpr std::uint64_t preparing_ticket = UINT64_MAX;
constexpr std::uint64_t closing_ticket = UINT64_MAX - 1;
constexpr std::uint64_t saving_ticket = UINT64_MAX - 2;

}  // namespace

struct RankWorker::Preparing {
  wire::RunId run;
  std::vector<std::byte> bytes;
  RunPlanPtr plan;
  std::string error;
};

struct RankWorker::Closing {
  bool keep = true;   ///< false: the outputs are discarded, what closing them meets is of no interest
  RunPlanPtr plan;
  wire::OutputsClosed closed;
};

/// This worker's part of a checkpoint.
struct RankWorker::Saving {
  wire::RunId run;
  RunPlanPtr plan;
  std::shared_ptr<AppendLog> appended;
  std::string path;
  std::vector<std::pair<TaskId, BlockSource>> blocks;
  wire::BlocksSaved saved;
};

/// A task on a thread. The result is written by the thread before its completion is reported.
struct RankWorker::Running {
  TaskId task;
  std::uint32_t attempt = 0;
  Inputs inputs;
  BlockPtr result;
};

RankWorker::RankWorker(transport::Transport& transport, exec::Notifier& notifier, RankWorkerOptions options)
    : transport_(transport), notifier_(notifier), options_(options), slots_(options.threads), pool_(options.threads, notifier, &slots_),
      reader_(reader_limits(options.memory_limit)), read_ahead_(options.read_ahead), writer_(std::make_unique<store::Writer>()) {
  if (!options_.spill.scratch.empty() && options_.memory_limit.value != 0)
    spiller_ = std::make_unique<Spiller>(notifier, options_.spill, transport.rank());
  writer_->room().enable([this] {
    room_changed_ = true;
    notifier_.notify();
  });
}

RankWorker::~RankWorker() {
  writer_->room().give_up();
  pool_.stop();
}

void RankWorker::report_room() {
  const store::RoomWait::Notice notice = writer_->room().notice();
  send(scheduler_rank, wire::RoomWanted{notice.waiting, notice.needed_bytes, notice.free_bytes, notice.path});
}

void RankWorker::send(int to, const wire::Message& message) { transport_.send(to, wire::encode(run_, message)); }

void RankWorker::begin_run(wire::RunId run, RunPlanPtr plan, Bytes held) {
  RANKINE_CHECK(running_.empty(), "a run begins while tasks of the last one are still running");
  RANKINE_CHECK(saving_ == nullptr && closing_ == nullptr, "a run begins while files of the last one are in use");
  save_wanted_.reset();
  close_wanted_.reset();
  run_ = run;
  plan_ = std::move(plan);
  worker::WorkerOptions options;
  options.self = WorkerId{static_cast<std::uint32_t>(transport_.rank())};
  options.threads = options_.threads;
  options.memory_limit = options_.memory_limit;
  // From what the scheduler's admission leaves free; group means and the like are read again and again.
  options.replica_cache = Bytes{options_.memory_limit.value != 0 ? options_.memory_limit.value / 16 : default_replica_cache};
  held_beside_ = held;
  if (spiller_) options.spill = spill_bounds(held);
  machine_.emplace(options);
  if (spiller_) prepare_spilling();
  writer_->room().begin();
  appended_ = std::make_shared<AppendLog>();
  runner_.emplace(plan_, reader_, *writer_, plan_->keeps_journal ? appended_.get() : nullptr);
  begin_read_ahead();
  blocks_.clear();
  failure_codes_.clear();
  aborting_ = false;
}

void RankWorker::begin_read_ahead() {
  reads_stored_.clear();
  if (!read_ahead_.is_on()) return;
  for (const auto& layer : plan_->lowered.layers())
    reads_stored_.push_back(layer.expr != nullptr && array::reads_stored(layer.expr));
  read_ahead_.begin([plan = plan_, reader = &reader_](TaskId task, std::uint64_t room) {
    const plan::Layer& layer = plan->lowered.layer_of(task);
    std::uint64_t told = 0;
    array::visit_stored(layer.expr, layer.grid.box_of(plan->lowered.block_of(task)), [&](const array::StoredArrayPtr& array, const Box& box) {
      told += reader->announce(*array, box, room - told);
    });
    return told;
  });
}

void RankWorker::handle_plan(wire::RunId run, const wire::Plan& plan) {
  RANKINE_CHECK(preparing_ == nullptr, "two plans at once");
  options_.rehearsal.pass(LifePoint::plan, transport_.rank());
  run_ = run;
  preparing_ = std::make_shared<Preparing>();
  preparing_->run = run;
  preparing_->bytes = plan.bytes;
  pool_.submit(preparing_ticket, [preparing = preparing_] {
    try {
      preparing->plan = lower_run_plan(preparing->bytes);
    } catch (const std::exception& error) {
      preparing->error = error.what();
    }
  });
}

void RankWorker::plan_prepared() {
  const auto prepared = std::exchange(preparing_, nullptr);
  wire::PlanReady ready;
  ready.error = prepared->error;
  if (prepared->plan) {
    begin_run(prepared->run, prepared->plan);
    ready.task_count = plan_->lowered.task_count();
  }
  send(scheduler_rank, ready);
}

void RankWorker::begin_calls(wire::RunId run, const wire::BeginCalls& begin) {
  wire::PlanReady ready;
  if (options_.library == nullptr || digest_of(*options_.library) != begin.library_digest)
    ready.error = "knows other task functions than rank 0: start one and the same program on every rank";
  else {
    CallWorkerOptions options{options_.threads, options_.memory_limit, options_.library, options_.batches};
    options.running_tasks = options_.running_tasks;
    options.slots = &slots_;
    if (!options_.rehearsal.is_empty()) options.rehearse = [this](const std::string& call) { rehearse_fault(call); };
    options.program_bytes = options_.program_bytes;
    if (spiller_) {
      options.spill = options_.spill;
      options.spill_bounds = spill_bounds();
      options.scratch_use = spiller_->use();
    }
    calls_ = std::make_unique<CallWorker>(transport_, notifier_, options, run);
  }
  transport_.send(scheduler_rank, wire::encode(run, ready));
}

void RankWorker::on_peer_lost(int rank) {
  if (calls_) calls_->on_peer_lost(rank);
  if (!machine_) return;
  machine_->on_peer_lost(WorkerId{static_cast<std::uint32_t>(rank)}, actions_);
  apply(actions_);
}

void RankWorker::handle(int from, const wire::Decoded& decoded) {
  if (const auto* begin = std::get_if<wire::BeginCalls>(&decoded.message)) return begin_calls(decoded.run, *begin);
  if (calls_ && decoded.run == calls_->run()) return calls_->handle(from, decoded);
  if (const auto* plan = std::get_if<wire::Plan>(&decoded.message)) return handle_plan(decoded.run, *plan);
  if (const auto* request = std::get_if<wire::BlockRequest>(&decoded.message); request != nullptr) {
    const WorkerId by{static_cast<std::uint32_t>(from)};
    if (decoded.run != run_ || !machine_) {
      transport_.send(from, wire::encode(decoded.run, wire::BlockRefused{request->task}));
      return;
    }
    machine_->on_block_requested(by, request->task, actions_);
    return apply(actions_);
  }
  if (decoded.run == run_ && !machine_ && std::holds_alternative<wire::Abort>(decoded.message))
    return send(scheduler_rank, wire::OutputsClosed{{}, 0, std::get<wire::Abort>(decoded.message).sequence});  // the plan could not be taken: nothing is open
  if (decoded.run != run_ || !machine_) return;          // of a run that is over
  const WorkerId peer{static_cast<std::uint32_t>(from)};
  std::visit(Overloaded{
                 [&](const wire::AssignBatch& batch) {
                   for (std::size_t i = 0; i < batch.tasks.size(); ++i) {
                     worker::Assignment assignment = batch.assignment(i);
                     if (spiller_) assignment.room = plan_->lowered.output_bytes(assignment.task) + plan_->lowered.scratch_bytes(assignment.task);
                     if (read_ahead_.is_on() && reads_stored_[plan_->lowered.layer_of(assignment.task).id.value] && !plan_->saved.contains(assignment.task))
                       read_ahead_.assigned(assignment.task, assignment.priority);
                     machine_->on_assign(assignment, batch.inputs_of(i), actions_);
                   }
                 },
                 [&](const wire::ReleaseBatch& batch) { machine_->on_release(batch.tasks, actions_); },
                 [&](const wire::KeepCopy& copy) {
                   if (copy.holder.value == static_cast<std::uint32_t>(transport_.rank())) machine_->on_made_holder(copy.task, actions_);
                   else machine_->on_copy_wanted(copy.task, copy.holder, copy.bytes, actions_);
                 },
                 [&](const wire::Recall& recall) { machine_->on_recall(recall.task, recall.attempt, actions_); },
                 [&](const wire::BlockReply& reply) { store_block(reply.task, reply); },
                 [&](const wire::BlockRefused& refused) { machine_->on_block_unavailable(refused.task, peer, actions_); },
                 [&](const wire::CloseOutputs& close) { close_wanted_ = close; },
                 [&](const wire::EndRun&) { end_run(); },
                 [&](const wire::SaveBlocks& order) {
                   if (order.last) writer_->room().give_up();
                   save_wanted_ = order;
                 },
                 [&](const wire::Abort& abort) {
                   aborting_ = true;
                   save_wanted_.reset();  // of outputs that are discarded
                   close_wanted_ = wire::CloseOutputs{false, abort.sequence};
                   read_ahead_.end();
                   writer_->room().give_up();
                   machine_->on_abort(actions_);
                 },
                 [](const auto&) {},
             },
             decoded.message);
  apply(actions_);
  take_turns();
}

void RankWorker::store_block(TaskId task, const wire::BlockReply& reply) {
  blocks_[task] = decode_block(reply.head, reply.payload);
  received_ += Bytes{reply.payload_bytes};
  machine_->on_block_arrived(task, blocks_[task]->bytes(), actions_);
}

void RankWorker::apply(worker::Actions& actions) {
  // Applying may not add actions: the machine is only called from events.
  for (const worker::Action& action : actions) {
    std::visit(Overloaded{
                   [&](const worker::StartTask& a) { start(a.task, a.attempt); },
                   [&](const worker::FetchBlock& a) {
                     send(static_cast<int>(a.from.value), wire::BlockRequest{a.task});
                   },
                   [&](const worker::SendBlock& a) { send_block(a.to, a.task); },
                   [&](const worker::RefuseBlock& a) {
                     send(static_cast<int>(a.to.value), wire::BlockRefused{a.task});
                   },
                   [&](const worker::DropBlock& a) { blocks_.erase(a.task); },
                   [&](const worker::ReportFinished& a) {
                     if (finished_.tasks.empty()) first_finished_ = exec::now();
                     finished_.add(a);
                   },
                   [&](const worker::ReportFailed& a) {
                     wire::TaskFailed failed{a.task, a.attempt, a.permanent, 1, a.message};
                     failed.exit_code = static_cast<std::uint32_t>(failure_codes_[a.task]);
                     failure_codes_.erase(a.task);
                     send(scheduler_rank, failed);
                   },
                   [&](const worker::ReportInputMissing& a) {
                     read_ahead_.left(a.task);
                     send(scheduler_rank, wire::InputMissing{a.task, a.attempt, a.input});
                   },
                   [&](const worker::AnswerRecall& a) {
                     if (a.granted) read_ahead_.left(a.task);
                     send(scheduler_rank, wire::RecallAnswer{a.task, a.attempt, a.granted});
                   },
                   [&](const worker::SpillBlock& a) { spiller_->write(a.task, a.file, blocks_.at(a.task)); },
                   [&](const worker::EvictBlock& a) { blocks_.erase(a.task); },
                   [&](const worker::LoadBlock& a) { spiller_->read(a.task, a.file); },
                   [&](const worker::SendSpilled& a) { spiller_->read_frame(a.task, a.file, a.to, run_); },
                   [&](const worker::ForgetSpilled& a) { spiller_->forget(a.file); },
                   [&](const worker::ReportLost& a) { report_lost(a); },
                   [&](const worker::ReportNoRoom& a) { report_no_room(a); },
               },
               action);
  }
  actions.clear();
  if (spiller_ && machine_) count_sending();
}

void RankWorker::send_block(WorkerId to, TaskId task) {
  const BlockPtr& block = blocks_.at(task);
  const std::uint64_t payload = payload_bytes(*block);
  std::vector<std::byte> frame = wire::encode_block_reply_head(run_, task, encode_head(*block), payload);
  frame.reserve(frame.size() + payload);
  append_payload(*block, frame);
  sent_ += Bytes{payload};
  transport_.send(static_cast<int>(to.value), std::move(frame));
}

void RankWorker::start(TaskId task, std::uint32_t attempt) {
  read_ahead_.left(task);
  auto running = std::make_shared<Running>();
  running->task = task;
  running->attempt = attempt;
  std::vector<TaskId> dependencies;
  if (!plan_->saved.contains(task)) plan_->lowered.dependencies(task, dependencies);
  for (const TaskId input : dependencies) running->inputs.emplace(input, blocks_.at(input));
  const std::uint64_t ticket = next_ticket_++;
  running_.emplace(ticket, running);
  const std::uint64_t label = std::uint64_t{run_.value} << 32 | task.value;
  pool_.submit(ticket, [this, running, runner = &*runner_, label] {
    const transport::RunningTasks::Entry entry(options_.running_tasks, label);
    if (!options_.rehearsal.is_empty()) rehearse_fault(plan_->lowered.describe(running->task));
    running->result = runner->run(running->task, running->inputs);
    running->inputs.clear();
  });
}

void RankWorker::rehearse_fault(const std::string& task) {
  unsigned wait_ms = 0;
  {
    const std::lock_guard lock(rehearsing_);
    wait_ms = options_.rehearsal.pass(LifePoint::task, transport_.rank(), task);
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(wait_ms));
}

void RankWorker::finish(const exec::Completion& completion) {
  const auto found = running_.find(completion.ticket);
  const std::shared_ptr<Running> running = std::move(found->second);
  running_.erase(found);
  running->inputs.clear();
  const std::int64_t duration_ns = completion.ended.ns - completion.started.ns;
  busy_ns_ += static_cast<std::uint64_t>(duration_ns);
  ++tasks_run_;
  if (completion.error == nullptr) {
    // After an abort nobody asks for the block; the machine says so by DropBlock or by silence.
    const Bytes bytes = running->result->bytes();
    if (!aborting_) blocks_[running->task] = std::move(running->result);
    machine_->on_task_done(running->task, running->attempt, bytes, static_cast<std::uint32_t>(duration_ns / 1000), actions_);
    return;
  }
  TaskFailure failure = task_failure(
      completion.error, "out of memory; give each rank more, run fewer threads a rank, or use smaller chunks (chunks={...})");
  failure_codes_[running->task] = failure.code;
  machine_->on_task_error(running->task, running->attempt, std::move(failure.message), failure.permanent, actions_);
}

bool RankWorker::pump() {
  completions_.clear();
  bool any = pool_.take_completions(completions_) != 0;
  if (spiller_) {
    take_spilled();
    count_sending();
    apply(actions_);
    watch_memory();
  }
  for (const auto& completion : completions_) {
    if (completion.ticket == preparing_ticket) plan_prepared();
    else if (completion.ticket == closing_ticket) outputs_closed();
    else if (completion.ticket == saving_ticket) blocks_saved(completion);
    else finish(completion);
    apply(actions_);
  }
  if (room_changed_.exchange(false)) report_room();
  if (calls_ && calls_->pump()) any = true;
  // While more finishes reports wait for each other, never when nothing else happens.
  const bool is_due = !any || running_.empty() || finished_.tasks.size() >= options_.batches.most_tasks ||
                      exec::now().ns - first_finished_.ns >= std::int64_t{options_.batches.longest_wait_us} * 1000;
  if (is_due) send_finished();
  take_turns();
  const bool has_news = (machine_ && !running_.empty()) || (calls_ && calls_->tasks_run() != calls_reported_);
  if (has_news) {
    const Instant now = exec::now();
    if (now.ns - last_report_.ns > static_cast<std::int64_t>(options_.report_interval_ms) * 1000000) {
      last_report_ = now;
      if (calls_) calls_reported_ = calls_->tasks_run();
      send(scheduler_rank, counters());
    }
  }
  return any;
}

/// A checkpoint that was ordered before a close comes before it: what it says is still worth noting if the run goes on after
/// a loss. Outputs are closed when nobody writes to them.
void RankWorker::take_turns() {
  if (!machine_ || saving_ != nullptr || closing_ != nullptr) return;
  if (save_wanted_) begin_saving(*std::exchange(save_wanted_, std::nullopt));
  if (saving_ == nullptr && close_wanted_ && running_.empty() && (close_wanted_->keep || machine_->is_idle()))
    begin_closing(*std::exchange(close_wanted_, std::nullopt));
}

void RankWorker::begin_closing(const wire::CloseOutputs& order) {
  options_.rehearsal.pass(LifePoint::close, transport_.rank());
  aborting_ = false;
  closing_ = std::make_shared<Closing>();
  closing_->keep = order.keep;
  closing_->closed.sequence = order.sequence;
  closing_->plan = plan_;
  pool_.submit(closing_ticket, [closing = closing_, writer = writer_.get()] {
    for (const auto& output : closing->plan->outputs) {
      try {
        writer->close(output);
      } catch (const Error& error) {
        if (closing->keep && closing->closed.error.empty()) {
          closing->closed.error = error.what();
          closing->closed.exit_code = static_cast<std::uint32_t>(error.code());
        }
      }
    }
  });
}

/// With keep the run may go on: a worker that is lost now may have had what others need.
void RankWorker::outputs_closed() {
  const auto closed = std::exchange(closing_, nullptr);
  send(scheduler_rank, counters());
  send(scheduler_rank, closed->closed);
  if (!closed->keep) end_run();
}

void RankWorker::begin_saving(const wire::SaveBlocks& order) {
  // No thread is free to save anything, and there is no room for it either.
  if (!order.last && writer_->room().notice().waiting >= options_.threads)
    return send(scheduler_rank, wire::BlocksSaved{order.sequence, {}, "the disk is full"});
  saving_ = std::make_shared<Saving>();
  saving_->run = run_;
  saving_->plan = plan_;
  saving_->appended = appended_;
  saving_->path = order.path;
  saving_->saved.sequence = order.sequence;
  for (const TaskId task : order.tasks) {
    if (const auto block = blocks_.find(task); block != blocks_.end())
      saving_->blocks.emplace_back(task, [block = block->second] { return block; });
    else if (const auto file = files_.find(task); file != files_.end())
      if (auto source = spiller_->reader_of(file->second)) saving_->blocks.emplace_back(task, std::move(source));
  }
  pool_.submit(saving_ticket, [saving = saving_, writer = writer_.get()] {
    const auto record = write_checkpoint(*saving->plan, *writer, *saving->appended, saving->path, saving->blocks);
    saving->saved.record = journal::payload_of(record);
    saving->blocks.clear();
  });
}

void RankWorker::blocks_saved(const exec::Completion& completion) {
  const auto saving = std::exchange(saving_, nullptr);
  try {
    if (completion.error != nullptr) std::rethrow_exception(completion.error);
  } catch (const std::exception& error) {
    saving->saved.error = error.what();
  }
  transport_.send(scheduler_rank, wire::encode(saving->run, saving->saved));
}

void RankWorker::end_run() {
  aborting_ = false;
  read_ahead_.end();
  if (machine_) most_needed_ = std::max(most_needed_, machine_->peak_needed_bytes());
  machine_.reset();
  blocks_.clear();
  files_.clear();
  order_.reset();
  if (spiller_) spiller_->forget_all();
}

wire::Counters RankWorker::counters() const {
  wire::Counters counters;
  counters.tasks_run = tasks_run_;
  counters.bytes_read = Bytes{reader_.counters().stored_bytes.load()};
  counters.bytes_decoded = Bytes{reader_.counters().decoded_bytes.load()};
  counters.decode_ns = reader_.counters().decode_ns.load();
  counters.bytes_written = Bytes{writer_->counters().stored_bytes.load()};
  counters.bytes_sent = sent_;
  counters.bytes_received = received_;
  counters.busy_ns = busy_ns_;
  counters.peak_held = std::max(most_needed_, machine_ ? machine_->peak_needed_bytes() : Bytes{});
  counters.peak_rss = exec::peak_rss();
  if (spiller_) {
    counters.bytes_spilled = spiller_->written();
    counters.bytes_unspilled = spiller_->read_back();
  }
  if (calls_) {
    counters.bytes_spilled += calls_->spilled();
    counters.bytes_unspilled += calls_->unspilled();
    counters.tasks_run += calls_->tasks_run();
    counters.busy_ns += calls_->busy_ns();
    counters.bytes_sent += calls_->sent();
    counters.bytes_received += calls_->received();
    counters.peak_held += calls_->peak_held();
  }
  return counters;
}

bool serve(transport::Transport& transport, exec::Notifier& notifier, const RankWorkerOptions& options,
           const std::string& node_name) {
  RankWorker worker(transport, notifier, options);
  FileOpener opener(options.threads, notifier);
  FaultRehearsal rehearsal = options.rehearsal;
  rehearsal.pass(LifePoint::start, transport.rank());
  transport.send(scheduler_rank, wire::encode({}, wire::Hello{node_name, options.threads, options.memory_limit, options.program_bytes,
                                                              program_version, options.resources,
                                                              options.spill.scratch.empty() ? Bytes{} : options.spill.limit, options.spill.note}));
  transport::Backoff backoff(notifier, transport.wakes_on_arrival());
  std::deque<transport::Frame> waiting;  // of a run whose plan is being lowered
  wire::Heartbeat heartbeat;
  Instant next_heartbeat;
  bool all_alive = true;
  const auto hear = [&](const transport::Frame& frame) { worker.handle(frame.from, wire::decode(frame.bytes)); };
  while (true) {
    bool active = false;
    transport::Frame frame;
    while (transport.poll(frame)) {
      active = true;
      const wire::Decoded decoded = wire::decode(frame.bytes);
      if (std::holds_alternative<wire::Shutdown>(decoded.message)) {
        rehearsal.pass(LifePoint::leave, transport.rank());
        return all_alive;
      }
      if (const auto* lost = std::get_if<wire::PeerLost>(&decoded.message)) {
        all_alive = false;
        transport.forget(static_cast<int>(lost->rank));
        std::erase_if(waiting, [&](const auto& one) { return one.from == static_cast<int>(lost->rank); });
        worker.on_peer_lost(static_cast<int>(lost->rank));
      } else if (const auto* neighbour = std::get_if<wire::EndNeighbour>(&decoded.message)) {
        if (options.end_neighbour) options.end_neighbour(static_cast<int>(neighbour->rank));
      } else if (const auto* files = std::get_if<wire::OpenFiles>(&decoded.message)) {
        opener.handle(*files);
      } else if (worker.is_preparing()) {
        waiting.push_back(std::move(frame));
      } else {
        worker.handle(frame.from, decoded);
      }
    }
    active = worker.pump() || active;
    active = opener.pump([&](const auto& opened) { transport.send(scheduler_rank, wire::encode({}, opened)); }) || active;
    while (!waiting.empty() && !worker.is_preparing()) {
      const transport::Frame next = std::move(waiting.front());
      waiting.pop_front();
      hear(next);
      active = true;
    }
    const Instant now = exec::now();
    if (now >= next_heartbeat) {
      ++heartbeat.sequence;
      transport.send(scheduler_rank, wire::encode({}, heartbeat));
      next_heartbeat = Instant{now.ns + static_cast<std::int64_t>(options.heartbeat_interval_ms) * 1'000'000};
    }
    if (active) backoff.reset();
    else backoff.wait(next_heartbeat);
  }
}

}  // namespace rankine::runtime
