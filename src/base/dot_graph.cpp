#include "base/dot_graph.hpp"

#include <array>
#include <map>
#include <utility>

namespace rankine {
namespace {

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n') out += "\\n";
    else out += c;
  }
  return out + "\"";
}

const char* name_of(DotGraph::Shape shape) {
  switch (shape) {
    case DotGraph::Shape::box: return "box";
    case DotGraph::Shape::cylinder: return "cylinder";
    default: return "ellipse";
  }
}

/// Light enough for black text.
constexpr std::array<const char*, 10> colours = {"#a6cee3", "#fdbf6f", "#b2df8a", "#fb9a99", "#cab2d6",
                                                 "#ffff99", "#d9d9d9", "#8dd3c7", "#fccde5", "#bebada"};

}  // namespace

std::string DotGraph::text() const {
  std::string out = "digraph {\n  rankdir=" + direction + ";\n  node [style=filled, fontname=\"sans-serif\", fontsize=11];\n  edge [fontname=\"sans-serif\", fontsize=9];\n";
  if (!title.empty()) out += "  label=" + quoted(title) + ";\n  fontname=\"sans-serif\";\n";
  std::map<std::string, std::size_t> groups;
  for (const Node& node : nodes) groups.try_emplace(node.group, groups.size());
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    out += "  n" + std::to_string(i) + " [label=" + quoted(nodes[i].label) + ", shape=" + name_of(nodes[i].shape) +
           ", fillcolor=" + quoted(colours[groups.at(nodes[i].group) % colours.size()]) + "];\n";
  }
  for (const Edge& edge : edges) {
    out += "  n" + std::to_string(edge.from) + " -> n" + std::to_string(edge.to);
    if (!edge.label.empty()) out += " [label=" + quoted(edge.label) + "]";
    out += ";\n";
  }
  return out + "}\n";
}

DotGraph DotGraph::by_group() const {
  DotGraph graph;
  graph.title = title;
  graph.direction = direction;
  std::map<std::string, std::uint32_t> numbers;
  std::vector<std::size_t> counts;
  std::vector<std::uint32_t> group_of;
  for (const Node& node : nodes) {
    const auto [at, inserted] = numbers.try_emplace(node.group, static_cast<std::uint32_t>(graph.nodes.size()));
    if (inserted) {
      graph.nodes.push_back({node.group, node.shape, node.group});
      counts.push_back(0);
    }
    ++counts[at->second];
    group_of.push_back(at->second);
  }
  for (std::size_t i = 0; i < counts.size(); ++i)
    graph.nodes[i].label += "\n" + std::to_string(counts[i]) + (counts[i] == 1 ? " task" : " tasks");
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::size_t> pairs;
  for (const Edge& edge : edges) ++pairs[{group_of[edge.from], group_of[edge.to]}];
  for (const auto& [pair, count] : pairs) graph.edges.push_back({pair.first, pair.second, std::to_string(count)});
  return graph;
}

}  // namespace rankine
