#include "exec/thread_pool.hpp"

#include <pthread.h>
#include <signal.h>

#include <system_error>
#include <utility>

#include "base/error.hpp"
#include "exec/clock.hpp"
#include "exec/relax_core.hpp"

namespace rankine::exec {
namespace {

/// A few microseconds.
constexpr int looks_before_sleep = 200;

/// Signals are the communication thread's business: threads inherit the mask of their creator, so it is
/// closed while they are made.
class BlockedSignals {
 public:
  BlockedSignals() {
    sigset_t all;
    sigfillset(&all);
    // Faults must stay deliverable to the thread that causes them.
    for (int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS}) sigdelset(&all, fault);
    pthread_sigmask(SIG_BLOCK, &all, &before_);
  }
  ~BlockedSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

 private:
  sigset_t before_;
};

}  // namespace

ThreadPool::ThreadPool(unsigned thread_count, Notifier& done, Slots* slots) : done_(done), slots_(slots) {
  threads_.reserve(thread_count);
  const BlockedSignals blocked;
  try {
    for (unsigned i = 0; i < thread_count; ++i) threads_.emplace_back([this, i] { run(i); });
  } catch (const std::system_error& refused) {
    const std::size_t started = threads_.size();
    stop();
    throw Error(ExitCode::resources,
                "cannot start thread " + std::to_string(started + 1) + " of " + std::to_string(thread_count) +
                    ": " + refused.what() + "; ask for fewer with --threads or raise `ulimit -u`");
  }
}

ThreadPool::~ThreadPool() { stop(); }

void ThreadPool::add_thread() {
  const BlockedSignals blocked;
  try {
    threads_.emplace_back([this, i = thread_count()] { run(i); });
  } catch (const std::system_error& refused) {
    throw Error(ExitCode::resources, "cannot start thread " + std::to_string(threads_.size() + 1) + ": " + refused.what() +
                                         "; raise `ulimit -u`, or let fewer tasks wait for others at once");
  }
}

void ThreadPool::submit(std::uint64_t ticket, std::function<void()> work) {
  {
    std::lock_guard lock(mutex_);
    if (stopping_) return;
    queue_.push_back({ticket, std::move(work)});
    queued_.store(queue_.size(), std::memory_order_relaxed);
    if (sleeping_ == 0) return;
  }
  work_or_stop_.notify_one();
}

std::size_t ThreadPool::take_completions(std::vector<Completion>& out) {
  std::lock_guard lock(mutex_);
  const std::size_t count = completed_.size();
  for (Completion& completion : completed_) out.push_back(std::move(completion));
  completed_.clear();
  return count;
}

std::size_t ThreadPool::unfinished_count() const {
  std::lock_guard lock(mutex_);
  return queue_.size() + running_;
}

void ThreadPool::stop() {
  std::deque<Piece> dropped;
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    queued_.store(0, std::memory_order_relaxed);
    dropped.swap(queue_);  // destroyed outside the lock: captures may run code of their own
  }
  work_or_stop_.notify_all();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void ThreadPool::run(unsigned thread_index) {
  std::unique_lock lock(mutex_);
  while (true) {
    if (queue_.empty() && !stopping_) {
      // Short work comes in streams: to be put to sleep and woken would take longer than the work.
      lock.unlock();
      for (int look = 0; look < looks_before_sleep && queued_.load(std::memory_order_relaxed) == 0; ++look) relax_core();
      lock.lock();
    }
    ++sleeping_;
    work_or_stop_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    --sleeping_;
    if (queue_.empty()) return;
    Piece piece = std::move(queue_.front());
    queue_.pop_front();
    queued_.store(queue_.size(), std::memory_order_relaxed);
    ++running_;
    lock.unlock();

    if (slots_ != nullptr) slots_->take();
    Completion completion{.ticket = piece.ticket, .error = nullptr, .thread_index = thread_index,
                          .started = now(), .ended = {}};
    try {
      piece.work();
    } catch (...) {
      completion.error = std::current_exception();
    }
    piece.work = nullptr;
    completion.ended = now();
    if (slots_ != nullptr) slots_->give_back();

    lock.lock();
    --running_;
    completed_.push_back(std::move(completion));
    if (completed_.size() > 1) continue;  // whoever takes the first takes all
    lock.unlock();
    done_.notify();
    lock.lock();
  }
}

}  // namespace rankine::exec
