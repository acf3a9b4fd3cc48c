#include "exec/resources.hpp"

#include <fcntl.h>
#include <malloc.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <sstream>
#include <thread>

namespace rankine::exec {
namespace {

std::optional<std::uint64_t> parse_count(const std::string& text) {
  std::uint64_t value = 0;
  const char* begin = text.data();
  const char* end = begin + text.size();
  const auto [stop, error] = std::from_chars(begin, end, value);
  if (error != std::errc() || stop == begin) return std::nullopt;
  return value;
}

unsigned count_affinity_cores() {
  // A mask larger than cpu_set_t's 1024 cores needs a larger set; the kernel says so with EINVAL.
  for (int capacity = 1024; capacity <= 1 << 16; capacity *= 2) {
    cpu_set_t* set = CPU_ALLOC(capacity);
    const std::size_t size = CPU_ALLOC_SIZE(capacity);
    CPU_ZERO_S(size, set);
    const bool known = sched_getaffinity(0, size, set) == 0;
    const int count = known ? CPU_COUNT_S(size, set) : 0;
    CPU_FREE(set);
    if (count > 0) return static_cast<unsigned>(count);
  }
  return std::max(1u, std::thread::hardware_concurrency());
}

/// A folder of the cgroup hierarchy and every folder above it up to the root of the mount:
/// "/a/b" -> {"/a/b", "/a", ""}. A limit of any of them binds.
std::vector<std::string> with_parents(std::string path) {
  std::vector<std::string> paths;
  while (!path.empty() && path != "/") {
    paths.push_back(path);
    path.erase(path.rfind('/'));
  }
  paths.emplace_back();
  return paths;
}

/// The path of this process in cgroup v2 (controller empty) or in the v1 hierarchy of `controller`, from
/// /proc/self/cgroup, whose lines are `id:controllers:path`. Inside a container the path may belong to the
/// host, where nothing is found under it; then the root of the mount still holds the container's limits.
std::optional<std::string> cgroup_path(const SystemView& system, const std::string& controller) {
  const std::optional<std::string> text = system.read_file("/proc/self/cgroup");
  if (!text) return std::nullopt;
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    std::istringstream controllers(line.substr(first + 1, second - first - 1));
    bool wanted = controller.empty() && second == first + 1;
    for (std::string name; std::getline(controllers, name, ',');) wanted = wanted || name == controller;
    if (wanted) return line.substr(second + 1);
  }
  return std::nullopt;
}

/// Cores by the tightest cgroup quota of this process, rounded up: 1.5 cores feed two threads.
std::optional<unsigned> cgroup_cores(const SystemView& system) {
  std::optional<unsigned> cores;
  const auto take = [&](std::uint64_t quota, std::uint64_t period) {
    if (period == 0 || quota == 0) return;
    const unsigned granted = static_cast<unsigned>((quota + period - 1) / period);
    cores = std::min(cores.value_or(granted), granted);
  };
  if (const auto path = cgroup_path(system, "")) {
    for (const std::string& folder : with_parents(*path)) {
      const auto text = system.read_file("/sys/fs/cgroup" + folder + "/cpu.max");
      if (!text) continue;
      std::istringstream words(*text);
      std::string quota, period;
      words >> quota >> period;
      const auto quota_us = parse_count(quota), period_us = parse_count(period);
      if (quota_us && period_us) take(*quota_us, *period_us);
    }
  }
  if (const auto path = cgroup_path(system, "cpu")) {
    for (const std::string& folder : with_parents(*path)) {
      const std::string base = "/sys/fs/cgroup/cpu" + folder;
      const auto quota = system.read_file(base + "/cpu.cfs_quota_us");
      const auto period = system.read_file(base + "/cpu.cfs_period_us");
      if (!quota || !period) continue;
      const auto quota_us = parse_count(*quota), period_us = parse_count(*period);  // "-1": no quota
      if (quota_us && period_us) take(*quota_us, *period_us);
    }
  }
  return cores;
}

std::optional<Bytes> cgroup_memory(const SystemView& system) {
  // v1 says "no limit" with a number near 2^63.
  constexpr std::uint64_t no_limit = std::uint64_t{1} << 60;
  std::optional<Bytes> limit;
  const auto take = [&](const std::optional<std::string>& text) {
    if (!text) return;
    const auto value = parse_count(*text);
    if (!value || *value >= no_limit) return;
    limit = std::min(limit.value_or(Bytes{*value}), Bytes{*value});
  };
  if (const auto path = cgroup_path(system, "")) {
    for (const std::string& folder : with_parents(*path)) {
      take(system.read_file("/sys/fs/cgroup" + folder + "/memory.max"));
    }
  }
  if (const auto path = cgroup_path(system, "memory")) {
    for (const std::string& folder : with_parents(*path)) {
      take(system.read_file("/sys/fs/cgroup/memory" + folder + "/memory.limit_in_bytes"));
    }
  }
  return limit;
}

/// A line of /proc/meminfo or /proc/self/status: `MemAvailable:   123 kB`.
std::optional<Bytes> kilobyte_field(const std::optional<std::string>& text, const std::string& name) {
  if (!text) return std::nullopt;
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind(name + ":", 0) != 0) continue;
    std::istringstream words(line.substr(name.size() + 1));
    std::uint64_t kilobytes = 0;
    if (words >> kilobytes) return Bytes{kilobytes * 1024};
  }
  return std::nullopt;
}

std::optional<std::string> read_small_file(const std::string& path) {
  std::ifstream file(path);
  if (!file) return std::nullopt;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::uint64_t slurm_megabytes(const SystemView& system, const std::string& name) {
  const auto text = system.environment(name);
  if (!text) return 0;
  return parse_count(*text).value_or(0);  // 0: "all of the node", which is no limit of its own
}

}  // namespace

SystemView SystemView::of_this_process() {
  SystemView view;
  view.read_file = read_small_file;
  view.environment = [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return std::string(value);
  };
  view.affinity_core_count = count_affinity_cores();
  return view;
}

CoreGrant available_cores(const SystemView& system, int local_size, int ranks_sharing_mask) {
  const auto share = [](unsigned cores, int ranks) {
    return std::max(1u, cores / static_cast<unsigned>(std::max(1, ranks)));
  };
  CoreGrant grant{share(system.affinity_core_count, ranks_sharing_mask), "affinity mask"};
  if (const auto quota = cgroup_cores(system)) {
    const unsigned cores = share(*quota, local_size);
    if (cores < grant.cores) grant = {cores, "cgroup cpu quota"};
  }
  if (const auto text = system.environment("SLURM_CPUS_PER_TASK")) {
    const auto cores = parse_count(*text);
    if (cores && *cores > 0 && *cores < grant.cores) {
      grant = {static_cast<unsigned>(*cores), "SLURM_CPUS_PER_TASK"};
    }
  }
  return grant;
}

CoreGrant available_cores(int local_size, int ranks_sharing_mask) {
  return available_cores(SystemView::of_this_process(), local_size, ranks_sharing_mask);
}

MemoryGrant default_memory_limit(const SystemView& system, int local_size, unsigned cores) {
  const auto ranks = static_cast<std::uint64_t>(std::max(1, local_size));
  constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();
  MemoryGrant smallest{Bytes{unlimited}, ""};
  const auto take = [&](Bytes share, const char* source) {
    if (share < smallest.limit) smallest = {share, source};
  };
  if (const auto available = kilobyte_field(system.read_file("/proc/meminfo"), "MemAvailable")) {
    take(Bytes{available->value / ranks}, "available memory");
  }
  if (const auto limit = cgroup_memory(system)) take(Bytes{limit->value / ranks}, "cgroup memory limit");
  if (const std::uint64_t megabytes = slurm_megabytes(system, "SLURM_MEM_PER_NODE")) {
    take(Bytes{(megabytes << 20) / ranks}, "SLURM_MEM_PER_NODE");
  }
  if (const std::uint64_t megabytes = slurm_megabytes(system, "SLURM_MEM_PER_CPU")) {
    take(Bytes{(megabytes << 20) * std::max(1u, cores)}, "SLURM_MEM_PER_CPU");
  }
  if (smallest.limit.value == unlimited) return {Bytes{std::uint64_t{1} << 30}, "nothing known, 1 GiB assumed"};
  smallest.limit = Bytes{smallest.limit.value / 5 * 4};
  return smallest;
}

MemoryGrant default_memory_limit(int local_size, unsigned cores) {
  return default_memory_limit(SystemView::of_this_process(), local_size, cores);
}

MemoryGrant most_memory(const SystemView& system, int local_size) {
  const auto ranks = static_cast<std::uint64_t>(std::max(1, local_size));
  MemoryGrant most{Bytes{std::numeric_limits<std::uint64_t>::max()}, ""};
  if (const auto total = kilobyte_field(system.read_file("/proc/meminfo"), "MemTotal")) most = {Bytes{total->value / ranks}, "memory of the node"};
  if (const auto limit = cgroup_memory(system); limit && limit->value / ranks < most.limit.value)
    most = {Bytes{limit->value / ranks}, "cgroup memory limit"};
  return most;
}

MemoryGrant most_memory(int local_size) { return most_memory(SystemView::of_this_process(), local_size); }

Bytes current_rss() {
  // Asked for often: statm is two numbers, the second of them pages.
  const int descriptor = ::open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return {};
  char text[128];
  const ssize_t got = ::read(descriptor, text, sizeof text);
  ::close(descriptor);
  const char* end = text + std::max<ssize_t>(got, 0);
  const char* second = std::find(static_cast<const char*>(text), end, ' ');
  std::uint64_t pages = 0;
  if (second == end || std::from_chars(second + 1, end, pages).ec != std::errc()) return {};
  static const auto page_bytes = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return {pages * page_bytes};
}

Bytes program_bytes(unsigned threads) {
  constexpr std::uint64_t mib = 1 << 20;
  return current_rss() + Bytes{(8 + 3 * std::uint64_t{threads}) * mib};
}

void give_back_freed_memory() {
#ifdef __GLIBC__
  ::malloc_trim(0);
#endif
}

void keep_little_freed_memory(Bytes limit) {
#ifdef __GLIBC__
  // As many bytes as lie below the bounds that a roomy process has.
  constexpr std::uint64_t mib = 1 << 20;
  if (limit.value >= 4096 * mib) return;
  if (limit.value <= 256 * mib) {
    // Holes between blocks of a few hundred kilobytes would be a fifth of so little; and each arena keeps its own.
    ::mallopt(M_ARENA_MAX, 2);
    ::mallopt(M_MMAP_THRESHOLD, static_cast<int>(std::max(limit.value / 512, mib / 8)));
    ::mallopt(M_TRIM_THRESHOLD, static_cast<int>(mib / 2));
    return;
  }
  ::mallopt(M_MMAP_THRESHOLD, static_cast<int>(std::clamp(limit.value / 128, mib / 4, 32 * mib)));
  ::mallopt(M_TRIM_THRESHOLD, static_cast<int>(std::clamp(limit.value / 32, mib, 128 * mib)));
#else
  static_cast<void>(limit);
#endif
}

Bytes peak_rss() {
  // ru_maxrss is inherited over exec from a larger parent; VmHWM is this program's own.
  // The kernel brings it up to date now and then only, so that it may lie below what is there now.
  if (const auto peak = kilobyte_field(read_small_file("/proc/self/status"), "VmHWM")) return std::max(*peak, current_rss());
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return Bytes{static_cast<std::uint64_t>(usage.ru_maxrss) * 1024};
}

}  // namespace rankine::exec
