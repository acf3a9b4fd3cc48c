#ifdef __x86_64__
#include <cstdint>
#include <limits>
#include <type_traits>

#include "kernel/accumulator.hpp"
#include "kernel/element_type.hpp"
#include "kernel/extremum.hpp"

#pragma GCC push_options
#pragma GCC target("avx2")
namespace rankine::kernel::avx2 {
#include "kernel/accumulator_loops.inl"
}  // namespace rankine::kernel::avx2
#pragma GCC pop_options
#endif
