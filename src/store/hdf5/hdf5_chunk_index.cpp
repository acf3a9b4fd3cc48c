#include <vector>

#include "base/error.hpp"
#include "store/backends.hpp"
#include "store/hdf5/chunk_walk.hpp"
#include "store/hdf5/dataset_storage.hpp"
#include "store/hdf5/hdf5_handle.hpp"
#include "store/library_lock.hpp"

namespace rankine::store {
namespace {

/// 12 bytes each in memory. A larger grid can only be damage or a misuse of chunks.
constexpr std::uint64_t max_chunks = 100'000'000;

struct Opened {
  Hdf5Format format;
  std::uint64_t header_address = 0;
  Shape extents;   ///< the dataset's own, which may be shorter than its unlimited dims
  std::vector<std::uint64_t> max_extents;
};

Opened ask_library(hid_t file, hid_t dataset, const array::StoredArray& array) {
  Opened opened;
  const Hdf5Handle creation(H5Fget_create_plist(file), H5Pclose);
  std::size_t address_bytes = 8, length_bytes = 8;
  hsize_t user_block = 0;
  H5O_info_t info;
  if (!creation || H5Pget_sizes(creation, &address_bytes, &length_bytes) < 0 || H5Pget_userblock(creation, &user_block) < 0 ||
      H5Oget_info2(dataset, &info, H5O_INFO_BASIC) < 0)
    throw InputError("cannot read /" + array.variable + " in " + array.path + ": " + hdf5_error_text());
  opened.format = {static_cast<int>(address_bytes), static_cast<int>(length_bytes), user_block};
  opened.header_address = info.addr;
  const Hdf5Handle space(H5Dget_space(dataset), H5Sclose);
  const auto ndim = static_cast<std::size_t>(H5Sget_simple_extent_ndims(space));
  std::vector<hsize_t> extents(ndim), max_extents(ndim);
  if (ndim != array.shape.size() || H5Sget_simple_extent_dims(space, extents.data(), max_extents.data()) < 0)
    throw InputError("cannot read /" + array.variable + " in " + array.path + ": it has changed since it was opened");
  opened.extents.assign(extents.begin(), extents.end());
  opened.max_extents.assign(max_extents.begin(), max_extents.end());
  return opened;
}

/// One question a chunk: right for every layout, but each answer searches the whole index.
array::ChunkIndex ask_for_each_chunk(hid_t dataset, const array::StoredArray& array, const ChunkSpace& space,
                                     const Opened& opened) {
  array::ChunkIndex index;
  index.offsets.assign(space.grid_size, array::ChunkIndex::missing);
  index.sizes.assign(space.grid_size, 0);
  index.filter_masks.assign(space.grid_size, 0);
  Box grid;
  for (std::size_t axis = 0; axis < array.shape.size(); ++axis) {
    grid.begin.push_back(0);
    grid.end.push_back(ceil_div(array.shape[axis], array.chunk_shape[axis]));
  }
  std::size_t number = 0;
  std::vector<hsize_t> offset(array.shape.size());
  for_each_index(grid, [&](const Index& at) {
    const std::size_t current = number++;
    for (std::size_t axis = 0; axis < offset.size(); ++axis) {
      offset[axis] = static_cast<hsize_t>(at[axis] * array.chunk_shape[axis]);
      if (offset[axis] >= static_cast<hsize_t>(opened.extents[axis])) return;
    }
    unsigned mask = 0;
    haddr_t address = HADDR_UNDEF;
    hsize_t bytes = 0;
    if (H5Dget_chunk_info_by_coord(dataset, offset.data(), &mask, &address, &bytes) < 0)
      throw InputError("cannot read the chunk index of /" + array.variable + " in " + array.path + ": " + hdf5_error_text());
    if (address == HADDR_UNDEF || bytes == 0) return;
    index.offsets[current] = opened.format.base + address;
    index.sizes[current] = static_cast<std::uint32_t>(bytes);
    index.filter_masks[current] = mask;
  });
  return index;
}

}  // namespace

void load_hdf5_chunk_index(array::StoredArray& array) {
  if (array.index) return;
  ChunkSpace space;
  space.shape = array.shape;
  space.chunk_shape = array.chunk_shape;
  space.chunk_bytes = size_of(array.dtype);
  space.grid_size = 1;
  space.filtered = !array.codecs.empty();
  bool has_elements = true;
  for (const std::int64_t extent : array.shape) has_elements &= extent > 0;
  for (std::size_t axis = 0; axis < array.shape.size() && has_elements; ++axis) {
    const auto count = static_cast<std::uint64_t>(ceil_div(array.shape[axis], array.chunk_shape[axis]));
    space.chunk_bytes *= static_cast<std::uint64_t>(array.chunk_shape[axis]);
    if (count > max_chunks / space.grid_size || space.chunk_bytes > UINT32_MAX)
      throw InputError("cannot read /" + array.variable + " in " + array.path + ": more than " +
                       std::to_string(max_chunks) + " chunks, or one of 4 GiB or more");
    space.grid_size *= count;
  }
  if (!has_elements) {
    array.index = std::make_shared<array::ChunkIndex>();
    return;
  }

  const LibraryLock lock;
  const Hdf5Handle file = open_hdf5_file(array.path);
  const Hdf5Handle dataset = open_variable(file, array.variable);
  if (!dataset) throw InputError("cannot read /" + array.variable + " in " + array.path + ": it is gone since the file was opened");
  const Opened opened = ask_library(file, dataset, array);
  space.max_extents = opened.max_extents;

  std::optional<array::ChunkIndex> index;
  const StoredFile stored(array.path);
  if (const auto layout = read_chunk_layout(stored, opened.format, opened.header_address))
    index = walk_chunk_index(stored, opened.format, *layout, space);
  if (!index) index = ask_for_each_chunk(dataset, array, space, opened);
  array.index = std::make_shared<array::ChunkIndex>(std::move(*index));
}

}  // namespace rankine::store
