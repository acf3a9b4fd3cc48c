#pragma once
#include <string>
#include <vector>

#include "array/stored_array.hpp"

namespace rankine::store {

/// The catalogue as libnetcdf gives it, for files that our own reading leaves to it for `reason`. Under the
/// library lock; the numbers go through the library too.
array::Catalogue open_through_library(const std::string& path, const std::string& group, const std::string& reason);

[[noreturn]] void throw_no_group(const std::string& path, const std::string& group, const std::vector<std::string>& groups);

}  // namespace rankine::store
