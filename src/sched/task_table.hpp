#pragma once
#include <algorithm>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "base/check.hpp"
#include "base/ids.hpp"

namespace rankine::sched {

/// States of a task as rank 0 sees it.
///
/// | state    | meaning                                    | leaves it by                                        |
/// |----------|--------------------------------------------|-----------------------------------------------------|
/// | waiting  | an input is not held anywhere yet          | the last input finishes -> ready                    |
/// | ready    | every input is held; queued here           | Assign -> assigned; an input's holder is lost -> waiting |
/// | delayed  | failed; waits for its retry time           | timer -> ready or waiting                           |
/// | assigned | queued or running at a worker              | finished -> held/released; failed -> delayed; input missing or worker lost -> ready/waiting |
/// | recalled | assigned, and asked back for another worker| granted -> ready; refused -> started; else as assigned |
/// | started  | assigned, and known to run: not asked back | as assigned                                         |
/// | held     | finished; its output is kept at one worker | last reader done and not wanted -> released; holder lost -> waiting |
/// | released | finished; its output is dropped            | needed again to recompute a lost output -> waiting  |
/// | erred    | failed for good, was cancelled, or needs an erred task; only where the run keeps going | never |
/// No unfinished task has an erred input: what needs an erred task is erred with it.
enum class TaskState : std::uint8_t { waiting, ready, delayed, assigned, recalled, started, held, released, erred };

/// What rank 0 keeps of each task, 8 bytes: state, attempt, one count, one worker.
/// One count is enough: of inputs that are not held while the task is unfinished, of unfinished readers while its
/// output is held. A count that does not fit 16 bits lives in a map beside; hardly any does.
class TaskTable {
 public:
  static constexpr std::uint32_t no_worker = UINT32_MAX;
  static constexpr std::uint32_t attempt_limit = (1u << 10) - 1;

  TaskTable() = default;
  explicit TaskTable(std::uint32_t count) : entries_(count) {}
  /// New entries are waiting.
  void grow(std::uint32_t count) { entries_.resize(count); }
  std::uint32_t size() const { return static_cast<std::uint32_t>(entries_.size()); }
  std::size_t memory_bytes() const { return entries_.capacity() * sizeof(Entry); }

  TaskState state(TaskId task) const { return static_cast<TaskState>(at(task).bits & state_mask); }
  void set_state(TaskId task, TaskState state) {
    at(task).bits = static_cast<std::uint16_t>((at(task).bits & ~state_mask) | static_cast<std::uint16_t>(state));
  }
  bool is_unfinished(TaskId task) const { return (at(task).bits & state_mask) < static_cast<int>(TaskState::held); }

  /// The entry will be asked for soon.
  void fetch(TaskId task) const { __builtin_prefetch(&at(task), 1); }

  /// Of the last assignment; 0: never assigned.
  std::uint32_t attempt(TaskId task) const { return at(task).bits >> attempt_shift; }
  void next_attempt(TaskId task) { at(task).bits = static_cast<std::uint16_t>(at(task).bits + (1u << attempt_shift)); }

  /// The client has this wanted output.
  bool is_taken(TaskId task) const { return (at(task).bits & taken_bit) != 0; }
  void set_taken(TaskId task) { at(task).bits |= taken_bit; }
  void clear_taken(TaskId task) { at(task).bits = static_cast<std::uint16_t>(at(task).bits & ~taken_bit); }
  /// The held output has another size than the graph said.
  bool has_odd_size(TaskId task) const { return (at(task).bits & odd_size_bit) != 0; }
  void set_odd_size(TaskId task, bool odd) {
    at(task).bits = static_cast<std::uint16_t>(odd ? at(task).bits | odd_size_bit : at(task).bits & ~odd_size_bit);
  }

  /// Queued for (ready), at (assigned), holding (held); else no_worker.
  std::uint32_t worker(TaskId task) const { return at(task).worker; }
  void set_worker(TaskId task, std::uint32_t worker) { at(task).worker = worker; }

  std::uint32_t count(TaskId task) const {
    return at(task).count != large ? at(task).count : large_counts_.at(task);
  }
  void set_count(TaskId task, std::uint32_t count) {
    if (at(task).count == large) large_counts_.erase(task);
    at(task).count = static_cast<std::uint16_t>(std::min<std::uint32_t>(count, large));
    if (count >= large) large_counts_[task] = count;
  }
  std::uint32_t decrement(TaskId task) {
    if (at(task).count != large) return --at(task).count;
    set_count(task, large_counts_.at(task) - 1);
    return count(task);
  }
  void increment(TaskId task) { set_count(task, count(task) + 1); }

 private:
  static constexpr std::uint16_t state_mask = 15, taken_bit = 16, odd_size_bit = 32, attempt_shift = 6;
  static constexpr std::uint16_t large = UINT16_MAX;
  struct Entry {
    std::uint16_t bits = 0;
    std::uint16_t count = 0;
    std::uint32_t worker = no_worker;
  };
  static_assert(sizeof(Entry) == 8);
  Entry& at(TaskId task) { return entries_[task.value]; }
  const Entry& at(TaskId task) const { return entries_[task.value]; }

  std::vector<Entry> entries_;
  std::unordered_map<TaskId, std::uint32_t> large_counts_;
};

}  // namespace rankine::sched
