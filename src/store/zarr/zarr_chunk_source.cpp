#include "store/zarr/zarr_chunk_source.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/check.hpp"
#include "base/error.hpp"
#include "grid/box.hpp"
#include "store/chunk_read.hpp"
#include "store/confinement.hpp"
#include "store/io_faults.hpp"

namespace rankine::store {
namespace {

bool is_missing(const ShardIndex::Entry& entry) {
  return entry.offset == ShardIndex::missing && entry.bytes == ShardIndex::missing;
}

}  // namespace

std::shared_ptr<const ShardIndex> ShardIndexCache::find(const std::string& key) {
  const std::lock_guard lock(mutex_);
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return nullptr;
  recent_.splice(recent_.begin(), recent_, found->second);
  return recent_.front().index;
}

void ShardIndexCache::keep(const std::string& key, std::shared_ptr<const ShardIndex> index) {
  const std::lock_guard lock(mutex_);
  if (by_key_.count(key) != 0) return;
  const auto bytes_of = [](const Kept& kept) { return kept.index->entries.size() * sizeof(ShardIndex::Entry) + kept.key.size(); };
  recent_.push_front({key, std::move(index)});
  by_key_[key] = recent_.begin();
  held_bytes_ += bytes_of(recent_.front());
  while (held_bytes_ > limit_bytes && recent_.size() > 1) {
    held_bytes_ -= bytes_of(recent_.back());
    by_key_.erase(recent_.back().key);
    recent_.pop_back();
  }
}

void StoredObject::read_at(std::uint64_t offset, std::span<std::byte> out) const {
  if (offset > size_ || out.size() > size_ - offset)
    throw InputError("it ends at byte " + std::to_string(offset + out.size()) + ", behind the end of its " +
                     std::to_string(size_) + " bytes: it is truncated or damaged");
  if (file_)
    file_->read_at(begin_ + offset, out);
  else if (!out.empty())
    std::memcpy(out.data(), unpacked_.data() + offset, out.size());
}

std::string zarr_object_key(const array::StoredArray& array, const Index& object) {
  std::string key = array.zarr.prefix;
  if (object.empty()) return key.empty() ? "0" : key.substr(0, key.size() - 1);
  for (std::size_t axis = 0; axis < object.size(); ++axis) {
    if (axis != 0) key += array.separator;
    key += std::to_string(object[axis]);
  }
  return key;
}

ZarrChunkSource::ZarrChunkSource(const array::StoredArray& array, ZarrReading& reading)
    : array_(array), reading_(reading),
      object_shape_(array.zarr.shards.empty() ? array.chunk_shape : array.zarr.shards[0].shape) {
  if (!array.zarr.archive.empty())
    archive_ = reading.archives.open(array.zarr.archive, {array.file_size, array.file_mtime_ns});
}

Index ZarrChunkSource::object_of(const Index& chunk) const {
  Index object = chunk;
  for (std::size_t axis = 0; axis < chunk.size(); ++axis)
    object[axis] = chunk[axis] * array_.chunk_shape[axis] / object_shape_[axis];
  return object;
}

std::uint64_t ZarrChunkSource::most_object_bytes() const {
  // Codecs that cannot make a chunk smaller add little to it; the index of a shard takes 16 bytes a chunk.
  constexpr std::uint64_t headers = 64u << 10, index_entry = 16;
  const auto elements = static_cast<std::uint64_t>(std::max<std::int64_t>(1, element_count(object_shape_)));
  const auto chunk = static_cast<std::uint64_t>(std::max<std::int64_t>(1, element_count(array_.chunk_shape)));
  return headers + 2 * elements * size_of(array_.dtype) + array_.zarr.shards.size() * 2 * index_entry * (elements / chunk + 1);
}

std::optional<StoredObject> ZarrChunkSource::open(const Index& index) const {
  const std::string path = array_.path + "/" + zarr_object_key(array_, index);
  StoredObject object;
  if (archive_) {
    const auto* member = archive_->find(path.substr(array_.zarr.archive.size() + 1));
    if (member == nullptr) return std::nullopt;
    object.key_ = path + '\n' + std::to_string(archive_->stamp().mtime_ns);
    if (is_sharded() && member->method == 0) {
      // Its CRC covers the whole: parts are read unchecked by it, and checked by their own codecs.
      object.begin_ = archive_->data_offset(*member);
      object.size_ = member->stored_bytes;
      object.file_ = archive_->file();
    } else {
      object.unpacked_ = archive_->read(*member, most_object_bytes());
      object.size_ = object.unpacked_.size();
    }
    return object;
  }
  struct stat status {};
  if (const int reason = stat_with_retries(path, status); reason == ENOENT || reason == ENOTDIR) {
    // A chunk that was never written; but a store that has gone is not a store full of fill values. Some arrays
    // have their document only in the consolidated metadata: then the directory itself speaks.
    if (::stat((array_.path + "/" + array_.zarr.metadata).c_str(), &status) != 0 && ::stat(array_.path.c_str(), &status) != 0)
      throw InputError("the array is not there any more");
    return std::nullopt;
  }
  if (confinement().on) check_pointed_file(path, array_.variable + " in " + array_.path, array_.path);
  object.file_ = std::make_shared<const OpenFile>(path);
  object.size_ = object.file_->stamp().size;
  object.key_ = path + '\n' + std::to_string(object.file_->stamp().mtime_ns) + '\n' + std::to_string(object.size_);
  return object;
}

std::optional<ZarrChunkSource::Place> ZarrChunkSource::locate(const StoredObject& object, const Index& chunk) const {
  Place place{0, object.size()};
  for (std::size_t level = 0; level < array_.zarr.shards.size(); ++level) {
    const Shape& shard = array_.zarr.shards[level].shape;
    const bool last = level + 1 == array_.zarr.shards.size();
    const Shape& inner = last ? array_.chunk_shape : array_.zarr.shards[level + 1].shape;
    std::int64_t number = 0;
    for (std::size_t axis = 0; axis < chunk.size(); ++axis) {
      const std::int64_t element = chunk[axis] * array_.chunk_shape[axis] % shard[axis];
      number = number * (shard[axis] / inner[axis]) + element / inner[axis];
    }
    const auto index = index_of(object, level, place);
    const auto& entry = index->entries[static_cast<std::size_t>(number)];
    if (is_missing(entry)) return std::nullopt;
    if (entry.offset > place.bytes || entry.bytes > place.bytes - entry.offset)
      throw InputError("the index of its shard says bytes " + std::to_string(entry.offset) + " to " +
                       std::to_string(entry.offset + entry.bytes) + ", behind the shard's end at " +
                       std::to_string(place.bytes) + ": the shard is truncated or damaged");
    place = {place.offset + entry.offset, entry.bytes};
  }
  return place;
}

std::shared_ptr<const ShardIndex> ZarrChunkSource::index_of(const StoredObject& object, std::size_t level,
                                                            Place place) const {
  const auto& shard = array_.zarr.shards[level];
  const std::string key = object.key() + '\n' + std::to_string(level) + '\n' + std::to_string(place.offset);
  if (auto known = reading_.indexes.find(key)) return known;
  const Shape& inner = level + 1 == array_.zarr.shards.size() ? array_.chunk_shape : array_.zarr.shards[level + 1].shape;
  std::uint64_t count = 1;
  for (std::size_t axis = 0; axis < inner.size(); ++axis)
    count *= static_cast<std::uint64_t>(shard.shape[axis] / inner[axis]);  // no more than its elements: below 2^40
  const std::uint64_t raw_bytes = count * sizeof(ShardIndex::Entry);
  const std::uint64_t stored_bytes = raw_bytes + 4 * shard.index_codecs.size();
  // Checked before memory is asked for: the metadata may claim any number of chunks.
  if (stored_bytes > place.bytes)
    throw InputError("its shard has " + std::to_string(place.bytes) + " bytes, too few for an index of " +
                     std::to_string(count) + " chunks: it is truncated or damaged");
  std::vector<std::byte> stored(stored_bytes);
  object.read_at(place.offset + (shard.index_at_end ? place.bytes - stored_bytes : 0), stored);
  auto index = std::make_shared<ShardIndex>();
  index->entries.resize(count);
  const auto raw = std::as_writable_bytes(std::span(index->entries));
  try {
    codec::decode(shard.index_codecs, 0, stored, raw, ThreadBuffers::of_this_thread().codecs);
  } catch (const InputError& error) {
    throw InputError(std::string("the index of its shard is damaged: ") + error.what());
  }
  if (shard.index_big_endian) codec::swap_bytes(raw, 8);
  reading_.indexes.keep(key, index);
  return index;
}

}  // namespace rankine::store
