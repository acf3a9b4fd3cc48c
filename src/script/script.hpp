#pragma once
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace rankine::script {

class Host;

/// What went wrong in a script, and where. what() is the full text:
///   anomaly.py:7:12: 'polyfit' of DataArray is not supported
///       trend = sst.polyfit("time", 1)
///                   ^
class ScriptError : public UsageError {
 public:
  ScriptError(std::string file, int line, int column, std::string message, const std::string& full_text)
      : UsageError(full_text), file_(std::move(file)), message_(std::move(message)), line_(line), column_(column) {}
  const std::string& file() const { return file_; }
  const std::string& message() const { return message_; }  ///< without place and source line
  int line() const { return line_; }                       ///< from 1
  int column() const { return column_; }                   ///< from 1, in characters

 private:
  std::string file_;
  std::string message_;
  int line_ = 0;
  int column_ = 0;
};

/// Thrown by sys.exit(n) and raise SystemExit(n); the run ends with this status after pending sinks
/// were run, which is the caller's part.
struct ScriptExit {
  int status = 0;
};

struct CheckReport;
/// All that a script cannot do here, as far as its text tells, and, with a host, a dry run: refusal.hpp. Throws ScriptError
/// for what is nested too deeply to be looked at.
CheckReport look_through(const std::string& name, const std::string& text, Host* host);

/// Parses and checks a script without running it. Throws ScriptError, whose text holds all refusals.
void check_script(const std::string& name, const std::string& text);

/// Parses, checks, then runs a script. Throws ScriptError for what is wrong in the script, ScriptExit,
/// and Error of other codes (input, output, resources ...) with the place in the script put before its text.
void run_script(const std::string& name, const std::string& text, Host& host);

/// What of Python, xarray and NumPy is supported, as Markdown: docs/pipeline-language.md.
std::string support_table();

}  // namespace rankine::script
