#include "grid/box.hpp"

#include <algorithm>

namespace rankine {

Shape Box::shape() const {
  Shape extents(begin.size());
  for (std::size_t axis = 0; axis < begin.size(); ++axis) extents[axis] = end[axis] - begin[axis];
  return extents;
}

std::int64_t Box::element_count() const { return rankine::element_count(shape()); }

bool Box::empty() const {
  for (std::size_t axis = 0; axis < begin.size(); ++axis) {
    if (end[axis] <= begin[axis]) return true;
  }
  return false;
}

bool Box::contains(const Box& other) const {
  for (std::size_t axis = 0; axis < begin.size(); ++axis) {
    if (other.begin[axis] < begin[axis] || other.end[axis] > end[axis]) return false;
  }
  return true;
}

Box Box::intersect(const Box& other) const {
  Box common = *this;
  for (std::size_t axis = 0; axis < begin.size(); ++axis) {
    common.begin[axis] = std::max(begin[axis], other.begin[axis]);
    common.end[axis] = std::max(common.begin[axis], std::min(end[axis], other.end[axis]));
  }
  return common;
}

Box Box::relative_to(const Index& origin) const {
  Box moved = *this;
  for (std::size_t axis = 0; axis < begin.size(); ++axis) {
    moved.begin[axis] -= origin[axis];
    moved.end[axis] -= origin[axis];
  }
  return moved;
}

std::string format_box(const Box& box) {
  std::string text = "[";
  for (int axis = 0; axis < box.ndim(); ++axis) {
    if (axis != 0) text += ", ";
    text += std::to_string(box.begin[axis]) + ":" + std::to_string(box.end[axis]);
  }
  return text + "]";
}

}  // namespace rankine
