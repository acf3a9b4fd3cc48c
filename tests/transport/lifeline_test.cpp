#include <catch2/catch.hpp>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>

#include "exec/notifier.hpp"
#include "transport/lifeline/lifeline_protocol.hpp"
#include "transport/lifeline/lifelines.hpp"
#include "transport/lifeline/supervisor.hpp"

using namespace rankine;
using namespace rankine::transport;

namespace {

/// A supervised rank in a process of its own: supervises, joins as `rank`, then does `life`. Gives the supervisor's pid.
template <typename Life>
pid_t start_rank(int rank, const std::string& address, Life life) {
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  // The tests' own threads are not in this process: it has one.
  Supervision supervision = supervise();
  supervision.join_job(rank, address);
  life(supervision);
  ::_exit(0);
}

int status_of(pid_t supervisor) {
  int status = 0;
  REQUIRE(::waitpid(supervisor, &status, 0) == supervisor);
  REQUIRE(WIFEXITED(status));
  return WEXITSTATUS(status);
}

std::vector<PeerDeath> await_deaths(PeerWatch& watch, exec::Notifier& wake, std::size_t count) {
  std::vector<PeerDeath> deaths;
  const auto begin = std::chrono::steady_clock::now();
  while (deaths.size() < count && std::chrono::steady_clock::now() - begin < std::chrono::seconds(30)) {
    wake.wait_for(std::chrono::milliseconds(100));
    if (!watch.has_deaths()) continue;
    for (auto& death : watch.take_deaths()) deaths.push_back(std::move(death));
  }
  return deaths;
}

}  // namespace

TEST_CASE("a rank that is killed is reported with its signal and with what it was running") {
  exec::Notifier wake;
  std::optional<Lifelines> lifelines(std::in_place, wake, 3);
  const pid_t supervisor = start_rank(2, lifelines->address(), [](Supervision& supervision) {
    supervision.tasks()->begin(77);
    const std::size_t over = supervision.tasks()->begin(78);
    supervision.tasks()->begin(79);
    supervision.tasks()->end(over);
    ::kill(::getpid(), SIGKILL);
  });
  const auto deaths = await_deaths(*lifelines, wake, 1);
  REQUIRE(deaths.size() == 1);
  CHECK(deaths[0].rank == 2);
  CHECK(deaths[0].confirmed);
  CHECK(WIFSIGNALED(deaths[0].wait_status));
  CHECK(WTERMSIG(deaths[0].wait_status) == SIGKILL);
  CHECK(deaths[0].running == std::vector<std::uint64_t>{77, 79});
  CHECK(describe_death(deaths[0]) == "was killed by signal 9 (Killed)");
  // The supervisor stays until rank 0 goes, and has nothing to complain of.
  int status = 0;
  CHECK(::waitpid(supervisor, &status, WNOHANG) == 0);
  lifelines.reset();
  CHECK(status_of(supervisor) == 0);
}

TEST_CASE("a rank that ends with a failure is reported with its status, one that ends well too") {
  exec::Notifier wake;
  std::optional<Lifelines> lifelines(std::in_place, wake, 3);
  const pid_t one = start_rank(1, lifelines->address(), [](Supervision&) { ::_exit(70); });
  const pid_t two = start_rank(2, lifelines->address(), [](Supervision&) { ::_exit(0); });
  auto deaths = await_deaths(*lifelines, wake, 2);
  REQUIRE(deaths.size() == 2);
  if (deaths[0].rank == 2) std::swap(deaths[0], deaths[1]);
  CHECK(describe_death(deaths[0]) == "ended with status 70");
  CHECK(describe_death(deaths[1]) == "ended with status 0");
  lifelines->await_ends(1000);
  lifelines.reset();
  CHECK(status_of(one) == 0);
  CHECK(status_of(two) == 0);
}

TEST_CASE("a stopped rank is ended by order") {
  exec::Notifier wake;
  std::optional<Lifelines> lifelines(std::in_place, wake, 2);
  const pid_t supervisor = start_rank(1, lifelines->address(), [](Supervision&) { ::kill(::getpid(), SIGSTOP); });
  const auto begin = std::chrono::steady_clock::now();
  while (!lifelines->watches(1) && std::chrono::steady_clock::now() - begin < std::chrono::seconds(30)) ::usleep(1000);
  lifelines->order_kill(1);
  const auto deaths = await_deaths(*lifelines, wake, 1);
  REQUIRE(deaths.size() == 1);
  CHECK(deaths[0].rank == 1);
  CHECK(deaths[0].confirmed);
  lifelines.reset();
  CHECK(status_of(supervisor) == 0);
}

TEST_CASE("a supervisor that is killed takes its rank with it, and rank 0 sees the line end") {
  exec::Notifier wake;
  Lifelines lifelines(wake, 2);
  int alive[2];
  REQUIRE(::pipe(alive) == 0);
  const pid_t supervisor = start_rank(1, lifelines.address(), [&](Supervision&) {
    ::close(alive[0]);
    (void)!::write(alive[1], "x", 1);
    for (;;) ::pause();
  });
  ::close(alive[1]);
  char byte = 0;
  REQUIRE(::read(alive[0], &byte, 1) == 1);
  const auto begin = std::chrono::steady_clock::now();
  while (!lifelines.watches(1) && std::chrono::steady_clock::now() - begin < std::chrono::seconds(30)) ::usleep(1000);
  ::kill(supervisor, SIGKILL);
  const auto deaths = await_deaths(lifelines, wake, 1);
  REQUIRE(deaths.size() == 1);
  CHECK_FALSE(deaths[0].confirmed);
  CHECK(describe_death(deaths[0]) == "cannot be reached any more");
  CHECK(::read(alive[0], &byte, 1) == 0);  // nobody has the other end: the rank is gone
  ::close(alive[0]);
  int status = 0;
  REQUIRE(::waitpid(supervisor, &status, 0) == supervisor);
}

TEST_CASE("when rank 0 goes, ranks are ended") {
  exec::Notifier wake;
  std::optional<Lifelines> lifelines(std::in_place, wake, 2);
  const pid_t supervisor = start_rank(1, lifelines->address(), [](Supervision&) {
    for (;;) ::pause();
  });
  const auto begin = std::chrono::steady_clock::now();
  while (!lifelines->watches(1) && std::chrono::steady_clock::now() - begin < std::chrono::seconds(30)) ::usleep(1000);
  lifelines.reset();
  CHECK(status_of(supervisor) == 0);
}

TEST_CASE("rank 0's supervisor, and any before the job has formed, ends with its rank's status and tells of a death") {
#ifdef __SANITIZE_THREAD__
  WARN("left out: the sanitizer's own thread makes this process one of several threads, which is not supervised");
  return;
#endif
  for (const bool joins : {true, false}) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      Supervision supervision = supervise({.on_death = [](int status, const std::string& word) {
        return word == "my last word" && WIFSIGNALED(status) ? 44 : 128 + WTERMSIG(status);
      }});
      if (joins) {
        supervision.join_job(0, "");
        supervision.leave_word("my last word");
      }
      ::kill(::getpid(), SIGKILL);
      for (;;) ::pause();
    }
    CHECK(status_of(pid) == (joins ? 44 : 128 + SIGKILL));
  }
  const pid_t pid = start_rank(0, "", [](Supervision&) { ::_exit(5); });
  CHECK(status_of(pid) == 5);
}

TEST_CASE("a supervisor hands signals on") {
  int ready[2];
  REQUIRE(::pipe(ready) == 0);
  const pid_t supervisor = start_rank(0, "", [&](Supervision&) {
    ::signal(SIGUSR1, [](int) { ::_exit(9); });
    (void)!::write(ready[1], "x", 1);
    for (;;) ::pause();
  });
  char byte = 0;
  REQUIRE(::read(ready[0], &byte, 1) == 1);
  ::kill(supervisor, SIGUSR1);
  CHECK(status_of(supervisor) == 9);
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_CASE("strangers are not listened to") {
  exec::Notifier wake;
  Lifelines lifelines(wake, 2);
  auto address = parse_lifeline_address(lifelines.address());
  REQUIRE(address.has_value());
  CHECK(to_text(*address) == lifelines.address());
  address->token += 1;
  const pid_t supervisor = start_rank(1, to_text(*address), [](Supervision&) { ::_exit(3); });
  CHECK(status_of(supervisor) == 0);
  CHECK_FALSE(lifelines.watches(1));
  CHECK_FALSE(lifelines.has_deaths());
  CHECK_FALSE(parse_lifeline_address("").has_value());
}

TEST_CASE("a call that does not come back is told, one that does is not") {
  exec::Notifier wake, told;
  Lifelines lifelines(wake, 2, {.stuck_after_ms = 50});
  const auto mark = std::make_shared<CallMark>(0);
  lifelines.guard(mark, [&] { told.notify(); });
  mark->fetch_add(2);
  CHECK_FALSE(told.wait_for(std::chrono::milliseconds(10)));
  mark->fetch_add(1);
  CHECK(told.wait_for(std::chrono::seconds(30)));
}
