#ifdef __x86_64__
#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>
#include <type_traits>

#include "base/error.hpp"
#include "kernel/element_type.hpp"
#include "kernel/elementwise.hpp"
#include "kernel/refused_values.hpp"

#pragma GCC push_options
#pragma GCC target("avx2")
namespace rankine::kernel::avx2 {
#include "kernel/arithmetic_loops.inl"
}  // namespace rankine::kernel::avx2
#pragma GCC pop_options
#endif
