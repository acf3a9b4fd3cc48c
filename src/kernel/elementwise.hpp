#pragma once
#include <cstddef>

#include "kernel/op.hpp"

namespace rankine::kernel {

/// Applies one operation to `n` elements. Unused operands are ignored; `out` overlaps no operand.
using StripKernel = void (*)(const void* a, const void* b, const void* c, void* out, std::size_t n);

/// The loop for `op` on operands of `operand` (`result` matters to cast alone), for the best
/// instruction set of this machine. Every set gives the same bits: no multiply-add contraction.
/// Throws UnsupportedError where NumPy has no such operation (subtract of bool, sin of int32).
StripKernel find_kernel(Op op, DType operand, DType result);

// The sources of find_kernel; null where the family has no such kernel.
StripKernel find_math_kernel(Op op, DType operand);
namespace baseline {
StripKernel find_arithmetic_kernel(Op op, DType operand);
StripKernel find_comparison_kernel(Op op, DType operand);
StripKernel find_cast_kernel(DType from, DType to);
}  // namespace baseline
#ifdef __x86_64__
namespace avx2 {
StripKernel find_arithmetic_kernel(Op op, DType operand);
StripKernel find_comparison_kernel(Op op, DType operand);
StripKernel find_cast_kernel(DType from, DType to);
}  // namespace avx2
#endif

}  // namespace rankine::kernel
