// What is asked of a simulated job, at every event and at its end.
#include <algorithm>

#include "sim/reference.hpp"
#include "sim/simulated_job.hpp"

namespace rankine::sim {

void SimulatedJob::note(std::uint64_t value) { result_.digest = mix(result_.digest, value); }

/// Nobody reads its output and the client does not want it: it is there for what it does.
bool SimulatedJob::writes(TaskId task) const {
  std::vector<TaskId> readers;
  whole_->dependents(task, readers);
  return readers.empty() && !whole_->is_wanted(task);
}

void SimulatedJob::audit() const {
  scheduler_.sanity_check();
  for (const SimulatedWorker& worker : workers_)
    if (worker.alive) worker.machine.sanity_check();
}

void SimulatedJob::note_erred(const sched::TaskErred& erred) {
  if (!erred_.insert(erred.task).second) throw Violation(graph_->describe(erred.task) + " is erred twice");
  ++result_.erred;
  if (erred.task == erred.cause) {
    const sched::FailureReport& report = scheduler_.error_of(erred.task);
    if (report.killed_workers) {
      ++result_.deadly;
      if (deaths_during_[erred.task] < options_.scheduler.max_worker_kills)
        throw Violation(graph_->describe(erred.task) + " is said to kill workers, and did not so often");
      return;
    }
    const bool cancelled = report.attempts.empty();
    if (!cancelled && !failed_for_good_.contains(erred.task)) throw Violation(graph_->describe(erred.task) + " is erred and never failed for good");
    return;
  }
  inputs_.clear();
  graph_->dependencies(erred.task, inputs_);
  if (std::none_of(inputs_.begin(), inputs_.end(), [&](TaskId input) { return erred_.contains(input); }))
    throw Violation(graph_->describe(erred.task) + " is erred and needs no erred task");
}

/// Others get copies where there is room for them, as long as a task runs here: with nothing under way one may go beyond.
void SimulatedJob::check_copies(const SimulatedWorker& worker) const {
  const Bytes used = worker.machine.known_bytes() + worker.outgoing;
  if (used > spill_options().stop)
    throw Violation("a worker that runs tasks copies blocks for others: " + format_bytes(used) + " are in use then, " +
                    format_bytes(spill_options().stop) + " may be");
}

void SimulatedJob::judge() {
  for (std::uint32_t rank = 1; rank <= options_.worker_count; ++rank) {
    at_rank(rank).machine.drop_idle_replicas(worker_actions_);
    carry_out_worker(rank);
  }
  if (!result_.run_failed && !scheduler_.succeeded())
    throw Violation("nothing is left to happen and the run is not over: " + std::to_string(scheduler_.finished_count()) +
                    " of " + std::to_string(scheduler_.task_count()) + " tasks finished");
  for (std::uint32_t rank = 1; rank <= options_.worker_count; ++rank) judge_worker(rank);
  if (!result_.run_failed) judge_outputs();
  for (const auto& [task, hash] : taken_) result_.result_digest = mix(result_.result_digest, hash);
}

void SimulatedJob::judge_worker(std::uint32_t rank) {
  const SimulatedWorker& worker = at_rank(rank);
  if (!worker.alive || worker.unheard) return;
  const std::string name = "worker " + std::to_string(rank);
  if (!worker.blocks.empty())
    throw Violation(name + " still holds " + std::to_string(worker.blocks.size()) + " blocks, of " + graph_->describe(worker.blocks.begin()->first));
  if (!worker.files.empty()) throw Violation(name + " leaves " + std::to_string(worker.files.size()) + " files in scratch");
  if (!worker.machine.is_idle()) throw Violation(name + " still has tasks");
  if (worker.outgoing.value != 0) throw Violation(name + " still sends blocks");
  const bool is_bounded = options_.memory_limit.value != 0 && result_.losses == 0 && scheduler_.forced_count() == 0;
  const bool can_spill = options_.scratch.value != 0 && options_.memory_limit.value != 0 && !spill_failed_;
  if (can_spill && largest_need(*graph_) <= options_.memory_limit && worker.machine.peak_known_bytes() > options_.memory_limit)
    throw Violation(name + " had " + format_bytes(worker.machine.peak_known_bytes()) + " in memory, promised or on its way, under a limit of " +
                    format_bytes(options_.memory_limit) + " and with scratch enough");
  if (is_bounded && worker.machine.peak_held_bytes() > options_.memory_limit)
    throw Violation(name + " held " + format_bytes(worker.machine.peak_held_bytes()) + " under a limit of " + format_bytes(options_.memory_limit));
}

void SimulatedJob::judge_outputs() const {
  if (scheduler_.task_count() != graph_->task_count()) throw Violation("some tasks never came");
  for (std::uint32_t i = 0; i < graph_->task_count(); ++i) {
    const TaskId task{i};
    if (graph_->is_wanted(task) != taken_.contains(task) && !erred_.contains(task)) throw Violation("the client has not got a wanted output");
    if (!writes(task) || erred_.contains(task)) continue;
    const auto written = safe_.written.find(task);
    if (written == safe_.written.end()) throw Violation("the output of " + graph_->describe(task) + " is not written");
    if (written->second != (*reference_)[i]) throw Violation("the output of " + graph_->describe(task) + " is written wrong");
  }
}

}  // namespace rankine::sim
