#pragma once
#include <string>

namespace rankine::runtime {

/// The text of `rankine info FILE`: format, dims, variables with dtype, stored chunks, filters, read path
/// and attributes, time ranges with their calendar. Throws InputError.
std::string describe_file(const std::string& path);

}  // namespace rankine::runtime
