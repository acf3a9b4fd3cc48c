#pragma once
#include <atomic>
#include <condition_variable>
#include <mutex>

namespace rankine::exec {

/// So many pieces of work may run at once, whichever pools of threads they come from: a rank's plans and its calls have
/// threads of their own and share its cores. Taking one that is free costs one atomic operation.
class Slots {
 public:
  explicit Slots(unsigned count) : free_(static_cast<int>(count)) {}
  Slots(const Slots&) = delete;
  Slots& operator=(const Slots&) = delete;

  /// Waits for a free one.
  void take() {
    if (try_take()) return;
    std::unique_lock lock(mutex_);
    waiting_.fetch_add(1);
    given_back_.wait(lock, [this] { return try_take(); });
    waiting_.fetch_sub(1);
  }
  void give_back() {
    free_.fetch_add(1);
    if (waiting_.load() == 0) return;
    // Whoever has begun to wait looks once more under the lock, so nobody is missed.
    std::lock_guard lock(mutex_);
    given_back_.notify_one();
  }

 private:
  bool try_take() {
    int free = free_.load();
    while (free > 0)
      if (free_.compare_exchange_weak(free, free - 1)) return true;
    return false;
  }

  std::atomic<int> free_;
  std::atomic<int> waiting_ = 0;
  std::mutex mutex_;
  std::condition_variable given_back_;
};

}  // namespace rankine::exec
