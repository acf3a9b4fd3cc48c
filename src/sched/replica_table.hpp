#pragma once
#include <cstdint>
#include <vector>

#include "base/ids.hpp"

namespace rankine::sched {

/// Which inputs the assigned tasks of a worker read, by (block, worker): how many of them, and the bytes
/// charged to the worker for it (0 where it held the block itself when the first was assigned).
/// Open addressing with linear probing and backward-shift deletion (Knuth 6.4, algorithm R): it grows to
/// the most pairs in flight at once and allocates nothing after that.
class ReplicaTable {
 public:
  ReplicaTable() : slots_(64) {}

  /// One more reader. Returns the bytes charged now: `bytes` for the first, else 0.
  std::uint64_t add(TaskId task, WorkerId worker, std::uint64_t bytes);
  /// One reader less. Returns the bytes given back now: what was charged, with the last one.
  std::uint64_t remove(TaskId task, WorkerId worker);
  /// As remove(), but content if the pair is unknown.
  std::uint64_t remove_if_known(TaskId task, WorkerId worker);
  std::uint32_t count(TaskId task, WorkerId worker) const { return slots_[find(task, worker)].count; }
  /// What was charged for a known pair.
  std::uint64_t charged_bytes(TaskId task, WorkerId worker) const { return slots_[find(task, worker)].bytes; }
  std::size_t size() const { return size_; }
  std::size_t memory_bytes() const { return slots_.capacity() * sizeof(Slot); }

 private:
  struct Slot {
    TaskId task;
    WorkerId worker;
    std::uint64_t bytes = 0;
    std::uint32_t count = 0;  ///< 0: empty
  };
  std::size_t home(TaskId task, WorkerId worker) const {
    std::uint64_t key = (std::uint64_t{task.value} << 32) | worker.value;
    key = (key ^ (key >> 33)) * 0xff51afd7ed558ccdULL;
    key ^= key >> 29;
    return static_cast<std::size_t>(key) & (slots_.size() - 1);
  }
  std::size_t find(TaskId task, WorkerId worker) const {
    std::size_t at = home(task, worker);
    while (slots_[at].count != 0 && !(slots_[at].task == task && slots_[at].worker == worker))
      at = (at + 1) & (slots_.size() - 1);
    return at;
  }
  void erase(std::size_t hole);
  void grow();

  std::vector<Slot> slots_;
  std::size_t size_ = 0;
};

}  // namespace rankine::sched
