#include "store/hdf5/chunk_walk.hpp"

#include <algorithm>
#include <unordered_set>

#include "base/error.hpp"
#include "grid/box.hpp"
#include "store/hdf5/btree2.hpp"
#include "store/hdf5/chunk_collector.hpp"

namespace rankine::store {
namespace {

constexpr int chunks_tree = 10, filtered_chunks_tree = 11;

/// Version 1 B-tree, node type 1: keys of chunk size, filter mask and element offsets.
class Btree1Walk {
 public:
  Btree1Walk(const Hdf5File& file, const ChunkLayout& layout, ChunkCollector& out) : file_(file), layout_(layout), out_(out) {}

  void walk(std::uint64_t root) { visit(root, -1); }

 private:
  /// `level`: what the parent demands; -1 for the root. Levels fall by one, so recursion ends; and since
  /// no node may be met twice, the walk ends after as many nodes as the file has room for.
  void visit(std::uint64_t address, int level) {
    const auto address_bytes = static_cast<std::uint64_t>(file_.address_bytes());
    Hdf5Fields head(file_, address, 8 + 2 * address_bytes);
    if (!visited_.insert(address).second) head.fail("a B-tree node with two parents");
    head.expect("TREE");
    if (head.integer(1) != 1) head.fail("a B-tree of another kind");
    const int node_level = static_cast<int>(head.integer(1));
    if (level >= 0 && node_level != level) head.fail("a B-tree node at the wrong level");
    const std::uint64_t entries = head.integer(2);
    const std::size_t ndim = layout_.chunk_shape.size();
    const std::uint64_t key_bytes = 8 + 8 * (ndim + 1);
    Hdf5Fields body(file_, address + 8 + 2 * address_bytes, entries * (key_bytes + address_bytes));
    std::vector<std::uint64_t> chunk(ndim);
    for (std::uint64_t i = 0; i < entries; ++i) {
      const std::uint64_t bytes = body.integer(4);
      const auto mask = static_cast<std::uint32_t>(body.integer(4));
      bool aligned = true;
      for (std::size_t axis = 0; axis < ndim; ++axis) {
        const std::uint64_t offset = body.integer(8);
        aligned &= offset % layout_.chunk_shape[axis] == 0;
        chunk[axis] = offset / layout_.chunk_shape[axis];
      }
      body.skip(8);
      const std::uint64_t child = body.address();
      if (node_level > 0) {
        visit(child, node_level - 1);
        continue;
      }
      if (!aligned) body.fail("a chunk that begins inside another");
      out_.add(chunk, child, bytes, mask);
    }
  }

  const Hdf5File& file_;
  const ChunkLayout& layout_;
  ChunkCollector& out_;
  std::unordered_set<std::uint64_t> visited_;
};

void read_implicit(const ChunkLayout& layout, const ChunkSpace& space, ChunkCollector& out) {
  const ChunkNumbers numbers(layout, space);
  Box grid;
  for (std::size_t axis = 0; axis < space.shape.size(); ++axis) {
    grid.begin.push_back(0);
    grid.end.push_back(ceil_div(space.shape[axis], static_cast<std::int64_t>(layout.chunk_shape[axis])));
  }
  std::vector<std::uint64_t> chunk(space.shape.size());
  for_each_index(grid, [&](const Index& at) {
    for (std::size_t axis = 0; axis < chunk.size(); ++axis) chunk[axis] = static_cast<std::uint64_t>(at[axis]);
    out.add(chunk, layout.address + numbers.number(chunk) * out.chunk_bytes(), out.chunk_bytes(), 0);
  });
}

/// Records are the chunk's address, with filters its stored bytes and mask, and its place in the grid.
void walk_btree2_chunks(const Hdf5File& file, const ChunkLayout& layout, const ChunkSpace& space, ChunkCollector& out) {
  const std::size_t ndim = space.shape.size();
  std::vector<std::uint64_t> chunk(ndim);
  const std::uint64_t fixed = static_cast<std::uint64_t>(file.address_bytes()) + 8 * ndim + (space.filtered ? 4 : 0);
  walk_btree2(file, layout.address, space.filtered ? filtered_chunks_tree : chunks_tree, [&](Hdf5Fields& record) {
    if (record.remaining() < fixed || record.remaining() - fixed > 8 || (!space.filtered && record.remaining() != fixed))
      record.fail("a chunk index that does not fit its dataset");
    const auto size_bytes = static_cast<int>(record.remaining() - fixed);
    const std::uint64_t address = record.address();
    const std::uint64_t bytes = space.filtered ? record.integer(size_bytes) : out.chunk_bytes();
    const auto mask = space.filtered ? static_cast<std::uint32_t>(record.integer(4)) : 0;
    for (auto& at : chunk) at = record.integer(8);
    out.add(chunk, address, bytes, mask);
  });
}

}  // namespace

array::ChunkIndex walk_chunk_index(const Hdf5File& file, const ChunkLayout& layout, const ChunkSpace& space) {
  ChunkCollector out(file, layout, space);
  if (layout.is_undefined) return out.take();
  switch (layout.kind) {
    case ChunkIndexKind::btree1: Btree1Walk(file, layout, out).walk(layout.address); break;
    case ChunkIndexKind::single:
      out.add(std::vector<std::uint64_t>(space.shape.size(), 0), layout.address,
              layout.single_filtered ? layout.single_bytes : out.chunk_bytes(), layout.single_filter_mask);
      break;
    case ChunkIndexKind::implicit: read_implicit(layout, space, out); break;
    case ChunkIndexKind::fixed_array: walk_fixed_array(file, layout, space, out); break;
    case ChunkIndexKind::extensible_array: walk_extensible_array(file, layout, space, out); break;
    case ChunkIndexKind::btree2: walk_btree2_chunks(file, layout, space, out); break;
  }
  return out.take();
}

}  // namespace rankine::store
