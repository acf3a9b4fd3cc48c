#pragma once
#include <string>
#include <vector>

#include "array/dataset.hpp"

namespace rankine::array {

/// In what the files that are to be put together disagree, one line for each variable and kind, with the names of
/// files: dims, dtypes, units, calendars, variables that some have not got, and labels along dims other than
/// `concat_dim` (empty: labels are not compared). xarray goes on silently where it can; so does combining, but the
/// user is told.
/// "'tas' has the units 'degC' in c.nc (and 3 more files differ), but 'K' in a.nc"
std::vector<std::string> disagreements(const std::vector<Dataset>& parts, const std::vector<std::string>& names,
                                       const std::string& concat_dim = "");

}  // namespace rankine::array
