#pragma once
#include <optional>

#include "array/expr.hpp"
#include "array/output_spec.hpp"
#include "grid/box.hpp"

namespace rankine::array {

/// The last step before values are stored: from the dtype they were computed in to the variable's own, checked, and
/// rounded to `keep_digits` where that is wished. Values already of that dtype pass through. `box`: where they lie in
/// the variable, which some roundings depend on; absent: they are all of it.
/// Throws UsageError naming variable, value and range where a value does not fit ("cannot store 70000 of 'tas' as int16
/// (-32768 to 32767)"), or where NaN is to become an integer and there is no _FillValue: NumPy would wrap silently.
NdArray stored_values(NdArray values, const OutputVariable& variable, const std::optional<Box>& box = std::nullopt);

/// `values` without a last cast that stored_values() does as well, with a check: casts from floats to integers and
/// to narrower integers.
ExprPtr before_last_cast(const ExprPtr& values);

}  // namespace rankine::array
