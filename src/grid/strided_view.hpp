#pragma once
#include <cstddef>
#include <memory>

#include "grid/box.hpp"
#include "grid/nd_array.hpp"

namespace rankine {

/// Elements of an array seen through strides (in bytes, negative and zero allowed): slices,
/// transpositions and broadcasts without a copy. `owner` keeps the elements alive. Never strings.
struct StridedView {
  DType dtype = DType::float64;
  const std::byte* data = nullptr;
  Shape shape;
  Shape byte_strides;
  std::shared_ptr<const void> owner;

  static StridedView of(const NdArray& array);
  /// The part inside `box` (relative to this view).
  StridedView inside(const Box& box) const;
  /// Every step-th element from start, count of them, along `axis`.
  StridedView sliced(int axis, std::int64_t start, std::int64_t step, std::int64_t count) const;
  /// Output axis k is input axis axes[k], or a new axis of extent 1 where axes[k] is -1.
  /// Input axes that are not named must have extent 1.
  StridedView permuted(const std::vector<int>& axes) const;
  /// Axes of extent 1 stretched to `shape` with stride 0. Same ndim.
  StridedView broadcast_to(const Shape& to) const;
  bool is_c_contiguous() const;
  std::int64_t size() const { return element_count(shape); }
};

/// A C-contiguous copy.
NdArray materialise(const StridedView& view);

/// Copies all of `from` into the part of `to` that starts at `origin`. Same dtype and ndim.
void copy_into(const StridedView& from, NdArray& to, const Index& origin);

}  // namespace rankine
