#pragma once
#include <vector>

#include "array/variable.hpp"
#include "kernel/op.hpp"

namespace rankine::array {

/// An operand of one operation: data, and whether promotion may treat it as a scalar (0-d).
struct Term {
  ExprPtr data;
  bool is_scalar = false;
  calendar::Calendar calendar = calendar::Calendar::standard;
};

/// One operation with NumPy's dtype rules on operands whose axes already match (extent 1 broadcasts):
/// promotion by value for scalars, true division of integers, bool arithmetic, dates and durations.
/// Throws UsageError naming the dtypes where NumPy has no such operation.
Term operate(kernel::Op op, const std::vector<Term>& terms);
/// where(cond, x, y) with xarray's result dtype.
Term choose(const Term& condition, const Term& x, const Term& y);
Term missing_in(const Term& term);
/// NaN, or NaT for dates and durations, as an operand beside `beside`.
Term missing_value_for(const Term& beside);
Term converted(const Term& term, DType dtype);

}  // namespace rankine::array
