#pragma once
#include <string>

#include "store/hdf5/hdf5_handle.hpp"

namespace rankine::store {

/// Looks at the files that the data of an open dataset lie in (external raw data, sources of a virtual dataset and
/// theirs in turn) before libhdf5 opens them, which would wait for ever at a FIFO. Throws InputError
/// (check_pointed_file). `path`: the file that holds the dataset; `prefix`: as for open_variable().
void check_pointed_files(hid_t dataset, const std::string& path, const std::string& variable, const char* prefix);

}  // namespace rankine::store
