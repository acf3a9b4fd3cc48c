// Custom graphs: the job's one run of calls, and what a later job can take over of it.
#include <algorithm>
#include <utility>

#include "exec/clock.hpp"
#include "runtime/current_run.hpp"

namespace rankine::runtime {
namespace {

/// Results that are being saved when the job ends get so long to be on disk.
constexpr double save_grace_s = 5;

}  // namespace


Calls& Session::calls() {
  if (calls_) return *calls_;
  if (options_.own_worker.library == nullptr) throw Error(ExitCode::internal, "the job was started without task functions");
  wait_for_workers();
  warn_of_little_memory();
  if (directory_) take_up_earlier_calls();
  CallRunOptions options;
  options.most_reports = options_.most_reports;
  options.max_worker_kills = options_.max_worker_kills;
  options.keeps_progress = directory_ != nullptr && keeps_calls_;
  calls_ = std::make_unique<CallRun>(
      wire::RunId{++last_run_}, *options_.own_worker.library, options,
      CallRun::Link{[this](int rank, std::vector<std::byte> frame) { transport_.send(rank, std::move(frame)); },
                    [this](const std::function<bool()>& done) { until(nullptr, done); }});
  if (saves_calls() && directory_->is_open()) calls_->progress()->take_over(directory_->earlier_calls());
  next_calls_checkpoint_ = Instant{exec::now().ns + static_cast<std::int64_t>(options_.checkpoint_every_s * 1e9)};
  for (std::size_t rank = 0; rank < peers_.size(); ++rank)
    if (peers_[rank].joined) {
      sched::WorkerDescription description = peers_[rank].description;
      description.hosts_scheduler = rank == 0;
      calls_->on_worker_joined(static_cast<int>(rank), description, peers_[rank].resources);
    }
  calls_->start();
  return *calls_;
}

/// A directory that the user has named, or that an earlier job left, is opened at once; another one when there is something to
/// put into it. Where it is another run's, calls go on without: nothing that they do gets into that one's way.
void Session::take_up_earlier_calls() {
  if (directory_->is_open()) return;
  if (!directory_->is_named() && !directory_->is_there_for_calls()) return;
  if (!open_directory_for_calls()) return;
  if (!directory_->resumes()) return;
  reporter_.note("goes on with the run in " + directory_->path());
}

bool Session::open_directory_for_calls() {
  if (directory_->is_open()) return true;
  try {
    directory_->open_for_calls();
    if (options_.on_run_directory) options_.on_run_directory(*directory_);
    return true;
  } catch (const OutputError& error) {
    if (directory_->is_named()) throw;
    reporter_.warning(std::string("results of tasks are not kept: ") + error.what());
  } catch (const journal::InUse& error) {
    if (directory_->is_named()) throw;
    reporter_.warning(std::string("results of tasks are not kept: ") + error.what());
  }
  keeps_calls_ = false;
  if (calls_) calls_->end_progress();
  return false;
}

void Session::check_interrupt() {
  if (is_asked_to_leave() && must_save_calls() && !stopping_) until(nullptr, [] { return false; });
  throw_if_interrupted();
}

void Session::pump_calls(const CurrentRun* run) {
  if (stopping_ || leaving_) return;
  CallProgress& progress = *calls_->progress();
  const Instant now = exec::now();
  if (directory_->is_open()) beat();
  // A plan that keeps its own progress says so itself, and ends the job when both are safe.
  const bool is_alone = run == nullptr || !run->checkpointer;
  // A plan that meets a full disk leaves without having been asked to.
  const bool plan_leaves = run != nullptr && run->leaving_since.has_value();
  if (!calls_leaving_since_ && (plan_leaves || is_asked_to_leave())) {
    calls_leaving_since_ = now;
    calls_->pause();
    reporter_.clear_line();
    if (is_alone) reporter_.warning("asked to end: no further tasks are started, what is done is saved");
  }
  if (progress.has_answers()) end_calls_checkpoint();
  if (progress.is_under_way()) return;
  if (calls_leaving_since_ && !calls_saved_) {
    // What runs may finish, for half of the time that there is.
    const bool waited = exec::seconds_between(*calls_leaving_since_, now) > options_.drain_s / 2;
    if (calls_->is_idle() || waited) begin_calls_checkpoint(true);
  } else if (!calls_leaving_since_ && (now >= next_calls_checkpoint_ || progress.is_due())) {
    begin_calls_checkpoint(false);
  }
  if (calls_saved_ && is_alone) leave_calls();
}

void Session::begin_calls_checkpoint(bool last) {
  last_calls_checkpoint_ = last;
  CallProgress& progress = *calls_->progress();
  const auto path_of = [&](int rank) { return directory_->blocks_path(rank, calls_->id().value, progress.sequence()); };
  if (!calls_->prepare_checkpoint(last ? CallProgress::Choice::all : CallProgress::Choice::expensive)) return end_calls_checkpoint();
  if (!open_directory_for_calls()) {
    calls_saved_ = last;
    return;
  }
  calls_->order_checkpoint(path_of);
  // What the program has fetched is here already.
  const auto fetched = progress.fetched();
  if (fetched.empty()) return;
  const std::string path = path_of(0) + "-fetched";
  std::vector<std::pair<TaskId, PayloadSource>> results;
  for (const auto& [task, result] : fetched) results.emplace_back(task, [result = result] { return SavedPayload{{}, result}; });
  try {
    progress.on_fetched_saved({0, {path}, {}, save_payloads(path, results)});
  } catch (const OutputError& error) {
    reporter_.warning(std::string("the checkpoint failed: ") + error.what());
    progress.on_fetched_saved({});
  }
}

/// Once all have answered, or nobody was asked.
void Session::end_calls_checkpoint() {
  CallProgress& progress = *calls_->progress();
  next_calls_checkpoint_ = Instant{exec::now().ns + static_cast<std::int64_t>(options_.checkpoint_every_s * 1e9)};
  if (progress.is_under_way()) {
    std::vector<std::string> errors;
    journal::CallsRecord record = progress.take(errors);
    for (const auto& error : errors) reporter_.warning("the checkpoint failed on " + error);
    reporter_.detail("checkpoint: " + std::to_string(record.saved.size()) + " results of calls are safe");
    if (!record.saved.empty() || !record.done.empty()) unnoted_calls_.push_back(std::move(record));
  }
  try {
    for (; !unnoted_calls_.empty(); unnoted_calls_.erase(unnoted_calls_.begin())) directory_->note_calls(unnoted_calls_.front());
  } catch (const OutputError& error) {
    reporter_.warning(std::string("the checkpoint is not noted yet: ") + error.what());
  }
  if (last_calls_checkpoint_) calls_saved_ = true;
}

/// Before the job ends: a worker that still saves results would put a file into a directory that is being removed.
void Session::await_calls_checkpoint() noexcept {
  if (!saves_calls() || !calls_->progress()->is_under_way()) return;
  const bool was_stopping = std::exchange(stopping_, true);
  try {
    const Instant begin = exec::now();
    until(nullptr, [&] { return calls_->progress()->has_answers() || exec::seconds_between(begin, exec::now()) > save_grace_s; });
  } catch (const std::exception&) {
    // Without workers there is nobody to wait for.
  }
  stopping_ = was_stopping;
}

void Session::leave_calls() const {
  if (!directory_->is_open()) throw Error(ExitCode::resumable, "ended as asked; nothing was saved yet: run it again");
  const CallProgress& progress = *calls_->progress();
  const std::uint64_t kept = progress.saved_count() + progress.earlier_count();
  throw Error(ExitCode::resumable, "ended as asked, with " + std::to_string(calls_->finished_count()) + " of " +
                                       std::to_string(calls_->task_count()) + " tasks done and the results of " + std::to_string(kept) +
                                       " kept; " + directory_->how_to_go_on());
}

}  // namespace rankine::runtime
