#include "base/error.hpp"
#include "store/backends.hpp"
#include "store/held_file.hpp"
#include "store/hdf5/hdf5_dataset.hpp"

namespace rankine::store {
namespace {

/// A filter that nobody here can undo is told before any chunk is read, unless no chunk went through it.
void check_filters(const array::StoredArray& array, const array::ChunkIndex& index) {
  for (std::size_t step = 0; step < array.codecs.size(); ++step) {
    std::string reason;
    if (codec::is_available({array.codecs[step]}, reason)) continue;
    for (std::size_t chunk = 0; chunk < index.offsets.size(); ++chunk) {
      if (index.offsets[chunk] == array::ChunkIndex::missing) continue;
      const std::uint32_t mask = index.filter_masks.empty() ? 0 : index.filter_masks[chunk];
      if (step < 32 && (mask >> step & 1) != 0) continue;
      throw InputError("cannot read " + array.variable + " in " + array.path + ": it is stored with HDF5's " +
                       codec::describe({array.codecs[step]}) + ": " + reason +
                       "; install the filter's HDF5 plugin and set HDF5_PLUGIN_PATH, or rewrite the variable with another filter");
    }
  }
}

}  // namespace

void load_hdf5_chunk_index(array::StoredArray& array) {
  if (array.index) return;
  try {
    const auto opened = read_hdf5_file(array.path);
    const Hdf5File& file = *opened;
    if (array.file_size != 0 && (file.size() != array.file_size || file.mtime_ns() != array.file_mtime_ns))
      throw InputError("the file has changed since it was opened");
    const ObjectHeader header = read_object_header(file, array.offset);
    if (!is_dataset(header)) throw InputError("the file has changed since it was opened");
    const Hdf5Dataset dataset = read_hdf5_dataset(file, header);
    if (dataset.layout != Hdf5Dataset::Layout::chunked || dataset.space.extents.size() != array.shape.size())
      throw InputError("the file has changed since it was opened");
    ChunkSpace space;
    space.shape = array.shape;
    space.extents = dataset.space.extents;
    space.max_extents = dataset.space.max_extents;
    space.filtered = !dataset.filters.empty();
    auto index = std::make_shared<array::ChunkIndex>(walk_chunk_index(file, dataset.chunks, space));
    check_filters(array, *index);
    array.index = std::move(index);
  } catch (const InputError& error) {
    const std::string text = error.what();
    if (text.find(array.variable + " in ") != std::string::npos) throw;
    throw InputError("cannot read the chunk index of " + array.variable + " in " + array.path + ": " + text);
  }
}

}  // namespace rankine::store
