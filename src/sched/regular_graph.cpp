#include "sched/regular_graph.hpp"

#include <algorithm>

#include "base/check.hpp"

namespace rankine::sched {
namespace {

struct BlockRange {
  std::uint32_t begin = 0, end = 0;
};

BlockRange cut_off(std::uint64_t begin, std::uint64_t end, std::uint32_t width) {
  return {static_cast<std::uint32_t>(std::min<std::uint64_t>(begin, width)),
          static_cast<std::uint32_t>(std::min<std::uint64_t>(end, width))};
}

/// Blocks of a producer of `width` blocks that block i reads.
BlockRange read_by(Pattern pattern, std::uint64_t extent, std::uint64_t i, std::uint32_t width) {
  switch (pattern) {
    case Pattern::same: return cut_off(i, i + 1, width);
    case Pattern::near: return cut_off(i < extent ? 0 : i - extent, i + extent + 1, width);
    case Pattern::fan_in: return cut_off(i * extent, (i + 1) * extent, width);
    case Pattern::fan_out: return cut_off(i / extent, i / extent + 1, width);
    case Pattern::group: return cut_off(i / extent * extent, (i / extent + 1) * extent, width);
    case Pattern::all: return {0, width};
  }
  return {};
}

/// The other way round: blocks of a reader of `width` blocks that read block j.
BlockRange readers_of(Pattern pattern, std::uint64_t extent, std::uint64_t j, std::uint32_t width) {
  switch (pattern) {
    case Pattern::fan_in: return read_by(Pattern::fan_out, extent, j, width);
    case Pattern::fan_out: return read_by(Pattern::fan_in, extent, j, width);
    default: return read_by(pattern, extent, j, width);  // symmetrical
  }
}

}  // namespace

RegularGraph::RegularGraph(std::vector<RegularLayer> layers) : layers_(std::move(layers)), readers_(layers_.size()) {
  std::uint64_t next = 0;
  for (std::uint32_t number = 0; number < layers_.size(); ++number) {
    first_task_.push_back(static_cast<std::uint32_t>(next));
    next += layers_[number].width;
    RANKINE_CHECK(next < UINT32_MAX, "a graph has fewer than 2^32 tasks");
    for (const RegularEdge& edge : layers_[number].edges) {
      RANKINE_CHECK(edge.producer < number, "a layer reads earlier layers");
      RANKINE_CHECK(edge.extent > 0, "a pattern's extent is at least 1");
      readers_[edge.producer].push_back({number, edge.pattern, edge.extent});
    }
  }
  first_task_.push_back(static_cast<std::uint32_t>(next));
  const bool all_alike = !layers_.empty() && std::all_of(layers_.begin(), layers_.end(), [&](const RegularLayer& layer) {
    return layer.width == layers_.front().width;
  });
  if (all_alike) width_of_all_ = layers_.front().width;
}

std::uint32_t RegularGraph::layer_number(TaskId task) const {
  // A task is asked about many times in a row, and its neighbours are next.
  const std::uint32_t last = last_layer_.load(std::memory_order_relaxed);
  if (task.value >= first_task_[last] && task.value < first_task_[last + 1]) return last;
  const std::uint32_t number = find_layer(task);
  last_layer_.store(number, std::memory_order_relaxed);
  return number;
}

std::uint32_t RegularGraph::find_layer(TaskId task) const {
  if (width_of_all_ != 0) return task.value / width_of_all_;
  const auto after = std::upper_bound(first_task_.begin(), first_task_.end(), task.value);
  return static_cast<std::uint32_t>(after - first_task_.begin()) - 1;
}

void RegularGraph::dependencies(TaskId task, std::vector<TaskId>& out) const {
  const std::uint32_t number = layer_number(task);
  for (const RegularEdge& edge : layers_[number].edges) {
    const BlockRange range =
        read_by(edge.pattern, edge.extent, task.value - first_task_[number], layers_[edge.producer].width);
    for (std::uint32_t block = range.begin; block < range.end; ++block)
      out.push_back({first_task_[edge.producer] + block});
  }
}

void RegularGraph::dependents(TaskId task, std::vector<TaskId>& out) const {
  const std::uint32_t number = layer_number(task);
  for (const Reader& reader : readers_[number]) {
    const BlockRange range =
        readers_of(reader.pattern, reader.extent, task.value - first_task_[number], layers_[reader.layer].width);
    for (std::uint32_t block = range.begin; block < range.end; ++block)
      out.push_back({first_task_[reader.layer] + block});
  }
}

std::string RegularGraph::describe(TaskId task) const {
  const std::uint32_t number = layer_number(task);
  return "layer " + std::to_string(number) + " (" + std::to_string(task.value - first_task_[number]) + ",)";
}

}  // namespace rankine::sched
