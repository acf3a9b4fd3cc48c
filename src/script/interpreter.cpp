#include "script/interpreter.hpp"

#include <algorithm>
#include <map>

#include "array/arithmetic.hpp"
#include "base/memory_guard.hpp"
#include "script/classes.hpp"
#include "script/dask_array.hpp"
#include "script/delayed.hpp"
#include "script/dry_run.hpp"
#include "script/inline_calls.hpp"
#include "script/labelled.hpp"
#include "script/operations.hpp"
#include "script/plugin_functions.hpp"
#include "script/remote_call.hpp"
#include "script/replacements.hpp"
#include "script/traceback.hpp"

namespace rankine::script {

Interpreter::Interpreter(const SourceText& source, Host& host)
    : source_(source), host_(host), globals_(std::make_shared<Environment>()) {
  globals_->variables["__name__"] = "__main__";
  globals_->variables["__file__"] = source.name();
}

Interpreter::~Interpreter() {
  for (const auto& weak : environments_) {
    if (const auto env = weak.lock()) env->variables.clear();
  }
  globals_->variables.clear();
  returned_ = {};
  handling_.clear();
  kept.clear();
}

void Interpreter::check_stack() {
  // A dry run takes more of the stack than the run: it must not find it short first.
  if (stack_.exceeded() && dry_run_ != nullptr) throw DryRunEnds();
  if (stack_.exceeded()) throw PythonError("RecursionError", "maximum recursion depth exceeded");
  host_.check_interrupt();
  count();
}

void Interpreter::look_around() {
  host_.check_interrupt();
  if (dry_run_ != nullptr) dry_run_->go_over(counted_at_once, place_);
  // What small objects take; large ones ask themselves.
  constexpr std::uint64_t bytes_each = 256;
  ask_memory(Bytes{counted_at_once * bytes_each});
}

void Interpreter::note_frame() {
  constexpr std::size_t most_entries = 100'000;
  if (trace_.size() < most_entries) trace_.push_back({*frame_, place_});
}

void Interpreter::raise_again(const ExceptionPtr& exception) {
  trace_ = exception->trace;
  if (!trace_.empty() && (frame_ == nullptr || trace_.back().function == *frame_)) {
    place_ = trace_.back().place;
    trace_.pop_back();
  }
  throw RaisedError(exception);
}

CallGraph& Interpreter::calls() {
  if (calls_ != nullptr) return *calls_;
  calls_ = host_.call_graph(write_program(source_));
  if (calls_ == nullptr) {
    own_calls_ = std::make_unique<InlineCalls>(write_program(source_), host_);
    calls_ = own_calls_.get();
  }
  return *calls_;
}

namespace {
/// What Python calls the frame of a script's own lines.
const std::string module_frame = "<module>";
}  // namespace

void Interpreter::run(const Block& script) {
  script_ = &script;
  run_task([&] {
    return in_frame(module_frame, [&] {
      execute(script, globals_);
      return Value();
    });
  });
}

void Interpreter::run_dry(const Block& script, DryRun& dry_run) {
  script_ = &script;
  dry_run_ = &dry_run;
  in_frame(module_frame, [&] {
    execute(script, globals_);
    return Value();
  });
}

const Value* Interpreter::look_up(const std::string& name, const std::shared_ptr<Environment>& env) const {
  for (const Environment* scope = env.get(); scope != nullptr; scope = scope->parent.get()) {
    const auto found = scope->variables.find(name);
    if (found != scope->variables.end()) return &found->second;
  }
  return nullptr;
}

Value Interpreter::run_task(const std::function<Value()>& task, ExceptionPtr* raised) {
  forget_trace();
  try {
    return task();
  } catch (const ScriptError&) {
    throw;
  } catch (const Error& error) {
    if (error.code() == ExitCode::interrupted) throw;  // wherever it was, it is not the script's fault
    fail_with(error, raised);
  } catch (const std::bad_alloc&) {
    throw Error(ExitCode::resources, source_.describe(place_, "MemoryError: out of memory"));
  }
  return {};
}

void Interpreter::fail_with(const Error& error, ExceptionPtr* raised) {
  const auto fail = [&](ExitCode code, const Trace& trace, const std::string& message, const std::string& text) {
    if (code != ExitCode::usage) throw Error(code, text);
    const SourceText::Place at = source_.place(trace.empty() ? place_.begin : trace.front().place.begin);
    throw ScriptError(source_.name(), at.line, at.column, message, text);
  };
  const ExceptionPtr exception = exception_of(error);
  if (raised != nullptr) *raised = exception;
  const Trace trace = std::exchange(trace_, {});
  if (exception == nullptr) {
    // What no script can catch: a lack of Rankine, or something that is neither's fault.
    if (error.code() != ExitCode::usage && dynamic_cast<const UncatchableError*>(&error) == nullptr)
      throw Error(error.code(), source_.describe(trace.empty() ? place_ : trace.front().place, error.what()));
    const std::string name = dynamic_cast<const UnsupportedError*>(&error) != nullptr ? "NotImplementedError: " : "";
    fail(error.code(), trace, name + error.what(), describe_trace(source_, trace) + name + error.what());
  }
  exception->trace = trace;
  const std::string what = exception->report.empty() ? text_of_exception(*this, *exception) : exception->report;
  fail(exception->code, trace, exception->name + (what.empty() ? "" : ": " + what), describe_exception(*this, source_, *exception));
}

std::shared_ptr<Environment> Interpreter::new_environment(std::shared_ptr<Environment> parent,
                                                          const FunctionScope* scope) {
  auto env = std::make_shared<Environment>();
  env->parent = std::move(parent);
  env->scope = scope;
  if (environments_.size() == environments_.capacity())
    std::erase_if(environments_, [](const auto& weak) { return weak.expired(); });
  environments_.push_back(env);
  return env;
}

// ---- calls

namespace {
std::string callee_name(const Value& callee) {
  return std::string("'") + name_of(callee.type()) + "' object is not callable";
}
}  // namespace

Value Interpreter::evaluate_call(const Expression& e, const Call& node, const std::shared_ptr<Environment>& env) {
  const Value callee = evaluate(*node.callee, env);
  Values positional;
  Keywords keywords;
  for (const auto& argument : node.arguments) {
    Value value = evaluate(*argument.value, env);
    at(argument.span);
    switch (argument.kind) {
      case Argument::Kind::positional: positional.push_back(std::move(value)); break;
      case Argument::Kind::keyword: keywords.emplace_back(argument.name, std::move(value)); break;
      case Argument::Kind::star:
        for (const Value& v : elements_of(*this, value)) positional.push_back(v);
        break;
      case Argument::Kind::double_star: {
        const auto dict = value.as<DictObject>();
        if (!dict) throw TypeError("argument after ** must be a dict");
        dict->each([&](const Value& k, const Value& v) { keywords.emplace_back(to_text(k, "a keyword"), v); });
      }
    }
  }
  // The caret stands under the method's name rather than under the object it is called on.
  const auto* method = node.callee->as<Attribute>();
  const Span place = method != nullptr ? method->name_span : e.span;
  at(place);
  Value result = call(callee, std::move(positional), std::move(keywords));
  at(place);
  return result;
}

Value Interpreter::call(const Value& callee, Values positional, Keywords keywords) {
  check_stack();
  if (const auto type = callee.as<TypeObject>()) {
    const Binding* binding = BindingTable::instance().find(Type::builtins, "type " + type->name);
    if (binding == nullptr) throw UnsupportedError("calling '" + type->name + "' is not supported");
    if (dry_run_ != nullptr) return dry_run_->call(*this, *binding, callee, std::move(positional), std::move(keywords));
    return binding->function(*this, match_arguments(*binding, callee, std::move(positional), std::move(keywords)));
  }
  if (const auto function = callee.as<DelayedFunctionObject>())
    return call_delayed(*this, *function, std::move(positional), std::move(keywords));
  if (const auto delayed = callee.as<DelayedObject>())
    return call_delayed_result(*this, *delayed, std::move(positional), std::move(keywords));
  if (const auto dtype = callee.as<DTypeObject>()) {  // np.float32(1)
    if (positional.size() != 1 || !keywords.empty()) throw TypeError("a dtype takes one argument");
    return make_value(array::astype(array::Operand(to_known_values(*this, positional[0], "the argument")), dtype->dtype));
  }
  if (callee.type() == Type::instance) {
    const Value* method = class_of(callee)->attributes.find("__call__");
    if (method == nullptr) throw TypeError("'" + class_of(callee)->name + "' object is not callable");
    positional.insert(positional.begin(), callee);
    return call(*method, std::move(positional), std::move(keywords));
  }
  const auto function = callee.as<FunctionObject>();
  if (!function) throw TypeError(callee_name(callee));
  if (function->script_class) return make_instance(*this, function, std::move(positional), std::move(keywords));
  if (!function->bound_callee.is_none()) {
    positional.insert(positional.begin(), function->self);
    return call(function->bound_callee, std::move(positional), std::move(keywords));
  }
  if (function->binding != nullptr && function->binding->owner == Type::numpy && keywords.empty() &&
      std::any_of(positional.begin(), positional.end(), is_dask_array))
    return through_labelled(positional, [&](const Values& values) { return call(callee, values); });
  if (function->binding != nullptr) {
    Value self = function->self;
    if (function->unbound) {
      const Type owner = function->binding->owner;
      if (positional.empty() || positional[0].type() != owner)
        throw TypeError(function->binding->name + "() needs a " + name_of(owner) + " as first argument");
      self = positional[0];
      positional.erase(positional.begin());
    }
    if (dry_run_ != nullptr) return dry_run_->call(*this, *function->binding, self, std::move(positional), std::move(keywords));
    return function->binding->function(*this, match_arguments(*function->binding, self, std::move(positional),
                                                              std::move(keywords)));
  }
  if (!function->kernel.empty() && dry_run_ != nullptr) throw UnknownValue();
  if (!function->kernel.empty())
    return call_plugin_function(*this, function->kernel, std::move(positional), std::move(keywords));
  return call_script_function(*function, std::move(positional), std::move(keywords));
}

Value Interpreter::make_function(const std::shared_ptr<const FunctionDefinition>& definition,
                                 const std::shared_ptr<Environment>& env) {
  auto function = std::make_shared<FunctionObject>();
  function->definition = definition;
  function->closure = env;
  for (const auto& p : definition->parameters)
    function->defaults.push_back(p.default_value ? evaluate(*p.default_value, env) : Value());
  return function;
}

namespace {

/// Puts arguments into the variables of a function's new scope, with Python's errors.
void bind_parameters(const FunctionObject& function, Values positional, Keywords keywords, Environment& env) {
  const auto& definition = *function.definition;
  const std::string name = definition.name + "()";
  std::size_t next = 0;
  Values rest;
  auto extra = std::make_shared<DictObject>();
  bool takes_rest = false, takes_extra = false;
  std::size_t accepted = 0;
  for (const auto& p : definition.parameters) {
    takes_rest |= p.kind == Parameter::Kind::star;
    takes_extra |= p.kind == Parameter::Kind::double_star;
    if (p.kind != Parameter::Kind::normal) continue;
    ++accepted;
    if (next < positional.size()) env.variables[p.name] = std::move(positional[next++]);
  }
  if (next < positional.size()) {
    if (!takes_rest)
      throw UsageError(name + " takes " + std::to_string(accepted) + " positional argument" + (accepted == 1 ? "" : "s") +
                       " but " + std::to_string(positional.size()) + (positional.size() == 1 ? " was" : " were") + " given");
    rest.assign(positional.begin() + static_cast<std::ptrdiff_t>(next), positional.end());
  }
  for (auto& [key, value] : keywords) {
    const auto found = std::find_if(definition.parameters.begin(), definition.parameters.end(), [&key = key](const Parameter& p) {
      return p.name == key && (p.kind == Parameter::Kind::normal || p.kind == Parameter::Kind::keyword_only);
    });
    if (found != definition.parameters.end()) {
      if (env.variables.contains(key)) throw TypeError(name + " got multiple values for argument '" + key + "'");
      env.variables[key] = std::move(value);
    } else if (takes_extra) {
      extra->set(key, std::move(value));
    } else {
      throw TypeError(name + " got an unexpected keyword argument '" + key + "'");
    }
  }
  for (std::size_t i = 0; i < definition.parameters.size(); ++i) {
    const Parameter& p = definition.parameters[i];
    if (p.kind == Parameter::Kind::star) env.variables[p.name] = make_tuple(std::move(rest));
    else if (p.kind == Parameter::Kind::double_star) env.variables[p.name] = extra;
    else if (!env.variables.contains(p.name)) {
      if (!p.default_value) throw TypeError(name + " missing required argument: '" + p.name + "'");
      env.variables[p.name] = function.defaults[i];
    }
  }
}

}  // namespace

Value Interpreter::call_script_function(const FunctionObject& function, Values positional, Keywords keywords) {
  const auto& definition = *function.definition;
  const auto env = new_environment(function.closure, &scope_of_function(definition));
  bind_parameters(function, std::move(positional), std::move(keywords), *env);
  static const std::string lambda = "<lambda>";
  return in_frame(definition.expression ? lambda : definition.name, [&] {
    if (definition.expression) return evaluate(*definition.expression, env);
    if (execute(definition.body, env) != Flow::return_) return Value();
    return std::exchange(returned_, Value());
  });
}

const FunctionScope& Interpreter::scope_of_function(const FunctionDefinition& definition) {
  const auto [at, inserted] = scopes_.try_emplace(&definition);
  if (inserted) at->second = scope_of(definition);
  return at->second;
}

namespace {

/// The attributes from the file, which xarray also shows as Python attributes: da.units.
const array::Attributes* attributes_of(const Value& object) {
  if (const auto dataset = object.as<DatasetObject>()) return &dataset->value().attrs;
  if (const auto array = object.as<DataArrayObject>()) return &array->value().attrs();
  return nullptr;
}

/// As xarray says it, and what there is.
[[noreturn]] void no_such_attribute(const Value& object, const std::string& name) {
  std::string message = std::string("'") + name_of(object.type()) + "' object has no attribute '" + name + "'";
  std::vector<std::string> names;
  if (const auto dataset = object.as<DatasetObject>()) {
    const array::Dataset& value = dataset->value();
    if (const auto unread = value.left_out.find(name); unread != value.left_out.end())
      throw NoAttributeError(message + ": the variable cannot be read from " + unread->second);
    names = value.variables.names();
  } else {
    names = object.as<DataArrayObject>()->value().coords.names();
  }
  for (const auto& [key, value] : *attributes_of(object)) names.push_back(key);
  for (const auto& known : BindingTable::instance().names(object.type())) names.push_back(known);
  const std::string hint = did_you_mean(name, names);
  if (const auto dataset = object.as<DatasetObject>(); dataset && hint.empty())
    throw NoAttributeError(message + "; it has: " + array::format_names(dataset->value().variables.names()));
  throw NoAttributeError(message + hint);
}

}  // namespace

Value Interpreter::attribute(const Value& object, const std::string& name) {
  const Type type = object.type();
  if (class_of(object) != nullptr) return class_attribute(object, name);
  if (type == Type::plugin) return plugin_function(static_cast<const PluginModuleObject*>(object.object())->name, name);
  const Binding* binding = BindingTable::instance().find(type, name);
  if (binding != nullptr && binding->kind == Binding::Kind::unsupported) binding = nullptr;
  if (binding == nullptr && type == Type::delayed) return delayed_attribute(*this, object, name);
  if (binding == nullptr) {
    if (const auto owner = object.as<TypeObject>()) {
      for (const Type builtin : {Type::text, Type::list, Type::dict, Type::set}) {
        const Binding* method = BindingTable::instance().find(builtin, name);
        if (owner->name != name_of(builtin) || method == nullptr || method->kind != Binding::Kind::method) continue;
        auto function = std::make_shared<FunctionObject>();
        function->binding = method;
        function->unbound = true;
        return function;
      }
    }
    if (const auto dataset = object.as<DatasetObject>(); dataset && array::has_variable(dataset->value(), name))
      return dataset->variable(name);
    if (const auto array = object.as<DataArrayObject>(); array && array::has_coordinate(array->value(), name))
      return get_item(*this, object, name);
    if (const array::Attributes* attributes = attributes_of(object); attributes != nullptr)
      if (const array::AttributeValue* value = attributes->find(name)) return to_value(*value);
    // All names that xarray has are in the table, so what is not has no meaning there either.
    if (is_labelled(object) && BindingTable::instance().find(type, name) == nullptr) no_such_attribute(object, name);
    throw UnsupportedName(no_attribute(type, name), replacement_for(type, name));
  }
  if (binding->kind == Binding::Kind::property) {
    Arguments arguments;
    arguments.binding = binding;
    arguments.self = object;
    return binding->function(*this, arguments);
  }
  auto function = std::make_shared<FunctionObject>();
  function->binding = binding;
  function->self = object;
  return function;
}

}  // namespace rankine::script
