#include "transport/lifeline/running_tasks.hpp"

#include <sys/mman.h>

#include <new>

namespace rankine::transport {

RunningTasks::RunningTasks() {
  static_assert(std::atomic<std::uint64_t>::is_always_lock_free);
  void* memory = ::mmap(nullptr, places * sizeof(std::atomic<std::uint64_t>), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return;  // deaths are then reported without tasks
  labels_ = static_cast<std::atomic<std::uint64_t>*>(memory);
  for (std::size_t i = 0; i < places; ++i) new (&labels_[i]) std::atomic<std::uint64_t>(0);
}

RunningTasks::~RunningTasks() {
  if (labels_ != nullptr) ::munmap(labels_, places * sizeof(std::atomic<std::uint64_t>));
}

std::size_t RunningTasks::begin(std::uint64_t label) {
  if (labels_ == nullptr) return places;
  for (std::size_t i = 0; i < places; ++i) {
    std::uint64_t free = 0;
    if (labels_[i].load(std::memory_order_relaxed) == 0 && labels_[i].compare_exchange_strong(free, label)) return i;
  }
  return places;
}

void RunningTasks::end(std::size_t place) {
  if (place < places) labels_[place].store(0, std::memory_order_release);
}

std::vector<std::uint64_t> RunningTasks::list() const {
  std::vector<std::uint64_t> labels;
  for (std::size_t i = 0; labels_ != nullptr && i < places; ++i)
    if (const std::uint64_t label = labels_[i].load(std::memory_order_acquire); label != 0) labels.push_back(label);
  return labels;
}

}  // namespace rankine::transport
