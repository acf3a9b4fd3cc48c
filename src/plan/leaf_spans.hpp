#pragma once
#include <cstdint>
#include <functional>
#include <vector>

#include "array/expr.hpp"
#include "grid/chunk_grid.hpp"

namespace rankine::plan {

/// What the blocks of a layer need along one axis of an expression below it: one half-open interval
/// per block along `root_axis` of the layer's grid, or a single interval if root_axis is -1 (the
/// axis does not depend on the block: it is broadcast, or dropped).
/// Because every operation inside a layer treats axes one by one, the box that block (i, j, ...)
/// needs is the product of these intervals: dependencies are arithmetic on the block index.
struct AxisSpan {
  int root_axis = -1;
  std::vector<ChunkGrid::Range> intervals;
  const ChunkGrid::Range& of_block(const Index& block) const {
    return intervals[root_axis < 0 ? 0 : static_cast<std::size_t>(block[root_axis])];
  }
  bool operator==(const AxisSpan&) const = default;
};
using LeafSpans = std::vector<AxisSpan>;

/// Spans of the root itself: the blocks of `grid`.
LeafSpans root_spans(const ChunkGrid& grid);

/// Calls visit(leaf, spans) for every Source and LayerInput below `root`, once for each
/// part that is needed of it, however many paths lead there.
void visit_leaves(const array::ExprPtr& root, const LeafSpans& spans,
                  const std::function<void(const array::Expr&, const LeafSpans&)>& visit);

/// Which stored chunk a block shares with its neighbours: of that array below `root` with the largest chunks of which two
/// blocks of `grid` read pieces. Chunks below 64 KiB are not worth a walk.
struct SharedChunks {
  std::uint64_t array = 0;   ///< tells arrays apart; 0: no chunk is shared
  LeafSpans spans;
  Shape chunk_shape;
  /// Equal for blocks whose boxes begin in one chunk, and not 0; 0 where nothing is shared.
  std::uint64_t locality(const Index& block) const;
};
SharedChunks shared_chunks(const array::ExprPtr& root, const ChunkGrid& grid);

/// Elements of `array` that must be decoded for all blocks together: boxes grown to whole chunks.
/// block_counts: of the layer's grid (axes that do not matter to the leaf repeat the read).
double decoded_elements(const array::StoredArray& array, const LeafSpans& spans, const Shape& block_counts);

}  // namespace rankine::plan
