#include "script/interpreter.hpp"

#include <algorithm>
#include <map>

#include "array/arithmetic.hpp"
#include "script/dask_array.hpp"
#include "script/delayed.hpp"
#include "script/inline_calls.hpp"
#include "script/labelled.hpp"
#include "script/operations.hpp"
#include "script/plugin_functions.hpp"
#include "script/remote_call.hpp"

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
  kept.clear();
}

void Interpreter::check_stack() const {
  if (stack_.exceeded()) throw UsageError("maximum recursion depth exceeded");
  host_.check_interrupt();
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

void Interpreter::run(const Block& script) {
  script_ = &script;
  run_task([&] {
    execute(script, globals_);
    return Value();
  });
}

Value Interpreter::run_task(const std::function<Value()>& task) {
  try {
    return task();
  } catch (const ScriptError&) {
    throw;
  } catch (const Error& error) {
    if (error.code() == ExitCode::usage) source_.fail(place_, error.what());
    if (error.code() == ExitCode::interrupted) throw;  // wherever it was, it is not the script's fault
    throw Error(error.code(), source_.describe(place_, error.what()));
  } catch (const std::bad_alloc&) {
    throw Error(ExitCode::resources, source_.describe(place_, "out of memory"));
  }
}

std::shared_ptr<Environment> Interpreter::new_environment(std::shared_ptr<Environment> parent,
                                                          const std::set<std::string>* locals) {
  auto env = std::make_shared<Environment>();
  env->parent = std::move(parent);
  env->locals = locals;
  if (environments_.size() == environments_.capacity())
    std::erase_if(environments_, [](const auto& weak) { return weak.expired(); });
  environments_.push_back(env);
  return env;
}

// ---- statements

Interpreter::Flow Interpreter::execute(const Block& block, const std::shared_ptr<Environment>& env) {
  for (const auto& statement : block) {
    const Flow flow = execute(*statement, env);
    if (flow != Flow::normal) return flow;
  }
  return Flow::normal;
}

Interpreter::Flow Interpreter::execute(const Statement& statement, const std::shared_ptr<Environment>& env) {
  at(statement.span);
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
  } else if (const auto* s = std::get_if<Delete>(&node)) {
    for (const auto& target : s->targets) execute_delete(*target, env);
  }
  return Flow::normal;
}

void Interpreter::execute_define(const Define& node, const std::shared_ptr<Environment>& env) {
  Values decorators;
  for (const auto& decorator : node.decorators) decorators.push_back(evaluate(*decorator, env));
  Value function = make_function(node.function, env);
  for (std::size_t i = decorators.size(); i-- > 0;) {
    at(node.decorators[i]->span);
    function = call(decorators[i], {function});
  }
  env->variables[node.function->name] = std::move(function);
}

Interpreter::Flow Interpreter::execute_for(const For& node, const std::shared_ptr<Environment>& env) {
  const Value iterable = evaluate(*node.iterable, env);
  at(node.iterable->span);
  Flow result = Flow::normal;
  bool broken = false;
  iterate(*this, iterable, [&](const Value& element) {
    assign(*node.target, element, env);
    const Flow flow = execute(node.body, env);
    if (flow == Flow::break_) broken = true;
    if (flow == Flow::return_) result = flow;
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
      throw UsageError(std::string("'with' over ") + name_of(value.type()) + " is not supported");
    if (auto context = value.as<ContextObject>()) contexts.push_back(std::move(context));
    if (item.target) assign(*item.target, value, env);
  }
  const Flow flow = execute(node.body, env);
  for (auto context = contexts.rbegin(); context != contexts.rend(); ++context) {
    if ((*context)->name == "set_options") keep_attrs = (*context)->previous_keep_attrs;
  }
  return flow;
}

std::optional<Type> module_named(const std::string& name) {
  static const std::map<std::string, Type> modules = {
      {"xarray", Type::xarray}, {"numpy", Type::numpy}, {"sys", Type::sys}, {"os", Type::os},
      {"os.path", Type::os_path}, {"glob", Type::glob}, {"math", Type::math}, {"warnings", Type::warnings},
      {"dask", Type::dask}, {"dask.distributed", Type::dask_distributed}, {"distributed", Type::dask_distributed},
      {"numcodecs", Type::numcodecs}, {"time", Type::time}, {"random", Type::random},
      {"numpy.random", Type::numpy_random}, {"dask.config", Type::dask_config},
      {"dask.diagnostics", Type::dask_diagnostics}, {"dask_jobqueue", Type::dask_jobqueue},
      {"dask_mpi", Type::dask_mpi}, {"dask.array", Type::dask_array_module}};
  const auto found = modules.find(name);
  if (found != modules.end()) return found->second;
  if (is_plugin(name)) return Type::plugin;
  return std::nullopt;
}

namespace {
Value module_value(Type type, const std::string& name) {
  return type == Type::plugin ? make_plugin_module(name) : Value(std::make_shared<ModuleObject>(type));
}
}  // namespace

void Interpreter::execute_import(const Import& node, const std::shared_ptr<Environment>& env) {
  // `import os.path` binds `os`; `import os.path as p` binds the module itself.
  const auto module = module_named(node.has_alias ? node.module : node.bound_name);
  if (!module) source_.fail(node.module_span, "module '" + node.module + "' is not supported");
  env->variables[node.bound_name] = module_value(*module, node.module);
}

void Interpreter::execute_import_from(const ImportFrom& node, const std::shared_ptr<Environment>& env) {
  if (node.module == "__future__") return;
  if (const auto module = module_named(node.module + "." + node.name)) {
    env->variables[node.bound_name] = std::make_shared<ModuleObject>(*module);
    return;
  }
  const auto module = module_named(node.module);
  if (!module) source_.fail(node.module_span, "module '" + node.module + "' is not supported");
  at(node.name_span);
  env->variables[node.bound_name] = attribute(module_value(*module, node.module), node.name);
}

void Interpreter::execute_assert(const Assert& node, Span span, const std::shared_ptr<Environment>& env) {
  const Value condition = evaluate(*node.condition, env);
  at(span);
  if (truth(*this, condition)) return;
  const std::string message = node.message ? ": " + text_of(*this, evaluate(*node.message, env)) : "";
  source_.fail(span, "AssertionError" + message);
}

void Interpreter::execute_raise(const Raise& node, Span span, const std::shared_ptr<Environment>& env) {
  Value value = evaluate(*node.value, env);
  if (const auto type = value.as<TypeObject>()) value = call(value, {});
  const auto exception = value.as<ExceptionObject>();
  if (!exception) source_.fail(span, "exceptions must derive from BaseException");
  if (exception->name == "SystemExit") {
    const Value status = exception->arguments.empty() ? Value() : exception->arguments[0];
    if (status.is_none()) throw ScriptExit{0};
    if (const auto* code = status.integer()) throw ScriptExit{static_cast<int>(*code & 0xFF)};
    host_.print(text_of(*this, status) + "\n", true);
    throw ScriptExit{1};
  }
  const std::string text = exception->arguments.empty() ? "" : ": " + text_of(*this, exception->arguments[0]);
  source_.fail(span, exception->name + text);
}

void Interpreter::execute_delete(const Expression& target, const std::shared_ptr<Environment>& env) {
  at(target.span);
  if (const auto* name = target.as<Name>()) {
    if (env->variables.erase(name->id) == 0) throw UsageError("name '" + name->id + "' is not defined");
  } else if (const auto* subscript = target.as<Subscript>()) {
    const Value object = evaluate(*subscript->object, env);
    const Value index = evaluate(*subscript->index, env);
    at(target.span);
    delete_item(*this, object, index);
  } else {
    throw UsageError("deleting this is not supported");
  }
}

void Interpreter::execute_augmented(const AugmentedAssign& node, const std::shared_ptr<Environment>& env) {
  // The target's own parts are evaluated once, as Python does.
  const auto apply = [&](const Value& old) {
    const Value operand = evaluate(*node.value, env);
    at(node.op_span);
    if (auto list = old.as<ListObject>(); list && node.op == BinaryOp::add) {
      Values more = elements_of(*this, operand);
      list->elements.insert(list->elements.end(), more.begin(), more.end());
      return old;
    }
    return binary(*this, node.op, old, operand);
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
    const Value result = apply(get_item(*this, object, index));
    at(node.target->span);
    set_item(*this, object, index, result);
  }
}

void Interpreter::assign(const Expression& target, Value value, const std::shared_ptr<Environment>& env) {
  if (const auto* name = target.as<Name>()) {
    env->variables[name->id] = std::move(value);
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
  Values elements;
  iterate(*this, value, [&](const Value& element) {
    elements.push_back(element);
    return elements.size() <= targets.size();
  });
  if (elements.size() > targets.size())
    throw UsageError("too many values to unpack (expected " + std::to_string(targets.size()) + ")");
  if (elements.size() < targets.size())
    throw UsageError("not enough values to unpack (expected " + std::to_string(targets.size()) + ", got " +
                     std::to_string(elements.size()) + ")");
  for (std::size_t i = 0; i < targets.size(); ++i) assign(*targets[i], elements[i], env);
}

// ---- expressions

Value Interpreter::evaluate(const Expression& e, const std::shared_ptr<Environment>& env) {
  if (stack_.exceeded()) {
    at(e.span);
    check_stack();
  }
  if (const auto* node = e.as<Name>()) return evaluate_name(e, *node, env);
  if (const auto* node = e.as<Constant>())
    return std::visit([](const auto& value) { return Value(value); }, node->value);
  if (const auto* node = e.as<Attribute>()) {
    const Value object = evaluate(*node->object, env);
    at(node->name_span);
    return attribute(object, node->name);
  }
  if (const auto* node = e.as<Call>()) return evaluate_call(e, *node, env);
  if (const auto* node = e.as<Binary>()) {
    const Value left = evaluate(*node->left, env);
    const Value right = evaluate(*node->right, env);
    at(node->op_span);
    return binary(*this, node->op, left, right);
  }
  if (const auto* node = e.as<Subscript>()) {
    const Value object = evaluate(*node->object, env);
    const Value index = evaluate(*node->index, env);
    at(node->index->span);
    return get_item(*this, object, index);
  }
  if (const auto* node = e.as<Comparison>()) return evaluate_comparison(*node, env);
  if (const auto* node = e.as<Unary>()) {
    const Value operand = evaluate(*node->operand, env);
    at(e.span);
    if (node->op == UnaryOp::logical_not) return !truth(*this, operand);
    return unary(*this, node->op, operand);
  }
  if (const auto* node = e.as<Logical>()) {
    const Value left = evaluate(*node->left, env);
    at(node->left->span);
    return truth(*this, left) == node->is_and ? evaluate(*node->right, env) : left;
  }
  if (const auto* node = e.as<Conditional>()) {
    const Value condition = evaluate(*node->condition, env);
    at(node->condition->span);
    return evaluate(truth(*this, condition) ? *node->then : *node->otherwise, env);
  }
  if (e.as<NoneLiteral>()) return Value();
  if (e.as<EllipsisLiteral>()) return make_ellipsis();
  if (const auto* node = e.as<FormattedString>()) return evaluate_format(node->parts, env);
  if (const auto* node = e.as<ListDisplay>()) return make_list(evaluate_elements(node->elements, env));
  if (const auto* node = e.as<TupleDisplay>()) return make_tuple(evaluate_elements(node->elements, env));
  if (const auto* node = e.as<DictDisplay>()) return evaluate_dict(*node, env);
  if (const auto* node = e.as<SliceDisplay>()) return evaluate_slice(*node, env);
  if (const auto* node = e.as<Lambda>()) return make_function(node->function, env);
  if (const auto* node = e.as<Comprehension>()) return evaluate_comprehension(*node, env);
  source_.fail(e.span, "this expression is not supported here");
}

Value Interpreter::evaluate_name(const Expression& e, const Name& node, const std::shared_ptr<Environment>& env) {
  for (const Environment* scope = env.get(); scope != nullptr; scope = scope->parent.get()) {
    const auto found = scope->variables.find(node.id);
    if (found != scope->variables.end()) return found->second;
    if (scope->locals != nullptr && scope->locals->contains(node.id))
      source_.fail(e.span, "local variable '" + node.id + "' is used before it is assigned");
  }
  const auto& table = BindingTable::instance();
  if (const Binding* binding = table.find(Type::builtins, node.id);
      binding != nullptr && binding->kind != Binding::Kind::unsupported) {
    at(e.span);
    return attribute(std::make_shared<ModuleObject>(Type::builtins), node.id);
  }
  source_.fail(e.span, "name '" + node.id + "' is not defined");
}

Value Interpreter::evaluate_comparison(const Comparison& node, const std::shared_ptr<Environment>& env) {
  Value left = evaluate(*node.first, env);
  Value result;
  for (std::size_t i = 0; i < node.links.size(); ++i) {
    const auto& link = node.links[i];
    const Value right = evaluate(*link.operand, env);
    at(link.op_span);
    result = compare(*this, link.op, left, right);
    if (i + 1 < node.links.size() && !truth(*this, result)) return result;
    left = right;
  }
  return result;
}

Values Interpreter::evaluate_elements(const std::vector<ExpressionPtr>& elements, const std::shared_ptr<Environment>& env) {
  Values result;
  result.reserve(elements.size());
  for (const auto& element : elements) {
    if (const auto* starred = element->as<Starred>()) {
      const Value value = evaluate(*starred->value, env);
      at(element->span);
      for (const Value& v : elements_of(*this, value)) result.push_back(v);
    } else {
      result.push_back(evaluate(*element, env));
    }
  }
  return result;
}

Value Interpreter::evaluate_dict(const DictDisplay& node, const std::shared_ptr<Environment>& env) {
  auto dict = std::make_shared<DictObject>();
  for (const auto& [key, value] : node.entries) {
    if (key) {
      const Value k = evaluate(*key, env);
      Value v = evaluate(*value, env);
      at(key->span);
      dict->set(k, std::move(v));
    } else {
      const auto other = evaluate(*value, env).as<DictObject>();
      if (!other) source_.fail(value->span, "'**' needs a dict");
      other->each([&](const Value& k, const Value& v) { dict->set(k, v); });
    }
  }
  return dict;
}

Value Interpreter::evaluate_slice(const SliceDisplay& node, const std::shared_ptr<Environment>& env) {
  auto slice = std::make_shared<SliceObject>();
  if (node.start) slice->start = evaluate(*node.start, env);
  if (node.stop) slice->stop = evaluate(*node.stop, env);
  if (node.step) slice->step = evaluate(*node.step, env);
  return slice;
}

Value Interpreter::evaluate_comprehension(const Comprehension& node, const std::shared_ptr<Environment>& env) {
  const auto scope = new_environment(env, nullptr);
  Values list;
  if (node.kind == Comprehension::Kind::dict) {
    auto dict = std::make_shared<DictObject>();
    comprehend(node, 0, scope, list, dict.get());
    return dict;
  }
  comprehend(node, 0, scope, list, nullptr);
  return make_list(std::move(list));
}

void Interpreter::comprehend(const Comprehension& node, std::size_t clause_number,
                             const std::shared_ptr<Environment>& env, Values& list, DictObject* dict) {
  if (clause_number == node.clauses.size()) {
    Value element = evaluate(*node.element, env);
    if (dict == nullptr) {
      list.push_back(std::move(element));
    } else {
      Value value = evaluate(*node.value, env);
      at(node.element->span);
      dict->set(element, std::move(value));
    }
    return;
  }
  const auto& clause = node.clauses[clause_number];
  const Value iterable = evaluate(*clause.iterable, env);
  at(clause.iterable->span);
  iterate(*this, iterable, [&](const Value& element) {
    assign(*clause.target, element, env);
    for (const auto& condition : clause.conditions) {
      const Value value = evaluate(*condition, env);
      at(condition->span);
      if (!truth(*this, value)) return true;
    }
    comprehend(node, clause_number + 1, env, list, dict);
    return true;
  });
}

std::string Interpreter::evaluate_format(const std::vector<FormatPart>& parts, const std::shared_ptr<Environment>& env) {
  std::string text;
  for (const auto& part : parts) {
    if (!part.value) {
      text += part.text;
      continue;
    }
    Value value = evaluate(*part.value, env);
    const std::string spec = evaluate_format(part.format, env);
    at(part.value->span);
    if (part.conversion == 'r' || part.conversion == 'a') value = repr_of(*this, value);
    else if (part.conversion == 's') value = text_of(*this, value);
    text += format_value(*this, value, spec);
  }
  return text;
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
        if (!dict) throw UsageError("argument after ** must be a dict");
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
    if (binding == nullptr) throw UsageError("calling '" + type->name + "' is not supported");
    return binding->function(*this, match_arguments(*binding, callee, std::move(positional), std::move(keywords)));
  }
  if (const auto function = callee.as<DelayedFunctionObject>())
    return call_delayed(*this, *function, std::move(positional), std::move(keywords));
  if (const auto delayed = callee.as<DelayedObject>())
    return call_delayed_result(*this, *delayed, std::move(positional), std::move(keywords));
  if (const auto dtype = callee.as<DTypeObject>()) {  // np.float32(1)
    if (positional.size() != 1 || !keywords.empty()) throw UsageError("a dtype takes one argument");
    return make_value(array::astype(array::Operand(to_known_values(*this, positional[0], "the argument")), dtype->dtype));
  }
  const auto function = callee.as<FunctionObject>();
  if (!function) throw UsageError(callee_name(callee));
  if (function->binding != nullptr && function->binding->owner == Type::numpy && keywords.empty() &&
      std::any_of(positional.begin(), positional.end(), is_dask_array))
    return through_labelled(positional, [&](const Values& values) { return call(callee, values); });
  if (function->binding != nullptr) {
    Value self = function->self;
    if (function->unbound) {
      const Type owner = function->binding->owner;
      if (positional.empty() || positional[0].type() != owner)
        throw UsageError(function->binding->name + "() needs a " + name_of(owner) + " as first argument");
      self = positional[0];
      positional.erase(positional.begin());
    }
    return function->binding->function(*this, match_arguments(*function->binding, self, std::move(positional),
                                                              std::move(keywords)));
  }
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
      if (env.variables.contains(key)) throw UsageError(name + " got multiple values for argument '" + key + "'");
      env.variables[key] = std::move(value);
    } else if (takes_extra) {
      extra->set(key, std::move(value));
    } else {
      throw UsageError(name + " got an unexpected keyword argument '" + key + "'");
    }
  }
  for (std::size_t i = 0; i < definition.parameters.size(); ++i) {
    const Parameter& p = definition.parameters[i];
    if (p.kind == Parameter::Kind::star) env.variables[p.name] = make_tuple(std::move(rest));
    else if (p.kind == Parameter::Kind::double_star) env.variables[p.name] = extra;
    else if (!env.variables.contains(p.name)) {
      if (!p.default_value) throw UsageError(name + " missing required argument: '" + p.name + "'");
      env.variables[p.name] = function.defaults[i];
    }
  }
}

}  // namespace

Value Interpreter::call_script_function(const FunctionObject& function, Values positional, Keywords keywords) {
  const auto& definition = *function.definition;
  const auto env = new_environment(function.closure, &locals_of(definition));
  bind_parameters(function, std::move(positional), std::move(keywords), *env);
  if (definition.expression) return evaluate(*definition.expression, env);
  if (execute(definition.body, env) != Flow::return_) return Value();
  return std::exchange(returned_, Value());
}

const std::set<std::string>& Interpreter::locals_of(const FunctionDefinition& definition) {
  const auto [at, inserted] = locals_.try_emplace(&definition);
  if (inserted) {
    for (const auto& p : definition.parameters) at->second.insert(p.name);
    collect_assigned(definition.body, at->second);
  }
  return at->second;
}

namespace {
void collect_target(const Expression& target, std::set<std::string>& names) {
  if (const auto* name = target.as<Name>()) names.insert(name->id);
  if (const auto* tuple = target.as<TupleDisplay>()) {
    for (const auto& e : tuple->elements) collect_target(*e, names);
  }
  if (const auto* list = target.as<ListDisplay>()) {
    for (const auto& e : list->elements) collect_target(*e, names);
  }
}
}  // namespace

void collect_assigned(const Block& block, std::set<std::string>& names) {
  for (const auto& statement : block) {
    const auto& node = statement->node;
    if (const auto* s = std::get_if<Assign>(&node)) {
      for (const auto& target : s->targets) collect_target(*target, names);
    } else if (const auto* s = std::get_if<AugmentedAssign>(&node)) {
      collect_target(*s->target, names);
    } else if (const auto* s = std::get_if<For>(&node)) {
      collect_target(*s->target, names);
      collect_assigned(s->body, names);
      collect_assigned(s->otherwise, names);
    } else if (const auto* s = std::get_if<While>(&node)) {
      collect_assigned(s->body, names);
      collect_assigned(s->otherwise, names);
    } else if (const auto* s = std::get_if<If>(&node)) {
      collect_assigned(s->body, names);
      collect_assigned(s->otherwise, names);
    } else if (const auto* s = std::get_if<With>(&node)) {
      for (const auto& item : s->items) {
        if (item.target) collect_target(*item.target, names);
      }
      collect_assigned(s->body, names);
    } else if (const auto* s = std::get_if<Define>(&node)) {
      names.insert(s->function->name);
    } else if (const auto* s = std::get_if<Import>(&node)) {
      names.insert(s->bound_name);
    } else if (const auto* s = std::get_if<ImportFrom>(&node)) {
      names.insert(s->bound_name);
    } else if (const auto* s = std::get_if<Delete>(&node)) {
      for (const auto& target : s->targets) collect_target(*target, names);
    }
  }
}

namespace {

/// The attributes from the file, which xarray also shows as Python attributes: da.units.
const array::Attributes* attributes_of(const Value& object) {
  if (const auto dataset = object.as<DatasetObject>()) return &dataset->value().attrs;
  if (const auto array = object.as<DataArrayObject>()) return &array->value().attrs();
  return nullptr;
}

}  // namespace

Value Interpreter::attribute(const Value& object, const std::string& name) {
  const Type type = object.type();
  if (type == Type::plugin) return plugin_function(static_cast<const PluginModuleObject*>(object.object())->name, name);
  const Binding* binding = BindingTable::instance().find(type, name);
  if (binding != nullptr && binding->kind == Binding::Kind::unsupported) binding = nullptr;
  if (binding == nullptr && type == Type::delayed) return delayed_attribute(*this, object, name);
  if (binding == nullptr) {
    if (const auto owner = object.as<TypeObject>()) {
      for (const Type builtin : {Type::text, Type::list, Type::dict}) {
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
    if (type == Type::dataset && BindingTable::instance().find(type, name) == nullptr)
      array::get(object.as<DatasetObject>()->value(), name);  // its message lists what there is
    throw UsageError(no_attribute(type, name));
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
