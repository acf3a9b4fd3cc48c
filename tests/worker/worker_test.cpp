#include <catch2/catch.hpp>

#include "worker/worker.hpp"

using namespace rankine;
using namespace rankine::worker;

namespace {

constexpr WorkerId self{1}, peer{2}, other{3};

/// A worker whose actions are compared as text; audited after each event.
struct Bench {
  Worker machine;
  Actions out;
  explicit Bench(std::uint32_t threads = 1, std::uint32_t fetches = 8, std::uint64_t limit = 0)
      : machine({.self = self, .threads = threads, .memory_limit = {limit}, .max_parallel_fetches = fetches}) {}

  static std::string n(std::uint32_t value) { return std::to_string(value); }
  static std::string print(const StartTask& a) { return "start " + n(a.task.value); }
  static std::string print(const FetchBlock& a) { return "fetch " + n(a.task.value) + " from " + n(a.from.value); }
  static std::string print(const SendBlock& a) { return "send " + n(a.task.value) + " to " + n(a.to.value); }
  static std::string print(const RefuseBlock& a) { return "refuse " + n(a.task.value) + " to " + n(a.to.value); }
  static std::string print(const DropBlock& a) { return "drop " + n(a.task.value); }
  static std::string print(const ReportFinished& a) { return "finished " + n(a.task.value); }
  static std::string print(const ReportFailed& a) { return "failed " + n(a.task.value) + " " + a.message; }
  static std::string print(const ReportInputMissing& a) {
    return "missing " + n(a.input.value) + " of " + n(a.task.value);
  }
  static std::string print(const AnswerRecall& a) {
    return (a.granted ? "give back " : "keep ") + n(a.task.value);
  }
  static std::string f(std::uint64_t file) { return std::to_string(file); }
  static std::string print(const SpillBlock& a) { return "spill " + n(a.task.value) + " to file " + f(a.file); }
  static std::string print(const EvictBlock& a) { return "evict " + n(a.task.value); }
  static std::string print(const LoadBlock& a) { return "load " + n(a.task.value) + " from file " + f(a.file); }
  static std::string print(const SendSpilled& a) {
    return "send " + n(a.task.value) + " from file " + f(a.file) + " to " + n(a.to.value);
  }
  static std::string print(const ForgetSpilled& a) { return "forget file " + f(a.file); }
  static std::string print(const ReportLost& a) { return (a.discarded ? "discarded " : "lost ") + n(a.task.value); }
  static std::string print(const ReportNoRoom& a) {
    return "no room for " + n(a.task.value) + ", " + std::to_string(a.needed.value) + " needed";
  }
  std::string said() {
    machine.sanity_check();
    std::string text;
    for (const Action& action : out)
      text += (text.empty() ? "" : "; ") + std::visit([](const auto& a) { return print(a); }, action);
    out.clear();
    return text;
  }
  std::string assign(std::uint32_t task, std::vector<InputLocation> inputs, std::uint64_t priority = 0) {
    machine.on_assign({{task}, 1, priority}, inputs, out);
    return said();
  }
  std::string done(std::uint32_t task, std::uint64_t bytes = 10) {
    machine.on_task_done({task}, 1, {bytes}, 5, out);
    return said();
  }
  std::string arrived(std::uint32_t task, std::uint64_t bytes = 10) {
    machine.on_block_arrived({task}, {bytes}, out);
    return said();
  }
};

}  // namespace

TEST_CASE("a copy without readers is kept while there is room, and becomes the worker's own when its holder is lost") {
  WorkerOptions options;
  options.self = {1};
  options.replica_cache = {100};
  Worker worker(options);
  Actions out;
  worker.on_copy_wanted({7}, {2}, {60}, out);
  REQUIRE(out.size() == 1);
  CHECK(std::get<FetchBlock>(out[0]).from == WorkerId{2});
  out.clear();
  worker.on_block_arrived({7}, {60}, out);
  CHECK(worker.has_block({7}));
  worker.on_made_holder({7}, out);
  worker.drop_idle_replicas(out);   // it is none any more
  CHECK(out.empty());
  CHECK(worker.has_block({7}));
  const TaskId released{7};
  worker.on_release({&released, 1}, out);
  CHECK_FALSE(worker.has_block({7}));
  out.clear();
  worker.sanity_check();

  worker.on_copy_wanted({8}, {2}, {60}, out);
  worker.on_block_arrived({8}, {60}, out);
  worker.on_copy_wanted({9}, {2}, {60}, out);
  worker.on_block_arrived({9}, {60}, out);
  CHECK_FALSE(worker.has_block({8}));   // the older one went for the newer
  out.clear();
  worker.on_made_holder({8}, out);
  REQUIRE(out.size() == 1);
  CHECK(std::get<ReportLost>(out[0]).task == TaskId{8});
  worker.sanity_check();
}

TEST_CASE("a copy is kept for a later reader while there is room, and goes when memory is short") {
  rankine::worker::Worker machine({.self = {1}, .threads = 1, .memory_limit = {100}, .max_parallel_fetches = 8,
                                   .replica_cache = {50}});
  rankine::worker::Actions out;
  const rankine::worker::InputLocation input{{7}, {2}, {40}};
  machine.on_assign({{10}, 1, 0}, {&input, 1}, out);
  machine.on_block_arrived({7}, {40}, out);
  out.clear();
  machine.on_task_done({10}, 1, {0}, 5, out);
  REQUIRE(out.size() == 1);  // the report, and nothing dropped
  CHECK(std::holds_alternative<rankine::worker::ReportFinished>(out[0]));
  machine.sanity_check();
  out.clear();
  machine.on_assign({{11}, 1, 0}, {&input, 1}, out);
  REQUIRE(out.size() == 1);  // starts at once, nothing fetched
  CHECK(std::holds_alternative<rankine::worker::StartTask>(out[0]));
  out.clear();
  machine.on_task_done({11}, 1, {30}, 5, out);
  CHECK(machine.held_bytes() == rankine::Bytes{70});
  machine.on_assign({{12}, 1, 0}, {}, out);
  out.clear();
  machine.on_task_done({12}, 1, {60}, 5, out);
  REQUIRE(out.size() == 2);
  REQUIRE(std::holds_alternative<rankine::worker::DropBlock>(out[0]));
  CHECK(std::get<rankine::worker::DropBlock>(out[0]).task == rankine::TaskId{7});
  CHECK(machine.held_bytes() == rankine::Bytes{90});
  machine.sanity_check();
}

TEST_CASE("a task fetches its inputs, runs, and drops the copies") {
  Bench b;
  CHECK(b.assign(5, {{{3}, peer, {10}}, {{4}, other, {10}}}) == "fetch 3 from 2; fetch 4 from 3");
  CHECK(b.arrived(3) == "");
  CHECK(b.arrived(4) == "start 5");
  CHECK(b.machine.held_bytes() == Bytes{20});
  CHECK(b.done(5, 7) == "finished 5; drop 3; drop 4");
  CHECK(b.machine.held_bytes() == Bytes{7});
  CHECK(b.machine.peak_held_bytes() == Bytes{27});
  CHECK(b.machine.is_idle());
}

TEST_CASE("a copy is fetched once and kept until its last local reader is done") {
  Bench b;
  CHECK(b.assign(5, {{{3}, peer, {10}}}) == "fetch 3 from 2");
  CHECK(b.assign(6, {{{3}, peer, {10}}}) == "");
  CHECK(b.arrived(3) == "start 5");
  CHECK(b.done(5) == "finished 5; start 6");
  CHECK(b.done(6) == "finished 6; drop 3");
}

TEST_CASE("the lowest priority value runs first, whatever the order of arrival") {
  Bench b;
  CHECK(b.assign(1, {}, 50) == "start 1");
  CHECK(b.assign(2, {}, 40) == "");
  CHECK(b.assign(3, {}, 30) == "");
  CHECK(b.done(1) == "finished 1; start 3");
  CHECK(b.done(3) == "finished 3; start 2");
}

TEST_CASE("an output is kept and sent until it is released") {
  Bench b;
  b.assign(1, {});
  b.done(1);
  b.machine.on_block_requested(peer, {1}, b.out);
  CHECK(b.said() == "send 1 to 2");
  const TaskId released[] = {{1}, {99}};
  b.machine.on_release(released, b.out);
  CHECK(b.said() == "drop 1");
  b.machine.on_block_requested(peer, {1}, b.out);
  CHECK(b.said() == "refuse 1 to 2");
}

TEST_CASE("tasks whose input cannot be had go back to rank 0") {
  Bench b;
  b.assign(5, {{{3}, peer, {10}}});
  b.assign(6, {{{3}, peer, {10}}, {{4}, peer, {10}}});
  b.machine.on_block_unavailable({3}, peer, b.out);
  CHECK(b.said() == "missing 3 of 5; missing 3 of 6");
  CHECK(b.machine.is_idle());
  // 4 comes for nobody.
  CHECK(b.arrived(4) == "drop 4");
  CHECK(b.machine.held_bytes() == Bytes{0});
}

TEST_CASE("a lost peer's blocks are missing, and it is not asked again") {
  Bench b(1, 1);
  CHECK(b.assign(5, {{{3}, peer, {10}}}) == "fetch 3 from 2");
  CHECK(b.assign(6, {{{4}, peer, {10}}}) == "");
  CHECK(b.assign(7, {{{8}, other, {10}}}) == "");
  b.machine.on_peer_lost(peer, b.out);
  CHECK(b.said() == "missing 4 of 6; missing 3 of 5; fetch 8 from 3");
  CHECK(b.assign(9, {{{3}, peer, {10}}}) == "missing 3 of 9");
}

TEST_CASE("an input that should be here and is not is missing at once") {
  Bench b;
  CHECK(b.assign(5, {{{3}, peer, {10}}, {{4}, self, {10}}}) == "missing 4 of 5");
  CHECK(b.machine.is_idle());
}

TEST_CASE("a task is given back unless it runs") {
  Bench b;
  b.assign(1, {});
  b.assign(2, {});
  b.machine.on_recall({1}, 1, b.out);
  b.machine.on_recall({2}, 1, b.out);
  b.machine.on_recall({77}, 1, b.out);
  CHECK(b.said() == "keep 1; give back 2; keep 77");
  CHECK(b.done(1) == "finished 1");
}

TEST_CASE("an error is reported with its message, and the inputs are dropped") {
  Bench b;
  b.assign(5, {{{3}, peer, {10}}});
  b.arrived(3);
  b.machine.on_task_error({5}, 1, "corrupt chunk", false, b.out);
  CHECK(b.said() == "failed 5 corrupt chunk; drop 3");
}

TEST_CASE("over the memory limit a fetch waits for what runs") {
  Bench b(1, 8, 100);
  b.assign(1, {}, 1);
  CHECK(b.assign(5, {{{3}, peer, {90}}}, 2) == "fetch 3 from 2");
  CHECK(b.assign(6, {{{4}, peer, {90}}}, 3) == "");
  CHECK(b.arrived(3, 90) == "");
  CHECK(b.done(1, 0) == "finished 1; start 5");
  CHECK(b.done(5, 0) == "finished 5; drop 3; fetch 4 from 2");
}

TEST_CASE("an abort drops everything and swallows what still runs") {
  Bench b;
  b.assign(1, {});
  b.done(1);
  b.assign(2, {});
  b.assign(3, {});
  b.machine.on_abort(b.out);
  CHECK(b.said() == "drop 1");
  CHECK_FALSE(b.machine.is_idle());
  CHECK(b.done(2) == "drop 2");
  CHECK(b.machine.is_idle());
  CHECK(b.assign(4, {}) == "");
}
