#pragma once
#include <cstdint>
#include <vector>

#include "base/task_graph.hpp"

namespace rankine::sched {

/// A total order of the tasks in which every task comes after its inputs.
struct StaticOrder {
  std::vector<std::uint32_t> rank;  ///< by task
  std::vector<TaskId> at_rank;      ///< its inverse
};

/// Depth first and memory releasing: from each sink down to its inputs, a task as soon as its last input
/// is placed; the readers of a placed task follow at once if by then all their inputs are there and they free
/// at least as many bytes as they make, together or one alone; a block whose readers all wait for up to three others
/// that can be had at once calls for them if that frees more than it makes. Among the inputs of a task the one on the longest
/// path (by cost, b-level plus t-level) goes first, then the lower id. Time and space O(tasks + edges).
/// Throws Error (ExitCode::internal) naming a task if the graph has a cycle.
StaticOrder compute_static_order(const TaskGraph& graph);

}  // namespace rankine::sched
