#include "script/classes.hpp"

#include "script/delayed.hpp"
#include "script/operations.hpp"

namespace rankine::script {

Value make_class(std::string name, Span span) {
  auto function = std::make_shared<FunctionObject>();
  function->script_class = std::make_shared<ScriptClass>();
  function->script_class->name = std::move(name);
  function->script_class->span = span;
  return function;
}

const ScriptClass* class_of(const Value& value) {
  if (const auto instance = value.as<InstanceObject>()) return instance->of_class->script_class.get();
  const auto function = value.as<FunctionObject>();
  return function ? function->script_class.get() : nullptr;
}

std::string kind_of(const Value& value) {
  return value.type() == Type::instance ? class_of(value)->name : name_of(value.type());
}

bool is_class(const Value& value) { return value.type() == Type::function && class_of(value) != nullptr; }

bool is_instance_of(const InstanceObject& instance, const ScriptClass& of) {
  const Span span = instance.of_class->script_class->span;
  return span.begin == of.span.begin && span.end == of.span.end;
}

Value make_instance(Interpreter& in, const std::shared_ptr<FunctionObject>& of_class, Values positional, Keywords keywords) {
  auto instance = std::make_shared<InstanceObject>();
  instance->of_class = of_class;
  const Value* init = of_class->script_class->attributes.find("__init__");
  if (init == nullptr) {
    if (!positional.empty() || !keywords.empty()) throw TypeError(of_class->script_class->name + "() takes no arguments");
    return instance;
  }
  positional.insert(positional.begin(), Value(instance));
  if (!in.call(*init, std::move(positional), std::move(keywords)).is_none()) throw TypeError("__init__() should return None");
  return instance;
}

std::optional<Value> find_class_attribute(const Value& object, const std::string& name) {
  const ScriptClass* of = class_of(object);
  const auto instance = object.as<InstanceObject>();
  if (instance) {
    if (const Value* own = instance->attributes.find(name)) return *own;
    if (name == "__class__") return Value(instance->of_class);
  } else if (name == "__name__") {
    return Value(of->name);
  }
  const Value* shared = of->attributes.find(name);
  if (shared == nullptr) return std::nullopt;
  const bool is_method = shared->type() == Type::function || shared->type() == Type::delayed_function;
  if (!instance || !is_method || is_class(*shared)) return *shared;
  auto bound = std::make_shared<FunctionObject>();
  bound->self = object;
  bound->bound_callee = *shared;
  bound->method_name = name;
  return Value(bound);
}

Value class_attribute(const Value& object, const std::string& name) {
  if (auto found = find_class_attribute(object, name)) return *found;
  const std::string& of = class_of(object)->name;
  throw PythonError("AttributeError", object.type() == Type::instance ? "'" + of + "' object has no attribute '" + name + "'"
                                                                     : "type object '" + of + "' has no attribute '" + name + "'");
}

void set_class_attribute(const Value& object, const std::string& name, const Value& value) {
  if (const auto instance = object.as<InstanceObject>()) instance->attributes.set(name, value);
  else object.as<FunctionObject>()->script_class->attributes.set(name, value);
}

std::optional<Value> call_special(Interpreter& in, const Value& object, const char* name, Values arguments) {
  if (object.type() != Type::instance) return std::nullopt;
  const Value* method = class_of(object)->attributes.find(name);
  if (method == nullptr) return std::nullopt;
  arguments.insert(arguments.begin(), object);
  return in.call(*method, std::move(arguments));
}

std::optional<Value> binary_special(Interpreter& in, BinaryOp op, const Value& a, const Value& b) {
  static constexpr const char* names[] = {"add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "and", "or", "xor", "lshift", "rshift"};
  const std::string name = names[static_cast<int>(op)];
  if (auto result = call_special(in, a, ("__" + name + "__").c_str(), {b})) return result;
  return call_special(in, b, ("__r" + name + "__").c_str(), {a});
}

std::optional<Value> compare_special(Interpreter& in, CompareOp op, const Value& a, const Value& b) {
  const auto either = [&](const char* name, const char* mirrored) {
    auto result = call_special(in, a, name, {b});
    return result ? result : call_special(in, b, mirrored, {a});
  };
  switch (op) {
    case CompareOp::equal:
      if (auto result = either("__eq__", "__eq__")) return result;
      return Value(a.same(b));
    case CompareOp::not_equal:
      if (auto result = either("__ne__", "__ne__")) return result;
      return Value(!truth(in, *compare_special(in, CompareOp::equal, a, b)));
    case CompareOp::less: return either("__lt__", "__gt__");
    case CompareOp::less_equal: return either("__le__", "__ge__");
    case CompareOp::greater: return either("__gt__", "__lt__");
    case CompareOp::greater_equal: return either("__ge__", "__le__");
    default: return std::nullopt;
  }
}

std::string repr_of_instance(Interpreter& in, const Value& instance) {
  if (const auto text = call_special(in, instance, "__repr__", {})) return to_text(*text, "what __repr__() returns");
  return "<" + class_of(instance)->name + " object>";
}

}  // namespace rankine::script
