#pragma once
#include <set>

#include "script/ast.hpp"
#include "script/refusal.hpp"

namespace rankine::script {

/// The statements of a whole script. Throws ScriptError for what is no Python 3.11, and for what is
/// Python and not in the subset, with a sentence that says which.
Block parse(const SourceText& source);

/// A script with all that could be read of it.
struct ParsedScript {
  Block statements;                     ///< without those that could not be read
  std::vector<Refusal> problems;
  std::set<std::string> unread_names;   ///< words of lines that could not be read: they may be bound there
  bool may_bind_anything = false;       ///< from x import *
};
/// Goes on at the next logical line after what cannot be read; the blocks below such a line are looked at too.
ParsedScript parse_all(const SourceText& source);

}  // namespace rankine::script
