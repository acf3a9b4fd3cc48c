#pragma once
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/check.hpp"
#include "base/dtype.hpp"
#include "grid/shape.hpp"

namespace rankine {

class ByteReader;
class ByteWriter;

/// 64-byte aligned, uninitialised memory with one owner.
class AlignedBytes {
 public:
  AlignedBytes() = default;
  explicit AlignedBytes(std::size_t size);
  std::byte* data() { return data_.get(); }
  const std::byte* data() const { return data_.get(); }
  std::size_t size() const { return size_; }
 private:
  struct Free { void operator()(std::byte* p) const noexcept; };
  std::unique_ptr<std::byte[], Free> data_;
  std::size_t size_ = 0;
};

/// An in-memory C-contiguous array of any dtype. Copies share the elements; whoever fills one must
/// be its only holder. Strings are held as std::string, everything else as aligned bytes.
class NdArray {
 public:
  NdArray() = default;
  /// Uninitialised elements (empty strings for string).
  NdArray(DType dtype, Shape shape);
  static NdArray zeros(DType dtype, Shape shape);
  template <typename T>
  static NdArray from(const std::vector<T>& values) {
    return from(values, Shape{static_cast<std::int64_t>(values.size())});
  }
  template <typename T>
  static NdArray from(const std::vector<T>& values, Shape shape) {
    NdArray array(DTypeOf<T>::value, std::move(shape));
    RANKINE_CHECK(static_cast<std::int64_t>(values.size()) == array.size(), "element count and shape differ");
    for (std::size_t i = 0; i < values.size(); ++i) array.data<T>()[i] = values[i];
    return array;
  }
  template <typename T>
  static NdArray scalar(T value) {
    NdArray array(DTypeOf<T>::value, {});
    array.data<T>()[0] = value;
    return array;
  }
  static NdArray from_strings(std::vector<std::string> values, Shape shape);
  /// The same int64 or other 8-byte elements under another dtype of equal size (int64 -> datetime64).
  NdArray viewed_as(DType dtype) const;
  /// The same elements under another shape of equal element count.
  NdArray reshaped(Shape shape) const;

  DType dtype() const { return dtype_; }
  const Shape& shape() const { return shape_; }
  int ndim() const { return static_cast<int>(shape_.size()); }
  std::int64_t size() const { return size_; }
  /// Bytes of the elements; for strings the sum of their lengths.
  Bytes bytes() const;

  template <typename T> T* data() { return reinterpret_cast<T*>(raw()); }
  template <typename T> const T* data() const { return reinterpret_cast<const T*>(raw()); }
  template <typename T> std::span<const T> values() const { return {data<T>(), static_cast<std::size_t>(size_)}; }
  template <typename T> std::span<T> values() { return {data<T>(), static_cast<std::size_t>(size_)}; }
  std::byte* raw() { return elements_ ? elements_->data() : nullptr; }
  const std::byte* raw() const { return elements_ ? elements_->data() : nullptr; }
  const std::vector<std::string>& strings() const { return *strings_; }
  std::vector<std::string>& strings() { return *strings_; }

  /// Element `i` (C order) as double, whatever the numeric or time dtype.
  double as_double(std::int64_t i) const;
  /// Element `i` as int64 (floats are truncated).
  std::int64_t as_int64(std::int64_t i) const;

  void write_to(ByteWriter& writer) const;
  static NdArray read_from(ByteReader& reader);

 private:
  DType dtype_ = DType::float64;
  Shape shape_{0};
  std::int64_t size_ = 0;
  std::shared_ptr<AlignedBytes> elements_;
  std::shared_ptr<std::vector<std::string>> strings_;
};

/// Same dtype, shape and elements; NaN equals NaN.
bool identical(const NdArray& a, const NdArray& b);

}  // namespace rankine
