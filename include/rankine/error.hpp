#pragma once
#include <stdexcept>
#include <string>

namespace rankine {

/// Exit statuses of the program; documented in docs/exit-status.md, in this order.
enum class ExitCode : int {
  done = 0,
  task_failed = 1,     ///< a task failed for good
  usage = 2,           ///< bad command line or script, unknown names, variables and dims included
  input = 3,           ///< input missing, unreadable or corrupt
  output = 4,          ///< output cannot be created, written or committed
  resources = 5,       ///< memory limit too small for the plan
  partial = 6,         ///< --keep-going: some tasks failed for good, what did not depend on them is done
  internal = 70,       ///< a broken invariant: a bug in Rankine
  resumable = 75,      ///< the surroundings gave up, such as the last worker: nothing is wrong with the work, run it again
  interrupted = 130,   ///< SIGINT: outputs that were not finished are removed
};

/// What a run can meet: bad script, missing file, corrupt chunk, full disk. The message says what,
/// where and what to do. Broken invariants are RANKINE_CHECK, never this.
class Error : public std::runtime_error {
 public:
  Error(ExitCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ExitCode code() const { return code_; }
 private:
  ExitCode code_;
};

/// Bad script or command line. Thrown by the array room for unknown dims, names and bad arguments.
struct UsageError : Error { explicit UsageError(const std::string& m) : Error(ExitCode::usage, m) {} };
/// Shapes, sizes or coordinates of operands do not fit together.
struct ShapeError : UsageError { using UsageError::UsageError; };
/// A feature that exists in xarray and not here.
struct UnsupportedError : UsageError { using UsageError::UsageError; };
/// Input missing, unreadable, corrupt.
struct InputError : Error { explicit InputError(const std::string& m) : Error(ExitCode::input, m) {} };
/// Output not creatable, writable, committable.
struct OutputError : Error { explicit OutputError(const std::string& m) : Error(ExitCode::output, m) {} };

}  // namespace rankine
