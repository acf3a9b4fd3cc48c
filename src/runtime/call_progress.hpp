#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "journal/run_records.hpp"
#include "runtime/call_keys.hpp"
#include "runtime/calls.hpp"
#include "runtime/checkpointer.hpp"
#include "runtime/saved_calls.hpp"

namespace rankine::runtime {

/// Rank 0's side of what a later job can take over of a run of calls: which call is which, which results are worth saving,
/// and what earlier jobs have saved. 40 bytes a call. Pure.
///
/// A script that runs again asks for everything again that it asked for before. So two kinds of results are saved: those that
/// calls or the program may still ask for (by the workers that hold them), and those that the program has fetched, be they
/// dropped since (by rank 0, which has them). A call that has finished and is neither needs no running again: whatever needed
/// it has been saved, or it is computed again for what was not.
class CallProgress {
 public:
  using Choice = Checkpointer::Choice;
  using Order = Checkpointer::Order;
  /// Fetched results wait in memory for the next checkpoint up to here; then it comes at once.
  static constexpr std::uint64_t most_fetched_bytes = std::uint64_t{64} << 20;

  /// Before the first call.
  void take_over(SavedCalls earlier) { earlier_ = std::move(earlier); }

  /// What an earlier job did of a call.
  struct Earlier {
    bool done = false;
    std::optional<std::vector<std::byte>> saved;   ///< arguments of load_saved_call
  };
  /// The next call. `is_value`: it gives what it is given, which is never saved.
  Earlier add(bool by_program, bool is_value, const std::string& function, std::span<const std::byte> arguments,
              std::span<const TaskId> inputs);
  void note_finished(TaskId task, std::uint32_t duration_us, Bytes bytes, std::span<const TaskId> inputs);
  void note_fetched(TaskId task, const CallResult& result);

  /// A checkpoint begins: which of `held` is to be saved by whom, small and dear results first. Only workers that have
  /// something to save get an order; what fetched() gives is to be saved by rank 0. RANKINE_CHECK that none is under way.
  std::vector<Order> begin(std::span<const std::pair<TaskId, WorkerId>> held, Choice choice);
  std::vector<std::pair<TaskId, CallResult>> fetched() const;
  bool is_under_way() const { return is_under_way_; }
  bool has_answers() const { return is_under_way_ && waiting_.empty(); }
  /// Fetched results take more memory than they should.
  bool is_due() const { return fetched_bytes_ > most_fetched_bytes; }
  std::uint32_t sequence() const { return sequence_; }

  /// The answer to checkpoint `sequence`, with the error if it failed there. Those to older ones are ignored.
  void on_saved(WorkerId worker, std::uint32_t sequence, const journal::CheckpointRecord& part, const std::string& error = {});
  void on_worker_lost(WorkerId worker) { waiting_.erase(worker); }
  void on_fetched_saved(const journal::CheckpointRecord& part);
  /// All have answered: what is to be noted, and what went wrong. Nothing is in it if nothing has become safe.
  journal::CallsRecord take(std::vector<std::string>& errors);

  std::uint64_t saved_count() const { return saved_count_; }
  /// Results that earlier jobs have saved.
  std::size_t earlier_count() const { return earlier_.saved_count(); }
  std::size_t memory_bytes() const { return entries_.capacity() * sizeof(Entry); }

 private:
  /// What a call is, and what its result costs: `cost_us` with its share of what its inputs cost.
  struct Entry {
    journal::CallKey key;
    float cost_us = 0;
    float bytes = 0;
    std::uint32_t readers = 0;
    bool is_saved = false;
    bool by_program = false;
    bool is_noted = false;      ///< among those that are done
  };
  bool is_worth_saving(const Entry& entry, Choice choice) const;
  void enter(const journal::CheckpointRecord& part);

  CallKeys keys_;
  SavedCalls earlier_;
  std::vector<Entry> entries_;
  std::vector<TaskId> finished_;                        ///< since the last checkpoint, and worth a line in the journal
  std::map<TaskId, CallResult> fetched_;                ///< and not saved
  std::uint64_t fetched_bytes_ = 0;
  std::vector<journal::CallKey> key_scan_;

  std::uint32_t sequence_ = 0;
  bool is_under_way_ = false;
  std::set<WorkerId> waiting_;
  journal::CallsRecord record_;
  std::vector<std::string> errors_;
  std::uint64_t saved_count_ = 0;
};

}  // namespace rankine::runtime
