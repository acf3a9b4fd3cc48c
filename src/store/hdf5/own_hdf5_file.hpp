#pragma once
#include "store/hdf5/hdf5_handle.hpp"
#include "store/store.hpp"

namespace rankine::store {

/// The temporary file of a NetCDF-4 output, opened for writing. libhdf5 opens by name and follows links, so what it has opened is
/// compared with what was looked at before, and nothing is written to anything else. Under the library lock. Throws OutputError.
Hdf5Handle open_own_hdf5(const OutputTarget& target);

}  // namespace rankine::store
