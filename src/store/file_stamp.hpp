#pragma once
#include <sys/stat.h>

#include <cstdint>
#include <string>

namespace rankine::store {

/// What tells that a file was replaced or changed since its metadata was read.
struct FileStamp {
  std::uint64_t size = 0;
  std::int64_t mtime_ns = 0;
  bool operator==(const FileStamp&) const = default;
};

/// Throws InputError naming the path if it cannot be asked.
FileStamp stamp_of(const std::string& path);
FileStamp stamp_of(const struct stat& status);

}  // namespace rankine::store
