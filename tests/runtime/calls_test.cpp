#include <catch2/catch.hpp>

#include <atomic>
#include <cstring>
#include <stdexcept>

#include "job_of_threads.hpp"

using namespace rankine;
using namespace rankine::runtime;

namespace {

std::vector<std::byte> bytes_of(std::int64_t value) {
  std::vector<std::byte> bytes(sizeof value);
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}
std::int64_t value_of(std::span<const std::byte> bytes) {
  std::int64_t value = 0;
  // No REQUIRE: tasks call this from their threads.
  if (bytes.size() != sizeof value) throw std::logic_error("a number of another size");
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

/// Functions of numbers: the sum of argument and inputs, and what goes wrong.
class Numbers final : public TaskLibrary {
 public:
  enum Function : std::uint32_t { sum, fail, fail_once, fibonacci, length, wait_for_release, worker_number };
  std::uint32_t function_count() const override { return 7; }
  std::string name_of(std::uint32_t function) const override {
    return std::vector<std::string>{"sum", "fail", "fail_once", "fibonacci", "length", "wait_for_release", "worker_number"}[function];
  }
  std::string describe(std::uint32_t function, std::span<const std::byte> arguments) const override {
    return name_of(function) + "(" + std::to_string(value_of(arguments)) + ")";
  }
  std::vector<std::byte> call(std::uint32_t function, std::span<const std::byte> arguments,
                              std::span<const std::span<const std::byte>> inputs, CallContext& context) const override {
    switch (function) {
      case sum: {
        std::int64_t total = value_of(arguments);
        for (const auto& input : inputs) total += value_of(input);
        return bytes_of(total);
      }
      case fail: throw std::runtime_error("no luck");
      case fail_once:
        if (fails_left.fetch_sub(1) > 0) throw std::runtime_error("not yet");
        return bytes_of(1);
      case fibonacci: {
        const std::int64_t n = value_of(arguments);
        if (n < 2) return bytes_of(n);
        Calls& calls = context.calls();
        std::vector<CallSpec> specs;
        for (std::int64_t k = 1; k <= 2; ++k) specs.push_back({.function = fibonacci, .arguments = bytes_of(n - k)});
        const CallId first = calls.submit(std::move(specs));
        const CallId both[] = {first, {first.value + 1}};
        const auto results = calls.results(both);
        return bytes_of(value_of(*results[0]) + value_of(*results[1]));
      }
      case length: return bytes_of(static_cast<std::int64_t>(inputs[0].size()));
      case wait_for_release: released.wait(false); return bytes_of(0);
      default: return bytes_of(context.worker());
    }
  }
  mutable std::atomic<int> fails_left = 0;
  std::atomic<bool> released = false;
};

CallSpec sum_of(std::int64_t value, std::vector<CallId> inputs = {}) {
  return {.function = Numbers::sum, .arguments = bytes_of(value), .inputs = std::move(inputs)};
}

std::int64_t result(Calls& calls, CallId call) { return value_of(*calls.results({&call, 1})[0]); }

}  // namespace

TEST_CASE("calls give the same results on any number of ranks and threads") {
  const Numbers library;
  for (const int ranks : {1, 2, 5})
    for (const unsigned threads : {1u, 3u}) {
      JobOfThreads job(library, {.ranks = ranks, .threads = threads});
      Calls& calls = job.calls();
      // Numbers, then their sums by fours, up to one.
      std::vector<CallId> level;
      for (std::int64_t i = 0; i < 256; ++i) level.push_back(calls.submit({sum_of(i)}));
      while (level.size() > 1) {
        std::vector<CallId> next;
        for (std::size_t i = 0; i < level.size(); i += 4)
          next.push_back(calls.submit({sum_of(0, {level.begin() + static_cast<std::ptrdiff_t>(i), level.begin() + static_cast<std::ptrdiff_t>(i) + 4})}));
        level = next;
      }
      CHECK(result(calls, level[0]) == 255 * 128);
    }
}

TEST_CASE("calls of one submission may need each other; intermediate ones need no handle") {
  const Numbers library;
  JobOfThreads job(library, {.ranks = 3});
  Calls& calls = job.calls();
  std::vector<CallSpec> chain;
  const CallId first = calls.next_id();
  for (std::uint32_t i = 0; i < 1000; ++i) {
    chain.push_back(sum_of(1));
    if (i > 0) chain.back().inputs = {{first.value + i - 1}};
    chain.back().wanted = i == 999;
  }
  CHECK(calls.submit(std::move(chain)) == first);
  CHECK(result(calls, {first.value + 999}) == 1000);
}

TEST_CASE("what fails for good fails with all that needs it, says where, and nothing else does") {
  const Numbers library;
  JobOfThreads job(library, {.ranks = 2});
  Calls& calls = job.calls();
  const CallId good = calls.submit({sum_of(1)});
  const CallId bad = calls.submit({{.function = Numbers::fail, .arguments = bytes_of(3), .max_attempts = 2}});
  const CallId reader = calls.submit({sum_of(1, {good, bad})});
  const CallId other = calls.submit({sum_of(5, {good})});
  CHECK(result(calls, other) == 6);
  calls.wait(std::vector<CallId>{bad, reader});
  CHECK(calls.state(bad) == CallState::erred);
  CHECK(calls.error(bad).text() == "no luck (task fail(3), attempt 2, worker 1; before: worker 1)");
  CHECK(calls.error(bad).is_own);
  CHECK(calls.error(reader).text() == "no luck (task fail(3), attempt 2, worker 1; before: worker 1)");
  CHECK_FALSE(calls.error(reader).is_own);
  CHECK_THROWS_AS(calls.results({&reader, 1}), CallFailed);
  // Also what comes later.
  const CallId later = calls.submit({sum_of(0, {reader})});
  CHECK_THROWS_AS(calls.results({&later, 1}), CallFailed);
}

TEST_CASE("a call is tried again as often as it allows") {
  Numbers library;
  library.fails_left = 2;
  JobOfThreads job(library, {.ranks = 3});
  const CallId call = job.calls().submit({{.function = Numbers::fail_once, .arguments = bytes_of(0), .max_attempts = 3}});
  CHECK(result(job.calls(), call) == 1);
}

TEST_CASE("calls that submit calls and wait for them never wait for a thread") {
  const Numbers library;
  for (const int ranks : {1, 3}) {
    JobOfThreads job(library, {.ranks = ranks, .threads = 1});
    const CallId call = job.calls().submit({{.function = Numbers::fibonacci, .arguments = bytes_of(11)}});
    CHECK(result(job.calls(), call) == 89);
  }
}

TEST_CASE("large values are scattered and fetched whole") {
  const Numbers library;
  JobOfThreads job(library, {.ranks = 3});
  Calls& calls = job.calls();
  std::vector<std::byte> large(3'000'000);
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<std::byte>(i * 7 >> 3);
  const CallId value = calls.submit({{.function = value_function, .arguments = large}});
  std::vector<CallId> lengths;
  for (int i = 0; i < 4; ++i) lengths.push_back(calls.submit({{.function = Numbers::length, .arguments = bytes_of(0), .inputs = {value}}}));
  for (const auto& length : calls.results(lengths)) CHECK(value_of(*length) == 3'000'000);
  CHECK(*calls.results({&value, 1})[0] == large);
}

TEST_CASE("a cancelled call has no result, nor has what needs it; the worker goes on with others") {
  Numbers library;
  JobOfThreads job(library, {.ranks = 2, .threads = 1});
  Calls& calls = job.calls();
  const CallId running = calls.submit({{.function = Numbers::wait_for_release, .arguments = bytes_of(0)}});
  const CallId reader = calls.submit({sum_of(1, {running})});
  calls.poll();
  calls.cancel(running);
  CHECK(calls.state(running) == CallState::erred);
  CHECK(calls.state(reader) == CallState::erred);
  CHECK(calls.error(running).text() == "wait_for_release(0) was cancelled");
  CHECK(calls.error(reader).text() == "an input was cancelled: wait_for_release(0)");
  library.released = true;
  library.released.notify_all();
  CHECK(result(calls, calls.submit({sum_of(4)})) == 4);
}

TEST_CASE("completions come one after the other, each once") {
  const Numbers library;
  JobOfThreads job(library, {.ranks = 3});
  Calls& calls = job.calls();
  std::vector<CallSpec> specs;
  for (int i = 0; i < 50; ++i) specs.push_back(i % 10 == 3 ? CallSpec{.function = Numbers::fail, .arguments = bytes_of(i)} : sum_of(i));
  const CallId first = calls.submit(std::move(specs));
  std::vector<std::uint32_t> seen;
  while (seen.size() < 50) {
    calls.wait_for_completions(seen.size());
    seen.push_back(calls.completion(seen.size()).value);
  }
  std::sort(seen.begin(), seen.end());
  for (std::uint32_t i = 0; i < 50; ++i) CHECK(seen[i] == first.value + i);
}

TEST_CASE("a call that needs a resource runs where it is; one that nobody can serve says so") {
  const Numbers library;
  JobOfThreads job(library, {.ranks = 4, .resources = {"", "", "gpu=2", ""}});
  Calls& calls = job.calls();
  std::vector<CallSpec> specs;
  for (int i = 0; i < 10; ++i)
    specs.push_back({.function = Numbers::worker_number, .arguments = bytes_of(0), .resources = {{"gpu", 1}}});
  specs.push_back({.function = Numbers::worker_number, .arguments = bytes_of(0), .resources = {{"gpu", 3}}});
  const CallId first = calls.submit(std::move(specs));
  std::vector<CallId> all;
  for (std::uint32_t i = 0; i < 10; ++i) all.push_back({first.value + i});
  for (const auto& worker : calls.results(all)) CHECK(value_of(*worker) == 2);
  const CallId impossible{first.value + 10};
  calls.wait({&impossible, 1});
  CHECK(calls.error(impossible).message == "worker_number(0) needs 3 of gpu, which no worker has");
}

TEST_CASE("what a lost worker held or ran is computed again, and the same") {
  Numbers library;
  JobOfThreads job(library, {.ranks = 4, .silence_ms = 1000});
  Calls& calls = job.calls();
  std::vector<CallId> level;
  for (std::int64_t i = 0; i < 300; ++i) level.push_back(calls.submit({sum_of(i)}));
  std::vector<CallId> sums;
  for (std::size_t i = 0; i + 10 <= level.size(); i += 10)
    sums.push_back(calls.submit({sum_of(1, {level.begin() + static_cast<std::ptrdiff_t>(i), level.begin() + static_cast<std::ptrdiff_t>(i) + 10})}));
  calls.wait(sums);
  for (const CallId call : level) calls.release(call);
  job.kill(2);
  // What it held of the sums is gone, and what they came from was released.
  const CallId total = calls.submit({sum_of(0, sums)});
  const CallId tree = calls.submit({{.function = Numbers::fibonacci, .arguments = bytes_of(9)}});
  CHECK(result(calls, total) == 299 * 150 + 30);
  CHECK(result(calls, tree) == 34);
  CHECK(job.session().losses().size() == 1);
  std::int64_t sum = 0;
  for (const auto& one : calls.results(sums)) sum += value_of(*one);
  CHECK(sum == 299 * 150 + 30);
}

TEST_CASE("results and arguments are let go when nobody can ask for them any more") {
  const Numbers library;
  JobOfThreads job(library, {.ranks = 2});
  auto& run = dynamic_cast<CallRun&>(job.calls());
  const std::vector<std::byte> large(100'000);
  const CallId value = run.submit({{.function = value_function, .arguments = large}});
  const CallId length = run.submit({{.function = Numbers::length, .arguments = bytes_of(0), .inputs = {value}}});
  CHECK(result(run, length) == 100'000);
  CHECK(run.held_bytes({1}) == Bytes{100'008});
  run.release(value);
  run.poll();
  CHECK(run.held_bytes({1}) == Bytes{8});
  // The value could be needed to compute the length again.
  CHECK(run.memory_bytes() > 100'000);
  const std::size_t before = run.memory_bytes();
  run.release(length);
  run.poll();
  CHECK(run.held_bytes({1}) == Bytes{0});
  CHECK(run.memory_bytes() + 100'000 < before + 1000);
}

TEST_CASE("libraries of other functions have another digest") {
  class Other final : public TaskLibrary {
   public:
    std::uint32_t function_count() const override { return 1; }
    std::string name_of(std::uint32_t) const override { return "other"; }
    std::vector<std::byte> call(std::uint32_t, std::span<const std::byte>, std::span<const std::span<const std::byte>>,
                                CallContext&) const override { return {}; }
  };
  CHECK(digest_of(Numbers()) != digest_of(Other()));
}
