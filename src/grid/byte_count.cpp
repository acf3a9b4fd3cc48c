#include "grid/byte_count.hpp"

#include "base/error.hpp"

namespace rankine {

std::uint64_t byte_count(const Shape& shape, DType dtype) {
  for (const std::int64_t extent : shape)
    if (extent < 0) throw ShapeError("an array cannot have the shape " + format_tuple(shape) + ": an extent is negative");
  std::int64_t bytes = 0;
  if (__builtin_mul_overflow(element_count(shape), static_cast<std::int64_t>(size_of(dtype)), &bytes))
    throw ShapeError("an array of shape " + format_tuple(shape) + " and dtype " + name_of(dtype) + " has more than 2^63 bytes");
  return static_cast<std::uint64_t>(bytes);
}

}  // namespace rankine
