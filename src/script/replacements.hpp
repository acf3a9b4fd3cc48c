#pragma once
#include <string>
#include <vector>

#include "base/error.hpp"
#include "script/bindings.hpp"

namespace rankine::script {

/// What to write in place of a name that exists in Python, xarray, NumPy or Dask and not here. The rows are in
/// replacements.inc; messages, `rankine check`, `rankine language` and docs/pipeline-language.md show them.
struct Replacement {
  TypeSet owners;         ///< the types or modules whose name it is; of modules themselves: Type::plugin
  const char* name;
  const char* words;      ///< a sentence or the bounds of the recipe; may be empty
  /// Lines that do the same under xarray and here: each leaves what it makes in `result`. `da`, `ds` and the other names of
  /// replacements.inc are there before. Empty: only the words help.
  const char* original;
  const char* instead;
};

const std::vector<Replacement>& replacements();
/// An attribute that a type lacks, with its row or null.
struct UnsupportedName : UnsupportedError {
  UnsupportedName(const std::string& message, const Replacement* row) : UnsupportedError(message), instead(row) {}
  const Replacement* instead;
};

/// The row of a name of `type`, or null.
const Replacement* replacement_for(Type type, const std::string& name);
/// The row of a method whose object's type is not known, or null.
const Replacement* replacement_for_method(const std::string& name);
/// The row of a module that is not there, such as "scipy.stats", or null.
const Replacement* replacement_for_module(const std::string& module);

/// "; <words>" for a message of one line, or nothing.
std::string words_of(const Replacement* row);
/// The lines to write instead, indented for below a caret, or nothing.
std::string lines_of(const Replacement* row);
/// All rows as Markdown.
std::string replacement_section();

}  // namespace rankine::script
