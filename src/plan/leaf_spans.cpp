#include "plan/leaf_spans.hpp"

#include <algorithm>
#include <limits>
#include <unordered_map>

namespace rankine::plan {
namespace {

using array::Expr;
using Range = ChunkGrid::Range;

Range slice_range(const Range& range, std::int64_t start, std::int64_t step) {
  if (range.begin >= range.end) return {0, 0};
  const std::int64_t first = start + step * range.begin;
  const std::int64_t last = start + step * (range.end - 1);
  return {std::min(first, last), std::max(first, last) + 1};
}

Range take_range(const Range& range, const std::vector<std::int64_t>& indices) {
  std::int64_t low = std::numeric_limits<std::int64_t>::max();
  std::int64_t high = -1;
  for (std::int64_t i = range.begin; i < range.end; ++i) {
    const std::int64_t index = indices[static_cast<std::size_t>(i)];
    if (index < 0) continue;
    low = std::min(low, index);
    high = std::max(high, index);
  }
  return high < 0 ? Range{0, 0} : Range{low, high + 1};
}

LeafSpans input_spans(const Expr& expr, std::size_t input, const LeafSpans& spans) {
  const Shape& shape = expr.inputs[input]->shape;
  LeafSpans inner = spans;
  if (const auto* slice = expr.as<array::Slice>()) {
    for (std::size_t axis = 0; axis < inner.size(); ++axis)
      for (Range& range : inner[axis].intervals) range = slice_range(range, slice->start[axis], slice->step[axis]);
  } else if (const auto* take = expr.as<array::Take>()) {
    for (Range& range : inner[take->axis].intervals) range = take_range(range, *take->indices);
  } else if (const auto* permute = expr.as<array::Permute>()) {
    inner.assign(shape.size(), AxisSpan{-1, {{0, 1}}});
    for (std::size_t k = 0; k < permute->axes.size(); ++k)
      if (permute->axes[k] >= 0) inner[permute->axes[k]] = spans[k];
  } else if (const auto* concat = expr.as<array::Concat>()) {
    const std::int64_t start = (*concat->starts)[input], extent = shape[concat->axis];
    for (Range& range : inner[concat->axis].intervals) {
      range.begin = std::max<std::int64_t>(0, range.begin - start);
      range.end = std::max(range.begin, std::min(extent, range.end - start));
    }
  } else if (const auto* reduce = expr.as<array::Reduce>()) {
    inner.clear();
    std::size_t kept = 0;
    for (int axis = 0; axis < static_cast<int>(shape.size()); ++axis) {
      const bool reduced = std::find(reduce->axes.begin(), reduce->axes.end(), axis) != reduce->axes.end();
      inner.push_back(reduced ? AxisSpan{-1, {{0, shape[axis]}}} : spans[kept++]);
    }
  } else if (const auto* map = expr.as<array::UserMap>()) {
    inner.clear();
    for (std::size_t axis = 0; axis < shape.size(); ++axis) {
      const auto& along = map->axes[axis];
      inner.push_back(AxisSpan{-1, {{0, shape[axis]}}});
      if (along.whole || along.output < 0 || (shape[axis] == 1 && expr.shape[along.output] != 1)) continue;
      inner[axis] = spans[along.output];
      const bool padded = map->padded && along.boundary != kernel::Boundary::none;
      for (Range& range : inner[axis].intervals) {
        if (range.begin >= range.end) continue;
        range.begin = std::max<std::int64_t>(0, range.begin - (padded ? 0 : along.before));
        range.end = std::min(shape[axis], range.end + along.after + (padded ? along.before : 0));
      }
    }
  } else if (const auto* group = expr.as<array::GroupReduce>()) {
    inner[group->axis] = AxisSpan{-1, {{0, shape[group->axis]}}};
  } else {
    for (std::size_t axis = 0; axis < inner.size(); ++axis)
      if (shape[axis] == 1 && expr.shape[axis] != 1) inner[axis] = AxisSpan{-1, {{0, 1}}};
  }
  return inner;
}

}  // namespace

LeafSpans root_spans(const ChunkGrid& grid) {
  LeafSpans spans;
  for (int axis = 0; axis < grid.ndim(); ++axis) {
    AxisSpan span{axis, {}};
    const auto& cuts = grid.cuts(axis);
    for (std::size_t i = 1; i < cuts.size(); ++i) span.intervals.push_back({cuts[i - 1], cuts[i]});
    spans.push_back(std::move(span));
  }
  return spans;
}

void visit_leaves(const array::ExprPtr& root, const LeafSpans& spans,
                  const std::function<void(const Expr&, const LeafSpans&)>& visit) {
  struct Part {
    const Expr* expr;
    LeafSpans spans;
  };
  // What has been visited, by node: shared nodes, of which masks and packing make many, are one read and one edge.
  std::unordered_map<const Expr*, std::vector<LeafSpans>> visited;
  std::vector<Part> open{{root.get(), spans}};
  while (!open.empty()) {
    const Part part = std::move(open.back());
    open.pop_back();
    auto& before = visited[part.expr];
    if (std::find(before.begin(), before.end(), part.spans) != before.end()) continue;
    before.push_back(part.spans);
    if (part.expr->as<array::Source>() != nullptr || part.expr->as<array::LayerInput>() != nullptr) {
      visit(*part.expr, part.spans);
      continue;
    }
    for (std::size_t i = part.expr->inputs.size(); i-- > 0;)
      open.push_back({part.expr->inputs[i].get(), input_spans(*part.expr, i, part.spans)});
  }
}

namespace {

std::uint64_t mixed(std::uint64_t hash, std::uint64_t value) {
  hash = (hash ^ value) * 0x9e3779b97f4a7c15;
  return hash ^ hash >> 32;
}

/// Two blocks read pieces of one chunk along some axis, or the same box, because they differ along other axes only.
bool shares_chunks(const array::StoredArray& array, const LeafSpans& spans, const Shape& block_counts) {
  std::vector<bool> governed(block_counts.size(), false);
  bool is_cut = false;
  for (std::size_t axis = 0; axis < spans.size(); ++axis) {
    if (spans[axis].root_axis >= 0) governed[static_cast<std::size_t>(spans[axis].root_axis)] = true;
    const std::int64_t chunk = std::max<std::int64_t>(1, array.chunk_shape[axis]);
    const auto& intervals = spans[axis].intervals;
    for (std::size_t i = 1; i < intervals.size() && !is_cut; ++i)
      is_cut = intervals[i - 1].begin < intervals[i - 1].end && intervals[i].begin < intervals[i].end &&
               (intervals[i - 1].end - 1) / chunk == intervals[i].begin / chunk;
  }
  for (std::size_t axis = 0; axis < block_counts.size(); ++axis) is_cut = is_cut || (!governed[axis] && block_counts[axis] > 1);
  return is_cut;
}

}  // namespace

SharedChunks shared_chunks(const array::ExprPtr& root, const ChunkGrid& grid) {
  SharedChunks shared;
  double largest = 64 << 10;
  visit_leaves(root, root_spans(grid), [&](const Expr& leaf, const LeafSpans& spans) {
    const auto* source = leaf.as<array::Source>();
    if (source == nullptr) return;
    const array::StoredArray& array = *source->array;
    const bool is_chunked = array.storage == array::Storage::chunked || array.storage == array::Storage::zarr_files;
    double bytes = static_cast<double>(size_of(array.dtype));
    for (const std::int64_t extent : array.chunk_shape) bytes *= static_cast<double>(extent);
    if (!is_chunked || bytes < largest || (bytes == largest && shared.array != 0)) return;
    if (array.chunk_shape.size() != spans.size() || !shares_chunks(array, spans, grid.block_counts())) return;
    largest = bytes;
    shared.array = 1;
    for (const std::string* text : {&array.path, &array.variable})
      for (const char c : *text) shared.array = mixed(shared.array, static_cast<unsigned char>(c));
    shared.array |= 1;
    shared.spans = spans;
    shared.chunk_shape = array.chunk_shape;
  });
  return shared;
}

std::uint64_t SharedChunks::locality(const Index& block) const {
  if (array == 0) return 0;
  std::uint64_t hash = array;
  for (std::size_t axis = 0; axis < spans.size(); ++axis)
    hash = mixed(hash, static_cast<std::uint64_t>(spans[axis].of_block(block).begin / std::max<std::int64_t>(1, chunk_shape[axis])));
  return hash | 1;
}

double decoded_elements(const array::StoredArray& array, const LeafSpans& spans, const Shape& block_counts) {
  double total = 1;
  std::vector<bool> governed(block_counts.size(), false);
  for (std::size_t axis = 0; axis < spans.size(); ++axis) {
    const std::int64_t chunk = std::max<std::int64_t>(1, array.chunk_shape[axis]);
    double along = 0;
    for (const Range& range : spans[axis].intervals) {
      if (range.begin >= range.end) continue;
      const std::int64_t begin = range.begin / chunk * chunk;
      const std::int64_t end = std::min(array.shape[axis], ceil_div(range.end, chunk) * chunk);
      along += static_cast<double>(end - begin);
    }
    total *= along;
    if (spans[axis].root_axis >= 0) governed[spans[axis].root_axis] = true;
  }
  for (std::size_t axis = 0; axis < block_counts.size(); ++axis)
    if (!governed[axis]) total *= static_cast<double>(block_counts[axis]);
  return total;
}

}  // namespace rankine::plan
