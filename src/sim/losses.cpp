// What goes wrong: workers that die, alone, together, one after the other, or with their node; and what that takes with it.
#include <algorithm>

#include "sim/simulated_job.hpp"

namespace rankine::sim {

void SimulatedJob::plan_losses() {
  const FaultOptions& faults = options_.faults;
  const std::uint64_t whole_us = 1 + 500ull * graph_->task_count() / options_.worker_count;
  for (std::uint32_t i = 0; i < graph_->task_count(); ++i)
    if (faults.deadly_chance > 0 && prng_.chance(faults.deadly_chance)) deadly_.insert({i});
  const std::uint32_t losses = std::min(faults.lost_workers, options_.worker_count);
  std::vector<std::uint32_t> ranks;
  for (std::uint32_t rank = 1; rank <= options_.worker_count; ++rank) ranks.push_back(rank);
  const std::uint64_t burst_us = faults.losses_within_us == 0 ? 0 : prng_.below(whole_us);
  for (std::uint32_t k = 0; k < losses; ++k) {
    const std::size_t chosen = prng_.below(ranks.size());
    const std::uint64_t at_us = faults.losses_within_us == 0 ? prng_.below(whole_us) : burst_us + prng_.below(faults.losses_within_us);
    if (may_die(ranks[chosen])) doom(ranks[chosen], static_cast<std::int64_t>(at_us) * ns_per_us);
    ranks.erase(ranks.begin() + static_cast<std::ptrdiff_t>(chosen));
  }
  for (std::uint32_t k = 0; k < faults.lost_nodes; ++k)
    post(static_cast<std::int64_t>(prng_.below(whole_us)) * ns_per_us,
         {.kind = Event::Kind::node_dies, .to = static_cast<std::uint32_t>(prng_.below(options_.node_count))});
  if (ends_) post(static_cast<std::int64_t>(prng_.below(whole_us)) * ns_per_us, {.kind = Event::Kind::job_ends});
}

/// One lives on, except in a job that another one goes on with.
bool SimulatedJob::may_die(std::uint32_t rank) const {
  return !doomed_.contains(rank) && (ends_ || doomed_.size() + 1 < options_.worker_count);
}

void SimulatedJob::doom(std::uint32_t rank, std::int64_t delay_ns) {
  doomed_.insert(rank);
  post(delay_ns, {.kind = Event::Kind::worker_dies, .to = rank});
}

void SimulatedJob::die(std::uint32_t rank, bool may_live_on) {
  SimulatedWorker& worker = at_rank(rank);
  if (run_over_ || !worker.alive || worker.unheard) return;
  worker.unheard = may_live_on && prng_.chance(options_.faults.lives_on_chance);
  worker.alive = worker.unheard;
  cut(rank);
  post(options_.faults.loss_noticed_us * ns_per_us, {.kind = Event::Kind::loss_noticed, .to = rank});
}

/// All its workers at once, if that leaves one.
void SimulatedJob::lose_power(std::uint32_t node) {
  std::vector<std::uint32_t> ranks;
  std::size_t others = 0;
  for (std::uint32_t rank = 1; rank <= options_.worker_count; ++rank) {
    if (rank % options_.node_count == node) ranks.push_back(rank);
    else others += !doomed_.contains(rank);
  }
  if (!ends_ && others == 0) return;
  for (const std::uint32_t rank : ranks) {
    doomed_.insert(rank);
    powerless_.insert(rank);
    die(rank, false);
  }
}

/// Of what is on its way between the rank and each other one, what comes later than some moment does not come at all:
/// blocks too, requests for them and their refusals.
void SimulatedJob::cut(std::uint32_t rank) {
  for (std::uint32_t other = 0; other <= options_.worker_count; ++other) {
    if (other == rank || !prng_.chance(options_.faults.cut_chance)) continue;
    for (const auto& pair : {std::pair{rank, other}, std::pair{other, rank}}) {
      const std::int64_t under_way = std::max<std::int64_t>(0, last_arrival_[pair] - now_.ns);
      cut_.emplace(pair, Instant{now_.ns + static_cast<std::int64_t>(prng_.below(static_cast<std::uint64_t>(under_way) + 1))});
    }
  }
}

bool SimulatedJob::is_cut(const Event& event) {
  const auto cut = cut_.find({event.from, event.to});
  if (cut == cut_.end() || event.at <= cut->second) return false;
  ++result_.frames_cut;
  result_.fetches_cut += event.is_block;
  return true;
}

/// As the session does: its late words do not count any more, all others are told, and what it wrote is in doubt where
/// nobody has seen it die.
void SimulatedJob::notice_loss(std::uint32_t rank) {
  if (run_over_ && !noticed_.contains(rank)) {
    noticed_.insert(rank);
    return;
  }
  ++result_.losses;
  ++outputs_lost_;
  client_asked_ = false;  // a wanted output may have to be computed again
  std::erase_if(asked_, [&](const auto& asked) { return asked.second == rank; });
  noticed_.insert(rank);
  for (std::uint32_t other = 1; other <= options_.worker_count; ++other) send(rank_0, other, wire::PeerLost{rank});
  if (checkpoint_) {
    checkpoint_->waiting.erase(rank);
    end_checkpoint();
  }
  scan_.assign(at_rank(rank).running.begin(), at_rank(rank).running.end());
  std::vector<TaskId> stopped;
  for (const TaskId task : scan_) {
    const sched::TaskState state = task.value < scheduler_.task_count() ? scheduler_.state(task) : sched::TaskState::erred;
    const bool ran_there = state >= sched::TaskState::assigned && state <= sched::TaskState::started;
    if (ran_there && ++deaths_during_[task] >= options_.scheduler.max_worker_kills) stopped.push_back(task);
    if (!ran_there) continue;
    safe_.kills.push_back({task, {0, {rank}, "died"}});
  }
  // A file with one owner is begun anew.
  for (auto write = safe_.written.begin(); write != safe_.written.end();) {
    const PinGroup group = graph_->pin_group(write->first);
    const bool is_renewed = group.value != 0 && scheduler_.group_worker(group) == WorkerId{rank};
    write = is_renewed ? safe_.written.erase(write) : std::next(write);
  }
  const std::vector<TaskId> running = scan_;
  scheduler_.on_worker_lost(now_, {rank}, actions_, running, "died");
  for (const TaskId task : stopped)
    if (!scheduler_.failed() && scheduler_.state(task) != sched::TaskState::erred)
      throw Violation(graph_->describe(task) + " has killed " + std::to_string(deaths_during_[task]) + " workers and is tried again");
  std::vector<TaskId> unsafe;
  for (auto write = written_by_.begin(); write != written_by_.end();) {
    if (write->second != rank) {
      ++write;
      continue;
    }
    if (powerless_.contains(rank)) {
      unsafe.push_back(write->first);
      if (graph_->pin_group(write->first).value == 0 && prng_.chance(0.5)) safe_.written.erase(write->first);
    }
    // What a process wrote that died is the system's, and safe once the node is.
    write = written_by_.erase(write);
  }
  if (!unsafe.empty()) scheduler_.on_effects_lost(now_, unsafe, actions_);
  carry_out_scheduler();
  if (ended_ || run_over_ || !prng_.chance(options_.faults.loss_follows_chance)) return;
  const auto next = static_cast<std::uint32_t>(1 + prng_.below(options_.worker_count));
  if (may_die(next)) doom(next, static_cast<std::int64_t>(prng_.below(500)) * ns_per_us);
}

}  // namespace rankine::sim
