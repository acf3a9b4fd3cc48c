#include <catch2/catch.hpp>

#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>

#include "exec/notifier.hpp"
#include "transport/lifeline/job_hosts.hpp"
#include "transport/lifeline/lifeline_protocol.hpp"
#include "transport/lifeline/lifelines.hpp"
#include "transport/lifeline/supervisor.hpp"

using namespace rankine;
using namespace rankine::transport;

namespace {

/// A supervised rank in a process of its own: supervises, joins as `rank`, then does `life`. Gives the supervisor's pid.
template <typename Life>
pid_t start_rank(int rank, const std::string& address, Life life, SuperviseOptions options = {}) {
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  options.orphan_grace_ms = options.others_speak_ms = 200;
  // The tests' own threads are not in this process: it has one.
  Supervision supervision = supervise(options);
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
      SuperviseOptions options;
      options.on_death = [](const RankEnd& end) {
        return end.word == "my last word" && WIFSIGNALED(end.wait_status) && end.why.empty() ? 44 : 128 + WTERMSIG(end.wait_status);
      };
      Supervision supervision = supervise(options);
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
  // One that has done all and crashes on its way out of MPI.
  for (const bool crashes : {true, false}) {
    const pid_t leaving = start_rank(0, "", [crashes](Supervision& supervision) {
      supervision.end_orderly(6);
      if (crashes) ::kill(::getpid(), SIGKILL);
      ::_exit(1);
    });
    CHECK(status_of(leaving) == (crashes ? 6 : 1));
  }
}

TEST_CASE("a rank 0 that is stopped is ended by its supervisor, which says why") {
  SuperviseOptions options;
  options.stopped_ms = 1000;
  options.on_death = [](const RankEnd& end) {
    const bool is_right = WIFSIGNALED(end.wait_status) && end.why == "was stopped (Stopped (signal)) for 1 s and was ended";
    return is_right ? 44 : 45;
  };
  const pid_t supervisor = start_rank(0, "", [](Supervision&) { ::kill(::getpid(), SIGSTOP); }, options);
  CHECK(status_of(supervisor) == 44);
}

namespace {

int status_without_rank_0(const std::string& how) { return how == "has gone without a word" ? 75 : how.find("no sign of life") != std::string::npos ? 76 : 77; }

/// Rank 0 of two in a process of its own, with lifelines alone; `life` is all it does when the other rank has joined.
template <typename Life>
pid_t start_rank_0(std::string& address, Life life) {
  int channel[2];
  REQUIRE(::pipe(channel) == 0);
  const pid_t pid = ::fork();
  if (pid == 0) {
    exec::Notifier wake;
    LifelineOptions lines;
    lines.beat_interval_ms = 50;
    std::optional<Lifelines> lifelines(std::in_place, wake, 2, lines);
    (void)!::write(channel[1], lifelines->address().data(), lifelines->address().size());
    ::close(channel[1]);
    while (!lifelines->watches(1)) ::usleep(1000);
    life(lifelines);
    ::_exit(0);
  }
  ::close(channel[1]);
  char text[4096];
  for (ssize_t got = 0; (got = ::read(channel[0], text, sizeof text)) > 0;) address.append(text, static_cast<std::size_t>(got));
  ::close(channel[0]);
  return pid;
}

}  // namespace

TEST_CASE("a rank 0 that dies is told from one that leaves, and the job ends by the other ranks' supervisors") {
  SuperviseOptions options;
  options.on_rank_0_gone = status_without_rank_0;
  for (const bool dies : {true, false}) {
    std::string address;
    const pid_t rank_0 = start_rank_0(address, [&](std::optional<Lifelines>& lifelines) {
      if (dies) ::kill(::getpid(), SIGKILL);
      lifelines.reset();
    });
    const pid_t supervisor = start_rank(1, address, [](Supervision&) { for (;;) ::pause(); }, options);
    CHECK(status_of(supervisor) == (dies ? 75 : 0));
    int status = 0;
    REQUIRE(::waitpid(rank_0, &status, 0) == rank_0);
  }
}

TEST_CASE("a rank 0 that stands still together with its supervisor is given up by the others', and is told should it go on") {
  SuperviseOptions options;
  options.on_rank_0_gone = status_without_rank_0;
  options.silence_ms = 1000;
  for (const bool is_dead : {false, true}) {  // the rank whose supervisor notices it
    std::string address;
    // Nobody is rank 0's parent here but this test, which does nothing about it.
    const pid_t rank_0 = start_rank_0(address, [](std::optional<Lifelines>& lifelines) {
      lifelines->on_given_up([] { ::_exit(7); });
      ::kill(::getpid(), SIGSTOP);
      ::sleep(30);
    });
    const pid_t supervisor = start_rank(1, address, [&](Supervision&) {
      if (is_dead) ::_exit(3);
      for (;;) ::pause();
    }, options);
    CHECK(status_of(supervisor) == 76);
    ::kill(rank_0, SIGCONT);
    CHECK(status_of(rank_0) == 7);
  }
}

TEST_CASE("ranks of a node end each other, and let each other's supervisors go on, where these are stopped") {
  int alive[2], told[2];
  REQUIRE(::pipe(alive) == 0);
  REQUIRE(::pipe(told) == 0);
  const pid_t supervisor = start_rank(0, "", [&](Supervision& supervision) {
    const pid_t self = ::getpid();
    (void)!::write(told[1], &self, sizeof self);
    ::kill(static_cast<pid_t>(supervision.supervisor().pid), SIGSTOP);
    ::kill(self, SIGSTOP);
  });
  pid_t rank = 0;
  REQUIRE(::read(told[0], &rank, sizeof rank) == sizeof rank);
  const Neighbour both{1, identify(rank), identify(supervisor)};
  const auto is_stopped = [&] { return state_of(both.process) == 'T' && state_of(both.supervisor) == 'T'; };
  const auto begin = std::chrono::steady_clock::now();
  while (!is_stopped() && std::chrono::steady_clock::now() - begin < std::chrono::seconds(30)) ::usleep(1000);
  REQUIRE(is_stopped());
  const ProcessIdentity another{rank, both.process.started + 1};
  CHECK(state_of(another) == '\0');
  Neighbours({{1, another, another}}).end(1);
  Neighbours({both}).end(2);
  Neighbours({both}).end_stopped(1);
  CHECK(is_stopped());
  Neighbours({both}).end_stopped(0);
  CHECK(status_of(supervisor) == 128 + SIGKILL);
  CHECK(state_of(both.process) == '\0');
  for (const int end : {alive[0], alive[1], told[0], told[1]}) ::close(end);
}

TEST_CASE("a supervisor that is stopped is let go on by its rank") {
  const pid_t supervisor = start_rank(0, "", [](Supervision& supervision) {
    ::kill(static_cast<pid_t>(supervision.supervisor().pid), SIGSTOP);
    while (state_of(supervision.supervisor()) != 'T') ::usleep(1000);
    supervision.wake_supervisor();
    ::_exit(7);
  });
  CHECK(status_of(supervisor) == 7);
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

namespace {

/// A connection to loopback that says nothing; -1 if there is none to be had.
int connect_in_silence(std::uint16_t port) {
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_port = htons(port);
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0) return socket;
  ::close(socket);
  return -1;
}

}  // namespace

TEST_CASE("strangers that say nothing are closed, the oldest first where there are many, and keep no supervisor out") {
  exec::Notifier wake;
  LifelineOptions lines;
  lines.addresses = {"127.0.0.1"};
  lines.most_strangers = 8;
  lines.stranger_ms = 1000;
  std::optional<Lifelines> lifelines(std::in_place, wake, 2, lines);
  const auto address = parse_lifeline_address(lifelines->address());
  REQUIRE(address.has_value());
  CHECK(address->addresses == std::vector<std::string>{"127.0.0.1"});
  std::vector<int> strangers;
  for (int i = 0; i < 50; ++i) {
    strangers.push_back(connect_in_silence(address->port));
    REQUIRE(strangers.back() >= 0);
  }
  const pid_t supervisor = start_rank(1, lifelines->address(), [](Supervision&) { for (;;) ::pause(); });
  const auto begin = std::chrono::steady_clock::now();
  while (!lifelines->watches(1) && std::chrono::steady_clock::now() - begin < std::chrono::seconds(30)) ::usleep(1000);
  CHECK(lifelines->watches(1));
  CHECK(lifelines->stranger_count() <= lines.most_strangers + 1);
  for (const int stranger : strangers) {  // each sees the end of its line
    char byte = 0;
    CHECK(::recv(stranger, &byte, 1, 0) <= 0);
    ::close(stranger);
  }
  CHECK(lifelines->stranger_count() == 0);
  CHECK(lifelines->watches(1));
  lifelines.reset();
  CHECK(status_of(supervisor) == 0);
}

TEST_CASE("a job listens where its hosts are, and on loopback alone where it is all on one") {
  using List = std::vector<std::string>;
  const std::string one = "node1 10.79.0.1/24 192.168.7.5/16 fd00::1/64", two = "node2 10.79.0.2/24 fd00::2/64",
                    three = "node3 10.79.0.3/24 192.168.9.9/16", far = "node4 172.16.0.4/12", copy = "node1 10.79.0.9/24";
  CHECK(addresses_to_listen_on(one, {one, one, one}) == List{"127.0.0.1"});
  CHECK(addresses_to_listen_on(one, {one, two}) == List{"10.79.0.1", "fd00::1"});
  CHECK(addresses_to_listen_on(one, {one, two, three, two}) == List{"10.79.0.1"});
  CHECK(addresses_to_listen_on(one, {one, three}) == List{"10.79.0.1", "192.168.7.5"});
  CHECK(addresses_to_listen_on(one, {one, copy}) == List{"10.79.0.1"});  // another machine of the same name
  CHECK(addresses_to_listen_on(one, {one, far}).empty());
  CHECK(addresses_to_listen_on("node1", {"node1", "node2"}).empty());
  CHECK(addresses_to_listen_on("node1 172.17.0.1/16", {"node1 172.17.0.1/16", "node2 172.17.0.1/16"}).empty());
  const std::string here = describe_own_host();
  CHECK(addresses_to_listen_on(here, {here}) == List{"127.0.0.1"});
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
