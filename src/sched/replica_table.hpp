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
  std::uint32_t count(TaskId task, WorkerId worker) const;
  std::size_t size() const { return size_; }

 private:
  struct Slot {
    TaskId task;
    WorkerId worker;
    std::uint64_t bytes = 0;
    std::uint32_t count = 0;  ///< 0: empty
  };
  std::size_t home(TaskId task, WorkerId worker) const;
  std::size_t find(TaskId task, WorkerId worker) const;
  void erase(std::size_t hole);
  void grow();

  std::vector<Slot> slots_;
  std::size_t size_ = 0;
};

}  // namespace rankine::sched
