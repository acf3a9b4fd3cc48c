#pragma once
#include <string>
#include <vector>

#include "array/dataset.hpp"

namespace rankine::array {

/// The attributes of several objects as one: "override" (of the first), "drop", "no_conflicts",
/// "drop_conflicts", "identical".
Attributes combine_attributes(const std::vector<const Attributes*>& all, const std::string& how);

/// The one variable that several of a name agree on, by `compat`: "equals", "identical",
/// "broadcast_equals", "no_conflicts" (gaps filled from the others), "override" (the first).
/// Throws UsageError naming the variable where they conflict. Stored values are loaded only if two
/// variables are not the same computation.
Variable agreed_variable(const std::string& name, const std::vector<const Variable*>& variables,
                         const std::string& compat);
/// Whether two agree by `compat`.
bool compatible(const Variable& a, const Variable& b, const std::string& compat);

}  // namespace rankine::array
