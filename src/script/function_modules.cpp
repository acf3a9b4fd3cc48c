// The modules operator and functools.
#include <algorithm>

#include "script/interpreter.hpp"
#include "script/operations.hpp"

namespace rankine::script {

namespace {

/// A function that remembers `self`; the row is none that scripts can name.
Value remembering(Type module, const char* row, Values self) {
  auto function = std::make_shared<FunctionObject>();
  function->binding = BindingTable::instance().find(module, row);
  function->self = make_tuple(std::move(self));
  return function;
}

Value call_partial(Interpreter& in, const Arguments& args) {
  const Values& parts = args.self.as<TupleObject>()->elements;  // callee, positional, keywords
  Values positional = parts[1].as<TupleObject>()->elements;
  positional.insert(positional.end(), args.rest.begin(), args.rest.end());
  Keywords keywords = args.keywords;
  parts[2].as<DictObject>()->each([&](const Value& name, const Value& value) {
    const bool given = std::any_of(keywords.begin(), keywords.end(), [&](const auto& k) { return k.first == *name.text(); });
    if (!given) keywords.emplace_back(*name.text(), value);
  });
  return in.call(parts[0], std::move(positional), std::move(keywords));
}

void add_functools(BindingTable& table) {
  table.method(Type::functools, "(partial)", "*args, **kwargs", any, call_partial);
  table.method(Type::functools, "partial", "func, *args, **kwargs", Type::function, [](Interpreter&, const Arguments& args) -> Value {
    auto keywords = std::make_shared<DictObject>();
    for (const auto& [name, value] : args.keywords) keywords->set(name, value);
    return remembering(Type::functools, "(partial)", {args.get("func"), make_tuple(args.rest), keywords});
  });
  table.method(Type::functools, "reduce", "function, iterable, initial=", any, [](Interpreter& in, const Arguments& args) -> Value {
    Value total = args.get("initial");
    bool begun = args.find("initial") != nullptr;
    for (const Value& element : elements_of(in, args.get("iterable"))) {
      total = begun ? in.call(args.get("function"), {total, element}) : element;
      begun = true;
    }
    if (!begun) throw TypeError("reduce() of empty iterable with no initial value");
    return total;
  });
}

Value picked(Interpreter& in, const Arguments& args, Value (*pick)(Interpreter&, const Value&, const Value&)) {
  Values values;
  for (const Value& key : args.self.as<TupleObject>()->elements) values.push_back(pick(in, args.get("obj"), key));
  return values.size() == 1 ? values[0] : make_tuple(std::move(values));
}

void add_operator(BindingTable& table) {
  static constexpr std::pair<const char*, BinaryOp> binaries[] = {
      {"add", BinaryOp::add}, {"sub", BinaryOp::subtract}, {"mul", BinaryOp::multiply}, {"truediv", BinaryOp::divide},
      {"floordiv", BinaryOp::floor_divide}, {"mod", BinaryOp::modulo}, {"pow", BinaryOp::power}, {"and_", BinaryOp::bit_and},
      {"or_", BinaryOp::bit_or}, {"xor", BinaryOp::bit_xor}, {"lshift", BinaryOp::left_shift}, {"rshift", BinaryOp::right_shift}};
  static constexpr std::pair<const char*, CompareOp> comparisons[] = {
      {"eq", CompareOp::equal}, {"ne", CompareOp::not_equal}, {"lt", CompareOp::less}, {"le", CompareOp::less_equal},
      {"gt", CompareOp::greater}, {"ge", CompareOp::greater_equal}, {"is_", CompareOp::is}, {"is_not", CompareOp::is_not}};
  for (const auto& [name, op] : binaries)
    table.method(Type::operator_module, name, "a, b", any, [](Interpreter& in, const Arguments& args) -> Value {
      const auto* row = std::find_if(std::begin(binaries), std::end(binaries), [&](const auto& b) { return args.binding->name == b.first; });
      return binary(in, row->second, args.get("a"), args.get("b"));
    });
  for (const auto& [name, op] : comparisons)
    table.method(Type::operator_module, name, "a, b", any, [](Interpreter& in, const Arguments& args) -> Value {
      const auto* row = std::find_if(std::begin(comparisons), std::end(comparisons), [&](const auto& c) { return args.binding->name == c.first; });
      return compare(in, row->second, args.get("a"), args.get("b"));
    });
  const auto add = [&](const char* name, const char* signature, TypeSet result, Binding::Function f) {
    table.method(Type::operator_module, name, signature, result, f);
  };
  add("neg", "a", any, [](Interpreter& in, const Arguments& args) { return unary(in, UnaryOp::minus, args.get("a")); });
  add("pos", "a", any, [](Interpreter& in, const Arguments& args) { return unary(in, UnaryOp::plus, args.get("a")); });
  add("invert", "a", any, [](Interpreter& in, const Arguments& args) { return unary(in, UnaryOp::invert, args.get("a")); });
  add("not_", "a", Type::boolean, [](Interpreter& in, const Arguments& args) -> Value { return !truth(in, args.get("a")); });
  add("truth", "a", Type::boolean, [](Interpreter& in, const Arguments& args) -> Value { return truth(in, args.get("a")); });
  add("contains", "a, b", Type::boolean, [](Interpreter& in, const Arguments& args) -> Value { return contains(in, args.get("a"), args.get("b")); });
  add("getitem", "a, b", any, [](Interpreter& in, const Arguments& args) { return get_item(in, args.get("a"), args.get("b")); });
  add("(itemgetter)", "obj", any, [](Interpreter& in, const Arguments& args) {
    return picked(in, args, [](Interpreter& i, const Value& object, const Value& key) { return get_item(i, object, key); });
  });
  add("(attrgetter)", "obj", any, [](Interpreter& in, const Arguments& args) {
    return picked(in, args, [](Interpreter& i, const Value& object, const Value& key) { return i.attribute(object, to_text(key, "an attribute's name")); });
  });
  add("itemgetter", "*items", Type::function, [](Interpreter&, const Arguments& args) -> Value {
    if (args.rest.empty()) throw TypeError("itemgetter expected at least 1 argument, got 0");
    return remembering(Type::operator_module, "(itemgetter)", args.rest);
  });
  add("attrgetter", "*attrs", Type::function, [](Interpreter&, const Arguments& args) -> Value {
    if (args.rest.empty()) throw TypeError("attrgetter expected at least 1 argument, got 0");
    return remembering(Type::operator_module, "(attrgetter)", args.rest);
  });
}

}  // namespace

void add_function_modules(BindingTable& table) {
  add_functools(table);
  add_operator(table);
}

}  // namespace rankine::script
