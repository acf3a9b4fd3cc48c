#include "script/python_error.hpp"

#include <algorithm>
#include <map>

#include "base/missing_error.hpp"
#include "script/operations.hpp"
#include "script/script.hpp"

namespace rankine::script {

namespace {

struct Class { const char* name; const char* base; };
// Bases first. CancelledError and KilledWorker are those of dask.distributed.
constexpr Class classes[] = {
    {"BaseException", ""}, {"SystemExit", "BaseException"}, {"KeyboardInterrupt", "BaseException"}, {"Exception", "BaseException"},
    {"ArithmeticError", "Exception"}, {"FloatingPointError", "ArithmeticError"}, {"OverflowError", "ArithmeticError"},
    {"ZeroDivisionError", "ArithmeticError"}, {"AssertionError", "Exception"}, {"AttributeError", "Exception"},
    {"BufferError", "Exception"}, {"EOFError", "Exception"}, {"ImportError", "Exception"}, {"ModuleNotFoundError", "ImportError"},
    {"LookupError", "Exception"}, {"IndexError", "LookupError"}, {"KeyError", "LookupError"}, {"MemoryError", "Exception"},
    {"NameError", "Exception"}, {"UnboundLocalError", "NameError"}, {"OSError", "Exception"}, {"ConnectionError", "OSError"},
    {"FileExistsError", "OSError"}, {"FileNotFoundError", "OSError"}, {"IsADirectoryError", "OSError"},
    {"NotADirectoryError", "OSError"}, {"PermissionError", "OSError"}, {"TimeoutError", "OSError"}, {"RuntimeError", "Exception"},
    {"NotImplementedError", "RuntimeError"}, {"RecursionError", "RuntimeError"}, {"StopIteration", "Exception"},
    {"TypeError", "Exception"}, {"ValueError", "Exception"}, {"UnicodeError", "ValueError"}, {"Warning", "Exception"},
    {"DeprecationWarning", "Warning"}, {"FutureWarning", "Warning"}, {"RuntimeWarning", "Warning"}, {"UserWarning", "Warning"},
    {"CancelledError", "Exception"}, {"KilledWorker", "Exception"}};

const std::map<std::string, std::string>& bases() {
  static const std::map<std::string, std::string> table = [] {
    std::map<std::string, std::string> t;
    for (const Class& c : classes) t.emplace(c.name, c.base);
    return t;
  }();
  return table;
}

bool holds(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

/// The classes of Python's file errors, told by the system's words in the message.
std::string name_of_file_error(const std::string& message) {
  if (holds(message, "No such file")) return "FileNotFoundError";
  if (holds(message, "Permission denied")) return "PermissionError";
  if (holds(message, "exists")) return "FileExistsError";
  if (holds(message, "Is a directory")) return "IsADirectoryError";
  return "OSError";
}

}  // namespace

bool is_exception_class(const std::string& name) { return bases().contains(name); }

bool is_subclass(const std::string& name, const std::string& base) {
  for (std::string at = name; !at.empty();) {
    if (at == base) return true;
    const auto found = bases().find(at);
    if (found == bases().end()) return false;
    at = found->second;
  }
  return false;
}

const std::vector<std::string>& exception_classes() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const Class& c : classes) all.emplace_back(c.name);
    return all;
  }();
  return names;
}

ExceptionPtr make_exception(std::string name, Values arguments) {
  auto exception = std::make_shared<ExceptionObject>();
  exception->name = std::move(name);
  exception->arguments = std::move(arguments);
  return exception;
}

void raise_key_error(const Value& key, const std::string& repr) {
  auto exception = make_exception("KeyError", {key});
  exception->report = repr;
  throw RaisedError(std::move(exception));
}

ExceptionPtr exception_of(const Error& error) {
  if (const auto* raised = dynamic_cast<const RaisedError*>(&error)) return raised->exception;
  if (dynamic_cast<const ScriptError*>(&error) != nullptr || dynamic_cast<const UnsupportedError*>(&error) != nullptr ||
      dynamic_cast<const UncatchableError*>(&error) != nullptr)
    return nullptr;
  const std::string message = error.what();
  std::string name;
  if (const auto* python = dynamic_cast<const PythonError*>(&error)) {
    name = python->name;
  } else if (dynamic_cast<const MissingNameError*>(&error) != nullptr) {
    name = "KeyError";
  } else if (dynamic_cast<const NoAttributeError*>(&error) != nullptr) {
    name = "AttributeError";
  } else if (dynamic_cast<const PositionError*>(&error) != nullptr) {
    name = "IndexError";
  } else {
    switch (error.code()) {
      case ExitCode::usage: name = "ValueError"; break;
      case ExitCode::input: case ExitCode::output: name = name_of_file_error(message); break;
      case ExitCode::task_failed: name = "RuntimeError"; break;
      case ExitCode::resources: name = "MemoryError"; break;
      default: return nullptr;
    }
  }
  auto exception = make_exception(std::move(name), {message});
  exception->report = message;
  exception->code = error.code();
  return exception;
}

std::string text_of_exception(Interpreter& in, const ExceptionObject& exception) {
  if (exception.arguments.empty()) return "";
  if (exception.arguments.size() > 1) return repr_of(in, make_tuple(exception.arguments));
  const Value& only = exception.arguments[0];
  return is_subclass(exception.name, "KeyError") ? repr_of(in, only) : text_of(in, only);
}

std::string repr_of_exception(Interpreter& in, const ExceptionObject& exception) {
  if (exception.arguments.size() == 1) return exception.name + "(" + repr_of(in, exception.arguments[0]) + ")";
  return exception.name + repr_of(in, make_tuple(exception.arguments));
}

}  // namespace rankine::script
