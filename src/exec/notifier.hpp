#pragma once
#include <chrono>
#include <condition_variable>
#include <mutex>

namespace rankine::exec {

/// Wakes one waiting thread (the communication thread) from any other. A notification that comes while
/// nobody waits is kept: the next wait returns at once. Several of them count as one.
class Notifier {
 public:
  Notifier() = default;
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;

  void notify();
  /// Until notified. Takes the notification.
  void wait();
  /// Until notified or `timeout` has passed; true if notified. Takes the notification. A timeout of
  /// zero or less only looks.
  bool wait_for(std::chrono::nanoseconds timeout);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool notified_ = false;
};

}  // namespace rankine::exec
