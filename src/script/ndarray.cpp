#include "array/arithmetic.hpp"
#include "array/reduction.hpp"
#include "array/reshape.hpp"
#include "base/error.hpp"
#include "script/array_memory.hpp"
#include "script/interpreter.hpp"
#include "script/labelled.hpp"
#include "script/numpy_reduce.hpp"
#include "script/operations.hpp"
#include "script/time_units.hpp"

namespace rankine::script {

namespace {

const NdArray& self(const Arguments& args) { return args.self.as<ArrayObject>()->array; }

/// A scalar of a scalar, an array of an array of no dims.
Value like_self(const Arguments& args, NdArray array) {
  Value made = in_unit(make_array(std::move(array), calendar_of(args.self)), time_unit_of(args.self));
  made.as<ArrayObject>()->is_array_of_no_dims = args.self.as<ArrayObject>()->is_array_of_no_dims;
  return made;
}

/// What Python has no class for here.
void refuse_python_times(const Arguments& args) {
  if (time_unit_of(args.self) != TimeUnit::nanosecond)
    throw UnsupportedError(std::string("Python's dates and durations are not supported; times in the unit '") + code_of(time_unit_of(args.self)) + "' are printed by str()");
}

/// Times as numbers: what they count in their unit.
Value counts_in_unit(const Value& numbers, DType of, TimeUnit unit) {
  if (!is_time(of) || unit == TimeUnit::nanosecond) return numbers;
  throw UnsupportedError(std::string("times in the unit '") + code_of(unit) + "' as numbers are not supported; divide by np.timedelta64(1, '" + code_of(unit) + "')");
}

Value nested_list(const ArrayObject& object, std::size_t axis, std::int64_t& next) {
  const NdArray& array = object.array;
  if (axis == array.shape().size()) return python_item_of(array, next++, object.calendar);
  Values elements;
  elements.reserve(static_cast<std::size_t>(array.shape()[axis]));
  for (std::int64_t i = 0; i < array.shape()[axis]; ++i) elements.push_back(nested_list(object, axis + 1, next));
  return make_list(std::move(elements));
}

/// The array under dims dim_0, dim_1 ..., as the algebra wants it.
array::DataArray with_dims(const NdArray& array) {
  std::vector<std::string> dims;
  for (int axis = 0; axis < array.ndim(); ++axis) dims.push_back("dim_" + std::to_string(axis));
  return array::make_data_array(array::make_variable(dims, array));
}

}  // namespace

Value reduce_array(const NdArray& array, const std::string& name, const Value& axis, const Value& ddof,
                   calendar::Calendar calendar) {
  std::string plain = name;
  bool skipna = false;
  if (plain.starts_with("nan")) {
    plain.erase(0, 3);
    skipna = true;
  }
  const auto op = array::reduce_op_named(plain);
  if (!op) throw UnsupportedError("'" + name + "' of ndarray is not supported");
  array::DimChoice dims;
  if (!axis.is_none()) {
    dims.emplace();
    const auto tuple = axis.as<TupleObject>();
    for (const Value& a : tuple ? tuple->elements : Values{axis}) {
      std::int64_t number = to_integer(a, "axis");
      if (number < 0) number += array.ndim();
      if (number < 0 || number >= array.ndim())
        throw UsageError("axis " + std::to_string(to_integer(a, "axis")) + " is out of bounds for array of dimension " + std::to_string(array.ndim()));
      dims->push_back("dim_" + std::to_string(number));
    }
  }
  array::ReduceOptions options;
  options.skipna = skipna;
  if (!ddof.is_none()) options.ddof = to_double(ddof, "ddof");
  return make_array(array::values_of(array::reduce(with_dims(array), *op, dims, options)), calendar);
}

void add_ndarray(BindingTable& table) {
  constexpr Type type = Type::ndarray;
  const TypeSet scalar = Type::integer | Type::floating | Type::boolean | Type::text | Type::ndarray;
  table.property(type, "shape", Type::tuple, [](Interpreter&, const Arguments& args) -> Value {
    Values extents;
    for (const std::int64_t extent : self(args).shape()) extents.push_back(extent);
    return make_tuple(std::move(extents));
  });
  table.property(type, "ndim", Type::integer, [](Interpreter&, const Arguments& args) -> Value { return self(args).ndim(); });
  table.property(type, "size", Type::integer, [](Interpreter&, const Arguments& args) -> Value { return self(args).size(); });
  table.property(type, "dtype", Type::dtype, [](Interpreter&, const Arguments& args) -> Value {
    auto dtype = std::make_shared<DTypeObject>();
    dtype->dtype = self(args).dtype();
    dtype->unit = time_unit_of(args.self);
    return dtype;
  });
  table.property(type, "T", Type::ndarray, [](Interpreter&, const Arguments& args) -> Value {
    if (args.self.as<ArrayObject>()->is_scalar()) return args.self;
    return make_view(args.self.as<ArrayObject>(), [](const NdArray& all) { return array::values_of(array::transpose(with_dims(all), {})); });
  });
  table.property(type, "values", Type::ndarray, [](Interpreter&, const Arguments& args) -> Value { return args.self; });
  table.method(type, "tolist", "", scalar | Type::list, [](Interpreter&, const Arguments& args) -> Value {
    refuse_python_times(args);
    // An element of a list, and for dates and texts what it refers to.
    const bool is_plain = is_numeric(self(args).dtype());
    ask_room(static_cast<std::uint64_t>(self(args).size()), sizeof(Value) + (is_plain ? 0 : 128));
    std::int64_t next = 0;
    return nested_list(*args.self.as<ArrayObject>(), 0, next);
  });
  table.method(type, "item", "index=", scalar, [](Interpreter&, const Arguments& args) -> Value {
    const std::int64_t i = args.given("index") ? to_integer(args.get("index"), "index") : 0;
    if (!args.given("index") && self(args).size() != 1)
      throw UsageError("can only convert an array of size 1 to a Python scalar");
    if (i < 0 || i >= self(args).size()) throw UsageError("index is out of bounds");
    refuse_python_times(args);
    return python_item_of(self(args), i, calendar_of(args.self));
  });
  table.method(type, "astype", "dtype", Type::ndarray, [](Interpreter&, const Arguments& args) -> Value {
    const DType dtype = to_dtype(args.get("dtype"));
    if (self(args).dtype() == DType::string && dtype == DType::datetime64)
      throw UnsupportedError("astype of texts to dates is not supported; write np.array([...], dtype=\"datetime64[ns]\") where the array is made");
    Value made = like_self(args, std::get<NdArray>(array::astype(array::Operand(self(args)), dtype)));
    return is_time(dtype) ? in_unit(made, TimeUnit::nanosecond) : counts_in_unit(made, self(args).dtype(), time_unit_of(args.self));
  });
  table.method(type, "copy", "", Type::ndarray, [](Interpreter&, const Arguments& args) -> Value {
    return like_self(args, materialise_any(self(args)));
  });
  table.method(type, "flatten", "", Type::ndarray, [](Interpreter&, const Arguments& args) -> Value {
    return in_unit(make_array(self(args).reshaped({self(args).size()}), calendar_of(args.self)), time_unit_of(args.self));
  });
  table.method(type, "ravel", "", Type::ndarray, [](Interpreter&, const Arguments& args) -> Value {
    return make_view(args.self.as<ArrayObject>(), [](const NdArray& all) { return all.reshaped({all.size()}); });
  });
  table.method(type, "reshape", "*shape", Type::ndarray, [](Interpreter& in, const Arguments& args) -> Value {
    const Values parts = args.rest.size() == 1 && !args.rest[0].integer() ? elements_of(in, args.rest[0]) : args.rest;
    return make_view(args.self.as<ArrayObject>(), [parts](const NdArray& all) { return reshaped_array(all, parts); });
  });
  table.method(type, "round", "decimals=", Type::ndarray, [](Interpreter&, const Arguments& args) -> Value {
    const std::int64_t decimals = args.given("decimals") ? to_integer(args.get("decimals"), "decimals") : 0;
    return make_value(array::round(array::Operand(self(args)), static_cast<int>(decimals)));
  });
  for (const char* name : {"mean", "sum", "min", "max", "std", "var", "prod", "any", "all"}) {
    table.method(type, name, "axis=, *, ddof=", Type::ndarray, [](Interpreter&, const Arguments& args) -> Value {
      return in_unit(reduce_array(self(args), args.binding->name, args.get("axis"), args.get("ddof"), calendar_of(args.self)), time_unit_of(args.self));
    });
  }
  for (const char* name : {"name", "kind", "itemsize"}) {
    table.property(Type::dtype, name, Type::text | Type::integer, [](Interpreter&, const Arguments& args) -> Value {
      const DType dtype = args.self.as<DTypeObject>()->dtype;
      const TimeUnit unit = args.self.as<DTypeObject>()->unit;
      if (args.binding->name == "name") return name_in_unit(dtype, unit);
      if (args.binding->name == "itemsize") return static_cast<std::int64_t>(size_of(dtype));
      return dtype == DType::boolean ? "b" : is_signed_integer(dtype) ? "i" : is_unsigned_integer(dtype) ? "u"
             : is_float(dtype) ? "f" : dtype == DType::datetime64 ? "M" : dtype == DType::timedelta64 ? "m"
             : dtype == DType::string ? "U" : "O";
    });
  }
}

NdArray materialise_any(const NdArray& array) {
  if (array.dtype() == DType::string) return NdArray::from_strings(array.strings(), array.shape());
  return materialise(StridedView::of(array));
}

NdArray reshaped_array(const NdArray& array, const Values& extents) {
  Shape shape;
  std::int64_t known = 1;
  std::ptrdiff_t open = -1;
  for (const Value& value : extents) {
    const std::int64_t extent = to_integer(value, "an extent");
    if (extent == -1 && open < 0) open = static_cast<std::ptrdiff_t>(shape.size());
    else if (extent < 0) throw UsageError("negative extents are not allowed");
    else known *= extent;
    shape.push_back(extent);
  }
  if (open >= 0) shape[static_cast<std::size_t>(open)] = known == 0 ? 0 : array.size() / known;
  if (element_count(shape) != array.size())
    throw UsageError("cannot reshape array of size " + std::to_string(array.size()) + " into shape " + format_tuple(shape));
  return array.reshaped(shape);
}

}  // namespace rankine::script
