#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "grid/shape.hpp"
#include "store/held_file.hpp"

namespace rankine::store {

/// One file opened for reading at known offsets: every read is checked against the file's size first,
/// so that a damaged offset or count is an InputError and never a huge allocation.
class StoredFile {
 public:
  /// Throws InputError naming the path.
  explicit StoredFile(const std::string& path) : file_(open_file(path)) {}

  const std::string& path() const { return file_->path(); }
  std::uint64_t size() const { return file_->stamp().size; }
  std::int64_t mtime_ns() const { return file_->stamp().mtime_ns; }
  /// Exactly `count` bytes from `offset`. Throws InputError if the file has not got them.
  std::vector<std::byte> read(std::uint64_t offset, std::uint64_t count) const;
  void read(std::uint64_t offset, std::span<std::byte> out) const;

 private:
  std::shared_ptr<const OpenFile> file_;
};

/// What is good to read at once of data that lies in one run: whole rows, about `target_bytes`.
/// ({100, 50, 40}, 4 bytes, target 80,000) -> {10, 50, 40}. Extents are at least 1.
Shape read_shape(const Shape& shape, std::size_t element_bytes, std::uint64_t target_bytes = 1u << 20);

/// Character and string variables are read with the catalogue; larger ones are left out with a note.
inline constexpr std::uint64_t max_string_bytes = 1u << 30;

/// Joins characters over the last dim as NumPy's S type does: trailing NULs are dropped.
std::vector<std::string> join_characters(std::span<const char> characters, std::size_t length);

/// Removes NULs, as netCDF4-python does with attributes.
std::string without_nuls(std::string text);

}  // namespace rankine::store
