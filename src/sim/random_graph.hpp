#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "base/prng.hpp"
#include "sched/explicit_graph.hpp"

namespace rankine::sim {

/// The shapes that climate pipelines lower to, and random ones.
enum class GraphKind : std::uint8_t {
  layered,           ///< random edges between neighbouring layers
  tree_reduction,    ///< read, map, then a tree of fan-in 2 to 8
  map_overlap,       ///< read, then steps that read their neighbours
  rechunk_diamonds,  ///< groups that are split and merged across: every output of a group reads every input
  chains,            ///< independent chains
  anomaly,           ///< read, group means over all, then a second pass that reads both; pinned writers
};
inline constexpr std::uint32_t graph_kind_count = 6;
const char* name_of(GraphKind kind);

/// About `task_count` tasks. Bytes, scratch, costs and wanted sinks are drawn from `prng`.
std::vector<sched::ExplicitTask> random_graph(GraphKind kind, std::uint32_t task_count, Prng& prng);

/// Most bytes held at once (outputs, plus the scratch of the one that runs) when one worker runs
/// all tasks in the static order and keeps wanted outputs.
Bytes serial_peak_bytes(const TaskGraph& graph);

}  // namespace rankine::sim
