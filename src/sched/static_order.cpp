#include "sched/static_order.hpp"

#include <algorithm>
#include <utility>

#include "base/error.hpp"

namespace rankine::sched {
namespace {

constexpr std::uint32_t unplaced = UINT32_MAX;

/// Longest path, by cost, that runs through each task: the sum of the longest one that ends in it
/// (t-level) and the longest one that begins with it (b-level, Kwok and Ahmad 1999).
std::vector<std::uint64_t> longest_path_through(const TaskGraph& graph) {
  const std::uint32_t count = graph.task_count();
  std::vector<std::uint32_t> missing(count);
  std::vector<std::uint64_t> t_level(count, 0);
  std::vector<TaskId> topological, edges;
  topological.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    edges.clear();
    graph.dependencies({i}, edges);
    missing[i] = static_cast<std::uint32_t>(edges.size());
    if (edges.empty()) topological.push_back({i});
  }
  for (std::size_t next = 0; next < topological.size(); ++next) {
    const TaskId task = topological[next];
    const std::uint64_t end = t_level[task.value] + std::max<std::uint32_t>(1, graph.cost_us(task));
    edges.clear();
    graph.dependents(task, edges);
    for (const TaskId reader : edges) {
      t_level[reader.value] = std::max(t_level[reader.value], end);
      if (--missing[reader.value] == 0) topological.push_back(reader);
    }
  }
  if (topological.size() != count) {
    const auto stuck = std::find_if(missing.begin(), missing.end(), [](std::uint32_t m) { return m != 0; });
    throw Error(ExitCode::internal, "the task graph has a cycle: " +
                graph.describe({static_cast<std::uint32_t>(stuck - missing.begin())}) + " waits for itself");
  }
  std::vector<std::uint64_t> b_level(count, 0);
  for (auto task = topological.rbegin(); task != topological.rend(); ++task) {
    edges.clear();
    graph.dependents(*task, edges);
    std::uint64_t longest = 0;
    for (const TaskId reader : edges) longest = std::max(longest, b_level[reader.value]);
    b_level[task->value] = longest + std::max<std::uint32_t>(1, graph.cost_us(*task));
  }
  for (std::uint32_t i = 0; i < count; ++i) t_level[i] += b_level[i];
  return t_level;
}

class OrderWalk {
 public:
  OrderWalk(const TaskGraph& graph, StaticOrder& order)
      : graph_(graph), order_(order), path_(longest_path_through(graph)) {
    const std::uint32_t count = graph.task_count();
    missing_.resize(count);
    readers_.resize(count);
    for (std::uint32_t i = 0; i < count; ++i) {
      edges_.clear();
      graph.dependencies({i}, edges_);
      missing_[i] = static_cast<std::uint32_t>(edges_.size());
      edges_.clear();
      graph.dependents({i}, edges_);
      readers_[i] = static_cast<std::uint32_t>(edges_.size());
    }
  }

  void run() {
    std::vector<TaskId> sinks;
    for (std::uint32_t i = 0; i < graph_.task_count(); ++i)
      if (readers_[i] == 0) sinks.push_back({i});
    std::stable_sort(sinks.begin(), sinks.end(),
                     [&](TaskId a, TaskId b) { return path_[a.value] > path_[b.value]; });
    for (const TaskId sink : sinks) descend(sink);
  }

 private:
  bool is_placed(TaskId task) const { return order_.rank[task.value] != unplaced; }

  /// Places `sink` and all it needs. The stack holds tasks whose turn may have come already.
  void descend(TaskId sink) {
    stack_.push_back(sink);
    while (!stack_.empty()) {
      const TaskId task = stack_.back();
      if (is_placed(task)) {
        stack_.pop_back();
      } else if (missing_[task.value] == 0) {
        stack_.pop_back();
        place_with_releasing_readers(task);
      } else {
        edges_.clear();
        graph_.dependencies(task, edges_);
        std::erase_if(edges_, [&](TaskId input) { return is_placed(input); });
        // What goes first is pushed last.
        std::sort(edges_.begin(), edges_.end(), [&](TaskId a, TaskId b) {
          return path_[a.value] != path_[b.value] ? path_[a.value] < path_[b.value] : a > b;
        });
        stack_.insert(stack_.end(), edges_.begin(), edges_.end());
      }
    }
  }

  void place_with_releasing_readers(TaskId first) {
    cascade_.assign(1, first);
    for (std::size_t next = 0; next < cascade_.size(); ++next) {
      const TaskId task = cascade_[next];
      if (is_placed(task)) continue;
      place(task);
      edges_.clear();
      graph_.dependents(task, edges_);
      for (const TaskId reader : edges_) --missing_[reader.value];
      const std::size_t reader_count = edges_.size();
      std::erase_if(edges_, [&](TaskId reader) { return missing_[reader.value] != 0; });
      // All readers of a block together may free it where none does alone.
      const bool all_ready = edges_.size() == reader_count && !graph_.is_wanted(task);
      std::uint64_t made = 0, freed = all_ready ? graph_.output_bytes(task).value : 0;
      for (const TaskId reader : edges_) {
        made += graph_.output_bytes(reader).value;
        freed += bytes_freed_by(reader, all_ready ? task : TaskId{unplaced});
      }
      for (const TaskId reader : edges_)
        if (freed >= made || bytes_freed_by(reader, TaskId{unplaced}) >= graph_.output_bytes(reader).value)
          cascade_.push_back(reader);
    }
  }

  void place(TaskId task) {
    order_.rank[task.value] = static_cast<std::uint32_t>(order_.at_rank.size());
    order_.at_rank.push_back(task);
    inputs_.clear();
    graph_.dependencies(task, inputs_);
    for (const TaskId input : inputs_) --readers_[input.value];
  }

  /// Bytes of inputs of which `task` is the last reader, `except` aside.
  std::uint64_t bytes_freed_by(TaskId task, TaskId except) {
    inputs_.clear();
    graph_.dependencies(task, inputs_);
    std::uint64_t freed = 0;
    for (const TaskId input : inputs_)
      if (input != except && readers_[input.value] == 1 && !graph_.is_wanted(input))
        freed += graph_.output_bytes(input).value;
    return freed;
  }

  const TaskGraph& graph_;
  StaticOrder& order_;
  std::vector<std::uint64_t> path_;
  std::vector<std::uint32_t> missing_, readers_;
  std::vector<TaskId> stack_, cascade_, edges_, inputs_;
};

}  // namespace

StaticOrder compute_static_order(const TaskGraph& graph) {
  StaticOrder order;
  order.rank.assign(graph.task_count(), unplaced);
  order.at_rank.reserve(graph.task_count());
  OrderWalk(graph, order).run();
  return order;
}

}  // namespace rankine::sched
