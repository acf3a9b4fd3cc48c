#pragma once
#include "kernel/reduce.hpp"

/// Plain-loop twins of the kernels: one element at a time, exact or extended arithmetic where the fast
/// kernels take care, no strips, no lanes. Tests and benchmarks compare against them.
namespace rankine::kernel::reference {

NdArray run(const Program& program, std::span<const StridedView> inputs, const Shape& shape);

Partial reduce_block(const Program& program, std::span<const StridedView> inputs, const Shape& shape,
                     std::span<const int> axes, const ReduceSpec& spec);

Partial reduce_block_grouped(const Program& program, std::span<const StridedView> inputs, const Shape& shape,
                             int axis, std::span<const std::int32_t> slots, std::int64_t slot_count,
                             const ReduceSpec& spec);

void combine(const ReduceSpec& spec, Partial& into, std::span<const StridedView> from);

NdArray finalise(const ReduceSpec& spec, const Partial& partial);

}  // namespace rankine::kernel::reference
