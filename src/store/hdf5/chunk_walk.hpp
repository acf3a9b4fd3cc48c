#pragma once
#include <cstdint>
#include <vector>

#include "array/stored_array.hpp"
#include "store/hdf5/hdf5_file.hpp"

namespace rankine::store {

enum class ChunkIndexKind : std::uint8_t { btree1, single, implicit, fixed_array, extensible_array, btree2 };

/// A data layout message of a chunked dataset.
struct ChunkLayout {
  ChunkIndexKind kind = ChunkIndexKind::btree1;
  std::uint64_t address = 0;                 ///< of the index; undefined: no chunk was ever written
  bool is_undefined = false;
  std::vector<std::uint64_t> chunk_shape;
  std::uint64_t element_bytes = 0;
  std::uint64_t single_bytes = 0;            ///< kind single with filters: stored bytes
  std::uint32_t single_filter_mask = 0;
  bool single_filtered = false;
  bool unfiltered_edges = false;             ///< chunks that reach beyond the dataset went through no filter
};

/// What a walk needs to know of the dataset.
struct ChunkSpace {
  Shape shape;                            ///< chunks are numbered within this shape's grid
  std::vector<std::uint64_t> extents;     ///< the dataset's own, which may be shorter than its unlimited dims
  std::vector<std::uint64_t> max_extents; ///< UINT64_MAX: unlimited
  bool filtered = false;
};

/// Reads a chunk index from the file's own structures, in time linear in the number of chunks: every
/// way libhdf5 1.10 offers to ask for one chunk's address searches all of them.
/// Throws InputError if the structures are damaged; never loops, and never allocates more than the file's size
/// justifies.
/// Source: "HDF5 File Format Specification" version 3.0, III.A.1, VII.
array::ChunkIndex walk_chunk_index(const Hdf5File& file, const ChunkLayout& layout, const ChunkSpace& space);

}  // namespace rankine::store
