#include "program/read_script.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "base/error.hpp"

namespace rankine {

std::string read_script(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) throw Error(ExitCode::usage, "cannot read the script '" + path + "': " + std::strerror(errno));
  return text.str();
}

}  // namespace rankine
