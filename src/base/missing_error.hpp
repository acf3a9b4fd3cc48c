#pragma once
#include "base/error.hpp"

namespace rankine {

/// A variable, label or key that is not there.
struct MissingNameError : UsageError { using UsageError::UsageError; };
/// A position outside an array.
struct PositionError : UsageError { using UsageError::UsageError; };

}  // namespace rankine
