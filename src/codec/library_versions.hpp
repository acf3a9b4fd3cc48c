#pragma once
#include <string>
#include <utility>
#include <vector>

namespace rankine::codec {

/// The libraries that this program decodes and encodes with: {"zstd", "1.5.4"}. A version that a library does not tell is
/// "yes", a library that the program was built without "no".
std::vector<std::pair<std::string, std::string>> library_versions();

}  // namespace rankine::codec
