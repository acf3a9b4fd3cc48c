#include "grid/strided_view.hpp"

#include <cstring>

namespace rankine {
namespace {

/// Copies a strided block of elements of `Size` bytes, innermost axis last, into a strided target.
template <typename T>
void copy_strided(const std::byte* from, const Shape& from_strides, std::byte* to, const Shape& to_strides,
                  const Shape& shape, std::size_t axis) {
  const std::int64_t count = shape[axis];
  const std::int64_t from_step = from_strides[axis];
  const std::int64_t to_step = to_strides[axis];
  if (axis + 1 == shape.size()) {
    if (from_step == sizeof(T) && to_step == sizeof(T)) {
      std::memcpy(to, from, static_cast<std::size_t>(count) * sizeof(T));
      return;
    }
    for (std::int64_t i = 0; i < count; ++i) {
      T value;
      std::memcpy(&value, from + i * from_step, sizeof(T));
      std::memcpy(to + i * to_step, &value, sizeof(T));
    }
    return;
  }
  for (std::int64_t i = 0; i < count; ++i)
    copy_strided<T>(from + i * from_step, from_strides, to + i * to_step, to_strides, shape, axis + 1);
}

void copy_elements(const StridedView& from, std::byte* to, const Shape& to_strides) {
  if (from.size() == 0) return;
  const std::size_t width = size_of(from.dtype);
  if (from.shape.empty()) {
    std::memcpy(to, from.data, width);
    return;
  }
  switch (width) {
    case 1: copy_strided<std::uint8_t>(from.data, from.byte_strides, to, to_strides, from.shape, 0); break;
    case 2: copy_strided<std::uint16_t>(from.data, from.byte_strides, to, to_strides, from.shape, 0); break;
    case 4: copy_strided<std::uint32_t>(from.data, from.byte_strides, to, to_strides, from.shape, 0); break;
    case 8: copy_strided<std::uint64_t>(from.data, from.byte_strides, to, to_strides, from.shape, 0); break;
    default: RANKINE_CHECK(false, "views of strings do not exist");
  }
}

Shape byte_strides_of(const Shape& shape, std::size_t width) {
  Shape strides = c_strides(shape);
  for (auto& stride : strides) stride *= static_cast<std::int64_t>(width);
  return strides;
}

}  // namespace

StridedView StridedView::of(const NdArray& array) {
  auto owner = std::make_shared<NdArray>(array);
  const std::byte* data = owner->raw();
  return {array.dtype(), data, array.shape(), byte_strides_of(array.shape(), size_of(array.dtype())), owner};
}

StridedView StridedView::inside(const Box& box) const {
  StridedView part = *this;
  part.shape = box.shape();
  for (std::size_t axis = 0; axis < shape.size(); ++axis) part.data += box.begin[axis] * byte_strides[axis];
  return part;
}

StridedView StridedView::sliced(int axis, std::int64_t start, std::int64_t step, std::int64_t count) const {
  StridedView part = *this;
  part.data += start * byte_strides[axis];
  part.byte_strides[axis] *= step;
  part.shape[axis] = count;
  return part;
}

StridedView StridedView::permuted(const std::vector<int>& axes) const {
  StridedView moved = *this;
  moved.shape.assign(axes.size(), 1);
  moved.byte_strides.assign(axes.size(), 0);
  for (std::size_t k = 0; k < axes.size(); ++k) {
    if (axes[k] < 0) continue;
    moved.shape[k] = shape[axes[k]];
    moved.byte_strides[k] = byte_strides[axes[k]];
  }
  return moved;
}

StridedView StridedView::broadcast_to(const Shape& to) const {
  RANKINE_CHECK(to.size() == shape.size(), "broadcast_to needs equal ndim");
  StridedView wide = *this;
  for (std::size_t axis = 0; axis < to.size(); ++axis) {
    if (shape[axis] == to[axis]) continue;
    RANKINE_CHECK(shape[axis] == 1, "only axes of extent 1 broadcast");
    wide.shape[axis] = to[axis];
    wide.byte_strides[axis] = 0;
  }
  return wide;
}

bool StridedView::is_c_contiguous() const {
  std::int64_t expected = static_cast<std::int64_t>(size_of(dtype));
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    if (shape[axis] != 1 && byte_strides[axis] != expected) return false;
    expected *= shape[axis];
  }
  return true;
}

NdArray materialise(const StridedView& view) {
  NdArray copy(view.dtype, view.shape);
  copy_elements(view, copy.raw(), byte_strides_of(view.shape, size_of(view.dtype)));
  return copy;
}

void copy_into(const StridedView& from, NdArray& to, const Index& origin) {
  RANKINE_CHECK(from.dtype == to.dtype() && from.shape.size() == origin.size(), "copy_into needs like arrays");
  const Shape strides = byte_strides_of(to.shape(), size_of(to.dtype()));
  std::byte* start = to.raw();
  for (std::size_t axis = 0; axis < origin.size(); ++axis) start += origin[axis] * strides[axis];
  copy_elements(from, start, strides);
}

}  // namespace rankine
