#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace rankine {

/// A picture of a graph, as text in Graphviz's DOT language.
struct DotGraph {
  enum class Shape : std::uint8_t { ellipse, box, cylinder };
  struct Node {
    std::string label;
    Shape shape = Shape::ellipse;
    std::string group;            ///< nodes of one group have one colour
  };
  struct Edge {
    std::uint32_t from = 0;
    std::uint32_t to = 0;
    std::string label = {};
  };
  std::string title;
  std::string direction = "BT";   ///< DOT's rankdir: results above what they are made of, as Dask draws
  std::vector<Node> nodes;
  std::vector<Edge> edges;

  std::string text() const;
  /// One node for each group, with the number of its nodes, and one edge for each pair of groups: for large graphs.
  DotGraph by_group() const;
};

/// A picture shows single tasks up to this many nodes and edges together; larger ones show groups.
inline constexpr std::size_t largest_drawn_graph = 1500;

}  // namespace rankine
