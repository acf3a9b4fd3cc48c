// Where memory runs short: who may spill how much to where, and results that workers have no more.
#include <utility>

#include "exec/clock.hpp"
#include "runtime/current_run.hpp"

namespace rankine::runtime {

void Session::note_scratch(int rank, Bytes scratch, const std::string& note) {
  Peer& peer = peers_[static_cast<std::size_t>(rank)];
  peer.description.scratch = scratch;
  peer.scratch_note = note;
}

/// Once, when all workers are known.
void Session::report_scratch() const {
  std::size_t without = 0, working = 0;
  const Peer* first_without = nullptr;
  const Peer* first_with = nullptr;
  for (const Peer& peer : peers_) {
    if (!peer.joined || peer.scratch_note.empty()) continue;
    ++working;
    const bool has = peer.description.scratch.value != 0;
    without += !has;
    auto& first = has ? first_with : first_without;
    if (first == nullptr) first = &peer;
  }
  if (first_with != nullptr) reporter_.detail("memory that runs short is spilled: " + first_with->scratch_note);
  if (first_without == nullptr) return;
  const std::string text = first_without->scratch_note + " (node " + first_without->node_name + ", " + std::to_string(without) +
                           " of " + std::to_string(working) + " workers)";
  if (first_with != nullptr || options_.own_worker.spill.doubtful) reporter_.warning(text);
  else reporter_.detail(text);
}

/// Once too: a limit that nobody can keep to is a mistake, or a test.
void Session::warn_of_little_memory() {
  if (std::exchange(warned_of_memory_, true)) return;
  for (const Peer& peer : peers_) {
    const Bytes least = peer.program_bytes + peer.program_bytes;
    if (!peer.joined || peer.memory_limit.value == 0 || peer.memory_limit >= least) continue;
    return reporter_.warning("the memory limit of " + format_bytes(peer.memory_limit) + " a rank cannot be kept to: the program itself takes " +
                             format_bytes(peer.program_bytes) + "; the least that can is --memory-limit " +
                             std::to_string((least.value >> 20) + 1) + "MiB");
  }
}

void Session::note_blocks_lost(CurrentRun& run, WorkerId worker, const wire::BlocksLost& lost) {
  if (!run.scheduler || run.abandoned) return;
  apply(run);  // what it reported before
  for (const TaskId task : lost.tasks) {
    reporter_.detail("rank " + std::to_string(worker.value) + (lost.discarded ? " has no room for" : " could not read back") +
                     " the result of " + run.graph->describe(task) + ": it is computed again when it is needed");
    if (const auto asked = run.asked.find(task); asked != run.asked.end() && asked->second == static_cast<int>(worker.value))
      run.asked.erase(asked);
  }
  run.scheduler->on_outputs_lost(exec::now(), worker, lost.tasks, lost.discarded, run.actions);
  note_whether_ended(run);
  apply(run);
}

}  // namespace rankine::runtime
