#pragma once
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "array/stored_array.hpp"
#include "store/descriptor_cache.hpp"
#include "store/zarr/zip_archive.hpp"

namespace rankine::store {

/// The index of one shard: where each of its inner chunks lies, relative to the shard, by C-order number.
struct ShardIndex {
  struct Entry {
    std::uint64_t offset;
    std::uint64_t bytes;
  };
  static constexpr std::uint64_t missing = UINT64_MAX;
  std::vector<Entry> entries;
};

/// Shard indexes of one process, bounded; the least recently used leaves.
class ShardIndexCache {
 public:
  std::shared_ptr<const ShardIndex> find(const std::string& key);
  void keep(const std::string& key, std::shared_ptr<const ShardIndex> index);

 private:
  static constexpr std::size_t limit_bytes = 64u << 20;  ///< four million chunks
  struct Kept {
    std::string key;
    std::shared_ptr<const ShardIndex> index;
  };
  std::mutex mutex_;
  std::list<Kept> recent_;
  std::unordered_map<std::string, std::list<Kept>::iterator> by_key_;
  std::size_t held_bytes_ = 0;
};

/// What reading Zarr needs from its process.
struct ZarrReading {
  ZipArchives archives;
  ShardIndexCache indexes;
};

/// One stored object, a chunk or a shard of chunks: a file, a part of an archive, or bytes that had to be unpacked.
class StoredObject {
 public:
  std::uint64_t size() const { return size_; }
  /// Throws InputError without any path.
  void read_at(std::uint64_t offset, std::span<std::byte> out) const;
  void will_need(std::uint64_t offset, std::uint64_t bytes) const noexcept {
    if (file_) file_->will_need(begin_ + offset, bytes);
  }
  /// Distinguishes this state of the object from others.
  const std::string& key() const { return key_; }

 private:
  friend class ZarrChunkSource;
  std::shared_ptr<const OpenFile> file_;
  std::vector<std::byte> unpacked_;  ///< if there is no file
  std::uint64_t begin_ = 0;
  std::uint64_t size_ = 0;
  std::string key_;
};

/// Finds the stored bytes of one Zarr array's chunks. For one thread.
class ZarrChunkSource {
 public:
  /// Throws InputError if the archive changed since the metadata was read.
  ZarrChunkSource(const array::StoredArray& array, ZarrReading& reading);

  bool is_sharded() const { return !array_.zarr.shards.empty(); }
  /// Index of the object that holds a chunk.
  Index object_of(const Index& chunk) const;
  /// nullopt if it was never written. Throws InputError if the whole array has gone.
  std::optional<StoredObject> open(const Index& object) const;
  struct Place {
    std::uint64_t offset;
    std::uint64_t bytes;
  };
  /// Where in its object a chunk lies; nullopt if it was never written. Reads the index of the shard.
  std::optional<Place> locate(const StoredObject& object, const Index& chunk) const;

 private:
  /// What an object can take before it is packed into an archive.
  std::uint64_t most_object_bytes() const;
  std::shared_ptr<const ShardIndex> index_of(const StoredObject& object, std::size_t level, Place shard) const;

  const array::StoredArray& array_;
  ZarrReading& reading_;
  std::shared_ptr<const ZipArchive> archive_;
  Shape object_shape_;
};

/// The key of one object below the array's path: "1.0.2", "c/1/0/2", "c" or "0" of a scalar.
std::string zarr_object_key(const array::StoredArray& array, const Index& object);

}  // namespace rankine::store
