#include <cstdint>
#include <limits>
#include <type_traits>

#include "kernel/accumulator.hpp"
#include "kernel/element_type.hpp"
#include "kernel/extremum.hpp"

namespace rankine::kernel::baseline {
#include "kernel/accumulator_loops.inl"
}  // namespace rankine::kernel::baseline
