#pragma once
#include "script/ast.hpp"

namespace rankine::script {

/// Looks through a script before it runs, so that no data are read for one that cannot finish: unknown names,
/// modules, attributes, methods and keyword arguments. Types are inferred by one forward pass; where a type is
/// unknown, only names that no type has are refused. Throws ScriptError for the first finding.
void check(const SourceText& source, const Block& script);

}  // namespace rankine::script
