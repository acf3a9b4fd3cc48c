#pragma once

namespace rankine::kernel {

// Values that an operation refuses where it meets them: UsageErrors, as NumPy and xarray raise ValueError.

/// An integer to a negative power is no integer.
[[noreturn]] void throw_negative_power();
/// NaN among weights.
[[noreturn]] void throw_missing_weight();

}  // namespace rankine::kernel
