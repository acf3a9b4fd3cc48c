#pragma once
#include <stdlib.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include "grid/box.hpp"
#include "grid/nd_array.hpp"
#include "grid/strided_view.hpp"

namespace rankine::store_test {

/// An empty directory of its own, removed with all it holds.
struct ScratchDirectory {
  std::filesystem::path path;
  ScratchDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "rankine-store-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no scratch directory");
    path = pattern;
  }
  ~ScratchDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  std::string file(const std::string& name) const { return (path / name).string(); }
  std::string operator/(const std::string& name) const { return file(name); }
};

/// True if Debian's Python ran and ended well.
inline bool run_python(const std::string& arguments) {
  return std::system(("/usr/bin/python3 " + arguments).c_str()) == 0;
}

inline std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

inline std::vector<char> contents(const std::string& path) {
  const std::string bytes = bytes_of(std::filesystem::path(path));
  return {bytes.begin(), bytes.end()};
}

inline void put_contents(const std::string& path, const std::vector<char>& bytes) {
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

/// -7, -6.5, -6 ... in C order.
inline NdArray ramp(const Shape& shape) {
  NdArray values(DType::float32, shape);
  for (std::int64_t i = 0; i < values.size(); ++i) values.data<float>()[i] = static_cast<float>(i) * 0.5f - 7;
  return values;
}

inline NdArray part_of(const NdArray& whole, const Box& box) { return materialise(StridedView::of(whole).inside(box)); }

}  // namespace rankine::store_test
