#include "kernel/program.hpp"

#include <algorithm>

#include "kernel/strip_evaluator.hpp"

namespace rankine::kernel {

void run_into(const Program& program, std::span<const StridedView> inputs, const Shape& shape, std::span<std::byte> out) {
  for (const StridedView& input : inputs)
    RANKINE_CHECK(input.shape == shape, "an input of a program has not the shape of its block");
  const std::int64_t count = element_count(shape);
  const auto bytes = static_cast<std::int64_t>(size_of(program.result_dtype()));
  RANKINE_CHECK(static_cast<std::int64_t>(out.size()) == count * bytes, "a program's result has not the size of its place");
  if (count == 0) return;
  // All axes are columns: a strip may span several rows of an input that does not lie contiguous.
  const AxisGroup groups[] = {{0, 0, 1}, {0, static_cast<int>(shape.size()), count}};
  StripEvaluator evaluator(program, inputs, groups);
  for (std::int64_t at = 0; at < count; at += strip_elements)
    evaluator.evaluate_into(out.data() + at * bytes, 0, at, std::min(strip_elements, count - at));
}

NdArray run(const Program& program, std::span<const StridedView> inputs, const Shape& shape) {
  NdArray out(program.result_dtype(), shape);
  run_into(program, inputs, shape, {out.raw(), out.bytes().value});
  return out;
}

}  // namespace rankine::kernel
