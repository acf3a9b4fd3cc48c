#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "array/stored_array.hpp"
#include "store/hdf5/chunk_walk.hpp"
#include "store/hdf5/hdf5_types.hpp"

namespace rankine::store {

/// A dataset as its object header declares it.
struct Hdf5Dataset {
  enum class Layout : std::uint8_t { compact, contiguous, chunked, virtual_dataset, unknown };
  Hdf5Type type;
  Hdf5Space space;
  std::vector<std::byte> fill;            ///< in the file's own bytes; empty: zeros
  codec::Pipeline filters;
  Layout layout = Layout::unknown;
  std::uint64_t address = 0;              ///< compact and contiguous: of the data; may be undefined
  std::uint64_t data_bytes = 0;           ///< compact
  ChunkLayout chunks;
  bool has_external_files = false;
};

bool is_dataset(const ObjectHeader& header);
/// Source: "HDF5 File Format Specification" version 3.0, IV.A.2.
Hdf5Dataset read_hdf5_dataset(const Hdf5File& file, const ObjectHeader& header);

/// How a dataset of numbers is read: storage, dtype order, chunk_shape, codecs, fill, offset and library_reason of
/// `stored`; its dtype, shape and path are set already. Where nothing can read it, the reason, else "".
std::string describe_storage(const Hdf5File& file, const Hdf5Dataset& dataset, std::uint64_t header_address,
                             array::StoredArray& stored);
/// What xarray calls encoding: zlib, shuffle, complevel, fletcher32, contiguous, chunksizes.
void describe_encoding(const Hdf5Dataset& dataset, array::Attributes& encoding);

/// All elements of a dataset of any type as they lie in the file, in C order; where nothing was written, fill or
/// zeros. For texts, which are read with the catalogue. Throws InputError.
std::vector<std::byte> read_whole_dataset(const Hdf5File& file, const Hdf5Dataset& dataset);

}  // namespace rankine::store
