#include "runtime/plan_calls.hpp"

#include <cstdio>
#include <map>

#include "base/printable.hpp"
#include "runtime/draw_graph.hpp"
#include "script/script.hpp"

namespace rankine::runtime {

script::CallId PlanCalls::submit(script::CallRequest request) {
  const auto number = static_cast<std::uint32_t>(graph_.nodes.size());
  graph_.nodes.push_back({request.name, DotGraph::Shape::ellipse, request.name});
  for (const script::CallId input : request.inputs) graph_.edges.push_back({static_cast<std::uint32_t>(input.value), number});
  return {number};
}

script::CallId PlanCalls::scatter(std::vector<std::byte>) {
  graph_.nodes.push_back({"scattered value", DotGraph::Shape::box, "scattered value"});
  return {graph_.nodes.size() - 1};
}

void PlanCalls::print() {
  if (printed_ || graph_.nodes.empty()) return;
  printed_ = true;
  std::map<std::string, std::size_t> counts;
  for (const auto& node : graph_.nodes) ++counts[node.group];
  std::printf("custom graph: %zu call%s, %zu edge%s\n", graph_.nodes.size(), graph_.nodes.size() == 1 ? "" : "s",
              graph_.edges.size(), graph_.edges.size() == 1 ? "" : "s");
  for (const auto& [name, count] : counts) std::printf("  %8zu  %s\n", count, printable(name).c_str());
  if (graph_file_.empty()) return;
  draw_graph(graph_, graph_file_);
  std::printf("picture %s\n", graph_file_.c_str());
}

void PlanCalls::end() {
  print();
  std::printf("the script now asks for a value that only a run has: what follows is not planned\n");
  throw script::ScriptExit{0};
}

bool PlanCalls::wait(std::span<const script::CallId>, bool, std::optional<double>) { end(); }
std::vector<std::byte> PlanCalls::fetch(script::CallId) { end(); }
std::vector<std::vector<std::byte>> PlanCalls::fetch_all(std::span<const script::CallId>) { end(); }

}  // namespace rankine::runtime
