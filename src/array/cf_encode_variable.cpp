#include "array/cf_encode_variable.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "array/cf_fill_value.hpp"
#include "array/cf_scalar.hpp"
#include "array/cf_time_encoding.hpp"
#include "array/related_variables.hpp"
#include "base/error.hpp"
#include "calendar/time_units.hpp"

namespace rankine::array {
namespace {

using kernel::Op;

void set_new_attribute(const std::string& name, Variable& variable, const std::string& key, AttributeValue value) {
  if (variable.attrs.contains(key))
    throw UsageError("cannot encode variable '" + name + "': its attribute '" + key +
                     "' would be overwritten by the encoding of the same name; remove it from the attributes");
  variable.attrs.set(key, std::move(value));
}

/// Moves an encoding to the attributes; nullopt where it is missing or None.
std::optional<AttributeValue> pop_to_attrs(const std::string& name, Variable& variable, const std::string& key) {
  const AttributeValue* found = encoding_of(variable, key);
  if (found == nullptr) return {};
  AttributeValue value = *found;
  variable.encoding.erase(key);
  set_new_attribute(name, variable, key, value);
  return value;
}

const NdArray& number_in(const std::string& name, const std::string& key, const AttributeValue& value) {
  const auto* numbers = std::get_if<NdArray>(&value);
  if (numbers == nullptr || numbers->dtype() == DType::string || numbers->size() != 1)
    throw UsageError("cannot encode variable '" + name + "': " + key + " must be one number");
  return *numbers;
}

ExprPtr numbers_of(const calendar::EncodedTimes& encoded, const Shape& shape) {
  return std::visit([&](const auto& numbers) { return constant(NdArray::from(numbers, shape)); }, encoded.numbers);
}

void encode_times(const std::string& name, Variable& variable, const LoadFn& load) {
  if (!is_time(variable.dtype())) return;
  const NdArray values = load(variable.data);
  const calendar::EncodedTimes encoded = encoded_times(variable, values);
  variable.encoding.erase("units");
  if (variable.dtype() != DType::timedelta64) variable.encoding.erase("calendar");
  set_new_attribute(name, variable, "units", encoded.units);
  if (!encoded.calendar.empty()) set_new_attribute(name, variable, "calendar", encoded.calendar);
  variable.data = numbers_of(encoded, values.shape());
}

void encode_scale(const std::string& name, Variable& variable) {
  const bool has_offset = variable.encoding.contains("add_offset");
  if (!has_offset && !variable.encoding.contains("scale_factor")) return;
  if (!is_numeric(variable.dtype())) return;
  const DType dtype = variable.dtype();
  const bool narrow = dtype == DType::float32 || (is_integer(dtype) && size_of(dtype) <= 2 && !has_offset);
  for (const char* key : {"add_offset", "scale_factor"}) {
    const AttributeValue* given = encoding_of(variable, key);
    if (given == nullptr) continue;
    const double number = number_in(name, key, *given).as_double(0);
    if (std::isfinite(number) && (number != 0 || std::string(key) == "add_offset")) continue;
    throw UsageError("cannot encode variable '" + name + "': with " + key + " " + (number == 0 ? "0" : std::isnan(number) ? "nan" : "inf") +
                     " no value could be read back; give another in its encoding, or remove it from there");
  }
  variable.data = cast(variable.data, narrow ? DType::float32 : DType::float64);
  if (const auto offset = pop_to_attrs(name, variable, "add_offset"))
    variable.data = in_place(Op::subtract, variable.data, number_in(name, "add_offset", *offset));
  if (const auto scale = pop_to_attrs(name, variable, "scale_factor"))
    variable.data = in_place(Op::divide, variable.data, number_in(name, "scale_factor", *scale));
}

/// The values with NaN replaced, in the dtype NumPy's where gives.
ExprPtr filled(const ExprPtr& data, const NdArray& fill) {
  if (!is_float(data->dtype)) return data;
  const DType dtype = common_float(data->dtype, fill);
  const ExprPtr wide = cast(data, dtype);
  return elementwise(Op::where, {elementwise(Op::isnan, {wide}), constant(scalar_as(fill, 0, dtype)), wide});
}

bool close_or_equal(double a, double b) {
  return a == b || (std::isnan(a) && std::isnan(b)) || std::fabs(a - b) <= 1e-8 + 1e-5 * std::fabs(b);
}

/// What the numbers become; nothing where the variable is not stored as numbers.
std::optional<FillStorage> storage_of(const std::string& name, const Variable& variable) {
  const DType dtype = numeric_dtype(name, variable).value_or(variable.dtype());
  if (!is_numeric(dtype) || !is_numeric(variable.dtype())) return {};
  const std::string* flag = variable.encoding.text("_Unsigned");
  const bool is_unsigned = flag != nullptr && *flag == "true" && is_signed_integer(dtype);
  return FillStorage{dtype, asks_for_half_floats(variable), is_unsigned};
}

void encode_mask(const std::string& name, Variable& variable, bool asked_for) {
  const auto storage = storage_of(name, variable);
  if (!storage) return;
  const AttributeValue* fill = encoding_of(variable, "_FillValue");
  const AttributeValue* missing = encoding_of(variable, "missing_value");
  // A file's missing_value that none of its numbers can be marks nothing: it goes along as it is.
  if (missing != nullptr && !asked_for) {
    const auto* number = std::get_if<NdArray>(missing);
    if (number != nullptr && number->dtype() != DType::string && number->size() == 1 && !storage->is_unsigned &&
        !scalar_held_by(*number, 0, storage->dtype)) {
      pop_to_attrs(name, variable, "missing_value");
      fill = encoding_of(variable, "_FillValue");
      missing = nullptr;
    }
  }
  // Several missing values, or a text, cannot be one stored number.
  const auto number = [&](const AttributeValue* value, const char* key) {
    return value == nullptr ? std::nullopt : std::optional<NdArray>(fill_number(name, key, *value, *storage));
  };
  const auto fill_stored = number(fill, "_FillValue");
  const auto missing_stored = number(missing, "missing_value");
  if (fill_stored && missing_stored &&
      !close_or_equal(std::get<NdArray>(*fill).as_double(0), std::get<NdArray>(*missing).as_double(0)))
    throw UsageError("variable '" + name + "' has conflicting _FillValue and missing_value. Cannot encode data.");
  for (const auto& [key, value] : {std::pair{"_FillValue", fill_stored}, std::pair{"missing_value", missing_stored}}) {
    if (!value) continue;
    variable.encoding.erase(key);
    set_new_attribute(name, variable, key, *value);
  }
  const auto& stored = fill_stored ? fill_stored : missing_stored;
  if (stored && !std::isnan(stored->as_double(0))) variable.data = filled(variable.data, as_computed(*stored, *storage));
}

ExprPtr rounded(const ExprPtr& data) { return is_float(data->dtype) ? elementwise(Op::rint, {data}) : data; }

/// Unsigned numbers as the signed ones of the same bits. The last cast is that of bits: the one before it is checked.
void encode_unsigned(const std::string& name, Variable& variable) {
  const std::string* flag = variable.encoding.text("_Unsigned");
  if (flag == nullptr || *flag != "true") return;
  pop_to_attrs(name, variable, "_Unsigned");
  if (!is_integer(variable.dtype()) && !is_float(variable.dtype())) return;
  static const std::map<std::size_t, DType> by_size = {
      {1, DType::int8}, {2, DType::int16}, {4, DType::int32}, {8, DType::int64}};
  const DType given = numeric_dtype(name, variable).value_or(variable.dtype());
  if (is_unsigned_integer(given) && variable.encoding.contains("dtype")) return;  // asked for as they are
  const DType dtype = by_size.at(size_of(given));
  if (const AttributeValue* fill = variable.attrs.find("_FillValue"))
    variable.attrs.set("_FillValue", fill_number(name, "_FillValue", *fill, {dtype, false, true}));
  variable.data = cast(cast(rounded(variable.data), unsigned_twin(dtype)), dtype);
}

void encode_dtype(const std::string& name, Variable& variable) {
  if (variable.dtype() == DType::string) return;
  const auto dtype = numeric_dtype(name, variable);
  if (!asks_for_half_floats(variable)) variable.encoding.erase("dtype");
  if (!dtype || *dtype == variable.dtype()) return;
  variable.data = cast(is_integer(*dtype) ? rounded(variable.data) : variable.data, *dtype);
}

/// netCDF4-python's _quantize: to a power of two that keeps `digit` decimal places. Numbers too large to have any stay.
void encode_digits(const std::string& name, Variable& variable) {
  const AttributeValue* given = encoding_of(variable, "least_significant_digit");
  if (given == nullptr) return;
  if (!is_float(variable.dtype()))
    throw UsageError("cannot encode variable '" + name + "': least_significant_digit is for floats");
  const double digit = number_in(name, "least_significant_digit", *given).as_double(0);
  if (digit != std::floor(digit) || std::fabs(digit) > 30)
    throw UsageError("cannot encode variable '" + name + "': least_significant_digit must be a whole number between -30 and 30");
  const double scale = std::ldexp(1.0, static_cast<int>(std::ceil(std::log2(std::pow(10.0, digit)))));
  const DType dtype = variable.dtype();
  const ExprPtr factor = constant(scalar_as(NdArray::scalar(scale), 0, dtype));
  const ExprPtr scaled = elementwise(Op::multiply, {variable.data, factor});
  const ExprPtr whole = constant(scalar_as(NdArray::scalar(dtype == DType::float32 ? 0x1p24 : 0x1p53), 0, dtype));
  const ExprPtr is_whole = elementwise(Op::greater_equal, {elementwise(Op::absolute, {scaled}), whole});
  variable.data = elementwise(Op::where, {is_whole, variable.data, elementwise(Op::divide, {elementwise(Op::rint, {scaled}), factor})});
  pop_to_attrs(name, variable, "least_significant_digit");
}

void encode_defaults(Variable& variable) {
  const DType dtype = variable.dtype();
  if (is_float(dtype) && !variable.attrs.contains("_FillValue") && !variable.encoding.contains("_FillValue"))
    variable.attrs.set("_FillValue", scalar_as(NdArray::scalar(std::numeric_limits<double>::quiet_NaN()), 0, dtype));
  if (dtype == DType::boolean && !variable.encoding.contains("dtype") && !variable.attrs.contains("dtype")) {
    variable.attrs.set("dtype", std::string("bool"));
    variable.data = cast(variable.data, DType::int8);
  }
}

bool mentions(const AttributeValue& value, const std::string& name) {
  const auto* text = std::get_if<std::string>(&value);
  return text != nullptr && text->find(name) != std::string::npos;
}

std::string bare_name(std::string name) {
  if (!name.empty() && (name[0] == '<' || name[0] == '=' || name[0] == '|' || name[0] == '>')) name.erase(0, 1);
  return name;
}

bool is_half_float(const std::string& given) {
  const std::string name = bare_name(given);
  return name == "float16" || name == "f2" || name == "half" || name == "e";
}

bool is_dim_of(const Variable& variable, const std::string& name) { return variable.has_dim(name); }

}  // namespace

bool is_none(const AttributeValue& value) {
  const auto* texts = std::get_if<std::vector<std::string>>(&value);
  return texts != nullptr && texts->empty();
}

const AttributeValue* encoding_of(const Variable& variable, const std::string& key) {
  const AttributeValue* found = variable.encoding.find(key);
  return found == nullptr || is_none(*found) ? nullptr : found;
}

double encoding_number(const Variable& variable, const std::string& key, double otherwise) {
  double value = otherwise;
  return variable.encoding.number(key, value) ? value : otherwise;
}

bool encoding_flag(const Variable& variable, const std::string& key, bool otherwise) {
  return encoding_number(variable, key, otherwise ? 1 : 0) != 0;
}

DType parse_dtype(const std::string& given, const std::string& what) {
  const std::string name = bare_name(given);
  static const std::map<std::string, DType> names = {
      {"bool", DType::boolean}, {"b1", DType::boolean}, {"int8", DType::int8}, {"i1", DType::int8},
      {"byte", DType::int8}, {"int16", DType::int16}, {"i2", DType::int16}, {"short", DType::int16},
      {"int32", DType::int32}, {"i4", DType::int32}, {"intc", DType::int32}, {"int64", DType::int64},
      {"i8", DType::int64}, {"int", DType::int64}, {"uint8", DType::uint8}, {"u1", DType::uint8},
      {"ubyte", DType::uint8}, {"uint16", DType::uint16}, {"u2", DType::uint16}, {"ushort", DType::uint16},
      {"uint32", DType::uint32}, {"u4", DType::uint32}, {"uint64", DType::uint64}, {"u8", DType::uint64},
      {"float32", DType::float32}, {"f4", DType::float32}, {"single", DType::float32},
      {"float64", DType::float64}, {"f8", DType::float64}, {"float", DType::float64}, {"double", DType::float64}};
  const auto found = names.find(name);
  if (is_half_float(given))
    throw UsageError(what + "half floats ('" + given + "') are written to Zarr alone; use 'float32' in its encoding");
  if (found == names.end()) throw UsageError(what + "cannot store dtype '" + given + "'; use a name such as 'int16' or 'float32'");
  return found->second;
}

bool asks_for_half_floats(const Variable& variable) {
  const std::string* dtype = variable.encoding.text("dtype");
  return dtype != nullptr && is_half_float(*dtype);
}

std::optional<DType> numeric_dtype(const std::string& variable_name, const Variable& variable) {
  const std::string* text = variable.encoding.text("dtype");
  if (text == nullptr) return {};
  std::string name = *text;
  std::erase_if(name, [](char c) { return c == '"' || c == '|' || c == '<' || c == '>' || c == '='; });
  const bool sized_text = name.size() > 1 && (name[0] == 'S' || name[0] == 'U') && name.find_first_not_of("0123456789", 1) == std::string::npos;
  if (sized_text || name == "str" || name == "string" || name == "object" || name == "O" || name.starts_with("datetime64") ||
      name.starts_with("timedelta64") || name.starts_with("M8") || name.starts_with("m8"))
    return {};
  if (asks_for_half_floats(variable)) {
    // What holds every value of the variable, so that it is rounded once.
    const DType given = variable.dtype();
    return given == DType::float32 || (!is_float(given) && size_of(given) <= 2) ? DType::float32 : DType::float64;
  }
  return parse_dtype(*text, "cannot write variable '" + variable_name + "': ");
}

Variable encode_cf_variable(const std::string& name, Variable variable, const LoadFn& load, bool asked_for) {
  encode_times(name, variable, load);
  encode_scale(name, variable);
  encode_mask(name, variable, asked_for);
  encode_unsigned(name, variable);
  encode_dtype(name, variable);
  encode_digits(name, variable);
  encode_defaults(variable);
  for (const char* key : related_data) pop_to_attrs(name, variable, key);
  return variable;
}

void encode_coordinates(Dataset& dataset) {
  const DimSizes sizes = dataset.sizes();
  const auto is_dim = [&](const std::string& name) {
    return std::any_of(sizes.begin(), sizes.end(), [&](const auto& dim) { return dim.first == name; });
  };
  std::vector<std::string> names;
  for (const std::string& name : dataset.coord_order()) {
    // A name with a blank cannot stand in a blank-separated list: saved as a data variable.
    if (!is_dim(name) && name.find(' ') == std::string::npos) names.push_back(name);
  }
  std::map<std::string, std::vector<std::string>> of_variable;
  std::set<std::string> global(names.begin(), names.end());
  std::set<std::string> related;
  for (const std::string& coord : names) {
    const auto& coord_dims = dataset.variables.find(coord)->dims;
    for (const auto& [name, variable] : dataset.variables) {
      const bool covers = std::all_of(coord_dims.begin(), coord_dims.end(),
                                      [&variable = variable](const std::string& dim) { return variable.has_dim(dim); });
      const bool is_coord = std::find(names.begin(), names.end(), name) != names.end();
      if (covers && !is_coord && !is_dim_of(variable, name)) of_variable[name].push_back(coord);
      for (const char* key : related_data) {
        const AttributeValue* value = variable.encoding.find(key);
        if (value != nullptr && mentions(*value, coord)) related.insert(coord);
      }
    }
  }
  for (const std::string& coord : related) global.erase(coord);

  for (auto& [name, variable] : dataset.variables) {
    const AttributeValue* in_attrs = variable.attrs.find("coordinates");
    const AttributeValue* in_encoding = variable.encoding.find("coordinates");
    if (in_attrs != nullptr && in_encoding != nullptr)
      throw UsageError("'coordinates' found in both attrs and encoding for variable '" + name + "'.");
    const AttributeValue* given = in_attrs != nullptr ? in_attrs : in_encoding;
    if (given != nullptr && is_none(*given)) {
      variable.attrs.erase("coordinates");
      variable.encoding.erase("coordinates");
      continue;
    }
    std::string text;
    if (given != nullptr && std::holds_alternative<std::string>(*given)) text = std::get<std::string>(*given);
    variable.encoding.erase("coordinates");
    if (text.empty()) {
      for (const std::string& coord : of_variable[name])
        if (!related.contains(coord)) text += (text.empty() ? "" : " ") + coord;
    }
    if (text.empty()) continue;
    variable.attrs.set("coordinates", text);
    std::string word;
    for (const char c : text + " ") {
      if (c != ' ') word += c;
      else global.erase(std::exchange(word, ""));
    }
  }
  if (global.empty() || dataset.attrs.contains("coordinates")) return;
  std::string text;
  for (const std::string& name : names)
    if (global.contains(name)) text += (text.empty() ? "" : " ") + name;
  dataset.attrs.set("coordinates", text);
}

void hand_encoding_to_bounds(VariableMap& variables) {
  for (const auto& [name, parent] : variables) {
    const std::string* units = parent.encoding.text("units");
    const std::string* bounds = parent.attrs.text("bounds");
    if (units == nullptr || bounds == nullptr || !calendar::looks_like_time_units(*units)) continue;
    Variable* child = variables.find(*bounds);
    if (child == nullptr) continue;
    if (!child->encoding.contains("units")) child->encoding.set("units", *units);
    const AttributeValue* calendar_name = parent.encoding.find("calendar");
    if (calendar_name != nullptr && !child->encoding.contains("calendar")) child->encoding.set("calendar", *calendar_name);
  }
}

void strip_bounds_attributes(VariableMap& variables) {
  for (const auto& [name, parent] : variables) {
    const std::string* bounds = parent.attrs.text("bounds");
    Variable* child = bounds == nullptr ? nullptr : variables.find(*bounds);
    if (child == nullptr) continue;
    for (const char* key : {"units", "standard_name", "axis", "positive", "calendar", "long_name", "leap_month",
                            "leap_year", "month_lengths"}) {
      const AttributeValue* own = child->attrs.find(key);
      const AttributeValue* of_parent = parent.attrs.find(key);
      if (own != nullptr && of_parent != nullptr && identical(*own, *of_parent)) child->attrs.erase(key);
    }
  }
}

}  // namespace rankine::array
