#include "store/hdf5/chunk_walk.hpp"

#include <algorithm>
#include <unordered_set>

#include "base/error.hpp"
#include "grid/box.hpp"

namespace rankine::store {
namespace {

constexpr std::uint64_t missing = array::ChunkIndex::missing;

/// Collects chunks by grid number.
class Collector {
 public:
  Collector(const StoredFile& file, const Hdf5Format& format, const ChunkSpace& space)
      : file_(file), format_(format), space_(space) {
    index_.offsets.assign(space.grid_size, missing);
    index_.sizes.assign(space.grid_size, 0);
    for (std::size_t axis = 0; axis < space.shape.size(); ++axis)
      counts_.push_back(static_cast<std::uint64_t>(ceil_div(space.shape[axis], space.chunk_shape[axis])));
  }

  /// A chunk outside the grid is ignored: the dataset was shrunk.
  void add(std::span<const std::uint64_t> chunk, std::uint64_t address, std::uint64_t bytes, std::uint32_t mask) {
    std::uint64_t number = 0;
    for (std::size_t axis = 0; axis < counts_.size(); ++axis) {
      if (chunk[axis] >= counts_[axis]) return;
      number = number * counts_[axis] + chunk[axis];
    }
    if (bytes > UINT32_MAX || address > file_.size() || bytes > file_.size() - format_.base ||
        address > file_.size() - format_.base - bytes)
      throw InputError("cannot read " + file_.path() + ": a chunk lies beyond the end of the file (truncated?)");
    index_.offsets[number] = format_.base + address;
    index_.sizes[number] = static_cast<std::uint32_t>(bytes);
    if (mask != 0) {
      if (index_.filter_masks.empty()) index_.filter_masks.assign(space_.grid_size, 0);
      index_.filter_masks[number] = mask;
    }
  }
  array::ChunkIndex take() { return std::move(index_); }

 private:
  const StoredFile& file_;
  const Hdf5Format& format_;
  const ChunkSpace& space_;
  std::vector<std::uint64_t> counts_;
  array::ChunkIndex index_;
};

/// Version 1 B-tree, node type 1: keys of chunk size, filter mask and element offsets.
class Btree1Walk {
 public:
  Btree1Walk(const StoredFile& file, const Hdf5Format& format, const ChunkSpace& space, Collector& out)
      : file_(file), format_(format), space_(space), out_(out) {}

  void walk(std::uint64_t root) { visit(root, -1); }

 private:
  /// `level`: what the parent demands; -1 for the root. Levels fall by one, so recursion ends; and since
  /// no node may be met twice, the walk ends after as many nodes as the file has room for.
  void visit(std::uint64_t address, int level) {
    const auto address_bytes = static_cast<std::uint64_t>(format_.address_bytes);
    Hdf5Fields head(file_, format_, address, 8 + 2 * address_bytes);
    if (!visited_.insert(address).second) head.fail("a B-tree node with two parents");
    head.expect("TREE");
    if (head.integer(1) != 1) head.fail("a B-tree of another kind");
    const int node_level = static_cast<int>(head.integer(1));
    if (level >= 0 && node_level != level) head.fail("a B-tree node at the wrong level");
    const std::uint64_t entries = head.integer(2);
    const std::size_t ndim = space_.shape.size();
    const std::uint64_t key_bytes = 8 + 8 * (ndim + 1);
    Hdf5Fields body(file_, format_, address + 8 + 2 * address_bytes, entries * (key_bytes + address_bytes));
    std::vector<std::uint64_t> chunk(ndim);
    for (std::uint64_t i = 0; i < entries; ++i) {
      const std::uint64_t bytes = body.integer(4);
      const auto mask = static_cast<std::uint32_t>(body.integer(4));
      bool aligned = true;
      for (std::size_t axis = 0; axis < ndim; ++axis) {
        const std::uint64_t offset = body.integer(8);
        const auto extent = static_cast<std::uint64_t>(space_.chunk_shape[axis]);
        aligned &= offset % extent == 0;
        chunk[axis] = offset / extent;
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

  const StoredFile& file_;
  const Hdf5Format& format_;
  const ChunkSpace& space_;
  Collector& out_;
  std::unordered_set<std::uint64_t> visited_;
};

/// Chunks of an array index are numbered in C order in the grid of the largest extents.
class MaxGrid {
 public:
  explicit MaxGrid(const ChunkSpace& space) {
    for (std::size_t axis = 0; axis < space.shape.size(); ++axis) {
      const auto extent = static_cast<std::uint64_t>(space.chunk_shape[axis]);
      counts_.push_back(space.max_extents[axis] / extent + (space.max_extents[axis] % extent != 0 ? 1 : 0));
    }
  }
  void locate(std::uint64_t number, std::vector<std::uint64_t>& chunk) const {
    chunk.resize(counts_.size());
    for (std::size_t axis = counts_.size(); axis-- > 0;) {
      chunk[axis] = number % counts_[axis];
      number /= counts_[axis];
    }
  }
  bool empty() const {
    for (const std::uint64_t count : counts_)
      if (count == 0) return true;
    return false;
  }

 private:
  std::vector<std::uint64_t> counts_;
};

void read_implicit(const ChunkLayout& layout, const ChunkSpace& space, Collector& out) {
  std::vector<std::uint64_t> counts;
  for (std::size_t axis = 0; axis < space.shape.size(); ++axis) {
    const auto extent = static_cast<std::uint64_t>(space.chunk_shape[axis]);
    counts.push_back(space.max_extents[axis] / extent + (space.max_extents[axis] % extent != 0 ? 1 : 0));
  }
  Box grid;
  for (std::size_t axis = 0; axis < space.shape.size(); ++axis) {
    grid.begin.push_back(0);
    grid.end.push_back(ceil_div(space.shape[axis], space.chunk_shape[axis]));
  }
  std::vector<std::uint64_t> chunk(counts.size());
  for_each_index(grid, [&](const Index& at) {
    std::uint64_t number = 0;
    for (std::size_t axis = 0; axis < counts.size(); ++axis) {
      chunk[axis] = static_cast<std::uint64_t>(at[axis]);
      number = number * counts[axis] + chunk[axis];
    }
    out.add(chunk, layout.address + number * space.chunk_bytes, space.chunk_bytes, 0);
  });
}

/// "FAHD" points at one data block "FADB" whose elements, if many, lie in pages of their own checksum.
class FixedArrayWalk {
 public:
  FixedArrayWalk(const StoredFile& file, const Hdf5Format& format, const ChunkSpace& space, Collector& out)
      : file_(file), format_(format), space_(space), grid_(space), out_(out) {}

  void walk(std::uint64_t header_address) {
    Hdf5Fields header(file_, format_, header_address, 8 + bytes_of_addresses());
    header.expect("FAHD");
    if (header.integer(1) != 0) header.fail("unknown fixed array version");
    filtered_ = header.integer(1) == 1;
    element_bytes_ = static_cast<int>(header.integer(1));
    const auto page_bits = header.integer(1);
    const std::uint64_t elements = header.length();
    const std::uint64_t block = header.address();
    const int other = filtered_ ? format_.address_bytes + 4 : format_.address_bytes;
    size_bytes_ = element_bytes_ - other;
    if (filtered_ != space_.filtered || page_bits > 32 || (filtered_ ? size_bytes_ < 1 || size_bytes_ > 8 : size_bytes_ != 0))
      header.fail("a fixed array that does not fit its dataset");
    if (header.is_undefined(block) || grid_.empty()) return;
    if (elements > file_.size() / static_cast<std::uint64_t>(element_bytes_)) header.fail("a fixed array beyond the file");
    const std::uint64_t page_elements = 1ull << page_bits;
    const std::uint64_t prefix = 6 + static_cast<std::uint64_t>(format_.address_bytes);
    Hdf5Fields block_head(file_, format_, block, 4);
    block_head.expect("FADB");
    if (elements <= page_elements) return read_elements(block + prefix, 0, elements);
    const std::uint64_t pages = elements / page_elements + (elements % page_elements != 0 ? 1 : 0);
    const std::uint64_t bitmap_bytes = (pages + 7) / 8;
    Hdf5Fields bitmap(file_, format_, block + prefix, bitmap_bytes);
    const auto written = bitmap.take(bitmap_bytes);
    std::uint64_t at = block + prefix + bitmap_bytes + 4;
    for (std::uint64_t page = 0; page < pages; ++page) {
      const std::uint64_t first = page * page_elements;
      const std::uint64_t count = std::min(page_elements, elements - first);
      // Bits are kept from the most significant one of each byte.
      const bool is_written = (std::to_integer<unsigned>(written[page / 8]) >> (7 - page % 8) & 1) != 0;
      if (is_written) read_elements(at, first, count);
      at += count * static_cast<std::uint64_t>(element_bytes_) + 4;
    }
  }

 private:
  std::uint64_t bytes_of_addresses() const {
    return static_cast<std::uint64_t>(format_.address_bytes + format_.length_bytes);
  }
  void read_elements(std::uint64_t address, std::uint64_t first, std::uint64_t count) {
    Hdf5Fields fields(file_, format_, address, count * static_cast<std::uint64_t>(element_bytes_));
    std::vector<std::uint64_t> chunk;
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t chunk_address = fields.address();
      const std::uint64_t bytes = filtered_ ? fields.integer(size_bytes_) : space_.chunk_bytes;
      const auto mask = filtered_ ? static_cast<std::uint32_t>(fields.integer(4)) : 0;
      if (fields.is_undefined(chunk_address)) continue;
      grid_.locate(first + i, chunk);
      out_.add(chunk, chunk_address, bytes, mask);
    }
  }

  const StoredFile& file_;
  const Hdf5Format& format_;
  const ChunkSpace& space_;
  MaxGrid grid_;
  Collector& out_;
  bool filtered_ = false;
  int element_bytes_ = 0;
  int size_bytes_ = 0;
};

}  // namespace

std::optional<array::ChunkIndex> walk_chunk_index(const StoredFile& file, const Hdf5Format& format,
                                                  const ChunkLayout& layout, const ChunkSpace& space) {
  for (std::size_t axis = 0; axis < space.shape.size(); ++axis)
    if (layout.chunk_shape.size() != space.shape.size() ||
        layout.chunk_shape[axis] != static_cast<std::uint64_t>(space.chunk_shape[axis]))
      throw InputError("cannot read " + file.path() + ": damaged HDF5 structure: chunk shape");
  Collector out(file, format, space);
  if (layout.is_undefined) return out.take();
  switch (layout.kind) {
    case ChunkIndexKind::btree1: Btree1Walk(file, format, space, out).walk(layout.address); break;
    case ChunkIndexKind::single:
      out.add(std::vector<std::uint64_t>(space.shape.size(), 0), layout.address,
              layout.single_filtered ? layout.single_bytes : space.chunk_bytes, layout.single_filter_mask);
      break;
    case ChunkIndexKind::implicit: read_implicit(layout, space, out); break;
    case ChunkIndexKind::fixed_array: FixedArrayWalk(file, format, space, out).walk(layout.address); break;
    default: return std::nullopt;
  }
  return out.take();
}

}  // namespace rankine::store
