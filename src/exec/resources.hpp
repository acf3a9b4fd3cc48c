#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"

namespace rankine::exec {

/// Where grants are read from: the running system, or a made-up one in tests.
struct SystemView {
  std::function<std::optional<std::string>(const std::string& path)> read_file;
  std::function<std::optional<std::string>(const std::string& name)> environment;
  unsigned affinity_core_count = 1;  ///< cores in this process's affinity mask

  static SystemView of_this_process();
};

/// How many threads of computation this rank may run, and which limit decided it.
struct CoreGrant {
  unsigned cores = 1;
  std::string source;  ///< "affinity mask", "cgroup cpu quota", "SLURM_CPUS_PER_TASK"
};

/// The smallest of: the affinity mask, shared by `ranks_sharing_mask` ranks; the cgroup (v1 or v2) cpu
/// quota, shared by the node's `local_size` ranks; SLURM_CPUS_PER_TASK, which is this rank's own. At least
/// 1. OMP_NUM_THREADS is not looked at: it is often 1 for other programs' sake.
CoreGrant available_cores(const SystemView& system, int local_size, int ranks_sharing_mask);
CoreGrant available_cores(int local_size = 1, int ranks_sharing_mask = 1);

struct MemoryGrant {
  Bytes limit;
  std::string source;  ///< "available memory", "cgroup memory limit", "SLURM_MEM_PER_NODE", ...
};

/// 0.8 of this rank's share of the smallest of: available memory of the node, memory.max of every
/// enclosing cgroup (v1 or v2), SLURM_MEM_PER_NODE; SLURM_MEM_PER_CPU is multiplied by the cores of
/// the rank. The rest is left to stacks, libraries and the page cache.
MemoryGrant default_memory_limit(const SystemView& system, int local_size, unsigned cores);
MemoryGrant default_memory_limit(int local_size = 1, unsigned cores = 1);

/// The most that a rank could ever have: its share of the smaller of the node's memory and memory.max of every enclosing cgroup.
MemoryGrant most_memory(const SystemView& system, int local_size);
MemoryGrant most_memory(int local_size = 1);

/// Resident set of this process: now, and the largest it ever was.
Bytes current_rss();
Bytes peak_rss();

/// What a process takes beside blocks: what is resident now, before any script was read, and what files, plans, and the stacks
/// and buffers of its threads will.
Bytes program_bytes(unsigned threads);

/// Hands what the allocator keeps for later back to the system. Takes milliseconds.
void give_back_freed_memory();
/// Under a small limit (less than 4 GiB) the allocator keeps less than it would: a 32nd of it, and blocks from a 128th
/// of it on come from the system and go back at once.
void keep_little_freed_memory(Bytes limit);

}  // namespace rankine::exec
