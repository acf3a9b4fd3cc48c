#pragma once
#include <memory>
#include <string>
#include <vector>

#include "script/ast.hpp"
#include "script/value.hpp"

namespace rankine::script {

class Interpreter;
struct Environment;

// What parts of a script that are left out could have done, told by their text and by what names mean where they stand.

/// A value of a dry run that is not known; whoever looks at it gets UnknownValue.
Value make_unknown();
bool is_unknown(const Value& value);
/// Whether a value is unknown or holds one, as a list of them does; true where it holds too much to tell.
bool holds_unknown(const Value& value);

/// A function of the script other than a lambda, a class, a method or an object of one: calling it may change anything.
bool is_script_code(const Value& value);
/// Whether evaluating it could change more than its own value.
bool may_have_effects(const Expression& e, const Interpreter& in, const std::shared_ptr<Environment>& env);
/// Whether the call itself could, its parts having been evaluated.
bool call_may_have_effects(const Call& call, const Interpreter& in, const std::shared_ptr<Environment>& env);
/// Whether all that the block could do is to bind names, which are put into `names`, to print, or to raise.
bool binds_names_alone(const Block& block, const Interpreter& in, const std::shared_ptr<Environment>& env, std::vector<std::string>& names,
                       bool in_loop = false);
/// The names that a target binds, or false: it is no name, and no tuple of names.
bool target_names(const Expression& target, std::vector<std::string>& names);

}  // namespace rankine::script
