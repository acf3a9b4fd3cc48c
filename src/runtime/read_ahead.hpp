#pragma once
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "exec/notifier.hpp"
#include "exec/thread_pool.hpp"

namespace rankine::runtime {

/// Which of the tasks that wait for a thread have their input asked for ahead. Bounded by bytes: what has been asked for
/// and whose task has not begun never exceeds the limit. No thread, no file.
class ReadAheadQueue {
 public:
  explicit ReadAheadQueue(Bytes limit) : limit_(limit.value) {}

  /// The lowest priority value runs first.
  void assigned(TaskId task, std::uint64_t priority);
  /// It has begun, was recalled or given up: what was asked for it makes room for others. True if anything was.
  bool left(TaskId task);
  void clear();

  struct Next {
    TaskId task;
    std::uint64_t room = 0;   ///< bytes that may be asked for
  };
  /// The most urgent task that nothing was asked for yet; nullopt: none, or less than a quarter of the limit is free.
  std::optional<Next> next();
  /// So much was asked for it, after next() gave it.
  void asked(TaskId task, std::uint64_t bytes);

  std::uint64_t asked_bytes() const { return asked_bytes_; }

 private:
  struct Waiting {
    std::uint64_t priority = 0;
    bool given = false;
    std::uint64_t bytes = 0;
  };
  std::uint64_t limit_;
  std::uint64_t asked_bytes_ = 0;
  std::unordered_map<TaskId, Waiting> waiting_;
  std::multimap<std::uint64_t, TaskId> by_priority_;   ///< those not given yet
};

/// Reading ahead across tasks: while threads decode, the system is told which bytes the next tasks read. On a thread of
/// its own, since opening a file, and telling, may take as long as the disk does. Calls come from one thread.
class ReadAhead {
 public:
  /// Asks for at most `room` bytes of what the task reads; the bytes that it asked for.
  using Ask = std::function<std::uint64_t(TaskId task, std::uint64_t room)>;

  /// 0: off.
  explicit ReadAhead(Bytes limit);
  ~ReadAhead();
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;

  bool is_on() const { return is_on_; }
  /// A run begins; what is left of the one before is forgotten.
  void begin(Ask ask);
  void end() { begin(nullptr); }
  void assigned(TaskId task, std::uint64_t priority);
  void left(TaskId task);

 private:
  void work();

  bool is_on_;
  std::mutex mutex_;
  std::condition_variable changed_;
  ReadAheadQueue queue_;
  Ask ask_;
  std::uint64_t run_ = 0;
  bool stopping_ = false;
  exec::Notifier unheard_;
  std::optional<exec::ThreadPool> thread_;   ///< begun with the first task that reads
};

}  // namespace rankine::runtime
