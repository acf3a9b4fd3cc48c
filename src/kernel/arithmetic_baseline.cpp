#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>
#include <type_traits>

#include "base/error.hpp"
#include "kernel/element_type.hpp"
#include "kernel/elementwise.hpp"
#include "kernel/refused_values.hpp"

namespace rankine::kernel::baseline {
#include "kernel/arithmetic_loops.inl"
}  // namespace rankine::kernel::baseline
