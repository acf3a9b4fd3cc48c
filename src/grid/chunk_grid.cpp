#include "grid/chunk_grid.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "base/error.hpp"

namespace rankine {
namespace {

/// Rank 0 keeps some 60 bytes a task, of which a block has at least one: beyond this number they are 8 GB.
constexpr std::int64_t most_blocks = std::int64_t{1} << 27;

[[noreturn]] void too_many_blocks(const Shape& shape, const std::string& blocks) {
  throw UsageError("an array of shape " + format_tuple(shape) + " is cut into " + blocks + " blocks, and at most " +
                   std::to_string(most_blocks) + " can be worked on: ask for larger ones (chunks=, .chunk(), .rechunk())");
}

}  // namespace

ChunkGrid::ChunkGrid(std::vector<std::vector<std::int64_t>> cuts) : cuts_(std::move(cuts)) {
  for (const auto& axis_cuts : cuts_) {
    RANKINE_CHECK(axis_cuts.size() >= 2 && axis_cuts.front() == 0, "an axis needs cuts {0, ..., extent}");
    shape_.push_back(axis_cuts.back());
    block_counts_.push_back(static_cast<std::int64_t>(axis_cuts.size()) - 1);
    if (__builtin_mul_overflow(block_count_, block_counts_.back(), &block_count_)) block_count_ = INT64_MAX;
  }
  if (block_count_ > most_blocks)
    too_many_blocks(shape_, block_count_ == INT64_MAX ? "more than 2^63" : std::to_string(block_count_));
}

ChunkGrid ChunkGrid::regular(const Shape& shape, const Shape& chunk_shape) {
  RANKINE_CHECK(shape.size() == chunk_shape.size(), "shape and chunk shape differ in ndim");
  std::vector<std::vector<std::int64_t>> cuts(shape.size());
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    const std::int64_t step = std::max<std::int64_t>(1, chunk_shape[axis]);
    const std::int64_t blocks = shape[axis] / step;  // without the last one, if that is shorter
    if (blocks > most_blocks) too_many_blocks({shape[axis]}, std::to_string(blocks));
    for (std::int64_t at = 0; at < shape[axis]; at += step) cuts[axis].push_back(at);
    if (cuts[axis].empty()) cuts[axis].push_back(0);
    cuts[axis].push_back(shape[axis]);
  }
  return ChunkGrid(std::move(cuts));
}

ChunkGrid ChunkGrid::whole(const Shape& shape) { return regular(shape, shape); }

std::int64_t ChunkGrid::linear(const Index& block) const {
  std::int64_t number = 0;
  for (std::size_t axis = 0; axis < block.size(); ++axis) number = number * block_counts_[axis] + block[axis];
  return number;
}

Index ChunkGrid::block_at(std::int64_t linear) const {
  Index block(block_counts_.size());
  for (std::size_t axis = block.size(); axis-- > 0;) {
    block[axis] = linear % block_counts_[axis];
    linear /= block_counts_[axis];
  }
  return block;
}

Box ChunkGrid::box_of(const Index& block) const {
  Box box{Index(block.size()), Index(block.size())};
  for (std::size_t axis = 0; axis < block.size(); ++axis) {
    box.begin[axis] = cuts_[axis][block[axis]];
    box.end[axis] = cuts_[axis][block[axis] + 1];
  }
  return box;
}

ChunkGrid::Range ChunkGrid::blocks_touching(int axis, std::int64_t begin, std::int64_t end) const {
  if (begin >= end) return {0, 0};
  const auto& axis_cuts = cuts_[axis];
  const auto first = std::upper_bound(axis_cuts.begin(), axis_cuts.end() - 1, begin) - axis_cuts.begin() - 1;
  const auto last = std::lower_bound(axis_cuts.begin() + 1, axis_cuts.end(), end) - axis_cuts.begin();
  return {std::max<std::int64_t>(0, first), std::min<std::int64_t>(last, block_counts_[axis])};
}

Box ChunkGrid::blocks_touching(const Box& box) const {
  Box blocks{Index(box.ndim()), Index(box.ndim())};
  for (int axis = 0; axis < box.ndim(); ++axis) {
    const Range range = blocks_touching(axis, box.begin[axis], box.end[axis]);
    blocks.begin[axis] = range.begin;
    blocks.end[axis] = range.end;
  }
  return blocks;
}

std::int64_t ChunkGrid::largest_block() const {
  std::int64_t elements = 1;
  for (const auto& axis_cuts : cuts_) {
    std::int64_t widest = 0;
    for (std::size_t i = 1; i < axis_cuts.size(); ++i) widest = std::max(widest, axis_cuts[i] - axis_cuts[i - 1]);
    elements *= widest;
  }
  return elements;
}

}  // namespace rankine
