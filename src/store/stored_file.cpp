#include "store/stored_file.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace rankine::store {

std::vector<std::byte> StoredFile::read(std::uint64_t offset, std::uint64_t count) const {
  if (offset > size() || count > size() - offset)
    throw InputError(path() + " is truncated or damaged: it refers to bytes " + std::to_string(offset) + " to " +
                     std::to_string(offset + count) + " and has only " + std::to_string(size()));
  std::vector<std::byte> bytes(count);
  read(offset, bytes);
  return bytes;
}

void StoredFile::read(std::uint64_t offset, std::span<std::byte> out) const {
  if (offset > size() || out.size() > size() - offset)
    throw InputError(path() + " is truncated or damaged: it ends before byte " + std::to_string(offset + out.size()));
  try {
    file_->read_at(offset, out);
  } catch (const InputError& error) {
    throw InputError("cannot read " + path() + ": " + error.what());
  }
}

Shape read_shape(const Shape& shape, std::size_t element_bytes, std::uint64_t target_bytes) {
  Shape result(shape.size(), 1);
  std::uint64_t row_bytes = element_bytes;
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    const auto extent = static_cast<std::uint64_t>(std::max<std::int64_t>(shape[axis], 1));
    const std::uint64_t rows = std::clamp<std::uint64_t>(target_bytes / row_bytes, 1, extent);
    result[axis] = static_cast<std::int64_t>(rows);
    if (rows < extent) break;
    row_bytes *= extent;
  }
  return result;
}

std::vector<std::string> join_characters(std::span<const char> characters, std::size_t length) {
  std::vector<std::string> joined;
  if (length == 0) return joined;
  joined.reserve(characters.size() / length);
  for (std::size_t at = 0; at + length <= characters.size(); at += length) {
    std::string text(characters.data() + at, length);
    text.erase(text.find_last_not_of('\0') + 1);
    joined.push_back(std::move(text));
  }
  return joined;
}

std::string without_nuls(std::string text) {
  std::erase(text, '\0');
  return text;
}

}  // namespace rankine::store
