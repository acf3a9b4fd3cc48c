#pragma once
#include <vector>

#include "grid/box.hpp"

namespace rankine {

/// A partition of an index space [0, shape) by cuts along each axis; blocks may differ in extent.
/// cuts(axis) = {0, c1, ..., extent}: block i covers [cuts[i], cuts[i+1]). An axis of extent 0 has
/// cuts {0, 0}, one empty block.
/// Worked shape: regular({10, 4}, {4, 4}) has cuts {0,4,8,10} and {0,4}, block_counts {3,1}.
class ChunkGrid {
 public:
  ChunkGrid() = default;
  explicit ChunkGrid(std::vector<std::vector<std::int64_t>> cuts);
  /// Equal blocks, the last of each axis shorter. Chunk extents below 1 count as 1.
  static ChunkGrid regular(const Shape& shape, const Shape& chunk_shape);
  /// One block.
  static ChunkGrid whole(const Shape& shape);

  int ndim() const { return static_cast<int>(cuts_.size()); }
  const Shape& shape() const { return shape_; }
  const std::vector<std::int64_t>& cuts(int axis) const { return cuts_[axis]; }
  const std::vector<std::vector<std::int64_t>>& all_cuts() const { return cuts_; }
  /// Blocks per axis.
  const Shape& block_counts() const { return block_counts_; }
  std::int64_t block_count() const { return block_count_; }
  /// C-order linear number of a block index, and back.
  std::int64_t linear(const Index& block) const;
  Index block_at(std::int64_t linear) const;
  Box box_of(const Index& block) const;
  Box box_of(std::int64_t linear) const { return box_of(block_at(linear)); }
  /// The half-open range of block indices along `axis` that touch [begin, end); empty if begin >= end.
  struct Range { std::int64_t begin = 0; std::int64_t end = 0; bool operator==(const Range&) const = default; };
  Range blocks_touching(int axis, std::int64_t begin, std::int64_t end) const;
  /// The box of block indices that touch `box`.
  Box blocks_touching(const Box& box) const;
  /// Elements of the largest block.
  std::int64_t largest_block() const;
  bool operator==(const ChunkGrid&) const = default;

 private:
  std::vector<std::vector<std::int64_t>> cuts_;
  Shape shape_;
  Shape block_counts_;
  std::int64_t block_count_ = 1;
};

}  // namespace rankine
