#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "array/attributes.hpp"
#include "base/dtype.hpp"
#include "codec/codec.hpp"
#include "grid/shape.hpp"

namespace rankine::array {

/// Where each stored chunk lies in its file, by C-order chunk number.
struct ChunkIndex {
  static constexpr std::uint64_t missing = UINT64_MAX;  ///< offset of a chunk never written: all fill value
  std::vector<std::uint64_t> offsets;
  std::vector<std::uint32_t> sizes;         ///< stored (compressed) bytes
  std::vector<std::uint32_t> filter_masks;  ///< empty: all 0
  std::string damage;                       ///< why there is none: whoever reads the array is told; the rest is empty then
};

enum class Storage : std::uint8_t {
  contiguous,  ///< one run of bytes at `offset` (HDF5 contiguous, NetCDF-3 fixed-size variables)
  records,     ///< NetCDF-3 record variable: record r at offset + r * record_stride
  chunked,     ///< chunks at the offsets of `index` (HDF5)
  zarr_files,  ///< one object a chunk, path/<i><separator><j>..., or a shard of several (ZarrKeys)
  library,     ///< through libnetcdf or libhdf5, for `library_reason`
};

/// How the chunks of a Zarr array are found.
struct ZarrKeys {
  std::string archive;      ///< the zip file that holds the store; empty: plain files
  std::string prefix;       ///< before a chunk's indices: "c/" or "c." in v3, nothing in v2
  std::string metadata = ".zarray";  ///< the array's document: without it the array has gone
  /// One level of Zarr v3's sharding_indexed: `shape` elements lie in one object (or, further in, in one chunk of the
  /// level outside) together with an index of what they are made of.
  struct Shard {
    Shape shape;
    bool index_at_end = true;
    bool index_big_endian = false;
    codec::Pipeline index_codecs;
  };
  std::vector<Shard> shards;  ///< outermost first; empty: one object a chunk
};

/// One stored array, as plain data: enough for any rank to read any box of it without opening the
/// file's metadata again. Travels in the plan. Raw values: no CF decoding here.
struct StoredArray {
  Storage storage = Storage::contiguous;
  std::string path;       ///< the file; for Zarr the array's directory
  std::string variable;   ///< full name in the file, for messages and the library path
  DType dtype = DType::float32;
  bool big_endian = false;
  bool fortran_order = false;   ///< elements inside a chunk (Zarr order "F")
  Index axis_order;             ///< axes from slowest to fastest inside a chunk (Zarr transpose); empty: C or F order
  Shape shape;
  Shape chunk_shape;            ///< stored chunks; for contiguous and records what is good to read at once
  codec::Pipeline codecs;
  std::array<std::byte, 8> fill{};  ///< one native-endian element, for missing chunks
  std::uint64_t offset = 0;
  std::uint64_t record_stride = 0;
  char separator = '.';
  std::string library_reason;
  /// Why its numbers mean nothing, such as attributes that cannot be decoded: whoever reads the array is told. Empty: none.
  std::string refusal;
  ZarrKeys zarr;
  std::uint64_t file_size = 0;  ///< as it was when the metadata was read; 0 for Zarr in plain files
  std::int64_t file_mtime_ns = 0;  ///< of the file, the archive, or the Zarr array's document
  /// Storage::chunked: null until store::load_chunk_index has been called.
  std::shared_ptr<const ChunkIndex> index;
};
using StoredArrayPtr = std::shared_ptr<StoredArray>;

/// Total number of stored chunks, and stored bytes where known (index, contiguous), else decoded bytes.
std::int64_t chunk_count(const StoredArray& array);
std::uint64_t stored_bytes(const StoredArray& array);

/// All but the chunk index: what tells arrays apart. Two reads of one array that differ in any of it (another shape after steps
/// were appended, other bytes after the file was written anew) are two arrays.
void write_identity(ByteWriter& writer, const StoredArray& array);
bool same_stored(const StoredArray& a, const StoredArray& b);

void write_to(ByteWriter& writer, const StoredArray& array);
StoredArrayPtr read_stored_array(ByteReader& reader);

/// A dimension as a file declares it.
struct StoredDim {
  std::string name;
  std::int64_t size = 0;
  bool unlimited = false;
};

/// A variable as a file declares it, undecoded.
struct StoredVariable {
  std::string name;
  std::vector<std::string> dims;
  Attributes attributes;         ///< _FillValue included
  /// What xarray puts into `encoding`: zlib, complevel, shuffle, fletcher32, contiguous, chunksizes,
  /// original_shape, dtype, source (NetCDF); chunks, compressor, filters, order (Zarr).
  Attributes encoding;
  StoredArrayPtr data;           ///< null for strings
  NdArray strings;               ///< string and char variables, read at once (char arrays: last dim joined)
  std::string note;              ///< why it cannot be read (compound, opaque ...); then both are empty
};

/// What a file or store holds, or one of its groups.
struct Catalogue {
  std::string path;
  std::string format;            ///< "NetCDF-4", "HDF5", "NetCDF-3 classic", "NetCDF-3 64-bit offset", "Zarr v2", "Zarr v3"
  std::vector<StoredDim> dims;
  std::vector<StoredVariable> variables;
  Attributes attributes;
  std::vector<std::string> groups;  ///< below the opened one, depth first: "a", "a/b"
};

}  // namespace rankine::array
