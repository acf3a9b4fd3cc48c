#pragma once

namespace rankine::kernel {

/// Throws UsageError as NumPy does: an integer to a negative power is no integer.
[[noreturn]] void throw_negative_power();

}  // namespace rankine::kernel
