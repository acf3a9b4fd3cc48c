#pragma once
#include <functional>
#include <vector>

#include "array/expr.hpp"

namespace rankine::array {

/// Evaluation goes down an expression by calls, fuses what it can into programs that hold all their inputs at the same time,
/// and evaluates a box of a node again for each way that leads there from another program. That is quick for what
/// people write, and not bounded: a loop can chain any number of steps, and n steps of `t = t + t.shift(time=1)` are 2^n
/// evaluations. So what is large is cut: some nodes are evaluated on their own, and the others find their values as leaves.
///
/// Returns those nodes, inputs before readers; nothing for all but very large expressions. is_leaf(node): its values are at
/// hand when its readers are evaluated; what is below it is evaluated elsewhere and looked at, too.
/// The answer depends on the expressions alone, so that every rank cuts at the same places.
std::vector<ExprPtr> evaluation_cuts(const std::vector<ExprPtr>& roots, const std::function<bool(const Expr&)>& is_leaf);

}  // namespace rankine::array
