#include <vector>

#include "base/error.hpp"
#include "grid/strided_view.hpp"
#include "store/backends.hpp"
#include "store/chunk_read.hpp"
#include "store/confinement.hpp"
#include "store/hdf5/hdf5_handle.hpp"
#include "store/hdf5/pointed_files.hpp"
#include "store/library_lock.hpp"

namespace rankine::store {
namespace {

hid_t native_type(DType dtype) {
  switch (dtype) {
    case DType::int8: return H5T_NATIVE_INT8;
    case DType::int16: return H5T_NATIVE_INT16;
    case DType::int32: return H5T_NATIVE_INT32;
    case DType::int64: return H5T_NATIVE_INT64;
    case DType::uint8: return H5T_NATIVE_UINT8;
    case DType::uint16: return H5T_NATIVE_UINT16;
    case DType::uint32: return H5T_NATIVE_UINT32;
    case DType::uint64: return H5T_NATIVE_UINT64;
    case DType::float32: return H5T_NATIVE_FLOAT;
    default: return H5T_NATIVE_DOUBLE;
  }
}

/// True if libhdf5 gave the values. `external_prefix`: where files of raw data are looked for.
bool read_box(hid_t file, const array::StoredArray& array, const Box& box, const char* external_prefix, NdArray& values) {
  const Hdf5Handle dataset = open_variable(file, array.variable, external_prefix);
  if (!dataset) return false;
  check_pointed_files(dataset, array.path, array.variable, external_prefix);
  const Hdf5Handle space(H5Dget_space(dataset), H5Sclose);
  const int ndim = H5Sget_simple_extent_ndims(space);
  if (ndim != box.ndim()) return false;
  std::vector<hsize_t> extents(static_cast<std::size_t>(ndim)), start, count, shape;
  if (H5Sget_simple_extent_dims(space, extents.data(), nullptr) < 0) return false;
  // The dataset may be shorter than its unlimited dims: there it has the fill value.
  bool is_empty = false, is_whole = true;
  for (int axis = 0; axis < ndim; ++axis) {
    const auto extent = static_cast<std::int64_t>(extents[static_cast<std::size_t>(axis)]);
    const std::int64_t end = std::min(box.end[axis], extent);
    is_empty |= end <= box.begin[axis];
    is_whole &= end == box.end[axis];
    start.push_back(static_cast<hsize_t>(box.begin[axis]));
    count.push_back(static_cast<hsize_t>(std::max<std::int64_t>(end - box.begin[axis], 0)));
    shape.push_back(static_cast<hsize_t>(box.extent(axis)));
  }
  if (!is_whole) fill_part(array, box, box, values);
  if (is_empty) return true;
  const Hdf5Handle memory(ndim == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(ndim, shape.data(), nullptr), H5Sclose);
  if (ndim != 0) {
    const std::vector<hsize_t> origin(static_cast<std::size_t>(ndim), 0);
    if (H5Sselect_hyperslab(space, H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr) < 0 ||
        H5Sselect_hyperslab(memory, H5S_SELECT_SET, origin.data(), nullptr, count.data(), nullptr) < 0)
      return false;
  }
  // An enumeration converts to no number, but is one: read it as what it is made of.
  Hdf5Handle type(H5Dget_type(dataset), H5Tclose);
  if (H5Tget_class(type) == H5T_ENUM) {
    const Hdf5Handle native(H5Tget_native_type(type, H5T_DIR_ASCEND), H5Tclose);
    return H5Tget_size(native) == size_of(array.dtype) && H5Dread(dataset, native, memory, space, H5P_DEFAULT, values.raw()) >= 0;
  }
  return H5Dread(dataset, native_type(array.dtype), memory, space, H5P_DEFAULT, values.raw()) >= 0;
}

}  // namespace

NdArray read_through_library(const array::StoredArray& array, const Box& box) {
  NdArray values(array.dtype, box.shape());
  if (values.size() == 0) return values;
  const LibraryLock lock;
  const Hdf5Handle file = open_hdf5_file(array.path);
  // Raw data that are named as seen from the working directory are outside of what a confined run may read.
  if (!confinement().on && read_box(file, array, box, nullptr, values)) return values;
  const std::string reason = hdf5_error_text();
  // Raw data of a dataset are named as seen from where the file was written; mostly that is its own directory.
  if (read_box(file, array, box, "${ORIGIN}", values)) return values;
  throw InputError("cannot read " + format_box(box) + " of " + array.variable + " in " + array.path +
                   " through libhdf5 (" + array.library_reason + "): " + reason);
}

}  // namespace rankine::store
