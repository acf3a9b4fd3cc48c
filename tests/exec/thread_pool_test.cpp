#include <atomic>
#include <catch2/catch.hpp>
#include <latch>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>

#include "exec/clock.hpp"
#include "exec/notifier.hpp"
#include "exec/thread_pool.hpp"

using namespace rankine;
using exec::Completion;
using exec::Notifier;
using exec::ThreadPool;

namespace {

std::vector<Completion> take(ThreadPool& pool, Notifier& done, std::size_t count) {
  std::vector<Completion> completions;
  while (completions.size() < count) {
    if (pool.take_completions(completions) == 0) done.wait();
  }
  return completions;
}

std::string message_of(const Completion& completion) {
  if (!completion.error) return "";
  try {
    std::rethrow_exception(completion.error);
  } catch (const std::exception& thrown) {
    return thrown.what();
  } catch (...) {
    return "not a std::exception";
  }
}

}  // namespace

TEST_CASE("every submitted piece of work comes back once with its ticket") {
  Notifier done;
  ThreadPool pool(3, done);
  std::atomic<int> sum = 0;
  for (int i = 0; i < 200; ++i) pool.submit(static_cast<std::uint64_t>(i), [&sum, i] { sum += i; });
  std::set<std::uint64_t> tickets;
  for (const Completion& completion : take(pool, done, 200)) {
    tickets.insert(completion.ticket);
    CHECK(completion.error == nullptr);
    CHECK(completion.thread_index < 3);
    CHECK(completion.started <= completion.ended);
  }
  CHECK(tickets.size() == 200);
  CHECK(sum == 199 * 200 / 2);
  CHECK(pool.unfinished_count() == 0);
}

TEST_CASE("one thread runs work in the order of submission") {
  Notifier done;
  ThreadPool pool(1, done);
  std::vector<int> order;
  for (int i = 0; i < 20; ++i) pool.submit(0, [&order, i] { order.push_back(i); });
  take(pool, done, 20);
  CHECK(order == std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19});
}

TEST_CASE("what work throws comes back in its completion and the thread goes on") {
  Notifier done;
  ThreadPool pool(1, done);
  pool.submit(1, [] { throw std::runtime_error("disk on fire"); });
  pool.submit(2, [] { throw 7; });
  pool.submit(3, [] {});
  const std::vector<Completion> completions = take(pool, done, 3);
  CHECK(message_of(completions[0]) == "disk on fire");
  CHECK(message_of(completions[1]) == "not a std::exception");
  CHECK(message_of(completions[2]) == "");
}

TEST_CASE("threads run side by side") {
  Notifier done;
  ThreadPool pool(2, done);
  std::latch both(2);  // neither piece can end before the other has begun
  for (int i = 0; i < 2; ++i) pool.submit(0, [&both] { both.arrive_and_wait(); });
  const std::vector<Completion> completions = take(pool, done, 2);
  CHECK(completions[0].thread_index != completions[1].thread_index);
}

TEST_CASE("captures are gone before the completion is reported") {
  Notifier done;
  ThreadPool pool(1, done);
  auto block = std::make_shared<int>(1);
  std::weak_ptr<int> watch = block;
  pool.submit(0, [block = std::move(block)] {});
  take(pool, done, 1);
  CHECK(watch.expired());
}

TEST_CASE("stop finishes what runs and drops what is queued") {
  Notifier done;
  std::latch running(1), go_on(1);
  std::atomic<int> ran = 0;
  ThreadPool pool(1, done);
  pool.submit(0, [&] {
    running.count_down();
    go_on.wait();
    ++ran;
  });
  pool.submit(1, [&] { ++ran; });
  running.wait();
  std::thread stopper([&pool] { pool.stop(); });
  while (pool.unfinished_count() > 1) std::this_thread::yield();  // the queue has been dropped
  go_on.count_down();
  stopper.join();
  CHECK(ran == 1);
  pool.submit(2, [&] { ++ran; });
  CHECK(pool.unfinished_count() == 0);
  CHECK(ran == 1);
}

TEST_CASE("a notification that comes early is kept and counts once") {
  Notifier notifier;
  notifier.notify();
  notifier.notify();
  CHECK(notifier.wait_for(std::chrono::nanoseconds(0)));
  CHECK_FALSE(notifier.wait_for(std::chrono::nanoseconds(0)));
  std::thread other([&notifier] { notifier.notify(); });
  notifier.wait();
  other.join();
  CHECK_FALSE(notifier.wait_for(std::chrono::microseconds(10)));
}

TEST_CASE("pools that share slots run no more pieces of work at once than there are, and all of them") {
  Notifier done;
  exec::Slots slots(2);
  std::atomic<int> running = 0, most = 0, ran = 0;
  const auto work = [&] {
    const int now = ++running;
    for (int seen = most.load(); seen < now && !most.compare_exchange_weak(seen, now);) {}
    for (int i = 0; i < 200; ++i) std::this_thread::yield();
    --running;
    ++ran;
  };
  {
    ThreadPool plans(2, done, &slots), calls(3, done, &slots);
    for (std::uint64_t i = 0; i < 100; ++i) {
      plans.submit(i, work);
      calls.submit(i, work);
    }
    take(plans, done, 100);
    std::vector<Completion> rest;
    while (rest.size() < 100)
      if (calls.take_completions(rest) == 0) std::this_thread::yield();
  }
  CHECK(most <= 2);
  CHECK(ran == 200);
}

TEST_CASE("a piece of work that waits for others may give its slot back meanwhile") {
  Notifier done;
  exec::Slots slots(1);
  ThreadPool pool(2, done, &slots);
  std::latch helped(1);
  pool.submit(1, [&] {
    slots.give_back();
    helped.wait();
    slots.take();
  });
  pool.submit(2, [&] { helped.count_down(); });
  take(pool, done, 2);
  CHECK(pool.unfinished_count() == 0);
}
