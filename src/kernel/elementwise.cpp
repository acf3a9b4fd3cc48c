#include "kernel/elementwise.hpp"

#include <string>

#include "base/error.hpp"
#include "kernel/instruction_set.hpp"

namespace rankine::kernel {

StripKernel find_kernel(Op op, DType operand, DType result) {
  StripKernel kernel = nullptr;
  const bool known = operand != DType::string && (op != Op::cast || result != DType::string);
#ifdef __x86_64__
  if (known && machine_has_avx2()) {
    kernel = op == Op::cast ? avx2::find_cast_kernel(operand, result) : avx2::find_arithmetic_kernel(op, operand);
    if (kernel == nullptr && op != Op::cast) kernel = avx2::find_comparison_kernel(op, operand);
  } else
#endif
  if (known) {
    kernel = op == Op::cast ? baseline::find_cast_kernel(operand, result)
                            : baseline::find_arithmetic_kernel(op, operand);
    if (kernel == nullptr && op != Op::cast) kernel = baseline::find_comparison_kernel(op, operand);
  }
  if (kernel == nullptr && known && op != Op::cast) kernel = find_math_kernel(op, operand);
  if (kernel == nullptr)
    throw UnsupportedError(std::string(name_of(op)) + " is not defined for " + rankine::name_of(operand) +
                           "; convert with astype first");
  return kernel;
}

}  // namespace rankine::kernel
