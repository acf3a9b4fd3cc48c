#include <catch2/catch.hpp>

#include <unistd.h>

#include <atomic>
#include <cstring>
#include <filesystem>
#include <thread>

#include "job_of_threads.hpp"
#include "runtime/call_progress.hpp"
#include "runtime/saved_blocks.hpp"

using namespace rankine;
using namespace rankine::runtime;
using journal::CallKey;

namespace {

std::vector<std::byte> bytes_of(std::int64_t value) {
  std::vector<std::byte> bytes(sizeof value);
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}
std::int64_t value_of(std::span<const std::byte> bytes) {
  std::int64_t value = 0;
  if (bytes.size() != sizeof value) throw std::logic_error("a number of another size");
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

class Folder {
 public:
  Folder() : path_(std::filesystem::temp_directory_path() / ("call-progress-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

/// Sums that take a millisecond, so that saving them is worth it, and a sum over what a task submits itself.
class Sums final : public TaskLibrary {
 public:
  enum Function : std::uint32_t { sum, sum_of_tasks };
  std::uint32_t function_count() const override { return 2; }
  std::string name_of(std::uint32_t function) const override { return function == sum ? "sum" : "sum_of_tasks"; }
  std::vector<std::byte> call(std::uint32_t function, std::span<const std::byte> arguments,
                              std::span<const std::span<const std::byte>> inputs, CallContext& context) const override {
    ++calls_made;
    std::int64_t total = value_of(arguments);
    if (function == sum_of_tasks) {
      std::vector<CallSpec> specs;
      for (std::int64_t i = 0; i < 4; ++i) specs.push_back({.function = sum, .arguments = bytes_of(total + i)});
      const CallId first = context.calls().submit(std::move(specs));
      std::vector<CallId> all;
      for (std::uint32_t i = 0; i < 4; ++i) all.push_back({first.value + i});
      for (const auto& result : context.calls().results(all)) total += value_of(*result);
      return bytes_of(total);
    }
    for (const auto& input : inputs) total += value_of(input);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));   // what the sum takes
    return bytes_of(total);
  }
  mutable std::atomic<int> calls_made = 0;
};

CallSpec sum_of(std::int64_t value, std::vector<CallId> inputs = {}) {
  return {.function = Sums::sum, .arguments = bytes_of(value), .inputs = std::move(inputs)};
}

RunDirectoryOptions in(const std::string& path) {
  RunDirectoryOptions options;
  options.path = path;
  options.job.script = "sums.py";
  options.job.script_text = "the same each time";
  return options;
}

/// Sixteen sums, and their sum by fours; what the program has fetched at the end.
std::int64_t tree(Calls& calls, std::vector<CallId>& kept) {
  std::vector<CallId> leaves, quarters;
  for (std::int64_t i = 0; i < 16; ++i) leaves.push_back(calls.submit({sum_of(i)}));
  for (std::size_t i = 0; i < 16; i += 4)
    quarters.push_back(calls.submit({sum_of(100, {leaves.begin() + static_cast<std::ptrdiff_t>(i), leaves.begin() + static_cast<std::ptrdiff_t>(i) + 4})}));
  const CallId whole = calls.submit({sum_of(0, quarters)});
  kept = quarters;
  for (const CallId leaf : leaves) calls.release(leaf);
  const std::int64_t value = value_of(*calls.results({&whole, 1})[0]);
  calls.release(whole);
  return value;
}

std::vector<std::int64_t> fetched(Calls& calls, const std::vector<CallId>& ids) {
  std::vector<std::int64_t> values;
  for (const auto& result : calls.results(ids)) values.push_back(value_of(*result));
  return values;
}

}  // namespace

TEST_CASE("a call's key follows from what it is, not from when it comes; equal calls are numbered") {
  CallKeys one, other;
  const CallKey a = one.next(true, "f", bytes_of(1), {});
  const CallKey b = one.next(true, "f", bytes_of(2), {});
  CHECK(other.next(true, "f", bytes_of(2), {}) == b);
  CHECK(other.next(true, "f", bytes_of(1), {}) == a);
  const CallKey again = one.next(true, "f", bytes_of(1), {});
  CHECK(again == CallKey{a.high, a.low, 2});
  // Function, arguments, inputs with their order and number, and who calls: each makes another key.
  const CallKey base = one.next(true, "g", bytes_of(1), std::vector<CallKey>{a, b});
  CHECK(other.next(true, "g", bytes_of(1), std::vector<CallKey>{a, b}) == base);
  for (const CallKey& key : {one.next(true, "h", bytes_of(1), std::vector<CallKey>{a, b}), one.next(true, "g", bytes_of(3), std::vector<CallKey>{a, b}),
                             one.next(true, "g", {}, std::vector<CallKey>{a, b}), one.next(true, "g", bytes_of(1), std::vector<CallKey>{b, a}),
                             one.next(true, "g", bytes_of(1), std::vector<CallKey>{again, b}), one.next(true, "g", bytes_of(1), {}),
                             one.next(false, "g", bytes_of(1), std::vector<CallKey>{a, b})})
    CHECK_FALSE((key.high == base.high && key.low == base.low));
}

TEST_CASE("saved results are found by their keys and loaded as they were; a damaged one is refused by the name of its file") {
  const Folder folder;
  const auto value = std::make_shared<const std::vector<std::byte>>(bytes_of(77));
  const std::vector<std::pair<TaskId, PayloadSource>> results{{TaskId{0}, [&] { return SavedPayload{{}, value}; }}};
  const auto blocks = save_payloads(folder / "blocks", results);
  const CallKey saved{1, 2, 1}, done{3, 4, 1}, equal{1, 2, 5};
  SavedCalls calls;
  CHECK(calls.is_empty());
  calls.add({0, {folder / "other"}, {{equal, {0, 0, 8}, 0}}, {}});
  calls.add({0, {folder / "blocks"}, {{saved, blocks[0].segments[0], blocks[0].crc32c}}, {done}});
  CHECK(calls.saved_count() == 2);
  CHECK(calls.saved_bytes() == 16);
  CHECK((calls.is_done(saved) && calls.is_done(done) && !calls.is_done({3, 4, 2})));
  CHECK_FALSE(calls.place_of(done));
  CHECK(value_of(load_saved_call(*calls.place_of(saved))) == 77);
  // Calls of calls take any that is equal, each once.
  CHECK(calls.take_equal({1, 2, 9}) == saved);
  CHECK(calls.take_equal({1, 2, 9}) == equal);
  CHECK(calls.take_equal({1, 2, 9}) == CallKey{1, 2, 9});
  CHECK(calls.take_equal({1, 3, 1}) == CallKey{1, 3, 1});
  CHECK_THROWS_WITH(load_saved_call(*calls.place_of(equal)), Catch::Contains("cannot open " + (folder / "other")));
  std::filesystem::resize_file(folder / "blocks", 0);
  std::filesystem::resize_file(folder / "blocks", 8);
  CHECK_THROWS_WITH(load_saved_call(*calls.place_of(saved)), Catch::Contains(folder / "blocks") && Catch::Contains("damaged"));
}

TEST_CASE("a checkpoint of calls saves what is dear and small, once, and notes what need not run again") {
  CallProgress progress;
  const auto add = [&](std::int64_t argument, std::vector<TaskId> inputs = {}) {
    return progress.add(true, false, "f", bytes_of(argument), inputs);
  };
  for (std::int64_t i = 0; i < 4; ++i) add(i);
  add(4, {{0}, {1}});
  add(5, {{1}});
  progress.note_finished({0}, 5'000'000, {1'000'000}, {});      // dear
  progress.note_finished({1}, 2'000, {1'000'000}, {});          // cheap
  progress.note_finished({2}, 20'000, {1'000'000}, {});         // dearer than loading it, no more
  progress.note_finished({3}, 10, {8}, {});                     // nothing
  progress.note_finished({4}, 10, {8}, std::vector<TaskId>{{0}, {1}});  // dear by what it was made of
  const std::vector<std::pair<TaskId, WorkerId>> held{{{0}, {1}}, {{1}, {1}}, {{2}, {2}}, {{3}, {2}}, {{4}, {1}}};
  progress.note_fetched({3}, std::make_shared<const std::vector<std::byte>>(bytes_of(1)));
  auto orders = progress.begin(held, CallProgress::Choice::expensive);
  REQUIRE(orders.size() == 1);
  CHECK(orders[0].worker == WorkerId{1});
  CHECK(orders[0].tasks == std::vector<TaskId>{{4}, {0}});
  REQUIRE(progress.fetched().size() == 1);   // worth little, but it is here, and small
  progress.on_fetched_saved({0, {"fetched"}, {}, {{TaskId{3}, {}, {{0, 0, 8}}, 7}}});
  CHECK_FALSE(progress.has_answers());
  progress.on_saved({1}, 1, {0, {"blocks"}, {}, {{TaskId{4}, {}, {{0, 0, 8}}, 5}, {TaskId{0}, {}, {{0, 8, 9}}, 6}}});
  REQUIRE(progress.has_answers());
  std::vector<std::string> errors;
  const journal::CallsRecord record = progress.take(errors);
  CHECK(errors.empty());
  CHECK(record.files == std::vector<std::string>{"fetched", "blocks"});
  REQUIRE(record.saved.size() == 3);
  CHECK((record.saved[0].segment == journal::Segment{0, 0, 8} && record.saved[2].segment == journal::Segment{1, 8, 9}));
  CHECK(record.done.size() == 4);   // all but what takes no time
  orders = progress.begin(held, CallProgress::Choice::all);
  REQUIRE(orders.size() == 1);
  CHECK(orders[0].tasks == std::vector<TaskId>{{2}});
  progress.on_saved({2}, 2, {}, "no space");
  CHECK(progress.take(errors).saved.empty());
  CHECK(errors == std::vector<std::string>{"worker 2: no space"});
  CHECK(progress.saved_count() == 3);
}

TEST_CASE("a job goes on with the results of calls that another one has saved, on another number of ranks") {
  const Folder folder;
  const std::string path = folder / "run";
  const Sums library;
  std::vector<std::int64_t> quarters;
  {
    JobOfThreads job(library, {.ranks = 3, .threads = 2, .checkpoint_every_s = 0});
    job.session().keep_progress(in(path));
    std::vector<CallId> kept;
    CHECK(tree(job.calls(), kept) == 520);
    quarters = fetched(job.calls(), kept);
    while (saved_calls_of(path).done_count() < 21) job.calls().poll();
  }   // as after kill -9 of everything
  const int first = library.calls_made.exchange(0);
  CHECK(first == 16 + 4 + 1);
  // At least what the program may ask for again: the quarters and their sum.
  CHECK(saved_calls_of(path).saved_count() >= 5);
  {
    JobOfThreads job(library, {.ranks = 2});
    job.session().keep_progress(in(path));
    std::vector<CallId> kept;
    CHECK(tree(job.calls(), kept) == 520);
    CHECK(fetched(job.calls(), kept) == quarters);
    CHECK(library.calls_made == 0);
    // What is new runs; what it needs of the old comes from the directory.
    const CallId more = job.calls().submit({sum_of(1, {kept[0], kept[3]})});
    CHECK(value_of(*job.calls().results({&more, 1})[0]) == 1 + quarters[0] + quarters[3]);
    CHECK(library.calls_made.exchange(0) == 1);
    job.session().end_progress(0);
  }
  CHECK_FALSE(std::filesystem::exists(path + "/journal"));
}

TEST_CASE("calls of calls take what an earlier job has saved of equal ones") {
  const Folder folder;
  const std::string path = folder / "run";
  const Sums library;
  const CallSpec nested{.function = Sums::sum_of_tasks, .arguments = bytes_of(5)};
  {
    JobOfThreads job(library, {.ranks = 2, .checkpoint_every_s = 0});
    job.session().keep_progress(in(path));
    Calls& calls = job.calls();
    const CallId one = calls.submit({nested});
    CHECK(value_of(*calls.results({&one, 1})[0]) == 5 + 5 + 6 + 7 + 8);
    const CallKey key = CallKeys().next(true, "sum_of_tasks", bytes_of(5), {});
    while (!saved_calls_of(path).place_of(key)) calls.poll();
  }
  const std::size_t saved = saved_calls_of(path).saved_count();   // its own, and perhaps some that it has submitted
  CHECK(library.calls_made.exchange(0) == 5);
  JobOfThreads job(library, {.ranks = 3});
  job.session().keep_progress(in(path));
  Calls& calls = job.calls();
  // The first is taken over. The second is new to the journal, what it submits is not if it was saved.
  const CallId both[] = {calls.submit({nested}), calls.submit({nested})};
  for (const auto& result : calls.results(both)) CHECK(value_of(*result) == 31);
  CHECK(library.calls_made == 1 + 4 - (static_cast<int>(saved) - 1));
}

TEST_CASE("after a warning no call is started, what is held is saved, and the job ends as one that can be gone on with") {
  const Folder folder;
  const std::string path = folder / "run";
  const Sums library;
  volatile std::sig_atomic_t asked = 0;
  {
    JobOfThreads job(library, {.ranks = 3, .asked_to_leave = &asked});
    job.session().keep_progress(in(path));
    Calls& calls = job.calls();
    std::vector<CallId> some;
    for (std::int64_t i = 0; i < 6; ++i) some.push_back(calls.submit({sum_of(i)}));
    calls.wait(some);
    asked = 1;
    const CallId later = calls.submit({sum_of(7)});
    CHECK_THROWS_WITH(calls.results({&later, 1}), "ended as asked, with 6 of 7 tasks done and the results of 6 kept; go on with: rankine resume " + path);
    CHECK_THROWS_AS(job.session().check_interrupt(), Error);
    job.session().end_progress(static_cast<int>(ExitCode::resumable));
  }
  CHECK(saved_calls_of(path).saved_count() == 6);
  RunDirectoryOptions changed = in(path);
  changed.job.script_text = "another one";
  JobOfThreads job(library, {.ranks = 1});
  job.session().keep_progress(changed);
  CHECK_THROWS_WITH(job.calls(), Catch::Contains("the script has changed") && Catch::Contains("--fresh"));
}

TEST_CASE("nothing is kept of calls where there is nothing to save, and where another run has the directory") {
  const Folder folder;
  const Sums library;
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(folder / "");
  {
    JobOfThreads job(library, {.ranks = 2});
    RunDirectoryOptions options = in("");
    job.session().keep_progress(options);
    std::vector<CallId> kept;
    tree(job.calls(), kept);
    CHECK_FALSE(std::filesystem::exists(folder / "sums.py.rankine"));   // the first checkpoint comes in a minute
  }
  CHECK(default_run_directory(in("").job) == "sums.py.rankine");
  RunDirectoryOptions with_words = in("");
  with_words.job.arguments = {"3"};
  CHECK(default_run_directory(with_words.job).size() == std::string("sums.py-01234567.rankine").size());
  {
    JobOfThreads job(library, {.ranks = 2, .checkpoint_every_s = 0});
    job.session().keep_progress(in(""));
    std::vector<CallId> kept;
    tree(job.calls(), kept);
    while (saved_calls_of(folder / "sums.py.rankine").saved_count() < 6) job.calls().poll();
  }
  std::filesystem::current_path(before);
}
