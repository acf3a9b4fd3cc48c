#include <cmath>

#include "base/error.hpp"
#include "base/memory_guard.hpp"
#include "script/classes.hpp"
#include "script/dask_objects.hpp"
#include "script/interpreter.hpp"
#include "script/labelled.hpp"
#include "script/number_text.hpp"
#include "script/operations.hpp"
#include "script/time_units.hpp"

namespace rankine::script {

namespace {

std::string quoted(const std::string& text) {
  const bool single = text.find('\'') != std::string::npos && text.find('"') == std::string::npos;
  const char quote = single ? '"' : '\'';
  std::string out(1, quote);
  for (const char c : text) {
    switch (c) {
      case '\n': out += "\\n"; break;
      case '\t': out += "\\t"; break;
      case '\r': out += "\\r"; break;
      case '\\': out += "\\\\"; break;
      default:
        if (c == quote) { out += '\\'; out += c; }
        else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
          constexpr char digits[] = "0123456789abcdef";
          out += "\\x";
          out += digits[static_cast<unsigned char>(c) >> 4];
          out += digits[c & 15];
        } else out += c;
    }
  }
  return out + quote;
}

std::string joined(Interpreter& in, const Values& values) {
  std::string text;
  GrowingMemory growth;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t before = text.size();
    text += (i == 0 ? "" : ", ") + repr_of(in, values[i]);
    growth.add(3 * (text.size() - before));
  }
  return text;
}

std::string repr_of_dict(Interpreter& in, const DictObject& dict) {
  if (dict.is_data_variables) return repr_of_data_variables(dict);
  std::string text = dict.frozen ? "Frozen({" : "{";
  bool first = true;
  GrowingMemory growth;
  dict.each([&](const Value& key, const Value& value) {
    const std::size_t before = text.size();
    text += (first ? "" : ", ") + repr_of(in, key) + ": " + repr_of(in, value);
    first = false;
    growth.add(3 * (text.size() - before));
  });
  return text + (dict.frozen ? "})" : "}");
}

/// Where Python finds the class.
std::string module_of_class(const std::string& name) {
  if (name == "DataArray") return "xarray.core.dataarray.";
  if (name == "Dataset") return "xarray.core.dataset.";
  const bool of_numpy = name == "ndarray" || name == "bool_" || name == "str_" || name == "datetime64" || name == "timedelta64" ||
                        name == "float32" || name == "float64" || name.starts_with("int8") || name.starts_with("uint") ||
                        name == "int16" || name == "int32" || name == "int64";
  return of_numpy ? "numpy." : "";
}

}  // namespace

std::string text_of(Interpreter& in, const Value& a) {
  if (const auto* text = a.text()) return *text;
  if (const auto text = call_special(in, a, "__str__", {})) return to_text(*text, "what __str__() returns");
  if (const auto array = a.as<ArrayObject>()) return text_of_array(*array);
  if (const auto exception = a.as<ExceptionObject>())
    return text_of_exception(in, *exception);
  if (const auto dtype = a.as<DTypeObject>(); dtype && !dtype->is_class) return name_in_unit(dtype->dtype, dtype->unit);
  return repr_of(in, a);
}

std::string repr_of(Interpreter& in, const Value& a) {
  in.check_stack();
  if (a.is_none()) return "None";
  if (const auto* b = a.boolean()) return *b ? "True" : "False";
  if (const auto* i = a.integer()) return std::to_string(*i);
  if (const auto* f = a.floating()) return float_repr(*f);
  if (const auto* t = a.text()) return quoted(*t);
  if (const auto list = a.as<ListObject>()) return "[" + joined(in, list->elements) + "]";
  if (const auto tuple = a.as<TupleObject>())
    return "(" + joined(in, tuple->elements) + (tuple->elements.size() == 1 ? ",)" : ")");
  if (const auto dict = a.as<DictObject>()) return repr_of_dict(in, *dict);
  if (const auto set = a.as<SetObject>()) return set->elements.size() == 0 ? "set()" : "{" + joined(in, set->elements.keys()) + "}";
  if (const auto range = a.as<RangeObject>())
    return "range(" + std::to_string(range->start) + ", " + std::to_string(range->stop) +
           (range->step == 1 ? ")" : ", " + std::to_string(range->step) + ")");
  if (const auto slice = a.as<SliceObject>())
    return "slice(" + repr_of(in, slice->start) + ", " + repr_of(in, slice->stop) + ", " + repr_of(in, slice->step) + ")";
  if (const auto array = a.as<ArrayObject>())
    return repr_of_array(*array);
  if (const auto dtype = a.as<DTypeObject>(); dtype && !dtype->is_class) {
    const std::string name = name_of(dtype->dtype);
    return dtype->dtype == DType::datetime64    ? std::string("dtype('<M8[") + code_of(dtype->unit) + "]')"
           : dtype->dtype == DType::timedelta64 ? std::string("dtype('<m8[") + code_of(dtype->unit) + "]')"
           : dtype->dtype == DType::cftime ? "dtype('O')" : "dtype('" + name + "')";
  }
  if (const auto name = named_class(a)) return "<class '" + module_of_class(*name) + *name + "'>";
  if (const auto exception = a.as<ExceptionObject>()) return repr_of_exception(in, *exception);
  if (a.type() == Type::instance) return repr_of_instance(in, a);
  if (is_class(a)) return "<class '__main__." + class_of(a)->name + "'>";
  if (const auto function = a.as<FunctionObject>(); function && !function->bound_callee.is_none())
    return "<bound method " + class_of(function->self)->name + "." + function->method_name + ">";
  if (const auto function = a.as<FunctionObject>(); function && !function->kernel.empty())
    return "<kernel " + function->kernel + ">";
  if (const auto function = a.as<FunctionObject>())
    return function->binding != nullptr ? "<built-in function " + function->binding->name + ">"
                                        : "<function " + function->definition->name + ">";
  if (a.type() == Type::ellipsis) return "Ellipsis";
  if (const auto text = repr_of_dask(in, a)) return *text;
  if (is_labelled(a) || a.type() == Type::coordinates || as_groupby(a) != nullptr || as_weighted(a) != nullptr)
    return repr_of_labelled(in, a);
  if (dynamic_cast<ModuleObject*>(a.object()) != nullptr) return std::string("<module '") + name_of(a.type()) + "'>";
  return std::string("<") + name_of(a.type()) + " object>";
}

std::string format_value(Interpreter& in, const Value& a, const std::string& spec) {
  Value value = a;
  if (spec.empty()) return text_of(in, a);
  if (const auto array = a.as<DataArrayObject>(); array && array->value().shape().empty())
    value = item_of(values_of(in, *array), 0);
  else if (const auto nd = a.as<ArrayObject>(); nd && nd->array.ndim() == 0 && nd->array.dtype() != DType::datetime64)
    value = item_of(nd->array, 0);
  if (const auto* b = value.boolean()) return format_number(std::int64_t{*b}, parse_format_spec(spec));
  if (const auto* i = value.integer()) return format_number(*i, parse_format_spec(spec));
  if (const auto* f = value.floating()) return format_number(*f, parse_format_spec(spec));
  if (const auto* t = value.text()) return format_string(*t, parse_format_spec(spec));
  throw TypeError(std::string("unsupported format string passed to ") + name_of(value.type()) + ".__format__");
}

namespace {

/// One %-field: what is behind the '%' up to and with its conversion letter.
struct PercentField {
  std::string key;
  FormatSpec spec;
  bool left = false, zero = false;
  bool width_from_values = false, precision_from_values = false;
  char conversion = 0;
};

PercentField parse_percent_field(const std::string& format, std::size_t& i) {
  PercentField field;
  const auto peek = [&] { return i < format.size() ? format[i] : '\0'; };
  if (peek() == '(') {
    const std::size_t end = format.find(')', i);
    if (end == std::string::npos) throw UsageError("incomplete format key");
    field.key = format.substr(i + 1, end - i - 1);
    i = end + 1;
  }
  for (;; ++i) {
    if (peek() == '-') field.left = true;
    else if (peek() == '0') field.zero = true;
    else if (peek() == '+') field.spec.sign = '+';
    else if (peek() == ' ') { if (field.spec.sign != '+') field.spec.sign = ' '; }
    else if (peek() == '#') field.spec.alternate = true;
    else break;
  }
  const auto number = [&](std::int64_t most) {
    std::int64_t value = 0;
    while (peek() >= '0' && peek() <= '9') {
      value = value * 10 + (format[i++] - '0');
      if (value > most) throw UsageError("width or precision of a format is too large");
    }
    return static_cast<int>(value);
  };
  if (peek() == '*') { field.width_from_values = true; ++i; }
  else field.spec.width = number(widest_field);
  if (peek() == '.') {
    ++i;
    if (peek() == '*') { field.precision_from_values = true; ++i; }
    else field.spec.precision = number(most_digits);
  }
  while (peek() == 'l' || peek() == 'h' || peek() == 'L') ++i;
  if (i >= format.size()) throw UsageError("incomplete format");
  field.conversion = format[i++];
  return field;
}

std::string percent_value(Interpreter& in, const PercentField& field, Value value) {
  FormatSpec spec = field.spec;
  if (field.left) spec.align = '<';
  else if (field.zero && field.conversion != 's' && field.conversion != 'r') { spec.align = '='; spec.fill = "0"; }
  else spec.align = '>';
  if (const auto array = value.as<DataArrayObject>(); array && array->value().shape().empty() && field.conversion != 's')
    value = item_of(values_of(in, *array), 0);
  if (const auto nd = value.as<ArrayObject>(); nd && nd->array.size() == 1 && field.conversion != 's' && field.conversion != 'r')
    value = item_of(nd->array, 0);
  switch (field.conversion) {
    case 's': return format_string(text_of(in, value), spec);
    case 'r': case 'a': return format_string(repr_of(in, value), spec);
    case 'c':
      if (value.text() != nullptr) return format_string(*value.text(), spec);
      return format_string(std::string(1, static_cast<char>(to_integer(value, "%c"))), spec);
    case 'd': case 'i': case 'u': case 'x': case 'X': case 'o': {
      if (!is_number(value))
        throw TypeError(std::string("%") + field.conversion + " format: a real number is required, not " + name_of(value.type()));
      const std::int64_t number = value.floating() != nullptr ? static_cast<std::int64_t>(*value.floating())
                                                              : to_integer(value, "%d");
      spec.type = field.conversion == 'x' || field.conversion == 'X' || field.conversion == 'o' ? field.conversion : 'd';
      spec.precision = -1;
      return format_number(number, spec);
    }
    case 'e': case 'E': case 'f': case 'F': case 'g': case 'G':
      spec.type = field.conversion;
      return format_number(to_double(value, "the value"), spec);
    default: throw UsageError(std::string("unsupported format character '") + field.conversion + "'");
  }
}

}  // namespace

std::string percent_format(Interpreter& in, const std::string& format, const Value& values) {
  const auto tuple = values.as<TupleObject>();
  const auto dict = values.as<DictObject>();
  std::size_t next = 0;
  const auto take = [&]() -> Value {
    const std::size_t available = tuple ? tuple->elements.size() : 1;
    if (next >= available) throw TypeError("not enough arguments for format string");
    return tuple ? tuple->elements[next++] : (++next, values);
  };
  std::string out;
  for (std::size_t i = 0; i < format.size();) {
    if (format[i] != '%') { out += format[i++]; continue; }
    if (++i >= format.size()) throw UsageError("incomplete format");
    if (format[i] == '%') { out += '%'; ++i; continue; }
    PercentField field = parse_percent_field(format, i);
    const auto taken = [&](const char* what) {
      const std::int64_t number = to_integer(take(), what);
      if (number < 0 || number > (what[2] == 'w' ? widest_field : most_digits)) throw UsageError(std::string(what) + " of a format is out of range");
      return static_cast<int>(number);
    };
    if (field.width_from_values) field.spec.width = taken("a width");
    if (field.precision_from_values) field.spec.precision = taken("a precision");
    Value value;
    if (!field.key.empty()) {
      const Value* found = dict ? dict->find(field.key) : nullptr;
      if (found == nullptr) throw TypeError("format requires a mapping with key '" + field.key + "'");
      value = *found;
    } else {
      value = take();
    }
    out += percent_value(in, field, value);
  }
  if (!dict && next < (tuple ? tuple->elements.size() : 1)) throw TypeError("not all arguments converted during string formatting");
  return out;
}

}  // namespace rankine::script
