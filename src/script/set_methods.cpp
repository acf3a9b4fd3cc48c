// Sets and iterators.
#include "script/dask_objects.hpp"
#include "script/interpreter.hpp"
#include "script/operations.hpp"

namespace rankine::script {

namespace {

DictObject& set_of(const Arguments& args) { return args.self.as<SetObject>()->elements; }

/// Every argument of `*others`, one after the other: what a set becomes with it.
Value combined(Interpreter& in, const Arguments& args, BinaryOp op) {
  Value result = make_set(set_of(args).keys());
  for (const Value& other : args.rest) result = combine_sets(op, *result.as<SetObject>(), *make_set(elements_of(in, other)).as<SetObject>());
  return result;
}

Value next_of(Interpreter& in, const Arguments& args) {
  const Value from = args.get("iterator");
  if (const auto iterator = from.as<IteratorObject>()) {
    if (iterator->next < iterator->elements.size()) return iterator->elements[iterator->next++];
  } else if (const auto completed = from.as<CompletedObject>()) {
    Value found;
    bool any_found = false;
    each_completed(in, *completed, [&](const Value& future) {
      found = future;
      any_found = true;
      return false;
    });
    if (any_found) return found;
  } else {
    throw TypeError(std::string("'") + name_of(from.type()) + "' object is not an iterator");
  }
  if (const Value* fallback = args.find("default")) return *fallback;
  throw RaisedError(make_exception("StopIteration", {}));
}

}  // namespace

Value combine_sets(BinaryOp op, const SetObject& a, const SetObject& b) {
  const auto result = std::make_shared<SetObject>();
  const bool with_common = op == BinaryOp::bit_and || op == BinaryOp::bit_or;
  const bool with_own = op != BinaryOp::bit_and;
  a.elements.each([&](const Value& element, const Value&) {
    if (b.contains(element) ? with_common : with_own) result->elements.set(element, {});
  });
  if (op == BinaryOp::bit_or || op == BinaryOp::bit_xor)
    b.elements.each([&](const Value& element, const Value&) {
      if (!a.contains(element)) result->elements.set(element, {});
    });
  return result;
}

bool is_subset(const SetObject& a, const SetObject& b) {
  bool all = true;
  a.elements.each([&](const Value& element, const Value&) { all = all && b.contains(element); });
  return all;
}

void add_sets(BindingTable& table) {
  table.method(Type::builtins, "type set", "iterable=", Type::set, [](Interpreter& in, const Arguments& args) -> Value {
    return make_set(args.find("iterable") == nullptr ? Values() : elements_of(in, args.get("iterable")));
  });
  table.property(Type::builtins, "set", Type::type_object, [](Interpreter&, const Arguments&) -> Value {
    auto type = std::make_shared<TypeObject>();
    type->name = "set";
    return type;
  });
  const auto add = [&](const char* name, const char* signature, TypeSet result, Binding::Function f) {
    table.method(Type::set, name, signature, result, f);
  };
  add("add", "elem", Type::none, [](Interpreter&, const Arguments& args) -> Value {
    set_of(args).set(args.get("elem"), {});
    return {};
  });
  add("discard", "elem", Type::none, [](Interpreter&, const Arguments& args) -> Value {
    set_of(args).erase(args.get("elem"));
    return {};
  });
  add("remove", "elem", Type::none, [](Interpreter& in, const Arguments& args) -> Value {
    if (!set_of(args).erase(args.get("elem"))) raise_key_error(args.get("elem"), repr_of(in, args.get("elem")));
    return {};
  });
  add("clear", "", Type::none, [](Interpreter&, const Arguments& args) -> Value { set_of(args).clear(); return {}; });
  add("copy", "", Type::set, [](Interpreter&, const Arguments& args) -> Value { return make_set(set_of(args).keys()); });
  add("update", "*others", Type::none, [](Interpreter& in, const Arguments& args) -> Value {
    for (const Value& other : args.rest)
      for (const Value& element : elements_of(in, other)) set_of(args).set(element, {});
    return {};
  });
  add("union", "*others", Type::set, [](Interpreter& in, const Arguments& args) { return combined(in, args, BinaryOp::bit_or); });
  add("intersection", "*others", Type::set, [](Interpreter& in, const Arguments& args) { return combined(in, args, BinaryOp::bit_and); });
  add("difference", "*others", Type::set, [](Interpreter& in, const Arguments& args) { return combined(in, args, BinaryOp::subtract); });
  add("symmetric_difference", "other", Type::set, [](Interpreter& in, const Arguments& args) -> Value {
    return combine_sets(BinaryOp::bit_xor, *args.self.as<SetObject>(), *make_set(elements_of(in, args.get("other"))).as<SetObject>());
  });
  add("issubset", "other", Type::boolean, [](Interpreter& in, const Arguments& args) -> Value {
    return is_subset(*args.self.as<SetObject>(), *make_set(elements_of(in, args.get("other"))).as<SetObject>());
  });
  add("issuperset", "other", Type::boolean, [](Interpreter& in, const Arguments& args) -> Value {
    return is_subset(*make_set(elements_of(in, args.get("other"))).as<SetObject>(), *args.self.as<SetObject>());
  });
  add("isdisjoint", "other", Type::boolean, [](Interpreter& in, const Arguments& args) -> Value {
    const Value common = combine_sets(BinaryOp::bit_and, *args.self.as<SetObject>(), *make_set(elements_of(in, args.get("other"))).as<SetObject>());
    return common.as<SetObject>()->elements.size() == 0;
  });
  table.method(Type::builtins, "iter", "iterable", any, [](Interpreter& in, const Arguments& args) -> Value {
    const Value iterable = args.get("iterable");
    if (iterable.type() == Type::iterator || iterable.type() == Type::completed) return iterable;
    return make_iterator(elements_of(in, iterable));
  });
  table.method(Type::builtins, "next", "iterator, default=", any, next_of);
}

}  // namespace rankine::script
