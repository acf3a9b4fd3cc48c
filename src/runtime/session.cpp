#include "runtime/session.hpp"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <set>

#include "base/check.hpp"
#include "base/memory_guard.hpp"
#include "exec/clock.hpp"
#include "exec/resources.hpp"
#include "runtime/current_run.hpp"
#include "runtime/memory_need.hpp"
#include "runtime/version.hpp"
#include "sched/explicit_graph.hpp"
#include "transport/backoff.hpp"

namespace rankine::runtime {
namespace {

/// After an error the other ranks get this long to let go of their outputs.
constexpr double abort_grace_s = 20;

/// Sets a flag for as long as it lives.
class ScopedFlag {
 public:
  ScopedFlag(bool& flag, bool value) : flag_(flag) { flag_ = value; }
  ~ScopedFlag() { flag_ = false; }
  ScopedFlag(const ScopedFlag&) = delete;
  ScopedFlag& operator=(const ScopedFlag&) = delete;
 private:
  bool& flag_;
};

/// Removes temporary outputs unless they were committed.
class OutputGuard {
 public:
  explicit OutputGuard(std::vector<store::OutputTarget>& targets) : targets_(targets) {}
  ~OutputGuard() { discard_all(); }
  void discard_all() const {
    for (const auto& target : targets_) store::discard_output(target);
  }
  void keep_all() { targets_.clear(); }
  /// Those that `spoiled` marks are discarded.
  void commit_all(const std::vector<char>& spoiled) {
    for (std::size_t number = 0; !targets_.empty(); ++number) {
      if (number < spoiled.size() && spoiled[number] != 0) store::discard_output(targets_.front());
      else store::commit_output(targets_.front());
      targets_.erase(targets_.begin());
    }
  }
 private:
  std::vector<store::OutputTarget>& targets_;
};

}  // namespace

Session::Session(transport::Transport& transport, exec::Notifier& notifier, SessionOptions options,
                 report::Reporter& reporter)
    : transport_(transport), notifier_(notifier), options_(std::move(options)), reporter_(reporter),
      peers_(static_cast<std::size_t>(transport.size())),
      heartbeats_(static_cast<std::size_t>(transport.size()), options_.heartbeats), started_(exec::now()),
      memory_({options_.own_worker.memory_limit, options_.own_worker.program_bytes.value != 0
                                                     ? options_.own_worker.program_bytes
                                                     : exec::program_bytes(options_.own_worker.threads)}) {
  for (int rank = 1; rank < transport_.size(); ++rank) heartbeats_.watch(rank, started_);
  memory_.set_others([this] {
    if (!calls_) return Bytes{};
    return calls_->held_bytes(WorkerId{0}) + Bytes{memory_.limit().value / 8};  // and what running calls take
  });
  if (!options_.scheduler_works) return;
  own_worker_ = std::make_unique<RankWorker>(transport_, notifier_, options_.own_worker);
  own_opener_ = std::make_unique<FileOpener>(options_.own_worker.threads, notifier_);
  Peer& own = peers_[0];
  own.node_name = options_.node_name;
  own.memory_limit = options_.own_worker.memory_limit;
  own.program_bytes = options_.own_worker.program_bytes;
  own.description = {0, options_.own_worker.threads, memory_budget(options_.own_worker.memory_limit, own.program_bytes)};
  own.resources = options_.own_worker.resources;
  note_scratch(0, options_.own_worker.spill.scratch.empty() ? Bytes{} : options_.own_worker.spill.limit, options_.own_worker.spill.note);
  own.joined = true;
}

Session::~Session() = default;

void Session::send(wire::RunId run, int to, const wire::Message& message) {
  transport_.send(to, wire::encode(run, message));
}

void Session::wait_for_workers() {
  if (workers_known_) return;
  until(nullptr, [&] {
    return std::all_of(peers_.begin() + 1, peers_.end(), [](const Peer& peer) { return peer.joined || peer.lost; });
  });
  // Nodes are numbered in the order of their first rank.
  std::vector<std::string> names;
  for (auto& peer : peers_) {
    if (!peer.joined) continue;
    auto at = std::find(names.begin(), names.end(), peer.node_name);
    if (at == names.end()) at = names.insert(names.end(), peer.node_name);
    peer.description.node = static_cast<std::uint32_t>(at - names.begin());
  }
  std::vector<FaultyPlaces::Place> places;
  for (std::size_t rank = 0; rank < peers_.size(); ++rank) places.push_back({static_cast<int>(rank), peers_[rank].node_name});
  faulty_.emplace(std::move(places), options_.quarantine_after);
  workers_known_ = true;
  report_scratch();
}

std::vector<NdArray> Session::run(plan::LogicalPlan plan, const std::vector<array::OutputSpec>& outputs) {
  const MemoryGuardPause pause;  // blocks are counted by the plan
  wait_for_workers();
  look_for_losses(nullptr);  // while the script had the word
  if (live_workers() == 0) throw_no_worker_left(nullptr);
  faulty_->forget_tasks();
  CurrentRun run;
  run.id = wire::RunId{++last_run_};
  plan = plan::simplify(std::move(plan));
  if (first_output_.empty() && !outputs.empty()) first_output_ = outputs.front().path;
  const EarlierRun earlier = look_for_earlier(run, plan, outputs);
  if (!earlier.done)
    for (const auto& output : outputs) store::check_output(output);
  const std::vector<store::OutputLock> locks = lock_outputs(outputs);
  if (earlier.done) return take_earlier(earlier, outputs);
  std::vector<store::OutputTarget> targets = create_outputs(outputs, earlier);
  OutputGuard guard(targets);
  const bool keeps_journal = directory_ && directory_->is_open();
  if (keeps_journal) directory_->note_begin(earlier.plan, targets);
  try {
    compute(run, std::move(plan), outputs, targets, earlier);
  } catch (const Error& error) {
    if (!run.closed) tasks_ += run.done_count();
    const bool has_no_room = error.code() == ExitCode::output && store::tells_of_full_disk(error.what());
    if (keeps_journal && (has_no_room || error.code() == ExitCode::resumable)) guard.keep_all();
    // At once, because a launcher kills soon after it has signalled; and again by the guard, because until
    // they have stopped the workers may still create chunks.
    guard.discard_all();
    stop_workers(run);
    if (has_no_room) end_for_room(error.what(), error.code());
    throw;
  } catch (...) {
    guard.discard_all();
    stop_workers(run);
    throw;
  }
  std::vector<NdArray> values;
  if (run.missing_value.empty()) values = gathered_values(run);
  const bool is_whole = run.missing_value.empty() && std::count(run.spoiled.begin(), run.spoiled.end(), 0) == std::ssize(run.spoiled);
  try {
    if (keeps_journal && is_whole) directory_->note_done(run.id.value, values);
    guard.commit_all(run.spoiled);
  } catch (const OutputError& error) {
    if (!store::tells_of_full_disk(error.what())) throw;
    if (keeps_journal) guard.keep_all();
    end_for_room(error.what(), error.code());
  }
  for (std::size_t number = 0; number < outputs.size(); ++number) {
    if (number < run.spoiled.size() && run.spoiled[number] != 0) continue;
    output_paths_.push_back(outputs[number].path);
    reporter_.detail("wrote " + outputs[number].path);
  }
  if (!run.missing_value.empty()) throw Error(run.missing_code, run.missing_value);
  return values;
}

std::vector<store::OpenedFile> Session::open_files(OpeningRequest request) {
  wait_for_workers();
  if (request.size() == 0) return {};
  std::vector<FileOpening::Peer> peers;
  for (std::size_t rank = 0; rank < peers_.size(); ++rank)
    if (peers_[rank].joined) peers.push_back({static_cast<int>(rank), peers_[rank].description.threads});
  opening_ = std::make_unique<FileOpening>(++last_opening_, std::move(request), std::move(peers),
                                           [this](int rank, const wire::OpenFiles& order) {
                                             if (rank == 0) own_opener_->handle(order);
                                             else send({}, rank, order);
                                           });
  const auto end = [this] { opening_.reset(); };
  try {
    until(nullptr, [&] { return opening_->done(); });
  } catch (...) {
    end();
    throw;
  }
  std::vector<store::OpenedFile> files = opening_->take_files();
  end();
  return files;
}

void Session::load_chunk_indexes(const std::vector<array::StoredArrayPtr>& arrays) {
  OpeningRequest request;
  for (const auto& array : arrays)
    if (array->storage == array::Storage::chunked && array->index == nullptr) request.arrays.push_back(array);
  const std::vector<array::StoredArrayPtr> asked = request.arrays;
  // What cannot be read costs those outputs alone that need it: the tasks that read it fail and say why.
  const auto go_without = [](array::StoredArray& array, const std::string& why) {
    auto none = std::make_shared<array::ChunkIndex>();
    none->damage = why;
    array.index = std::move(none);
  };
  if (asked.size() == 1) {  // read sooner than asked for
    try {
      return store::load_chunk_index(*asked[0]);
    } catch (const InputError& error) {
      if (!options_.keep_going) throw;
      return go_without(*asked[0], error.what());
    }
  }
  const std::vector<store::OpenedFile> files = open_files(std::move(request));
  if (!options_.keep_going) return throw_failures(files);
  for (std::size_t i = 0; i < files.size(); ++i)
    if (!files[i].error.empty()) go_without(*asked[i], files[i].error);
}

void Session::compute(CurrentRun& run, plan::LogicalPlan plan, const std::vector<array::OutputSpec>& outputs,
                      std::vector<store::OutputTarget>& targets, EarlierRun earlier) {
  run.outputs = &outputs;
  // What is written already, and what may be written by any rank, is known only now.
  for (auto& sink : plan.sinks) {
    if (sink.kind == plan::SinkKind::value) continue;
    const store::OutputTarget& target = targets[sink.output];
    sink.kind = store::any_rank_writes(target, sink.variable) ? plan::SinkKind::write : plan::SinkKind::owner;
    sink.stored_chunk = target.offsets[sink.variable] != UINT64_MAX ? Shape{} : target.spec.variables[sink.variable].chunk_shape;
  }
  const auto arrays = plan::stored_arrays(plan);
  load_chunk_indexes(arrays);
  for (const auto& array : arrays) {
    reporter_.detail("reads " + array->variable + " of " + array->path +
                     (array->storage == array::Storage::library ? " through the library, on one thread a rank" : " directly"));
  }
  const bool keeps_journal = directory_ && directory_->is_open();
  const std::vector<std::byte> bytes = encode_run_plan(plan, targets, earlier.saved, keeps_journal);
  run.plan = lower_run_plan(bytes);
  run.graph = std::shared_ptr<const plan::LoweredPlan>(run.plan, &run.plan->lowered);
  check_memory(*run.graph);
  warn_of_little_memory();  // of what runs: a refusal names the least limit itself
  begin_layers(run);
  reserve_memory(run);
  const plan::PlanSummary summary = run.graph->summary();
  reporter_.detail("plan: " + std::to_string(summary.tasks) + " tasks in " + std::to_string(run.graph->layers().size()) +
                   " layers, decodes " + format_bytes(Bytes{static_cast<std::uint64_t>(summary.bytes_decoded)}) + ", writes " +
                   format_bytes(Bytes{static_cast<std::uint64_t>(summary.bytes_written)}) + " before encoding, largest block " +
                   format_bytes(Bytes{summary.largest_block}));
  if (keeps_journal) prepare_checkpoints(run, targets, earlier);
  const ScopedFlag checkpoints(has_checkpoints_, keeps_journal);
  tasks_known_ += run.graph->task_count();
  const Instant begin = exec::now();
  distribute(run, bytes);
  drive(run);
  const bool succeeded = run.scheduler->succeeded();
  if (succeeded) end_run(run);
  else close_outputs(run, false);
  run.closed = true;
  tasks_s_ += exec::seconds_between(begin, exec::now());
  tasks_ += run.done_count();
  reporter_.clear_line();
  if (!succeeded) throw_failure(run);
  if (options_.keep_going) note_missing(run, targets);
  if (!run.close_error.empty()) throw Error(run.close_code, run.close_error);
}

void Session::check_memory(const plan::LoweredPlan& plan) const {
  const Peer* roomiest = nullptr;
  for (const Peer& peer : peers_) {
    if (!peer.joined) continue;
    if (peer.memory_limit.value == 0) return;
    if (roomiest == nullptr || peer.description.memory_limit > roomiest->description.memory_limit) roomiest = &peer;
  }
  if (roomiest != nullptr) refuse_too_large(plan, roomiest->memory_limit, roomiest->program_bytes);
}

void Session::throw_if_interrupted() const {
  if (stopping_) return;
  // A run with checkpoints sees to it by itself.
  if (!has_checkpoints_ && !must_save_calls() && is_asked_to_leave())
    throw Error(ExitCode::resumable, directory_ && directory_->is_open()
                                         ? "ended as asked; " + directory_->how_to_go_on()
                                         : "ended as asked; nothing was saved yet: run it again");
  if (options_.interrupted == nullptr || *options_.interrupted == 0) return;
  const int number = *options_.interrupted;
  const std::string name = number == SIGINT ? "SIGINT (ctrl-C)" : number == SIGTERM ? "SIGTERM" : "signal " + std::to_string(number);
  throw Error(ExitCode::interrupted, "interrupted by " + name + "; outputs that were not finished are removed");
}

void Session::stop_workers(CurrentRun& run) noexcept {
  if (!run.distributed || run.closed) return;
  stopping_ = true;
  try {
    close_outputs(run, false);
  } catch (const std::exception&) {
    // What cannot be told to stop ends with the job.
  }
  reporter_.clear_line();
  stopping_ = false;
}

void Session::distribute(CurrentRun& run, const std::vector<std::byte>& bytes) {
  run.distributed = true;
  for (int rank = 0; rank < transport_.size(); ++rank) {
    if (!peers_[static_cast<std::size_t>(rank)].joined) continue;
    if (rank == 0) {
      own_worker_->begin_run(run.id, run.plan, run.held_by_script);
      continue;
    }
    send(run.id, rank, wire::Plan{bytes});
    run.preparing.insert(rank);
  }
  until(&run, [&] { return run.preparing.empty() || !run.plan_error.empty(); });
  if (!run.plan_error.empty()) throw Error(ExitCode::internal, run.plan_error);
}

void Session::drive(CurrentRun& run) {
  sched::SchedulerOptions options;
  options.max_attempts = options_.attempts;
  options.max_worker_kills = options_.max_worker_kills;
  options.keep_going = options_.keep_going;
  options.replicate_bytes = options_.replicate_bytes;
  run.scheduler.emplace(options, sched::with_stored_edges(run.open_graph ? run.open_graph : run.graph));
  for (const auto& kill : run.earlier_kills)
    run.scheduler->note_earlier_kill(kill.task, {0, WorkerId{kill.rank}, kill.how + ", in an earlier job"});
  run.assigned.resize(peers_.size());
  for (const auto& layer : run.graph->layers())
    if (layer.kind == plan::LayerKind::write) run.written.push_back({layer.first_task, std::vector<std::int32_t>(layer.task_count, -1)});
  run.released.resize(peers_.size());
  for (std::size_t rank = 0; rank < peers_.size(); ++rank) {
    if (!peers_[rank].joined) continue;
    const WorkerId worker{static_cast<std::uint32_t>(rank)};
    sched::WorkerDescription description = peers_[rank].description;
    description.hosts_scheduler = rank == 0;
    // Results of calls that are held there take room too.
    if (calls_) description.memory_limit -= std::min(Bytes{description.memory_limit.value / 2}, calls_->held_bytes(worker));
    if (rank == 0) description.memory_limit -= std::min(Bytes{description.memory_limit.value / 8 * 7}, run.held_by_script);
    run.scheduler->on_worker_joined(exec::now(), worker, description, run.actions);
  }
  run.scheduler->start(exec::now(), run.actions);
  apply(run);
  // A worker that is lost while values are fetched or outputs closed may have had what nobody else has: then it goes on.
  do {
    until(&run, [&] { return run.ended; });
    if (run.scheduler->succeeded()) fetch_values(run);
    if (run.ended && run.scheduler->succeeded()) close_outputs(run, true);
  } while (!run.ended || (run.scheduler->succeeded() && run.must_close));
}

void Session::end_run(CurrentRun& run) {
  for (int rank = 0; rank < transport_.size(); ++rank)
    if (peers_[static_cast<std::size_t>(rank)].joined && rank != 0) send(run.id, rank, wire::EndRun{});
  // At once: the script may want the memory of its blocks before the next run.
  if (own_worker_ && peers_[0].joined) own_worker_->handle(0, wire::Decoded{run.id, wire::EndRun{}});
}

/// Enters the reports that have arrived since the last call, of all workers together, and sends what follows.
void Session::apply(CurrentRun& run) {
  if (!run.reports.empty()) run.scheduler->on_tasks_finished(exec::now(), run.reports, run.actions);
  run.reports.clear();
  // Releases go first: a batch may hold the release of an output and the order to compute it again (a loss was
  // noticed in between), and memory is given back before more is asked for.
  const auto flush = [&](std::size_t worker) {
    const int rank = static_cast<int>(worker);
    if (!run.released[worker].tasks.empty()) send(run.id, rank, run.released[worker]);
    run.released[worker].tasks.clear();
    if (!run.assigned[worker].tasks.empty()) send(run.id, rank, run.assigned[worker]);
    run.assigned[worker].clear();
  };
  const auto touch = [&](std::size_t worker) {
    if (run.released[worker].tasks.empty() && run.assigned[worker].tasks.empty()) run.touched.push_back(worker);
  };
  for (const sched::Action& action : run.actions.list) {
    if (const auto* assign = std::get_if<sched::Assign>(&action)) {
      touch(assign->worker.value);
      run.assigned[assign->worker.value].add(*assign, run.actions.inputs(*assign));
    } else if (const auto* release = std::get_if<sched::Release>(&action)) {
      touch(release->worker.value);
      const auto tasks = run.actions.tasks(*release);
      auto& batch = run.released[release->worker.value].tasks;
      batch.insert(batch.end(), tasks.begin(), tasks.end());
    } else if (const auto* recall = std::get_if<sched::Recall>(&action)) {
      flush(recall->worker.value);  // whatever was assigned before must arrive before
      send(run.id, static_cast<int>(recall->worker.value), wire::Recall{recall->task, recall->attempt});
    } else if (const auto* copy = std::get_if<sched::KeepCopy>(&action)) {
      send(run.id, static_cast<int>(copy->worker.value), wire::KeepCopy{copy->task, copy->from, copy->bytes});
      ++(copy->from == copy->worker ? copies_taken_ : copies_);
    } else if (const auto* timer = std::get_if<sched::SetTimer>(&action)) {
      run.timer = timer->at;
    } else if (!std::holds_alternative<sched::TaskErred>(action)) {
      run.ended = true;  // RunSucceeded, RunFailed
    }
  }
  run.actions.clear();
  for (const std::size_t worker : run.touched) flush(worker);
  run.touched.clear();
}

void Session::until(CurrentRun* run, const std::function<bool()>& done) {
  transport::Backoff backoff(notifier_, transport_.wakes_on_arrival());
  transport::Frame frame;
  while (!done()) {
    bool active = false;
    while (transport_.poll(frame)) {
      active = true;
      handle(run, frame);
    }
    if (own_worker_ && own_worker_->pump()) active = true;
    if (saves_calls()) pump_calls(run);
    if (calls_ && calls_->turn()) active = true;
    look_for_losses(run);
    if (own_opener_ && own_opener_->pump([&](const auto& opened) { if (opening_) opening_->on_opened(0, opened); })) active = true;
    throw_if_interrupted();
    if (run != nullptr && !run->room_wanted.empty()) watch_full_disk(*run);
    if (run != nullptr && run->checkpointer) pump_checkpoints(*run);
    std::optional<Instant> deadline;
    if (run != nullptr && run->scheduler && !run->ended) {
      const Instant now = exec::now();
      if (run->timer && now >= *run->timer) {
        run->timer.reset();
        run->scheduler->on_timer(now, run->actions);
        active = true;
      }
      apply(*run);
      show_progress(run);
      deadline = Instant{now.ns + 100'000'000};  // the progress line moves even when nothing happens
      if (run->timer) deadline = std::min(*deadline, *run->timer);
    }
    if (run == nullptr && (opening_ || calls_)) show_progress(nullptr);
    if (calls_ && calls_->deadline()) deadline = deadline ? std::min(*deadline, *calls_->deadline()) : calls_->deadline();
    if (active) backoff.reset();
    else if (!done()) backoff.wait(deadline ? deadline : Instant{exec::now().ns + 100'000'000});
  }
}

void Session::handle(CurrentRun* run, const transport::Frame& frame) {
  const wire::Decoded decoded = wire::decode(frame.bytes);
  heartbeats_.heard(frame.from, exec::now());
  const auto rank = static_cast<std::size_t>(frame.from);
  const WorkerId worker{static_cast<std::uint32_t>(frame.from)};
  if (const auto* hello = std::get_if<wire::Hello>(&decoded.message)) {
    if (hello->program_version != program_version)
      throw Error(ExitCode::usage, "rank " + std::to_string(frame.from) + " on " + hello->node + " runs rankine " +
                                       hello->program_version + ", rank 0 runs " + program_version +
                                       "; start one and the same program on every node");
    peers_[rank].node_name = hello->node;
    peers_[rank].memory_limit = hello->memory_limit;
    peers_[rank].program_bytes = hello->program_bytes;
    peers_[rank].description = {0, hello->threads, memory_budget(hello->memory_limit, hello->program_bytes)};
    peers_[rank].resources = hello->resources;
    note_scratch(frame.from, hello->scratch, hello->scratch_note);
    peers_[rank].joined = true;
    return;
  }
  if (const auto* counters = std::get_if<wire::Counters>(&decoded.message)) {
    peers_[rank].counters = *counters;
    return;
  }
  if (const auto* opened = std::get_if<wire::FilesOpened>(&decoded.message)) {
    if (opening_) opening_->on_opened(frame.from, *opened);
    return;
  }
  if (calls_ && decoded.run == calls_->id()) {
    if (!calls_->handle(frame.from, decoded) && own_worker_) own_worker_->handle(frame.from, decoded);
    for (const auto& note : calls_->take_notes()) reporter_.detail(note);
    return;
  }
  if (run == nullptr || decoded.run != run->id) return;
  const Instant now = exec::now();
  if (const auto* ready = std::get_if<wire::PlanReady>(&decoded.message)) {
    run->preparing.erase(frame.from);
    if (!ready->error.empty()) {
      run->plan_error = "rank " + std::to_string(frame.from) + " cannot take the plan: " + ready->error;
    } else if (ready->task_count != run->graph->task_count()) {
      run->plan_error = "rank " + std::to_string(frame.from) + " lowered the plan to another number of tasks";
    }
  } else if (const auto* batch = std::get_if<wire::FinishedBatch>(&decoded.message)) {
    for (const auto& task : batch->tasks) {
      run->reports.push_back({worker, task.task, task.attempt, task.bytes, task.duration_us});
      report::LayerSummary& layer = layers_[run->first_layer + run->graph->layer_of(task.task).id.value];
      ++layer.tasks;
      layer.busy_s += task.duration_us * 1e-6;
      layer.made += task.bytes;
      if (run->checkpointer) note_finished(*run, worker, task.task);
    }
    if (!run->written.empty()) note_written(*run, frame.from, *batch);
    if (!faulty_->is_idle()) {
      for (const auto& task : batch->tasks)
        if (auto verdict = faulty_->succeeded(task.task, frame.from); !verdict.ranks.empty()) verdicts_.push_back(std::move(verdict));
    }
    if (run->reports.size() >= options_.most_reports) apply(*run);
  } else if (const auto* failed = std::get_if<wire::TaskFailed>(&decoded.message)) {
    apply(*run);  // what this worker reported before
    // Whoever waited for room on a full disk gives up when the run ends for that: no fault of the task.
    if (run->leaving_since && failed->exit_code == static_cast<std::uint32_t>(ExitCode::output)) return;
    run->failure_codes[failed->task] = static_cast<ExitCode>(failed->exit_code);
    if (!failed->permanent) faulty_->failed(failed->task, frame.from, failed->message);
    ++retries_;
    reporter_.detail("task " + run->graph->describe(failed->task) + ", attempt " + std::to_string(failed->attempt) +
                     " on worker " + std::to_string(frame.from) + ": " + failed->message);
    run->scheduler->on_task_failed(now, worker, failed->task, failed->attempt, failed->message, failed->permanent, run->actions);
    apply(*run);
  } else if (const auto* lost = std::get_if<wire::BlocksLost>(&decoded.message)) {
    note_blocks_lost(*run, worker, *lost);
  } else if (const auto* missing = std::get_if<wire::InputMissing>(&decoded.message)) {
    apply(*run);
    run->scheduler->on_input_missing(now, worker, missing->task, missing->attempt, missing->input, run->actions);
    apply(*run);
  } else if (const auto* answer = std::get_if<wire::RecallAnswer>(&decoded.message)) {
    apply(*run);
    run->scheduler->on_recall_answered(now, worker, answer->task, answer->attempt, answer->granted, run->actions);
    apply(*run);
  } else if (const auto* closed = std::get_if<wire::OutputsClosed>(&decoded.message)) {
    if (closed->sequence != run->close_sequence) return;
    run->open_workers.erase(frame.from);
    if (closed->error.empty()) note_on_disk(*run, frame.from);
    if (!closed->error.empty() && run->close_error.empty()) {
      run->close_error = closed->error;
      run->close_code = static_cast<ExitCode>(closed->exit_code);
    }
  } else if (const auto* wanted = std::get_if<wire::RoomWanted>(&decoded.message)) {
    note_room_wanted(*run, frame.from, *wanted);
  } else if (const auto* saved = std::get_if<wire::BlocksSaved>(&decoded.message)) {
    note_blocks_saved(*run, worker, *saved);
  } else if (const auto* note = std::get_if<wire::Note>(&decoded.message)) {
    reporter_.detail(note->text);
  } else if (const auto* reply = std::get_if<wire::BlockReply>(&decoded.message); reply != nullptr && run->asked.contains(reply->task)) {
    enter_value(*run, reply->task, *decode_block(reply->head, reply->payload));
  } else if (const auto* refused = std::get_if<wire::BlockRefused>(&decoded.message);
             refused != nullptr && run->asked.contains(refused->task)) {
    // What cannot be read back from scratch is lost, and the worker says so; until then it is asked again.
    if (run->scheduler->holder(refused->task) != worker) {
      run->asked.erase(refused->task);
      run->to_fetch.push_back(refused->task);
    }
    else if (peers_[rank].description.scratch.value != 0) send(run->id, frame.from, wire::BlockRequest{refused->task});
    else throw Error(ExitCode::internal, "worker " + std::to_string(frame.from) + " no longer has a finished value");
  } else if (own_worker_) {
    own_worker_->handle(frame.from, decoded);
  }
}

void Session::close_outputs(CurrentRun& run, bool keep) {
  if (!keep) run.abandoned = run.ended = true;
  run.must_close = false;
  run.open_workers.clear();
  ++run.close_sequence;
  for (int rank = 0; rank < transport_.size(); ++rank) {
    if (!peers_[static_cast<std::size_t>(rank)].joined) continue;
    run.open_workers.insert(rank);
    if (keep) send(run.id, rank, wire::CloseOutputs{true, run.close_sequence});
    else send(run.id, rank, wire::Abort{run.close_sequence});
  }
  const Instant begin = exec::now();
  until(&run, [&] {
    return run.open_workers.empty() || (!keep && exec::seconds_between(begin, exec::now()) > abort_grace_s);
  });
}

void Session::begin_layers(CurrentRun& run) {
  run.first_layer = layers_.size();
  for (const plan::Layer& layer : run.graph->layers()) {
    const std::string variable = layer.sink < 0 ? "" : run.graph->logical().sinks[static_cast<std::size_t>(layer.sink)].name;
    layers_.push_back({layer.name + (variable.empty() ? "" : " of " + variable), 0, 0, {}});
  }
}

/// Of a plan, of files that are being opened, or of calls.
void Session::show_progress(const CurrentRun* run) {
  report::ProgressState state;
  if (run != nullptr) {
    state.tasks_done = run->scheduler->finished_count();
    state.tasks_total = run->scheduler->task_count();
    state.tasks_retried = retries_;
  } else if (opening_) {
    state.what = "files opened";
    state.tasks_done = opening_->answered_count();
    state.tasks_total = opening_->size();
  } else {
    state.tasks_done = calls_->done_count();
    state.tasks_total = calls_->task_count();
    state.tasks_retried = calls_->failed_attempts();
  }
  for (std::size_t rank = 0; rank < peers_.size(); ++rank) {
    if (!peers_[rank].joined) continue;
    state.bytes_read += peers_[rank].counters.bytes_read;
    state.bytes_decoded += peers_[rank].counters.bytes_decoded;
    state.bytes_written += peers_[rank].counters.bytes_written;
    const WorkerId worker{static_cast<std::uint32_t>(rank)};
    const Bytes held = run != nullptr ? run->scheduler->held_bytes(worker) : calls_ ? calls_->held_bytes(worker) : Bytes{};
    state.memory_held = std::max(state.memory_held, held);
    state.memory_limit = peers_[rank].memory_limit;
    ++state.workers;
  }
  const Instant now = exec::now();
  state.elapsed_s = exec::seconds_between(started_, now);
  reporter_.progress(state, now);
}

report::RunSummary Session::summary() const {
  report::RunSummary summary;
  summary.wall_s = exec::seconds_between(started_, exec::now());
  summary.tasks_s = tasks_s_;
  const std::uint64_t spared = calls_ ? calls_->spared_count() : 0;
  summary.tasks = tasks_ + (calls_ ? std::max<std::uint64_t>(calls_->done_count(), spared) - spared : 0);
  summary.tasks_known = tasks_known_ + (calls_ ? calls_->task_count() - spared : 0);
  summary.retries = retries_ + (calls_ ? calls_->failed_attempts() : 0);
  summary.outputs = output_paths_;
  for (const auto& layer : layers_) {
    const auto same = std::find_if(summary.layers.begin(), summary.layers.end(), [&](const auto& one) { return one.name == layer.name; });
    if (same == summary.layers.end()) {
      summary.layers.push_back(layer);
      continue;
    }
    same->tasks += layer.tasks;
    same->busy_s += layer.busy_s;
    same->made += layer.made;
  }
  for (std::size_t rank = 0; rank < peers_.size(); ++rank) {
    const Peer& peer = peers_[rank];
    report::RankSummary line;
    line.rank = static_cast<int>(rank);
    line.node_name = rank == 0 ? options_.node_name : peer.node_name;
    line.threads = peer.joined ? peer.description.threads : 0;
    line.busy_s = static_cast<double>(peer.counters.busy_ns) * 1e-9;
    line.tasks = peer.counters.tasks_run;
    line.peak_rss = rank == 0 ? exec::peak_rss() : peer.counters.peak_rss;
    line.peak_blocks = peer.counters.peak_held;
    summary.ranks.push_back(line);
    summary.bytes_read += peer.counters.bytes_read;
    summary.bytes_decoded += peer.counters.bytes_decoded;
    summary.bytes_written += peer.counters.bytes_written;
    summary.bytes_spilled += peer.counters.bytes_spilled;
    summary.bytes_unspilled += peer.counters.bytes_unspilled;
    summary.decode_s += static_cast<double>(peer.counters.decode_ns) * 1e-9;
  }
  return summary;
}

void Session::shutdown() noexcept {
  if (!leaving_) await_calls_checkpoint();
  leaving_ = true;
  try {
    for (int rank = 1; rank < transport_.size(); ++rank)
      if (!peers_[static_cast<std::size_t>(rank)].lost) send({}, rank, wire::Shutdown{});
    const Instant begin = exec::now();
    while (!transport_.idle() && exec::seconds_between(begin, exec::now()) < abort_grace_s) {
      transport_.progress();
      if (options_.watch == nullptr || !options_.watch->has_deaths()) continue;
      for (const auto& death : options_.watch->take_deaths()) {
        transport_.forget(death.rank);
        note_loss(death);
      }
    }
  } catch (const std::exception&) {
    // The launcher ends ranks that cannot be told.
  }
}

}  // namespace rankine::runtime
