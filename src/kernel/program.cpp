#include "kernel/program.hpp"

#include <algorithm>

#include "kernel/strip_evaluator.hpp"

namespace rankine::kernel {

NdArray run(const Program& program, std::span<const StridedView> inputs, const Shape& shape) {
  for (const StridedView& input : inputs)
    RANKINE_CHECK(input.shape == shape, "an input of a program has not the shape of its block");
  NdArray out(program.result_dtype(), shape);
  const std::int64_t count = element_count(shape);
  if (count == 0) return out;
  // All axes are columns: a strip may span several rows of an input that does not lie contiguous.
  const AxisGroup groups[] = {{0, 0, 1}, {0, static_cast<int>(shape.size()), count}};
  StripEvaluator evaluator(program, inputs, groups);
  const auto bytes = static_cast<std::int64_t>(size_of(out.dtype()));
  for (std::int64_t at = 0; at < count; at += strip_elements)
    evaluator.evaluate_into(out.raw() + at * bytes, 0, at, std::min(strip_elements, count - at));
  return out;
}

}  // namespace rankine::kernel
