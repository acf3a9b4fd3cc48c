#include <catch2/catch.hpp>

#include <atomic>
#include <mutex>
#include <numeric>

#include "api/tasks.hpp"
#include "rankine/delayed.hpp"
#include "rankine/task.hpp"
#include "runtime/job_of_threads.hpp"

using namespace rankine;

namespace {

struct Station {
  std::string name;
  std::vector<double> heights;
  bool operator==(const Station&) const = default;
};

}  // namespace

template <>
struct rankine::Serialise<Station> {
  static void write(OutBytes& out, const Station& s) { rankine::write(out, s.name, s.heights); }
  static Station read(InBytes& in) {
    Station s;
    rankine::read(in, s.name, s.heights);
    return s;
  }
};

namespace {

double add(double a, double b) { return a + b; }
RANKINE_TASK(add);
int increment(int x) { return x + 1; }
RANKINE_TASK(increment);
int total(const std::vector<int>& values) { return std::accumulate(values.begin(), values.end(), 0); }
RANKINE_TASK(total);
double highest(const Station& station) { return *std::max_element(station.heights.begin(), station.heights.end()); }
RANKINE_TASK(highest);
Station station_named(const std::string& name, std::vector<double> heights) { return {name, std::move(heights)}; }
RANKINE_TASK(station_named);
int divide(int a, int b) {
  if (b == 0) throw std::runtime_error("division by zero");
  return a / b;
}
RANKINE_TASK(divide);
void nothing() {}
RANKINE_TASK(nothing);

long fibonacci(int n);
RANKINE_TASK(fibonacci);
long fibonacci(int n) {
  if (n < 2) return n;
  TaskClient& client = task_client();
  const auto a = client.submit<fibonacci>(n - 1), b = client.submit<fibonacci>(n - 2);
  return a.get() + b.get();
}

std::atomic<int> fails_left = 0;
int flaky() {
  if (fails_left.fetch_sub(1) > 0) throw std::runtime_error("not yet");
  return 7;
}
RANKINE_TASK(flaky);

std::mutex noted_guard;
std::vector<int> noted;
int note(int value) {
  const std::lock_guard guard(noted_guard);
  noted.push_back(value);
  return value;
}
RANKINE_TASK(note);

/// A job of threads with the interface's client on it.
struct Job {
  explicit Job(int ranks = 3, unsigned threads = 1)
      : job(api::task_library(), {.ranks = ranks, .threads = threads}),
        port(std::make_shared<api::CallsPort>([this]() -> runtime::Calls& { return job.calls(); })), client(port) {}
  ~Job() { port->close(); }
  JobOfThreads job;
  std::shared_ptr<api::CallsPort> port;
  TaskClient client;
};

template <class T>
void check_round_trip(const T& value) { CHECK(from_bytes<T>(to_bytes(value)) == value); }

}  // namespace

TEST_CASE("values of every supported type come back from bytes") {
  check_round_trip(3.5);
  check_round_trip(true);
  check_round_trip(std::string("with \0 in it", 12));
  check_round_trip(std::vector<bool>{true, false, true});
  check_round_trip(std::vector<std::string>{"a", "", "bc"});
  check_round_trip(std::map<std::string, std::vector<int>>{{"a", {1, 2}}, {"b", {}}});
  check_round_trip(std::set<int>{3, 1, 2});
  check_round_trip(std::tuple<int, std::string, double>{1, "x", 2.5});
  check_round_trip(std::pair<const int, std::string>{1, "x"});
  check_round_trip(std::optional<std::string>{"x"});
  check_round_trip(std::optional<std::string>{});
  check_round_trip(std::variant<int, std::string>{"text"});
  check_round_trip(std::array<std::string, 2>{"a", "b"});
  check_round_trip(std::unordered_map<int, double>{{1, 2.0}, {3, 4.0}});
  check_round_trip(Station{"Sonnblick", {3106, 3105.5}});
  CHECK_THROWS_AS(from_bytes<int>(to_bytes(std::int64_t{1})), Error);
  CHECK_THROWS_AS(from_bytes<std::vector<double>>(to_bytes(std::uint64_t{1} << 60)), Error);
}

TEST_CASE("tasks take values, futures and lists of futures") {
  Job job;
  const auto a = job.client.submit<add>(1, 2.5);
  const auto b = job.client.submit<add>(a, a);
  CHECK(b.get() == 7.0);
  const auto ones = job.client.map<increment>(std::vector<int>(100, 0));
  CHECK(job.client.submit<total>(ones).get() == 100);
  CHECK(job.client.submit<total>(std::vector<int>{1, 2}).get() == 3);
  const auto station = job.client.submit<station_named>("Zugspitze", std::vector<double>{1, 2962, 5});
  CHECK(station.get() == Station{"Zugspitze", {1, 2962, 5}});
  CHECK(job.client.submit<highest>(station).get() == 2962);
  job.client.submit<nothing>().get();
}

TEST_CASE("map gives each call its elements, and all of them what is no list") {
  Job job;
  std::vector<double> x{1, 2, 3};
  CHECK(job.client.gather(job.client.map<add>(x, 10)) == std::vector<double>{11, 12, 13});
  const auto sums = job.client.map<add>(x, x);
  CHECK(job.client.gather(job.client.map<add>(sums, sums)) == std::vector<double>{4, 8, 12});
  CHECK_THROWS_AS(job.client.map<add>(x, std::vector<double>{1}), UsageError);
}

TEST_CASE("a reduction is the same tree on any number of ranks") {
  std::vector<double> results;
  for (const int ranks : {1, 2, 4}) {
    Job job(ranks, 2);
    std::vector<double> values;
    for (int i = 0; i < 1000; ++i) values.push_back(1.0 / (1 + i));
    const auto parts = job.client.map<add>(values, 0.1);
    results.push_back(job.client.reduce<plus>(parts).get());
    CHECK(job.client.reduce<add>(parts, 3).get() == Approx(results[0]));
    CHECK(job.client.reduce<greatest>(parts).get() == 1.1);
    CHECK(job.client.reduce<least>(std::vector<Future<double>>{parts[1]}).get() == 0.6);
  }
  CHECK(results[1] == results[0]);
  CHECK(results[2] == results[0]);
}

TEST_CASE("an exception comes back with task, arguments, worker and attempts") {
  Job job(2);
  const auto bad = job.client.submit_with<divide>({.retries = 1}, 7, 0);
  const auto reader = job.client.submit<increment>(bad);
  try {
    reader.get();
    FAIL("no exception");
  } catch (const TaskError& error) {
    CHECK(error.task == "divide(7, 0)");
    CHECK(error.message == "division by zero");
    CHECK_FALSE(error.is_own);
    CHECK(error.worker == 1);
    CHECK(error.attempts == 2);
    CHECK(std::string(error.what()) == "division by zero (task divide(7, 0), attempt 2, worker 1; before: worker 1)");
  }
  CHECK(bad.error()->is_own);
  CHECK(job.client.submit_with<divide>({.name = "the other one"}, 8, 2).get() == 4);
}

TEST_CASE("retries make up for failures") {
  Job job;
  fails_left = 2;
  CHECK(job.client.submit_with<flaky>({.retries = 2}).get() == 7);
}

TEST_CASE("higher priorities run first, whatever came first") {
  for (const int ranks : {1, 3}) {
    noted.clear();
    Job job(ranks);
    std::vector<Delayed<int>> calls;
    std::vector<int> values, falling;
    for (int i = 0; i < 60; ++i) {
      calls.push_back(delayed_with<note>({.priority = i}, i));
      values.push_back(i);
      falling.insert(falling.begin(), i);
    }
    CHECK(job.client.gather(job.client.persist(calls)) == values);
    CHECK(noted.size() == 60);
    if (ranks == 1) CHECK(noted == falling);  // one thread takes them in that order
  }
}

TEST_CASE("a value that is broadcast is there for every task that takes it") {
  for (const int ranks : {1, 3}) {
    Job job(ranks);
    const auto numbers = job.client.broadcast(std::vector<int>{1, 2, 3});
    std::vector<Future<int>> sums;
    for (int i = 0; i < 20; ++i) sums.push_back(job.client.submit<total>(numbers));
    CHECK(job.client.gather(sums) == std::vector<int>(20, 6));
    const auto each = job.client.scatter_each(std::vector<int>{4, 5});
    CHECK(job.client.submit<divide>(each[1], each[0]).get() == 1);
    job.client.wait(each);
    CHECK(each[0].done());
  }
}

TEST_CASE("tasks submit tasks and wait for them") {
  for (const int ranks : {1, 3}) {
    Job job(ranks);
    CHECK(job.client.submit<fibonacci>(12).get() == 144);
  }
  CHECK_THROWS_AS(task_client(), UsageError);
}

TEST_CASE("futures come as they are completed, those that failed too, and more may be added") {
  Job job;
  auto futures = job.client.map<divide>(std::vector<int>{6, 7, 8, 9}, std::vector<int>{2, 0, 2, 3});
  auto completed = job.client.as_completed(futures);
  int sum = 0, failed = 0, seen = 0;
  for (const auto& future : completed) {
    if (++seen == 1) completed.add(job.client.submit<divide>(100, 1));
    if (future.error()) ++failed;
    else sum += future.get();
  }
  CHECK(sum == 3 + 4 + 3 + 100);
  CHECK(failed == 1);
}

TEST_CASE("lazy graphs run when they are asked for, what they share once") {
  Job job;
  const auto x = delayed<increment>(1);
  std::vector<Delayed<int>> parts;
  for (int i = 0; i < 10; ++i) parts.push_back(delayed<divide>(x, 1));
  CHECK(job.client.compute(delayed<total>(parts)) == 20);
  CHECK(job.client.compute(std::vector<Delayed<int>>{x, parts[3], x}) == std::vector<int>{2, 2, 2});
  const auto futures = job.client.persist(parts);
  CHECK(job.client.submit<total>(futures).get() == 20);
}

TEST_CASE("a lazy graph takes futures, whose results stay until it has run") {
  for (const int ranks : {1, 3}) {
    Job job(ranks, 2);
    const auto one = job.client.submit<increment>(0);
    const auto ones = job.client.map<increment>(std::vector<int>(50, 0));
    Delayed<int> lazy = delayed<total>(ones);
    {
      const auto gone = job.client.submit<increment>(40);
      lazy = delayed<divide>(delayed<total>(std::vector<Delayed<int>>{lazy, delayed<increment>(gone)}), one);
    }
    CHECK(job.client.compute(lazy) == 50 + 42);
    CHECK(job.client.compute(delayed<divide>(one, one)) == 1);
    CHECK(job.client.compute(lazy) == 50 + 42);
    CHECK_THROWS_AS(delayed<increment>(Future<int>{}), UsageError);
    const auto bad = job.client.submit<divide>(1, 0);
    CHECK_THROWS_AS(job.client.compute(delayed<increment>(bad)), TaskError);
  }
}

TEST_CASE("long chains of lazy calls are built, run and taken down") {
  Job job(2);
  Delayed<int> x = delayed<increment>(0);
  for (int i = 1; i < 10'000; ++i) x = delayed<increment>(x);
  CHECK(job.client.compute(x) == 10'000);
  for (int i = 0; i < 500'000; ++i) x = delayed<increment>(x);
}

TEST_CASE("results are dropped with their last future") {
  Job job(2);
  auto& run = dynamic_cast<runtime::CallRun&>(job.job.calls());
  {
    const auto large = job.client.scatter(std::vector<double>(1000, 1.5));
    const auto copy = large;
    CHECK(large.get().size() == 1000);
    CHECK(run.held_bytes({1}) == Bytes{8008});
  }
  run.poll();
  CHECK(run.held_bytes({1}) == Bytes{0});
}

TEST_CASE("a cancelled task says so") {
  Job job(2);
  std::vector<Future<long>> tasks;
  for (int i = 0; i < 50; ++i) tasks.push_back(job.client.submit<fibonacci>(15));
  const auto last = tasks.back();
  last.cancel();
  CHECK(last.done());
  try {
    last.get();
  } catch (const TaskError& error) {
    CHECK(error.cancelled);
    CHECK(error.task == "fibonacci(15)");
  }
  job.client.cancel(tasks);
}

TEST_CASE("a future outlives its job as an empty shell") {
  Future<int> kept;
  CHECK_FALSE(kept.valid());
  {
    Job job;
    kept = job.client.submit<increment>(1);
  }
  CHECK_THROWS_AS(kept.get(), UsageError);
}
