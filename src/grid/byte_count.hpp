#pragma once
#include <cstdint>

#include "base/dtype.hpp"
#include "grid/shape.hpp"

namespace rankine {

/// Bytes of an array's elements (0 for strings, which have no fixed size). Throws ShapeError if they do not fit an int64
/// or an extent is negative: the one place where extents that a script or a file gives become a size, so that none wraps.
std::uint64_t byte_count(const Shape& shape, DType dtype);

}  // namespace rankine
