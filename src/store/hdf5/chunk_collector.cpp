#include "store/hdf5/chunk_collector.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace rankine::store {
namespace {

constexpr std::uint64_t missing = array::ChunkIndex::missing;
/// Chunks that no file need justify: 12 bytes each in memory.
constexpr std::uint64_t free_chunks = 4u << 20;
constexpr std::uint64_t max_chunks = 100'000'000;

std::uint64_t count_of(std::uint64_t extent, std::uint64_t chunk) { return extent / chunk + (extent % chunk != 0 ? 1 : 0); }

}  // namespace

ChunkCollector::ChunkCollector(const Hdf5File& file, const ChunkLayout& layout, const ChunkSpace& space)
    : file_(file), layout_(layout), space_(space), chunk_bytes_(layout.element_bytes) {
  if (layout.chunk_shape.size() != space.shape.size()) file.fail("a chunk shape that does not fit its dataset");
  const std::uint64_t limit = std::min(max_chunks, free_chunks + file.size());
  std::uint64_t grid_size = 1;
  for (std::size_t axis = 0; axis < space.shape.size(); ++axis) {
    const std::uint64_t extent = layout.chunk_shape[axis];
    if (extent == 0) file.fail("a chunk without elements");
    counts_.push_back(count_of(static_cast<std::uint64_t>(space.shape[axis]), extent));
    if (counts_.back() > limit / std::max<std::uint64_t>(grid_size, 1))
      throw InputError("cannot read " + file.path() + ": more than " + std::to_string(limit) +
                       " chunks, which a file of its size cannot hold; write it with larger chunks");
    grid_size *= counts_.back();
    if (extent > UINT32_MAX / std::max<std::uint64_t>(chunk_bytes_, 1)) file.fail("a chunk of 4 GiB or more");
    chunk_bytes_ *= extent;
  }
  index_.offsets.assign(grid_size, missing);
  index_.sizes.assign(grid_size, 0);
}

void ChunkCollector::add(std::span<const std::uint64_t> chunk, std::uint64_t address, std::uint64_t bytes, std::uint32_t mask) {
  std::uint64_t number = 0;
  bool is_edge = false;
  for (std::size_t axis = 0; axis < counts_.size(); ++axis) {
    if (chunk[axis] >= counts_[axis]) return;
    number = number * counts_[axis] + chunk[axis];
    is_edge |= (chunk[axis] + 1) * layout_.chunk_shape[axis] > space_.extents[axis];
  }
  if (bytes > UINT32_MAX || !file_.holds(address, bytes))
    throw InputError("cannot read " + file_.path() + ": a chunk lies beyond the end of the file (truncated?)");
  if (layout_.unfiltered_edges && is_edge) mask = UINT32_MAX;
  index_.offsets[number] = file_.base() + address;
  index_.sizes[number] = static_cast<std::uint32_t>(bytes);
  if (mask != 0) {
    if (index_.filter_masks.empty()) index_.filter_masks.assign(index_.offsets.size(), 0);
    index_.filter_masks[number] = mask;
  }
}

ChunkNumbers::ChunkNumbers(const ChunkLayout& layout, const ChunkSpace& space) {
  for (std::size_t axis = 0; axis < space.shape.size(); ++axis)
    if (space.max_extents[axis] == UINT64_MAX) axes_.push_back(axis);
  for (std::size_t axis = 0; axis < space.shape.size(); ++axis)
    if (space.max_extents[axis] != UINT64_MAX) axes_.push_back(axis);
  for (const std::size_t axis : axes_) counts_.push_back(count_of(space.max_extents[axis], layout.chunk_shape[axis]));
}

void ChunkNumbers::locate(std::uint64_t number, std::vector<std::uint64_t>& chunk) const {
  chunk.resize(axes_.size());
  for (std::size_t i = axes_.size(); i-- > 0;) {
    chunk[axes_[i]] = i == 0 ? number : number % counts_[i];
    number /= counts_[i];
  }
}

std::uint64_t ChunkNumbers::number(std::span<const std::uint64_t> chunk) const {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < axes_.size(); ++i) number = number * counts_[i] + chunk[axes_[i]];
  return number;
}

bool ChunkNumbers::is_empty() const { return std::find(counts_.begin(), counts_.end(), 0u) != counts_.end(); }

ArrayElements::ArrayElements(const Hdf5File& file, bool filtered_in_file, std::uint64_t element_bytes_in_file, bool filtered_dataset)
    : filtered(filtered_in_file), element_bytes(element_bytes_in_file) {
  size_bytes = static_cast<int>(element_bytes) - file.address_bytes() - (filtered ? 4 : 0);
  if (filtered != filtered_dataset || (filtered ? size_bytes < 1 || size_bytes > 8 : size_bytes != 0))
    file.fail("a chunk index that does not fit its dataset");
}

void ArrayElements::read(Hdf5Fields& fields, std::uint64_t first, std::uint64_t count, const ChunkNumbers& numbers,
                         ChunkCollector& out) const {
  std::vector<std::uint64_t> chunk;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t address = fields.address();
    const std::uint64_t bytes = filtered ? fields.integer(size_bytes) : out.chunk_bytes();
    const auto mask = filtered ? static_cast<std::uint32_t>(fields.integer(4)) : 0;
    if (fields.is_undefined(address)) continue;
    numbers.locate(first + i, chunk);
    out.add(chunk, address, bytes, mask);
  }
}

}  // namespace rankine::store
