#pragma once
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/error.hpp"
#include "store/store.hpp"

namespace rankine::fuzz {

/// A folder of this process, on memory where there is some; it goes with the process.
inline std::filesystem::path scratch_folder() {
  struct Folder {
    std::filesystem::path path = (std::filesystem::exists("/dev/shm") ? "/dev/shm" : std::filesystem::temp_directory_path()) /
                                 ("rankine-fuzz-" + std::to_string(::getpid()));
    Folder() { std::filesystem::create_directories(path); }
    ~Folder() {
      std::error_code ignored;
      std::filesystem::remove_all(path, ignored);
    }
  };
  static const Folder folder;
  return folder.path;
}

inline void write_file(const std::filesystem::path& path, const void* data, std::size_t size) {
  std::ofstream(path, std::ios::binary).write(static_cast<const char*>(data), static_cast<std::streamsize>(size));
}

/// The first and the last few elements of an array.
inline void read_edges(array::StoredArray stored, store::Reader& reader) {
  constexpr std::int64_t edge = 16;
  if (stored.storage == array::Storage::chunked && stored.index == nullptr) store::load_chunk_index(stored);
  Box first = Box::whole(stored.shape), last = first;
  for (int axis = 0; axis < first.ndim(); ++axis) {
    const auto a = static_cast<std::size_t>(axis);
    const std::int64_t extent = std::min(stored.shape[a], edge);
    first.end[a] = extent;
    last.begin[a] = stored.shape[a] - extent;
  }
  if (first.element_count() > 1 << 16) return;
  reader.read(stored, first);
  reader.read(stored, last);
}

/// Opens what stands at `path` and reads the edges of every variable.
inline void open_and_read(const std::filesystem::path& path) {
  try {
    const array::Catalogue catalogue = store::open_catalogue(path.string());
    store::Reader reader;
    for (const auto& variable : catalogue.variables) {
      if (variable.data == nullptr) continue;
      try {
        read_edges(*variable.data, reader);
      } catch (const Error&) {
      }
    }
  } catch (const Error&) {
  }
}

}  // namespace rankine::fuzz
