// Ranks that die, hang or cannot be reached: the run goes on without them.
#include <sys/wait.h>

#include <algorithm>
#include <utility>

#include "base/check.hpp"
#include "exec/clock.hpp"
#include "runtime/current_run.hpp"

namespace rankine::runtime {
namespace {

/// A supervisor that was told to end its rank gets so long to say that it did.
constexpr double kill_grace_s = 2;
/// And the ranks of its node, when it does not, so long to see to it.
constexpr double neighbours_grace_s = 2;

/// What the dead rank was running of one run.
std::vector<TaskId> running_of(const transport::PeerDeath& death, wire::RunId run) {
  std::vector<TaskId> tasks;
  for (const std::uint64_t label : death.running)
    if (label >> 32 == run.value) tasks.push_back({static_cast<std::uint32_t>(label)});
  return tasks;
}

}  // namespace

void Session::look_for_losses(CurrentRun* run) {
  if (options_.watch != nullptr && options_.watch->has_deaths())
    for (const auto& death : options_.watch->take_deaths()) lose(run, death);
  for (const auto& verdict : std::exchange(verdicts_, {})) quarantine(run, verdict);
  const Instant now = exec::now();
  for (const int rank : heartbeats_.overdue(now)) {
    Peer& peer = peers_[static_cast<std::size_t>(rank)];
    const bool can_be_killed = options_.watch != nullptr && options_.watch->watches(rank);
    if (can_be_killed && !peer.kill_ordered) {
      // Fenced first: what is ended for sure cannot write any more.
      peer.kill_ordered = now;
      options_.watch->order_kill(rank);
    } else if (can_be_killed && exec::seconds_between(*peer.kill_ordered, now) <= kill_grace_s) {
      continue;
    } else if (can_be_killed && !peer.neighbours_told) {
      // Stopped with its rank, perhaps: then another rank of the node can do it, and the supervisor tells of it.
      peer.neighbours_told = now;
      if (options_.end_neighbour) options_.end_neighbour(rank);
      for (int other = 1; other < transport_.size(); ++other)
        if (other != rank && !peers_[static_cast<std::size_t>(other)].lost) send({}, other, wire::EndNeighbour{static_cast<std::uint32_t>(rank)});
    } else if (!can_be_killed || exec::seconds_between(*peer.neighbours_told, now) > neighbours_grace_s) {
      lose(run, {rank, false, 0, {}});
    }
  }
}

/// What is computed there is not to be trusted to arrive: these ranks are ended, and the run goes on as after a loss.
void Session::quarantine(CurrentRun* run, const FaultyPlaces::Verdict& verdict) {
  const std::string where = verdict.node.empty() ? "rank " + std::to_string(verdict.ranks[0]) : "node " + verdict.node;
  const std::string why = std::to_string(verdict.failures) + " tasks failed there that succeeded elsewhere, the last with: " + verdict.message;
  std::size_t dispensable = 0;
  for (const int rank : verdict.ranks) dispensable += rank != 0 && peers_[static_cast<std::size_t>(rank)].joined;
  if (dispensable == 0 || dispensable >= live_workers()) {
    reporter_.warning(where + " should not be used, but the run cannot do without: " + why);
    return;
  }
  for (const int rank : verdict.ranks) {
    if (rank == 0 || !peers_[static_cast<std::size_t>(rank)].joined) continue;
    if (options_.watch != nullptr) options_.watch->order_kill(rank);
    lose(run, {rank, false, 0, {}}, "is not used any more: " + why);
  }
}

void Session::note_loss(const transport::PeerDeath& death, const std::string& how) {
  const Peer& peer = peers_[static_cast<std::size_t>(death.rank)];
  const bool left_in_order = leaving_ && death.confirmed && WIFEXITED(death.wait_status) && WEXITSTATUS(death.wait_status) == 0;
  if (left_in_order || peer.lost) return;
  LostRank loss;
  loss.rank = death.rank;
  loss.node_name = peer.node_name;
  loss.how = !how.empty() ? how : peer.kill_ordered ? "did not answer for " + std::to_string(options_.heartbeats.timeout_ms / 1000) + " s and was ended"
                               : describe_death(death);
  loss.at_s = exec::seconds_between(started_, exec::now());
  losses_.push_back(loss);
  peers_[static_cast<std::size_t>(death.rank)].lost = true;
}

void Session::lose(CurrentRun* run, const transport::PeerDeath& death, const std::string& how) {
  Peer& peer = peers_[static_cast<std::size_t>(death.rank)];
  if (death.rank == 0 || peer.lost) return;
  note_loss(death, how);
  const bool worked = std::exchange(peer.joined, false);
  transport_.forget(death.rank);
  heartbeats_.forget(death.rank);
  reporter_.clear_line();
  reporter_.warning("lost rank " + std::to_string(death.rank) + (peer.node_name.empty() ? "" : " on " + peer.node_name) + ": it " +
                    losses_.back().how + "; the run goes on with " + std::to_string(live_workers()) +
                    (live_workers() == 1 ? " worker" : " workers"));
  for (int rank = 1; rank < transport_.size(); ++rank)
    if (!peers_[static_cast<std::size_t>(rank)].lost) send({}, rank, wire::PeerLost{static_cast<std::uint32_t>(death.rank)});
  if (own_worker_) own_worker_->on_peer_lost(death.rank);
  if (opening_) opening_->on_peer_lost(death.rank);
  if (calls_) {
    calls_->on_worker_lost(death.rank, running_of(death, calls_->id()), losses_.back().how);
    if (live_workers() == 0) {
      if (const std::string cause = calls_->cause_of_all(losses_.size()); !cause.empty())
        throw Error(ExitCode::task_failed, "no worker is left: each died while it ran task " + cause);
      throw_no_worker_left(run);
    }
  }
  if (run == nullptr) return;

  run->preparing.erase(death.rank);
  run->room_wanted.erase(death.rank);
  run->open_workers.erase(death.rank);
  std::erase_if(run->asked, [&](const auto& value) { return value.second == death.rank; });
  if (!worked || run->abandoned) return;
  if (!run->scheduler) {
    if (live_workers() == 0) throw_no_worker_left(run);
    return;
  }
  apply(*run);  // what was reported before
  const WorkerId worker{static_cast<std::uint32_t>(death.rank)};
  renew_owned_outputs(*run, worker, !death.confirmed);
  note_kills(*run, death);
  const bool was_under_way = run->checkpointer && run->checkpointer->is_under_way();
  if (run->checkpointer) run->checkpointer->on_worker_lost(worker);
  run->done_before_loss = run->done_count();
  run->scheduler->on_worker_lost(exec::now(), worker, run->actions, running_of(death, run->id), losses_.back().how);
  // A node that loses its power takes with it what it had not written to disk yet; a process does not.
  if (!death.confirmed) run->scheduler->on_effects_lost(exec::now(), unsafe_writes(*run, death.rank), run->actions);
  const std::uint64_t taken = copies_taken_;
  note_whether_ended(*run);
  apply(*run);
  if (copies_taken_ != taken) reporter_.detail(std::to_string(copies_taken_ - taken) + " results that it held are there for the second time");
  if (was_under_way) end_checkpoint(*run);
}

/// A run that goes on writes again, maybe where outputs are closed already.
void Session::note_whether_ended(CurrentRun& run) {
  run.ended = run.scheduler->failed() || run.scheduler->succeeded();
  run.must_close = run.must_close || !run.ended;
}

/// Of a job that is ended from outside the ranks die too, through no task's fault.
void Session::note_kills(CurrentRun& run, const transport::PeerDeath& death) {
  if (!run.checkpointer || is_asked_to_leave()) return;
  try {
    for (const TaskId task : running_of(death, run.id)) {
      run.killers.insert(task);
      directory_->note_kill({run.id.value, task, static_cast<std::uint32_t>(death.rank), losses_.back().how});
    }
  } catch (const OutputError& error) {
    reporter_.warning(std::string("a job that goes on will not know of this loss: ") + error.what());
  }
}

void Session::note_written(CurrentRun& run, int rank, const wire::FinishedBatch& batch) {
  for (const auto& task : batch.tasks)
    for (auto& layer : run.written)
      if (const std::uint32_t at = task.task.value - layer.first_task; task.task.value >= layer.first_task && at < layer.rank.size())
        layer.rank[at] = rank;
}

void Session::note_on_disk(CurrentRun& run, int rank) {
  for (auto& layer : run.written) std::replace(layer.rank.begin(), layer.rank.end(), rank, -1);
}

std::vector<TaskId> Session::unsafe_writes(const CurrentRun& run, int rank) const {
  std::vector<TaskId> tasks;
  for (const auto& layer : run.written)
    for (std::size_t i = 0; i < layer.rank.size(); ++i)
      if (layer.rank[i] == rank) tasks.push_back({layer.first_task + static_cast<std::uint32_t>(i)});
  return tasks;
}

/// A file that is written by one owner starts anew with the next one: nobody knows in which state the last has left it.
void Session::renew_owned_outputs(CurrentRun& run, WorkerId owner, bool owner_may_live) {
  std::vector<char> renewed(run.plan->outputs.size(), 0);
  for (const auto& layer : run.graph->layers()) {
    if (layer.pin.value == 0 || run.scheduler->group_worker(layer.pin) != owner) continue;
    const std::uint32_t output = run.graph->logical().sinks[static_cast<std::size_t>(layer.sink)].output;
    if (std::exchange(renewed[output], 1)) continue;
    if (run.checkpointer) {
      const std::string& path = run.plan->outputs[output].temporary_path;
      directory_->note_void(path);
      // Said to be safe and not noted yet: noted behind the record above, it would be believed.
      run.checkpointer->on_file_void(path);
      for (auto& record : run.unnoted) journal::drop_file(record, path);
    }
    store::renew_output((*run.outputs)[output], run.plan->outputs[output], owner_may_live);
  }
}

std::size_t Session::live_workers() const {
  return static_cast<std::size_t>(std::count_if(peers_.begin(), peers_.end(), [](const Peer& peer) { return peer.joined; }));
}

void Session::throw_no_worker_left(const CurrentRun* run) const {
  std::string text = "no worker is left:";
  for (const auto& loss : losses_) text += " rank " + std::to_string(loss.rank) + " " + loss.how + ";";
  const std::uint64_t done = tasks_ + (run != nullptr ? run->done_count() : 0) + (calls_ ? calls_->done_count() : 0);
  const std::uint64_t known = tasks_known_ + (calls_ ? calls_->task_count() : 0);
  if (known != 0) text += " " + std::to_string(done) + " of " + std::to_string(known) + " tasks were done;";
  if (run != nullptr)
    for (const auto& kill : run->earlier_kills)
      if (run->killers.contains(kill.task))
        throw Error(ExitCode::resources, text + " task " + run->graph->describe(kill.task) + " was running then, and when a rank " + kill.how +
                                             " in an earlier job: it would come again. Give each rank more memory (fewer ranks a node, a larger "
                                             "allocation), lower --memory-limit, or use smaller chunks (chunks={...}); then " +
                                             directory_->how_to_go_on());
  throw Error(ExitCode::resumable, text + (directory_ && directory_->is_open()
                                               ? " " + directory_->how_to_go_on()
                                               : " nothing is wrong with the script as such: run it again"));
}

}  // namespace rankine::runtime
