#include "script/effects.hpp"

#include <algorithm>
#include <set>

#include "script/interpreter.hpp"

namespace rankine::script {

namespace {

struct UnknownObject : Object {
  Type type() const override { throw UnknownValue(); }
};

/// Methods of lists, dicts, sets and iterators that change them.
bool changes_its_object(const std::string& method) {
  static const std::set<std::string> names = {"append", "extend", "insert", "remove", "pop", "popitem", "clear", "sort", "reverse",
                                              "update", "setdefault", "add", "discard", "shuffle", "seed", "put"};
  return names.contains(method);
}

template <typename F> void each_part(const std::vector<FormatPart>& parts, const F& f) {
  for (const FormatPart& part : parts) {
    if (part.value) f(*part.value);
    each_part(part.format, f);
  }
}

/// Calls f for each expression right below `e`; bodies of lambdas are not evaluated with it.
template <typename F> void each_child(const Expression& e, const F& f) {
  const auto one = [&](const ExpressionPtr& child) { if (child) f(*child); };
  const auto all = [&](const std::vector<ExpressionPtr>& children) { for (const auto& child : children) one(child); };
  if (const auto* n = e.as<FormattedString>()) each_part(n->parts, f);
  else if (const auto* n = e.as<ListDisplay>()) all(n->elements);
  else if (const auto* n = e.as<TupleDisplay>()) all(n->elements);
  else if (const auto* n = e.as<SetDisplay>()) all(n->elements);
  else if (const auto* n = e.as<DictDisplay>()) for (const auto& [key, value] : n->entries) one(key), one(value);
  else if (const auto* n = e.as<Starred>()) one(n->value);
  else if (const auto* n = e.as<Unary>()) one(n->operand);
  else if (const auto* n = e.as<Binary>()) one(n->left), one(n->right);
  else if (const auto* n = e.as<Logical>()) one(n->left), one(n->right);
  else if (const auto* n = e.as<Conditional>()) one(n->condition), one(n->then), one(n->otherwise);
  else if (const auto* n = e.as<Attribute>()) one(n->object);
  else if (const auto* n = e.as<Subscript>()) one(n->object), one(n->index);
  else if (const auto* n = e.as<SliceDisplay>()) one(n->start), one(n->stop), one(n->step);
  else if (const auto* n = e.as<NamedExpression>()) one(n->value);
  else if (const auto* n = e.as<Comparison>()) {
    one(n->first);
    for (const auto& link : n->links) one(link.operand);
  } else if (const auto* n = e.as<Call>()) {
    one(n->callee);
    for (const auto& argument : n->arguments) one(argument.value);
  } else if (const auto* n = e.as<Comprehension>()) {
    one(n->element), one(n->value);
    for (const auto& clause : n->clauses) one(clause.iterable), all(clause.conditions);
  }
}

/// `left`: how many values are looked at.
bool holds_unknown(const Value& value, std::size_t& left) {
  if (is_unknown(value)) return true;
  if (value.object() == nullptr) return false;
  const auto any = [&](const Values& elements) {
    return std::any_of(elements.begin(), elements.end(), [&](const Value& element) { return left-- == 0 || holds_unknown(element, left); });
  };
  if (const auto list = value.as<ListObject>()) return any(list->elements);
  if (const auto tuple = value.as<TupleObject>()) return any(tuple->elements);
  if (const auto dict = value.as<DictObject>()) return any(dict->values());
  if (const auto set = value.as<SetObject>()) return any(set->elements.keys());
  if (const auto iterator = value.as<IteratorObject>()) return any(iterator->elements);
  if (const auto slice = value.as<SliceObject>()) return any({slice->start, slice->stop, slice->step});
  return value.type() == Type::instance;
}

bool is_container(const Value& value) {
  return !is_unknown(value) && (value.type() == Type::list || value.type() == Type::dict || value.type() == Type::set);
}

bool pure(const ExpressionPtr& e, const Interpreter& in, const std::shared_ptr<Environment>& env) {
  return !e || !may_have_effects(*e, in, env);
}

bool binds_names_alone(const Statement& s, const Interpreter& in, const std::shared_ptr<Environment>& env, std::vector<std::string>& names,
                       bool in_loop) {
  if (std::holds_alternative<Pass>(s.node)) return true;
  if (std::holds_alternative<Break>(s.node) || std::holds_alternative<Continue>(s.node)) return in_loop;
  if (const auto* n = std::get_if<ExpressionStatement>(&s.node)) return pure(n->value, in, env);
  if (const auto* n = std::get_if<Raise>(&s.node)) return pure(n->value, in, env) && pure(n->cause, in, env);
  if (const auto* n = std::get_if<Assert>(&s.node)) return pure(n->condition, in, env) && pure(n->message, in, env);
  if (const auto* n = std::get_if<Assign>(&s.node)) {
    return pure(n->value, in, env) &&
           std::all_of(n->targets.begin(), n->targets.end(), [&](const auto& target) { return target_names(*target, names); });
  }
  if (const auto* n = std::get_if<AugmentedAssign>(&s.node)) {
    const auto* name = n->target->as<Name>();
    const Value* old = name == nullptr ? nullptr : in.look_up(name->id, env);
    // `+=` changes a list in place, whoever else has it.
    return old != nullptr && !is_container(*old) && pure(n->value, in, env) && target_names(*n->target, names);
  }
  if (const auto* n = std::get_if<If>(&s.node)) {
    return pure(n->condition, in, env) && binds_names_alone(n->body, in, env, names, in_loop) &&
           binds_names_alone(n->otherwise, in, env, names, in_loop);
  }
  if (const auto* n = std::get_if<For>(&s.node)) {
    return pure(n->iterable, in, env) && target_names(*n->target, names) && binds_names_alone(n->body, in, env, names, true) &&
           binds_names_alone(n->otherwise, in, env, names, in_loop);
  }
  if (const auto* n = std::get_if<While>(&s.node)) {
    return pure(n->condition, in, env) && binds_names_alone(n->body, in, env, names, true) &&
           binds_names_alone(n->otherwise, in, env, names, in_loop);
  }
  return false;
}

}  // namespace

Value make_unknown() {
  static const ObjectPtr one = std::make_shared<UnknownObject>();
  return Value(std::static_pointer_cast<UnknownObject>(one));
}
bool is_unknown(const Value& value) { return dynamic_cast<const UnknownObject*>(value.object()) != nullptr; }

bool holds_unknown(const Value& value) {
  std::size_t left = 10'000;
  return holds_unknown(value, left);
}

bool is_script_code(const Value& value) {
  if (is_unknown(value)) return false;
  if (value.type() == Type::instance) return true;
  const auto function = value.as<FunctionObject>();
  if (!function) return false;
  if (function->script_class || !function->bound_callee.is_none()) return true;
  return function->definition != nullptr && function->definition->expression == nullptr;
}

bool call_may_have_effects(const Call& call, const Interpreter& in, const std::shared_ptr<Environment>& env) {
  const auto is_code = [&](const ExpressionPtr& e) {
    const auto* name = e->as<Name>();
    const Value* value = name == nullptr ? nullptr : in.look_up(name->id, env);
    return value != nullptr && is_script_code(*value);
  };
  if (is_code(call.callee)) return true;
  // A function that is given away may be called.
  if (std::any_of(call.arguments.begin(), call.arguments.end(), [&](const Argument& argument) { return is_code(argument.value); })) return true;
  const auto* attribute = call.callee->as<Attribute>();
  if (attribute == nullptr) return call.callee->as<Name>() == nullptr;
  return changes_its_object(attribute->name) || is_code(attribute->object);
}

bool may_have_effects(const Expression& e, const Interpreter& in, const std::shared_ptr<Environment>& env) {
  if (e.as<NamedExpression>()) return true;
  if (const auto* call = e.as<Call>(); call != nullptr && call_may_have_effects(*call, in, env)) return true;
  bool found = false;
  each_child(e, [&](const Expression& child) { found = found || may_have_effects(child, in, env); });
  return found;
}

bool target_names(const Expression& target, std::vector<std::string>& names) {
  const auto all = [&](const std::vector<ExpressionPtr>& targets) {
    return std::all_of(targets.begin(), targets.end(), [&](const auto& t) { return target_names(*t, names); });
  };
  if (const auto* name = target.as<Name>()) names.push_back(name->id);
  else if (const auto* tuple = target.as<TupleDisplay>()) return all(tuple->elements);
  else if (const auto* list = target.as<ListDisplay>()) return all(list->elements);
  else if (const auto* starred = target.as<Starred>()) return target_names(*starred->value, names);
  else return false;
  return true;
}

bool binds_names_alone(const Block& block, const Interpreter& in, const std::shared_ptr<Environment>& env, std::vector<std::string>& names,
                       bool in_loop) {
  return std::all_of(block.begin(), block.end(), [&](const auto& s) { return binds_names_alone(*s, in, env, names, in_loop); });
}

}  // namespace rankine::script
