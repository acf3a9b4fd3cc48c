#pragma once
#include <functional>

#include "array/expr.hpp"
#include "grid/box.hpp"

namespace rankine::array {

/// Calls visit(array, part) for everything stored that evaluating `box` of `expr` reads itself, once for each part,
/// however many paths lead there. What other layers give is not followed.
void visit_stored(const ExprPtr& expr, const Box& box, const std::function<void(const StoredArrayPtr&, const Box&)>& visit);

/// Whether it calls at all, for whatever box.
bool reads_stored(const ExprPtr& expr);

}  // namespace rankine::array
