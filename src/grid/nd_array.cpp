#include "grid/nd_array.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

#include "base/byte_stream.hpp"
#include "base/memory_guard.hpp"
#include "grid/byte_count.hpp"

namespace rankine {

// Not aligned_alloc: glibc's looks for room for the bytes and the alignment together, so that the hole which a block left
// never fits the next block of that size, and a process that makes block after block fetches fresh pages for each.
AlignedBytes::AlignedBytes(std::size_t size) : size_(size) {
  constexpr std::size_t alignment = 64;
  const std::size_t padded = (size + alignment - 1) / alignment * alignment;
  if (padded == 0) return;
  if (padded < size || padded + alignment < padded) throw std::bad_alloc();
  if (padded >= asked_at_once.value) ask_memory(Bytes{padded});
  auto* memory = static_cast<std::byte*>(std::malloc(padded + alignment));
  if (memory == nullptr) throw std::bad_alloc();
  // malloc aligns to 16 bytes: before the first aligned address there is room for where the memory begins.
  static_assert(alignof(std::max_align_t) >= sizeof(std::byte*));
  auto* aligned = memory + (alignment - reinterpret_cast<std::uintptr_t>(memory) % alignment);
  std::memcpy(aligned - sizeof memory, &memory, sizeof memory);
  data_.reset(aligned);
}

void AlignedBytes::Free::operator()(std::byte* p) const noexcept {
  if (p == nullptr) return;
  std::byte* memory;
  std::memcpy(&memory, p - sizeof memory, sizeof memory);
  std::free(memory);
}

NdArray::NdArray(DType dtype, Shape shape)
    : dtype_(dtype), shape_(std::move(shape)), size_(element_count(shape_)) {
  if (dtype == DType::string) {
    ask_memory(Bytes{static_cast<std::uint64_t>(size_) * sizeof(std::string)});
    strings_ = std::make_shared<std::vector<std::string>>(static_cast<std::size_t>(size_));
  } else {
    elements_ = std::make_shared<AlignedBytes>(static_cast<std::size_t>(byte_count(shape_, dtype)));
  }
}

NdArray NdArray::zeros(DType dtype, Shape shape) {
  NdArray array(dtype, std::move(shape));
  if (array.elements_ && array.elements_->size() != 0)
    std::memset(array.raw(), 0, array.elements_->size());
  return array;
}

NdArray NdArray::from_strings(std::vector<std::string> values, Shape shape) {
  NdArray array;
  array.dtype_ = DType::string;
  array.shape_ = std::move(shape);
  array.size_ = element_count(array.shape_);
  RANKINE_CHECK(static_cast<std::int64_t>(values.size()) == array.size_, "element count and shape differ");
  array.strings_ = std::make_shared<std::vector<std::string>>(std::move(values));
  return array;
}

NdArray NdArray::viewed_as(DType dtype) const {
  RANKINE_CHECK(size_of(dtype) == size_of(dtype_), "viewed_as needs elements of equal size");
  NdArray view = *this;
  view.dtype_ = dtype;
  return view;
}

NdArray NdArray::reshaped(Shape shape) const {
  RANKINE_CHECK(element_count(shape) == size_, "reshaped needs an equal element count");
  NdArray view = *this;
  view.shape_ = std::move(shape);
  return view;
}

Bytes NdArray::bytes() const {
  if (dtype_ != DType::string) return {static_cast<std::uint64_t>(size_) * size_of(dtype_)};
  Bytes total;
  for (const auto& text : *strings_) total += Bytes{text.size()};
  return total;
}

double NdArray::as_double(std::int64_t i) const {
  return dispatch(dtype_, [&]<typename T>() { return static_cast<double>(data<T>()[i]); });
}

std::int64_t NdArray::as_int64(std::int64_t i) const {
  return dispatch(dtype_, [&]<typename T>() { return static_cast<std::int64_t>(data<T>()[i]); });
}

void NdArray::write_to(ByteWriter& writer) const {
  writer.put(dtype_);
  writer.put_vector(shape_);
  if (dtype_ == DType::string) {
    for (const auto& text : *strings_) writer.put_string(text);
  } else {
    writer.put_raw(raw(), bytes().value);
  }
}

NdArray NdArray::read_from(ByteReader& reader) {
  const auto dtype = reader.get<DType>();
  if (dtype > DType::string) throw DecodeError("malformed frame: no such dtype");
  Shape shape = reader.get_vector<std::int64_t>();
  for (const std::int64_t extent : shape) {
    if (extent < 0) throw DecodeError("malformed frame: negative extent");
  }
  const std::int64_t count = element_count(shape);
  const std::size_t least = dtype == DType::string ? sizeof(std::uint64_t) : size_of(dtype);
  if (static_cast<std::uint64_t>(count) > reader.remaining() / least)
    throw DecodeError("malformed frame: an array exceeds the frame");
  NdArray array(dtype, std::move(shape));
  if (dtype == DType::string) {
    for (auto& text : array.strings()) text = reader.get_string();
  } else {
    reader.get_raw(array.raw(), array.bytes().value);
  }
  return array;
}

bool identical(const NdArray& a, const NdArray& b) {
  if (a.dtype() != b.dtype() || a.shape() != b.shape()) return false;
  if (a.dtype() == DType::string) return a.strings() == b.strings();
  return dispatch(a.dtype(), [&]<typename T>() {
    for (std::int64_t i = 0; i < a.size(); ++i) {
      const T x = a.data<T>()[i];
      const T y = b.data<T>()[i];
      if (!(x == y || (x != x && y != y))) return false;
    }
    return true;
  });
}

}  // namespace rankine
