#pragma once
#include "script/ast.hpp"

namespace rankine::script {

/// The statements of a whole script. Throws ScriptError for what is no Python 3.11, and for what is
/// Python and not in the subset, with a sentence that says which.
Block parse(const SourceText& source);

}  // namespace rankine::script
