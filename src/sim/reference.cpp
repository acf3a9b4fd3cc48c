#include "sim/reference.hpp"

#include <algorithm>

namespace rankine::sim {

std::vector<std::uint64_t> reference_hashes(const TaskGraph& graph) {
  const std::uint32_t count = graph.task_count();
  std::vector<std::uint64_t> hashes(count, 0);
  std::vector<std::uint32_t> missing(count);
  std::vector<TaskId> order, edges;
  for (std::uint32_t i = 0; i < count; ++i) {
    edges.clear();
    graph.dependencies({i}, edges);
    missing[i] = static_cast<std::uint32_t>(edges.size());
    if (edges.empty()) order.push_back({i});
  }
  for (std::size_t next = 0; next < order.size(); ++next) {
    edges.clear();
    graph.dependencies(order[next], edges);
    std::uint64_t hash = order[next].value;
    for (const TaskId input : edges) hash = mix(hash, hashes[input.value]);
    hashes[order[next].value] = hash;
    edges.clear();
    graph.dependents(order[next], edges);
    for (const TaskId reader : edges)
      if (--missing[reader.value] == 0) order.push_back(reader);
  }
  return hashes;
}

Bytes largest_need(const TaskGraph& graph) {
  Bytes largest;
  std::vector<TaskId> inputs;
  for (std::uint32_t i = 0; i < graph.task_count(); ++i) {
    inputs.clear();
    graph.dependencies({i}, inputs);
    Bytes need = graph.output_bytes({i}) + graph.scratch_bytes({i});
    for (const TaskId input : inputs) need += graph.output_bytes(input);
    largest = std::max(largest, need);
  }
  return largest;
}

}  // namespace rankine::sim
