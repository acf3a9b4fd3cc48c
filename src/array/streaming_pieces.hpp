#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "array/expr.hpp"
#include "grid/box.hpp"

namespace rankine::array {

/// Where `box` of `expr` may be cut along axis 0 so that what lies below is read and computed piece by piece at no more
/// cost than at once: no stored chunk is cut, and what does not vary along the axis is at hand without work. Positions
/// inside the box, ascending; nullopt: nowhere.
struct PieceBorders {
  bool anywhere = false;
  std::vector<std::int64_t> at;   ///< where not anywhere
};
std::optional<PieceBorders> piece_borders(const ExprPtr& expr, const Box& box);

/// The box in pieces of `least_bytes` of values and more, along axis 0; the box itself where it cannot be cut.
std::vector<Box> streaming_pieces(const ExprPtr& expr, const Box& box, std::uint64_t least_bytes);

}  // namespace rankine::array
