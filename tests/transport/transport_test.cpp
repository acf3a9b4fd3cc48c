#include <catch2/catch.hpp>
#include <map>
#include <thread>

#include "exec/clock.hpp"
#include "transport/backoff.hpp"
#include "transport/launch.hpp"
#include "transport/loopback/loopback.hpp"

using namespace rankine;
using namespace rankine::transport;

namespace {

std::vector<std::byte> bytes_of(const std::string& text) {
  std::vector<std::byte> bytes;
  for (char c : text) bytes.push_back(static_cast<std::byte>(c));
  return bytes;
}

/// "0:hello" for a frame with these bytes from rank 0.
std::vector<std::string> poll_all(Transport& transport) {
  std::vector<std::string> frames;
  for (Frame frame; transport.poll(frame);) {
    std::string text = std::to_string(frame.from) + ":";
    for (std::byte b : frame.bytes) text += static_cast<char>(b);
    frames.push_back(text);
  }
  return frames;
}

std::optional<std::string> launcher(std::map<std::string, std::string> variables) {
  return launched_as_rank([&](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  });
}

}  // namespace

TEST_CASE("a single rank gets what it sends to itself, in order") {
  exec::Notifier wake;
  const auto self = make_loopback(wake);
  CHECK(self->rank() == 0);
  CHECK(self->size() == 1);
  self->send(0, bytes_of("a"));
  self->send(0, {});
  self->send(0, bytes_of("b"));
  CHECK(wake.wait_for(std::chrono::nanoseconds(0)));
  CHECK(poll_all(*self) == std::vector<std::string>{"0:a", "0:", "0:b"});
  CHECK(poll_all(*self).empty());
  CHECK(self->idle());
}

TEST_CASE("frames go to the rank they are for and ring only its notifier") {
  exec::Notifier wake0, wake1, wake2;
  const auto ranks = make_loopback({&wake0, &wake1, &wake2});
  ranks[0]->send(2, bytes_of("x"));
  ranks[1]->send(2, bytes_of("y"));
  CHECK_FALSE(wake0.wait_for(std::chrono::nanoseconds(0)));
  CHECK_FALSE(wake1.wait_for(std::chrono::nanoseconds(0)));
  CHECK(wake2.wait_for(std::chrono::nanoseconds(0)));
  CHECK(poll_all(*ranks[2]) == std::vector<std::string>{"0:x", "1:y"});
  CHECK(poll_all(*ranks[0]).empty());
}

TEST_CASE("ranks on their own threads exchange frames while they sleep between them") {
  exec::Notifier wake[2];
  auto ranks = make_loopback({&wake[0], &wake[1]});
  constexpr int rounds = 2000;
  int last_seen[2] = {-1, -1};
  const auto play = [&](int me) {
    Transport& transport = *ranks[static_cast<std::size_t>(me)];
    Backoff backoff(wake[me], transport.wakes_on_arrival());
    if (me == 0) transport.send(1, bytes_of("0"));
    while (last_seen[me] < rounds) {
      Frame frame;
      if (!transport.poll(frame)) {
        backoff.wait();
        continue;
      }
      std::string text;
      for (std::byte b : frame.bytes) text += static_cast<char>(b);
      last_seen[me] = std::stoi(text);
      if (last_seen[me] <= rounds) transport.send(1 - me, bytes_of(std::to_string(last_seen[me] + 1)));
    }
  };
  std::thread other(play, 1);
  play(0);
  other.join();
  CHECK(last_seen[0] + last_seen[1] == 2 * rounds + 1);
}

TEST_CASE("waiting ends at the deadline and, when rung, before it") {
  using namespace std::chrono_literals;
  for (const bool wakes_on_arrival : {false, true}) {
    exec::Notifier wake;
    Backoff backoff(wake, wakes_on_arrival);
    const Instant start = exec::now();
    const Instant deadline{start.ns + 2'000'000};
    while (exec::now() < deadline) backoff.wait(deadline);
    backoff.wait(deadline);  // one that has passed does not block

    wake.notify();
    backoff.reset();
    const Instant far{exec::now().ns + 60'000'000'000};
    Backoff sleeping(wake, wakes_on_arrival, {.spin = 0ns, .yield = 0ns, .shortest_sleep = 60s, .longest_sleep = 60s});
    sleeping.wait(far);
    CHECK(exec::now() < far);
  }
}

TEST_CASE("tasks that srun starts without telling MPI are known as such, and no others") {
  using Variables = std::map<std::string, std::string>;
  const auto in = [](const Variables& variables) {
    return [variables](const std::string& name) -> std::optional<std::string> {
      const auto found = variables.find(name);
      if (found == variables.end()) return std::nullopt;
      return found->second;
    };
  };
  CHECK(tasks_without_mpi(in({{"SLURM_STEP_ID", "0"}, {"SLURM_NTASKS", "4"}})) == 4);
  CHECK(tasks_without_mpi(in({{"SLURM_STEP_ID", "2"}, {"SLURM_NTASKS", "4"}, {"SLURM_STEP_NUM_TASKS", "1"}})) == 0);
  CHECK(tasks_without_mpi(in({{"SLURM_NTASKS", "4"}, {"SLURM_PROCID", "0"}})) == 0);  // a batch script
  CHECK(tasks_without_mpi(in({{"SLURM_STEP_ID", "4294967290"}, {"SLURM_NTASKS", "4"}})) == 0);  // a shell of salloc
  CHECK(tasks_without_mpi(in({{"SLURM_STEP_ID", "0"}, {"SLURM_NTASKS", "4"}, {"PMIX_RANK", "3"}})) == 0);
  CHECK(tasks_without_mpi(in({})) == 0);
  CHECK(launched_size(in({{"PMI_SIZE", "4"}, {"PMI_RANK", "1"}})) == 4);
  CHECK(launched_size(in({{"OMPI_COMM_WORLD_SIZE", "3"}, {"SLURM_STEP_ID", "0"}, {"SLURM_NTASKS", "2"}})) == 3);
  CHECK(launched_size(in({{"SLURM_STEP_ID", "0"}, {"SLURM_STEP_NUM_TASKS", "2"}, {"PMIX_RANK", "0"}})) == 2);
  CHECK(launched_size(in({{"PMIX_RANK", "0"}})) == 0);
}

TEST_CASE("a rank is told by what its launcher sets, not by being inside a batch job") {
  CHECK(launcher({}) == std::nullopt);
  CHECK(launcher({{"SLURM_JOB_ID", "7"}, {"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "4"}}) == std::nullopt);
  CHECK(launcher({{"OMPI_COMM_WORLD_SIZE", "1"}, {"PMIX_RANK", "0"}}) == "OMPI_COMM_WORLD_SIZE");
  CHECK(launcher({{"PMIX_RANK", "0"}}) == "PMIX_RANK");
  CHECK(launcher({{"PMI_RANK", "3"}, {"PMI_SIZE", "4"}}) == "PMI_RANK");
}
