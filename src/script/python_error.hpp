#pragma once
#include <memory>
#include <string>

#include "base/error.hpp"
#include "script/source_text.hpp"
#include "script/value.hpp"

namespace rankine::script {

// What scripts can catch. UnsupportedError is none of it: a script that went on without what it asked for would give
// other results here than in Python.

/// An error that CPython raises too, under its name there; the message alone is printed where nothing catches it.
struct PythonError : UsageError {
  PythonError(std::string n, const std::string& message) : UsageError(message), name(std::move(n)) {}
  std::string name;
};
struct TypeError : PythonError { explicit TypeError(const std::string& m) : PythonError("TypeError", m) {} };
struct ValueError : PythonError { explicit ValueError(const std::string& m) : PythonError("ValueError", m) {} };
struct IndexError : PythonError { explicit IndexError(const std::string& m) : PythonError("IndexError", m) {} };
struct NameError : PythonError { explicit NameError(const std::string& m) : PythonError("NameError", m) {} };
struct ZeroDivisionError : PythonError { explicit ZeroDivisionError(const std::string& m) : PythonError("ZeroDivisionError", m) {} };

/// AttributeError of an object that is as its file is, as certain as the file.
struct NoAttributeError : UsageError { using UsageError::UsageError; };

/// From another rank, where nothing could catch it either.
struct UncatchableError : Error { using Error::Error; };

/// A call of the script that an error has passed through: "region", or "<module>" outside of all, and where it was then.
struct TraceEntry {
  std::string function;
  Span place;
};
/// Innermost call first.
using Trace = std::vector<TraceEntry>;

struct ExceptionObject;
using ExceptionPtr = std::shared_ptr<ExceptionObject>;

struct ExceptionObject : Object {
  static constexpr Type static_type = Type::exception;
  Type type() const override { return static_type; }
  std::string name;
  Values arguments;
  Value cause;                         ///< raise ... from cause
  std::string report = {};             ///< what is printed behind the name where nothing catches it; empty: its text
  bool is_remote = false;              ///< `report` is all of it, with the calls that it passed through in a task
  ExitCode code = ExitCode::usage;     ///< what the run ends with then
  Trace trace = {};                    ///< as far as it has come
  ExceptionPtr context = {};           ///< what was being handled when it was raised
  bool has_cause = false;              ///< raise ... from: `context` is not shown
};

/// An exception on its way.
struct RaisedError : Error {
  explicit RaisedError(ExceptionPtr e) : Error(e->code, e->report), exception(std::move(e)) {}
  ExceptionPtr exception;
};

/// A new exception of this class.
ExceptionPtr make_exception(std::string name, Values arguments);
/// KeyError with the key itself as its argument. `repr`: of the key.
[[noreturn]] void raise_key_error(const Value& key, const std::string& repr);
/// The exception that an error is for a script; null for what no script may catch.
ExceptionPtr exception_of(const Error& error);

/// Whether `name` is an exception class, and whether it is `base` or derived from it.
bool is_exception_class(const std::string& name);
bool is_subclass(const std::string& name, const std::string& base);
/// All exception classes, bases first.
const std::vector<std::string>& exception_classes();

/// str(e) and repr(e).
class Interpreter;
std::string text_of_exception(Interpreter& in, const ExceptionObject& exception);
std::string repr_of_exception(Interpreter& in, const ExceptionObject& exception);

}  // namespace rankine::script
