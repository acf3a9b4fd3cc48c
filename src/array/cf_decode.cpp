#include "array/cf_decode.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>

#include "array/cf_encode_variable.hpp"
#include "array/cf_scalar.hpp"
#include "array/related_variables.hpp"
#include "array/stored_texts.hpp"
#include "array/text_encoding.hpp"
#include "base/error.hpp"

namespace rankine::array {
namespace {

using kernel::Op;

ExprPtr scalar_of(DType dtype, double value) { return constant(scalar_as(NdArray::scalar(value), 0, dtype)); }
ExprPtr int64_scalar(std::int64_t value) { return constant(NdArray::scalar(value)); }

/// Moves an attribute to the encoding; false if there is none.
bool pop_to_encoding(Variable& variable, const std::string& key, AttributeValue& value) {
  const AttributeValue* found = variable.attrs.find(key);
  if (found == nullptr) return false;
  value = *found;
  variable.attrs.erase(key);
  variable.encoding.set(key, value);
  return true;
}

const NdArray* numbers_in(const AttributeValue& value) {
  const auto* numbers = std::get_if<NdArray>(&value);
  return numbers != nullptr && numbers->dtype() != DType::string ? numbers : nullptr;
}

/// Bytes become text in UTF-8 by the codec that `_Encoding` names, which writing them again obeys. Throws InputError for a
/// codec that is not known here and for bytes that it does not have.
void decode_texts(const std::string& name, Variable& variable) {
  const bool of_bytes = byte_width(variable).has_value();  // false: strings, which are text by themselves
  AttributeValue value;
  if (!pop_to_encoding(variable, "_Encoding", value) || !of_bytes) return;
  const auto* codec = std::get_if<std::string>(&value);
  const auto encoding = codec == nullptr ? std::nullopt : text_encoding_named(*codec);
  if (!encoding)
    throw InputError("the text encoding '" + (codec == nullptr ? std::string("(no text)") : *codec) + "' that its attribute _Encoding names is unknown here; known are " +
                     known_text_encodings() + ". decode_cf=False gives the bytes");
  const NdArray stored = variable.data->as<Constant>()->value;
  std::vector<std::string> texts;
  for (const std::string& bytes : stored.strings()) {
    auto text = decode_text(bytes, *encoding);
    if (!text)
      throw InputError("element " + std::to_string(texts.size()) + " of '" + name + "' is no text in '" + *codec +
                       "', which its attribute _Encoding names. decode_cf=False gives the bytes");
    texts.push_back(std::move(*text));
  }
  variable.data = constant(NdArray::from_strings(std::move(texts), stored.shape()));
}

DType with_sign(DType dtype, bool is_signed) {
  const int from = static_cast<int>(is_signed ? DType::uint8 : DType::int8);
  const int to = static_cast<int>(is_signed ? DType::int8 : DType::uint8);
  return static_cast<DType>(static_cast<int>(dtype) - from + to);
}

void decode_unsigned(Variable& variable) {
  AttributeValue value;
  if (!pop_to_encoding(variable, "_Unsigned", value)) return;
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr) return;
  const bool to_unsigned = is_signed_integer(variable.dtype()) && *text == "true";
  const bool to_signed = is_unsigned_integer(variable.dtype()) && *text == "false";
  if (!to_unsigned && !to_signed) return;
  const DType dtype = with_sign(variable.dtype(), to_signed);
  variable.data = cast(variable.data, dtype);
  if (const AttributeValue* fill = variable.attrs.find("_FillValue")) {
    if (const NdArray* numbers = numbers_in(*fill); numbers != nullptr && numbers->size() > 0)
      variable.attrs.set("_FillValue", scalar_as(*numbers, 0, dtype));
  }
}

/// xarray's maybe_promote: the smallest float that has NaN and the integers of a small dtype.
DType with_nan(DType dtype) {
  if (!is_integer(dtype)) return dtype;
  return size_of(dtype) <= 2 ? DType::float32 : DType::float64;
}

void decode_mask(Variable& variable) {
  std::vector<NdArray> fills;
  bool any = false;
  for (const char* key : {"missing_value", "_FillValue"}) {
    AttributeValue value;
    if (!pop_to_encoding(variable, key, value)) continue;
    const NdArray* numbers = numbers_in(value);
    // A text never equals a number, yet it makes xarray promote the dtype.
    if (numbers == nullptr) any = true;
    else fills.push_back(*numbers);
  }
  if (!is_integer(variable.dtype()) && !is_float(variable.dtype())) return;
  const ExprPtr data = cast(variable.data, with_nan(variable.dtype()));
  ExprPtr masked;
  for (const NdArray& fill : fills) {
    for (std::int64_t i = 0; i < fill.size(); ++i) {
      if (std::isnan(fill.as_double(i))) continue;
      any = true;
      const ExprPtr hit = equals_scalar(data, fill, i);
      masked = masked ? elementwise(Op::bitwise_or, {masked, hit}) : hit;
    }
  }
  if (!any) return;
  variable.data =
      masked ? elementwise(Op::where, {masked, scalar_of(data->dtype, std::numeric_limits<double>::quiet_NaN()), data})
             : data;
}

/// xarray 2023.01's _choose_float_dtype.
DType packed_float(DType dtype, bool has_offset) {
  if (dtype == DType::float32) return DType::float32;
  if (is_integer(dtype) && size_of(dtype) <= 2 && !has_offset) return DType::float32;
  return DType::float64;
}

/// From here on, whoever reads the variable is told why its numbers mean nothing. An index is read at once.
void refuse_reading(Variable& variable, const std::string& why) {
  const auto* node = variable.data->as<Source>();
  if (node == nullptr) throw InputError(why);
  auto refused = std::make_shared<StoredArray>(*node->array);
  refused->refusal = why;
  variable.data = source(std::move(refused));
}

const NdArray* one_number_in(const AttributeValue& value) {
  const NdArray* numbers = numbers_in(value);
  return numbers != nullptr && numbers->size() == 1 ? numbers : nullptr;
}

/// Why scale_factor and add_offset cannot be applied; empty if they can.
std::string bad_packing(const std::string& name, const Variable& variable, const std::string& path) {
  if (!is_numeric(variable.dtype())) return {};
  for (const char* attribute : {"scale_factor", "add_offset"}) {
    const AttributeValue* value = variable.attrs.find(attribute);
    if (value == nullptr || is_none(*value) || one_number_in(*value) != nullptr) continue;
    const auto* text = std::get_if<std::string>(value);
    return "cannot decode variable '" + name + "'" + (path.empty() ? "" : " of " + path) + ": its attribute " + attribute +
           (text != nullptr ? " is the text \"" + *text + "\", not a number" : " is not one number") +
           ". Open the dataset with mask_and_scale=False, or leave the variable out with drop_variables=['" + name + "']";
  }
  return {};
}

void decode_scale(Variable& variable) {
  AttributeValue scale;
  AttributeValue offset;
  const bool has_scale = pop_to_encoding(variable, "scale_factor", scale);
  const bool has_offset = pop_to_encoding(variable, "add_offset", offset);
  if (!has_scale && !has_offset) return;
  if (!is_numeric(variable.dtype())) return;
  variable.data = cast(variable.data, packed_float(variable.dtype(), has_offset));
  const auto apply = [&](Op op, const AttributeValue& value) {
    if (const NdArray* number = one_number_in(value)) variable.data = in_place(op, variable.data, number->reshaped({}));
  };
  if (has_scale) apply(Op::multiply, scale);
  if (has_offset) apply(Op::add, offset);
}

/// pandas' to_timedelta: whole part and fraction apart, the fraction rounded to ns of the unit.
ExprPtr durations_of(const ExprPtr& numbers, std::int64_t ns_per_unit) {
  const ExprPtr whole = cast(numbers, DType::int64);
  const ExprPtr whole_ns = elementwise(Op::multiply, {whole, int64_scalar(ns_per_unit)});
  if (!is_float(numbers->dtype)) return cast(whole_ns, DType::timedelta64);
  ExprPtr fraction = elementwise(Op::subtract, {cast(numbers, DType::float64), cast(whole, DType::float64)});
  const double digits = ns_per_unit >= 1'000'000'000 ? 1e9 : static_cast<double>(ns_per_unit);
  if (digits > 1) {
    const ExprPtr power = scalar_of(DType::float64, digits);
    fraction = elementwise(Op::divide, {elementwise(Op::rint, {elementwise(Op::multiply, {fraction, power})}), power});
  }
  const ExprPtr fraction_ns = cast(
      elementwise(Op::multiply, {fraction, scalar_of(DType::float64, static_cast<double>(ns_per_unit))}), DType::int64);
  const ExprPtr sum = elementwise(Op::add, {whole_ns, fraction_ns});
  return cast(elementwise(Op::where, {elementwise(Op::isnan, {numbers}), int64_scalar(not_a_time), sum}),
              DType::timedelta64);
}

DType dtype_of(calendar::Timeline timeline) {
  return timeline.is_datetime64() ? DType::datetime64 : DType::cftime;
}

/// Times as nodes: exact for integers always, for floats where pandas' arithmetic applies.
ExprPtr times_of(const ExprPtr& numbers, const calendar::TimeDecoding& decoding) {
  std::int64_t per_unit = decoding.ns_per_unit;
  std::int64_t reference = decoding.reference;
  if (!decoding.by_pandas) {
    const std::int64_t ns_per_us = decoding.timeline.is_datetime64() ? 1000 : 1;
    per_unit = decoding.ns_per_unit / 1000 * ns_per_us;
    reference *= ns_per_us;
  }
  const DType dtype = dtype_of(decoding.timeline);
  // Of long arrays only the ends have been looked at: what lies between them and is no time, such as a stray fill value,
  // must not wrap round to a date.
  // Both the distance from the reference and the time itself must fit.
  const std::int64_t above = reference > 0 ? INT64_MAX - reference : INT64_MAX;
  const std::int64_t below = reference < 0 ? -(INT64_MAX + reference) : -INT64_MAX;
  if (!is_float(numbers->dtype)) {
    const ExprPtr whole = cast(numbers, DType::int64);
    const ExprPtr ticks = elementwise(Op::add, {elementwise(Op::multiply, {whole, int64_scalar(per_unit)}), int64_scalar(reference)});
    const std::int64_t least = below / per_unit, most = above / per_unit;
    if (size_of(numbers->dtype) <= 4 && most >= UINT32_MAX && least <= INT32_MIN) return cast(ticks, dtype);
    const ExprPtr is_time = elementwise(Op::bitwise_and, {elementwise(Op::greater_equal, {whole, int64_scalar(least)}),
                                                          elementwise(Op::less_equal, {whole, int64_scalar(most)})});
    return cast(elementwise(Op::where, {is_time, ticks, int64_scalar(not_a_time)}), dtype);
  }
  const NdArray factor = NdArray::scalar(per_unit);
  const DType common = common_float(numbers->dtype, factor);
  const ExprPtr scaled = elementwise(Op::multiply, {cast(numbers, common), constant(scalar_as(factor, 0, common))});
  const ExprPtr ticks = elementwise(Op::add, {cast(scaled, DType::int64), int64_scalar(reference)});
  // False for NaN as well.
  const ExprPtr distance = cast(scaled, DType::float64);
  const ExprPtr is_time =
      elementwise(Op::bitwise_and, {elementwise(Op::less, {distance, scalar_of(DType::float64, static_cast<double>(above))}),
                                    elementwise(Op::greater, {distance, scalar_of(DType::float64, static_cast<double>(below))})});
  return cast(elementwise(Op::where, {is_time, ticks, int64_scalar(not_a_time)}), dtype);
}

NdArray decoded_now(const NdArray& numbers, const calendar::TimeDecoding& decoding) {
  std::vector<std::int64_t> ticks;
  if (numbers.dtype() == DType::float64) {
    ticks = calendar::decode_times(decoding, numbers.values<double>());
  } else if (numbers.dtype() == DType::float32) {
    ticks = calendar::decode_times(decoding, numbers.values<float>());
  } else {
    std::vector<std::int64_t> whole;
    for (std::int64_t i = 0; i < numbers.size(); ++i) whole.push_back(numbers.as_int64(i));
    ticks = calendar::decode_times(decoding, std::span<const std::int64_t>(whole));
  }
  return NdArray::from(ticks, numbers.shape()).viewed_as(dtype_of(decoding.timeline));
}

/// Arrays of times of up to so many elements are looked at as a whole, longer ones at their ends.
constexpr std::int64_t most_times_looked_at = 8192;

/// The least and the largest number; those of the ends where all are NaN.
std::pair<double, double> range_of(const NdArray& numbers) {
  if (numbers.size() == 0) return {0, 0};
  double least = numbers.as_double(0), largest = least;
  for (std::int64_t i = 1; i < numbers.size(); ++i) {
    const double number = numbers.as_double(i);
    if (std::isnan(least) || number < least) least = number;
    if (std::isnan(largest) || number > largest) largest = number;
  }
  return {least, largest};
}

/// The first (or last) number of an array; 0 of an empty one, as xarray assumes.
double extreme_number(const ExprPtr& numbers, bool last, const LoadFn& load) {
  if (element_count(numbers->shape) == 0) return 0;
  Index start(numbers->shape.size(), 0);
  if (last) {
    for (std::size_t axis = 0; axis < start.size(); ++axis) start[axis] = numbers->shape[axis] - 1;
  }
  const Shape one(start.size(), 1);
  return load(slice(numbers, start, one, one)).as_double(0);
}

struct UndecodableTimes : InputError { using InputError::InputError; };

void decode_duration(const std::string& name, Variable& variable, const LoadFn& load) {
  const std::string* units = variable.attrs.text("units");
  if (units == nullptr || !calendar::is_duration_units(*units)) return;
  if (!is_integer(variable.dtype()) && !is_float(variable.dtype())) return;
  const std::int64_t ns = *calendar::unit_ns(*units);
  if (is_integer(variable.dtype()) && element_count(variable.shape()) <= most_times_looked_at) {
    const auto [least, largest] = range_of(load(variable.data));
    const double most = 9223372036854775807.0 / static_cast<double>(ns);
    for (const double number : {least, largest})
      if (!(std::fabs(number) < most))
        throw UndecodableTimes("Failed to decode variable '" + name + "': " + std::to_string(number) + " " + *units +
                               " are more than timedelta64[ns] holds. Try opening your dataset with decode_timedelta=False");
  }
  AttributeValue moved;
  pop_to_encoding(variable, "units", moved);
  variable.data = durations_of(variable.data, ns);
}

void decode_time(const std::string& name, Variable& variable, calendar::UseCftime use_cftime, const LoadFn& load) {
  const std::string* text = variable.attrs.text("units");
  if (text == nullptr || !calendar::looks_like_time_units(*text)) return;
  if (!is_integer(variable.dtype()) && !is_float(variable.dtype())) return;
  AttributeValue moved;
  const std::string units = *text;
  pop_to_encoding(variable, "units", moved);
  std::string calendar_name;
  const bool has_calendar = pop_to_encoding(variable, "calendar", moved);
  if (has_calendar) {
    if (const auto* found = std::get_if<std::string>(&moved)) calendar_name = *found;
  }
  const bool looked_at = is_constant(variable.data) || element_count(variable.shape()) <= most_times_looked_at;
  const auto [first, last] = looked_at ? range_of(load(variable.data))
                                       : std::pair{extreme_number(variable.data, false, load), extreme_number(variable.data, true, load)};
  if (has_calendar && calendar_name.empty())
    throw UndecodableTimes("Failed to decode variable '" + name + "': unable to decode time units '" + units +
                           "' with \"calendar ''\". Try opening your dataset with decode_times=False");
  calendar::TimeDecoding decoding;
  try {
    decoding = calendar::choose_time_decoding(units, calendar_name, first, last, use_cftime);
  } catch (const InputError& error) {
    throw UndecodableTimes("Failed to decode variable '" + name + "': " + error.what());
  }
  variable.calendar = decoding.timeline.calendar;
  if (is_constant(variable.data) || (is_float(variable.dtype()) && !decoding.by_pandas))
    variable.data = constant(decoded_now(load(variable.data), decoding));
  else
    variable.data = times_of(variable.data, decoding);
}

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

/// Time bounds take units and calendar of their parent where they have none (CF section 7.1).
void hand_units_to_bounds(VariableMap& variables) {
  for (const auto& [name, parent] : variables) {
    const std::string* units = parent.attrs.text("units");
    const std::string* bounds = parent.attrs.text("bounds");
    if (units == nullptr || bounds == nullptr || !calendar::looks_like_time_units(*units)) continue;
    Variable* child = variables.find(*bounds);
    if (child == nullptr) continue;
    if (!child->attrs.contains("units")) child->attrs.set("units", *units);
    const AttributeValue* calendar_name = parent.attrs.find("calendar");
    if (calendar_name != nullptr && !child->attrs.contains("calendar")) child->attrs.set("calendar", *calendar_name);
  }
}

/// Names of all that is in the file, also of what is left out: an attribute may name it.
using NamesInFile = std::set<std::string>;

void collect_coordinates(Variable& variable, const NamesInFile& stored, std::set<std::string>& coord_names) {
  const std::string* text = variable.attrs.text("coordinates");
  if (text == nullptr) return;
  const std::vector<std::string> names = words_of(*text);
  if (!std::all_of(names.begin(), names.end(), [&](const std::string& n) { return stored.contains(n); })) return;
  variable.encoding.set("coordinates", *text);
  variable.attrs.erase("coordinates");
  coord_names.insert(names.begin(), names.end());
}

/// The names of variables in an attribute such as cell_measures ("area: areacella"), as xarray takes them apart.
std::vector<std::string> related_names(const std::string& attribute, const std::string& text, bool& malformed) {
  if (attribute != "cell_measures" && attribute != "formula_terms") return words_of(text);
  std::string spaced = text;
  std::replace(spaced.begin(), spaced.end(), ':', ' ');
  const std::vector<std::string> roles_and_names = words_of(spaced);
  malformed = roles_and_names.size() % 2 == 1;
  std::vector<std::string> names;
  for (std::size_t i = 1; i < roles_and_names.size(); i += 2) names.push_back(roles_and_names[i]);
  return names;
}

/// decode_coords="all": what grid_mapping, bounds and their kin name are coordinates, and the attributes encoding.
void collect_related(const std::string& name, Variable& variable, const NamesInFile& stored, const DecodeOptions& options,
                     std::set<std::string>& coord_names) {
  for (const char* attribute : related_data) {
    const std::string* found = variable.attrs.text(attribute);
    if (found == nullptr) continue;
    const std::string text = *found;
    bool malformed = false;
    const std::vector<std::string> names = related_names(attribute, text, malformed);
    std::vector<std::string> missing;
    for (const std::string& related : names)
      if (!stored.contains(related)) missing.push_back(related);
    const std::string whose = std::string(attribute) + " of variable '" + name + "'";
    if (malformed && options.note) options.note("the attribute " + whose + " is malformed: \"" + text + "\"");
    if (!missing.empty() && options.note)
      options.note("the attribute " + whose + " names what is not in the file: " + format_names(missing) + "; it is left out, as xarray does");
    if (missing.empty()) {
      variable.encoding.set(attribute, text);
      coord_names.insert(names.begin(), names.end());
    }
    variable.attrs.erase(attribute);
  }
}

bool is_index(const std::string& name, const Variable& variable) {
  return variable.dims.size() == 1 && variable.dims.front() == name;
}

}  // namespace

Variable stored_variable(const StoredVariable& stored, const std::string& path) {
  if (!stored.note.empty())
    throw UnsupportedError("cannot read variable '" + stored.name + "' of " + path + ": " + stored.note +
                           ". Open the dataset with drop_variables=['" + stored.name + "']");
  Variable variable;
  variable.dims = stored.dims;
  variable.data = stored.data ? source(stored.data) : constant(stored.strings);
  variable.attrs = stored.attributes;
  variable.encoding = stored.encoding;
  return variable;
}

Variable decode_variable(const std::string& name, Variable variable, const DecodeOptions& options, const LoadFn& load) {
  const DType original = variable.dtype();
  const bool cf = options.decode_cf;
  const std::string* file = variable.encoding.text("source");
  const std::string path = file == nullptr ? "" : *file;
  if (cf && original == DType::string) decode_texts(name, variable);
  if (cf && options.mask_and_scale)
    if (const std::string why = bad_packing(name, variable, path); !why.empty()) refuse_reading(variable, why);
  const Variable stored = variable;
  if (cf && options.mask_and_scale) {
    decode_unsigned(variable);
    decode_mask(variable);
    decode_scale(variable);
  }
  // An index is wanted now, and as a constant it is decoded without a second reading.
  if (is_index(name, variable) && !is_constant(variable.data)) variable.data = constant(load(variable.data));
  if (cf && options.decode_times) {
    try {
      if (options.decode_timedelta) decode_duration(name, variable, load);
      decode_time(name, variable, options.use_cftime, load);
    } catch (const UndecodableTimes& error) {
      if (is_index(name, variable)) throw InputError(error.what());
      variable = stored;
      refuse_reading(variable, error.what());
    }
  }
  if (!variable.encoding.contains("dtype")) variable.encoding.set("dtype", name_of(original));
  if (const std::string* dtype = variable.attrs.text("dtype"); dtype != nullptr && *dtype == "bool" &&
                                                               variable.dtype() != DType::string) {
    variable.attrs.erase("dtype");
    variable.data = cast(variable.data, DType::boolean);
  }
  if (is_index(name, variable) && variable.data->as<Constant>() == nullptr) variable.data = constant(load(variable.data));
  return variable;
}

Dataset decode_catalogue(const Catalogue& catalogue, const DecodeOptions& options, const LoadFn& load) {
  Dataset dataset;
  VariableMap stored;
  NamesInFile in_catalogue;
  for (const StoredVariable& variable : catalogue.variables) {
    in_catalogue.insert(variable.name);
    if (!variable.note.empty()) {
      if (options.drop_variables.contains(variable.name)) continue;  // whoever opened the file tells why
      dataset.left_out[variable.name] = catalogue.path + ": " + variable.note;
      continue;
    }
    Variable in_file = stored_variable(variable, catalogue.path);
    const bool joined = variable.encoding.contains("char_dim_name");
    if (joined && (!options.decode_cf || keeps_characters_apart(variable, catalogue))) in_file = characters_apart(std::move(in_file));
    stored.set(variable.name, std::move(in_file));
  }
  if (options.decode_cf && options.decode_times) hand_units_to_bounds(stored);

  const bool coords = options.decode_cf && options.decode_coords != DecodeCoords::none;
  const bool all_coords = options.decode_cf && options.decode_coords == DecodeCoords::all;
  std::set<std::string> coord_names;
  for (const auto& [name, variable] : stored) {
    if (options.drop_variables.contains(name)) continue;  // now that its bounds have its units
    Variable decoded;
    try {
      decoded = decode_variable(name, variable, options, load);
    } catch (const InputError& error) {
      if (variable.dtype() != DType::string) throw;
      dataset.left_out[name] = catalogue.path + ": " + error.what();
      continue;
    }
    if (coords) collect_coordinates(decoded, in_catalogue, coord_names);
    if (all_coords) collect_related(name, decoded, in_catalogue, options, coord_names);
    if (is_index(name, decoded)) coord_names.insert(name);
    dataset.variables.set(name, std::move(decoded));
  }
  dataset.attrs = catalogue.attributes;
  if (const std::string* global = dataset.attrs.text("coordinates"); coords && global != nullptr) {
    for (const std::string& name : words_of(*global)) coord_names.insert(name);
    dataset.attrs.erase("coordinates");
  }
  for (const std::string& name : coord_names)
    if (dataset.variables.contains(name)) dataset.coord_names.insert(name);
  dataset.mark_dim_coordinates();

  std::vector<std::string> unlimited;
  for (const StoredDim& dim : catalogue.dims)
    if (dim.unlimited) unlimited.push_back(dim.name);
  dataset.encoding.set("unlimited_dims", unlimited);
  dataset.encoding.set("source", catalogue.path);
  return dataset;
}

}  // namespace rankine::array
