#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "store/hdf5/chunk_walk.hpp"

namespace rankine::store {

/// Chunks by grid number, as a walk of any kind of index finds them.
class ChunkCollector {
 public:
  /// Throws InputError if the grid has more chunks than a file of this size can justify.
  ChunkCollector(const Hdf5File& file, const ChunkLayout& layout, const ChunkSpace& space);
  /// A chunk outside the grid is ignored: the dataset was shrunk.
  void add(std::span<const std::uint64_t> chunk, std::uint64_t address, std::uint64_t bytes, std::uint32_t mask);
  std::uint64_t chunk_bytes() const { return chunk_bytes_; }  ///< of one decoded chunk
  array::ChunkIndex take() { return std::move(index_); }

 private:
  const Hdf5File& file_;
  const ChunkLayout& layout_;
  const ChunkSpace& space_;
  std::vector<std::uint64_t> counts_;
  std::uint64_t chunk_bytes_ = 0;
  array::ChunkIndex index_;
};

/// Fixed and extensible arrays: chunks are numbered in C order in the grid of the largest extents, where an
/// unlimited dim, of which there is one at most, comes first.
class ChunkNumbers {
 public:
  ChunkNumbers(const ChunkLayout& layout, const ChunkSpace& space);
  void locate(std::uint64_t number, std::vector<std::uint64_t>& chunk) const;
  std::uint64_t number(std::span<const std::uint64_t> chunk) const;
  bool is_empty() const;

 private:
  std::vector<std::size_t> axes_;       ///< from slowest to fastest
  std::vector<std::uint64_t> counts_;   ///< of axes_
};

/// One element of an array index: address, and with filters stored bytes and mask.
struct ArrayElements {
  bool filtered = false;
  std::uint64_t element_bytes = 0;
  int size_bytes = 0;
  ArrayElements() = default;
  /// Throws InputError if elements of `element_bytes` do not fit the dataset.
  ArrayElements(const Hdf5File& file, bool filtered_in_file, std::uint64_t element_bytes_in_file, bool filtered_dataset);
  /// Adds `count` elements from `fields`, numbered from `first`.
  void read(Hdf5Fields& fields, std::uint64_t first, std::uint64_t count, const ChunkNumbers& numbers,
            ChunkCollector& out) const;
};

void walk_fixed_array(const Hdf5File& file, const ChunkLayout& layout, const ChunkSpace& space, ChunkCollector& out);
void walk_extensible_array(const Hdf5File& file, const ChunkLayout& layout, const ChunkSpace& space, ChunkCollector& out);

}  // namespace rankine::store
