#include "runtime/read_ahead.hpp"

#include <algorithm>

namespace rankine::runtime {

void ReadAheadQueue::assigned(TaskId task, std::uint64_t priority) {
  if (limit_ == 0 || !waiting_.emplace(task, Waiting{priority}).second) return;
  by_priority_.emplace(priority, task);
}

bool ReadAheadQueue::left(TaskId task) {
  const auto found = waiting_.find(task);
  if (found == waiting_.end()) return false;
  const bool makes_room = found->second.bytes != 0;
  asked_bytes_ -= found->second.bytes;
  if (!found->second.given) {
    const auto [first, last] = by_priority_.equal_range(found->second.priority);
    by_priority_.erase(std::find_if(first, last, [&](const auto& entry) { return entry.second == task; }));
  }
  waiting_.erase(found);
  return makes_room;
}

void ReadAheadQueue::clear() {
  waiting_.clear();
  by_priority_.clear();
  asked_bytes_ = 0;
}

std::optional<ReadAheadQueue::Next> ReadAheadQueue::next() {
  // Not for every few bytes that become free: requests are to be large.
  if (by_priority_.empty() || asked_bytes_ > limit_ / 4 * 3) return std::nullopt;
  const TaskId task = by_priority_.begin()->second;
  by_priority_.erase(by_priority_.begin());
  waiting_.at(task).given = true;
  return Next{task, limit_ - asked_bytes_};
}

void ReadAheadQueue::asked(TaskId task, std::uint64_t bytes) {
  const auto found = waiting_.find(task);
  if (found == waiting_.end()) return;  // it has begun meanwhile
  found->second.bytes = bytes;
  asked_bytes_ += bytes;
}

ReadAhead::ReadAhead(Bytes limit) : is_on_(limit.value != 0), queue_(limit) {}

ReadAhead::~ReadAhead() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.reset();
}

void ReadAhead::begin(Ask ask) {
  if (!is_on_) return;
  const std::lock_guard lock(mutex_);
  queue_.clear();
  ask_ = std::move(ask);
  ++run_;
}

void ReadAhead::assigned(TaskId task, std::uint64_t priority) {
  if (!is_on_) return;
  {
    const std::lock_guard lock(mutex_);
    queue_.assigned(task, priority);
  }
  if (!thread_) {
    thread_.emplace(1, unheard_);
    thread_->submit(0, [this] { work(); });
  }
  changed_.notify_one();
}

void ReadAhead::left(TaskId task) {
  if (!thread_) return;
  bool makes_room = false;
  {
    const std::lock_guard lock(mutex_);
    makes_room = queue_.left(task);
  }
  if (makes_room) changed_.notify_one();  // most tasks read nothing: the thread is not to wake for them
}

void ReadAhead::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    std::optional<ReadAheadQueue::Next> next;
    changed_.wait(lock, [&] { return stopping_ || (ask_ && (next = queue_.next())); });
    if (stopping_) return;
    const Ask ask = ask_;   // keeps its plan alive
    const std::uint64_t run = run_;
    lock.unlock();
    const std::uint64_t bytes = ask(next->task, next->room);
    lock.lock();
    if (run == run_) queue_.asked(next->task, bytes);
  }
}

}  // namespace rankine::runtime
