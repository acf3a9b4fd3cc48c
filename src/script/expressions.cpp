// What expressions give.
#include "base/memory_guard.hpp"
#include "script/dry_run.hpp"
#include "script/interpreter.hpp"
#include "script/operations.hpp"

namespace rankine::script {

Value Interpreter::evaluate(const Expression& e, const std::shared_ptr<Environment>& env) {
  if (dry_run_ != nullptr && !dry_run_->has_entered(&e)) return evaluate_dry(e, env);
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
  if (const auto* node = e.as<SetDisplay>()) return make_set(evaluate_elements(node->elements, env));
  if (const auto* node = e.as<DictDisplay>()) return evaluate_dict(*node, env);
  if (const auto* node = e.as<SliceDisplay>()) return evaluate_slice(*node, env);
  if (const auto* node = e.as<NamedExpression>()) {
    const Value value = evaluate(*node->value, env);
    // A comprehension binds it in the function, or module, that it stands in.
    Environment* home = env.get();
    while (home->scope == nullptr && home->parent != nullptr) home = home->parent.get();
    if (home == env.get()) bind(node->name, value, env);
    else if (home->scope != nullptr && home->scope->globals.contains(node->name)) globals_->variables[node->name] = value;
    else home->variables[node->name] = value;
    return value;
  }
  if (const auto* node = e.as<Lambda>()) return make_function(node->function, env);
  if (const auto* node = e.as<Comprehension>()) return evaluate_comprehension(*node, env);
  source_.fail(e.span, "this expression is not supported here");
}

Value Interpreter::evaluate_dry(const Expression& e, const std::shared_ptr<Environment>& env) {
  dry_run_->enter(&e, e.span);
  try {
    return evaluate(e, env);
  } catch (const UnknownValue&) {
    return dry_run_->without(*this, e, env);
  } catch (const UnsupportedError& error) {
    return dry_run_->refuse(place_, error);
  }
}

Value Interpreter::evaluate_name(const Expression& e, const Name& node, const std::shared_ptr<Environment>& env) {
  for (const Environment* scope = env.get(); scope != nullptr; scope = scope->parent.get()) {
    const auto found = scope->variables.find(node.id);
    if (found != scope->variables.end()) return found->second;
    if (scope->scope != nullptr && scope->scope->locals.contains(node.id)) {
      at(e.span);
      throw PythonError("UnboundLocalError", "local variable '" + node.id + "' is used before it is assigned");
    }
  }
  const auto& table = BindingTable::instance();
  if (const Binding* binding = table.find(Type::builtins, node.id);
      binding != nullptr && binding->kind != Binding::Kind::unsupported) {
    at(e.span);
    return attribute(std::make_shared<ModuleObject>(Type::builtins), node.id);
  }
  at(e.span);
  throw NameError("name '" + node.id + "' is not defined");
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
      at(value->span);
      if (!other) throw TypeError("'**' needs a dict");
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
  static const std::string names[] = {"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"};
  const std::string& name = names[node.kind == Comprehension::Kind::list  ? 0
                                  : node.kind == Comprehension::Kind::set  ? 1
                                  : node.kind == Comprehension::Kind::dict ? 2
                                                                           : 3];
  const auto scope = new_environment(env, nullptr);
  // The outermost iterable is the business of whoever writes the comprehension.
  const Value outermost = evaluate(*node.clauses[0].iterable, scope);
  at(node.clauses[0].iterable->span);
  return in_frame(name, [&]() -> Value {
    Values list;
    if (node.kind == Comprehension::Kind::dict) {
      auto dict = std::make_shared<DictObject>();
      comprehend(node, 0, outermost, scope, list, dict.get());
      return dict;
    }
    comprehend(node, 0, outermost, scope, list, nullptr);
    if (node.kind == Comprehension::Kind::set) return make_set(list);
    if (node.kind == Comprehension::Kind::generator) return make_iterator(std::move(list));
    return make_list(std::move(list));
  });
}

void Interpreter::comprehend(const Comprehension& node, std::size_t clause_number, const Value& iterable,
                             const std::shared_ptr<Environment>& env, Values& list, DictObject* dict) {
  if (clause_number == node.clauses.size()) {
    Value element = evaluate(*node.element, env);
    if (dict == nullptr) {
      if (list.size() == list.capacity()) ask_room(list.size(), 2 * sizeof(Value));
      list.push_back(std::move(element));
    } else {
      Value value = evaluate(*node.value, env);
      at(node.element->span);
      dict->set(element, std::move(value));
    }
    return;
  }
  const auto& clause = node.clauses[clause_number];
  at(clause.iterable->span);
  iterate(*this, iterable, [&](const Value& element) {
    assign(*clause.target, element, env);
    for (const auto& condition : clause.conditions) {
      const Value value = evaluate(*condition, env);
      at(condition->span);
      if (!truth(*this, value)) return true;
    }
    const std::size_t next = clause_number + 1;
    const Value inner = next == node.clauses.size() ? Value() : evaluate(*node.clauses[next].iterable, env);
    comprehend(node, next, inner, env, list, dict);
    at(clause.iterable->span);
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
    const std::string formatted = format_value(*this, value, spec);
    if (formatted.size() >= asked_at_once.value) ask_room(text.size() + formatted.size(), 2);
    text += formatted;
  }
  return text;
}

}  // namespace rankine::script
