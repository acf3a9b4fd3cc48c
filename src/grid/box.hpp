#pragma once
#include <string>

#include "grid/shape.hpp"

namespace rankine {

/// A half-open hyper-rectangle [begin, end) of index space, one interval per axis.
struct Box {
  Index begin;
  Index end;

  static Box whole(const Shape& shape) { return {Index(shape.size(), 0), shape}; }
  int ndim() const { return static_cast<int>(begin.size()); }
  std::int64_t extent(int axis) const { return end[axis] - begin[axis]; }
  Shape shape() const;
  std::int64_t element_count() const;
  bool empty() const;
  bool contains(const Box& other) const;
  /// The common part; empty() (with end clamped to begin) where there is none.
  Box intersect(const Box& other) const;
  /// This box relative to `origin`: begin - origin, end - origin.
  Box relative_to(const Index& origin) const;
  bool operator==(const Box&) const = default;
};

/// "[0:3, 10:20]".
std::string format_box(const Box& box);

/// Calls f(Index) for every point of `box` in C order.
template <typename F>
void for_each_index(const Box& box, F&& f) {
  if (box.empty()) return;
  Index at = box.begin;
  while (true) {
    f(static_cast<const Index&>(at));
    int axis = box.ndim() - 1;
    for (; axis >= 0; --axis) {
      if (++at[axis] < box.end[axis]) break;
      at[axis] = box.begin[axis];
    }
    if (axis < 0) return;
  }
}

}  // namespace rankine
