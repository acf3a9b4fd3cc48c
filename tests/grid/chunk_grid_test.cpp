#include <catch2/catch.hpp>

#include "grid/chunk_grid.hpp"

using namespace rankine;

TEST_CASE("a regular grid has equal blocks, the last of each axis shorter") {
  const ChunkGrid grid = ChunkGrid::regular({10, 4}, {4, 4});
  CHECK(grid.cuts(0) == std::vector<std::int64_t>{0, 4, 8, 10});
  CHECK(grid.cuts(1) == std::vector<std::int64_t>{0, 4});
  CHECK(grid.block_counts() == Shape{3, 1});
  CHECK(grid.block_count() == 3);
  CHECK(grid.shape() == Shape{10, 4});
  CHECK(grid.largest_block() == 16);
  CHECK(grid.box_of(2) == Box{{8, 0}, {10, 4}});
}

TEST_CASE("axes without elements have one empty block, chunk extents below one count as one") {
  const ChunkGrid grid = ChunkGrid::regular({0, 3}, {4, 0});
  CHECK(grid.block_counts() == Shape{1, 3});
  CHECK(grid.box_of(0).empty());
  CHECK(grid.largest_block() == 0);
  const ChunkGrid scalar = ChunkGrid::whole({});
  CHECK(scalar.block_count() == 1);
  CHECK(scalar.box_of(0) == Box{{}, {}});
}

TEST_CASE("blocks are numbered in C order, and their boxes cover the space once") {
  const ChunkGrid grid({{0, 1, 5, 6}, {0, 2, 7}, {0, 3}});
  CHECK(grid.block_counts() == Shape{3, 2, 1});
  std::vector<int> covered(6 * 7 * 3, 0);
  for (std::int64_t b = 0; b < grid.block_count(); ++b) {
    CHECK(grid.linear(grid.block_at(b)) == b);
    for_each_index(grid.box_of(b), [&](const Index& at) { ++covered[static_cast<std::size_t>((at[0] * 7 + at[1]) * 3 + at[2])]; });
  }
  CHECK(covered == std::vector<int>(6 * 7 * 3, 1));
  CHECK(grid.block_at(1) == Index{0, 1, 0});
  CHECK(grid.linear({2, 1, 0}) == 5);
}

TEST_CASE("the blocks that touch a range are those that share an element with it") {
  const ChunkGrid grid({{0, 4, 8, 10}});
  using Range = ChunkGrid::Range;
  CHECK(grid.blocks_touching(0, 0, 10) == Range{0, 3});
  CHECK(grid.blocks_touching(0, 3, 4) == Range{0, 1});
  CHECK(grid.blocks_touching(0, 3, 5) == Range{0, 2});
  CHECK(grid.blocks_touching(0, 4, 8) == Range{1, 2});
  CHECK(grid.blocks_touching(0, 9, 10) == Range{2, 3});
  CHECK(grid.blocks_touching(0, 5, 5) == Range{0, 0});
  for (std::int64_t begin = 0; begin < 10; ++begin) {
    for (std::int64_t end = begin + 1; end <= 10; ++end) {
      const Range found = grid.blocks_touching(0, begin, end);
      for (std::int64_t block = 0; block < 3; ++block) {
        const bool touches = grid.cuts(0)[static_cast<std::size_t>(block)] < end && begin < grid.cuts(0)[static_cast<std::size_t>(block) + 1];
        CHECK((block >= found.begin && block < found.end) == touches);
      }
    }
  }
  CHECK(ChunkGrid::regular({10, 4}, {4, 2}).blocks_touching(Box{{3, 2}, {5, 4}}) == Box{{0, 1}, {2, 2}});
}
