#pragma once
#include "array/groupby.hpp"

namespace rankine::array {

/// Reduces each group of `x` over the grouped dim (and more). Variables without the grouped dim are
/// repeated for each group; with `drop_non_numeric`, others that the operation does not apply to vanish.
Dataset reduce_groups(const Dataset& x, const GroupBy& grouped, kernel::ReduceOp op, const DimChoice& dims,
                      const ReduceOptions& options, bool drop_non_numeric);

}  // namespace rankine::array
