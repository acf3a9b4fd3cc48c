#pragma once
#include <string>

namespace rankine {

/// The script's text. Throws Error if it cannot be read.
std::string read_script(const std::string& path);

}  // namespace rankine
