#pragma once
#include <optional>

#include "array/expr.hpp"
#include "array/output_spec.hpp"
#include "grid/box.hpp"

namespace rankine::array {

/// The last step before values are stored: from the dtype they were computed in to the variable's own, checked, and
/// rounded to `keep_digits` where that is wished. Values already of that dtype pass through. `box`: where they lie in
/// the variable, which some roundings depend on; absent: they are all of it.
/// NaN that is to become an integer becomes the variable's _FillValue (or missing_value).
/// Throws UsageError naming variable, value and range where a value does not fit ("cannot store 70000 of 'tas' as int16
/// (-32768 to 32767)"), or where NaN is to become an integer and there is no _FillValue: NumPy would wrap silently. So
/// does a scaled value that is rounded to the _FillValue: it would be read back as a gap.
NdArray stored_values(NdArray values, const OutputVariable& variable, const std::optional<Box>& box = std::nullopt);

/// True for signed integers whose bits are read as unsigned ones (_Unsigned="true").
bool holds_unsigned_bits(const OutputVariable& variable);

/// `values` without a last cast that stored_values() does as well, with a check: casts from floats to integers and
/// to narrower integers; gaps of floats stay NaN. `of_unsigned_bits`: for a variable that holds_unsigned_bits().
ExprPtr before_last_cast(const ExprPtr& values, bool of_unsigned_bits = false);
/// The values as stored_values() leaves them, unchecked, as one expression.
ExprPtr with_filled_gaps(const ExprPtr& values, const OutputVariable& variable);

}  // namespace rankine::array
