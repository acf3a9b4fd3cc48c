#pragma once
#include <cstdint>
#include <vector>

#include "base/ids.hpp"

namespace rankine::sched {

/// How many assigned tasks of a worker read a block that another worker holds, by (block, worker).
/// Open addressing with linear probing and backward-shift deletion (Knuth 6.4, algorithm R): it grows to
/// the most pairs in flight at once and allocates nothing after that.
class ReplicaTable {
 public:
  ReplicaTable() : slots_(64) {}

  /// The new count.
  std::uint32_t add(TaskId task, WorkerId worker);
  std::uint32_t remove(TaskId task, WorkerId worker);
  std::uint32_t count(TaskId task, WorkerId worker) const;
  std::size_t size() const { return size_; }
  /// Forgets all pairs of a worker. O(table).
  void forget_worker(WorkerId worker);

 private:
  struct Slot {
    TaskId task;
    WorkerId worker;
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
