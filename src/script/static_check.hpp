#pragma once
#include "script/parser.hpp"
#include "script/refusal.hpp"

namespace rankine::script {

/// Looks through a script before it runs, so that no data are read for one that cannot finish: unknown names,
/// modules, attributes, methods and keyword arguments, all of them, with what could not be parsed. Types are inferred by
/// one forward pass; where a type is unknown, only names that no type has are refused, and of what was refused nothing
/// more is said. Throws ScriptError for what is nested too deeply to be looked at.
CheckReport check(const SourceText& source, const ParsedScript& script);

}  // namespace rankine::script
