#include "runtime/call_worker.hpp"

#include <algorithm>
#include <utility>

#include "base/check.hpp"
#include "exec/clock.hpp"
#include "runtime/overloaded.hpp"
#include "runtime/saved_blocks.hpp"
#include "runtime/saved_calls.hpp"
#include "runtime/task_failure.hpp"

namespace rankine::runtime {
namespace {

constexpr std::uint64_t default_replica_cache = std::uint64_t{64} << 20;

/// Short calls are handed to the threads ahead of need, so that none waits for the communication thread: so many that
/// together they take about this long, for each thread.
constexpr double handed_ahead_us = 100;
constexpr std::uint32_t most_handed_ahead = 64;

worker::WorkerOptions machine_options(int rank, const CallWorkerOptions& options) {
  worker::WorkerOptions machine;
  machine.self = {static_cast<std::uint32_t>(rank)};
  machine.threads = options.threads;
  machine.memory_limit = options.memory_limit;
  machine.spill = options.spill_bounds;
  machine.replica_cache = Bytes{options.memory_limit.value != 0 ? options.memory_limit.value / 16 : default_replica_cache};
  return machine;
}

}  // namespace

/// A call on a thread. The result is written by the thread before its completion is reported.
struct CallWorker::Running {
  TaskId task;
  std::uint32_t attempt = 0;
  Definition definition;
  std::vector<CallResult> inputs;
  CallResult result;
};

/// This worker's part of a checkpoint.
struct CallWorker::Saving {
  std::string path;
  std::vector<std::pair<TaskId, PayloadSource>> results;
  wire::BlocksSaved saved;
};

struct CallWorker::Context final : CallContext {
  Context(CallWorker& owner, const Running& call) : worker_(owner), running(call) {}
  Calls& calls() override {
    if (!port)
      port = worker_.sub_calls_.for_call(running.definition.head.priority, [this](bool waits) { note_waiting(waits); });
    return *port;
  }
  int worker() const override { return worker_.transport_.rank(); }
  std::uint32_t attempt() const override { return running.attempt; }

  void note_waiting(bool waits) {
    {
      std::lock_guard lock(worker_.mutex_);
      if (waits && worker_.waiting_now_ >= worker_.options_.most_waiting)
        throw Error(ExitCode::internal, std::to_string(worker_.waiting_now_) + " tasks wait for other tasks on this worker at once, "
                    "the most there may be; let tasks return instead of waiting, or submit the follow-up from the program");
      worker_.waiting_now_ += waits ? 1u : ~0u;
      worker_.wait_changes_.push_back({running.task, running.attempt, waits});
    }
    worker_.notifier_.notify();
    if (worker_.options_.slots == nullptr) return;
    if (waits) worker_.options_.slots->give_back();
    else worker_.options_.slots->take();
  }

  CallWorker& worker_;
  const Running& running;
  std::unique_ptr<Calls> port;
};

CallWorker::CallWorker(transport::Transport& transport, exec::Notifier& notifier, CallWorkerOptions options, wire::RunId run)
    : transport_(transport), options_(options), run_(run),
      sub_calls_(run, transport.rank(), *options.library, notifier), machine_(machine_options(transport.rank(), options)),
      allowed_(options.threads), notifier_(notifier), pool_(options.threads, notifier, options.slots) {
  if (options_.spill_bounds.enabled) spiller_ = std::make_unique<Spiller>(notifier, options_.spill, transport.rank(), options_.scratch_use);
}

CallWorker::~CallWorker() {
  sub_calls_.stop();
  pool_.stop();
  if (saver_) saver_->stop();
}

void CallWorker::send(int to, const wire::Message& message) { transport_.send(to, wire::encode(run_, message)); }

void CallWorker::handle(int from, const wire::Decoded& decoded) {
  const WorkerId peer{static_cast<std::uint32_t>(from)};
  std::visit(Overloaded{
                 [&](const wire::CallBatch& batch) { on_batch(batch); },
                 [&](const wire::ReleaseBatch& batch) { machine_.on_release(batch.tasks, actions_); },
                 [&](const wire::Recall& recall) { machine_.on_recall(recall.task, recall.attempt, actions_); },
                 [&](const wire::BlockRequest& request) { machine_.on_block_requested(peer, request.task, actions_); },
                 [&](const wire::BlockReply& reply) {
                   blocks_[reply.task] = std::make_shared<const std::vector<std::byte>>(reply.payload.begin(), reply.payload.end());
                   received_ += Bytes{reply.payload_bytes};
                   machine_.on_block_arrived(reply.task, Bytes{reply.payload_bytes}, actions_);
                 },
                 [&](const wire::BlockRefused& refused) { machine_.on_block_unavailable(refused.task, peer, actions_); },
                 [&](const wire::ResultRequest& request) { answer(from, request); },
                 [&](const wire::SaveBlocks& order) { save(order); },
                 [&](const wire::ResultBatch& batch) { sub_calls_.on_results(batch); },
                 [&](const wire::CallOutcomes& outcomes) { sub_calls_.on_outcomes(outcomes); },
                 [](const auto&) {},
             },
             decoded.message);
  apply();
}

void CallWorker::on_peer_lost(int rank) {
  sub_calls_.on_peer_lost(rank);
  machine_.on_peer_lost({static_cast<std::uint32_t>(rank)}, actions_);
  apply();
}

void CallWorker::on_batch(const wire::CallBatch& batch) {
  std::size_t position = 0;
  for (std::size_t i = 0; i < batch.definitions.size(); ++i) {
    worker::Assignment assignment = batch.assignments.assignment(i);
    if (spiller_) assignment.room = room_of(batch.definitions[i].function);
    Definition& definition = definitions_[assignment.task];
    definition.head = batch.definitions[i];
    const auto begin = batch.arguments.begin() + static_cast<std::ptrdiff_t>(position);
    definition.arguments.assign(begin, begin + definition.head.argument_bytes);
    position += definition.head.argument_bytes;
    definition.inputs.clear();
    for (const auto& input : batch.assignments.inputs_of(i)) definition.inputs.push_back(input.task);
    machine_.on_assign(assignment, batch.assignments.inputs_of(i), actions_);
  }
}

void CallWorker::apply() {
  // Applying may not add actions: the machine is only called from events.
  for (const worker::Action& action : actions_) {
    std::visit(Overloaded{
                   [&](const worker::StartTask& a) { start(a.task, a.attempt); },
                   [&](const worker::FetchBlock& a) { send(static_cast<int>(a.from.value), wire::BlockRequest{a.task}); },
                   [&](const worker::SendBlock& a) { send_block(a.to, a.task); },
                   [&](const worker::RefuseBlock& a) { send(static_cast<int>(a.to.value), wire::BlockRefused{a.task}); },
                   [&](const worker::DropBlock& a) { blocks_.erase(a.task); },
                   [&](const worker::ReportFinished& a) {
                     if (finished_.tasks.empty()) first_finished_ = exec::now();
                     finished_.add(a);
                   },
                   [&](const worker::ReportFailed& a) {
                     flush_reports();
                     wire::TaskFailed failed{a.task, a.attempt, a.permanent, 1, a.message};
                     FailureKind& kind = failure_kinds_[a.task];
                     failed.exit_code = static_cast<std::uint32_t>(kind.code);
                     failed.detail = std::move(kind.detail);
                     failure_kinds_.erase(a.task);
                     send(scheduler_rank, failed);
                   },
                   [&](const worker::ReportInputMissing& a) {
                     definitions_.erase(a.task);
                     flush_reports();
                     send(scheduler_rank, wire::InputMissing{a.task, a.attempt, a.input});
                   },
                   [&](const worker::AnswerRecall& a) {
                     if (a.granted) definitions_.erase(a.task);
                     flush_reports();
                     send(scheduler_rank, wire::RecallAnswer{a.task, a.attempt, a.granted});
                   },
                   [&](const worker::SpillBlock& a) { spiller_->write(a.task, a.file, blocks_.at(a.task)); },
                   [&](const worker::EvictBlock& a) { blocks_.erase(a.task); },
                   [&](const worker::LoadBlock& a) { spiller_->read(a.task, a.file); },
                   [&](const worker::SendSpilled& a) { spiller_->read_frame(a.task, a.file, a.to, run_); },
                   [&](const worker::ForgetSpilled& a) { forget_spilled(a.file); },
                   [&](const worker::ReportLost& a) { report_lost(a); },
                   [&](const worker::ReportNoRoom& a) { report_no_room(a); },
               },
               action);
  }
  actions_.clear();
  if (spiller_) count_sending();
}

void CallWorker::start(TaskId task, std::uint32_t attempt) {
  auto running = std::make_shared<Running>();
  running->task = task;
  running->attempt = attempt;
  running->definition = std::move(definitions_.extract(task).mapped());
  for (const TaskId input : running->definition.inputs) running->inputs.push_back(blocks_.at(input));
  const std::uint64_t ticket = next_ticket_++;
  running_.emplace(ticket, running);
  pool_.submit(ticket, [this, running] {
    const Definition& call = running->definition;
    const transport::RunningTasks::Entry entry(options_.running_tasks, std::uint64_t{run_.value} << 32 | running->task.value);
    if (call.head.function == value_function) {
      running->result = std::make_shared<const std::vector<std::byte>>(call.arguments);
      return;
    }
    if (call.head.function == saved_function) {
      running->result = std::make_shared<const std::vector<std::byte>>(load_saved_call(call.arguments));
      return;
    }
    if (options_.rehearse) options_.rehearse(options_.library->describe(call.head.function, call.arguments));
    std::vector<std::span<const std::byte>> inputs;
    inputs.reserve(running->inputs.size());
    for (const CallResult& input : running->inputs) inputs.emplace_back(*input);
    Context context(*this, *running);
    running->result = std::make_shared<const std::vector<std::byte>>(
        options_.library->call(call.head.function, call.arguments, inputs, context));
  });
}

void CallWorker::finish(const exec::Completion& completion) {
  const auto found = running_.find(completion.ticket);
  const std::shared_ptr<Running> running = std::move(found->second);
  running_.erase(found);
  const std::int64_t duration_ns = completion.ended.ns - completion.started.ns;
  busy_ns_ += static_cast<std::uint64_t>(duration_ns);
  usual_duration_us_ += 0.1 * (static_cast<double>(duration_ns) / 1000 - usual_duration_us_);
  ++tasks_run_;
  if (completion.error == nullptr) {
    const Bytes bytes{running->result->size()};
    if (spiller_) note_result(running->definition.head.function, running->result->size());
    if (running->definition.head.push_result != 0) push_result(running->task, running->result);
    blocks_[running->task] = std::move(running->result);
    machine_.on_task_done(running->task, running->attempt, bytes, static_cast<std::uint32_t>(duration_ns / 1000), actions_);
    return;
  }
  TaskFailure failure = task_failure(completion.error, "out of memory");
  failure_kinds_[running->task] = {failure.code, std::move(failure.detail)};
  machine_.on_task_error(running->task, running->attempt, std::move(failure.message), failure.permanent, actions_);
}

void CallWorker::push_result(TaskId task, const CallResult& result) {
  if (result->size() > options_.pushed_result_bytes) return;
  pushed_.results.push_back({task, 1, result->size()});
  pushed_bytes_.insert(pushed_bytes_.end(), result->begin(), result->end());
}

/// Results go first: whoever hears that a call has finished has its small result already.
void CallWorker::flush_reports() {
  if (!pushed_.results.empty()) {
    pushed_.bytes = pushed_bytes_;
    send(scheduler_rank, pushed_);
    pushed_.results.clear();
    pushed_bytes_.clear();
  }
  if (finished_.tasks.empty()) return;
  transport_.send(scheduler_rank, wire::encode_batch(run_, finished_));
  finished_.tasks.clear();
}

void CallWorker::send_block(WorkerId to, TaskId task) {
  const CallResult& block = blocks_.at(task);
  std::vector<std::byte> frame = wire::encode_block_reply_head(run_, task, {}, block->size());
  frame.insert(frame.end(), block->begin(), block->end());
  sent_ += Bytes{block->size()};
  transport_.send(static_cast<int>(to.value), std::move(frame));
}

void CallWorker::answer(int to, const wire::ResultRequest& request) {
  wire::ResultBatch batch;
  batch.for_call = request.for_call;
  std::vector<std::byte> bytes;
  for (const TaskId task : request.tasks) {
    const auto block = blocks_.find(task);
    if (const auto file = files_.find(task); block == blocks_.end() && file != files_.end()) {
      spiller_->read_answer(task, file->second, {static_cast<std::uint32_t>(to)}, request.for_call);
      continue;
    }
    if (block == blocks_.end()) {
      batch.results.push_back({task, 0, 0});
      continue;
    }
    batch.results.push_back({task, 1, block->second->size()});
    bytes.insert(bytes.end(), block->second->begin(), block->second->end());
  }
  if (batch.results.empty()) return;
  sent_ += Bytes{bytes.size()};
  batch.bytes = bytes;
  send(to, batch);
}

void CallWorker::save(const wire::SaveBlocks& order) {
  RANKINE_CHECK(saving_ == nullptr, "two checkpoints of calls at once");
  if (!saver_) saver_ = std::make_unique<exec::ThreadPool>(1, notifier_);
  saving_ = std::make_shared<Saving>();
  saving_->path = order.path;
  saving_->saved.sequence = order.sequence;
  for (const TaskId task : order.tasks)
    if (const auto block = blocks_.find(task); block != blocks_.end())
      saving_->results.emplace_back(task, [result = block->second] { return SavedPayload{{}, result}; });
    else if (const auto file = files_.find(task); file != files_.end())
      if (auto reader = spiller_->bytes_reader_of(file->second))
        saving_->results.emplace_back(task, [reader = std::move(reader)] { return SavedPayload{{}, reader()}; });
  saver_->submit(0, [saving = saving_] {
    const journal::CheckpointRecord record{0, {saving->path}, {}, save_payloads(saving->path, saving->results)};
    saving->saved.record = journal::payload_of(record);
    saving->results.clear();
  });
}

void CallWorker::take_saved() {
  std::vector<exec::Completion> completions;
  if (saver_->take_completions(completions) == 0) return;
  const std::shared_ptr<Saving> saving = std::exchange(saving_, nullptr);
  if (completions[0].error != nullptr) saving->saved.error = task_failure(completions[0].error, "out of memory").message;
  send(scheduler_rank, saving->saved);
}

/// Calls that have begun or ceased to wait for others.
void CallWorker::take_waiting() {
  std::vector<WaitChange> changes;
  {
    std::lock_guard lock(mutex_);
    changes.swap(wait_changes_);
  }
  for (const WaitChange& change : changes) {
    waiting_ += change.waits ? 1u : ~0u;
    send(scheduler_rank, wire::TaskBlocked{change.task, change.attempt, change.waits});
  }
  if (!changes.empty()) machine_.on_blocked(waiting_, actions_);
}

/// One more for each that waits; and some ahead of need where calls are short.
void CallWorker::adjust_threads() {
  while (pool_.thread_count() < options_.threads + waiting_) pool_.add_thread();
  const double ahead = std::min<double>(most_handed_ahead, options_.threads * handed_ahead_us / std::max(1.0, usual_duration_us_));
  const std::uint32_t allowed = options_.threads + waiting_ + static_cast<std::uint32_t>(ahead);
  if (allowed == allowed_) return;
  allowed_ = allowed;
  machine_.on_threads_changed(allowed, actions_);
}

bool CallWorker::pump() {
  completions_.clear();
  const bool any = pool_.take_completions(completions_) != 0;
  if (spiller_) {
    take_spilled();
    watch_memory();
    apply();
  }
  for (const auto& completion : completions_) {
    finish(completion);
    apply();
  }
  if (saving_) take_saved();
  take_waiting();
  adjust_threads();
  apply();
  if (!finished_.tasks.empty()) {
    const bool is_due = !any || finished_.tasks.size() >= options_.batches.most_tasks ||
                        exec::now().ns - first_finished_.ns >= std::int64_t{options_.batches.longest_wait_us} * 1000;
    if (is_due || running_.empty()) flush_reports();
  }
  auto outgoing = sub_calls_.take_outgoing();
  for (auto& message : outgoing) transport_.send(message.to, std::move(message.frame));
  return any || !outgoing.empty();
}

}  // namespace rankine::runtime
