#include "plan/plan_picture.hpp"

#include <set>

#include "plan/leaf_spans.hpp"

namespace rankine::plan {
namespace {


DotGraph::Shape shape_of(const Layer& layer) {
  return layer.kind == LayerKind::write || layer.kind == LayerKind::append ? DotGraph::Shape::cylinder : DotGraph::Shape::ellipse;
}

/// Names of the stored arrays that a layer reads.
std::set<std::string> stored_below(const Layer& layer) {
  std::set<std::string> names;
  if (layer.expr == nullptr) return names;
  visit_leaves(layer.expr, root_spans(layer.grid), [&](const array::Expr& leaf, const LeafSpans&) {
    if (const auto* source = leaf.as<array::Source>()) names.insert(source->array->variable);
  });
  return names;
}

std::string title_of(const Layer& layer, const LogicalPlan& logical) {
  std::string text = layer.name;
  if (layer.sink >= 0 && !logical.sinks[static_cast<std::size_t>(layer.sink)].name.empty())
    text += "\n" + logical.sinks[static_cast<std::size_t>(layer.sink)].name;
  return text;
}

DotGraph layers_of(const LoweredPlan& plan) {
  DotGraph graph;
  std::vector<std::set<std::string>> reads;
  for (const Layer& layer : plan.layers()) {
    const std::string count = std::to_string(layer.task_count) + (layer.task_count == 1 ? " task" : " tasks");
    graph.nodes.push_back({title_of(layer, plan.logical()) + "\n" + count, shape_of(layer), std::to_string(layer.id.value)});
    reads.push_back(stored_below(layer));
  }
  for (const Layer& layer : plan.layers()) {
    std::set<std::uint32_t> producers;
    for (const Edge& edge : layer.edges) producers.insert(edge.producer.value);
    for (const std::uint32_t producer : producers) graph.edges.push_back({producer, layer.id.value});
    for (const std::string& name : reads[layer.id.value]) {
      graph.nodes.push_back({name, DotGraph::Shape::box, "stored " + name});
      graph.edges.push_back({static_cast<std::uint32_t>(graph.nodes.size() - 1), layer.id.value});
    }
  }
  return graph;
}

}  // namespace

DotGraph picture_of(const LoweredPlan& plan) {
  if (plan.task_count() > largest_drawn_graph) return layers_of(plan);
  DotGraph graph;
  std::vector<TaskId> inputs;
  for (std::uint32_t t = 0; t < plan.task_count(); ++t) {
    const Layer& layer = plan.layer_of(TaskId{t});
    graph.nodes.push_back({layer.name + "\n" + format_tuple(plan.block_of(TaskId{t})), shape_of(layer), std::to_string(layer.id.value)});
    inputs.clear();
    plan.dependencies(TaskId{t}, inputs);
    for (const TaskId input : inputs) graph.edges.push_back({input.value, t});
    if (graph.nodes.size() + graph.edges.size() > largest_drawn_graph) return layers_of(plan);
  }
  return graph;
}

}  // namespace rankine::plan
