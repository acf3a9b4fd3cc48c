#include "base/check.hpp"
#include "base/error.hpp"
#include "store/chunk_read.hpp"

namespace rankine::store {
namespace {

template <typename Source>
std::vector<std::byte> take(const Source& source, std::uint64_t source_bytes, std::uint64_t offset, std::uint64_t size,
                            const ReadContext& context) {
  // Before memory is asked for: a damaged index may claim any size.
  if (offset > source_bytes || size > source_bytes - offset)
    throw InputError("it ends at byte " + std::to_string(offset + size) + ", behind the file's end at " +
                     std::to_string(source_bytes) + ": the file is truncated or damaged");
  const CountedTime time(context.counters.read_ns);
  std::vector<std::byte> bytes(size);
  source.read_at(offset, bytes);
  context.counters.stored_bytes += size;
  ++context.counters.reads;
  ++context.counters.moved_chunks;
  return bytes;
}

std::optional<std::vector<std::byte>> read_object(const array::StoredArray& array, const Index& chunk, const ReadContext& context) {
  const ZarrChunkSource source(array, context.zarr);
  const auto object = source.open(source.object_of(chunk));
  if (!object) return {};
  const auto place = source.locate(*object, chunk);
  if (!place) return {};
  return take(*object, object->size(), place->offset, place->bytes, context);
}

}  // namespace

std::optional<std::vector<std::byte>> read_stored_chunk(const array::StoredArray& array, const Index& chunk,
                                                        const ReadContext& context) {
  try {
    if (array.storage == array::Storage::zarr_files) return read_object(array, chunk, context);
    RANKINE_CHECK(array.storage == array::Storage::chunked && array.index, "the chunk index is loaded before chunks are read");
    if (!array.index->damage.empty()) throw InputError(array.index->damage);
    std::size_t linear = 0;
    for (std::size_t axis = 0; axis < chunk.size(); ++axis)
      linear = linear * static_cast<std::size_t>(ceil_div(array.shape[axis], array.chunk_shape[axis])) + static_cast<std::size_t>(chunk[axis]);
    if (array.index->offsets.at(linear) == array::ChunkIndex::missing) return {};
    if (!array.index->filter_masks.empty() && array.index->filter_masks.at(linear) != 0) return {};
    const auto file = context.files.open(array.path, {array.file_size, array.file_mtime_ns});
    return take(*file, file->stamp().size, array.index->offsets[linear], array.index->sizes.at(linear), context);
  } catch (const InputError& error) {
    throw InputError("cannot read chunk " + format_tuple(chunk) + " of " + array.variable + " in " + array.path + ": " + error.what());
  }
}

bool stores_alike(const array::StoredArray& array, const array::OutputVariable& variable) {
  const bool by_chunk = array.storage == array::Storage::chunked || array.storage == array::Storage::zarr_files;
  if (!by_chunk || variable.keep_digits != 0 || array.fortran_order || !array.axis_order.empty()) return false;
  bool big_endian = false;
  if (variable.existing) {
    if (variable.existing->fortran_order || !variable.existing->axis_order.empty()) return false;
    big_endian = variable.existing->big_endian;
  }
  return array.dtype == variable.dtype && array.chunk_shape == encoded_unit(variable) && codec::are_alike(array.codecs, variable.codecs) &&
         (array.big_endian == big_endian || size_of(array.dtype) == 1);
}

}  // namespace rankine::store
