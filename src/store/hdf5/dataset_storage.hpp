#pragma once
#include "array/stored_array.hpp"
#include "store/hdf5/hdf5_handle.hpp"

namespace rankine::store {

/// The filters of a dataset creation property list as codecs, in encoding order. False, with the
/// reason, if one of them is not ours.
bool codecs_of(hid_t creation, codec::Pipeline& codecs, std::string& reason);

}  // namespace rankine::store
