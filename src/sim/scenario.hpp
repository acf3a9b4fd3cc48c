#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "sched/explicit_graph.hpp"
#include "sim/random_graph.hpp"
#include "sim/simulation.hpp"

namespace rankine::sim {

/// What a seed stands for: a graph, a cluster, a policy and faults. 0 for a count: drawn too.
struct Scenario {
  GraphKind kind = GraphKind::layered;
  std::shared_ptr<const TaskGraph> graph;
  SimulationOptions options;
  std::string command;  ///< that repeats it
};
Scenario draw_scenario(std::uint64_t seed, std::uint32_t task_count = 0, std::uint32_t worker_count = 0);

/// The same, but the graph comes in pieces while the run is on, failures end tasks and not the run, some are cancelled.
Scenario draw_growing_scenario(std::uint64_t seed, std::uint32_t task_count = 0, std::uint32_t worker_count = 0);

/// The same as the first with workers that spill: little memory, and scratch that is roomy, small, failing or damaged.
Scenario draw_spilling_scenario(std::uint64_t seed, std::uint32_t task_count = 0, std::uint32_t worker_count = 0);

/// The same as the last with everything at once: losses of many workers, of whole nodes, one while another is being repaired,
/// connections cut with blocks on them, reports that come again when nobody expects them, steals, copies, spills, deadly
/// tasks; on some seeds the graph grows, on others the run takes several jobs, each ended at any moment.
Scenario draw_storm(std::uint64_t seed, std::uint32_t task_count = 0, std::uint32_t worker_count = 0);

/// One line: kind, tasks, workers, faults.
std::string describe(const Scenario& scenario);

}  // namespace rankine::sim
