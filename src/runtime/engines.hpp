#pragma once
#include <string>

#include "array/stored_array.hpp"

namespace rankine::runtime {

/// Throws UsageError unless `engine` (of open_dataset; "" for none) is one that xarray has and that reads here what NetCDF
/// or Zarr it is made for.
void check_engine(const std::string& engine);
/// Throws InputError if that engine of xarray does not read a file of this format.
void check_engine(const std::string& engine, const array::Catalogue& catalogue);

}  // namespace rankine::runtime
