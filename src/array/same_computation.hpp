#pragma once
#include "array/expr.hpp"

namespace rankine::array {

/// True if two expressions are surely the same computation on the same stored arrays, by the same kernels with the same
/// parameters. False says nothing: values may be equal all the same.
bool same_computation(const ExprPtr& a, const ExprPtr& b);

}  // namespace rankine::array
