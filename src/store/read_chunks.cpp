#include <algorithm>
#include <cstring>
#include <new>
#include <type_traits>
#include <unordered_set>
#include <utility>

#include "base/check.hpp"
#include "base/error.hpp"
#include "grid/strided_view.hpp"
#include "store/chunk_read.hpp"

namespace rankine::store {
namespace {

// bzip2 of zeros comes nearest.
constexpr std::size_t most_expansion = std::size_t{1} << 20;

// One stored chunk that the box touches.
struct ChunkPart {
  Index chunk;
  std::int64_t linear = 0;
  Box valid;               ///< the chunk's elements inside the array
  Box part;                ///< those of them inside the box
  std::uint64_t offset = 0;
  std::uint32_t stored_bytes = 0;
  std::uint32_t filter_mask = 0;
  std::string claim;       ///< key of our claim on the cache, or empty
  bool is_partial() const { return part != valid; }
  std::int64_t unused() const { return valid.element_count() - part.element_count(); }
};

// All of one box of one array; a class so that its steps share what they would all be handed.
class BoxRead {
 public:
  BoxRead(const array::StoredArray& array, const Box& box, NdArray& out, const ReadContext& context)
      : array_(array), box_(box), out_(out), context_(context), buffers_(ThreadBuffers::of_this_thread()),
        element_(size_of(array.dtype)) {
    chunk_bytes_ = static_cast<std::size_t>(element_count(array.chunk_shape)) * element_;
    if (chunk_bytes_ / element_ != static_cast<std::size_t>(element_count(array.chunk_shape)))
      throw InputError("cannot read " + array.variable + " in " + array.path + ": its chunks " +
                       format_tuple(array.chunk_shape) + " are larger than memory can be");
  }
  ~BoxRead() {
    for (const std::string& claim : claims_) context_.cache.release(claim);
  }
  BoxRead(const BoxRead&) = delete;
  BoxRead& operator=(const BoxRead&) = delete;

  void run() {
    std::vector<ChunkPart> wanted;
    std::vector<ChunkPart> busy;
    for_each_index(touched(), [&](const Index& chunk) {
      ChunkPart part = part_of(chunk);
      if (part.offset == array::ChunkIndex::missing) return fill_part(array_, box_, part.part, out_);
      if (part.is_partial() && context_.cache.holds_chunks_of(chunk_bytes_)) {
        // The number of a chunk means something in one shape of one state of a file only.
        const std::string key = array_.path + '\n' + array_.variable + '\n' + std::to_string(array_.file_mtime_ns) + '\n' +
                                std::to_string(array_.file_size) + '\n' + format_tuple(array_.shape) + '\n' + std::to_string(part.linear);
        auto found = context_.cache.look_up(key, part.part.element_count());
        if (found.answer == ChunkCache::Answer::hit) return copy_part(part, found.chunk->data());
        part.claim = key;
        if (found.answer == ChunkCache::Answer::busy) return busy.push_back(std::move(part));
        claims_.insert(key);
      }
      wanted.push_back(std::move(part));
    });
    read(wanted);
    for (ChunkPart& part : busy) {
      const std::string key = std::exchange(part.claim, "");
      if (const auto chunk = context_.cache.wait(key, part.part.element_count())) {
        copy_part(part, chunk->data());
      } else {
        // It failed there or was pushed out already: ours to decode.
        std::vector<ChunkPart> alone;
        alone.push_back(std::move(part));
        read(alone);
      }
    }
  }

 private:
  Box touched() const {
    Box chunks = box_;
    for (int axis = 0; axis < box_.ndim(); ++axis) {
      chunks.begin[axis] = box_.begin[axis] / array_.chunk_shape[axis];
      chunks.end[axis] = (box_.end[axis] - 1) / array_.chunk_shape[axis] + 1;
    }
    return chunks;
  }

  ChunkPart part_of(const Index& chunk) const {
    ChunkPart part;
    part.chunk = chunk;
    part.valid = {chunk, chunk};
    for (int axis = 0; axis < box_.ndim(); ++axis) {
      const std::int64_t extent = array_.chunk_shape[axis];
      part.linear = part.linear * ceil_div(array_.shape[axis], extent) + chunk[axis];
      part.valid.begin[axis] = chunk[axis] * extent;
      part.valid.end[axis] = std::min(part.valid.begin[axis] + extent, array_.shape[axis]);
    }
    part.part = part.valid.intersect(box_);
    if (array_.storage == array::Storage::chunked) {
      const auto at = static_cast<std::size_t>(part.linear);
      RANKINE_CHECK(array_.index && at < array_.index->offsets.size() && at < array_.index->sizes.size(),
                    "the chunk index is loaded before chunks are read");
      part.offset = array_.index->offsets[at];
      part.stored_bytes = array_.index->sizes[at];
      if (!array_.index->filter_masks.empty()) part.filter_mask = array_.index->filter_masks.at(at);
    }
    return part;
  }

  void read(std::vector<ChunkPart>& parts) {
    if (parts.empty()) return;
    if (array_.storage == array::Storage::zarr_files) return read_zarr(parts);
    const auto file = context_.files.open(array_.path, {array_.file_size, array_.file_mtime_ns});
    read_from(*file, file->stamp().size, parts);
  }

  // Chunks of one file or object, neighbours by one pread.
  template <typename Source>
  void read_from(const Source& source, std::uint64_t source_bytes, std::vector<ChunkPart>& parts) {
    std::sort(parts.begin(), parts.end(),
              [](const ChunkPart& a, const ChunkPart& b) { return a.offset < b.offset; });
    const std::vector<Group> groups = grouped(parts);
    std::size_t asked = 0;           // groups that the system has been told of
    std::uint64_t ahead_bytes = 0;   // of those that are not read yet
    for (std::size_t number = 0; number < groups.size(); ++number) {
      const Group& group = groups[number];
      // While one group is decoded the next ones are on their way.
      while (asked < groups.size() && (asked <= number || ahead_bytes + groups[asked].bytes() <= context_.limits.read_ahead_bytes)) {
        if (asked > number) source.will_need(groups[asked].begin, groups[asked].bytes());
        ahead_bytes += groups[asked++].bytes();
      }
      ahead_bytes -= group.bytes();
      const auto bytes = named(parts[group.first], [&] { return fetch(source, source_bytes, group.begin, group.end); });
      for (std::size_t at = group.first; at < group.next; ++at) {
        const ChunkPart& part = parts[at];
        named(part, [&] { decode(part, bytes.subspan(part.offset - group.begin, part.stored_bytes)); });
      }
    }
  }

  /// Chunks [first, next), sorted by offset, that one pread fetches: bytes [begin, end).
  struct Group {
    std::size_t first, next;
    std::uint64_t begin, end;
    std::uint64_t bytes() const { return end - begin; }
  };

  std::vector<Group> grouped(const std::vector<ChunkPart>& parts) const {
    std::vector<Group> groups;
    for (std::size_t at = 0; at < parts.size(); ++at) {
      const ChunkPart& part = parts[at];
      const std::uint64_t end = part.offset + part.stored_bytes;
      if (!groups.empty()) {
        // Sorted by offset, so a group's bytes end with its furthest chunk.
        Group& last = groups.back();
        const std::uint64_t joined_end = std::max(last.end, end);
        if (part.offset <= last.end + gap_worth_reading && joined_end - last.begin <= context_.limits.coalesce_bytes) {
          last.next = at + 1;
          last.end = joined_end;
          continue;
        }
      }
      groups.push_back({at, at + 1, part.offset, end});
    }
    return groups;
  }

  template <typename Source>
  std::span<const std::byte> fetch(const Source& source, std::uint64_t source_bytes, std::uint64_t begin, std::uint64_t end) {
    // Checked before memory is asked for: a damaged index may claim any size.
    if (end < begin || end > source_bytes)
      throw InputError("it ends at byte " + std::to_string(end) + ", behind the file's end at " +
                       std::to_string(source_bytes) + ": the file is truncated or damaged");
    const CountedTime time(context_.counters.read_ns);
    const auto bytes = buffers_.stored(end - begin);
    source.read_at(begin, bytes);
    ++context_.counters.reads;
    context_.counters.stored_bytes += bytes.size();
    return bytes;
  }

  // Objects one after the other, each with all of its chunks that are wanted.
  void read_zarr(std::vector<ChunkPart>& parts) {
    const ZarrChunkSource source(array_, context_.zarr);
    if (source.is_sharded())
      std::stable_sort(parts.begin(), parts.end(), [&](const ChunkPart& a, const ChunkPart& b) {
        return source.object_of(a.chunk) < source.object_of(b.chunk);
      });
    for (auto first = parts.begin(); first != parts.end();) {
      const Index number = source.object_of(first->chunk);
      const auto object = named(*first, [&] { return source.open(number); });
      std::vector<ChunkPart> found;
      for (; first != parts.end() && source.object_of(first->chunk) == number; ++first) {
        const auto place = object ? named(*first, [&] { return source.locate(*object, first->chunk); }) : std::nullopt;
        if (!place) {
          fill_part(array_, box_, first->part, out_);
          end_claim(*first);
          continue;
        }
        if (place->bytes > UINT32_MAX)
          named(*first, [&] { throw InputError("it has " + std::to_string(place->bytes) + " stored bytes, more than 4 GB"); });
        first->offset = place->offset;
        first->stored_bytes = static_cast<std::uint32_t>(place->bytes);
        found.push_back(std::move(*first));
      }
      if (!found.empty()) read_from(*object, object->size(), found);
    }
  }

  void decode(const ChunkPart& part, std::span<const std::byte> stored) {
    const CountedTime time(context_.counters.decode_ns);
    // No codec makes more of a byte: metadata that claims more must not cost memory.
    if (chunk_bytes_ / most_expansion > stored.size())
      throw InputError("its " + std::to_string(stored.size()) + " stored bytes cannot decode to the " +
                       std::to_string(chunk_bytes_) + " bytes of a chunk");
    const bool direct = lies_contiguously(part);
    std::shared_ptr<AlignedBytes> kept;
    if (!part.claim.empty()) kept = std::make_shared<AlignedBytes>(chunk_bytes_);
    const std::span<std::byte> to =
        direct ? std::span(out_.raw() + offset_in_out(part.part.begin), chunk_bytes_)
        : kept ? std::span(kept->data(), chunk_bytes_)
               : buffers_.decoded(chunk_bytes_);
    codec::decode(array_.codecs, part.filter_mask, stored, to, buffers_.codecs);
    if (array_.big_endian) codec::swap_bytes(to, element_);
    if (array_.dtype == DType::boolean)  // any other byte in a bool is undefined behaviour later
      for (auto& byte : to) byte = static_cast<std::byte>(byte != std::byte{0});
    context_.counters.decoded_bytes += chunk_bytes_;
    ++context_.counters.decoded_chunks;
    if (!direct) copy_part(part, to.data());
    if (kept) {
      context_.cache.publish(part.claim, std::move(kept), part.unused());
      claims_.erase(part.claim);
    }
  }

  void end_claim(const ChunkPart& part) {
    if (part.claim.empty()) return;
    context_.cache.release(part.claim);
    claims_.erase(part.claim);
  }

  // The whole chunk is wanted and its elements stand in the result in their own order, without gaps.
  bool lies_contiguously(const ChunkPart& part) const {
    if (part.is_partial() || (array_.fortran_order && box_.ndim() > 1) || !array_.axis_order.empty()) return false;
    bool inner_must_be_whole = false;
    for (int axis = 0; axis < box_.ndim(); ++axis) {
      if (part.part.extent(axis) != array_.chunk_shape[axis]) return false;
      if (inner_must_be_whole && array_.chunk_shape[axis] != box_.extent(axis)) return false;
      if (array_.chunk_shape[axis] != 1) inner_must_be_whole = true;
    }
    return true;
  }

  std::size_t offset_in_out(const Index& at) const {
    std::int64_t elements = 0;
    for (int axis = 0; axis < box_.ndim(); ++axis)
      elements = elements * box_.extent(axis) + (at[axis] - box_.begin[axis]);
    return static_cast<std::size_t>(elements) * element_;
  }

  void copy_part(const ChunkPart& part, const std::byte* chunk) {
    StridedView view;
    view.dtype = array_.dtype;
    view.data = chunk;
    view.shape = array_.chunk_shape;
    view.byte_strides.resize(array_.chunk_shape.size());
    auto stride = static_cast<std::int64_t>(element_);
    const int ndim = box_.ndim();
    for (int i = 0; i < ndim; ++i) {
      const int axis = !array_.axis_order.empty() ? static_cast<int>(array_.axis_order[ndim - 1 - i])
                       : array_.fortran_order     ? i
                                                  : ndim - 1 - i;
      view.byte_strides[axis] = stride;
      stride *= array_.chunk_shape[axis];
    }
    copy_into(view.inside(part.part.relative_to(part.valid.begin)), out_, part.part.relative_to(box_.begin).begin);
  }

  template <typename F>
  std::invoke_result_t<F> named(const ChunkPart& part, F&& f) {
    const std::string what =
        "cannot read chunk " + format_tuple(part.chunk) + " of " + array_.variable + " in " + array_.path + ": ";
    try {
      return f();
    } catch (const InputError& error) {
      throw InputError(what + error.what());
    } catch (const std::bad_alloc&) {
      throw InputError(what + "no memory for its " + std::to_string(chunk_bytes_) + " bytes");
    }
  }

  const array::StoredArray& array_;
  const Box& box_;
  NdArray& out_;
  const ReadContext& context_;
  ThreadBuffers& buffers_;
  std::size_t element_;
  std::size_t chunk_bytes_ = 0;
  std::unordered_set<std::string> claims_;
};

}  // namespace

void fill_part(const array::StoredArray& array, const Box& box, const Box& part, NdArray& out) {
  StridedView one;
  one.dtype = array.dtype;
  one.data = array.fill.data();
  one.shape.assign(array.shape.size(), 1);
  one.byte_strides.assign(array.shape.size(), 0);
  copy_into(one.broadcast_to(part.shape()), out, part.relative_to(box.begin).begin);
}

void read_chunks(const array::StoredArray& array, const Box& box, NdArray& out, const ReadContext& context) {
  BoxRead(array, box, out, context).run();
}

}  // namespace rankine::store
