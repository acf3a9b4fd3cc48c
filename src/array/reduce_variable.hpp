#pragma once
#include <functional>

#include "array/reduction.hpp"

namespace rankine::array {

/// Reduces data with a spec, over axes or by groups: what reductions and group reductions share.
using Reducer = std::function<ExprPtr(const ExprPtr& data, const kernel::ReduceSpec& spec)>;

kernel::ReduceSpec spec_for(DType dtype, kernel::ReduceOp op, const ReduceOptions& options);
/// max and min of no values are no number. Throws UsageError in NumPy's words if one of `axes`, over which they are asked
/// for, has no elements.
void refuse_extreme_of_nothing(const Shape& shape, const std::vector<int>& axes, DType dtype, kernel::ReduceOp op,
                               const ReduceOptions& options);
/// Numbers straight away; dates and durations by way of offsets; strings can only be counted.
ExprPtr reduce_any_dtype(const ExprPtr& data, kernel::ReduceOp op, const ReduceOptions& options,
                         const Reducer& reducer);
/// Over those of `dims` that the variable has.
Variable reduce_variable(const Variable& variable, kernel::ReduceOp op, const std::vector<std::string>& dims,
                         const ReduceOptions& options);

}  // namespace rankine::array
