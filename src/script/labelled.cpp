#include "script/labelled.hpp"

#include <algorithm>

#include "array/evaluate.hpp"
#include "array/reshape.hpp"
#include "base/error.hpp"
#include "script/interpreter.hpp"

namespace rankine::script {

namespace {

// Values up to this size stay with the object once they were asked for; larger ones are read again.
constexpr std::uint64_t keep_bytes = std::uint64_t{64} << 20;

/// As xarray's netCDF4 backend words it.
Value to_encoding_value(const std::string& name, const array::AttributeValue& value) {
  if (const auto* numbers = std::get_if<NdArray>(&value);
      numbers != nullptr && numbers->ndim() == 1 && is_integer(numbers->dtype()) && name != "_FillValue" && name != "missing_value") {
    Values elements;
    for (std::int64_t i = 0; i < numbers->size(); ++i) elements.push_back(numbers->as_int64(i));
    return make_tuple(std::move(elements));
  }
  const auto* texts = std::get_if<std::vector<std::string>>(&value);
  if (texts != nullptr && name == "unlimited_dims") {
    auto dims = std::make_shared<SetObject>();
    for (const auto& dim : *texts) dims->elements.set(dim, Value());
    return dims;
  }
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr || name != "dtype") return to_value(value);
  if (*text == "str") {
    auto type = std::make_shared<TypeObject>();
    type->name = *text;
    return type;
  }
  for (auto d = DType::boolean; d <= DType::float64; d = static_cast<DType>(static_cast<int>(d) + 1)) {
    if (name_of(d) != *text) continue;
    auto dtype = std::make_shared<DTypeObject>();
    dtype->dtype = d;
    return dtype;
  }
  return *text;
}

DictPtr to_encoding_dict(const array::Attributes& encoding) {
  auto dict = std::make_shared<DictObject>();
  for (const auto& [name, value] : encoding) dict->set(name, to_encoding_value(name, value));
  const auto* contiguous = encoding.find("contiguous");
  const auto* flag = contiguous == nullptr ? nullptr : std::get_if<NdArray>(contiguous);
  if (flag != nullptr && flag->size() == 1 && flag->as_double(0) != 0 && !encoding.contains("chunksizes")) dict->set("chunksizes", Value());
  return dict;
}

FacePtr make_face(const array::Attributes& attrs, const array::Attributes& encoding) {
  auto face = std::make_shared<VariableFace>();
  face->attrs = to_dict(attrs);
  face->encoding = to_encoding_dict(encoding);
  return face;
}
void read_back(const FacePtr& face, array::Attributes& attrs, array::Attributes& encoding) {
  attrs = to_attributes(*face->attrs);
  encoding = to_attributes(*face->encoding);
  // Of contiguous variables, whose encoding says so beside it.
  if (const auto* chunks = encoding.find("chunksizes"); chunks != nullptr && std::holds_alternative<std::vector<std::string>>(*chunks))
    encoding.erase("chunksizes");
}
void read_back(const FacePtr& face, array::Variable& variable) {
  read_back(face, variable.attrs, variable.encoding);
  if (face->data && face->data->shape == variable.data->shape) variable.data = face->data;
}

}  // namespace

const array::DataArray& DataArrayObject::value() {
  if (face_) read_back(face_, value_.variable);
  for (const auto& [name, face] : coordinate_faces_) {
    if (array::Variable* coordinate = value_.coords.find(name)) read_back(face, *coordinate);
  }
  return value_;
}
void DataArrayObject::replace_loaded(array::DataArray value) {
  value_ = std::move(value);
  if (face_ && face_->data) face_->data = value_.variable.data;
}
void DataArrayObject::change_data(array::DataArray value, array::ExprPtr data) {
  value_ = std::move(value);
  value_.variable.data = data;
  face()->data = std::move(data);
}
FacePtr DataArrayObject::face() {
  if (!face_) face_ = make_face(value_.variable.attrs, value_.variable.encoding);
  return face_;
}
FacePtr DataArrayObject::coordinate_face(const std::string& name) {
  FacePtr& face = coordinate_faces_[name];
  if (!face) {
    const array::Variable* coordinate = value_.coords.find(name);
    face = coordinate == nullptr ? make_face({}, {}) : make_face(coordinate->attrs, coordinate->encoding);
  }
  return face;
}

const array::Dataset& DatasetObject::value() {
  if (face_) read_back(face_, value_.attrs, value_.encoding);
  for (const auto& [name, face] : faces_) {
    if (array::Variable* variable = value_.variables.find(name)) read_back(face, *variable);
  }
  return value_;
}
FacePtr DatasetObject::face() {
  if (!face_) face_ = make_face(value_.attrs, value_.encoding);
  return face_;
}
FacePtr DatasetObject::variable_face(const std::string& name) {
  FacePtr& face = faces_[name];
  if (!face) {
    const array::Variable* variable = value_.variables.find(name);
    face = variable == nullptr ? make_face({}, {}) : make_face(variable->attrs, variable->encoding);
  }
  return face;
}
std::shared_ptr<DataArrayObject> DatasetObject::variable(const std::string& name) {
  // Of thousands of variables only those are read back that the array is made of.
  const auto read_back_face = [&](const std::string& of) {
    const auto face = faces_.find(of);
    array::Variable* variable = face == faces_.end() ? nullptr : value_.variables.find(of);
    if (variable != nullptr) read_back(face->second, *variable);
  };
  read_back_face(name);
  if (const auto dot = name.find('.'); dot != std::string::npos) read_back_face(name.substr(0, dot));
  array::DataArray array = array::get(value_, name);
  for (auto& [coordinate, variable] : array.coords) {
    read_back_face(coordinate);
    if (const array::Variable* known = value_.variables.find(coordinate)) variable = *known;
  }
  auto result = std::make_shared<DataArrayObject>(std::move(array));
  if (value_.variables.contains(name)) result->share_face(variable_face(name));
  std::map<std::string, FacePtr> faces;
  for (const auto& coordinate : result->value().coords.names()) {
    if (value_.variables.contains(coordinate)) faces[coordinate] = variable_face(coordinate);
  }
  result->share_coordinate_faces(std::move(faces));
  return result;
}

GroupByObject* as_groupby(const Value& value) { return dynamic_cast<GroupByObject*>(value.object()); }
WeightedObject* as_weighted(const Value& value) { return dynamic_cast<WeightedObject*>(value.object()); }

Value make_value(array::DataArray array) { return std::make_shared<DataArrayObject>(std::move(array)); }
Value make_value(array::Dataset dataset) { return std::make_shared<DatasetObject>(std::move(dataset)); }
Value make_value(array::Labelled labelled) {
  return std::visit([](auto& x) { return make_value(std::move(x)); }, labelled);
}
Value make_value(array::Operand operand) {
  if (auto* array = std::get_if<NdArray>(&operand)) return make_array(std::move(*array));
  if (auto* data = std::get_if<array::DataArray>(&operand)) return make_value(std::move(*data));
  return make_value(std::move(std::get<array::Dataset>(operand)));
}

bool is_labelled(const Value& value) { return value.type() == Type::data_array || value.type() == Type::dataset; }

const array::DataArray& to_data_array(const Value& value, const char* what) {
  const auto object = value.as<DataArrayObject>();
  if (!object) throw TypeError(std::string(what) + " must be a DataArray, not " + name_of(value.type()));
  return object->value();
}
const array::Dataset& to_dataset(const Value& value, const char* what) {
  const auto object = value.as<DatasetObject>();
  if (!object) throw TypeError(std::string(what) + " must be a Dataset, not " + name_of(value.type()));
  return object->value();
}
array::Labelled to_labelled(const Value& value, const char* what) {
  if (const auto array = value.as<DataArrayObject>()) return array->value();
  if (const auto dataset = value.as<DatasetObject>()) return dataset->value();
  throw TypeError(std::string(what) + " must be a DataArray or Dataset, not " + name_of(value.type()));
}
array::Operand to_operand(const Value& value, const char* what) {
  if (const auto array = value.as<DataArrayObject>()) return array->value();
  if (const auto dataset = value.as<DatasetObject>()) return dataset->value();
  return to_nd_array(value, what);
}

namespace {

/// The elements of a nested list as scalars in C order, and its shape.
void flatten(const Value& value, std::size_t depth, Shape& shape, std::vector<NdArray>& scalars, const char* what) {
  if (depth > 32) throw UsageError(std::string(what) + " is nested too deeply");
  const Values* elements = nullptr;
  const auto list = value.as<ListObject>();
  const auto tuple = value.as<TupleObject>();
  Values unpacked;
  if (list) elements = &list->elements;
  if (tuple) elements = &tuple->elements;
  if (const auto range = value.as<RangeObject>()) {
    ask_room(static_cast<std::uint64_t>(range->size()), sizeof(Value));
    for (std::int64_t i = 0; i < range->size(); ++i) unpacked.push_back(range->start + i * range->step);
    elements = &unpacked;
  }
  if (const auto array = value.as<ArrayObject>(); array && array->array.ndim() > 0) {
    const auto flat = array::constant(array->array.reshaped({array->array.size()}));
    for (std::int64_t axis = 0; axis < array->array.ndim(); ++axis) {
      const std::size_t level = depth + static_cast<std::size_t>(axis);
      const std::int64_t extent = array->array.shape()[static_cast<std::size_t>(axis)];
      if (shape.size() == level) shape.push_back(extent);
      else if (shape[level] != extent) throw UsageError(std::string(what) + " is ragged");
    }
    for (std::int64_t i = 0; i < array->array.size(); ++i)
      scalars.push_back(array::evaluate_constant(array::take(flat, 0, {i})).reshaped({}));
    return;
  }
  if (elements == nullptr) {
    if (shape.size() != depth) throw UsageError(std::string(what) + " is ragged");
    scalars.push_back(to_nd_array(value, what));
    return;
  }
  const auto count = static_cast<std::int64_t>(elements->size());
  if (shape.size() == depth) {
    if (!scalars.empty()) throw UsageError(std::string(what) + " is ragged");
    shape.push_back(count);
  } else if (shape[depth] != count) {
    throw UsageError(std::string(what) + " is ragged");
  }
  for (const Value& element : *elements) {
    // Each is an array of its own at first.
    constexpr std::uint64_t scalar_bytes = 256;
    if (scalars.size() == scalars.capacity()) ask_room(scalars.size(), sizeof(NdArray) + scalar_bytes);
    flatten(element, depth + 1, shape, scalars, what);
  }
}

NdArray stacked(const std::vector<NdArray>& scalars, Shape shape, const char* what) {
  if (scalars.empty()) return NdArray(DType::float64, std::move(shape));
  DType dtype = scalars[0].dtype();
  for (const NdArray& scalar : scalars) {
    if (scalar.dtype() == dtype) continue;
    if (!is_numeric(dtype) || !is_numeric(scalar.dtype())) throw UsageError(std::string(what) + " mixes texts, dates and numbers");
    dtype = is_float(dtype) || is_float(scalar.dtype()) ? DType::float64 : DType::int64;
  }
  NdArray result(dtype, std::move(shape));
  for (std::size_t i = 0; i < scalars.size(); ++i) {
    if (dtype == DType::string) {
      result.strings()[i] = scalars[i].strings()[0];
      continue;
    }
    dispatch(dtype, [&]<typename T>() {
      result.data<T>()[i] = is_float(dtype) ? static_cast<T>(scalars[i].as_double(0)) : static_cast<T>(scalars[i].as_int64(0));
    });
  }
  return result;
}

}  // namespace

NdArray to_nd_array(const Value& value, const char* what) {
  if (const auto* b = value.boolean()) return NdArray::scalar(*b);
  if (const auto* i = value.integer()) return NdArray::scalar(*i);
  if (const auto* f = value.floating()) return NdArray::scalar(*f);
  if (const auto* t = value.text()) return NdArray::from_strings({*t}, {});
  if (const auto array = value.as<ArrayObject>()) return array->array;
  if (value.type() == Type::list || value.type() == Type::tuple || value.type() == Type::range) {
    Shape shape;
    std::vector<NdArray> scalars;
    flatten(value, 0, shape, scalars, what);
    return stacked(scalars, std::move(shape), what);
  }
  throw TypeError(std::string(what) + " must be a number, a text or an array, not " + name_of(value.type()));
}

NdArray to_known_values(Interpreter& in, const Value& value, const char* what) {
  if (const auto array = value.as<DataArrayObject>()) return values_of(in, *array);
  if (const auto list = value.as<ListObject>()) {
    // A list of single-valued arrays, as `[float(x) for x in ...]` would give without float().
    Values known;
    for (const Value& element : list->elements) {
      const auto array = element.as<DataArrayObject>();
      known.push_back(array ? make_array(values_of(in, *array), array->value().variable.calendar) : element);
    }
    return to_nd_array(make_list(std::move(known)), what);
  }
  return to_nd_array(value, what);
}

calendar::Calendar calendar_of(const Value& value) {
  if (const auto array = value.as<ArrayObject>()) return array->calendar;
  if (const auto array = value.as<DataArrayObject>()) return array->value().variable.calendar;
  if (const auto list = value.as<ListObject>(); list && !list->elements.empty()) return calendar_of(list->elements[0]);
  if (const auto tuple = value.as<TupleObject>(); tuple && !tuple->elements.empty()) return calendar_of(tuple->elements[0]);
  return calendar::Calendar::standard;
}

DType to_dtype(const Value& value) {
  if (const auto dtype = value.as<DTypeObject>()) return dtype->dtype;
  std::string name;
  if (const auto type = value.as<TypeObject>()) name = type->name;
  else if (const auto* text = value.text()) name = *text;
  else throw TypeError(std::string("a dtype must be a name or a NumPy type, not ") + name_of(value.type()));
  static const std::map<std::string, DType> names = {
      {"float", DType::float64}, {"int", DType::int64}, {"bool", DType::boolean}, {"str", DType::string},
      {"f4", DType::float32}, {"f8", DType::float64}, {"i1", DType::int8}, {"i2", DType::int16},
      {"i4", DType::int32}, {"i8", DType::int64}, {"u1", DType::uint8}, {"u2", DType::uint16},
      {"u4", DType::uint32}, {"u8", DType::uint64}, {"d", DType::float64}, {"f", DType::float32},
      {"single", DType::float32}, {"double", DType::float64}, {"datetime64[ns]", DType::datetime64},
      {"M8[ns]", DType::datetime64}, {"timedelta64[ns]", DType::timedelta64}, {"m8[ns]", DType::timedelta64}};
  if (name.starts_with("<") || name.starts_with("=") || name.starts_with("|")) name.erase(0, 1);
  const auto found = names.find(name);
  if (found != names.end()) return found->second;
  for (auto d = DType::boolean; d <= DType::float64; d = static_cast<DType>(static_cast<int>(d) + 1)) {
    if (name_of(d) == name) return d;
  }
  if (name == "float16" || name == "f2" || name == "half")
    throw UnsupportedError("dtype '" + name + "' is not supported: half floats are read as float32 and computed with as such; use 'float32'");
  if (name.starts_with("datetime64") || name.starts_with("timedelta64") || name.starts_with("M8") || name.starts_with("m8"))
    throw UnsupportedError("dtype '" + name + "' is not supported: arrays of times count nanoseconds, as xarray's; use '" +
                           (name[0] == 'd' || name[0] == 'M' ? "datetime64[ns]" : "timedelta64[ns]") + "'");
  throw UnsupportedError("dtype '" + name + "' is not supported");
}

std::vector<std::string> to_names(const Value& value, const char* what) {
  if (const auto* text = value.text()) return {*text};
  const Values* elements = nullptr;
  const auto list = value.as<ListObject>();
  const auto tuple = value.as<TupleObject>();
  if (list) elements = &list->elements;
  if (tuple) elements = &tuple->elements;
  std::vector<std::string> names;
  if (elements == nullptr) {
    const auto dict = value.as<DictObject>();
    if (!dict) throw TypeError(std::string(what) + " must be a str or a list of str, not " + name_of(value.type()));
    for (const Value& key : dict->keys()) names.push_back(key.text() != nullptr ? *key.text() : "?");
    return names;
  }
  for (const Value& element : *elements) {
    if (element.type() == Type::ellipsis) { names.push_back("..."); continue; }
    if (element.text() == nullptr)
      throw TypeError(std::string(what) + " must be a str or a list of str, not a list with " + name_of(element.type()));
    names.push_back(*element.text());
  }
  return names;
}
std::optional<std::vector<std::string>> to_dims(const Value& value) {
  if (value.is_none() || value.type() == Type::ellipsis) return std::nullopt;
  return to_names(value, "dim");
}

// ---- values

NdArray values_of(Interpreter& in, DataArrayObject& array) {
  const array::DataArray& data = array.value();
  const array::ExprPtr expr = data.variable.data;
  if (const auto* known = expr->as<array::Constant>()) return known->value;
  NdArray values = array::is_constant(expr) ? array::evaluate_constant(expr) : in.host().load({expr}).at(0);
  if (array::bytes_of(*expr).value <= keep_bytes) {
    array::DataArray loaded = data;
    loaded.variable.data = array::constant(values);
    array.replace_loaded(std::move(loaded));
  }
  return values;
}

void load_small(Interpreter& in, const std::vector<DataArrayObject*>& arrays) {
  constexpr std::int64_t printed_elements = 100'000;
  std::vector<array::ExprPtr> wanted;
  std::vector<DataArrayObject*> owners;
  for (DataArrayObject* array : arrays) {
    const auto& expr = array->value().variable.data;
    if (array::is_constant(expr) || element_count(expr->shape) >= printed_elements) continue;
    wanted.push_back(expr);
    owners.push_back(array);
  }
  if (wanted.empty()) return;
  const std::vector<NdArray> values = in.host().load(wanted);
  for (std::size_t i = 0; i < owners.size(); ++i) {
    array::DataArray loaded = owners[i]->value();
    loaded.variable.data = array::constant(values.at(i));
    owners[i]->replace_loaded(std::move(loaded));
  }
}

void load_into(Interpreter& in, DatasetObject& dataset) {
  std::vector<array::ExprPtr> wanted;
  std::vector<std::string> names;
  for (const auto& [name, variable] : dataset.value().variables) {
    if (array::is_constant(variable.data) || array::bytes_of(*variable.data).value > keep_bytes) continue;
    wanted.push_back(variable.data);
    names.push_back(name);
  }
  if (wanted.empty()) return;
  const std::vector<NdArray> values = in.host().load(wanted);
  array::Dataset loaded = dataset.value();
  for (std::size_t i = 0; i < names.size(); ++i) loaded.variables.find(names[i])->data = array::constant(values.at(i));
  dataset.replace(std::move(loaded));
}

Value item_of(const NdArray& array, std::int64_t i, calendar::Calendar calendar) {
  switch (array.dtype()) {
    case DType::boolean: return array.data<bool>()[i];
    case DType::float32: case DType::float64: return array.as_double(i);
    case DType::string: return array.strings()[static_cast<std::size_t>(i)];
    case DType::datetime64: case DType::timedelta64: case DType::cftime: {
      NdArray one(array.dtype(), {});
      one.data<std::int64_t>()[0] = array.data<std::int64_t>()[i];
      return make_array(std::move(one), calendar);
    }
    case DType::uint64:
      if (array.data<std::uint64_t>()[i] > INT64_MAX) throw UnsupportedError("integer overflow: integers beyond 64 bits are not supported");
      [[fallthrough]];
    default: return array.as_int64(i);
  }
}
Value python_item_of(const NdArray& array, std::int64_t i, calendar::Calendar calendar) {
  if (array.dtype() != DType::datetime64 && array.dtype() != DType::timedelta64) return item_of(array, i, calendar);
  const std::int64_t ns = array.as_int64(i);
  return ns == not_a_time ? Value() : Value(ns);
}

// ---- attributes

namespace {

array::AttributeValue to_attribute(const std::string& name, const Value& value) {
  if (const auto* text = value.text()) return *text;
  if (value.is_none()) return std::vector<std::string>{};  // encoding: {"_FillValue": None}
  const Values* elements = nullptr;
  const auto list = value.as<ListObject>();
  const auto tuple = value.as<TupleObject>();
  if (list) elements = &list->elements;
  if (tuple) elements = &tuple->elements;
  if (elements != nullptr && !elements->empty() &&
      std::all_of(elements->begin(), elements->end(), [](const Value& v) { return v.text() != nullptr; })) {
    std::vector<std::string> texts;
    for (const Value& v : *elements) texts.push_back(*v.text());
    return texts;
  }
  if (value.type() == Type::dtype || value.type() == Type::type_object) {
    const DType dtype = to_dtype(value);
    return dtype == DType::string ? "str" : name_of(dtype);
  }
  if (const auto set = value.as<SetObject>()) {
    std::vector<std::string> texts;
    for (const Value& v : set->elements.keys()) {
      if (v.text() == nullptr) throw TypeError("a set as the value of attribute '" + name + "' must hold texts, not " + name_of(v.type()));
      texts.push_back(*v.text());
    }
    return texts;
  }
  if (const auto array = value.as<DataArrayObject>()) {
    if (const auto* known = array->value().variable.data->as<array::Constant>()) return known->value;
  }
  const std::string what = "the value of attribute '" + name + "'";
  return to_nd_array(value, what.c_str());
}

}  // namespace

array::Attributes to_attributes(const DictObject& dict) {
  array::Attributes result;
  dict.each([&](const Value& key, const Value& value) {
    if (key.text() == nullptr) throw UsageError("names of attributes must be texts");
    result.set(*key.text(), to_attribute(*key.text(), value));
  });
  return result;
}
Value to_value(const array::AttributeValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* numbers = std::get_if<NdArray>(&value)) return make_array(*numbers);
  const auto& texts = std::get<std::vector<std::string>>(value);
  if (texts.empty()) return {};
  Values list;
  for (const auto& text : texts) list.push_back(text);
  return make_list(std::move(list));
}
DictPtr to_dict(const array::Attributes& attributes) {
  auto dict = std::make_shared<DictObject>();
  for (const auto& [name, value] : attributes) dict->set(name, to_value(value));
  return dict;
}

}  // namespace rankine::script
