#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "array/stored_array.hpp"
#include "grid/box.hpp"
#include "grid/nd_array.hpp"
#include "store/chunk_cache.hpp"
#include "store/descriptor_cache.hpp"
#include "store/store.hpp"
#include "store/zarr/zarr_chunk_source.hpp"

namespace rankine::store {

/// What the reading of one box needs from its process.
struct ReadContext {
  const Reader::Limits& limits;
  DescriptorCache& files;
  ChunkCache& cache;
  ReadCounters& counters;
  ZarrReading& zarr;
};

/// Below this gap it is cheaper to read what lies between two chunks than to ask twice.
inline constexpr std::uint64_t gap_worth_reading = std::uint64_t{64} << 10;

/// Storage::contiguous and records. Fills all of `out`, the values of `box`.
void read_rows(const array::StoredArray& array, const Box& box, NdArray& out, const ReadContext& context);
/// Storage::chunked and zarr_files.
void read_chunks(const array::StoredArray& array, const Box& box, NdArray& out, const ReadContext& context);

/// One chunk's stored bytes, as Reader::read_stored_chunk.
std::optional<std::vector<std::byte>> read_stored_chunk(const array::StoredArray& array, const Index& chunk,
                                                        const ReadContext& context);

/// As Reader::announce.
std::uint64_t announce_box(const array::StoredArray& array, const Box& box, std::uint64_t room, const ReadContext& context) noexcept;

/// Fills the part of `out` (values of `box`) that lies in `part` with the array's fill value.
void fill_part(const array::StoredArray& array, const Box& box, const Box& part, NdArray& out);

/// Adds the time between construction and destruction to a counter.
class CountedTime {
 public:
  explicit CountedTime(std::atomic<std::uint64_t>& counter);
  ~CountedTime();
  CountedTime(const CountedTime&) = delete;
  CountedTime& operator=(const CountedTime&) = delete;

 private:
  std::atomic<std::uint64_t>& counter_;
  std::uint64_t start_ns_;
};

/// Buffers of one thread, reused between boxes; they hold one coalesced read and one decoded chunk.
struct ThreadBuffers {
  codec::Scratch codecs;
  std::span<std::byte> stored(std::size_t size) { return grown(stored_, size); }
  std::span<std::byte> decoded(std::size_t size) { return grown(decoded_, size); }
  static ThreadBuffers& of_this_thread();

 private:
  static std::span<std::byte> grown(AlignedBytes& buffer, std::size_t size) {
    if (buffer.size() < size) buffer = AlignedBytes(size);
    return {buffer.data(), size};
  }
  AlignedBytes stored_;
  AlignedBytes decoded_;
};

}  // namespace rankine::store
