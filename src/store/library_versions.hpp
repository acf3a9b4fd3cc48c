#pragma once
#include <string>
#include <utility>
#include <vector>

namespace rankine::store {

/// The libraries that files are opened with where they are not read directly: {"HDF5", "1.10.8"}, {"NetCDF", "4.9.0"}.
std::vector<std::pair<std::string, std::string>> library_versions();

}  // namespace rankine::store
