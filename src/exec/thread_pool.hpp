#pragma once
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "base/bytes.hpp"
#include "exec/notifier.hpp"
#include "exec/slots.hpp"

namespace rankine::exec {

/// What became of one submitted piece of work.
struct Completion {
  std::uint64_t ticket = 0;      ///< as given to submit()
  std::exception_ptr error;      ///< what the work threw; null if it returned
  unsigned thread_index = 0;     ///< which thread ran it, 0 .. thread_count()-1
  Instant started, ended;
};

/// A fixed number of threads that run submitted work in the order of submission.
///
/// Nothing that the work throws escapes: it comes back in the Completion. Every finished piece of work
/// rings `done`, so that the thread which drives the state machines can sleep until then. submit(),
/// take_completions() and stop() may be called from any thread except the pool's own.
class ThreadPool {
 public:
  /// Throws Error (ExitCode::resources) if the system refuses a thread. `done` must outlive the pool, and `slots`, of which
  /// each piece of work takes one while it runs; null: the threads are the only bound.
  ThreadPool(unsigned thread_count, Notifier& done, Slots* slots = nullptr);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  /// One thread more, for work that waits for other work. Throws as the constructor does. From one thread only, which
  /// also stops the pool.
  void add_thread();
  unsigned thread_count() const { return static_cast<unsigned>(threads_.size()); }

  /// Queues `work`. The work and what it captured are destroyed on the pool's thread before its
  /// completion is reported.
  void submit(std::uint64_t ticket, std::function<void()> work);

  /// Appends what has finished since the last call, in the order of finishing; returns how many.
  std::size_t take_completions(std::vector<Completion>& out);

  /// Work that was submitted and has not finished: queued plus running.
  std::size_t unfinished_count() const;

  /// Lets running work finish, drops what is only queued, joins the threads. Later submits are dropped.
  void stop();

 private:
  struct Piece {
    std::uint64_t ticket = 0;
    std::function<void()> work;
  };
  void run(unsigned thread_index);

  Notifier& done_;
  Slots* slots_;
  mutable std::mutex mutex_;
  std::condition_variable work_or_stop_;
  std::deque<Piece> queue_;
  std::vector<Completion> completed_;
  std::size_t running_ = 0;
  std::size_t sleeping_ = 0;             ///< threads that have to be woken for new work
  std::atomic<std::size_t> queued_ = 0;  ///< size of queue_, for threads that look without the lock
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace rankine::exec
