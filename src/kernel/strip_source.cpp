#include "kernel/strip_source.hpp"

#include <algorithm>
#include <cstring>

namespace rankine::kernel {
namespace {

template <typename Bits>
void copy_run_of(std::byte* to, const std::byte* from, std::ptrdiff_t stride, std::int64_t count) {
  if (stride == static_cast<std::ptrdiff_t>(sizeof(Bits))) {
    std::memcpy(to, from, static_cast<std::size_t>(count) * sizeof(Bits));
    return;
  }
  // Elements of a view may be unaligned; memcpy of one element compiles to a plain move.
  Bits bits;
  if (stride == 0) {
    std::memcpy(&bits, from, sizeof bits);
    for (std::int64_t i = 0; i < count; ++i) std::memcpy(to + i * sizeof(Bits), &bits, sizeof bits);
    return;
  }
  for (std::int64_t i = 0; i < count; ++i) {
    std::memcpy(&bits, from + i * stride, sizeof bits);
    std::memcpy(to + i * sizeof(Bits), &bits, sizeof bits);
  }
}

void copy_run(std::size_t element_bytes, std::byte* to, const std::byte* from, std::ptrdiff_t stride,
              std::int64_t count) {
  switch (element_bytes) {
    case 1: return copy_run_of<std::uint8_t>(to, from, stride, count);
    case 2: return copy_run_of<std::uint16_t>(to, from, stride, count);
    case 4: return copy_run_of<std::uint32_t>(to, from, stride, count);
    default: return copy_run_of<std::uint64_t>(to, from, stride, count);
  }
}

}  // namespace

StripSource::StripSource(const StridedView& view, std::span<const AxisGroup> groups)
    : data_(view.data), element_bytes_(size_of(view.dtype)) {
  RANKINE_CHECK(element_bytes_ != 0, "kernels do not compute with strings");
  constant_ = true;
  for (const AxisGroup& group : groups) {
    std::vector<Step> steps;
    for (int axis = group.first; axis < group.last; ++axis) {
      const std::int64_t extent = view.shape[axis];
      const auto stride = static_cast<std::ptrdiff_t>(view.byte_strides[axis]);
      if (extent == 1) continue;
      if (stride != 0) constant_ = false;
      if (!steps.empty() && steps.back().stride == stride * extent) {
        steps.back() = {steps.back().extent * extent, stride};
      } else steps.push_back({extent, stride});
    }
    steps_.push_back(std::move(steps));
    extents_.push_back(group.extent);
  }
  const auto& rows = steps_[steps_.size() - 2];
  const auto& columns = steps_.back();
  const auto bytes = static_cast<std::ptrdiff_t>(element_bytes_);
  affine_ = rows.size() <= 1 && columns.size() <= 1 && (columns.empty() || columns[0].stride == bytes) &&
            aligned(data_);
  for (const auto& steps : steps_)
    for (const Step& step : steps) affine_ = affine_ && step.stride % bytes == 0;
}

bool StripSource::aligned(const std::byte* at) const {
  return reinterpret_cast<std::uintptr_t>(at) % element_bytes_ == 0;
}

std::ptrdiff_t StripSource::row_stride() const {
  const auto& rows = steps_[steps_.size() - 2];
  return rows.empty() ? 0 : rows[0].stride;
}

std::ptrdiff_t StripSource::offset_of(std::size_t group, std::int64_t linear) const {
  const auto& steps = steps_[group];
  if (steps.size() == 1) return linear * steps[0].stride;
  std::ptrdiff_t offset = 0;
  for (std::size_t k = steps.size(); k-- > 0;) {
    offset += (linear % steps[k].extent) * steps[k].stride;
    linear /= steps[k].extent;
  }
  return offset;
}

const std::byte* StripSource::load_columns(std::ptrdiff_t base, std::int64_t column, std::int64_t columns,
                                           std::byte* buffer, bool in_place_allowed) const {
  const std::size_t group = steps_.size() - 1;
  const auto& steps = steps_.back();
  std::byte* to = buffer;
  while (columns > 0) {
    const std::byte* from = data_ + base + offset_of(group, column);
    // A group of extent 1 has no steps; its single element counts as contiguous.
    const Step inner = steps.empty() ? Step{1, static_cast<std::ptrdiff_t>(element_bytes_)} : steps.back();
    const std::int64_t count = std::min(columns, inner.extent - column % inner.extent);
    const bool packed = inner.stride == static_cast<std::ptrdiff_t>(element_bytes_) || count == 1;
    if (in_place_allowed && count == columns && to == buffer && packed && aligned(from)) return from;
    copy_run(element_bytes_, to, from, inner.stride, count);
    to += static_cast<std::size_t>(count) * element_bytes_;
    column += count;
    columns -= count;
  }
  return buffer;
}

const std::byte* StripSource::load(std::ptrdiff_t base, std::int64_t row, std::int64_t rows, std::int64_t column,
                                   std::int64_t columns, std::byte* buffer) const {
  const std::size_t row_group = steps_.size() - 2;
  const std::ptrdiff_t first = base + offset_of(row_group, row);
  if (rows == 1) return load_columns(first, column, columns, buffer, true);
  const auto row_bytes = static_cast<std::ptrdiff_t>(columns * static_cast<std::int64_t>(element_bytes_));
  if (affine_ && row_stride() == row_bytes && column == 0) return data_ + first;
  for (std::int64_t r = 0; r < rows; ++r)
    load_columns(base + offset_of(row_group, row + r), column, columns, buffer + r * row_bytes, false);
  return buffer;
}

void StripSource::splat(std::byte* buffer, std::int64_t count) const {
  copy_run(element_bytes_, buffer, data_, 0, count);
}

}  // namespace rankine::kernel
