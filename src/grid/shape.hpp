#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace rankine {

/// Extents per axis, outermost (slowest) first. {} is a scalar with one element.
using Shape = std::vector<std::int64_t>;
using Index = std::vector<std::int64_t>;

/// Number of elements: the product of the extents, 1 for {}.
/// Throws ShapeError if it does not fit an int64.
std::int64_t element_count(std::span<const std::int64_t> shape);
/// C-order strides in elements: {4,3,2} -> {6,2,1}.
Shape c_strides(std::span<const std::int64_t> shape);
/// "(3, 4)" as Python prints a tuple; "(3,)" and "()".
std::string format_tuple(std::span<const std::int64_t> values);

constexpr std::int64_t ceil_div(std::int64_t extent, std::int64_t divisor) {
  return (extent + divisor - 1) / divisor;
}

}  // namespace rankine
