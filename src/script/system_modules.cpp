#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/error.hpp"
#include "script/interpreter.hpp"
#include "script/operations.hpp"

namespace rankine::script {

namespace {

std::string path_argument(const Arguments& args) { return to_text(args.get("path"), "a path"); }

Value make_module(Type type) { return std::make_shared<ModuleObject>(type); }

std::string join_paths(const Values& parts) {
  std::string path;
  for (const Value& part : parts) {
    const std::string next = to_text(part, "a part of a path");
    if (next.starts_with("/") || path.empty()) path = next;
    else path += (path.ends_with("/") ? "" : "/") + next;
  }
  return path;
}

/// Where the file's own name begins.
std::size_t name_start(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? 0 : slash + 1;
}

Value splitext(Interpreter&, const Arguments& args) {
  const std::string path = path_argument(args);
  const std::size_t start = path.find_first_not_of('.', name_start(path));
  const std::size_t dot = path.rfind('.');
  if (dot == std::string::npos || start == std::string::npos || dot < start) return make_tuple({path, ""});
  return make_tuple({path.substr(0, dot), path.substr(dot)});
}

void add_sys(BindingTable& table) {
  table.property(Type::sys, "argv", Type::list, [](Interpreter& in, const Arguments&) -> Value {
    Values words;
    for (const auto& word : in.host().argv()) words.push_back(word);
    return make_list(std::move(words));
  });
  table.property(Type::sys, "stderr", Type::stream, [](Interpreter&, const Arguments&) -> Value {
    auto stream = std::make_shared<StreamObject>();
    stream->is_stderr = true;
    return stream;
  });
  table.property(Type::sys, "stdout", Type::stream, [](Interpreter&, const Arguments&) -> Value { return std::make_shared<StreamObject>(); });
  table.method(Type::stream, "write", "text", Type::integer, [](Interpreter& in, const Arguments& args) -> Value {
    const std::string text = to_text(args.get("text"), "the text");
    in.host().print(text, args.self.as<StreamObject>()->is_stderr);
    return static_cast<std::int64_t>(text.size());
  });
  table.method(Type::stream, "flush", "", Type::none, [](Interpreter&, const Arguments&) -> Value { return {}; });
  table.method(Type::sys, "exit", "status=", Type::none, [](Interpreter& in, const Arguments& args) -> Value {
    const Value status = args.get("status");
    if (status.is_none()) throw ScriptExit{0};
    if (status.integer() != nullptr || status.boolean() != nullptr)
      throw ScriptExit{static_cast<int>(to_integer(status, "status") & 0xFF)};
    in.host().print(text_of(in, status) + "\n", true);
    throw ScriptExit{1};
  });
}

void add_os(BindingTable& table) {
  table.property(Type::os, "path", Type::os_path, [](Interpreter&, const Arguments&) { return make_module(Type::os_path); });
  table.property(Type::os, "environ", Type::os, [](Interpreter&, const Arguments& args) -> Value { return args.self; });
  const auto getenv = [](Interpreter& in, const Arguments& args) -> Value {
    const auto value = in.host().environment(to_text(args.get("key"), "the name of a variable"));
    return value ? Value(*value) : args.get("default");
  };
  table.method(Type::os, "getenv", "key, default=", Type::text | Type::none, getenv);
  table.method(Type::os, "get", "key, default=", Type::text | Type::none, getenv);
  table.method(Type::os, "makedirs", "path, exist_ok=", Type::none, [](Interpreter& in, const Arguments& args) -> Value {
    in.host().make_directories(path_argument(args), truth(in, args.get("exist_ok")));
    return {};
  });
  const auto add = [&](const char* name, const char* signature, TypeSet result, Binding::Function f) {
    table.method(Type::os_path, name, signature, result, f);
  };
  add("join", "*parts", Type::text, [](Interpreter&, const Arguments& args) -> Value { return join_paths(args.rest); });
  add("basename", "path", Type::text, [](Interpreter&, const Arguments& args) -> Value {
    const std::string path = path_argument(args);
    return path.substr(name_start(path));
  });
  add("dirname", "path", Type::text, [](Interpreter&, const Arguments& args) -> Value {
    const std::string path = path_argument(args);
    std::string head = path.substr(0, name_start(path));
    while (head.size() > 1 && head.back() == '/' && head.find_first_not_of('/') != std::string::npos) head.pop_back();
    return head;
  });
  add("splitext", "path", Type::tuple, splitext);
  add("exists", "path", Type::boolean, [](Interpreter& in, const Arguments& args) -> Value { return in.host().path_exists(path_argument(args)); });
  add("isfile", "path", Type::boolean, [](Interpreter& in, const Arguments& args) -> Value {
    const std::string path = path_argument(args);
    return in.host().path_exists(path) && !in.host().is_directory(path);
  });
  add("isdir", "path", Type::boolean, [](Interpreter& in, const Arguments& args) -> Value { return in.host().is_directory(path_argument(args)); });
  add("expanduser", "path", Type::text, [](Interpreter& in, const Arguments& args) -> Value {
    const std::string path = path_argument(args);
    const auto home = in.host().environment("HOME");
    return home && (path == "~" || path.starts_with("~/")) ? *home + path.substr(1) : path;
  });
  table.method(Type::glob, "glob", "path", Type::list, [](Interpreter& in, const Arguments& args) -> Value {
    Values paths;
    for (auto& path : in.host().glob(path_argument(args))) paths.push_back(std::move(path));
    return make_list(std::move(paths));
  });
}

void add_math(BindingTable& table) {
  struct Constant { const char* name; double (*value)(); };
  table.property(Type::math, "pi", Type::floating, [](Interpreter&, const Arguments&) -> Value { return std::numbers::pi; });
  table.property(Type::math, "e", Type::floating, [](Interpreter&, const Arguments&) -> Value { return std::numbers::e; });
  table.property(Type::math, "nan", Type::floating, [](Interpreter&, const Arguments&) -> Value { return std::nan(""); });
  table.property(Type::math, "inf", Type::floating, [](Interpreter&, const Arguments&) -> Value { return HUGE_VAL; });
  struct Function { const char* name; double (*f)(double); };
  static const Function functions[] = {
      {"sqrt", std::sqrt}, {"exp", std::exp}, {"log", std::log}, {"log10", std::log10}, {"log2", std::log2},
      {"sin", std::sin}, {"cos", std::cos}, {"tan", std::tan}, {"asin", std::asin}, {"acos", std::acos},
      {"atan", std::atan}, {"sinh", std::sinh}, {"cosh", std::cosh}, {"tanh", std::tanh}, {"fabs", std::fabs},
      {"radians", [](double x) { return x * (std::numbers::pi / 180.0); }},
      {"degrees", [](double x) { return x * (180.0 / std::numbers::pi); }}};
  for (const auto& function : functions) {
    table.method(Type::math, function.name, "x", Type::floating, [](Interpreter&, const Arguments& args) -> Value {
      const double x = to_double(args.get("x"), "the argument");
      const auto found = std::find_if(std::begin(functions), std::end(functions),
                                      [&](const Function& f) { return args.binding->name == f.name; });
      const double result = found->f(x);
      const bool pole = std::isinf(result) && std::isfinite(x);
      if ((std::isnan(result) && !std::isnan(x)) || pole)
        throw UsageError(args.binding->name == "exp" ? "math range error" : "math domain error");
      return result;
    });
  }
  const auto whole = [](double value) -> Value {
    if (!std::isfinite(value)) throw UsageError("cannot convert float NaN or infinity to integer");
    if (std::abs(value) >= 9.2e18) throw UnsupportedError("integer overflow: integers beyond 64 bits are not supported");
    return static_cast<std::int64_t>(value);
  };
  static const auto to_whole = whole;
  table.method(Type::math, "floor", "x", Type::integer, [](Interpreter&, const Arguments& a) -> Value { return to_whole(std::floor(to_double(a.get("x"), "x"))); });
  table.method(Type::math, "ceil", "x", Type::integer, [](Interpreter&, const Arguments& a) -> Value { return to_whole(std::ceil(to_double(a.get("x"), "x"))); });
  table.method(Type::math, "isnan", "x", Type::boolean, [](Interpreter&, const Arguments& a) -> Value { return std::isnan(to_double(a.get("x"), "x")); });
  table.method(Type::math, "isfinite", "x", Type::boolean, [](Interpreter&, const Arguments& a) -> Value { return std::isfinite(to_double(a.get("x"), "x")) != 0; });
  table.method(Type::math, "pow", "x, y", Type::floating, [](Interpreter&, const Arguments& a) -> Value {
    return std::pow(to_double(a.get("x"), "x"), to_double(a.get("y"), "y"));
  });
  table.method(Type::math, "atan2", "y, x", Type::floating, [](Interpreter&, const Arguments& a) -> Value {
    return std::atan2(to_double(a.get("y"), "y"), to_double(a.get("x"), "x"));
  });
  table.method(Type::math, "hypot", "x, y", Type::floating, [](Interpreter&, const Arguments& a) -> Value {
    return std::hypot(to_double(a.get("x"), "x"), to_double(a.get("y"), "y"));
  });
}

Value ignored(Interpreter&, const Arguments&) { return {}; }

}  // namespace

void add_system_modules(BindingTable& table) {
  add_sys(table);
  add_os(table);
  add_math(table);
  for (const char* name : {"filterwarnings", "simplefilter"})
    table.method(Type::warnings, name, "*args, **kwargs", Type::none, ignored);
  static_cast<void>(any);
}

}  // namespace rankine::script
