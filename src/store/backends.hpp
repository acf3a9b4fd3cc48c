#pragma once
#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "store/store.hpp"

/// What the formats offer to the rest of the room, and nobody outside it. open_catalogue.cpp,
/// reader.cpp, output_target.cpp and writer.cpp dispatch; hdf5/, netcdf3/ and zarr/ obey.
namespace rankine::store {

// Formats are told by the first bytes of a file (up to `format_probe_bytes`; HDF5 may begin with a
// user block of 512, 1024 ... bytes).
inline constexpr std::size_t format_probe_bytes = 8192 + 8;
bool looks_like_hdf5(std::span<const std::byte> head);      ///< hdf5/
bool looks_like_netcdf3(std::span<const std::byte> head);   ///< netcdf3/: "CDF" and version 1, 2 or 5

/// The file exists and looks right; anything else that is wrong with it is an InputError naming the
/// path. Every StoredArray of a file carries its file_size and file_mtime_ns (file_stamp.hpp).
array::Catalogue open_hdf5(const std::string& path, const std::string& group = "");  ///< hdf5/
array::Catalogue open_netcdf3(const std::string& path);     ///< netcdf3/
/// zarr/: a group or an array of v2 or v3, in a directory or a zip file. `consolidated` metadata are used where they
/// are there.
array::Catalogue open_zarr(const std::string& path, const std::string& group, bool consolidated);
/// True if `directory` holds the metadata of a Zarr group or array.
bool looks_like_zarr(const std::string& directory);

/// Fills array.index of a Storage::chunked array. hdf5/
void load_hdf5_chunk_index(array::StoredArray& array);

/// Values of `box` of a Storage::library array, native endian. hdf5/, under the library lock.
NdArray read_through_library(const array::StoredArray& array, const Box& box);

/// Creates the file target.temporary_path with all dims, variables, attributes and eager values of
/// target.spec, at its full size where that is known (NetCDF-3, contiguous data), and closes it.
/// Fills target.complete, offsets and record_strides, which come in sized and set to 0, UINT64_MAX
/// and 0. Handles every OutputFormat but Zarr's. Throws OutputError naming spec.path.
void create_netcdf(OutputTarget& target);                   ///< hdf5/
/// The same for a Zarr store, v2 or v3; for the modes that add to a store, what is to be added.
void create_zarr(OutputTarget& target);                     ///< zarr/

/// The one owner of a NetCDF-4 file that is being written: finished chunks go in by H5Dwrite_chunk.
/// The caller serialises calls on one object; the library lock is taken inside.
class NetcdfChunkWriter {
 public:
  /// Opens target.temporary_path for writing.
  explicit NetcdfChunkWriter(const OutputTarget& target);
  ~NetcdfChunkWriter();   ///< closes without reporting
  NetcdfChunkWriter(const NetcdfChunkWriter&) = delete;
  NetcdfChunkWriter& operator=(const NetcdfChunkWriter&) = delete;
  /// `chunk` is the chunk index per axis; `bytes` went through the variable's whole pipeline.
  void write_chunk(std::size_t variable, const Index& chunk, std::span<const std::byte> bytes);
  /// All that was written reaches the file system; throws OutputError.
  void flush();
  Writer::ChunkPlace place_of(std::size_t variable, const Index& chunk);
  /// Flushes and closes; throws OutputError if that fails (a full disk shows here).
  void close();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Where a store that the commit replaces goes until it is removed: ".<name>.rankine-<token>.old".
std::string replaced_path_of(const OutputTarget& target);
/// fsyncs the temporary store and renames it to the final path; an old store there is renamed aside
/// first and then removed. zarr/
void commit_zarr(const OutputTarget& target);
/// Writes one encoded chunk to its file: temporary name, then rename. zarr/
void write_zarr_chunk(const OutputTarget& target, std::size_t variable, const Index& chunk,
                      std::span<const std::byte> bytes);

}  // namespace rankine::store
