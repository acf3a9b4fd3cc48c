#pragma once
#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/error.hpp"

namespace rankine {

static_assert(std::endian::native == std::endian::little, "frames and stored arrays assume little endian");

/// Appends values to a byte vector: trivially copyable values as they lie in memory (little endian),
/// counts as u64, strings and vectors as count plus elements.
class ByteWriter {
 public:
  template <typename T> requires std::is_trivially_copyable_v<T>
  void put(const T& value) { put_raw(&value, sizeof value); }
  void put_string(std::string_view text) { put_count(text.size()); put_raw(text.data(), text.size()); }
  void put_count(std::uint64_t count) { put(count); }
  template <typename T> requires std::is_trivially_copyable_v<T>
  void put_vector(std::span<const T> values) {
    put_count(values.size());
    put_raw(values.data(), values.size_bytes());
  }
  template <typename T>
  void put_vector(const std::vector<T>& values) { put_vector(std::span<const T>(values)); }
  void put_raw(const void* data, std::size_t size) {
    const auto* first = static_cast<const std::byte*>(data);
    bytes_.insert(bytes_.end(), first, first + size);
  }
  void reserve(std::size_t size) { bytes_.reserve(size); }
  std::vector<std::byte> take() { return std::move(bytes_); }
  std::size_t size() const { return bytes_.size(); }
 private:
  std::vector<std::byte> bytes_;
};

/// The reverse. Every read is bounds checked; a malformed frame throws DecodeError, and no count
/// makes it allocate more than the frame's own size justifies.
struct DecodeError : Error { explicit DecodeError(const std::string& m) : Error(ExitCode::internal, m) {} };

class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> bytes) : bytes_(bytes) {}
  template <typename T> requires std::is_trivially_copyable_v<T>
  T get() {
    T value;
    get_raw(&value, sizeof value);
    return value;
  }
  /// A count of elements of at least `element_bytes` each.
  std::size_t get_count(std::size_t element_bytes = 1) {
    const auto count = get<std::uint64_t>();
    if (count > remaining() / (element_bytes == 0 ? 1 : element_bytes))
      throw DecodeError("malformed frame: a count exceeds the frame");
    return static_cast<std::size_t>(count);
  }
  std::string get_string() {
    std::string text(get_count(), '\0');
    get_raw(text.data(), text.size());
    return text;
  }
  template <typename T> requires std::is_trivially_copyable_v<T>
  std::vector<T> get_vector() {
    std::vector<T> values(get_count(sizeof(T)));
    get_raw(values.data(), values.size() * sizeof(T));
    return values;
  }
  std::span<const std::byte> get_bytes(std::size_t size) {
    if (size > remaining()) throw DecodeError("malformed frame: it ends too early");
    const auto part = bytes_.subspan(position_, size);
    position_ += size;
    return part;
  }
  void get_raw(void* out, std::size_t size) {
    const auto part = get_bytes(size);
    if (size != 0) std::memcpy(out, part.data(), size);
  }
  std::size_t remaining() const { return bytes_.size() - position_; }
 private:
  std::span<const std::byte> bytes_;
  std::size_t position_ = 0;
};

}  // namespace rankine
