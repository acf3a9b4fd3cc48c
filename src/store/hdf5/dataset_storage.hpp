#pragma once
#include "array/stored_array.hpp"
#include "store/hdf5/hdf5_handle.hpp"

namespace rankine::store {

/// Decides how a dataset is read and fills storage, dtype order, chunk_shape, codecs, fill, offset and
/// library_reason of `stored`; its dtype, shape and path are set already. Under the library lock.
/// Also gives what xarray calls encoding: zlib, shuffle, complevel, fletcher32, contiguous, chunksizes.
void describe_storage(hid_t dataset, array::StoredArray& stored, array::Attributes& encoding);

/// The filters of a dataset creation property list as codecs, in encoding order. False, with the
/// reason, if one of them is not ours.
bool codecs_of(hid_t creation, codec::Pipeline& codecs, std::string& reason);

/// A dataset none of whose elements were ever written: an index of missing chunks only.
void mark_all_missing(array::StoredArray& stored);

}  // namespace rankine::store
