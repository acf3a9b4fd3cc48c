#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>

#include "array/arithmetic.hpp"
#include "array/reduction.hpp"
#include "base/check.hpp"
#include "base/error.hpp"
#include "calendar/partial_date.hpp"
#include "script/interpreter.hpp"
#include "script/labelled.hpp"
#include "script/numpy_reduce.hpp"
#include "script/operations.hpp"
#include "script/time_units.hpp"

namespace rankine::script {

namespace {

constexpr Type np = Type::numpy;

/// Not a NumPy scalar, even without dims.
Value array_of_any_dims(Value value) {
  if (const auto array = value.as<ArrayObject>()) array->is_array_of_no_dims = true;
  return value;
}

NdArray parsed_dates(const NdArray& texts);

NdArray cast(NdArray array, const Value& dtype) {
  if (dtype.is_none()) return array;
  if (array.dtype() == DType::string && to_dtype(dtype) == DType::datetime64) return parsed_dates(array);
  auto result = array::astype(array::Operand(std::move(array)), to_dtype(dtype));
  return std::get<NdArray>(std::move(result));
}

Value arange(Interpreter&, const Arguments& args) {
  Value start = 0, stop = args.get("start"), step = 1;
  if (args.given("stop")) {
    start = stop;
    stop = args.get("stop");
  }
  if (args.given("step")) step = args.get("step");
  if (auto times = time_range(start, stop, args.given("step") ? step : Value())) {
    if (!args.get("dtype").is_none() && to_dtype(args.get("dtype")) != times->as<ArrayObject>()->array.dtype())
      throw UnsupportedError("np.arange of dates with another dtype is not supported; use .astype() behind it");
    return args.get("dtype").is_none() ? *times : in_unit(*times, TimeUnit::nanosecond);
  }
  const bool whole = start.floating() == nullptr && stop.floating() == nullptr && step.floating() == nullptr;
  const double first = to_double(start, "start"), last = to_double(stop, "stop"), by = to_double(step, "step");
  if (by == 0) throw UsageError("Maximum allowed size exceeded: step is 0");
  const double count = std::max(0.0, std::ceil((last - first) / by));
  if (!(count < 9e18)) throw ValueError("Maximum allowed size exceeded");
  ask_room(static_cast<std::uint64_t>(count), sizeof(double));
  NdArray result(whole ? DType::int64 : DType::float64, {static_cast<std::int64_t>(count)});
  // NumPy computes start + i * delta with delta = (start + step) - start.
  const double delta = (first + by) - first;
  for (std::int64_t i = 0; i < result.size(); ++i) {
    if (whole) result.data<std::int64_t>()[i] = to_integer(start, "start") + i * to_integer(step, "step");
    else result.data<double>()[i] = first + static_cast<double>(i) * delta;
  }
  return make_array(cast(std::move(result), args.get("dtype")));
}

Value linspace(Interpreter& in, const Arguments& args) {
  const double start = to_double(args.get("start"), "start"), stop = to_double(args.get("stop"), "stop");
  const std::int64_t count = args.given("num") ? to_integer(args.get("num"), "num") : 50;
  if (count < 0) throw ValueError("Number of samples, " + std::to_string(count) + ", must be non-negative.");
  ask_room(static_cast<std::uint64_t>(count), sizeof(double));
  const bool endpoint = !args.given("endpoint") || truth(in, args.get("endpoint"));
  const std::int64_t parts = endpoint ? count - 1 : count;
  NdArray result(DType::float64, {count});
  const double step = parts > 0 ? (stop - start) / static_cast<double>(parts) : 0;
  for (std::int64_t i = 0; i < count; ++i) result.data<double>()[i] = start + static_cast<double>(i) * step;
  if (endpoint && count > 1) result.data<double>()[count - 1] = stop;
  return make_array(cast(std::move(result), args.get("dtype")));
}

Value filled(const Arguments& args, double value) {
  Shape shape;
  const Value extents = args.get("shape");
  if (const auto tuple = extents.as<TupleObject>()) {
    for (const Value& e : tuple->elements) shape.push_back(to_integer(e, "an extent"));
  } else if (const auto list = extents.as<ListObject>()) {
    for (const Value& e : list->elements) shape.push_back(to_integer(e, "an extent"));
  } else {
    shape.push_back(to_integer(extents, "shape"));
  }
  for (const std::int64_t extent : shape) {
    if (extent < 0) throw UsageError("negative dimensions are not allowed");
  }
  ask_room(static_cast<std::uint64_t>(element_count(shape)), sizeof(double));
  NdArray result(DType::float64, shape);
  std::fill_n(result.data<double>(), result.size(), value);
  return array_of_any_dims(make_array(cast(std::move(result), args.get("dtype"))));
}

NdArray date_of(const std::string& text) {
  NdArray result(DType::datetime64, {});
  result.data<std::int64_t>()[0] = not_a_time;
  if (text == "NaT" || text.empty()) return result;
  const auto date = calendar::parse_partial_date(calendar::Timeline::datetime64(), text);
  // NumPy takes digits without dashes for a year.
  if (!date || date->resolution == calendar::Resolution::quarter || (text.size() > 4 && text.find('-') == std::string::npos))
    throw ValueError("Error parsing datetime string \"" + text + "\"");
  result.data<std::int64_t>()[0] = date->begin;
  return result;
}

/// "2000-01-01" or np.datetime64 of another, in the unit of its text or in another.
Value datetime64(Interpreter& in, const Arguments& args) {
  const Value x = args.get("value");
  TimeUnit unit = TimeUnit::nanosecond;
  NdArray known;
  if (const auto* text = x.text()) {
    known = date_of(*text);
    unit = unit_of_text(*text);
  } else {
    known = to_known_values(in, x, "the date");
    if (known.dtype() != DType::datetime64) throw UsageError("np.datetime64 needs a text such as \"2000-01-01\"");
    unit = time_unit_of(x);
  }
  if (args.given("unit")) {
    const std::string code = to_text(args.get("unit"), "the unit");
    const auto wanted = time_unit_named(code);
    if (!wanted) throw TypeError("Invalid datetime unit \"" + code + "\" in metadata");
    unit = *wanted;
    if (known.ndim() == 0 && known.data<std::int64_t>()[0] != not_a_time) known = NdArray::scalar(floor_to(known.as_int64(0), unit)).viewed_as(DType::datetime64);
  }
  return in_unit(make_array(known), unit);
}

Value timedelta64(Interpreter&, const Arguments& args) {
  const std::string code = args.given("unit") ? to_text(args.get("unit"), "the unit") : "ns";
  const auto unit = time_unit_named(code);
  if (!unit || nanoseconds_in(*unit) == 0) throw UnsupportedError("np.timedelta64 in '" + code + "' is not supported");
  std::int64_t ns = not_a_time;
  const Value value = args.get("value");
  if (const auto* text = value.text(); text == nullptr || *text != "NaT") {
    if (__builtin_mul_overflow(to_integer(value, "the value"), nanoseconds_in(*unit), &ns))
      throw UsageError("np.timedelta64: the duration does not fit 64 bits of nanoseconds");
  }
  return in_unit(make_array(NdArray::scalar(ns).viewed_as(DType::timedelta64)), *unit);
}

/// Texts as dates, where dtype= asks for them.
NdArray parsed_dates(const NdArray& texts) {
  NdArray dates(DType::datetime64, texts.shape());
  for (std::int64_t i = 0; i < texts.size(); ++i)
    dates.data<std::int64_t>()[i] = date_of(texts.strings()[static_cast<std::size_t>(i)]).as_int64(0);
  return dates;
}

Value ufunc(Interpreter& in, const Arguments& args) {
  const std::string& name = args.binding->name;
  std::vector<array::Operand> operands;
  for (std::size_t i = 0; i < args.slots.size(); ++i) {
    if (args.slots[i]) operands.push_back(to_operand(*args.slots[i], "the argument"));
  }
  static const std::map<std::string, BinaryOp> operators = {
      {"add", BinaryOp::add}, {"subtract", BinaryOp::subtract}, {"multiply", BinaryOp::multiply}, {"divide", BinaryOp::divide},
      {"true_divide", BinaryOp::divide}, {"floor_divide", BinaryOp::floor_divide}, {"mod", BinaryOp::modulo}, {"remainder", BinaryOp::modulo}};
  const auto op = operators.find(name);
  if (op != operators.end() && args.slots[0] && args.slots[1]) {
    if (auto times = time_operation(in, op->second, *args.slots[0], *args.slots[1])) return *times;
  }
  TimeUnit unit = TimeUnit::year;
  for (const auto& slot : args.slots) unit = std::max(unit, slot ? time_unit_of(*slot) : TimeUnit::year);
  return in_unit(make_value(array::ufunc(name, operands, in.keep_attrs.value_or(true))), unit);
}

/// np.mean(x): a method of labelled arrays, NumPy's own reduction of eager ones.
Value reduction(Interpreter& in, const Arguments& args) {
  const Value x = args.get("a");
  std::string name = args.binding->name;
  if (name == "amin") name = "min";
  if (name == "amax") name = "max";
  if (!is_labelled(x)) return in_unit(reduce_array(to_nd_array(x, "the array"), name, args.get("axis"), args.get("ddof"), calendar_of(x)), time_unit_of(x));
  if (name.starts_with("nan")) name.erase(0, 3);
  const auto op = array::reduce_op_named(name);
  if (!op) throw UnsupportedError("np." + name + " of a DataArray is not supported");
  array::ReduceOptions options;
  options.keep_attrs = in.keep_attrs.value_or(false);
  if (args.given("ddof")) options.ddof = to_double(args.get("ddof"), "ddof");
  array::DimChoice dims;
  if (args.given("axis")) {
    const auto& all = to_data_array(x, "the array").dims();
    std::int64_t axis = to_integer(args.get("axis"), "axis");
    if (axis < 0) axis += static_cast<std::int64_t>(all.size());
    if (axis < 0 || axis >= static_cast<std::int64_t>(all.size())) throw UsageError("axis is out of bounds");
    dims = {all[static_cast<std::size_t>(axis)]};
  }
  return make_value(std::visit([&](const auto& l) { return array::Labelled(array::reduce(l, *op, dims, options)); },
                               to_labelled(x, "the array")));
}

void add_ufuncs(BindingTable& table) {
  const auto add = [&](const char* name, const char* signature) {
    RANKINE_CHECK(array::is_ufunc(name), "what scripts may call can be computed");
    Binding binding{};
    binding.owner = np;
    binding.name = name;
    binding.signature = signature;
    binding.function = ufunc;
    binding.result = any;
    binding.result_is_first_argument = true;
    table.add(std::move(binding));
  };
  for (const char* name : {"sqrt", "square", "cbrt", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sin", "cos",
                           "tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "arcsinh", "arccosh", "arctanh",
                           "deg2rad", "rad2deg", "radians", "degrees", "abs", "absolute", "fabs", "sign", "negative",
                           "floor", "ceil", "rint", "trunc", "isnan", "isfinite", "isinf", "logical_not", "invert"})
    add(name, "x");
  for (const char* name : {"arctan2", "hypot", "minimum", "maximum", "fmin", "fmax", "power", "add", "subtract", "multiply",
                           "divide", "true_divide", "floor_divide", "mod", "remainder", "logical_and", "logical_or",
                           "logical_xor", "equal", "not_equal", "less", "less_equal", "greater", "greater_equal",
                           "bitwise_and", "bitwise_or", "bitwise_xor"})
    add(name, "x1, x2");
}

}  // namespace

void add_numpy(BindingTable& table) {
  add_ufuncs(table);
  for (auto d = DType::boolean; d <= DType::float64; d = static_cast<DType>(static_cast<int>(d) + 1)) {
    const std::string name = d == DType::boolean ? "bool_" : name_of(d);
    table.property(np, name.c_str(), Type::dtype, [](Interpreter&, const Arguments& args) -> Value {
      auto dtype = std::make_shared<DTypeObject>();
      dtype->dtype = to_dtype(Value(args.binding->name == "bool_" ? "bool" : args.binding->name));
      dtype->is_class = true;
      return dtype;
    });
  }
  table.property(np, "pi", Type::floating, [](Interpreter&, const Arguments&) -> Value { return std::numbers::pi; });
  table.property(np, "e", Type::floating, [](Interpreter&, const Arguments&) -> Value { return std::numbers::e; });
  table.property(np, "nan", Type::floating, [](Interpreter&, const Arguments&) -> Value { return std::nan(""); });
  table.property(np, "NaN", Type::floating, [](Interpreter&, const Arguments&) -> Value { return std::nan(""); });
  table.property(np, "inf", Type::floating, [](Interpreter&, const Arguments&) -> Value { return HUGE_VAL; });
  table.property(np, "newaxis", Type::none, [](Interpreter&, const Arguments&) -> Value { return {}; });
  table.property(np, "ndarray", Type::type_object, [](Interpreter&, const Arguments&) -> Value {
    auto type = std::make_shared<TypeObject>();
    type->name = "ndarray";
    return type;
  });
  table.method(np, "arange", "start, stop=, step=, dtype=", Type::ndarray, arange);
  table.method(np, "linspace", "start, stop, num=, endpoint=, dtype=", Type::ndarray, linspace);
  const auto array = [](Interpreter& in, const Arguments& args) -> Value {
    const Value object = args.get("object");
    // np.asarray of an array is the array, and of a DataArray its values.
    if (args.binding->name == "asarray") {
      const auto known = object.as<ArrayObject>();
      const auto data = object.as<DataArrayObject>();
      const bool as_it_is = args.get("dtype").is_none() || (known && to_dtype(args.get("dtype")) == known->array.dtype()) ||
                            (data && to_dtype(args.get("dtype")) == data->value().dtype());
      if (known && !known->is_scalar() && as_it_is) return object;
      if (data && as_it_is) return in.attribute(object, "values");
    }
    const Value made = make_array(cast(to_known_values(in, object, "the array"), args.get("dtype")), calendar_of(object));
    return array_of_any_dims(in_unit(made, args.get("dtype").is_none() ? time_unit_of(object) : TimeUnit::nanosecond));
  };
  table.method(np, "array", "object, dtype=", Type::ndarray, array);
  table.method(np, "asarray", "object, dtype=", Type::ndarray, array);
  table.method(np, "zeros", "shape, dtype=", Type::ndarray, [](Interpreter&, const Arguments& args) { return filled(args, 0); });
  table.method(np, "ones", "shape, dtype=", Type::ndarray, [](Interpreter&, const Arguments& args) { return filled(args, 1); });
  table.method(np, "full", "shape, fill_value, dtype=", Type::ndarray, [](Interpreter&, const Arguments& args) {
    return filled(args, to_double(args.get("fill_value"), "fill_value"));
  });
  table.method(np, "datetime64", "value, unit=", Type::ndarray, datetime64);
  table.method(np, "timedelta64", "value, unit=", Type::ndarray, timedelta64);
  table.method(np, "dtype", "dtype", Type::dtype, [](Interpreter&, const Arguments& args) -> Value {
    auto dtype = std::make_shared<DTypeObject>();
    dtype->dtype = to_dtype(args.get("dtype"));
    return dtype;
  });
  const auto round = [](Interpreter& in, const Arguments& args) -> Value {
    const std::int64_t decimals = args.given("decimals") ? to_integer(args.get("decimals"), "decimals") : 0;
    return make_value(array::round(to_operand(args.get("a"), "the argument"), static_cast<int>(decimals), in.keep_attrs.value_or(true)));
  };
  table.method(np, "round", "a, decimals=", any, round);
  table.method(np, "around", "a, decimals=", any, round);
  table.method(np, "clip", "a, a_min, a_max", any, [](Interpreter&, const Arguments& args) -> Value {
    const auto bound = [&](const char* name) -> std::optional<array::Operand> {
      if (!args.given(name)) return std::nullopt;
      return to_operand(args.get(name), name);
    };
    // NumPy's own function, which knows no attributes: those of the method clip() are kept.
    return make_value(array::clip(to_operand(args.get("a"), "the argument"), bound("a_min"), bound("a_max"), false));
  });
  table.method(np, "where", "condition, x, y", any, [](Interpreter&, const Arguments& args) -> Value {
    return array_of_any_dims(make_value(array::where3(to_operand(args.get("condition"), "condition"), to_operand(args.get("x"), "x"),
                                                      to_operand(args.get("y"), "y"))));
  });
  table.method(np, "isclose", "a, b, rtol=, atol=", any, [](Interpreter& in, const Arguments& args) -> Value {
    const double rtol = args.given("rtol") ? to_double(args.get("rtol"), "rtol") : 1e-5;
    const double atol = args.given("atol") ? to_double(args.get("atol"), "atol") : 1e-8;
    const array::Operand a = to_operand(args.get("a"), "a"), b = to_operand(args.get("b"), "b");
    using enum kernel::Op;
    const auto distance = array::unary(absolute, array::binary(subtract, a, b));
    const auto bound = array::binary(add, NdArray::scalar(atol), array::binary(multiply, NdArray::scalar(rtol), array::unary(absolute, b)));
    static_cast<void>(in);
    return make_value(array::binary(less_equal, distance, bound));
  });
  for (const char* name : {"mean", "sum", "min", "max", "amin", "amax", "std", "var", "prod", "any", "all",
                           "nanmean", "nansum", "nanmin", "nanmax", "nanstd", "nanvar"})
    table.method(np, name, "a, axis=, *, ddof=", any, reduction);
}

}  // namespace rankine::script
