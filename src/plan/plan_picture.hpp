#pragma once
#include "base/dot_graph.hpp"
#include "plan/lowered_plan.hpp"

namespace rankine::plan {

/// A picture of a plan: every task where there are few, else the layers.
DotGraph picture_of(const LoweredPlan& plan);

}  // namespace rankine::plan
