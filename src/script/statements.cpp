// What statements do.
#include <algorithm>
#include <map>
#include <utility>

#include "script/array_memory.hpp"
#include "script/classes.hpp"
#include "script/dry_run.hpp"
#include "script/interpreter.hpp"
#include "script/labelled.hpp"
#include "script/operations.hpp"
#include "script/plugin_functions.hpp"
#include "script/replacements.hpp"

namespace rankine::script {

Interpreter::Flow Interpreter::execute(const Block& block, const std::shared_ptr<Environment>& env) {
  for (const auto& statement : block) {
    const Flow flow = execute(*statement, env);
    if (flow != Flow::normal) return flow;
  }
  return Flow::normal;
}

Interpreter::Flow Interpreter::execute(const Statement& statement, const std::shared_ptr<Environment>& env) {
  if (dry_run_ != nullptr && !dry_run_->has_entered(&statement)) return execute_dry(statement, env);
  at(statement.span);
  forget_trace();  // nothing is on its way while statements run
  check_stack();
  const auto& node = statement.node;
  if (const auto* s = std::get_if<ExpressionStatement>(&node)) {
    evaluate(*s->value, env);
  } else if (const auto* s = std::get_if<Assign>(&node)) {
    const Value value = evaluate(*s->value, env);
    for (const auto& target : s->targets) assign(*target, value, env);
  } else if (const auto* s = std::get_if<AugmentedAssign>(&node)) {
    execute_augmented(*s, env);
  } else if (const auto* s = std::get_if<If>(&node)) {
    const Value condition = evaluate(*s->condition, env);
    at(s->condition->span);
    return execute(truth(*this, condition) ? s->body : s->otherwise, env);
  } else if (const auto* s = std::get_if<For>(&node)) {
    return execute_for(*s, env);
  } else if (const auto* s = std::get_if<While>(&node)) {
    return execute_while(*s, env);
  } else if (const auto* s = std::get_if<With>(&node)) {
    return execute_with(*s, env);
  } else if (const auto* s = std::get_if<Define>(&node)) {
    execute_define(*s, env);
  } else if (const auto* s = std::get_if<DefineClass>(&node)) {
    execute_class(*s, statement.span, env);
  } else if (const auto* s = std::get_if<Return>(&node)) {
    returned_ = s->value ? evaluate(*s->value, env) : Value();
    return Flow::return_;
  } else if (std::holds_alternative<Break>(node)) {
    return Flow::break_;
  } else if (std::holds_alternative<Continue>(node)) {
    return Flow::continue_;
  } else if (const auto* s = std::get_if<Import>(&node)) {
    execute_import(*s, env);
  } else if (const auto* s = std::get_if<ImportFrom>(&node)) {
    execute_import_from(*s, env);
  } else if (const auto* s = std::get_if<Assert>(&node)) {
    execute_assert(*s, statement.span, env);
  } else if (const auto* s = std::get_if<Raise>(&node)) {
    execute_raise(*s, statement.span, env);
  } else if (const auto* s = std::get_if<Try>(&node)) {
    return execute_try(*s, env);
  } else if (const auto* s = std::get_if<Delete>(&node)) {
    for (const auto& target : s->targets) execute_delete(*target, env);
  }
  return Flow::normal;
}

Interpreter::Flow Interpreter::execute_dry(const Statement& statement, const std::shared_ptr<Environment>& env) {
  dry_run_->enter(&statement, statement.span);
  const DryRun::Trying trying(*dry_run_, statement);
  try {
    return execute(statement, env);
  } catch (const UnknownValue&) {
    dry_run_->without(*this, statement, env);
  } catch (const UnsupportedError& error) {
    dry_run_->refuse(place_, error);
  }
  return Flow::normal;
}

void Interpreter::execute_define(const Define& node, const std::shared_ptr<Environment>& env) {
  bind(node.function->name, decorated(node, env, env), env);
}

/// `closure`: where the function's own names are looked up; its decorators' are in `env`.
Value Interpreter::decorated(const Define& node, const std::shared_ptr<Environment>& env, const std::shared_ptr<Environment>& closure) {
  Values decorators;
  for (const auto& decorator : node.decorators) decorators.push_back(evaluate(*decorator, env));
  Value function = make_function(node.function, closure);
  for (std::size_t i = decorators.size(); i-- > 0;) {
    at(node.decorators[i]->span);
    function = call(decorators[i], {function});
  }
  return function;
}

/// Methods do not see the names of the class body, as in Python.
void Interpreter::execute_class(const DefineClass& node, Span span, const std::shared_ptr<Environment>& env) {
  const auto inside = new_environment(env, nullptr);
  Value made = make_class(node.name, span);
  DictObject& attributes = made.as<FunctionObject>()->script_class->attributes;
  in_frame(node.name, [&] {
    for (const auto& statement : node.body) {
      if (const auto* method = std::get_if<Define>(&statement->node)) inside->variables[method->function->name] = decorated(*method, inside, env);
      else execute(*statement, inside);
    }
    return true;
  });
  for (const auto& [name, value] : inside->variables) attributes.set(name, value);
  bind(node.name, std::move(made), env);
}

Interpreter::Flow Interpreter::execute_for(const For& node, const std::shared_ptr<Environment>& env) {
  const Value iterable = evaluate(*node.iterable, env);
  at(node.iterable->span);
  Flow result = Flow::normal;
  bool broken = false;
  const Span loop = node.iterable->span;
  iterate(*this, iterable, [&](const Value& element) {
    assign(*node.target, element, env);
    const Flow flow = execute(node.body, env);
    if (flow == Flow::break_) broken = true;
    if (flow == Flow::return_) result = flow;
    at(loop);
    return flow == Flow::normal || flow == Flow::continue_;
  });
  if (result == Flow::return_ || broken) return result;
  return execute(node.otherwise, env);
}

Interpreter::Flow Interpreter::execute_while(const While& node, const std::shared_ptr<Environment>& env) {
  for (;;) {
    const Value condition = evaluate(*node.condition, env);
    at(node.condition->span);
    if (!truth(*this, condition)) return execute(node.otherwise, env);
    const Flow flow = execute(node.body, env);
    if (flow == Flow::break_) return Flow::normal;
    if (flow == Flow::return_) return flow;
  }
}

Interpreter::Flow Interpreter::execute_with(const With& node, const std::shared_ptr<Environment>& env) {
  std::vector<std::shared_ptr<ContextObject>> contexts;
  for (const auto& item : node.items) {
    const Value value = evaluate(*item.context, env);
    at(item.context->span);
    if (value.type() != Type::dataset && value.type() != Type::data_array && value.type() != Type::context &&
        value.type() != Type::client && value.type() != Type::cluster)
      throw UnsupportedError(std::string("'with' over ") + name_of(value.type()) + " is not supported");
    if (auto context = value.as<ContextObject>()) contexts.push_back(std::move(context));
    if (item.target) assign(*item.target, value, env);
  }
  const auto leave = [&] {
    for (auto context = contexts.rbegin(); context != contexts.rend(); ++context) {
      if ((*context)->name == "set_options") keep_attrs = (*context)->previous_keep_attrs;
      else if ((*context)->name == "annotate") annotations = (*context)->previous_annotations;
    }
  };
  try {
    const Flow flow = execute(node.body, env);
    leave();
    return flow;
  } catch (...) {
    leave();
    throw;
  }
}

namespace {
const std::map<std::string, Type>& modules() {
  static const std::map<std::string, Type> table = {
      {"xarray", Type::xarray}, {"numpy", Type::numpy}, {"sys", Type::sys}, {"os", Type::os},
      {"os.path", Type::os_path}, {"glob", Type::glob}, {"math", Type::math}, {"warnings", Type::warnings},
      {"dask", Type::dask}, {"dask.distributed", Type::dask_distributed}, {"distributed", Type::dask_distributed},
      {"numcodecs", Type::numcodecs}, {"time", Type::time}, {"random", Type::random},
      {"numpy.random", Type::numpy_random}, {"dask.config", Type::dask_config},
      {"dask.diagnostics", Type::dask_diagnostics}, {"dask_jobqueue", Type::dask_jobqueue},
      {"dask_mpi", Type::dask_mpi}, {"dask.array", Type::dask_array_module},
      {"dask.array.random", Type::dask_array_random}, {"operator", Type::operator_module}, {"functools", Type::functools}};
  return table;
}
}  // namespace

std::optional<Type> module_named(const std::string& name) {
  const auto found = modules().find(name);
  if (found != modules().end()) return found->second;
  if (is_plugin(name)) return Type::plugin;
  return std::nullopt;
}

std::string no_module(const std::string& name) {
  std::vector<std::string> names;
  for (const auto& [known, type] : modules()) names.push_back(known);
  return "module '" + name + "' is not supported" + (replacement_for_module(name) == nullptr ? did_you_mean(name, names) : "");
}

namespace {
[[noreturn]] void throw_no_module(const std::string& module) { throw PythonError("ModuleNotFoundError", no_module(module)); }
Value module_value(Type type, const std::string& name) {
  return type == Type::plugin ? make_plugin_module(name) : Value(std::make_shared<ModuleObject>(type));
}
}  // namespace

void Interpreter::execute_import(const Import& node, const std::shared_ptr<Environment>& env) {
  // `import os.path` binds `os`; `import os.path as p` binds the module itself.
  const auto module = module_named(node.has_alias ? node.module : node.bound_name);
  at(node.module_span);
  if (!module) throw_no_module(node.module);
  bind(node.bound_name, module_value(*module, node.module), env);
}

void Interpreter::execute_import_from(const ImportFrom& node, const std::shared_ptr<Environment>& env) {
  if (node.module == "__future__") return;
  if (const auto module = module_named(node.module + "." + node.name)) {
    bind(node.bound_name, std::make_shared<ModuleObject>(*module), env);
    return;
  }
  const auto module = module_named(node.module);
  at(node.module_span);
  if (!module) throw_no_module(node.module);
  at(node.name_span);
  bind(node.bound_name, attribute(module_value(*module, node.module), node.name), env);
}

void Interpreter::execute_assert(const Assert& node, Span span, const std::shared_ptr<Environment>& env) {
  const Value condition = evaluate(*node.condition, env);
  at(span);
  if (truth(*this, condition)) return;
  Values arguments;
  if (node.message) arguments.push_back(evaluate(*node.message, env));
  at(span);
  auto exception = make_exception("AssertionError", std::move(arguments));
  throw RaisedError(std::move(exception));
}

void Interpreter::execute_raise(const Raise& node, Span span, const std::shared_ptr<Environment>& env) {
  if (!node.value) {
    if (handling_.empty()) throw PythonError("RuntimeError", "No active exception to reraise");
    raise_again(handling_.back());
  }
  Value value = evaluate(*node.value, env);
  if (value.as<TypeObject>()) value = call(value, {});
  const auto exception = value.as<ExceptionObject>();
  at(span);
  if (!exception) throw TypeError("exceptions must derive from BaseException");
  if (exception->name == "SystemExit") {
    const Value status = exception->arguments.empty() ? Value() : exception->arguments[0];
    if (status.is_none()) throw ScriptExit{0};
    if (const auto* code = status.integer()) throw ScriptExit{static_cast<int>(*code & 0xFF)};
    host_.print(text_of(*this, status) + "\n", true);
    throw ScriptExit{1};
  }
  if (node.cause) {
    exception->cause = evaluate(*node.cause, env);
    exception->has_cause = true;
  }
  at(span);
  trace_ = exception->trace;  // raised before: this place comes on top
  throw RaisedError(exception);
}

bool Interpreter::matches(const Value& type, const ExceptionObject& exception) const {
  if (const auto tuple = type.as<TupleObject>())
    return std::any_of(tuple->elements.begin(), tuple->elements.end(), [&](const Value& one) { return matches(one, exception); });
  const auto one = type.as<TypeObject>();
  if (!one || !is_exception_class(one->name)) throw TypeError("catching classes that do not inherit from BaseException is not allowed");
  return is_subclass(exception.name, one->name);
}

Interpreter::Flow Interpreter::handle(const Try& node, const ExceptionPtr& exception, const std::shared_ptr<Environment>& env,
                                      bool& handled) {
  for (const Try::Handler& handler : node.handlers) {
    if (handler.type) {
      const Value type = evaluate(*handler.type, env);
      at(handler.span);
      if (!matches(type, *exception)) continue;
    }
    handled = true;
    struct Handling {
      Handling(std::vector<ExceptionPtr>& s, const ExceptionPtr& e) : stack(s) { stack.push_back(e); }
      ~Handling() { stack.pop_back(); }
      std::vector<ExceptionPtr>& stack;
    } handling(handling_, exception);
    if (handler.name.empty()) return execute(handler.body, env);
    bind(handler.name, exception, env);
    // The name is gone afterwards, however that comes.
    struct Unbinding {
      Environment& home;
      const std::string& name;
      ~Unbinding() { home.variables.erase(name); }
    } unbinding{home_of(handler.name, env), handler.name};
    return execute(handler.body, env);
  }
  return Flow::normal;
}

Interpreter::Flow Interpreter::execute_try(const Try& node, const std::shared_ptr<Environment>& env) {
  // What no script may catch (a lack of Rankine, an interrupt) ends the run at once, without `finally`.
  Flow flow = Flow::normal;
  ExceptionPtr pending;
  std::optional<ScriptExit> leaving;
  const auto guarded = [&](const auto& step) {
    try {
      flow = step();
      return;
    } catch (const ScriptExit& exit) {
      leaving = exit;
    } catch (const Error& error) {
      pending = exception_of(error);
      if (!pending) throw;
      note_frame();
      pending->trace = std::exchange(trace_, {});
      if (!handling_.empty() && pending != handling_.back() && !pending->context) pending->context = handling_.back();
    }
    flow = Flow::normal;
  };
  guarded([&] { return execute(node.body, env); });
  if (pending || leaving) {
    const ExceptionPtr caught = pending ? pending : make_exception("SystemExit", {std::int64_t{leaving->status}});
    bool handled = false;
    const auto before = std::pair(std::exchange(pending, nullptr), std::exchange(leaving, std::nullopt));
    guarded([&] { return handle(node, caught, env, handled); });
    // Raised while `caught` was being handled.
    if (pending && pending != caught && !pending->context && before.first) pending->context = caught;
    if (!handled && !pending && !leaving) std::tie(pending, leaving) = before;
  } else if (flow == Flow::normal) {
    guarded([&] { return execute(node.otherwise, env); });
  }
  if (!node.finally.empty()) {
    // Calls in it would take what is to be returned.
    const Value returned = std::exchange(returned_, Value());
    const Flow last = execute(node.finally, env);
    if (last != Flow::normal) return last;
    returned_ = returned;
  }
  if (leaving) throw *leaving;
  if (pending) raise_again(pending);
  return flow;
}

void Interpreter::execute_delete(const Expression& target, const std::shared_ptr<Environment>& env) {
  at(target.span);
  if (const auto* name = target.as<Name>()) {
    if (home_of(name->id, env).variables.erase(name->id) == 0) throw NameError("name '" + name->id + "' is not defined");
  } else if (const auto* subscript = target.as<Subscript>()) {
    const Value object = evaluate(*subscript->object, env);
    const Value index = evaluate(*subscript->index, env);
    at(target.span);
    delete_item(*this, object, index);
  } else {
    throw UnsupportedError("deleting this is not supported");
  }
}

void Interpreter::execute_augmented(const AugmentedAssign& node, const std::shared_ptr<Environment>& env) {
  // The target's own parts are evaluated once, as Python does.
  const auto apply = [&](const Value& old) {
    const Value operand = evaluate(*node.value, env);
    if (const auto array = old.as<ArrayObject>(); array && !array->is_scalar() && !is_labelled(operand)) {
      at(node.target->span);
      check_writable(*array);
    }
    at(node.op_span);
    if (auto list = old.as<ListObject>(); list && node.op == BinaryOp::add) {
      Values more = elements_of(*this, operand);
      ask_room(list->elements.size() + more.size(), sizeof(Value));
      list->elements.insert(list->elements.end(), more.begin(), more.end());
      return old;
    }
    return binary_in_place(*this, node.op, old, operand);
  };
  if (node.target->as<Name>()) {
    assign(*node.target, apply(evaluate(*node.target, env)), env);
  } else if (const auto* a = node.target->as<Attribute>()) {
    const Value object = evaluate(*a->object, env);
    at(a->name_span);
    const Value result = apply(attribute(object, a->name));
    at(a->name_span);
    set_attribute(*this, object, a->name, result);
  } else if (const auto* s = node.target->as<Subscript>()) {
    const Value object = evaluate(*s->object, env);
    const Value index = evaluate(*s->index, env);
    at(node.target->span);
    const Value old = get_item(*this, object, index);
    const Value result = apply(old);
    at(node.target->span);
    // A part of an array is a view, which has been written through.
    if (object.type() == Type::ndarray && result.same(old)) return;
    set_item(*this, object, index, result);
  }
}

Environment& Interpreter::home_of(const std::string& name, const std::shared_ptr<Environment>& env) {
  if (env->scope == nullptr) return *env;
  if (env->scope->globals.contains(name)) {
    Environment* home = env.get();
    while (home->parent) home = home->parent.get();
    return *home;
  }
  if (env->scope->nonlocals.contains(name)) {
    for (Environment* home = env->parent.get(); home != nullptr; home = home->parent.get())
      if (home->variables.contains(name) || (home->scope != nullptr && home->scope->locals.contains(name))) return *home;
    throw NameError("no binding for nonlocal '" + name + "' found");
  }
  return *env;
}

void Interpreter::bind(const std::string& name, Value value, const std::shared_ptr<Environment>& env) {
  home_of(name, env).variables[name] = std::move(value);
}

void Interpreter::assign(const Expression& target, Value value, const std::shared_ptr<Environment>& env) {
  if (const auto* name = target.as<Name>()) {
    bind(name->id, std::move(value), env);
  } else if (const auto* tuple = target.as<TupleDisplay>()) {
    assign_elements(tuple->elements, value, target.span, env);
  } else if (const auto* list = target.as<ListDisplay>()) {
    assign_elements(list->elements, value, target.span, env);
  } else if (const auto* a = target.as<Attribute>()) {
    const Value object = evaluate(*a->object, env);
    at(a->name_span);
    set_attribute(*this, object, a->name, value);
  } else if (const auto* s = target.as<Subscript>()) {
    const Value object = evaluate(*s->object, env);
    const Value index = evaluate(*s->index, env);
    at(target.span);
    set_item(*this, object, index, value);
  }
}

void Interpreter::assign_elements(const std::vector<ExpressionPtr>& targets, const Value& value, Span span,
                                  const std::shared_ptr<Environment>& env) {
  at(span);
  const auto star = std::find_if(targets.begin(), targets.end(), [](const auto& target) { return target->template as<Starred>() != nullptr; });
  const bool starred = star != targets.end();
  Values elements;
  iterate(*this, value, [&](const Value& element) {
    elements.push_back(element);
    return starred || elements.size() <= targets.size();
  });
  const std::size_t least = targets.size() - (starred ? 1 : 0);
  if (!starred && elements.size() > least)
    throw ValueError("too many values to unpack (expected " + std::to_string(least) + ")");
  if (elements.size() < least)
    throw ValueError(std::string("not enough values to unpack (expected ") + (starred ? "at least " : "") + std::to_string(least) +
                     ", got " + std::to_string(elements.size()) + ")");
  const auto before = static_cast<std::size_t>(star - targets.begin());
  const std::size_t rest = elements.size() - least;   // what the starred target takes
  for (std::size_t i = 0; i < targets.size(); ++i) {
    if (const auto* one = targets[i]->as<Starred>()) {
      const auto begin = elements.begin() + static_cast<std::ptrdiff_t>(i);
      assign(*one->value, make_list(Values(begin, begin + static_cast<std::ptrdiff_t>(rest))), env);
    } else {
      assign(*targets[i], elements[i > before ? i + rest - 1 : i], env);
    }
  }
}

}  // namespace rankine::script
