#include <catch2/catch.hpp>
#include <map>
#include <vector>

#include "exec/resources.hpp"

using namespace rankine;
using exec::SystemView;

namespace {

SystemView made_up(unsigned affinity, std::map<std::string, std::string> files,
                   std::map<std::string, std::string> environment) {
  const auto look_up = [](std::map<std::string, std::string> map) {
    return [map = std::move(map)](const std::string& name) -> std::optional<std::string> {
      const auto found = map.find(name);
      if (found == map.end()) return std::nullopt;
      return found->second;
    };
  };
  return {look_up(std::move(files)), look_up(std::move(environment)), affinity};
}

std::string cores(const SystemView& system, int local_size, int sharing) {
  const exec::CoreGrant grant = exec::available_cores(system, local_size, sharing);
  return std::to_string(grant.cores) + " by " + grant.source;
}

std::string memory(const SystemView& system, int local_size, unsigned cores) {
  const exec::MemoryGrant grant = exec::default_memory_limit(system, local_size, cores);
  return std::to_string(grant.limit.value) + " by " + grant.source;
}

constexpr const char* meminfo = "MemTotal:       2000 kB\nMemFree:         10 kB\nMemAvailable:    1000 kB\n";

}  // namespace

TEST_CASE("cores are the affinity mask divided by the ranks that share it") {
  CHECK(cores(made_up(16, {}, {}), 4, 4) == "4 by affinity mask");
  CHECK(cores(made_up(16, {}, {}), 4, 1) == "16 by affinity mask");
  CHECK(cores(made_up(2, {}, {}), 3, 3) == "1 by affinity mask");
}

TEST_CASE("OMP_NUM_THREADS does not decide the cores") {
  CHECK(cores(made_up(8, {}, {{"OMP_NUM_THREADS", "1"}}), 1, 1) == "8 by affinity mask");
}

TEST_CASE("SLURM_CPUS_PER_TASK is the rank's own") {
  CHECK(cores(made_up(64, {}, {{"SLURM_CPUS_PER_TASK", "6"}}), 4, 4) == "6 by SLURM_CPUS_PER_TASK");
  CHECK(cores(made_up(4, {}, {{"SLURM_CPUS_PER_TASK", "6"}}), 1, 1) == "4 by affinity mask");
}

TEST_CASE("the tightest cpu quota of the enclosing cgroups (v2) binds, rounded up") {
  const SystemView system = made_up(16,
                                    {{"/proc/self/cgroup", "0::/a/b\n"},
                                     {"/sys/fs/cgroup/a/b/cpu.max", "max 100000\n"},
                                     {"/sys/fs/cgroup/a/cpu.max", "350000 100000\n"},
                                     {"/sys/fs/cgroup/cpu.max", "800000 100000\n"}},
                                    {});
  CHECK(cores(system, 1, 1) == "4 by cgroup cpu quota");
  CHECK(cores(system, 2, 2) == "2 by cgroup cpu quota");
}

TEST_CASE("a cpu quota of cgroup v1 binds and -1 is none") {
  const std::string cgroup = "5:cpu,cpuacct:/job\n3:memory:/job\n";
  CHECK(cores(made_up(16,
                      {{"/proc/self/cgroup", cgroup},
                       {"/sys/fs/cgroup/cpu/job/cpu.cfs_quota_us", "200000\n"},
                       {"/sys/fs/cgroup/cpu/job/cpu.cfs_period_us", "100000\n"}},
                      {}),
              1, 1) == "2 by cgroup cpu quota");
  CHECK(cores(made_up(16,
                      {{"/proc/self/cgroup", cgroup},
                       {"/sys/fs/cgroup/cpu/job/cpu.cfs_quota_us", "-1\n"},
                       {"/sys/fs/cgroup/cpu/job/cpu.cfs_period_us", "100000\n"}},
                      {}),
              1, 1) == "16 by affinity mask");
}

TEST_CASE("memory is 0.8 of the rank's share of what is available") {
  CHECK(memory(made_up(1, {{"/proc/meminfo", meminfo}}, {}), 1, 1) == "819200 by available memory");
  CHECK(memory(made_up(1, {{"/proc/meminfo", meminfo}}, {}), 4, 1) == "204800 by available memory");
}

TEST_CASE("a cgroup memory limit binds, in v2 and v1, and their words for none do not") {
  const auto v2 = [](const std::string& limit) {
    return made_up(1,
                   {{"/proc/meminfo", meminfo},
                    {"/proc/self/cgroup", "0::/job/step\n"},
                    {"/sys/fs/cgroup/job/memory.max", limit}},
                   {});
  };
  const auto v1 = [](const std::string& limit) {
    return made_up(1,
                   {{"/proc/meminfo", meminfo},
                    {"/proc/self/cgroup", "3:memory:/job\n"},
                    {"/sys/fs/cgroup/memory/job/memory.limit_in_bytes", limit}},
                   {});
  };
  CHECK(memory(v2("500000\n"), 1, 1) == "400000 by cgroup memory limit");
  CHECK(memory(v2("max\n"), 1, 1) == "819200 by available memory");
  CHECK(memory(v1("500000\n"), 2, 1) == "200000 by cgroup memory limit");
  CHECK(memory(v1("9223372036854771712\n"), 1, 1) == "819200 by available memory");
}

TEST_CASE("Slurm's memory per node is shared by the ranks, its memory per cpu is multiplied by the cores") {
  const std::map<std::string, std::string> files = {{"/proc/meminfo", "MemAvailable: 100000000 kB\n"}};
  CHECK(memory(made_up(1, files, {{"SLURM_MEM_PER_NODE", "1000"}}), 2, 4) ==
        std::to_string((std::uint64_t{1000} << 20) / 2 / 5 * 4) + " by SLURM_MEM_PER_NODE");
  CHECK(memory(made_up(1, files, {{"SLURM_MEM_PER_CPU", "1000"}}), 2, 4) ==
        std::to_string((std::uint64_t{4000} << 20) / 5 * 4) + " by SLURM_MEM_PER_CPU");
  CHECK(memory(made_up(1, files, {{"SLURM_MEM_PER_NODE", "0"}}), 1, 1) ==
        std::to_string(std::uint64_t{102400000000} / 5 * 4) + " by available memory");
}

TEST_CASE("the most that a rank can have is its share of the node's memory, or of a cgroup's that is less") {
  const auto most = [](const SystemView& system, int local_size) {
    const exec::MemoryGrant grant = exec::most_memory(system, local_size);
    return std::to_string(grant.limit.value) + " by " + grant.source;
  };
  CHECK(most(made_up(4, {{"/proc/meminfo", meminfo}}, {}), 1) == "2048000 by memory of the node");
  CHECK(most(made_up(4, {{"/proc/meminfo", meminfo}}, {{"SLURM_MEM_PER_NODE", "1"}}), 4) == "512000 by memory of the node");
  const std::map<std::string, std::string> in_group{
      {"/proc/meminfo", meminfo}, {"/proc/self/cgroup", "0::/a/b\n"}, {"/sys/fs/cgroup/a/memory.max", "1000000\n"}, {"/sys/fs/cgroup/a/b/memory.max", "max\n"}};
  CHECK(most(made_up(4, in_group, {}), 2) == "500000 by cgroup memory limit");
}

TEST_CASE("this process has cores, memory and a peak at least as large as a block it has touched") {
  CHECK(exec::available_cores(1, 1).cores >= 1);
  CHECK(exec::default_memory_limit(1, 1).limit.value > 0);
  const std::vector<char> block(64 << 20, 1);
  CHECK(exec::peak_rss().value >= block.size());
  // The kernel counts pages in batches, so that two looks may disagree a little.
  const std::uint64_t slack = 4u << 20;
  CHECK(exec::current_rss().value <= exec::peak_rss().value + slack);
}
