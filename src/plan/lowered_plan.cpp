#include "plan/lowered_plan.hpp"

#include <algorithm>
#include <numeric>

#include "base/check.hpp"
#include "base/error.hpp"
#include "plan/leaf_spans.hpp"

namespace rankine::plan {
namespace {

using array::Expr;

/// Estimates behind cost hints: what one core decodes and computes, in bytes per microsecond.
constexpr double decode_bytes_per_us = 900;
constexpr double compute_bytes_per_us = 4000;

std::uint64_t partial_item_bytes(const Layer& layer) {
  if (layer.user != nullptr) return static_cast<std::uint64_t>(layer.user->states) * size_of(layer.user->state_dtype);
  std::uint64_t bytes = 0;
  for (const DType part : kernel::partial_dtypes(layer.spec)) bytes += size_of(part);
  return bytes;
}

/// Calls f(index) for each block in the product of `ranges`.
template <typename F>
void for_each_block(const std::vector<ChunkGrid::Range>& ranges, F&& f) {
  Box blocks{Index(ranges.size()), Index(ranges.size())};
  for (std::size_t axis = 0; axis < ranges.size(); ++axis) {
    blocks.begin[axis] = ranges[axis].begin;
    blocks.end[axis] = ranges[axis].end;
  }
  for_each_index(blocks, f);
}

std::vector<ChunkGrid::Range> needed_blocks(const Edge& edge, const Index& block) {
  std::vector<ChunkGrid::Range> ranges;
  for (const auto& along : edge.axes)
    ranges.push_back(along.needs[along.consumer_axis < 0 ? 0 : static_cast<std::size_t>(block[along.consumer_axis])]);
  return ranges;
}

void sort_unique(std::vector<TaskId>& tasks, std::size_t from) {
  std::sort(tasks.begin() + static_cast<std::ptrdiff_t>(from), tasks.end());
  tasks.erase(std::unique(tasks.begin() + static_cast<std::ptrdiff_t>(from), tasks.end()), tasks.end());
}

}  // namespace

const char* name_of(LayerKind kind) {
  static constexpr const char* names[] = {"block", "reduce", "combine", "finish", "group_reduce", "group_combine",
                                          "group_finish", "encode", "append", "write"};
  return names[static_cast<int>(kind)];
}

LoweredPlan::LoweredPlan(LogicalPlan plan) : logical_(std::move(plan)), layers_(lower(logical_)) {
  cull();
  std::uint64_t next = 0;
  for (auto& layer : layers_) {
    layer.first_task = static_cast<std::uint32_t>(next);
    first_tasks_.push_back(layer.first_task);
    next += layer.task_count;
    if (next > 0xffffffffULL)
      throw UsageError("the plan has more than 4 billion tasks; use larger chunks (chunks={...})");
    shared_.push_back(layer.expr != nullptr && layer.edges.empty() ? shared_chunks(layer.expr, layer.grid) : SharedChunks{});
    if (layer.expr == nullptr) continue;
    double leaf_bytes = 0;
    visit_leaves(layer.expr, root_spans(layer.grid), [&](const Expr& leaf, const LeafSpans& spans) {
      double elements = 1;
      for (const auto& span : spans) {
        std::int64_t widest = 0;
        for (const auto& range : span.intervals) widest = std::max(widest, range.end - range.begin);
        elements *= static_cast<double>(widest);
      }
      leaf_bytes += elements * static_cast<double>(size_of(leaf.dtype));
    });
    const double block_bytes = static_cast<double>(layer.grid.largest_block()) * static_cast<double>(size_of(layer.expr->dtype));
    layer.scratch = Bytes{static_cast<std::uint64_t>(leaf_bytes + (layer.kind == LayerKind::write ? 2 * block_bytes : 0))};
    layer.cost_us = static_cast<std::uint32_t>(
        std::clamp(leaf_bytes / decode_bytes_per_us + block_bytes / compute_bytes_per_us, 1.0, 1e9));
  }
  task_count_ = static_cast<std::uint32_t>(next);
  index_readers();
}

bool LoweredPlan::has_localities() const {
  return std::any_of(shared_.begin(), shared_.end(), [](const SharedChunks& shared) { return shared.array != 0; });
}

std::uint64_t LoweredPlan::locality(TaskId task) const {
  const SharedChunks& shared = shared_[layer_of(task).id.value];
  return shared.array == 0 ? 0 : shared.locality(block_of(task));
}

void LoweredPlan::cull() {
  std::vector<std::vector<bool>> marks(layers_.size());
  std::vector<bool> full(layers_.size(), false);
  for (std::size_t i = layers_.size(); i-- > 0;) {
    Layer& layer = layers_[i];
    if (layer.sink >= 0) full[i] = true;
    const std::int64_t blocks = layer.grid.block_count();
    if (!full[i]) {
      marks[i].resize(static_cast<std::size_t>(blocks));
      for (std::int64_t b = 0; b < blocks; ++b)
        if (marks[i][static_cast<std::size_t>(b)]) layer.needed.push_back(static_cast<std::uint32_t>(b));
      full[i] = static_cast<std::int64_t>(layer.needed.size()) == blocks;
      if (full[i]) layer.needed.clear();
    }
    RANKINE_CHECK(blocks <= 0xffffffffLL, "a layer has more than 2^32 blocks");
    layer.task_count = static_cast<std::uint32_t>(full[i] ? blocks : static_cast<std::int64_t>(layer.needed.size()));
    for (const Edge& edge : layer.edges) {
      const std::size_t producer = edge.producer.value;
      if (full[producer]) continue;
      const ChunkGrid& grid = layers_[producer].grid;
      bool covers = full[i];
      for (std::size_t axis = 0; axis < edge.axes.size() && covers; ++axis) {
        std::vector<bool> used(static_cast<std::size_t>(grid.block_counts()[axis]), false);
        for (const auto& range : edge.axes[axis].needs)
          for (std::int64_t b = range.begin; b < range.end; ++b) used[static_cast<std::size_t>(b)] = true;
        covers = std::all_of(used.begin(), used.end(), [](bool is_used) { return is_used; });
      }
      if (covers) {
        full[producer] = true;
        continue;
      }
      marks[producer].resize(static_cast<std::size_t>(grid.block_count()));
      for (std::uint32_t t = 0; t < layer.task_count; ++t) {
        const Index block = layer.grid.block_at(full[i] ? t : layer.needed[t]);
        for_each_block(needed_blocks(edge, block),
                       [&](const Index& index) { marks[producer][static_cast<std::size_t>(grid.linear(index))] = true; });
      }
    }
  }
}

void LoweredPlan::index_readers() {
  readers_.resize(layers_.size());
  for (auto& layer : layers_) {
    for (auto& edge : layer.edges) {
      auto& readers = readers_[edge.producer.value];
      if (readers.empty() || readers.back() != layer.id.value) readers.push_back(layer.id.value);
      const ChunkGrid& grid = layers_[edge.producer.value].grid;
      for (std::size_t axis = 0; axis < edge.axes.size(); ++axis) {
        auto& along = edge.axes[axis];
        const auto count = static_cast<std::size_t>(grid.block_counts()[axis]);
        along.reader_starts.assign(count + 1, 0);
        for (const auto& range : along.needs)
          for (std::int64_t b = range.begin; b < range.end; ++b) ++along.reader_starts[static_cast<std::size_t>(b) + 1];
        std::partial_sum(along.reader_starts.begin(), along.reader_starts.end(), along.reader_starts.begin());
        along.readers.resize(along.reader_starts.back());
        std::vector<std::uint32_t> next(along.reader_starts.begin(), along.reader_starts.end() - 1);
        for (std::size_t i = 0; i < along.needs.size(); ++i)
          for (std::int64_t b = along.needs[i].begin; b < along.needs[i].end; ++b)
            along.readers[next[static_cast<std::size_t>(b)]++] = static_cast<std::uint32_t>(i);
      }
    }
  }
}

const Layer& LoweredPlan::layer_of(TaskId task) const {
  const auto after = std::upper_bound(first_tasks_.begin(), first_tasks_.end(), task.value);
  // Layers without tasks share their first task with the next one; the last of equals owns it.
  return layers_[static_cast<std::size_t>(after - first_tasks_.begin()) - 1];
}

Index LoweredPlan::block_of(TaskId task) const {
  const Layer& layer = layer_of(task);
  const std::uint32_t position = task.value - layer.first_task;
  return layer.grid.block_at(layer.needed.empty() ? position : layer.needed[position]);
}

bool LoweredPlan::is_needed(const Layer& layer, std::uint32_t linear, TaskId& task) const {
  if (layer.needed.empty()) {
    task = TaskId{layer.first_task + linear};
    return layer.task_count != 0;
  }
  const auto at = std::lower_bound(layer.needed.begin(), layer.needed.end(), linear);
  if (at == layer.needed.end() || *at != linear) return false;
  task = TaskId{layer.first_task + static_cast<std::uint32_t>(at - layer.needed.begin())};
  return true;
}

TaskId LoweredPlan::task_of(const Layer& layer, const Index& block) const {
  TaskId task;
  RANKINE_CHECK(is_needed(layer, static_cast<std::uint32_t>(layer.grid.linear(block)), task), "the block is culled");
  return task;
}

const Layer& LoweredPlan::value_layer(std::size_t sink) const {
  const auto found = std::find_if(layers_.begin(), layers_.end(), [&](const Layer& layer) {
    return layer.wanted && layer.sink == static_cast<int>(sink);
  });
  RANKINE_CHECK(found != layers_.end(), "the sink is not a value");
  return *found;
}

void LoweredPlan::dependencies(TaskId task, std::vector<TaskId>& out) const {
  const Layer& layer = layer_of(task);
  const Index block = block_of(task);
  const std::size_t from = out.size();
  for (const Edge& edge : layer.edges) {
    const Layer& producer = layers_[edge.producer.value];
    for_each_block(needed_blocks(edge, block), [&](const Index& index) { out.push_back(task_of(producer, index)); });
  }
  if (layer.edges.size() > 1) sort_unique(out, from);
}

void LoweredPlan::dependents(TaskId task, std::vector<TaskId>& out) const {
  const Layer& layer = layer_of(task);
  const Index block = block_of(task);
  const std::size_t from = out.size();
  for (const std::uint32_t reader_id : readers_[layer.id.value]) {
    const Layer& reader = layers_[reader_id];
    for (const Edge& edge : reader.edges) {
      if (edge.producer != layer.id) continue;
      // Along each axis of the reader: which of its blocks need this one. Axes that no producer axis
      // depends on: all of them.
      std::vector<std::vector<std::uint32_t>> candidates(static_cast<std::size_t>(reader.grid.ndim()));
      std::vector<bool> governed(candidates.size(), false);
      bool any = true;
      for (std::size_t axis = 0; axis < edge.axes.size() && any; ++axis) {
        const auto& along = edge.axes[axis];
        const auto b = static_cast<std::size_t>(block[axis]);
        const auto* first = along.readers.data() + along.reader_starts[b];
        const auto* last = along.readers.data() + along.reader_starts[b + 1];
        if (first == last) any = false;
        if (along.consumer_axis < 0 || !any) continue;
        candidates[along.consumer_axis].assign(first, last);
        governed[along.consumer_axis] = true;
      }
      if (!any) continue;
      Box product{Index(candidates.size(), 0), Index(candidates.size())};
      for (std::size_t axis = 0; axis < candidates.size(); ++axis)
        product.end[axis] = governed[axis] ? static_cast<std::int64_t>(candidates[axis].size()) : reader.grid.block_counts()[axis];
      for_each_index(product, [&](const Index& at) {
        Index index = at;
        for (std::size_t axis = 0; axis < index.size(); ++axis)
          if (governed[axis]) index[axis] = candidates[axis][static_cast<std::size_t>(at[axis])];
        TaskId dependent;
        if (is_needed(reader, static_cast<std::uint32_t>(reader.grid.linear(index)), dependent)) out.push_back(dependent);
      });
    }
  }
  sort_unique(out, from);
}

Bytes LoweredPlan::output_bytes(TaskId task) const {
  const Layer& layer = layer_of(task);
  const Index block = block_of(task);
  Box box = layer.grid.box_of(block);
  switch (layer.kind) {
    case LayerKind::append:
    case LayerKind::write: return {0};
    case LayerKind::block:
    case LayerKind::finish:
    case LayerKind::group_finish:
      return {static_cast<std::uint64_t>(box.element_count()) * size_of(layer.dtype)};
    case LayerKind::encode: {
      // Edge chunks are padded, and incompressible data grows a little.
      const Sink& sink = logical_.sinks[static_cast<std::size_t>(layer.sink)];
      double bytes = static_cast<double>(size_of(layer.dtype));
      for (int axis = 0; axis < box.ndim(); ++axis) {
        const std::int64_t chunk = sink.stored_chunk.empty() ? 1 : std::max<std::int64_t>(1, sink.stored_chunk[axis]);
        bytes *= static_cast<double>(ceil_div(box.extent(axis), chunk) * chunk);
      }
      return {static_cast<std::uint64_t>(bytes * 1.01) + 1024};
    }
    case LayerKind::reduce:
    case LayerKind::combine:
      for (const int axis : layer.axes) {
        box.begin[axis] = 0;
        box.end[axis] = 1;
      }
      break;
    case LayerKind::group_reduce:
    case LayerKind::group_combine:
      box.begin[layer.axis] = 0;
      box.end[layer.axis] = static_cast<std::int64_t>(layer.groups[static_cast<std::size_t>(block[layer.axis])].size());
      break;
  }
  return {static_cast<std::uint64_t>(box.element_count()) * partial_item_bytes(layer)};
}

Bytes LoweredPlan::scratch_bytes(TaskId task) const { return layer_of(task).scratch; }

std::uint32_t LoweredPlan::cost_us(TaskId task) const { return layer_of(task).cost_us; }

PinGroup LoweredPlan::pin_group(TaskId task) const { return layer_of(task).pin; }

std::string LoweredPlan::describe(TaskId task) const {
  const Layer& layer = layer_of(task);
  std::string text = layer.name + " " + format_tuple(block_of(task));
  if (layer.sink >= 0 && !logical_.sinks[static_cast<std::size_t>(layer.sink)].name.empty())
    text += " of " + logical_.sinks[static_cast<std::size_t>(layer.sink)].name;
  return text;
}

}  // namespace rankine::plan
