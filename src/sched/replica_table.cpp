#include "sched/replica_table.hpp"

#include <utility>

#include "base/check.hpp"

namespace rankine::sched {

std::uint64_t ReplicaTable::add(TaskId task, WorkerId worker, std::uint64_t bytes) {
  std::size_t at = find(task, worker);
  if (slots_[at].count != 0) {
    ++slots_[at].count;
    return 0;
  }
  if (2 * (size_ + 1) > slots_.size()) {
    grow();
    at = find(task, worker);
  }
  slots_[at] = {task, worker, bytes, 1};
  ++size_;
  return bytes;
}

std::uint64_t ReplicaTable::remove(TaskId task, WorkerId worker) {
  const std::size_t at = find(task, worker);
  RANKINE_CHECK(slots_[at].count != 0, "a reader is removed that was never counted");
  if (--slots_[at].count != 0) return 0;
  const std::uint64_t bytes = slots_[at].bytes;
  erase(at);
  return bytes;
}

std::uint64_t ReplicaTable::remove_if_known(TaskId task, WorkerId worker) {
  return slots_[find(task, worker)].count == 0 ? 0 : remove(task, worker);
}

void ReplicaTable::erase(std::size_t hole) {
  const std::size_t mask = slots_.size() - 1;
  --size_;
  for (std::size_t at = (hole + 1) & mask; slots_[at].count != 0; at = (at + 1) & mask) {
    // A slot may move into the hole unless its home lies cyclically in (hole, at].
    const std::size_t distance_home = (at - home(slots_[at].task, slots_[at].worker)) & mask;
    if (distance_home >= ((at - hole) & mask)) {
      slots_[hole] = slots_[at];
      hole = at;
    }
  }
  slots_[hole].count = 0;
}

void ReplicaTable::grow() {
  std::vector<Slot> old(2 * slots_.size());
  std::swap(old, slots_);
  for (const Slot& slot : old)
    if (slot.count != 0) slots_[find(slot.task, slot.worker)] = slot;
}

}  // namespace rankine::sched
