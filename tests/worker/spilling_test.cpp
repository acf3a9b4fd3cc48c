#include <catch2/catch.hpp>

#include "worker/worker.hpp"

using namespace rankine;
using namespace rankine::worker;

namespace {

constexpr WorkerId self{1}, peer{2};

std::string n(std::uint64_t value) { return std::to_string(value); }
std::string print(const StartTask& a) { return "start " + n(a.task.value); }
std::string print(const FetchBlock& a) { return "fetch " + n(a.task.value); }
std::string print(const SendBlock& a) { return "send " + n(a.task.value) + " to " + n(a.to.value); }
std::string print(const RefuseBlock& a) { return "refuse " + n(a.task.value) + " to " + n(a.to.value); }
std::string print(const DropBlock& a) { return "drop " + n(a.task.value); }
std::string print(const ReportFinished& a) { return "finished " + n(a.task.value); }
std::string print(const ReportFailed& a) { return "failed " + n(a.task.value); }
std::string print(const ReportInputMissing& a) { return "missing " + n(a.input.value) + " of " + n(a.task.value); }
std::string print(const AnswerRecall& a) { return (a.granted ? "give back " : "keep ") + n(a.task.value); }
std::string print(const SpillBlock& a) { return "write " + n(a.task.value) + " to file " + n(a.file); }
std::string print(const EvictBlock& a) { return "evict " + n(a.task.value); }
std::string print(const LoadBlock& a) { return "load " + n(a.task.value) + " from file " + n(a.file); }
std::string print(const SendSpilled& a) { return "send " + n(a.task.value) + " to " + n(a.to.value) + " from file " + n(a.file); }
std::string print(const ForgetSpilled& a) { return "forget file " + n(a.file); }
std::string print(const ReportLost& a) { return (a.discarded ? "discarded " : "lost ") + n(a.task.value); }
std::string print(const ReportNoRoom& a) { return "no room for " + n(a.task.value) + ": " + n(a.needed.value); }

/// A worker of one thread with a limit of 100 bytes, of which 70 are the target, 80 the same as measured, 90 where it stops.
/// Its actions are compared as text; audited after each event.
struct Bench {
  Worker machine;
  Actions out;
  explicit Bench(Bytes program = {})
      : machine({.self = self, .threads = 1, .memory_limit = {100},
                 .spill = {.enabled = true, .target = {70}, .spill = {80}, .stop = {90}, .smallest = {}, .program = program,
                           .claims_ahead = 0}}) {}

  std::string said() {
    machine.sanity_check();
    std::string text;
    for (const Action& action : out) text += (text.empty() ? "" : "; ") + std::visit([](const auto& a) { return print(a); }, action);
    out.clear();
    return text;
  }
  /// A task that reads blocks of this worker and takes `room`. Its priority is its number.
  std::string assign(std::uint32_t task, std::vector<std::uint32_t> inputs, std::uint64_t room) {
    std::vector<InputLocation> locations;
    for (const std::uint32_t input : inputs) locations.push_back({{input}, self, {30}});
    machine.on_assign({{task}, 1, task, {room}}, locations, out);
    return said();
  }
  std::string done(std::uint32_t task, std::uint64_t bytes) {
    machine.on_task_done({task}, 1, {bytes}, 5, out);
    return said();
  }
  /// Tasks 1, 2, ... one after the other, with outputs of 30 bytes.
  void hold(std::uint32_t count) {
    for (std::uint32_t task = 1; task <= count; ++task) {
      assign(task, {}, 30);
      done(task, 30);
    }
  }
  std::string spilled(std::uint32_t task, std::uint64_t file) {
    machine.on_spilled({task}, file, out);
    return said();
  }
  std::string full(std::uint32_t task, std::uint64_t file) {
    machine.on_spill_failed({task}, file, out);
    return said();
  }
  std::string loaded(std::uint32_t task, std::uint64_t file) {
    machine.on_loaded({task}, file, out);
    return said();
  }
  std::string release(std::uint32_t task) {
    const TaskId released{task};
    machine.on_release({&released, 1}, out);
    return said();
  }
};

}  // namespace

TEST_CASE("above the target what was made last goes to scratch, and comes back for its reader") {
  Bench bench;
  bench.hold(2);
  CHECK(bench.assign(3, {}, 30) == "start 3; write 2 to file 1");  // 60 held and 30 promised: not over the stop, over the target
  CHECK(bench.machine.known_bytes() == Bytes{90});
  CHECK(bench.done(3, 30) == "finished 3");
  CHECK(bench.machine.held_bytes() == Bytes{90});
  CHECK(bench.spilled(2, 1) == "evict 2");
  CHECK(bench.machine.held_bytes() == Bytes{60});
  CHECK(bench.machine.spilled_bytes() == Bytes{30});
  // 60 here, 30 that come back: the reader stays within what may be used.
  CHECK(bench.assign(4, {2}, 0) == "load 2 from file 1; write 3 to file 2");
  CHECK(bench.loaded(2, 1) == "start 4");
  CHECK(bench.spilled(3, 2) == "evict 3");
  CHECK(bench.done(4, 0) == "finished 4");
  // It has a file already: it could leave without being written once more. Released, it takes its file along.
  CHECK(bench.release(2) == "drop 2; forget file 1");
  CHECK(bench.release(3) == "forget file 2");
}

TEST_CASE("where the order is known what is needed last goes first, what is needed here at once stays") {
  Bench bench;
  bench.machine.set_next_use([](TaskId task, std::uint32_t place) -> std::optional<std::uint32_t> {
    const std::uint32_t reader = task.value == 1 ? 50 : task.value == 2 ? 10 : 20;
    return reader > place ? std::optional(reader) : std::nullopt;
  });
  bench.hold(2);
  CHECK(bench.assign(3, {}, 30) == "start 3; write 1 to file 1");
}

TEST_CASE("a task waits until what makes room for it is written") {
  Bench bench;
  bench.hold(2);
  CHECK(bench.assign(5, {1}, 60) == "write 2 to file 1");  // 60 held and 60 more do not fit
  CHECK(bench.spilled(2, 1) == "evict 2; start 5");
  CHECK(bench.machine.known_bytes() == Bytes{90});
  CHECK(bench.done(5, 60) == "finished 5; write 5 to file 2");
}

TEST_CASE("a block that is claimed while it is written stays, and one that is released takes the writing back") {
  Bench bench;
  bench.hold(2);
  bench.assign(3, {}, 30);  // 2 is being written
  bench.done(3, 30);
  CHECK(bench.assign(4, {2}, 0) == "start 4");
  CHECK(bench.spilled(2, 1) == "write 3 to file 2");
  CHECK(bench.machine.held_bytes() == Bytes{90});
  CHECK(bench.release(3) == "drop 3; forget file 2");
  CHECK(bench.spilled(3, 2) == "");  // too late
}

TEST_CASE("what the process takes beside the blocks counts, as measured, and is forgotten slowly") {
  Bench bench;
  bench.hold(2);
  bench.machine.on_memory_measured({80}, bench.out);
  CHECK(bench.said() == "");
  bench.machine.on_memory_measured({85}, bench.out);
  CHECK(bench.said() == "write 2 to file 1");
  CHECK(bench.spilled(2, 1) == "evict 2");
  CHECK(bench.assign(3, {}, 60) == "write 1 to file 2");  // 30 held, 25 beside them, 60 asked for
  CHECK(bench.spilled(1, 2) == "evict 1; start 3");
}

TEST_CASE("peers get from the file what is in no memory") {
  Bench bench;
  bench.hold(2);
  CHECK(bench.assign(3, {}, 30) == "start 3; write 2 to file 1");
  bench.done(3, 0);
  bench.machine.on_block_requested(peer, {2}, bench.out);
  CHECK(bench.said() == "send 2 to 2");  // being written: still here
  bench.machine.on_sending({}, bench.out);
  bench.spilled(2, 1);
  bench.machine.on_block_requested(peer, {2}, bench.out);
  CHECK(bench.said() == "send 2 to 2 from file 1");
  bench.machine.on_send_failed({2}, 1, peer, bench.out);
  CHECK(bench.said() == "forget file 1; lost 2; refuse 2 to 2");
  bench.machine.on_block_requested(peer, {2}, bench.out);
  CHECK(bench.said() == "refuse 2 to 2");
}

TEST_CASE("peers wait for room for the copies that they get, and for those of others to be gone") {
  Bench bench;
  bench.hold(2);
  bench.assign(3, {}, 10);
  bench.machine.on_block_requested(peer, {1}, bench.out);
  bench.machine.on_block_requested(peer, {2}, bench.out);
  CHECK(bench.said() == "write 2 to file 1");       // 70 and a copy of 30 are more than 90
  CHECK(bench.spilled(2, 1) == "evict 2; send 1 to 2; write 1 to file 2");  // for the second copy
  CHECK(bench.spilled(1, 2) == "evict 1; send 2 to 2 from file 1");
  bench.machine.on_block_requested(peer, {2}, bench.out);
  CHECK(bench.said() == "");  // 10 and two copies of 30
  bench.machine.on_block_requested(peer, {1}, bench.out);
  bench.machine.on_sending({75}, bench.out);
  CHECK(bench.said() == "");
  bench.machine.on_sending({45}, bench.out);
  CHECK(bench.said() == "send 2 to 2 from file 1");
  bench.machine.on_sending({45}, bench.out);
  CHECK(bench.said() == "send 1 to 2 from file 2");
}

TEST_CASE("who waits for a copy is forgotten when lost, and refused when the run is over") {
  Bench bench;
  bench.hold(2);
  bench.assign(3, {}, 20);
  for (const WorkerId by : {WorkerId{3}, peer}) bench.machine.on_block_requested(by, {1}, bench.out);
  bench.said();
  bench.machine.on_peer_lost({3}, bench.out);
  CHECK(bench.said() == "");
  bench.machine.on_abort(bench.out);
  CHECK(bench.said().find("refuse 1 to 2") != std::string::npos);
}

TEST_CASE("what the program takes counts although it is not seen, and never becomes room") {
  Bench bench({15});
  bench.hold(1);
  bench.machine.on_memory_measured({20}, bench.out);   // less than 30 and 15: promised, not touched
  CHECK(bench.assign(2, {}, 50) == "write 1 to file 1");
  CHECK(bench.spilled(1, 1) == "evict 1; start 2");
  bench.done(2, 0);
  CHECK(bench.assign(3, {}, 86) == "no room for 3: 86");
}

TEST_CASE("a file that cannot be read back loses its block, and the readers are given back") {
  Bench bench;
  bench.hold(2);
  bench.assign(3, {}, 30);
  bench.spilled(2, 1);
  bench.done(3, 0);
  CHECK(bench.assign(4, {2}, 0) == "load 2 from file 1");
  CHECK(bench.machine.awaits({2}, 1));
  bench.machine.on_load_failed({2}, 1, bench.out);
  CHECK(bench.said() == "forget file 1; lost 2; missing 2 of 4");
  CHECK_FALSE(bench.machine.awaits({2}, 1));
  CHECK(bench.machine.is_idle());
}

TEST_CASE("with scratch full a task runs within the limit, then results are given up for it, then it is refused") {
  Bench bench;
  bench.hold(2);
  CHECK(bench.assign(3, {1}, 40) == "write 2 to file 1");
  CHECK(bench.full(2, 1) == "start 3");  // 100: over the stop, within the limit, and nothing else goes on
  CHECK(bench.done(3, 30) == "finished 3");
  CHECK(bench.machine.is_scratch_full());
  CHECK(bench.assign(4, {1}, 40) == "drop 3; discarded 3; start 4");
  CHECK(bench.done(4, 0) == "finished 4");
  // 1 is read, 2 is given up; even so 30 and 80 are too much.
  CHECK(bench.assign(5, {1}, 80) == "no room for 5: 140");
  CHECK(bench.machine.is_idle());
  CHECK(bench.machine.held_bytes() == Bytes{60});
  // There is room again: one block is tried.
  bench.machine.on_scratch_room(bench.out);
  CHECK(bench.said() == "");
  CHECK(bench.assign(6, {1}, 60) == "drop 2; discarded 2; start 6");
}

TEST_CASE("after an abort nothing is left, in memory or in scratch") {
  Bench bench;
  bench.hold(2);
  bench.assign(3, {}, 30);
  bench.spilled(2, 1);
  bench.machine.on_abort(bench.out);
  CHECK(bench.said() == "drop 1; forget file 1");
  CHECK(bench.done(3, 30) == "drop 3");
  CHECK(bench.machine.is_idle());
  CHECK(bench.machine.held_bytes() == Bytes{});
}

TEST_CASE("a task does not wait for the room of one that waits for other tasks") {
  Bench bench;
  CHECK(bench.assign(1, {}, 30) == "start 1");
  bench.machine.on_memory_measured({95}, bench.out);
  CHECK(bench.said() == "");
  bench.machine.on_threads_changed(2, bench.out);
  CHECK(bench.assign(2, {}, 10) == "");
  bench.machine.on_blocked(1, bench.out);
  CHECK(bench.said() == "start 2");
  CHECK(bench.done(2, 10) == "finished 2; write 2 to file 1");
  bench.machine.on_blocked(0, bench.out);
  CHECK(bench.done(1, 30).starts_with("finished 1"));
}
