#pragma once
#include <string>

#include "base/dot_graph.hpp"

namespace rankine::runtime {

/// Writes a picture: .dot and .gv as text; .svg, .png, .pdf by Graphviz. Single tasks of small graphs, groups of large
/// ones. Throws UsageError for another ending, UnsupportedError where Graphviz is not built in, OutputError.
void draw_graph(const DotGraph& graph, const std::string& path);

}  // namespace rankine::runtime
