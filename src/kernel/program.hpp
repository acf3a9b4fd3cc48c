#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "grid/strided_view.hpp"
#include "kernel/op.hpp"

namespace rankine::kernel {

/// One step of a fused elementwise program, in single assignment form. Registers 0..n-1 are the n
/// inputs; instruction i writes register n + i.
struct Instruction {
  Op op;
  DType operand;                       ///< common dtype of the value operands (of the 2nd and 3rd for where)
  DType result;
  std::array<std::uint32_t, 3> registers{};
};

/// A fused chain of elementwise operations over one index space. With no instructions the result is
/// input 0. The result is the last register.
struct Program {
  std::vector<DType> inputs;
  std::vector<Instruction> instructions;
  DType result_dtype() const { return instructions.empty() ? inputs.front() : instructions.back().result; }
};

/// Evaluates `program` over `shape`. Every input view has exactly that shape (stride 0 where it is
/// broadcast). Runs in strips that stay in the first-level caches: no temporary is as large as the
/// block. Returns a fresh C-contiguous array.
NdArray run(const Program& program, std::span<const StridedView> inputs, const Shape& shape);

/// The same into `out`, which has room for just that many elements.
void run_into(const Program& program, std::span<const StridedView> inputs, const Shape& shape, std::span<std::byte> out);

}  // namespace rankine::kernel
