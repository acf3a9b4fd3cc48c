#pragma once
#include <functional>

#include "array/expr.hpp"

namespace rankine::array {

/// Computes an expression that reads stored data. The algebra asks for values only where they decide
/// the shape or the meaning of the result: index coordinates, group keys, boolean masks used as
/// indexers. The runtime sets it once at start; without it such a request throws UnsupportedError.
using LoadFn = std::function<NdArray(const ExprPtr&)>;
void set_loader(LoadFn loader);
/// The same for the calling thread alone, before the other: functions of scripts that run on workers' threads.
void set_thread_loader(LoadFn loader);

/// The values of `expr`: evaluate_constant where it is constant, else the loader's answer.
NdArray load(const ExprPtr& expr);

}  // namespace rankine::array
