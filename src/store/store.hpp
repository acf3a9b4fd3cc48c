#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "array/output_spec.hpp"
#include "array/stored_array.hpp"
#include "grid/box.hpp"
#include "grid/nd_array.hpp"
#include "store/full_disk.hpp"

namespace rankine::store {

/// Reads the metadata of a NetCDF-4/HDF5 or NetCDF-3 file or a Zarr group or array (v2, v3, also in a zip
/// file); the format is told by content, not by name. `group`: "a/b" inside the file or store. Strings are read; numbers are not. Chunk indexes stay unread.
/// Throws InputError naming the path and what to do (missing, no permission, neither format, truncated).
struct CatalogueOptions {
  std::string group = {};
  bool consolidated = true;   ///< Zarr: take consolidated metadata where they are there
};
array::Catalogue open_catalogue(const std::string& path, const CatalogueOptions& options = {});

/// True if there is a Zarr group, or a store for ""; false for what is no Zarr store.
bool has_zarr_group(const std::string& path, const std::string& group);

/// Reads the chunk index of a Storage::chunked array. 100,000 chunks take about a second at most.
void load_chunk_index(array::StoredArray& array);

/// Counters of one process; read by the summary.
struct ReadCounters {
  std::atomic<std::uint64_t> stored_bytes{0};    ///< read from files
  std::atomic<std::uint64_t> decoded_bytes{0};   ///< produced by decoding or copying
  std::atomic<std::uint64_t> decode_ns{0};       ///< summed over threads
  std::atomic<std::uint64_t> read_ns{0};
  std::atomic<std::uint64_t> reads{0};           ///< preads of chunks and rows
  std::atomic<std::uint64_t> decoded_chunks{0};
  std::atomic<std::uint64_t> moved_chunks{0};    ///< given as they are stored, not decoded
  std::atomic<std::uint64_t> announced_bytes{0}; ///< that the system was told of before they were read
};

/// Reads boxes of stored arrays with pread and own decoders. Any number of threads at once; the library path (Storage::library) takes a process-wide lock.
/// Bounded file descriptors (least recently used are closed).
class Reader {
 public:
  struct Limits {
    int open_files = 128;                          ///< descriptors kept open; clusters allow 1024 a process
    std::uint64_t coalesce_bytes = 4u << 20;       ///< neighbouring chunks are fetched by one pread up to this
    std::uint64_t read_ahead_bytes = 16u << 20;    ///< of one box, asked for while earlier chunks of it are decoded
    std::uint64_t cache_bytes = 64u << 20;         ///< decoded chunks kept that were only partly used
  };
  Reader();
  explicit Reader(Limits limits);
  ~Reader();
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  /// Values of `box`, native endian, C order, dtype array.dtype. Chunks wholly inside the box are
  /// decoded straight into the result where they are its contiguous part.
  /// Throws InputError: "cannot read chunk (3, 0, 7) of /tas in era5.nc: fletcher32 checksum mismatch".
  NdArray read(const array::StoredArray& array, const Box& box);
  /// The stored bytes of one chunk of a Storage::chunked or zarr_files array without shards, not decoded. nullopt: it
  /// was never written, or did not go through the whole pipeline (HDF5's filter mask).
  std::optional<std::vector<std::byte>> read_stored_chunk(const array::StoredArray& array, const Index& chunk);
  /// Tells the system that `box` is read soon, at most `room` bytes of it; the bytes that it was told of. Nothing comes
  /// of it that could fail.
  std::uint64_t announce(const array::StoredArray& array, const Box& box, std::uint64_t room) noexcept;
  const ReadCounters& counters() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The user of this process.
std::uint32_t this_user();

/// An output being written. Plain data that rank 0 makes and every rank gets.
struct OutputTarget {
  array::OutputSpec spec;          ///< without the values that are written already
  std::string temporary_path;      ///< beside the final path, same file system: ".<name>.rankine-<token>.part"
  std::uint32_t owner = this_user();   ///< whom the file system gave out as its maker
  /// Per variable: true if all is written already (eager values, or no elements).
  std::vector<std::uint8_t> complete;
  /// Per variable, for files that are written by pwrite (NetCDF-3, uncompressed contiguous NetCDF-4):
  /// byte offset of the data, else UINT64_MAX; stride between records for NetCDF-3 record variables.
  std::vector<std::uint64_t> offsets;
  std::vector<std::uint64_t> record_strides;
};
void write_to(ByteWriter& writer, const OutputTarget& target);
OutputTarget read_output_target(ByteReader& reader);

/// Where an output is made until it is committed.
std::string temporary_path_of(const array::OutputSpec& spec, const std::string& token);
/// What an output of that token is known by before it is made: its names, and no contents.
OutputTarget target_to_make(const array::OutputSpec& spec, const std::string& token);
/// Whether target.temporary_path is what temporary_path_of() gives for some token: whoever removes it, or goes on with what lies
/// there, asks first, for a journal may be damaged.
bool has_own_temporary_path(const OutputTarget& target);

/// Whether what create_output() has made is there, and not something else under its name.
bool is_unfinished(const OutputTarget& target);

/// Whether the place and the mode allow the output; nothing is made. Throws OutputError.
void check_output(const array::OutputSpec& spec);

/// Called on rank 0 before any data is read: checks that the place is writable and that the mode
/// allows it, creates the temporary file or store with all metadata and all eager values. `token`: letters, digits and
/// dashes that nobody can guess. Throws OutputError, also where anything has the temporary name already.
OutputTarget create_output(const array::OutputSpec& spec, const std::string& token);

/// The owner of a NetCDF-4 file is lost: what it wrote is undone, and the file is as create_output() left it, under the
/// same temporary name. `spec` is what create_output() was given. Boxes that other ranks have written at known offsets
/// stay. Throws OutputError; one that says so if the owner may still be writing beside them.
void renew_output(const array::OutputSpec& spec, const OutputTarget& target, bool owner_may_live);

/// True if chunks of `variable` may be written by any rank (Zarr files, pwrite at known offsets);
/// false if all must go through the file's one owner (compressed NetCDF-4).
bool any_rank_writes(const OutputTarget& target, std::size_t variable);

/// True if a chunk of `array` and a unit of `variable` (encoded_unit) with the same values have the same bytes: one shape, byte
/// order, element order and codec chain (levels included, so that a wish for another level is obeyed).
bool stores_alike(const array::StoredArray& array, const array::OutputVariable& variable);

/// The stored chunks that cover `box` (aligned to chunk_shape except at the array's end) with their
/// encoded bytes; edges are padded with fill. Pure computation, any thread, any rank.
struct EncodedChunk {
  Index chunk;                     ///< chunk index per axis; for pwrite targets the box's own origin is used
  std::vector<std::byte> bytes;
};
std::vector<EncodedChunk> encode_chunks(const array::OutputVariable& variable, const NdArray& values, const Box& box);

/// The smallest pieces that are encoded by themselves: the inner chunks of shards, else the chunks. Empty: not chunked.
const Shape& encoded_unit(const array::OutputVariable& variable);
/// The same where some units come as they are stored already: `stored` gives the bytes of the unit of that number, or
/// nothing; then `values` is asked for the values of its box.
using StoredUnit = std::function<std::optional<std::vector<std::byte>>(const Index& unit)>;
using UnitValues = std::function<NdArray(const Box& part)>;
std::vector<EncodedChunk> encode_chunks(const array::OutputVariable& variable, const Box& box, const StoredUnit& stored,
                                        const UnitValues& values);

struct WriteCounters {
  std::atomic<std::uint64_t> stored_bytes{0};
  std::atomic<std::uint64_t> encode_ns{0};
  std::atomic<std::uint64_t> write_ns{0};
};

/// Writes into targets from one process. Threads may call at once; compressed NetCDF-4 is serialised
/// by a lock inside. Writing the same chunk twice leaves the second.
class Writer {
 public:
  Writer();
  ~Writer();
  /// Encoded chunks: Zarr files (temporary name, then rename) and, in the owner only, NetCDF-4 chunks.
  void write_chunk(const OutputTarget& target, std::size_t variable, const EncodedChunk& chunk);
  /// Unencoded values of `box` at known offsets (offsets[variable] != UINT64_MAX), byte order applied.
  void write_box(const OutputTarget& target, std::size_t variable, const NdArray& values, const Box& box);
  /// Where write_chunk(), write_box() and close() wait for a full disk to have room again, once it is enabled.
  RoomWait& room();
  /// What this process has written of the target reaches the disk; the target stays open. Never waits for room.
  void flush(const OutputTarget& target);
  /// Where a chunk that was appended to a compressed NetCDF-4 file lies in target.temporary_path, which is opened for it if
  /// it is not open.
  struct ChunkPlace {
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
  };
  ChunkPlace place_of(const OutputTarget& target, std::size_t variable, const Index& chunk);
  /// Flushes and closes what this process holds of the target, reporting what closing can lose.
  void close(const OutputTarget& target);
  const WriteCounters& counters() const;
 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// fsync, then rename to the final name (replacing what mode w allows). Called once, on one rank,
/// after every rank's close().
void commit_output(const OutputTarget& target);
/// The same for an output whose commit another process may have begun: a store that was cut off in the middle of it does not read
/// back as one before it has ended. What was created was read back then.
void finish_commit(const OutputTarget& target);
/// Removes the temporary file or store, and what else a crash may have left beside it; nothing that is not ours or does not have
/// such a name. Never throws.
void discard_output(const OutputTarget& target) noexcept;

}  // namespace rankine::store
