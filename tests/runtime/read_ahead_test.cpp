#include <catch2/catch.hpp>
#include <future>

#include "runtime/read_ahead.hpp"

using namespace rankine;
using namespace rankine::runtime;

namespace {

/// Gives tasks until the queue has no more, each asking for what it has room for of its `bytes`.
std::vector<std::uint32_t> ask_all(ReadAheadQueue& queue, std::uint64_t bytes) {
  std::vector<std::uint32_t> tasks;
  while (const auto next = queue.next()) {
    queue.asked(next->task, std::min(bytes, next->room));
    tasks.push_back(next->task.value);
  }
  return tasks;
}

}  // namespace

TEST_CASE("reading ahead takes the most urgent tasks and never asks for more bytes than its bound") {
  ReadAheadQueue queue(Bytes{100});
  for (std::uint32_t task = 0; task < 8; ++task) queue.assigned(TaskId{task}, 7 - task);
  CHECK(ask_all(queue, 30) == std::vector<std::uint32_t>{7, 6, 5});
  CHECK(queue.asked_bytes() == 90);
  queue.left(TaskId{7});
  CHECK(ask_all(queue, 30) == std::vector<std::uint32_t>{4});
  CHECK(queue.asked_bytes() == 90);
  // The last one is asked for in part only.
  queue.left(TaskId{6});
  queue.left(TaskId{5});
  CHECK(ask_all(queue, 70) == std::vector<std::uint32_t>{3});
  CHECK(queue.asked_bytes() == 100);
}

TEST_CASE("a task that begins before it was asked for, or while it is, takes no room") {
  ReadAheadQueue queue(Bytes{100});
  queue.assigned(TaskId{1}, 1);
  queue.assigned(TaskId{2}, 2);
  queue.left(TaskId{1});
  const auto next = queue.next();
  REQUIRE(next);
  CHECK(next->task == TaskId{2});
  CHECK(next->room == 100);
  queue.left(TaskId{2});
  queue.asked(TaskId{2}, 50);
  CHECK(queue.asked_bytes() == 0);
  CHECK_FALSE(queue.next());
  // It comes back, as after a recall.
  queue.assigned(TaskId{2}, 2);
  CHECK(ask_all(queue, 10) == std::vector<std::uint32_t>{2});
  queue.clear();
  CHECK(queue.asked_bytes() == 0);
}

TEST_CASE("with a bound of nothing, nothing is read ahead") {
  ReadAheadQueue queue(Bytes{0});
  queue.assigned(TaskId{1}, 1);
  CHECK_FALSE(queue.next());
  ReadAhead off(Bytes{0});
  CHECK_FALSE(off.is_on());
  off.begin([](TaskId, std::uint64_t) -> std::uint64_t { throw std::logic_error("asked"); });
  off.assigned(TaskId{1}, 1);
  off.left(TaskId{1});
}

TEST_CASE("the thread asks for what is waiting with the room that there is") {
  std::promise<std::pair<TaskId, std::uint64_t>> asked;
  ReadAhead ahead(Bytes{1000});
  ahead.begin([&](TaskId task, std::uint64_t room) -> std::uint64_t {
    asked.set_value({task, room});
    return room;   // the bound is reached: the second task is not asked for
  });
  ahead.assigned(TaskId{5}, 1);
  const auto [task, room] = asked.get_future().get();
  CHECK(task == TaskId{5});
  CHECK(room == 1000);
  ahead.assigned(TaskId{6}, 2);
  ahead.end();
}
