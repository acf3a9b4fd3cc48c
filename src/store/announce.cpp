#include <algorithm>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "store/chunk_read.hpp"

namespace rankine::store {
namespace {

/// Byte ranges of one file, told to the system from the front on until there is no room left.
class Ranges {
 public:
  void add(std::uint64_t begin, std::uint64_t bytes) {
    if (bytes != 0) ranges_.emplace_back(begin, begin + bytes);
  }
  /// The bytes that were asked for.
  template <typename Source>
  std::uint64_t tell(const Source& source, std::uint64_t source_bytes, std::uint64_t room) {
    std::sort(ranges_.begin(), ranges_.end());
    std::uint64_t told = 0;
    for (std::size_t i = 0; i < ranges_.size() && told < room;) {
      auto [begin, end] = ranges_[i];
      for (++i; i < ranges_.size() && ranges_[i].first <= end + gap_worth_reading; ++i) end = std::max(end, ranges_[i].second);
      end = std::min(end, source_bytes);
      if (begin >= end) continue;
      end = begin + std::min(end - begin, room - told);
      source.will_need(begin, end - begin);
      told += end - begin;
    }
    return told;
  }

 private:
  std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges_;
};

Box chunks_touching(const array::StoredArray& array, const Box& box) {
  Box chunks = box;
  for (int axis = 0; axis < box.ndim(); ++axis) {
    chunks.begin[axis] = box.begin[axis] / array.chunk_shape[axis];
    chunks.end[axis] = ceil_div(box.end[axis], array.chunk_shape[axis]);
  }
  return chunks;
}

std::uint64_t announce_chunks(const array::StoredArray& array, const Box& box, std::uint64_t room, const ReadContext& context) {
  if (!array.index || !array.index->damage.empty()) return 0;
  Ranges ranges;
  for_each_index(chunks_touching(array, box), [&](const Index& chunk) {
    std::size_t linear = 0;
    for (std::size_t axis = 0; axis < chunk.size(); ++axis)
      linear = linear * static_cast<std::size_t>(ceil_div(array.shape[axis], array.chunk_shape[axis])) + static_cast<std::size_t>(chunk[axis]);
    if (array.index->offsets.at(linear) != array::ChunkIndex::missing) ranges.add(array.index->offsets[linear], array.index->sizes.at(linear));
  });
  const auto file = context.files.open(array.path, {array.file_size, array.file_mtime_ns});
  return ranges.tell(*file, file->stamp().size, room);
}

/// Rows from the first to the last; a box that takes little of what lies between them is left to its reader.
std::uint64_t announce_rows(const array::StoredArray& array, const Box& box, std::uint64_t room, const ReadContext& context) {
  if (array.offset == array::ChunkIndex::missing) return 0;
  const std::uint64_t element = size_of(array.dtype);
  Shape strides = c_strides(array.shape);
  for (auto& stride : strides) stride *= static_cast<std::int64_t>(element);
  if (array.storage == array::Storage::records && !strides.empty()) strides[0] = static_cast<std::int64_t>(array.record_stride);
  std::uint64_t begin = array.offset, end = array.offset + element;
  for (int axis = 0; axis < box.ndim(); ++axis) {
    begin += static_cast<std::uint64_t>(box.begin[axis] * strides[axis]);
    end += static_cast<std::uint64_t>((box.end[axis] - 1) * strides[axis]);
  }
  if (end - begin > 4 * element * static_cast<std::uint64_t>(box.element_count())) return 0;
  Ranges ranges;
  ranges.add(begin, end - begin);
  const auto file = context.files.open(array.path, {array.file_size, array.file_mtime_ns});
  return ranges.tell(*file, file->stamp().size, room);
}

std::uint64_t announce_objects(const array::StoredArray& array, const Box& box, std::uint64_t room, const ReadContext& context) {
  const ZarrChunkSource source(array, context.zarr);
  std::vector<std::pair<Index, Index>> chunks;  // object, chunk
  for_each_index(chunks_touching(array, box), [&](const Index& chunk) { chunks.emplace_back(source.object_of(chunk), chunk); });
  if (source.is_sharded()) std::stable_sort(chunks.begin(), chunks.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::uint64_t told = 0;
  for (std::size_t i = 0; i < chunks.size() && told < room;) {
    const Index number = chunks[i].first;
    const auto object = source.open(number);
    Ranges ranges;
    for (; i < chunks.size() && chunks[i].first == number; ++i)
      if (const auto place = object ? source.locate(*object, chunks[i].second) : std::nullopt) ranges.add(place->offset, place->bytes);
    if (object) told += ranges.tell(*object, object->size(), room - told);
  }
  return told;
}

}  // namespace

std::uint64_t announce_box(const array::StoredArray& array, const Box& box, std::uint64_t room, const ReadContext& context) noexcept {
  try {
    if (box.empty() || room == 0) return 0;
    std::uint64_t told = 0;
    switch (array.storage) {
      case array::Storage::chunked: told = announce_chunks(array, box, room, context); break;
      case array::Storage::zarr_files: told = announce_objects(array, box, room, context); break;
      case array::Storage::contiguous:
      case array::Storage::records: told = announce_rows(array, box, room, context); break;
      case array::Storage::library: break;
    }
    context.counters.announced_bytes += told;
    return told;
  } catch (const std::exception&) {
    return 0;  // whoever reads it says what is wrong
  }
}

}  // namespace rankine::store
