#include "graph_job.hpp"

#include <algorithm>
#include <stdexcept>

#include "transport/backoff.hpp"

namespace rankine::bench {
namespace {

template <typename... F>
struct Overloaded : F... { using F::operator()...; };
template <typename... F>
Overloaded(F...) -> Overloaded<F...>;

constexpr int rank_0 = 0;
constexpr Bytes value_bytes{sizeof(std::uint64_t)};

/// Each rank has one thread and a core for it: it looks for messages all the time, and lets others have the core
/// in between. To sleep and be woken takes longer than the tasks that are measured.
constexpr transport::BackoffPolicy waiting{.spin = std::chrono::microseconds(50), .yield = std::chrono::hours(1)};

}  // namespace

JobWorker::JobWorker(transport::Transport& transport, std::shared_ptr<const TaskGraph> graph, wire::RunId run, Kernel kernel)
    : transport_(transport), graph_(std::move(graph)), run_(run), kernel_(std::move(kernel)),
      machine_({.self = {static_cast<std::uint32_t>(transport.rank())}, .threads = 1, .memory_limit = {}}),
      values_(graph_->task_count()) {}

void JobWorker::handle(int from, const wire::Decoded& decoded) {
  const WorkerId peer{static_cast<std::uint32_t>(from)};
  std::visit(Overloaded{
                 [&](const wire::AssignBatch& batch) {
                   for (std::size_t i = 0; i < batch.tasks.size(); ++i)
                     machine_.on_assign(batch.assignment(i), batch.inputs_of(i), actions_);
                 },
                 [&](const wire::ReleaseBatch& batch) { machine_.on_release(batch.tasks, actions_); },
                 [&](const wire::Recall& recall) { machine_.on_recall(recall.task, recall.attempt, actions_); },
                 [&](const wire::BlockRequest& request) { machine_.on_block_requested(peer, request.task, actions_); },
                 [&](const wire::BlockReply& reply) {
                   values_[reply.task.value] = ByteReader(reply.head).get<std::uint64_t>();
                   machine_.on_block_arrived(reply.task, value_bytes, actions_);
                 },
                 [&](const wire::BlockRefused& refused) { machine_.on_block_unavailable(refused.task, peer, actions_); },
                 [](const auto&) {},
             },
             decoded.message);
  apply();
}

void JobWorker::apply() {
  for (const worker::Action& action : actions_) {
    std::visit(Overloaded{
                   [&](const worker::StartTask& a) { to_run_.push_back(a); },
                   [&](const worker::FetchBlock& a) {
                     transport_.send(static_cast<int>(a.from.value), wire::encode(run_, wire::BlockRequest{a.task}));
                   },
                   [&](const worker::SendBlock& a) {
                     ByteWriter head;
                     head.put(values_[a.task.value]);
                     transport_.send(static_cast<int>(a.to.value), wire::encode_block_reply_head(run_, a.task, head.take(), 0));
                   },
                   [&](const worker::RefuseBlock& a) {
                     transport_.send(static_cast<int>(a.to.value), wire::encode(run_, wire::BlockRefused{a.task}));
                   },
                   [&](const worker::DropBlock&) {},
                   [&](const worker::ReportFinished& a) {
                     if (finished_.tasks.empty()) first_finished_ = exec::now();
                     finished_.add(a);
                   },
                   [&](const worker::AnswerRecall& a) {
                     flush();
                     transport_.send(rank_0, wire::encode(run_, wire::RecallAnswer{a.task, a.attempt, a.granted}));
                   },
                   [&](const worker::ReportInputMissing& a) {
                     flush();
                     transport_.send(rank_0, wire::encode(run_, wire::InputMissing{a.task, a.attempt, a.input}));
                   },
                   [](const worker::ReportFailed&) { throw std::logic_error("a task of the benchmark failed"); },
                   [](const auto&) {},  // nothing is spilled
               },
               action);
  }
  actions_.clear();
}

void JobWorker::flush() {
  if (finished_.tasks.empty()) return;
  transport_.send(rank_0, wire::encode_batch(run_, finished_));
  finished_.tasks.clear();
}

bool JobWorker::pump() {
  if (to_run_.empty()) {
    const bool any = !finished_.tasks.empty();
    flush();
    return any;
  }
  const worker::StartTask start = to_run_.back();
  to_run_.pop_back();
  const Instant begin = exec::now();
  inputs_.clear();
  for (const TaskId input : graph_->dependencies_of(start.task, edges_)) inputs_.push_back(values_[input.value]);
  values_[start.task.value] = kernel_(start.task, inputs_);
  ++executions_;
  const Instant end = exec::now();
  machine_.on_task_done(start.task, start.attempt, value_bytes, static_cast<std::uint32_t>((end.ns - begin.ns) / 1000), actions_);
  apply();
  if (finished_.tasks.size() >= bounds_.most_tasks ||
      (!finished_.tasks.empty() && end.ns - first_finished_.ns >= std::int64_t{bounds_.longest_wait_us} * 1000) || to_run_.empty())
    flush();
  return true;
}

JobScheduler::JobScheduler(transport::Transport& transport, std::shared_ptr<const TaskGraph> graph, wire::RunId run,
                           bool rank_0_works, Kernel kernel)
    : transport_(transport), graph_(std::move(graph)), run_(run), scheduler_({}, graph_),
      assigned_(static_cast<std::size_t>(transport.size())), released_(assigned_.size()) {
  if (rank_0_works) own_worker_ = std::make_unique<JobWorker>(transport, graph_, run, std::move(kernel));
}

std::vector<std::uint64_t> JobScheduler::run() {
  transport::Frame frame;
  exec::Notifier nobody;
  transport::Backoff backoff(nobody, transport_.wakes_on_arrival(), waiting);
  // Every worker is ready for this run before the clock starts.
  int ready = 0;
  while (ready < transport_.size() - 1) {
    if (!transport_.poll(frame)) {
      backoff.wait();
      continue;
    }
    backoff.reset();
    const wire::Decoded decoded = wire::decode(frame.bytes);
    if (decoded.run == run_ && std::holds_alternative<wire::PlanReady>(decoded.message)) ++ready;
  }
  const Instant begin = exec::now();
  for (int rank = own_worker_ ? 0 : 1; rank < transport_.size(); ++rank)
    scheduler_.on_worker_joined(begin, {static_cast<std::uint32_t>(rank)}, {0, 1, {}, {}}, actions_);
  scheduler_.start(begin, actions_);
  apply();
  while (!ended_) {
    bool active = false;
    while (transport_.poll(frame)) {
      active = true;
      handle(frame);
    }
    apply();
    if (own_worker_ && !ended_ && own_worker_->pump()) active = true;
    if (active) backoff.reset();
    else backoff.wait();
  }
  seconds_ = exec::seconds_between(begin, exec::now());
  if (!scheduler_.succeeded()) throw std::runtime_error("the run failed: " + scheduler_.failure().what);

  std::size_t wanted = 0;
  for (std::uint32_t i = 0; i < graph_->task_count(); ++i) {
    if (!graph_->is_wanted({i})) continue;
    ++wanted;
    transport_.send(static_cast<int>(scheduler_.holder({i})->value), wire::encode(run_, wire::BlockRequest{{i}}));
  }
  while (values_.size() < wanted)
    if (transport_.poll(frame)) handle(frame);
  std::sort(values_.begin(), values_.end());
  std::vector<std::uint64_t> values;
  for (const auto& [task, value] : values_) values.push_back(value);
  for (int rank = 1; rank < transport_.size(); ++rank) transport_.send(rank, wire::encode(run_, wire::CloseOutputs{true}));
  return values;
}

void JobScheduler::handle(const transport::Frame& frame) {
  const wire::Decoded decoded = wire::decode(frame.bytes);
  if (decoded.run != run_) return;
  const WorkerId worker{static_cast<std::uint32_t>(frame.from)};
  if (const auto* batch = std::get_if<wire::FinishedBatch>(&decoded.message)) {
    for (const auto& task : batch->tasks) reports_.push_back({worker, task.task, task.attempt, task.bytes, task.duration_us});
  } else if (const auto* missing = std::get_if<wire::InputMissing>(&decoded.message)) {
    apply();
    scheduler_.on_input_missing(exec::now(), worker, missing->task, missing->attempt, missing->input, actions_);
  } else if (const auto* answer = std::get_if<wire::RecallAnswer>(&decoded.message)) {
    apply();
    scheduler_.on_recall_answered(exec::now(), worker, answer->task, answer->attempt, answer->granted, actions_);
  } else if (const auto* reply = std::get_if<wire::BlockReply>(&decoded.message); reply != nullptr && ended_) {
    values_.emplace_back(reply->task, ByteReader(reply->head).get<std::uint64_t>());
  } else if (own_worker_) {
    own_worker_->handle(frame.from, decoded);
  }
}

void JobScheduler::apply() {
  if (!reports_.empty()) scheduler_.on_tasks_finished({}, reports_, actions_);
  reports_.clear();
  const auto touch = [&](std::size_t rank) {
    if (assigned_[rank].tasks.empty() && released_[rank].tasks.empty()) touched_.push_back(static_cast<int>(rank));
  };
  const auto flush = [&](int to) {
    const auto rank = static_cast<std::size_t>(to);
    if (!released_[rank].tasks.empty()) transport_.send(to, wire::encode_batch(run_, released_[rank]));
    released_[rank].tasks.clear();
    if (!assigned_[rank].tasks.empty()) transport_.send(to, wire::encode_batch(run_, assigned_[rank]));
    assigned_[rank].clear();
  };
  for (const sched::Action& action : actions_.list) {
    if (const auto* assign = std::get_if<sched::Assign>(&action)) {
      touch(assign->worker.value);
      assigned_[assign->worker.value].add(*assign, actions_.inputs(*assign));
    } else if (const auto* release = std::get_if<sched::Release>(&action)) {
      touch(release->worker.value);
      const auto tasks = actions_.tasks(*release);
      auto& batch = released_[release->worker.value].tasks;
      batch.insert(batch.end(), tasks.begin(), tasks.end());
    } else if (const auto* recall = std::get_if<sched::Recall>(&action)) {
      flush(static_cast<int>(recall->worker.value));
      transport_.send(static_cast<int>(recall->worker.value), wire::encode(run_, wire::Recall{recall->task, recall->attempt}));
    } else if (!std::holds_alternative<sched::SetTimer>(action)) {
      ended_ = true;
    }
  }
  actions_.clear();
  for (const int rank : touched_) flush(rank);
  touched_.clear();
}

void serve_jobs(transport::Transport& transport, const std::function<Job(std::uint32_t run)>& job_of) {
  transport::Frame frame;
  exec::Notifier nobody;
  transport::Backoff backoff(nobody, transport.wakes_on_arrival(), waiting);
  for (std::uint32_t run = 1;; ++run) {
    const Job job = job_of(run);
    JobWorker worker(transport, job.graph, {run}, job.kernel);
    transport.send(rank_0, wire::encode({run}, wire::PlanReady{job.graph->task_count(), ""}));
    bool over = false;
    while (!over) {
      bool active = false;
      while (!over && transport.poll(frame)) {
        active = true;
        const wire::Decoded decoded = wire::decode(frame.bytes);
        if (std::holds_alternative<wire::Shutdown>(decoded.message)) return;
        if (std::holds_alternative<wire::CloseOutputs>(decoded.message)) over = true;
        else worker.handle(frame.from, decoded);
      }
      if (!over && worker.pump()) active = true;
      if (active) backoff.reset();
      else backoff.wait();
    }
  }
}

}  // namespace rankine::bench
