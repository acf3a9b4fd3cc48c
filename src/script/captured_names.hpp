#pragma once
#include <set>
#include <string>

#include "script/ast.hpp"

namespace rankine::script {

/// Names that a function uses and does not bind itself: what must go with it where it is called elsewhere.
std::set<std::string> captured_names(const FunctionDefinition& function);

/// The definition (def or lambda) whose text begins at this byte of the script, or null.
std::shared_ptr<const FunctionDefinition> definition_at(const Block& script, Span span);

}  // namespace rankine::script
