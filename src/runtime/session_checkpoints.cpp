// What a later job can go on from: the run directory, checkpoints, and leaving when the time is up.
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <utility>

#include "base/check.hpp"
#include "exec/clock.hpp"
#include "place/own_file.hpp"
#include "runtime/current_run.hpp"
#include "sched/resumed_graph.hpp"

namespace rankine::runtime {
namespace {

namespace fs = std::filesystem;

constexpr double full_disk_drain_s = 4;

/// A later job can go on writing to it. What one owner writes through libhdf5 is in no known state after a crash:
/// such a file is begun anew, with the chunks that lie in the old one.
bool is_kept(const store::OutputTarget& target) {
  for (std::size_t v = 0; v < target.spec.variables.size(); ++v)
    if (target.complete[v] == 0 && !store::any_rank_writes(target, v)) return false;
  return true;
}

/// An earlier job's output in the words of this one, whose names are those of the place where all lies now.
store::OutputTarget as_asked_for(store::OutputTarget target, const array::OutputSpec& output) {
  for (std::size_t v = 0; v < target.spec.variables.size() && v < output.variables.size(); ++v)
    target.spec.variables[v].existing = output.variables[v].existing;
  std::string path = output.path;
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  target.spec.path = path;
  return target;
}

/// What the run directory is named after. Jobs that write regions of one store at the same time have one each, told by
/// where their regions begin: "out.zarr.50-0". Those that replace or append have the store's, which keeps them apart.
std::string run_name(const array::OutputSpec& output) {
  std::string name = output.path;
  while (name.size() > 1 && name.back() == '/') name.pop_back();
  if (output.mode != array::WriteMode::r_plus) return name;
  for (const auto& variable : output.variables) {
    if (variable.existing == nullptr || variable.origin.empty()) continue;
    for (std::size_t axis = 0; axis < variable.origin.size(); ++axis)
      name += (axis == 0 ? "." : "-") + std::to_string(variable.origin[axis]);
    break;
  }
  return name;
}

}  // namespace

/// Where calls came first, theirs is the place where the next job looks first.
bool Session::has_earlier(const std::string& output) const {
  return saves_calls() ? directory_->is_there_for_calls() : directory_->is_there(output);
}

void Session::open_directory(const std::string& output) {
  if (saves_calls()) directory_->open_for_calls();
  else directory_->open(output);
  if (options_.on_run_directory) options_.on_run_directory(*directory_);
  if (directory_->resumes()) reporter_.note("goes on with the run in " + directory_->path());
  if (!directory_->copied_from().empty())
    reporter_.warning(directory_->path() + " is a copy of the run in " + directory_->copied_from() + ", which can be gone on with there; this one begins anew");
}

EarlierRun Session::look_for_earlier(const CurrentRun& run, const plan::LogicalPlan& plan,
                                     const std::vector<array::OutputSpec>& outputs) {
  if (!directory_) return {};
  if (!directory_->is_open()) {
    if (outputs.empty()) return {};   // nothing to lose yet
    if (!has_earlier(run_name(outputs.front())))
      for (const auto& output : outputs) store::check_output(output);
    open_directory(run_name(outputs.front()));
  }
  return directory_->earlier(run.id.value, plan);
}

std::optional<std::int64_t> Session::earlier_append(const std::string& path, std::size_t ordinal,
                                                    const std::vector<array::OutputSpec>& pending) {
  if (!directory_) return std::nullopt;
  if (!directory_->is_open()) {
    const std::string first = pending.empty() ? path : run_name(pending.front());
    if (!has_earlier(first)) return std::nullopt;
    open_directory(first);
  }
  return directory_->append_begin(path, ordinal);
}

/// For as long as the plan runs no other run writes to its outputs, whatever its run directory is.
std::vector<store::OutputLock> Session::lock_outputs(const std::vector<array::OutputSpec>& outputs) {
  std::vector<store::OutputLock> locks;
  const std::string who = journal::describe(journal::this_process());
  for (const auto& output : outputs) {
    try {
      locks.emplace_back(output, who);
    } catch (const UsageError&) {
      // What an earlier job has done is gone on with when the other run has ended.
      if (directory_ && directory_->is_open() && directory_->resumes()) directory_->keep();
      throw;
    }
    if (!locks.back().why_not().empty() && !std::exchange(said_no_locks_, true))
      reporter_.note("see to it that no other run writes to " + output.path + " at the same time: " + locks.back().why_not());
  }
  return locks;
}

std::vector<NdArray> Session::take_earlier(const EarlierRun& earlier, const std::vector<array::OutputSpec>& outputs) {
  for (const auto& target : earlier.targets) {
    // The job may have ended between the last byte and the name.
    if (store::is_unfinished(target)) store::finish_commit(target);
    else if (!fs::exists(target.spec.path))
      directory_->refuse("its output " + target.spec.path + " has gone");
  }
  for (const auto& output : outputs) output_paths_.push_back(output.path);
  return earlier.values;
}

std::vector<store::OutputTarget> Session::create_outputs(const std::vector<array::OutputSpec>& outputs,
                                                         const EarlierRun& earlier) {
  std::vector<store::OutputTarget> targets, making;
  std::vector<std::string> tokens(outputs.size());
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (i < earlier.targets.size() && is_kept(earlier.targets[i])) continue;
    tokens[i] = place::unguessable_name();
    making.push_back(store::target_to_make(outputs[i], tokens[i]));
  }
  if (directory_ && directory_->is_open()) directory_->note_making(making);
  try {
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      if (tokens[i].empty()) {
        if (!store::is_unfinished(earlier.targets[i]))
          directory_->refuse("its unfinished output " + earlier.targets[i].temporary_path + " has gone, or is not what it has made");
        const auto& begun = earlier.targets[i].spec;
        if (begun.append_begin != outputs[i].append_begin)
          directory_->refuse(outputs[i].path + " has changed: along " + outputs[i].append_dim + " it had " + std::to_string(begun.append_begin) +
                             " elements before this run appends to it, and has " + std::to_string(outputs[i].append_begin));
        targets.push_back(as_asked_for(earlier.targets[i], outputs[i]));
        if (targets[i].spec.path != begun.path)
          directory_->refuse("its unfinished output " + begun.path + " was left behind when it was moved");
      } else {
        targets.push_back(store::create_output(outputs[i], tokens[i]));
        options_.own_worker.rehearsal.pass(LifePoint::making, 0);
      }
    }
  } catch (...) {
    for (std::size_t i = 0; i < targets.size(); ++i)
      if (i >= earlier.targets.size() || !is_kept(earlier.targets[i])) store::discard_output(targets[i]);
    throw;
  }
  return targets;
}

void Session::prepare_checkpoints(CurrentRun& run, const std::vector<store::OutputTarget>& targets,
                                  const EarlierRun& earlier) {
  for (const auto& target : targets) run.kept_outputs.push_back(is_kept(target) ? 1 : 0);
  run.checkpointer.emplace(run.id.value);
  run.earlier_kills = earlier.kills;
  const std::vector<TaskId> saved = earlier.saved.tasks();
  for (const TaskId task : saved) run.checkpointer->note_saved(task);
  run.next_checkpoint = Instant{exec::now().ns + static_cast<std::int64_t>(options_.checkpoint_every_s * 1e9)};
  if (saved.empty() && earlier.finished.empty()) return;
  const std::uint32_t count = run.graph->task_count();
  if ((!saved.empty() && saved.back().value >= count) || (!earlier.finished.empty() && earlier.finished.back().value >= count))
    directory_->refuse("the computation has other tasks now");
  auto open_graph = std::make_shared<sched::ResumedGraph>(run.graph, earlier.finished, saved);
  reporter_.note("of " + std::to_string(count) + " tasks " + std::to_string(count - open_graph->open_count()) +
                 " need not run again, " + std::to_string(saved.size()) + " results are saved");
  run.open_graph = std::move(open_graph);
}

void Session::note_finished(CurrentRun& run, WorkerId worker, TaskId task) {
  const plan::Layer& layer = run.graph->layer_of(task);
  if (layer.kind != plan::LayerKind::write) return;
  const std::uint32_t output = run.graph->logical().sinks[static_cast<std::size_t>(layer.sink)].output;
  if (run.kept_outputs[output] != 0) run.checkpointer->note_written(worker, task);
}

void Session::note_blocks_saved(CurrentRun& run, WorkerId worker, const wire::BlocksSaved& saved) {
  // After an abort the outputs are discarded, and with them what this says.
  if (!run.checkpointer || run.abandoned || saved.sequence != run.checkpointer->sequence()) return;
  if (saved.error.empty()) {
    run.checkpointer->on_saved(worker, saved.sequence, journal::checkpoint_from(saved.record));
  } else {
    const std::string text = "the checkpoint failed on worker " + std::to_string(worker.value) + ": " + saved.error;
    if (run.room_wanted.empty()) reporter_.warning(text);
    else reporter_.detail(text);  // that the disk is full has been said
    run.checkpointer->on_not_saved(worker, saved.sequence);
  }
  end_checkpoint(run);
}

void Session::keep_progress(RunDirectoryOptions options) { directory_ = std::make_unique<RunDirectory>(std::move(options)); }

bool Session::goes_on(const std::string& first_output) const {
  if (!directory_) return false;
  if (directory_->is_open()) return directory_->resumes();
  std::string name = first_output;
  while (name.size() > 1 && name.back() == '/') name.pop_back();
  return directory_->is_there(name) || directory_->is_there_for_calls();
}

std::unique_ptr<RunDirectory> Session::take_progress() {
  if (!leaving_) await_calls_checkpoint();
  return std::move(directory_);
}

void Session::end_progress(int status) noexcept {
  if (!leaving_) await_calls_checkpoint();
  if (directory_ && status != static_cast<int>(ExitCode::resumable)) directory_->remove();
  directory_.reset();
}

bool Session::is_asked_to_leave() const {
  if (options_.asked_to_leave != nullptr && *options_.asked_to_leave != 0) return true;
  return options_.leave_at &&
         exec::now().ns >= options_.leave_at->ns - static_cast<std::int64_t>(options_.drain_s * 1e9);
}

void Session::beat() {
  const Instant now = exec::now();
  if (exec::seconds_between(last_beat_, now) * 1000 <= journal::RunLock::beat_interval_ms) return;
  last_beat_ = now;
  directory_->beat();
}

void Session::pump_checkpoints(CurrentRun& run) {
  const Instant now = exec::now();
  beat();
  if (!run.scheduler || run.ended || run.abandoned) return;
  if (run.is_saved) {
    if (!must_save_calls()) leave(run);
    return;
  }
  if (!run.leaving_since && is_asked_to_leave()) {
    run.leaving_since = now;
    run.scheduler->pause();
    reporter_.clear_line();
    reporter_.warning("asked to end: no further tasks are started, what is done is saved in " + directory_->path());
  }
  // Tasks that wait for room on a full disk would wait for ever.
  const double drain_s = run.no_room.empty() ? options_.drain_s : std::min(options_.drain_s, full_disk_drain_s);
  if (run.checkpointer->is_under_way()) {
    // It may wait for a thread that waits for room.
    if (run.leaving_since && !run.room_wanted.empty() && exec::seconds_between(*run.leaving_since, now) > drain_s) leave(run);
    return;
  }
  if (run.leaving_since) {
    // What runs may finish, for half of the time that there is.
    const bool waited = exec::seconds_between(*run.leaving_since, now) > drain_s / 2;
    if (run.scheduler->assigned_count() == 0 || waited) begin_checkpoint(run, true);
  } else if (now >= run.next_checkpoint) {
    begin_checkpoint(run, false);
  }
}

void Session::begin_checkpoint(CurrentRun& run, bool last) {
  apply(run);
  std::vector<WorkerId> workers;
  for (std::size_t rank = 0; rank < peers_.size(); ++rank)
    if (peers_[rank].joined) workers.push_back(WorkerId{static_cast<std::uint32_t>(rank)});
  const TaskGraph& graph = run.open_graph ? *run.open_graph : *run.graph;
  const auto orders = run.checkpointer->begin(*run.scheduler, graph, workers,
                                              last ? Checkpointer::Choice::all : Checkpointer::Choice::expensive);
  run.last_checkpoint = last;
  for (const auto& order : orders) {
    const int rank = static_cast<int>(order.worker.value);
    send(run.id, rank, wire::SaveBlocks{run.checkpointer->sequence(),
                                        directory_->blocks_path(rank, run.id.value, run.checkpointer->sequence()),
                                        run.no_room.empty() ? order.tasks : std::vector<TaskId>{}, last});
  }
}

/// Once all have answered.
void Session::end_checkpoint(CurrentRun& run) {
  if (run.checkpointer->is_under_way()) return;
  const journal::CheckpointRecord record = run.checkpointer->take();
  if (!record.done.empty() || !record.saved.empty()) run.unnoted.push_back(record);
  try {
    for (; !run.unnoted.empty(); run.unnoted.erase(run.unnoted.begin())) directory_->note_checkpoint(run.unnoted.front());
  } catch (const OutputError& error) {
    reporter_.warning(std::string("the checkpoint is not noted yet: ") + error.what());
  }
  reporter_.detail("checkpoint: " + std::to_string(record.done.size()) + " parts of outputs and " +
                   std::to_string(record.saved.size()) + " results are safe");
  run.next_checkpoint = Instant{exec::now().ns + static_cast<std::int64_t>(options_.checkpoint_every_s * 1e9)};
  if (!run.last_checkpoint) return;
  run.is_saved = true;
  // What ran until then may have been all that there was to do: its outputs are finished rather than left.
  if (!run.ended && !must_save_calls()) leave(run);
}

void Session::leave(const CurrentRun& run) const {
  if (!run.no_room.empty())
    throw Error(ExitCode::resumable, run.no_room + "; " + std::to_string(run.scheduler->finished_count()) + " of " +
                                         std::to_string(run.scheduler->task_count()) + " tasks are done; make room, then " +
                                         directory_->how_to_go_on());
  throw Error(ExitCode::resumable, "ended as asked, with " + std::to_string(run.scheduler->finished_count()) + " of " +
                                       std::to_string(run.scheduler->task_count()) + " tasks done; " + directory_->how_to_go_on());
}

}  // namespace rankine::runtime
