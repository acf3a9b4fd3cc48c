#pragma once
#include <string>

#include "script/value.hpp"

namespace rankine::script {

/// Whether Python's module or class of this type has the name, be it supported here or not: a name that exists is no slip
/// of another.
bool is_known_name(Type owner, const std::string& name);

}  // namespace rankine::script
