#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/byte_stream.hpp"
#include "store/index_cache.hpp"
#include "store/store.hpp"

namespace rankine::store {

/// All that opening many files needs to know of one of them, learned at one go by any process: what the file holds,
/// where its chunks lie if they are few, and the values that decide how files fit together.
struct OpenedFile {
  std::string path;
  FileStamp stamp;                 ///< empty: not a plain file (a Zarr store in a directory)
  array::Catalogue catalogue;
  /// Raw values of small variables, by number in the catalogue: coordinates along their own dim, bounds, scalars.
  std::vector<std::pair<std::uint32_t, NdArray>> values;
  std::string error;               ///< why it cannot be opened; empty: it is
  ExitCode code = ExitCode::input;
};

/// What is read with the metadata. Larger things are read when they are asked for.
struct OpeningBounds {
  std::int64_t indexed_chunks = 16384;         ///< chunk indexes are read up to so many chunks a file
  std::uint64_t coordinate_bytes = 8u << 20;   ///< of a variable along its own dim
  std::uint64_t small_bytes = 16u << 10;       ///< of any other variable
};

/// Never throws for what is wrong with the file: `error` says it. `cache_folder`: as IndexCache takes it.
OpenedFile learn_file(const std::string& path, const CatalogueOptions& options, const std::string& cache_folder,
                      Reader& reader, const OpeningBounds& bounds = {});

void write_to(ByteWriter& writer, const OpenedFile& file);
OpenedFile read_opened_file(ByteReader& reader);

}  // namespace rankine::store
