#pragma once
#include <cstdint>
#include <vector>

#include "base/bytes.hpp"
#include "base/prng.hpp"
#include "base/task_graph.hpp"

namespace rankine::sim {

inline std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  return Prng((a * 0x9e3779b97f4a7c15ULL) ^ (b + 0x2545f4914f6cdd1dULL)).next();
}

/// Every task's hash as one thread would compute it, inputs first: of its id and its inputs' hashes.
std::vector<std::uint64_t> reference_hashes(const TaskGraph& graph);

/// The most that any task needs at once: inputs, output and buffers.
Bytes largest_need(const TaskGraph& graph);

}  // namespace rankine::sim
