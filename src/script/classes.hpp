#pragma once
#include <optional>
#include <string>

#include "script/interpreter.hpp"
#include "script/value.hpp"

namespace rankine::script {

/// What a class statement of the script defines: methods and values by name. Classes are FunctionObjects: calling one makes an
/// instance. Two of one place in the script are the same class, on whatever rank they were made.
struct ScriptClass {
  std::string name;
  Span span;
  DictObject attributes;
};

/// An object of a class of the script.
struct InstanceObject : Object {
  static constexpr Type static_type = Type::instance;
  Type type() const override { return static_type; }
  std::shared_ptr<FunctionObject> of_class;   ///< whose script_class is set
  DictObject attributes;
};

Value make_class(std::string name, Span span);
/// The class of an instance, or the class that a value is; null for other values.
const ScriptClass* class_of(const Value& value);
bool is_class(const Value& value);
/// "int", or the name of an instance's class.
std::string kind_of(const Value& value);
bool is_instance_of(const InstanceObject& instance, const ScriptClass& of);

/// Class(...): a new instance, after its __init__.
Value make_instance(Interpreter& in, const std::shared_ptr<FunctionObject>& of_class, Values positional, Keywords keywords);
/// An attribute of an instance or a class; methods of instances are bound. Nothing if there is none.
std::optional<Value> find_class_attribute(const Value& object, const std::string& name);
/// The same; throws Python's AttributeError.
Value class_attribute(const Value& object, const std::string& name);
void set_class_attribute(const Value& object, const std::string& name, const Value& value);

/// The result of a method such as __add__, if the object's class has it.
std::optional<Value> call_special(Interpreter& in, const Value& object, const char* name, Values arguments);
/// "__add__", "__eq__" ...; of the second operand where the first has none: "__radd__".
std::optional<Value> binary_special(Interpreter& in, BinaryOp op, const Value& a, const Value& b);
std::optional<Value> compare_special(Interpreter& in, CompareOp op, const Value& a, const Value& b);
std::string repr_of_instance(Interpreter& in, const Value& instance);

}  // namespace rankine::script
