#include "plan/block_choice.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <unordered_map>

#include "array/expr_walk.hpp"
#include "array/moved_values.hpp"
#include "plan/leaf_spans.hpp"

namespace rankine::plan {
namespace {

using array::Expr;
using array::ExprPtr;
using Cuts = std::vector<std::int64_t>;

/// A block may read so many times options.block_bytes, or what it gives if that is more.
constexpr double reads_a_block = 8;

/// How an expression would like to be cut. Empty cuts along an axis: no wish. Cuts are shared: of most nodes they are those
/// of an input, and there may be many of both.
struct Preference {
  std::vector<std::shared_ptr<const Cuts>> cuts;
  std::vector<bool> exact;  ///< a Rechunk wish: blocks are not merged along this axis
  double weight = 0;        ///< bytes of the heaviest leaf: it decides
};

std::shared_ptr<const Cuts> shared(Cuts cuts) { return std::make_shared<const Cuts>(std::move(cuts)); }

Preference no_preference(std::size_t ndim) {
  static const std::shared_ptr<const Cuts> no_wish = shared({});
  return {std::vector<std::shared_ptr<const Cuts>>(ndim, no_wish), std::vector<bool>(ndim, false), 0};
}

Cuts regular_cuts(std::int64_t extent, std::int64_t step) {
  return ChunkGrid::regular({extent}, {step}).cuts(0);
}

Cuts sliced_cuts(const Cuts& cuts, std::int64_t start, std::int64_t step, std::int64_t count) {
  Cuts inside{0};
  if (step > 0) {
    for (const std::int64_t cut : cuts) {
      const std::int64_t at = cut <= start ? 0 : ceil_div(cut - start, step);
      if (at > inside.back() && at < count) inside.push_back(at);
    }
  } else {
    for (auto cut = cuts.rbegin(); cut != cuts.rend(); ++cut) {
      const std::int64_t at = *cut > start ? 0 : (start - *cut) / -step + 1;
      if (at > inside.back() && at < count) inside.push_back(at);
    }
  }
  inside.push_back(count);
  return inside;
}

/// Each cut moved to the nearest of `allowed`: a wish never cuts a stored chunk, which would be read and
/// decoded once for each part.
Cuts moved_to_nearest(const Cuts& cuts, const Cuts& allowed) {
  Cuts moved{0};
  for (std::size_t i = 1; i + 1 < cuts.size(); ++i) {
    const auto above = std::lower_bound(allowed.begin(), allowed.end(), cuts[i]);
    const std::int64_t at = above != allowed.begin() && cuts[i] - *(above - 1) < *above - cuts[i] ? *(above - 1) : *above;
    if (at > moved.back() && at < cuts.back()) moved.push_back(at);
  }
  moved.push_back(cuts.back());
  return moved;
}

using KnownPreferences = std::unordered_map<const Expr*, Preference>;

/// Reductions and user kernels have no wish, whatever is below them.
bool asks_inputs(const Expr& expr) {
  return expr.as<array::Reduce>() == nullptr && expr.as<array::GroupReduce>() == nullptr && expr.as<array::UserMap>() == nullptr;
}

Preference preference_of_concat(const Expr& expr, const array::Concat& concat, const KnownPreferences& known) {
  Preference own = no_preference(expr.shape.size());
  Cuts joined{0};
  std::int64_t start = 0;
  double heaviest = -1;
  for (const auto& input : expr.inputs) {
    const Preference& inner = known.at(input.get());
    for (const std::int64_t cut : *inner.cuts[concat.axis])
      if (cut + start > joined.back()) joined.push_back(cut + start);
    start += input->shape[concat.axis];
    if (start > joined.back()) joined.push_back(start);
    own.weight += inner.weight;
    if (inner.weight <= heaviest) continue;
    heaviest = inner.weight;
    own.cuts = inner.cuts;
    own.exact = inner.exact;
  }
  if (joined.size() == 1) joined.push_back(0);
  own.cuts[concat.axis] = shared(std::move(joined));
  return own;
}

Preference preference_of_slice(const Expr& expr, const array::Slice& slice, Preference own) {
  for (std::size_t axis = 0; axis < own.cuts.size(); ++axis)
    if (!own.cuts[axis]->empty())
      own.cuts[axis] = shared(sliced_cuts(*own.cuts[axis], slice.start[axis], slice.step[axis], expr.shape[axis]));
  own.weight *= static_cast<double>(std::max<std::int64_t>(1, element_count(expr.shape))) /
                static_cast<double>(std::max<std::int64_t>(1, element_count(expr.inputs[0]->shape)));
  return own;
}

/// Cut where the taken index enters another chunk, if that keeps most chunks whole.
Preference preference_of_take(const Expr& expr, const array::Take& take, Preference own) {
  const Cuts& from = *own.cuts[take.axis];
  Cuts cuts{0};
  const auto chunk_of = [&](std::int64_t index) { return std::upper_bound(from.begin(), from.end(), index) - from.begin(); };
  const auto& indices = *take.indices;
  for (std::size_t i = 1; i < indices.size() && !from.empty(); ++i)
    if (chunk_of(indices[i]) != chunk_of(indices[i - 1])) cuts.push_back(static_cast<std::int64_t>(i));
  cuts.push_back(expr.shape[take.axis]);
  const bool scattered = cuts.size() > 2 * from.size() + 2;
  own.cuts[take.axis] = shared(from.empty() || scattered ? Cuts{} : std::move(cuts));
  return own;
}

Preference preference_of_permute(const Expr& expr, const array::Permute& permute, const Preference& inner) {
  Preference own = no_preference(expr.shape.size());
  for (std::size_t k = 0; k < permute.axes.size(); ++k) {
    if (permute.axes[k] < 0) continue;
    own.cuts[k] = inner.cuts[permute.axes[k]];
    own.exact[k] = inner.exact[permute.axes[k]];
  }
  own.weight = inner.weight;
  return own;
}

/// Elementwise, Broadcast, Rechunk: along each axis the heaviest input that has a wish decides.
Preference preference_of_heaviest(const Expr& expr, const KnownPreferences& known) {
  Preference own = no_preference(expr.shape.size());
  std::vector<double> heaviest(own.cuts.size(), -1);
  for (const auto& input : expr.inputs) {
    const Preference& inner = known.at(input.get());
    own.weight = std::max(own.weight, inner.weight);
    for (std::size_t axis = 0; axis < own.cuts.size(); ++axis) {
      if (input->shape[axis] != expr.shape[axis] || inner.cuts[axis]->empty()) continue;
      if (inner.weight <= heaviest[axis]) continue;
      heaviest[axis] = inner.weight;
      own.cuts[axis] = inner.cuts[axis];
      own.exact[axis] = inner.exact[axis];
    }
  }
  if (const auto* rechunk = expr.as<array::Rechunk>()) {
    for (std::size_t axis = 0; axis < own.cuts.size(); ++axis) {
      if (rechunk->chunk_shape[axis] <= 0) continue;
      Cuts wished = regular_cuts(expr.shape[axis], rechunk->chunk_shape[axis]);
      own.cuts[axis] = shared(own.cuts[axis]->empty() ? std::move(wished) : moved_to_nearest(wished, *own.cuts[axis]));
      own.exact[axis] = true;
    }
  }
  return own;
}

Preference preference_over(const Expr& expr, const GridOfLayer& grid_of_layer, const KnownPreferences& known) {
  if (const auto* source = expr.as<array::Source>()) {
    Preference own = no_preference(expr.shape.size());
    for (std::size_t axis = 0; axis < expr.shape.size(); ++axis)
      own.cuts[axis] = shared(regular_cuts(expr.shape[axis], source->array->chunk_shape[axis]));
    own.weight = static_cast<double>(array::bytes_of(expr).value);
    return own;
  }
  if (const auto* leaf = expr.as<array::LayerInput>()) {
    Preference own = no_preference(0);
    for (const auto& cuts : grid_of_layer(leaf->layer).all_cuts()) own.cuts.push_back(shared(cuts));
    own.exact.assign(own.cuts.size(), false);
    own.weight = static_cast<double>(array::bytes_of(expr).value);
    return own;
  }
  if (expr.inputs.empty() || !asks_inputs(expr)) return no_preference(expr.shape.size());
  if (const auto* concat = expr.as<array::Concat>()) return preference_of_concat(expr, *concat, known);
  const Preference& inner = known.at(expr.inputs[0].get());
  if (const auto* slice = expr.as<array::Slice>()) return preference_of_slice(expr, *slice, inner);
  if (const auto* take = expr.as<array::Take>()) return preference_of_take(expr, *take, inner);
  if (const auto* permute = expr.as<array::Permute>()) return preference_of_permute(expr, *permute, inner);
  return preference_of_heaviest(expr, known);
}

/// A wish to be worked with.
struct Wish {
  std::vector<Cuts> cuts;
  std::vector<bool> exact;
};

Wish wish_of(const ExprPtr& expr, const GridOfLayer& grid_of_layer) {
  KnownPreferences known;
  array::InputsFirst walk;
  walk(expr, [&](const ExprPtr& node) { known.emplace(node.get(), preference_over(*node, grid_of_layer, known)); }, asks_inputs);
  const Preference& own = known.at(expr.get());
  Wish wish{{}, own.exact};
  for (const auto& cuts : own.cuts) wish.cuts.push_back(*cuts);
  return wish;
}

std::int64_t widest(const Cuts& cuts) {
  std::int64_t extent = 0;
  for (std::size_t i = 1; i < cuts.size(); ++i) extent = std::max(extent, cuts[i] - cuts[i - 1]);
  return extent;
}

/// Joins neighbouring intervals as long as they stay at most `limit` wide.
Cuts merged(const Cuts& cuts, std::int64_t limit) {
  Cuts joined{0};
  for (std::size_t i = 1; i < cuts.size(); ++i) {
    if (cuts[i] - joined.back() > limit && cuts[i - 1] > joined.back()) joined.push_back(cuts[i - 1]);
  }
  joined.push_back(cuts.back());
  return joined;
}

/// Cuts at multiples of `step` only, each old cut moved to the next multiple.
Cuts aligned_to(const Cuts& cuts, std::int64_t step) {
  Cuts moved{0};
  for (std::size_t i = 1; i + 1 < cuts.size(); ++i) {
    const std::int64_t at = ceil_div(cuts[i], step) * step;
    if (at > moved.back() && at < cuts.back()) moved.push_back(at);
  }
  moved.push_back(cuts.back());
  return moved;
}

double largest_block(const std::vector<Cuts>& cuts) {
  double elements = 1;
  for (const auto& axis_cuts : cuts) elements *= static_cast<double>(std::max<std::int64_t>(1, widest(axis_cuts)));
  return elements;
}

/// Merges blocks along axes in `order` until a block holds about `target` elements.
void widen(std::vector<Cuts>& cuts, const std::vector<int>& order, double target, const std::vector<bool>& exact) {
  for (const int axis : order) {
    const double room = target / largest_block(cuts);
    if (exact[axis] || room < 2) continue;
    const double limit = room * static_cast<double>(std::max<std::int64_t>(1, widest(cuts[axis])));
    cuts[axis] = merged(cuts[axis], static_cast<std::int64_t>(std::min(limit, 9e18)));
  }
}

double amplification(const ExprPtr& expr, const ChunkGrid& grid) {
  double decoded = 0;
  double needed = 0;
  visit_leaves(expr, root_spans(grid), [&](const Expr& leaf, const LeafSpans& spans) {
    const auto* source = leaf.as<array::Source>();
    if (source == nullptr || source->array->codecs.empty()) return;
    decoded += decoded_elements(*source->array, spans, grid.block_counts());
    LeafSpans once = spans;
    for (auto& span : once) {
      // All blocks as one: what a perfect plan would decode.
      ChunkGrid::Range all{INT64_MAX, 0};
      for (const auto& range : span.intervals) {
        if (range.begin >= range.end) continue;
        all.begin = std::min(all.begin, range.begin);
        all.end = std::max(all.end, range.end);
      }
      span = {-1, {all.end == 0 ? ChunkGrid::Range{0, 0} : all}};
    }
    needed += decoded_elements(*source->array, once, {});
  });
  return needed == 0 ? 1 : decoded / needed;
}

bool has_chunks(const array::StoredArray& array) {
  return array.storage != array::Storage::contiguous && array.storage != array::Storage::records;
}

/// Of all chunks of all arrays below `expr`, whether wanted or not; what finding a chunk takes counts as bytes, too.
constexpr std::uint64_t least_chunk_bytes = 64u << 10;

double chunk_read_bytes(const array::StoredArray& array) {
  const double bytes = static_cast<double>(element_count(array.chunk_shape)) * static_cast<double>(size_of(array.dtype));
  return std::max(bytes, static_cast<double>(least_chunk_bytes));
}

double most_read_bytes(const ExprPtr& expr) {
  double bytes = 0;
  array::InputsFirst walk;
  walk(expr, [&](const ExprPtr& node) {
    const auto* source = node->as<array::Source>();
    if (source == nullptr || !has_chunks(*source->array)) return;
    double chunks = 1;
    for (std::size_t axis = 0; axis < node->shape.size(); ++axis)
      chunks *= static_cast<double>(ceil_div(node->shape[axis], std::max<std::int64_t>(1, source->array->chunk_shape[axis])));
    bytes += chunks * chunk_read_bytes(*source->array);
  });
  return bytes;
}

/// Bytes that lie together in C order, of a typical block.
std::uint64_t run_bytes(const ChunkGrid& grid, const Shape& shape, std::size_t element_bytes) {
  std::uint64_t bytes = element_bytes;
  for (int axis = grid.ndim() - 1; axis >= 0; --axis) {
    const auto extent = static_cast<std::uint64_t>(widest(grid.cuts(axis)));
    bytes *= extent;
    if (extent < static_cast<std::uint64_t>(shape[static_cast<std::size_t>(axis)])) break;
  }
  return bytes;
}

}  // namespace

double reading_load(const ExprPtr& expr, const ChunkGrid& grid, const PlanOptions& options) {
  const auto blocks = static_cast<double>(std::max<std::int64_t>(1, grid.block_count()));
  const double aim = reads_a_block * std::max(static_cast<double>(options.block_bytes) * blocks, static_cast<double>(array::bytes_of(*expr).value));
  if (most_read_bytes(expr) <= aim) return 0;
  double bytes = 0;
  visit_leaves(expr, root_spans(grid), [&](const Expr& leaf, const LeafSpans& spans) {
    const auto* source = leaf.as<array::Source>();
    if (source == nullptr || !has_chunks(*source->array)) return;
    const double chunk_elements = static_cast<double>(std::max<std::int64_t>(1, element_count(source->array->chunk_shape)));
    bytes += decoded_elements(*source->array, spans, grid.block_counts()) / chunk_elements * chunk_read_bytes(*source->array);
  });
  return bytes / aim;
}

ChunkGrid choose_row_blocks(const ExprPtr& expr, const PlanOptions& options, const GridOfLayer& grid_of_layer) {
  constexpr std::uint64_t good_run = 64u << 10, least_run = 1u << 10;
  constexpr double accepted = 2;  // times what the default blocks decode
  const ChunkGrid plain = choose_blocks(expr, {}, {}, options, grid_of_layer);
  const std::size_t element = std::max<std::size_t>(1, size_of(expr->dtype));
  const std::uint64_t run = run_bytes(plain, expr->shape, element);
  const double decoded = amplification(expr, plain);
  for (std::uint64_t wanted = good_run; wanted >= least_run && wanted > run; wanted /= 4) {
    Shape rows(expr->shape.size(), 1);
    std::uint64_t bytes = element;
    for (std::size_t axis = rows.size(); axis-- > 0 && bytes < wanted;) {
      const auto extent = static_cast<std::uint64_t>(std::max<std::int64_t>(1, expr->shape[axis]));
      rows[axis] = static_cast<std::int64_t>(std::min(extent, (wanted + bytes - 1) / bytes));
      bytes *= static_cast<std::uint64_t>(rows[axis]);
    }
    ChunkGrid grid = choose_blocks(expr, {}, rows, options, grid_of_layer);
    if (run_bytes(grid, expr->shape, element) > run && amplification(expr, grid) <= accepted * decoded) return grid;
  }
  return plain;
}

ChunkGrid choose_blocks(const ExprPtr& expr, std::span<const int> wide_axes, const Shape& aligned,
                        const PlanOptions& options, const GridOfLayer& grid_of_layer) {
  Wish wish = wish_of(expr, grid_of_layer);
  const double item = static_cast<double>(std::max<std::size_t>(1, size_of(expr->dtype)));
  const double total = static_cast<double>(element_count(expr->shape)) * item;
  const double fitting = std::clamp(total / options.least_blocks, static_cast<double>(options.least_block_bytes),
                                    static_cast<double>(options.block_bytes));
  const double target = fitting / item;

  std::vector<int> order(wide_axes.begin(), wide_axes.end());
  for (int axis = expr->ndim() - 1; axis >= 0; --axis)
    if (std::find(order.begin(), order.end(), axis) == order.end()) order.push_back(axis);

  // An axis without wishes is cut at will: give it unit steps of the output's chunks, or of what
  // keeps a block near the target.
  double wished = 1;
  for (const auto& cuts : wish.cuts)
    if (!cuts.empty()) wished *= static_cast<double>(std::max<std::int64_t>(1, widest(cuts)));
  for (auto axis = order.rbegin(); axis != order.rend(); ++axis) {
    if (!wish.cuts[*axis].empty()) continue;
    const std::int64_t extent = expr->shape[*axis];
    double others = 1;
    for (int other = 0; other < expr->ndim(); ++other)
      if (other != *axis && wish.cuts[other].empty()) others *= static_cast<double>(std::max<std::int64_t>(1, expr->shape[other]));
    const double room = std::max(1.0, target / std::max(1.0, wished * others));
    const std::int64_t step = std::max<std::int64_t>(1, static_cast<std::int64_t>(std::min(room, static_cast<double>(extent))));
    wish.cuts[*axis] = regular_cuts(extent, step);
    wished *= static_cast<double>(std::max<std::int64_t>(1, widest(wish.cuts[*axis])));
  }

  std::vector<Cuts> cuts = wish.cuts;
  if (!aligned.empty()) {
    for (std::size_t axis = 0; axis < cuts.size(); ++axis)
      cuts[axis] = aligned_to(cuts[axis], std::max<std::int64_t>(1, aligned[axis]));
    wish.exact.assign(cuts.size(), false);
  }
  const std::vector<Cuts> finest = cuts;
  widen(cuts, order, target, wish.exact);
  ChunkGrid grid(cuts);
  if (aligned.empty()) {
    // A block that gives little may read much: one point of each of many chunks.
    if (const double load = reading_load(expr, grid, options); load > 1) {
      const double less = largest_block(cuts) / load;
      cuts = finest;
      widen(cuts, order, less, wish.exact);
      grid = ChunkGrid(cuts);
    }
    return grid;
  }
  for (double growth = 2; growth <= 8 && amplification(expr, grid) > 1.2; growth *= 2) {
    cuts = finest;
    widen(cuts, order, target * growth, wish.exact);
    grid = ChunkGrid(cuts);
  }
  return grid;
}

ChunkGrid choose_user_blocks(const Expr& map, const ChunkGrid& natural, std::uint64_t target_bytes) {
  const auto& node = *map.as<array::UserMap>();
  if (map.inputs.empty()) return ChunkGrid::whole(map.shape);  // made from nothing, by one call
  std::vector<Cuts> cuts;
  for (const std::int64_t extent : map.shape) cuts.push_back({0, extent});  // new axes stay so
  std::vector<int> free;
  for (std::size_t axis = 0; axis < node.axes.size(); ++axis) {
    const auto& along = node.axes[axis];
    if (along.whole || along.output < 0) continue;
    const std::int64_t extent = map.shape[along.output];
    if (along.block > 0) {
      cuts[along.output] = regular_cuts(extent, along.block);
    } else if (natural.shape()[axis] == extent) {
      cuts[along.output] = natural.cuts(static_cast<int>(axis));
      free.push_back(along.output);
    }
  }
  // Axes that must be whole make blocks large: cut the others finer. What a block reads counts, not what it gives.
  double whole = 1;
  for (std::size_t axis = 0; axis < node.axes.size(); ++axis)
    if (node.axes[axis].whole || node.axes[axis].output < 0) whole *= static_cast<double>(natural.shape()[axis]);
  const double target = static_cast<double>(target_bytes) / static_cast<double>(std::max<std::size_t>(1, size_of(map.inputs[0]->dtype)));
  for (const int axis : free) {
    double elements = whole;
    for (std::size_t k = 0; k < node.axes.size(); ++k)
      if (!node.axes[k].whole && node.axes[k].output >= 0)
        elements *= static_cast<double>(std::max<std::int64_t>(1, widest(cuts[node.axes[k].output])));
    if (elements <= 2 * target) break;
    const double wide = static_cast<double>(widest(cuts[axis]));
    const auto step = std::max<std::int64_t>(1, static_cast<std::int64_t>(wide * target / elements));
    Cuts fine{0};
    for (std::size_t i = 1; i < cuts[axis].size(); ++i) {
      for (std::int64_t at = cuts[axis][i - 1] + step; at < cuts[axis][i]; at += step) fine.push_back(at);
      fine.push_back(cuts[axis][i]);
    }
    cuts[axis] = std::move(fine);
  }
  return ChunkGrid(cuts);
}

Shape suggest_chunks(const ExprPtr& expr, const std::optional<NdArray>& fill) {
  constexpr double target_bytes = 4u << 20;
  constexpr double least_moved_bytes = 1u << 20;
  constexpr double most_moved_bytes = 64u << 20;
  if (const auto moved = array::moved_chunk_shape(expr)) {
    Box first = Box::whole(expr->shape);
    for (std::size_t axis = 0; axis < moved->size(); ++axis) first.end[axis] = std::min(first.end[axis], (*moved)[axis]);
    const auto bytes = static_cast<double>(element_count(*moved)) * static_cast<double>(size_of(expr->dtype));
    if (bytes >= least_moved_bytes && bytes <= most_moved_bytes && !first.empty() && array::MovedValues(expr, fill).find(first))
      return *moved;
  }
  static const ChunkGrid unknown;
  // Before lowering there are no layers; reductions have no wish and get even chunks.
  const Wish wish = wish_of(expr, [](LayerId) -> const ChunkGrid& { return unknown; });
  const double target = target_bytes / static_cast<double>(std::max<std::size_t>(1, size_of(expr->dtype)));
  Shape chunk(expr->shape.size());
  double elements = 1;
  for (std::size_t axis = 0; axis < chunk.size(); ++axis) {
    const std::int64_t extent = std::max<std::int64_t>(1, expr->shape[axis]);
    chunk[axis] = wish.cuts[axis].empty() ? extent : std::clamp<std::int64_t>(widest(wish.cuts[axis]), 1, extent);
    elements *= static_cast<double>(chunk[axis]);
  }
  // Too large: halve from the first axis; too small: widen from the last.
  for (std::size_t axis = 0; axis < chunk.size() && elements > 2 * target; ++axis) {
    const double wanted = std::max(1.0, std::ceil(static_cast<double>(chunk[axis]) * target / elements));
    elements *= wanted / static_cast<double>(chunk[axis]);
    chunk[axis] = static_cast<std::int64_t>(wanted);
  }
  for (std::size_t axis = chunk.size(); axis-- > 0 && elements < target;) {
    if (wish.exact[axis]) continue;
    const std::int64_t extent = std::max<std::int64_t>(1, expr->shape[axis]);
    const auto factor = static_cast<std::int64_t>(std::ceil(target / elements));
    const std::int64_t wide = std::min(extent, chunk[axis] * std::max<std::int64_t>(1, factor));
    elements *= static_cast<double>(wide) / static_cast<double>(chunk[axis]);
    chunk[axis] = wide;
  }
  return chunk;
}

}  // namespace rankine::plan
