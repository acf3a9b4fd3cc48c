#include "array/cf_encode.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "array/attribute_check.hpp"
#include "array/cf_encode_chunks.hpp"
#include "array/cf_encode_variable.hpp"
#include "array/cf_fill_value.hpp"
#include "array/cf_time_encoding.hpp"
#include "array/stored_texts.hpp"
#include "array/stored_values.hpp"
#include "base/error.hpp"

namespace rankine::array {
namespace {

/// Constants up to this many elements are written when the output is created; larger ones chunk by chunk.
constexpr std::int64_t eager_elements = 1 << 20;

std::vector<std::string> chosen_unlimited_dims(const Dataset& dataset, const EncodeOptions& options) {
  if (is_zarr(options.format)) {
    if (options.unlimited_dims && !options.unlimited_dims->empty())
      throw UsageError("Zarr has no unlimited dimensions; leave unlimited_dims out");
    return {};
  }
  std::vector<std::string> wanted;
  if (options.unlimited_dims) {
    wanted = *options.unlimited_dims;
  } else if (const AttributeValue* value = dataset.encoding.find("unlimited_dims")) {
    if (const auto* names = std::get_if<std::vector<std::string>>(value)) wanted = *names;
    else if (const auto* name = std::get_if<std::string>(value)) wanted = {*name};
  }
  const DimSizes sizes = dataset.sizes();
  std::vector<std::string> dims;
  for (const std::string& name : wanted) {
    const bool there = std::any_of(sizes.begin(), sizes.end(), [&](const auto& dim) { return dim.first == name; });
    if (there) dims.push_back(name);
    else if (options.unlimited_dims)
      throw UsageError("unlimited_dims names '" + name + "', which is no dimension of the dataset");
  }
  if (is_classic(options.format) && dims.size() > 1)
    throw UsageError("the format has one unlimited dimension at most, not " + format_names(dims));
  return dims;
}

void check_names(const Dataset& dataset) {
  for (const auto& [name, variable] : dataset.variables) {
    if (name.empty()) throw UsageError("cannot write a variable without a name");
    if (name.find('/') != std::string::npos)
      throw UsageError("cannot write variable '" + name + "': '/' is not allowed in names");
  }
}

/// bool among the attributes: no NetCDF has it.
void without_bools(Attributes& attributes) {
  for (const auto& [key, value] : Attributes(attributes)) {
    const auto* numbers = std::get_if<NdArray>(&value);
    if (numbers == nullptr || numbers->dtype() != DType::boolean) continue;
    NdArray bytes(DType::int8, numbers->shape());
    for (std::int64_t i = 0; i < numbers->size(); ++i) bytes.data<std::int8_t>()[i] = numbers->data<bool>()[i] ? 1 : 0;
    attributes.set(key, std::move(bytes));
  }
}

std::vector<StoredDim> dims_of(const Dataset& dataset, const std::vector<std::string>& unlimited) {
  const DimSizes sizes = dataset.sizes();
  std::vector<StoredDim> dims;
  for (const std::string& name : unlimited) dims.push_back({name, 0, true});
  for (const auto& [name, size] : sizes) {
    const auto known = std::find_if(dims.begin(), dims.end(), [&, &name = name](const StoredDim& dim) { return dim.name == name; });
    if (known == dims.end()) dims.push_back({name, size, false});
    else known->size = size;
  }
  return dims;
}

void take_fill(OutputVariable& out, const Variable& variable, OutputFormat format) {
  const bool keeps_text = !out.character_dim.empty() || (out.dtype == DType::string && is_zarr(format));
  if (const std::string* text = variable.encoding.text("_FillValue"); text != nullptr && keeps_text)
    out.attributes.set("_FillValue", *text);
  const AttributeValue* fill = out.attributes.find("_FillValue");
  if (fill == nullptr) return;
  const auto* number = std::get_if<NdArray>(fill);
  if (const auto* text = std::get_if<std::string>(fill); text != nullptr && !out.character_dim.empty()) {
    out.fill = NdArray::from_strings({text->substr(0, 1)}, {});
    out.attributes.erase("_FillValue");
    return;
  }
  if (const auto* text = std::get_if<std::string>(fill); text != nullptr && out.dtype == DType::string && is_zarr(format)) {
    out.fill = NdArray::from_strings({*text}, {});
    out.attributes.erase("_FillValue");
    return;
  }
  if (out.dtype == DType::string)
    throw UsageError("cannot write variable '" + out.name + "': a _FillValue of strings is not supported; remove it");
  if (number == nullptr || number->dtype() == DType::string || number->size() != 1)
    throw UsageError("cannot write variable '" + out.name + "': _FillValue must be one number");
  // Files have it beside integers, where it marks none of them; gaps among the values have been refused before.
  const bool marks_nothing = is_integer(out.dtype) && is_float(number->dtype()) && std::isnan(number->as_double(0));
  if (!marks_nothing) out.fill = fill_number(out.name, "_FillValue", *fill, {out.dtype, false, holds_unsigned_bits(out)});
  out.attributes.erase("_FillValue");
}

/// Char arrays with one dim of characters are all as long as the longest of them.
void share_character_dims(std::vector<OutputVariable>& variables) {
  std::map<std::string, std::int64_t> longest;
  for (const auto& out : variables)
    if (!out.character_dim.empty()) longest[out.character_dim] = std::max(longest[out.character_dim], out.character_count);
  for (auto& out : variables)
    if (!out.character_dim.empty()) out.character_count = longest[out.character_dim];
}

/// Coordinates and the bounds of coordinates.
std::set<std::string> describing_variables(const Dataset& dataset) {
  std::set<std::string> names(dataset.coord_names.begin(), dataset.coord_names.end());
  for (const auto& [name, variable] : dataset.variables)
    for (const char* key : {"bounds", "climatology"})
      if (const std::string* bounds = variable.attrs.text(key)) names.insert(*bounds);
  return names;
}

/// Coordinates and bounds are read first and whole: chunks that their file had, often one a record, are not kept.
void forget_chunks(Variable& variable) {
  for (const char* key : {"chunksizes", "chunks", "shards"}) variable.encoding.erase(key);
}

/// Chunks of which many make a slow file: CMIP7's packing asks for 4 MiB or more.
bool has_small_chunks(const OutputVariable& out) {
  const Shape& unit = out.inner_chunk_shape.empty() ? out.chunk_shape : out.inner_chunk_shape;
  constexpr std::size_t small_bytes = 4u << 20;
  return !unit.empty() && unit != out.shape && static_cast<std::size_t>(element_count(unit)) * size_of(out.dtype) < small_bytes;
}

void prepend_history(Attributes& attributes, const std::string& line) {
  if (line.empty()) return;
  const std::string* old = attributes.text("history");
  attributes.set("history", old == nullptr || old->empty() ? line : line + "\n" + *old);
}

/// Refuses what NetCDF has no type for where the script itself asks for it.
void check_dtype(const std::string& name, const Variable& variable) {
  if (asks_for_half_floats(variable)) parse_dtype(*variable.encoding.text("dtype"), "cannot write variable '" + name + "': ");
}

}  // namespace

EncodedDataset encode_dataset(const Dataset& given, const EncodeOptions& options, const LoadFn& load) {
  Dataset dataset = given;
  check_names(dataset);
  if (const auto bad = bad_attribute(dataset, options.format)) throw UsageError(bad->message);
  const std::vector<std::string> unlimited = chosen_unlimited_dims(dataset, options);
  encode_coordinates(dataset);
  std::map<std::string, std::optional<std::int64_t>> bytes;
  for (const auto& [name, variable] : dataset.variables) bytes[name] = byte_width(variable);
  for (const auto& [name, encoding] : options.encoding) {
    Variable* variable = dataset.variables.find(name);
    if (variable == nullptr)
      throw UsageError("encoding= names '" + name + "', which the dataset does not hold; it has: " +
                       format_names(dataset.variables.names()));
    variable->encoding = encoding;
    if (!is_zarr(options.format)) check_dtype(name, *variable);
  }
  if (!is_zarr(options.format))
    for (auto& [name, variable] : dataset.variables)
      if (asks_for_half_floats(variable)) variable.encoding.set("dtype", std::string("float32"));  // as they were read
  hand_encoding_to_bounds(dataset.variables);
  TimeEncodingRules rules{{}, options.in_store, !is_classic(options.format) || options.format == OutputFormat::netcdf3_64bit_data, options.note};
  for (const auto& [name, encoding] : options.encoding) rules.asked_for.insert(name);
  keep_times(dataset.variables, rules, load);
  std::map<std::string, WrittenTimes> times;
  for (const auto& [name, variable] : dataset.variables)
    if (variable.dtype() == DType::datetime64 || variable.dtype() == DType::cftime)
      times[name] = {load(variable.data), variable.dtype() == DType::datetime64 ? calendar::Timeline::datetime64()
                                                                               : calendar::Timeline::cftime(variable.calendar)};
  for (auto& [name, variable] : dataset.variables) variable = encode_cf_variable(name, std::move(variable), load, options.encoding.contains(name));
  if (!is_zarr(options.format)) strip_bounds_attributes(dataset.variables);

  EncodedDataset encoded;
  encoded.spec.path = options.path;
  encoded.spec.format = options.format;
  encoded.spec.mode = options.mode;
  encoded.spec.consolidated = options.consolidated;
  encoded.spec.group = options.group;
  encoded.spec.dims = dims_of(dataset, unlimited);
  encoded.spec.attributes = dataset.attrs;
  prepend_history(encoded.spec.attributes, options.history);
  if (!is_zarr(options.format)) without_bools(encoded.spec.attributes);
  if (is_classic(options.format)) make_classic(encoded.spec.attributes, options.format);

  const std::set<std::string> describing = describing_variables(dataset);
  for (auto& [name, variable] : dataset.variables) {
    const bool from_user = options.encoding.contains(name);
    if (!from_user && describing.contains(name) && element_count(variable.shape()) <= eager_elements) forget_chunks(variable);
    // What is known already is written with the metadata; a constant expression is computed here.
    const std::int64_t elements = element_count(variable.shape());
    const bool known = variable.dtype() == DType::string || elements == 0 ||
                       (is_constant(variable.data) && elements <= eager_elements);
    if (known && variable.data->as<Constant>() == nullptr && elements != 0) {
      OutputVariable checked;
      checked.name = name;
      checked.dtype = variable.dtype();
      checked.attributes = variable.attrs;
      const ExprPtr unstored = before_last_cast(variable.data, holds_unsigned_bits(checked));
      if (unstored != variable.data) {
        take_fill(checked, variable, options.format);
        variable.data = constant(stored_values(load(unstored), checked));
      }
    }
    if (known && variable.data->as<Constant>() == nullptr)
      variable.data = constant(elements == 0 ? NdArray(variable.dtype(), variable.shape()) : load(variable.data));
    if (is_classic(options.format)) make_classic(name, variable, options.format);
    if (variable.dtype() == DType::boolean) variable.data = cast(variable.data, DType::int8);
    if (!is_zarr(options.format)) without_bools(variable.attrs);
    if (from_user) check_encoding_keys(name, variable, options.format);
    if (is_netcdf3(options.format) && !unlimited.empty() && variable.axis_of(unlimited.front()) > 0)
      throw UsageError("cannot write variable '" + name + "': in NetCDF-3 the unlimited dimension '" +
                       unlimited.front() + "' must come first; transpose it or use format='NETCDF4'");

    OutputVariable out;
    out.name = name;
    out.dims = variable.dims;
    out.dtype = variable.dtype();
    out.shape = variable.shape();
    out.attributes = variable.attrs;
    if (known) {
      out.value = variable.data->as<Constant>() != nullptr ? variable.data->as<Constant>()->value : load(variable.data);
      choose_text_storage(out, variable, bytes[name], options.format);
    }
    take_fill(out, variable, options.format);
    const ExprPtr lazy = known ? nullptr : before_last_cast(variable.data, holds_unsigned_bits(out));
    const OutputVariable unstored = out;
    choose_storage(out, variable, options, unlimited, from_user);
    if (lazy != nullptr && !from_user && options.is_moved && has_small_chunks(out) && !options.is_moved(lazy, out)) {
      forget_chunks(variable);
      out = unstored;
      choose_storage(out, variable, options, unlimited, from_user);
    }
    if (known && out.dtype != DType::string) out.value = stored_values(std::move(*out.value), out);
    // float32 rounds times visibly where it was asked for.
    if (const auto known_times = times.find(name); known && out.dtype != DType::float32 && known_times != times.end()) out.times = known_times->second;
    encoded.lazy.push_back(lazy);
    encoded.spec.variables.push_back(std::move(out));
  }
  share_character_dims(encoded.spec.variables);
  return encoded;
}

}  // namespace rankine::array
