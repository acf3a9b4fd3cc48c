#include "sim/random_graph.hpp"

#include <algorithm>

#include "sched/static_order.hpp"

namespace rankine::sim {
namespace {

using Tasks = std::vector<sched::ExplicitTask>;
using Ids = std::vector<TaskId>;

/// Adds tasks with drawn costs.
class Drawing {
 public:
  explicit Drawing(Prng& prng) : prng_(prng) {}
  TaskId add(Ids inputs, std::uint64_t output_bytes) {
    std::sort(inputs.begin(), inputs.end());
    inputs.erase(std::unique(inputs.begin(), inputs.end()), inputs.end());
    sched::ExplicitTask task;
    task.inputs = std::move(inputs);
    task.output_bytes = {output_bytes};
    task.scratch_bytes = {prng_.chance(0.2) ? output_bytes / 2 : 0};
    task.cost_us = static_cast<std::uint32_t>(1 + prng_.below(1000));
    tasks_.push_back(std::move(task));
    return {static_cast<std::uint32_t>(tasks_.size() - 1)};
  }
  Ids roots(std::size_t count, std::uint64_t output_bytes) {
    Ids ids;
    for (std::size_t i = 0; i < count; ++i) ids.push_back(add({}, output_bytes));
    return ids;
  }
  /// Levels of reductions until one is left.
  TaskId reduce(Ids level, std::size_t fan_in, std::uint64_t output_bytes) {
    while (level.size() > 1) {
      Ids next;
      for (std::size_t i = 0; i < level.size(); i += fan_in)
        next.push_back(add({level.begin() + static_cast<std::ptrdiff_t>(i),
                            level.begin() + static_cast<std::ptrdiff_t>(std::min(level.size(), i + fan_in))},
                           output_bytes));
      level = next;
    }
    return level.front();
  }
  Tasks& tasks() { return tasks_; }
  Prng& prng() { return prng_; }

 private:
  Prng& prng_;
  Tasks tasks_;
};

void layered(Drawing& draw, std::uint32_t count) {
  const std::uint32_t width = 1 + static_cast<std::uint32_t>(draw.prng().below(std::max(2u, count / 4)));
  Ids previous = draw.roots(width, 1000 + draw.prng().below(100000));
  while (draw.tasks().size() < count) {
    Ids layer;
    for (std::uint32_t i = 0; i < width; ++i) {
      Ids inputs;
      for (std::uint64_t k = 0; k <= draw.prng().below(4); ++k) inputs.push_back(previous[draw.prng().below(previous.size())]);
      layer.push_back(draw.add(inputs, draw.prng().below(100000)));
    }
    previous = layer;
  }
}

void tree_reduction(Drawing& draw, std::uint32_t count) {
  const std::uint64_t bytes = 10000 + draw.prng().below(1000000);
  Ids level;
  for (const TaskId root : draw.roots(std::max(1u, count * 2 / 5), bytes)) level.push_back(draw.add({root}, bytes));
  draw.reduce(level, 2 + draw.prng().below(7), bytes / 10);
}

void map_overlap(Drawing& draw, std::uint32_t count) {
  const std::size_t steps = 1 + draw.prng().below(5);
  Ids row = draw.roots(std::max<std::size_t>(1, count / (steps + 1)), 1000 + draw.prng().below(100000));
  for (std::size_t step = 0; step < steps; ++step) {
    Ids next;
    for (std::size_t i = 0; i < row.size(); ++i)
      next.push_back(draw.add({row[i == 0 ? 0 : i - 1], row[i], row[std::min(row.size() - 1, i + 1)]}, 50000));
    row = next;
  }
}

void rechunk_diamonds(Drawing& draw, std::uint32_t count) {
  const std::size_t width = 2 + draw.prng().below(8);
  while (draw.tasks().size() + 2 * width <= std::max<std::size_t>(count, 2 * width)) {
    const Ids group = draw.roots(width, 80000);
    for (std::size_t i = 0; i < width; ++i) draw.add(group, 80000);
  }
}

void chains(Drawing& draw, std::uint32_t count) {
  const std::size_t length = 1 + draw.prng().below(10);
  while (draw.tasks().size() < count) {
    TaskId last = draw.add({}, 100000);
    for (std::size_t i = 1; i < length; ++i) last = draw.add({last}, draw.prng().below(100000));
  }
}

void anomaly(Drawing& draw, std::uint32_t count) {
  const std::size_t width = std::max(2u, count / 4);
  const std::size_t groups = 1 + draw.prng().below(12);
  const Ids blocks = draw.roots(width, 60000);
  std::vector<Ids> members(groups);
  for (std::size_t i = 0; i < width; ++i) members[i % groups].push_back(draw.add({blocks[i]}, 6000));
  Ids means;
  for (const Ids& group : members)
    if (!group.empty()) means.push_back(draw.reduce(group, 4, 6000));
  for (std::size_t i = 0; i < width; ++i) {
    const TaskId result = draw.add({blocks[i], means[i % means.size()]}, 60000);
    const TaskId written = draw.add({result}, 0);
    draw.tasks()[written.value].pin_group = {static_cast<std::uint32_t>(1 + i % 3)};
  }
}

}  // namespace

const char* name_of(GraphKind kind) {
  static constexpr const char* names[graph_kind_count] = {"layered",          "tree_reduction", "map_overlap",
                                                          "rechunk_diamonds", "chains",         "anomaly"};
  return names[static_cast<std::size_t>(kind)];
}

std::vector<sched::ExplicitTask> random_graph(GraphKind kind, std::uint32_t task_count, Prng& prng) {
  Drawing draw(prng);
  switch (kind) {
    case GraphKind::layered: layered(draw, task_count); break;
    case GraphKind::tree_reduction: tree_reduction(draw, task_count); break;
    case GraphKind::map_overlap: map_overlap(draw, task_count); break;
    case GraphKind::rechunk_diamonds: rechunk_diamonds(draw, task_count); break;
    case GraphKind::chains: chains(draw, task_count); break;
    case GraphKind::anomaly: anomaly(draw, task_count); break;
  }
  Tasks tasks = std::move(draw.tasks());
  std::vector<bool> is_read(tasks.size(), false);
  for (const auto& task : tasks)
    for (const TaskId input : task.inputs) is_read[input.value] = true;
  // Sinks are wanted, or else written (dropped at once); now and then the client wants an intermediate.
  for (std::size_t i = 0; i < tasks.size(); ++i)
    tasks[i].wanted = prng.chance(is_read[i] ? 0.02 : 0.5);
  // Classes whose hints are all off by their own factor; priorities and resource needs here and there.
  const bool has_priorities = prng.chance(0.2), has_needs = prng.chance(0.2);
  for (auto& task : tasks) {
    task.cost_class = static_cast<std::uint32_t>(prng.below(5));
    if (has_priorities && prng.chance(0.1)) task.priority = static_cast<std::int32_t>(1 + prng.below(3));
    if (has_needs && prng.chance(0.1)) task.needs = {{.resource = 0, .amount = 1}};
  }
  return tasks;
}

Bytes serial_peak_bytes(const TaskGraph& graph) {
  const sched::StaticOrder order = sched::compute_static_order(graph);
  std::vector<std::uint32_t> readers(graph.task_count());
  std::vector<TaskId> edges;
  for (std::uint32_t i = 0; i < graph.task_count(); ++i) {
    edges.clear();
    graph.dependents({i}, edges);
    readers[i] = static_cast<std::uint32_t>(edges.size());
  }
  Bytes held, peak;
  const auto drop_if_unneeded = [&](TaskId task) {
    if (readers[task.value] == 0 && !graph.is_wanted(task)) held -= graph.output_bytes(task);
  };
  for (const TaskId task : order.at_rank) {
    held += graph.output_bytes(task);
    peak = std::max(peak, held + graph.scratch_bytes(task));
    edges.clear();
    graph.dependencies(task, edges);
    for (const TaskId input : edges) {
      --readers[input.value];
      drop_if_unneeded(input);
    }
    drop_if_unneeded(task);
  }
  return peak;
}

}  // namespace rankine::sim
