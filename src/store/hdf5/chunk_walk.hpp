#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "array/stored_array.hpp"
#include "store/hdf5/object_header.hpp"

namespace rankine::store {

/// What a walk needs to know of the dataset.
struct ChunkSpace {
  Shape shape;                            ///< chunks are numbered within this shape's grid
  Shape chunk_shape;
  std::vector<std::uint64_t> max_extents; ///< UINT64_MAX: unlimited
  bool filtered = false;
  std::uint64_t chunk_bytes = 0;          ///< of one decoded chunk
  std::uint64_t grid_size = 0;            ///< number of chunks in the grid of `shape`
};

/// Reads a chunk index from the file's own structures, in time linear in the number of chunks: every
/// way libhdf5 1.10 offers to ask for one chunk's address searches all of them.
/// Covers version 1 B-trees (all that NetCDF-4 writes), single chunks, implicit and fixed-array indexes;
/// nothing for the others.
/// Throws InputError if the structures are damaged; never loops or allocates beyond the grid's size.
/// Source: "HDF5 File Format Specification" version 3.0, III.A.1, VII.A, VII.B, VII.C.
std::optional<array::ChunkIndex> walk_chunk_index(const StoredFile& file, const Hdf5Format& format,
                                                  const ChunkLayout& layout, const ChunkSpace& space);

}  // namespace rankine::store
