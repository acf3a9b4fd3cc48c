#pragma once
#include <set>
#include <string>

#include "script/ast.hpp"

namespace rankine::script {

/// The names that a function assigns: its own, and those that it declares to be of the scopes around it.
struct FunctionScope {
  std::set<std::string> locals, globals, nonlocals;
};
FunctionScope scope_of(const FunctionDefinition& definition);

/// Names that a block assigns in its own scope.
void collect_assigned(const Block& block, std::set<std::string>& names);
/// Names that functions in the block, however deep, assign in the scopes around them.
void collect_outer_names(const Block& block, std::set<std::string>& names);

}  // namespace rankine::script
