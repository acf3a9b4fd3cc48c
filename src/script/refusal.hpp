#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "script/source_text.hpp"

namespace rankine::script {

struct Replacement;

/// One thing that a script cannot do here.
struct Refusal {
  int line = 0, column = 0;            ///< from 1
  std::string message;
  std::string text;                    ///< with place, source line and caret
  const Replacement* instead = nullptr;
  std::string traceback;               ///< of an error that Python would raise there too; else empty
};
Refusal make_refusal(const SourceText& source, Span place, const std::string& message, const Replacement* instead = nullptr);
Refusal make_refusal(const ScriptError& error);

/// What is known of a script without running it.
struct CheckReport {
  struct Call { int line, column; bool supported; };
  std::vector<Refusal> refusals;       ///< in the order of the file
  std::vector<Call> calls;             ///< at the name that is called
  /// The line from which on what happens depends on values: names alone were looked at there. 0: none, or no dry run.
  int unknown_from_line = 0;
  /// What kept a dry run from looking at all: a file that is not there yet, an error of Python's own.
  struct Note { int line; std::string message; };
  std::vector<Note> notes;
  std::size_t supported_count() const;
};
/// Into the order of the file, each once; calls at a refused place are not supported.
void sort_refusals(CheckReport& report);
/// Refusals one below the other, what to write instead once for each kind; at most `most`, then how many more there are.
std::string text_of(const CheckReport& report, std::size_t most, const char* indent = "");
/// The error of a script that has refusals.
ScriptError refused(const SourceText& source, const CheckReport& report);

}  // namespace rankine::script
