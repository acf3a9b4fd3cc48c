#include "exec/notifier.hpp"

namespace rankine::exec {

void Notifier::notify() {
  {
    std::lock_guard lock(mutex_);
    if (notified_) return;  // a wake-up is already on its way
    notified_ = true;
  }
  changed_.notify_one();
}

void Notifier::wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return notified_; });
  notified_ = false;
}

bool Notifier::wait_for(std::chrono::nanoseconds timeout) {
  std::unique_lock lock(mutex_);
  if (timeout.count() > 0) {
    changed_.wait_for(lock, timeout, [this] { return notified_; });
  }
  const bool was_notified = notified_;
  notified_ = false;
  return was_notified;
}

}  // namespace rankine::exec
