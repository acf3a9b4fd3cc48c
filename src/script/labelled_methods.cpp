#include <cmath>

#include "array/arithmetic.hpp"
#include "array/evaluate.hpp"
#include "array/reduction.hpp"
#include "array/reshape.hpp"
#include "array/time_fields.hpp"
#include "base/error.hpp"
#include "script/array_memory.hpp"
#include "script/asked_chunks.hpp"
#include "script/interpreter.hpp"
#include "script/labelled.hpp"
#include "script/labelled_arguments.hpp"
#include "script/number_text.hpp"
#include "script/operations.hpp"

namespace rankine::script {

namespace {

constexpr Type both[] = {Type::data_array, Type::dataset};

array::Operand self_operand(const Arguments& args) { return to_operand(args.self, "the object"); }
const array::DataArray& self_array(const Arguments& args) { return to_data_array(args.self, "the object"); }
const array::Dataset& self_dataset(const Arguments& args) { return to_dataset(args.self, "the object"); }
/// Applies f to the DataArray or Dataset the method was called on.
template <typename F>
Value on_self(const Arguments& args, F&& f) {
  return std::visit([&](const auto& x) { return make_value(f(x)); }, to_labelled(args.self, "the object"));
}
bool flag(Interpreter& in, const Arguments& args, const char* name, bool fallback) {
  return args.given(name) ? truth(in, args.get(name)) : fallback;
}
/// What the call says, or else set_options, or else the operation's own default.
bool keep_attrs(Interpreter& in, const Arguments& args, bool by_default) {
  return flag(in, args, "keep_attrs", in.keep_attrs.value_or(by_default));
}

Value reduce(Interpreter& in, const Arguments& args) {
  array::ReduceOptions options;
  if (args.given("skipna")) options.skipna = truth(in, args.get("skipna"));
  if (args.given("ddof")) options.ddof = to_double(args.get("ddof"), "ddof");
  if (args.given("min_count")) options.min_count = to_integer(args.get("min_count"), "min_count");
  options.keep_attrs = keep_attrs(in, args, false);
  options.numeric_only = flag(in, args, "numeric_only", false);
  array::DimChoice dims = to_dims(args.get("dim"));
  if (args.given("axis")) {
    const auto& all = self_array(args).dims();
    std::int64_t axis = to_integer(args.get("axis"), "axis");
    if (axis < 0) axis += static_cast<std::int64_t>(all.size());
    if (axis < 0 || axis >= static_cast<std::int64_t>(all.size())) throw UsageError("axis is out of bounds");
    dims = {all[static_cast<std::size_t>(axis)]};
  }
  const auto op = *array::reduce_op_named(args.binding->name);
  return on_self(args, [&](const auto& x) { return array::reduce(x, op, dims, options); });
}

void add_reductions(BindingTable& table) {
  for (const Type type : both) {
    for (const char* name : {"mean", "sum", "min", "max", "std", "var", "count", "any", "all", "prod"})
      table.method(type, name, type == Type::data_array ? "dim=, axis=, *, skipna=, ddof=, min_count=, keep_attrs=, numeric_only="
                                                        : "dim=, *, axis=, skipna=, ddof=, min_count=, keep_attrs=, numeric_only=", type, reduce);
  }
}

void add_elementwise(BindingTable& table) {
  for (const Type type : both) {
    const auto add = [&](const char* name, const char* signature, Binding::Function f) { table.method(type, name, signature, type, f); };
    add("where", "cond, other=, drop=", [](Interpreter& in, const Arguments& args) -> Value {
      Value cond = args.get("cond");
      if (cond.type() == Type::function) cond = in.call(cond, {args.self});
      if (flag(in, args, "drop", false)) {
        if (args.given("other")) throw UsageError("cannot set `other` if drop=True");
        return make_value(array::where_drop(self_operand(args), to_operand(cond, "cond")));
      }
      std::optional<array::Operand> other;
      if (args.given("other")) other = to_operand(args.get("other"), "other");
      return make_value(array::where(self_operand(args), to_operand(cond, "cond"), other));
    });
    add("fillna", "value", [](Interpreter&, const Arguments& args) -> Value {
      return make_value(array::fillna(self_operand(args), to_operand(args.get("value"), "value")));
    });
    add("clip", "min=, max=, *, keep_attrs=", [](Interpreter& in, const Arguments& args) -> Value {
      std::optional<array::Operand> min, max;
      if (args.given("min")) min = to_operand(args.get("min"), "min");
      if (args.given("max")) max = to_operand(args.get("max"), "max");
      return make_value(array::clip(self_operand(args), min, max, keep_attrs(in, args, true)));
    });
    add("isnull", "keep_attrs=", [](Interpreter& in, const Arguments& args) -> Value {
      return make_value(array::isnull(self_operand(args), keep_attrs(in, args, false)));
    });
    add("notnull", "keep_attrs=", [](Interpreter& in, const Arguments& args) -> Value {
      return make_value(array::notnull(self_operand(args), keep_attrs(in, args, false)));
    });
    add("astype", "dtype, *, keep_attrs=, copy=", [](Interpreter& in, const Arguments& args) -> Value {
      return make_value(array::astype(self_operand(args), to_dtype(args.get("dtype")), flag(in, args, "keep_attrs", true)));
    });
    add("round", "decimals=, keep_attrs=", [](Interpreter& in, const Arguments& args) -> Value {
      const std::int64_t decimals = args.given("decimals") ? to_integer(args.get("decimals"), "decimals") : 0;
      const bool keep = keep_attrs(in, args, true);
      if (args.self.type() == Type::data_array) return make_value(array::round(self_operand(args), static_cast<int>(decimals), keep));
      // As xarray's: keep_attrs=False is about the dataset, its variables follow set_options.
      auto rounded = std::get<array::Dataset>(array::round(self_operand(args), static_cast<int>(decimals), keep || in.keep_attrs.value_or(true)));
      if (!keep) rounded.attrs = {};
      return make_value(std::move(rounded));
    });
    add("isin", "test_elements", [](Interpreter& in, const Arguments& args) -> Value {
      return make_value(array::isin(self_operand(args), to_known_values(in, args.get("test_elements"), "test_elements"), in.keep_attrs.value_or(false)));
    });
    table.method(type, "pipe", "function, *args, **kwargs", any, [](Interpreter& in, const Arguments& args) -> Value {
      Values positional{args.self};
      positional.insert(positional.end(), args.rest.begin(), args.rest.end());
      return in.call(args.get("function"), positional, args.keywords);
    });
  }
}

// ---- attributes

Value sizes_of(const array::DimSizes& sizes) {
  auto dict = std::make_shared<DictObject>();
  for (const auto& [dim, size] : sizes) dict->set(dim, size);
  dict->frozen = true;
  return dict;
}
Value texts(const std::vector<std::string>& names) {
  Values elements;
  for (const auto& name : names) elements.push_back(name);
  return make_tuple(std::move(elements));
}
Value dtype_of(DType dtype) {
  auto object = std::make_shared<DTypeObject>();
  object->dtype = dtype;
  return object;
}
Value coordinates_of(Interpreter&, const Arguments& args) {
  auto coordinates = std::make_shared<CoordinatesObject>();
  coordinates->owner = args.self;
  return coordinates;
}
Value values_of_self(Interpreter& in, const Arguments& args) {
  const auto array = args.self.as<DataArrayObject>();
  const array::ExprPtr before = array->value().variable.data;
  NdArray values = values_of(in, *array);
  return make_values(std::move(values), calendar_of(args.self), before, array->value().variable.data);
}

/// Loads what is small, so that it is computed once; large arrays stay lazy and are computed where they are used.
Value load(Interpreter& in, const Arguments& args) {
  if (const auto dataset = args.self.as<DatasetObject>()) load_into(in, *dataset);
  else if (const auto array = args.self.as<DataArrayObject>()) load_small(in, {array.get()});
  return args.self;
}
/// As NumPy counts: texts from files are references, those of a script as many code points each as the longest has.
std::int64_t bytes_in_memory(const array::Variable& variable) {
  if (variable.dtype() != DType::string) return static_cast<std::int64_t>(array::bytes_of(*variable.data).value);
  const std::int64_t count = element_count(variable.shape());
  const std::string* stored = variable.encoding.text("dtype");
  if (stored != nullptr && *stored == "str") return 8 * count;
  std::size_t longest = 1;
  for (const auto& text : array::values_of(variable).strings()) longest = std::max(longest, character_count(text));
  return 4 * static_cast<std::int64_t>(longest) * count;
}

Value compute(Interpreter& in, const Arguments& args) {
  Arguments copy = args;
  copy.self = make_value(to_labelled(args.self, "the object"));
  return load(in, copy);
}

void add_data_array_properties(BindingTable& table) {
  const Type type = Type::data_array;
  table.property(type, "dims", Type::tuple, [](Interpreter&, const Arguments& a) -> Value { return texts(self_array(a).dims()); });
  table.property(type, "shape", Type::tuple, [](Interpreter&, const Arguments& a) -> Value {
    Values extents;
    for (const std::int64_t e : self_array(a).shape()) extents.push_back(e);
    return make_tuple(std::move(extents));
  });
  table.property(type, "ndim", Type::integer, [](Interpreter&, const Arguments& a) -> Value { return static_cast<std::int64_t>(self_array(a).dims().size()); });
  table.property(type, "size", Type::integer, [](Interpreter&, const Arguments& a) -> Value { return element_count(self_array(a).shape()); });
  table.property(type, "nbytes", Type::integer, [](Interpreter&, const Arguments& a) -> Value {
    return bytes_in_memory(self_array(a).variable);
  });
  table.property(type, "dtype", Type::dtype, [](Interpreter&, const Arguments& a) -> Value { return dtype_of(self_array(a).dtype()); });
  table.property(type, "sizes", Type::dict, [](Interpreter&, const Arguments& a) -> Value { return sizes_of(self_array(a).sizes()); });
  table.property(type, "name", Type::text | Type::none, [](Interpreter&, const Arguments& a) -> Value {
    const auto& name = self_array(a).name;
    return name ? Value(*name) : Value();
  });
  table.property(type, "attrs", Type::dict, [](Interpreter&, const Arguments& a) -> Value { return a.self.as<DataArrayObject>()->face()->attrs; });
  table.property(type, "encoding", Type::dict, [](Interpreter&, const Arguments& a) -> Value { return a.self.as<DataArrayObject>()->face()->encoding; });
  table.property(type, "dt", Type::datetime_accessor, [](Interpreter&, const Arguments& a) -> Value {
    if (!is_time(self_array(a).dtype())) throw UsageError("'.dt' works on dates only; this array is " + name_of(self_array(a).dtype()));
    auto accessor = std::make_shared<DatetimeAccessorObject>();
    accessor->owner = a.self;
    return accessor;
  });
  table.property(type, "values", Type::ndarray, values_of_self);
  table.property(type, "data", Type::ndarray, values_of_self);
  table.method(type, "to_numpy", "", Type::ndarray, values_of_self);
  table.property(type, "T", Type::data_array, [](Interpreter&, const Arguments& a) -> Value { return make_value(array::transpose(self_array(a), {})); });
  table.method(type, "item", "", any, [](Interpreter& in, const Arguments& a) -> Value {
    const NdArray values = values_of(in, *a.self.as<DataArrayObject>());
    if (values.size() != 1) throw UsageError("can only convert an array of size 1 to a Python scalar");
    return python_item_of(values, 0, calendar_of(a.self));
  });
  table.method(type, "to_dataset", "dim=, *, name=", Type::dataset, [](Interpreter&, const Arguments& a) -> Value {
    if (a.given("dim")) throw UnsupportedError("to_dataset(dim=...) is not supported");
    std::optional<std::string> name;
    if (a.given("name")) name = to_text(a.get("name"), "name");
    return make_value(array::to_dataset(self_array(a), name));
  });
}

void add_dataset_properties(BindingTable& table) {
  const Type type = Type::dataset;
  const auto sizes = [](Interpreter&, const Arguments& a) -> Value { return sizes_of(self_dataset(a).sizes()); };
  table.property(type, "dims", Type::dict, sizes);
  table.property(type, "sizes", Type::dict, sizes);
  table.property(type, "attrs", Type::dict, [](Interpreter&, const Arguments& a) -> Value { return a.self.as<DatasetObject>()->face()->attrs; });
  table.property(type, "encoding", Type::dict, [](Interpreter&, const Arguments& a) -> Value { return a.self.as<DatasetObject>()->face()->encoding; });
  const auto mapping = [](Interpreter&, const Arguments& a) -> Value {
    const auto dataset = a.self.as<DatasetObject>();
    auto dict = std::make_shared<DictObject>();
    const auto names = a.binding->name == "data_vars" ? dataset->value().data_names() : dataset->value().variables.names();
    for (const auto& name : names) dict->set(name, dataset->variable(name));
    dict->frozen = true;
    dict->is_data_variables = a.binding->name == "data_vars";
    return dict;
  };
  table.property(type, "data_vars", Type::dict, mapping);
  table.property(type, "variables", Type::dict, mapping);
  table.property(type, "nbytes", Type::integer, [](Interpreter&, const Arguments& a) -> Value {
    std::int64_t total = 0;
    for (const auto& [name, variable] : self_dataset(a).variables) total += bytes_in_memory(variable);
    return total;
  });
  table.method(type, "keys", "", Type::list, [](Interpreter& in, const Arguments& a) -> Value { return make_list(elements_of(in, a.self)); });
  table.method(type, "items", "", Type::list, [](Interpreter&, const Arguments& a) -> Value {
    const auto dataset = a.self.as<DatasetObject>();
    Values pairs;
    for (const auto& name : dataset->value().data_names()) pairs.push_back(make_tuple({name, dataset->variable(name)}));
    return make_list(std::move(pairs));
  });
  table.method(type, "values", "", Type::list, [](Interpreter&, const Arguments& a) -> Value {
    const auto dataset = a.self.as<DatasetObject>();
    Values arrays;
    for (const auto& name : dataset->value().data_names()) arrays.push_back(dataset->variable(name));
    return make_list(std::move(arrays));
  });
  table.method(type, "get", "name, default=", any, [](Interpreter&, const Arguments& a) -> Value {
    const std::string name = to_text(a.get("name"), "name");
    if (!array::has_variable(self_dataset(a), name)) return a.get("default");
    return a.self.as<DatasetObject>()->variable(name);
  });
}

void add_shared(BindingTable& table) {
  for (const Type type : both) {
    table.property(type, "coords", Type::coordinates, coordinates_of);
    table.method(type, "load", "", type, load);
    table.method(type, "compute", "", type, compute);
    table.method(type, "persist", "", type, [](Interpreter&, const Arguments& a) -> Value { return make_value(to_labelled(a.self, "the object")); });
    table.method(type, "close", "", Type::none, [](Interpreter&, const Arguments&) -> Value { return {}; });
    table.method(type, "copy", "deep=", type, [](Interpreter&, const Arguments& a) -> Value { return make_value(to_labelled(a.self, "the object")); });
    table.property(type, "indexes", Type::dict, [](Interpreter& in, const Arguments& a) -> Value {
      auto dict = std::make_shared<DictObject>();
      const array::Labelled x = to_labelled(a.self, "the object");
      const auto coords = std::visit([](const auto& l) -> array::VariableMap {
        if constexpr (std::is_same_v<std::decay_t<decltype(l)>, array::Dataset>) return l.coords();
        else return l.coords;
      }, x);
      for (const auto& [name, variable] : coords) {
        if (variable.dims == std::vector<std::string>{name}) dict->set(name, get_item(in, a.self, name));
      }
      dict->frozen = true;
      return dict;
    });
    table.property(type, "chunks", any, [](Interpreter&, const Arguments& a) -> Value {
      return std::visit([](const auto& x) { return chunks_of(x); }, to_labelled(a.self, "the object"));
    });
  }
  for (const char* name : {"keys", "items", "values"}) {
    table.method(Type::coordinates, name, "", Type::list, [](Interpreter& in, const Arguments& a) -> Value {
      Values result;
      for (const Value& key : elements_of(in, a.self)) {
        if (a.binding->name == "keys") result.push_back(key);
        else if (a.binding->name == "values") result.push_back(get_item(in, a.self, key));
        else result.push_back(make_tuple({key, get_item(in, a.self, key)}));
      }
      return make_list(std::move(result));
    });
  }
  for (const char* field : {"year", "month", "day", "hour", "minute", "second", "microsecond", "nanosecond", "dayofyear",
                            "dayofweek", "weekday", "quarter", "season", "days_in_month", "daysinmonth", "weekofyear", "week",
                            "days", "seconds", "microseconds"}) {
    if (!array::is_time_field(field)) continue;
    table.property(Type::datetime_accessor, field, Type::data_array, [](Interpreter&, const Arguments& a) -> Value {
      return make_value(array::time_field(to_data_array(a.self.as<DatetimeAccessorObject>()->owner, "the object"), a.binding->name));
    });
  }
  table.property(Type::datetime_accessor, "calendar", Type::text, [](Interpreter&, const Arguments& a) -> Value {
    const array::DataArray& times = to_data_array(a.self.as<DatetimeAccessorObject>()->owner, "the object");
    // Whatever calendar the file names, datetime64 counts in this one, and xarray says so.
    if (times.dtype() == DType::datetime64) return "proleptic_gregorian";
    return std::string(calendar::name_of(times.variable.calendar));
  });
  table.method(Type::datetime_accessor, "strftime", "date_format", Type::data_array, [](Interpreter&, const Arguments& a) -> Value {
    const array::DataArray& times = to_data_array(a.self.as<DatetimeAccessorObject>()->owner, "the object");
    return make_value(array::format_times(times, to_text(a.get("date_format"), "date_format")));
  });
}

}  // namespace

void add_labelled(BindingTable& table) {
  add_reductions(table);
  add_elementwise(table);
  add_data_array_properties(table);
  add_dataset_properties(table);
  add_shared(table);
}

}  // namespace rankine::script
