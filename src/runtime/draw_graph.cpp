#include "runtime/draw_graph.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>

#ifdef RANKINE_HAVE_GRAPHVIZ
#include <graphviz/gvc.h>
#endif

#include "base/error.hpp"

namespace rankine::runtime {
namespace {

std::string ending_of(const std::string& path) {
  const std::size_t dot = path.rfind('.');
  return dot == std::string::npos || path.find('/', dot) != std::string::npos ? "" : path.substr(dot + 1);
}

#ifdef RANKINE_HAVE_GRAPHVIZ
void render(const std::string& text, const std::string& format, const std::string& path) {
  GVC_t* context = gvContext();
  Agraph_t* graph = agmemread(text.c_str());
  const bool laid_out = graph != nullptr && gvLayout(context, graph, "dot") == 0;
  const bool written = laid_out && gvRenderFilename(context, graph, format.c_str(), path.c_str()) == 0;
  if (laid_out) gvFreeLayout(context, graph);
  if (graph != nullptr) agclose(graph);
  gvFreeContext(context);
  if (!written)
    throw OutputError("cannot draw the graph into " + path + ": check the directory, and that Graphviz's plugin for " + format +
                      " is installed; an ending .dot gives the text that `dot` draws");
}
#else
void render(const std::string&, const std::string& format, const std::string& path) {
  throw UnsupportedError("cannot draw " + path + ": this program was built without Graphviz (libgraphviz-dev); write a .dot file and draw "
                         "it with `dot -T" + format + "`");
}
#endif

}  // namespace

void draw_graph(const DotGraph& graph, const std::string& path) {
  const std::string ending = ending_of(path);
  const bool large = graph.nodes.size() + graph.edges.size() > largest_drawn_graph;
  const std::string text = large ? graph.by_group().text() : graph.text();
  if (ending == "dot" || ending == "gv") {
    std::ofstream file(path, std::ios::binary);
    file << text;
    file.close();
    if (!file) throw OutputError("cannot write the graph to " + path + ": " + std::strerror(errno));
    return;
  }
  if (ending != "svg" && ending != "png" && ending != "pdf")
    throw UsageError("cannot draw the graph into '" + path + "': its ending must be .svg, .png, .pdf or .dot");
  // Graphviz tells nobody that it could not open a file.
  if (!std::ofstream(path, std::ios::binary)) throw OutputError("cannot write the graph to " + path + ": " + std::strerror(errno));
  render(text, ending, path);
}

}  // namespace rankine::runtime
