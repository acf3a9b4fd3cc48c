#include <algorithm>
#include <charconv>
#include <cmath>

#include "array/arithmetic.hpp"
#include "base/error.hpp"
#include "script/classes.hpp"
#include "script/delayed.hpp"
#include "script/interpreter.hpp"
#include "script/labelled.hpp"
#include "script/number_text.hpp"
#include "script/operations.hpp"
#include "script/time_units.hpp"

namespace rankine::script {

namespace {

constexpr const char* type_names[] = {"int", "float", "str", "bool", "list", "tuple", "dict"};

/// `float(da)`, `int(arr)`: the one element of an array as a Python number; other values as they are.
Value scalar_of(Interpreter& in, const Value& value) {
  NdArray array;
  if (const auto data = value.as<DataArrayObject>()) {
    if (element_count(data->value().shape()) != 1)
      throw TypeError("only size-1 arrays can be converted to Python scalars; this one has shape " +
                       format_tuple(data->value().shape()));
    array = values_of(in, *data);
  } else if (const auto nd = value.as<ArrayObject>()) {
    if (nd->array.size() != 1) throw TypeError("only size-1 arrays can be converted to Python scalars");
    array = nd->array;
  } else {
    return value;
  }
  return item_of(array, 0);
}

std::string stripped(const std::string& text) {
  const std::size_t begin = text.find_first_not_of(" \t\n\r\f\v");
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(" \t\n\r\f\v") - begin + 1);
}

Value print(Interpreter& in, const Arguments& args) {
  const std::string sep = args.given("sep") ? to_text(args.get("sep"), "sep") : " ";
  const std::string end = args.given("end") ? to_text(args.get("end"), "end") : "\n";
  bool to_stderr = false;
  if (args.given("file")) {
    const auto stream = args.get("file").as<StreamObject>();
    if (!stream) throw UsageError("file= must be sys.stdout or sys.stderr");
    to_stderr = stream->is_stderr;
  }
  // One pass over the input serves every array of the line.
  std::vector<DataArrayObject*> arrays;
  for (const Value& value : args.rest) {
    if (const auto data = value.as<DataArrayObject>()) arrays.push_back(data.get());
  }
  load_small(in, arrays);
  std::string text;
  for (std::size_t i = 0; i < args.rest.size(); ++i) text += (i == 0 ? "" : sep) + text_of(in, args.rest[i]);
  in.host().print(text + end, to_stderr);
  return {};
}

Value range(Interpreter&, const Arguments& args) {
  auto result = std::make_shared<RangeObject>();
  result->stop = to_integer(args.get("start"), "an argument of range()");
  if (const Value* stop = args.find("stop")) {
    result->start = result->stop;
    result->stop = to_integer(*stop, "an argument of range()");
  }
  if (const Value* step = args.find("step")) result->step = to_integer(*step, "an argument of range()");
  if (result->step == 0) throw UsageError("range() arg 3 must not be zero");
  return result;
}

Value enumerate(Interpreter& in, const Arguments& args) {
  std::int64_t number = args.given("start") ? to_integer(args.get("start"), "start") : 0;
  Values result;
  for (const Value& element : elements_of(in, args.get("iterable"))) {
    in.count();
    result.push_back(make_tuple({number++, element}));
  }
  return make_list(std::move(result));
}

Value zip(Interpreter& in, const Arguments& args) {
  std::vector<Values> columns;
  std::size_t count = args.rest.empty() ? 0 : SIZE_MAX;
  for (const Value& iterable : args.rest) {
    columns.push_back(elements_of(in, iterable));
    count = std::min(count, columns.back().size());
  }
  Values result;
  for (std::size_t i = 0; i < count; ++i) {
    in.count();
    Values row;
    for (const auto& column : columns) row.push_back(column[i]);
    result.push_back(make_tuple(std::move(row)));
  }
  return make_list(std::move(result));
}

Value sorted_values(Interpreter& in, Values elements, const Value& key, bool reverse) {
  std::vector<std::pair<Value, Value>> keyed;
  ask_room(elements.size(), 5 * sizeof(Value));  // the pairs, half of them once more while they are merged, and the result
  for (Value& element : elements) {
    in.count();
    Value k = key.is_none() ? element : in.call(key, {element});
    keyed.emplace_back(std::move(k), std::move(element));
  }
  // std::sort may run wild where NaN breaks the order; a merge sort only sorts badly, as Python's does.
  const auto before = [&](const auto& a, const auto& b) {
    in.count();
    return reverse ? less(in, b.first, a.first) : less(in, a.first, b.first);
  };
  std::stable_sort(keyed.begin(), keyed.end(), before);
  Values result;
  for (auto& [k, element] : keyed) result.push_back(std::move(element));
  return make_list(std::move(result));
}

Value extreme(Interpreter& in, const Arguments& args, bool smallest) {
  const Values elements = args.rest.size() == 1 ? elements_of(in, args.rest[0]) : args.rest;
  if (elements.empty()) {
    if (const Value* fallback = args.find("default")) return *fallback;
    throw UsageError(args.binding->name + "() arg is an empty sequence");
  }
  const Value key = args.get("key");
  const auto keyed = [&](const Value& v) { return key.is_none() ? v : in.call(key, {v}); };
  Value best = elements[0];
  Value best_key = keyed(best);
  for (std::size_t i = 1; i < elements.size(); ++i) {
    in.count();
    Value k = keyed(elements[i]);
    if (!(smallest ? less(in, k, best_key) : less(in, best_key, k))) continue;
    best = elements[i];
    best_key = std::move(k);
  }
  return best;
}

Value absolute(Interpreter& in, const Arguments& args) {
  const Value x = args.get("x");
  if (is_delayed(x)) {
    DelayedFunctionObject lazy;
    lazy.function = in.attribute(std::make_shared<ModuleObject>(Type::builtins), "abs");
    lazy.name = "abs";
    return call_delayed(in, lazy, {x}, {});
  }
  if (const auto* i = x.integer()) {
    if (*i == INT64_MIN) throw UnsupportedError("integer overflow: integers beyond 64 bits are not supported");
    return *i < 0 ? -*i : *i;
  }
  if (const auto* b = x.boolean()) return std::int64_t{*b};
  if (const auto* f = x.floating()) return std::abs(*f);
  return in_unit(make_value(array::unary(kernel::Op::absolute, to_operand(x, "the argument of abs()"), in.keep_attrs.value_or(true))), time_unit_of(x));
}

Value rounded(Interpreter& in, const Arguments& args) {
  const Value x = args.get("number");
  const bool whole = !args.given("ndigits");
  const std::int64_t digits = whole ? 0 : to_integer(args.get("ndigits"), "ndigits");
  if (x.integer() != nullptr || x.boolean() != nullptr) {
    if (digits < 0) throw UnsupportedError("round() of an int to a negative number of digits is not supported");
    return to_integer(x, "the argument");
  }
  if (const auto* f = x.floating()) {
    if (whole) {
      if (!std::isfinite(*f)) throw UsageError("cannot convert float NaN or infinity to integer");
      const double r = std::nearbyint(*f);
      if (std::abs(r) >= 9.2e18) throw UnsupportedError("integer overflow: integers beyond 64 bits are not supported");
      return static_cast<std::int64_t>(r);
    }
    if (!std::isfinite(*f) || digits > 300) return *f;
    if (digits < 0) {
      const double scale = std::pow(10.0, static_cast<double>(-digits));
      return std::nearbyint(*f / scale) * scale;
    }
    // As CPython: the decimal digits, correctly rounded, read back.
    FormatSpec spec;
    spec.type = 'f';
    spec.precision = static_cast<int>(digits);
    return std::strtod(format_number(*f, spec).c_str(), nullptr);
  }
  return make_value(array::round(to_operand(x, "the argument of round()"), static_cast<int>(digits), in.keep_attrs.value_or(true)));
}

Value sum(Interpreter& in, const Arguments& args) {
  Value total = args.given("start") ? args.get("start") : Value(0);
  // Without a copy of what is added up: of a range there may be no end.
  iterate(in, args.get("iterable"), [&](const Value& element) {
    total = binary(in, BinaryOp::add, total, element);
    return true;
  });
  return total;
}

bool is_instance(Interpreter& in, const Value& value, const Value& type) {
  if (const auto tuple = type.as<TupleObject>())
    return std::any_of(tuple->elements.begin(), tuple->elements.end(), [&](const Value& t) { return is_instance(in, value, t); });
  if (is_class(type)) {
    const auto instance = value.as<InstanceObject>();
    return instance && is_instance_of(*instance, *class_of(type));
  }
  const auto name = named_class(type);
  if (!name) throw TypeError("isinstance() arg 2 must be a type or tuple of types");
  if (*name == "int" && value.type() == Type::boolean) return true;
  if (const auto exception = value.as<ExceptionObject>()) return is_subclass(exception->name, *name);
  // NumPy's float64 is derived from Python's float, its str_ from str; its other scalars are from nothing of Python's.
  const std::string of = class_name_of(value);
  return *name == of || (*name == "float" && of == "float64") || (*name == "str" && of == "str_");
}

// ---- types as functions

Value to_int(Interpreter& in, const Arguments& args) {
  if (!args.given("x")) return 0;
  const Value x = scalar_of(in, args.get("x"));
  if (const auto* f = x.floating()) {
    if (std::isnan(*f)) throw UsageError("cannot convert float NaN to integer");
    if (std::isinf(*f)) throw UsageError("cannot convert float infinity to integer");
    if (std::abs(*f) >= 9.223372036854775e18) throw UnsupportedError("integer overflow: integers beyond 64 bits are not supported");
    return static_cast<std::int64_t>(*f);
  }
  if (const auto* t = x.text()) {
    std::string digits = stripped(*t);
    const int base = args.given("base") ? static_cast<int>(to_integer(args.get("base"), "base")) : 10;
    if (base < 2 || base > 36) throw UsageError("int() base must be >= 2 and <= 36");
    if (digits.size() > 1 && digits[0] == '+' && digits[1] != '-') digits.erase(0, 1);
    std::erase(digits, '_');
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
    if (error == std::errc::result_out_of_range) throw UnsupportedError("integer overflow: integers beyond 64 bits are not supported");
    if (error != std::errc() || end != digits.data() + digits.size())
      throw UsageError("invalid literal for int() with base " + std::to_string(base) + ": " + repr_of(in, x));
    return value;
  }
  return to_integer(x, "the argument of int()");
}

Value to_float(Interpreter& in, const Arguments& args) {
  if (!args.given("x")) return 0.0;
  const Value x = scalar_of(in, args.get("x"));
  const auto* t = x.text();
  if (t == nullptr) return to_double(x, "the argument of float()");
  std::string digits = stripped(*t);
  std::erase(digits, '_');
  char* end = nullptr;
  const double value = std::strtod(digits.c_str(), &end);
  const bool hexadecimal = digits.find_first_of("xX") != std::string::npos;
  if (digits.empty() || hexadecimal || end != digits.c_str() + digits.size())
    throw UsageError("could not convert string to float: " + repr_of(in, x));
  return value;
}

void add_types(BindingTable& table) {
  table.method(Type::builtins, "type int", "x=, base=", Type::integer, to_int);
  table.method(Type::builtins, "type float", "x=", Type::floating, to_float);
  table.method(Type::builtins, "type str", "object=", Type::text, [](Interpreter& in, const Arguments& args) -> Value {
    return args.find("object") == nullptr ? std::string() : text_of(in, args.get("object"));
  });
  table.method(Type::builtins, "type bool", "x=", Type::boolean,
               [](Interpreter& in, const Arguments& args) -> Value { return truth(in, args.get("x")); });
  table.method(Type::builtins, "type list", "iterable=", Type::list, [](Interpreter& in, const Arguments& args) -> Value {
    return make_list(args.find("iterable") == nullptr ? Values() : elements_of(in, args.get("iterable")));
  });
  table.method(Type::builtins, "type tuple", "iterable=", Type::tuple, [](Interpreter& in, const Arguments& args) -> Value {
    return make_tuple(args.find("iterable") == nullptr ? Values() : elements_of(in, args.get("iterable")));
  });
  table.method(Type::builtins, "type dict", "mapping=, **kwargs", Type::dict, [](Interpreter& in, const Arguments& args) -> Value {
    auto dict = std::make_shared<DictObject>();
    if (args.given("mapping")) {
      if (const auto other = args.get("mapping").as<DictObject>()) {
        other->each([&](const Value& k, const Value& v) { dict->set(k, v); });
      } else {
        for (const Value& pair : elements_of(in, args.get("mapping"))) {
          const Values both = elements_of(in, pair);
          if (both.size() != 2) throw UsageError("dict() needs pairs");
          dict->set(both[0], both[1]);
        }
      }
    }
    for (const auto& [key, value] : args.keywords) dict->set(key, value);
    return dict;
  });
  const auto type_object = [](Interpreter&, const Arguments& args) -> Value {
    auto type = std::make_shared<TypeObject>();
    type->name = args.binding->name;
    return type;
  };
  for (const char* name : type_names) table.property(Type::builtins, name, Type::type_object, type_object);
}

}  // namespace

void add_builtins(BindingTable& table) {
  add_types(table);
  const auto add = [&](const char* name, const char* signature, TypeSet result, Binding::Function f) {
    table.method(Type::builtins, name, signature, result, f);
  };
  add("print", "*values, sep=, end=, file=, flush=", Type::none, print);
  add("len", "obj", Type::integer, [](Interpreter& in, const Arguments& args) -> Value { return length(in, args.get("obj")); });
  add("range", "start, stop=, step=", Type::range, range);
  add("enumerate", "iterable, start=", Type::list, enumerate);
  add("zip", "*iterables, strict=", Type::list, zip);
  add("sorted", "iterable, *, key=, reverse=", Type::list, [](Interpreter& in, const Arguments& args) -> Value {
    return sorted_values(in, elements_of(in, args.get("iterable")), args.get("key"), truth(in, args.get("reverse")));
  });
  add("reversed", "sequence", Type::list, [](Interpreter& in, const Arguments& args) -> Value {
    Values elements = elements_of(in, args.get("sequence"));
    std::reverse(elements.begin(), elements.end());
    return make_list(std::move(elements));
  });
  add("map", "function, *iterables", Type::list, [](Interpreter& in, const Arguments& args) -> Value {
    if (args.rest.empty()) throw TypeError("map() must have at least two arguments.");
    std::vector<Values> columns;
    std::size_t count = SIZE_MAX;
    for (const Value& iterable : args.rest) {
      columns.push_back(elements_of(in, iterable));
      count = std::min(count, columns.back().size());
    }
    Values result;
    for (std::size_t i = 0; i < count; ++i) {
      Values row;
      for (const Values& column : columns) row.push_back(column[i]);
      result.push_back(in.call(args.get("function"), std::move(row)));
    }
    return make_list(std::move(result));
  });
  add("filter", "function, iterable", Type::list, [](Interpreter& in, const Arguments& args) -> Value {
    Values result;
    const Value f = args.get("function");
    for (const Value& element : elements_of(in, args.get("iterable"))) {
      if (truth(in, f.is_none() ? element : in.call(f, {element}))) result.push_back(element);
    }
    return make_list(std::move(result));
  });
  add("sum", "iterable, start=", any, sum);
  add("min", "*values, key=, default=", any, [](Interpreter& in, const Arguments& args) { return extreme(in, args, true); });
  add("max", "*values, key=, default=", any, [](Interpreter& in, const Arguments& args) { return extreme(in, args, false); });
  add("abs", "x", any, absolute);
  add("round", "number, ndigits=", any, rounded);
  add("any", "iterable", Type::boolean, [](Interpreter& in, const Arguments& args) -> Value {
    bool found = false;
    iterate(in, args.get("iterable"), [&](const Value& v) { return !(found = truth(in, v)); });
    return found;
  });
  add("all", "iterable", Type::boolean, [](Interpreter& in, const Arguments& args) -> Value {
    bool all = true;
    iterate(in, args.get("iterable"), [&](const Value& v) { return all = truth(in, v); });
    return all;
  });
  add("slice", "start, stop=, step=", Type::slice, [](Interpreter&, const Arguments& args) -> Value {
    auto slice = std::make_shared<SliceObject>();
    if (args.find("stop") == nullptr) {
      slice->stop = args.get("start");
    } else {
      slice->start = args.get("start");
      slice->stop = args.get("stop");
      slice->step = args.get("step");
    }
    return slice;
  });
  add("isinstance", "obj, types", Type::boolean, [](Interpreter& in, const Arguments& args) -> Value {
    return is_instance(in, args.get("obj"), args.get("types"));
  });
  add("repr", "obj", Type::text, [](Interpreter& in, const Arguments& args) -> Value { return repr_of(in, args.get("obj")); });
  add("format", "value, spec=", Type::text, [](Interpreter& in, const Arguments& args) -> Value {
    return format_value(in, args.get("value"), args.given("spec") ? to_text(args.get("spec"), "the spec") : "");
  });
  add("type", "obj", any, [](Interpreter&, const Arguments& args) -> Value {
    if (const auto instance = args.get("obj").as<InstanceObject>()) return instance->of_class;
    auto type = std::make_shared<TypeObject>();
    type->name = class_name_of(args.get("obj"));
    return type;
  });
  add("divmod", "a, b", Type::tuple, [](Interpreter& in, const Arguments& args) -> Value {
    return make_tuple({binary(in, BinaryOp::floor_divide, args.get("a"), args.get("b")),
                       binary(in, BinaryOp::modulo, args.get("a"), args.get("b"))});
  });
  add("pow", "base, exp", any, [](Interpreter& in, const Arguments& args) -> Value {
    return binary(in, BinaryOp::power, args.get("base"), args.get("exp"));
  });
  add("callable", "obj", Type::boolean, [](Interpreter&, const Arguments& args) -> Value {
    const Type type = args.get("obj").type();
    return type == Type::function || type == Type::type_object || type == Type::dtype;
  });
  add("ord", "c", Type::integer, [](Interpreter&, const Arguments& args) -> Value {
    const std::string text = to_text(args.get("c"), "the argument of ord()");
    if (text.size() != 1) throw UnsupportedError("ord() of other than one ASCII character is not supported");
    return static_cast<std::int64_t>(static_cast<unsigned char>(text[0]));
  });
  add("chr", "i", Type::text, [](Interpreter&, const Arguments& args) -> Value {
    const std::int64_t code = to_integer(args.get("i"), "the argument of chr()");
    if (code < 0 || code > 127) throw UnsupportedError("chr() beyond ASCII is not supported");
    return std::string(1, static_cast<char>(code));
  });
  add("getattr", "object, name, default=", any, [](Interpreter& in, const Arguments& args) -> Value {
    try {
      return in.attribute(args.get("object"), to_text(args.get("name"), "attribute name"));
    } catch (const UsageError&) {
      in.forget_trace();
      if (const Value* fallback = args.find("default")) return *fallback;
      throw;
    }
  });
  add("hasattr", "object, name", Type::boolean, [](Interpreter& in, const Arguments& args) -> Value {
    try {
      in.attribute(args.get("object"), to_text(args.get("name"), "attribute name"));
      return true;
    } catch (const UsageError&) {
      in.forget_trace();
      return false;
    }
  });
  add("exit", "status=", Type::none, [](Interpreter& in, const Arguments& args) -> Value {
    return in.call(in.attribute(std::make_shared<ModuleObject>(Type::sys), "exit"), {args.get("status")});
  });
}

}  // namespace rankine::script
