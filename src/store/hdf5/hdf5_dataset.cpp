#include "store/hdf5/hdf5_dataset.hpp"

#include <hdf5.h>

#include <algorithm>
#include <cstring>

#include "base/error.hpp"
#include "grid/box.hpp"
#include "store/library_lock.hpp"

namespace rankine::store {
namespace {

std::string through_library(array::StoredArray& stored, const std::string& reason) {
  stored.storage = array::Storage::library;
  stored.library_reason = reason;
  stored.codecs.clear();
  return "";
}

/// A dataset none of whose elements were ever written: an index of missing chunks only.
void mark_all_missing(array::StoredArray& stored) {
  stored.storage = array::Storage::chunked;
  // Few, large chunks: nothing is read for them, and their number must not grow with a claimed shape.
  const auto bytes = static_cast<std::uint64_t>(element_count(stored.shape)) * size_of(stored.dtype);
  stored.chunk_shape = read_shape(stored.shape, size_of(stored.dtype), std::max<std::uint64_t>(16u << 20, bytes >> 20));
  std::uint64_t count = 1;
  for (std::size_t axis = 0; axis < stored.shape.size(); ++axis)
    count *= static_cast<std::uint64_t>(ceil_div(stored.shape[axis], stored.chunk_shape[axis]));
  auto index = std::make_shared<array::ChunkIndex>();
  index->offsets.assign(count, array::ChunkIndex::missing);
  index->sizes.assign(count, 0);
  stored.index = std::move(index);
}

/// libhdf5 applies these by itself or by a plugin that is installed here.
std::string filter_for_library(const codec::Pipeline& filters) {
  for (const auto& filter : filters) {
    if (filter.kind != codec::Kind::unknown) continue;
    const std::uint32_t id = filter.parameters.front();
    if (id == H5Z_FILTER_NBIT) return "n-bit filter";
    if (id == H5Z_FILTER_SCALEOFFSET) return "scale-offset filter";
    const LibraryLock lock;
    if (H5Zfilter_avail(static_cast<H5Z_filter_t>(id)) > 0) return codec::describe({filter}) + " of a plugin";
  }
  return "";
}

std::uint64_t saturating_bytes(const std::vector<std::uint64_t>& extents, std::uint64_t element_bytes) {
  std::uint64_t bytes = element_bytes;
  for (const std::uint64_t extent : extents) {
    if (extent != 0 && bytes > UINT64_MAX / extent) return UINT64_MAX;
    bytes *= extent;
  }
  return bytes;
}

/// What decoding may make of a file: a thousand times its size, which deflate reaches, and no more than a process bears.
std::uint64_t text_limit(const Hdf5File& file) { return std::min(max_string_bytes, (64u << 20) + 1024 * file.size()); }

}  // namespace

void describe_encoding(const Hdf5Dataset& dataset, array::Attributes& encoding) {
  bool zlib = false, shuffle = false, fletcher32 = false;
  std::int64_t complevel = 0;
  for (const auto& codec : dataset.filters) {
    if (codec.kind == codec::Kind::deflate) zlib = true, complevel = codec.level;
    shuffle |= codec.kind == codec::Kind::shuffle;
    fletcher32 |= codec.kind == codec::Kind::fletcher32;
  }
  const bool chunked = dataset.layout == Hdf5Dataset::Layout::chunked;
  encoding.set("zlib", NdArray::scalar(zlib));
  encoding.set("shuffle", NdArray::scalar(shuffle));
  encoding.set("complevel", NdArray::scalar(complevel));
  encoding.set("fletcher32", NdArray::scalar(fletcher32));
  encoding.set("contiguous", NdArray::scalar(!chunked));
  if (chunked)
    encoding.set("chunksizes", NdArray::from(std::vector<std::int64_t>(dataset.chunks.chunk_shape.begin(),
                                                                       dataset.chunks.chunk_shape.end())));
}

std::string describe_storage(const Hdf5File& file, const Hdf5Dataset& dataset, std::uint64_t header_address,
                             array::StoredArray& stored) {
  using Layout = Hdf5Dataset::Layout;
  stored.chunk_shape = read_shape(stored.shape, size_of(stored.dtype));
  stored.offset = header_address;
  const std::uint64_t bytes = saturating_bytes(dataset.space.extents, dataset.type.bytes);
  if (bytes > INT64_MAX) return "more elements than memory can address";
  if (dataset.layout == Layout::chunked)
    stored.chunk_shape.assign(dataset.chunks.chunk_shape.begin(), dataset.chunks.chunk_shape.end());
  if (!dataset.type.is_exact)
    return through_library(stored, dataset.type.bytes == 2 && is_float(stored.dtype) ? "half floats" : "unusual element type");
  if (dataset.fill.size() == dataset.type.bytes) {
    std::memcpy(stored.fill.data(), dataset.fill.data(), dataset.fill.size());
    if (dataset.type.big_endian) codec::swap_bytes({stored.fill.data(), dataset.fill.size()}, dataset.fill.size());
  }
  stored.big_endian = dataset.type.big_endian;
  if (dataset.layout == Layout::virtual_dataset) return through_library(stored, "virtual dataset");
  if (dataset.has_external_files) return through_library(stored, "data in an external file");
  if (dataset.layout == Layout::unknown) return through_library(stored, "layout newer than this reader");
  if (dataset.layout == Layout::chunked) {
    if (const std::string reason = filter_for_library(dataset.filters); !reason.empty()) return through_library(stored, reason);
    stored.storage = array::Storage::chunked;
    stored.codecs = dataset.filters;
    return "";
  }
  if (dataset.layout == Layout::contiguous && dataset.address == file.undefined_address()) {
    mark_all_missing(stored);
    return "";
  }
  if (dataset.layout == Layout::compact && dataset.data_bytes < bytes) return "its data are shorter than its shape";
  if (!file.holds(dataset.address, bytes)) return "its data lie beyond the end of the file (truncated?)";
  stored.storage = array::Storage::contiguous;
  stored.offset = file.base() + dataset.address;
  return "";
}

std::vector<std::byte> read_whole_dataset(const Hdf5File& file, const Hdf5Dataset& dataset) {
  using Layout = Hdf5Dataset::Layout;
  const std::uint64_t element = dataset.type.bytes;
  const std::uint64_t bytes = saturating_bytes(dataset.space.extents, element);
  if (bytes > text_limit(file)) file.fail("more texts than a file of its size can hold");
  if (dataset.layout == Layout::compact || (dataset.layout == Layout::contiguous && dataset.address != file.undefined_address()))
    return file.read(dataset.address, bytes);
  std::vector<std::byte> out(bytes);
  if (dataset.fill.size() == element)
    for (std::uint64_t at = 0; at < bytes; at += element) std::memcpy(out.data() + at, dataset.fill.data(), element);
  if (dataset.layout != Layout::chunked || bytes == 0) return out;

  ChunkSpace space;
  space.shape.assign(dataset.space.extents.begin(), dataset.space.extents.end());
  space.extents = dataset.space.extents;
  space.max_extents = dataset.space.max_extents;
  space.filtered = !dataset.filters.empty();
  const array::ChunkIndex index = walk_chunk_index(file, dataset.chunks, space);
  Shape chunk_shape(dataset.chunks.chunk_shape.begin(), dataset.chunks.chunk_shape.end());
  const auto ndim = static_cast<int>(chunk_shape.size());
  const auto chunk_bytes = static_cast<std::size_t>(element_count(chunk_shape)) * element;
  if (chunk_bytes > text_limit(file)) file.fail("a chunk of more texts than a file of its size can hold");
  codec::Scratch scratch;
  std::vector<std::byte> decoded;
  Box grid;
  for (int axis = 0; axis < ndim; ++axis) {
    grid.begin.push_back(0);
    grid.end.push_back(ceil_div(space.shape[axis], chunk_shape[axis]));
  }
  std::size_t number = 0;
  for_each_index(grid, [&](const Index& at) {
    const std::size_t current = number++;
    if (index.offsets[current] == array::ChunkIndex::missing) return;
    const auto stored = file.read(index.offsets[current] - file.base(), index.sizes[current]);
    decoded.resize(chunk_bytes);
    codec::decode(dataset.filters, index.filter_masks.empty() ? 0 : index.filter_masks[current], stored, decoded, scratch);
    Box valid;
    for (int axis = 0; axis < ndim; ++axis) {
      valid.begin.push_back(0);
      valid.end.push_back(std::min(chunk_shape[axis], space.shape[axis] - at[axis] * chunk_shape[axis]));
    }
    const std::int64_t row = ndim == 0 ? 1 : valid.end.back();
    if (ndim != 0) valid.end.back() = 1;
    for_each_index(valid, [&](const Index& inside) {
      std::int64_t from = 0, to = 0;
      for (int axis = 0; axis < ndim; ++axis) {
        from = from * chunk_shape[axis] + inside[axis];
        to = to * space.shape[axis] + at[axis] * chunk_shape[axis] + inside[axis];
      }
      std::memcpy(out.data() + static_cast<std::size_t>(to) * element, decoded.data() + static_cast<std::size_t>(from) * element,
                  static_cast<std::size_t>(row) * element);
    });
  });
  return out;
}

}  // namespace rankine::store
