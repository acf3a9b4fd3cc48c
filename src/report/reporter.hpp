#pragma once
#include <cstdio>
#include <functional>
#include <memory>
#include <string>

#include "base/bytes.hpp"
#include "report/progress.hpp"
#include "report/summary.hpp"

namespace rankine::report {

enum class Verbosity { quiet, normal, verbose };
enum class ProgressStyle { automatic, line, plain, off };

struct ReporterOptions {
  Verbosity verbosity = Verbosity::normal;
  ProgressStyle progress = ProgressStyle::automatic;  ///< line on a terminal, plain otherwise
  std::string log_file;   ///< empty: none; everything goes there with timestamps, verbose lines too
  std::FILE* out = stderr;  ///< progress, notes and summary; the script's own print goes to stdout
  /// Now as text, before plain progress lines and log lines; empty: local time, "2026-03-01 12:00:00".
  std::function<std::string()> timestamp;
};

/// Rank 0's voice: the progress line, notes, warnings, the error and the summary. Called from one
/// thread. The line is redrawn at most 5 times a second; plain lines come
/// after 1, 2, 4 and 8 s and then every 10 s, so a short run prints none. Quiet leaves warnings and errors.
class Reporter {
 public:
  /// Throws OutputError if the log file cannot be opened.
  explicit Reporter(ReporterOptions options);
  ~Reporter();
  Reporter(const Reporter&) = delete;
  Reporter& operator=(const Reporter&) = delete;

  void detail(const std::string& text);   ///< verbose only
  void note(const std::string& text);     ///< normal and verbose
  void warning(const std::string& text);  ///< always; "warning: " is put before it
  void error(const std::string& text);    ///< always; "rankine: " is put before it

  /// Call as often as liked; draws when it is time. True if it drew.
  bool progress(const ProgressState& state, Instant now);
  /// Removes the progress line, so that the script's output starts on a clean line.
  void clear_line();
  void summary(const RunSummary& summary);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rankine::report
