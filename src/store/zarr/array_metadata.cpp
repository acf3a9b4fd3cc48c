#include "store/zarr/array_metadata.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/error.hpp"
#include "codec/array_filter.hpp"
#include "codec/checksum.hpp"
#include "store/zarr/zarr_codecs.hpp"
#include "store/zarr/zarr_dtype.hpp"
#include "store/zarr/zarr_fill.hpp"

namespace rankine::store {
namespace {

// Sets dtype, byte order and the kind of elements from NumPy's name of the dtype.
void set_dtype(ZarrArray& array, const Json& json, const std::string& where) {
  if (!json.is_string()) {
    array.note = "structured dtypes are not supported";
    return;
  }
  const std::string name = json.get<std::string>();
  if (name.size() < 2 || std::string("<>|").find(name[0]) == std::string::npos)
    damaged_document(where, "'" + name + "' is no dtype");
  array.stored.big_endian = name[0] == '>';
  if (const auto number = number_type(name)) return set_number_type(array, *number);
  const std::string kind = name.substr(1);
  array.stored.dtype = DType::string;
  if (kind == "O") {
    array.elements = ZarrArray::Elements::variable_text;
    return;
  }
  if (kind[0] == 'S' || kind[0] == 'U') {
    const auto [end, error] = std::from_chars(kind.data() + 1, kind.data() + kind.size(), array.text_width);
    if (error != std::errc() || end != kind.data() + kind.size() || array.text_width < 0 ||
        array.text_width > (1 << 24))
      damaged_document(where, "'" + name + "' is no dtype");
    array.elements = kind[0] == 'S' ? ZarrArray::Elements::fixed_bytes : ZarrArray::Elements::fixed_text;
    return;
  }
  array.note = "dtype '" + name + "' is not supported";
}

bool is_text_codec(const Json& id) { return id == "vlen-utf8" || id == "vlen-bytes"; }

void add_codec(ZarrArray& array, const Json& json, const std::string& where) {
  const Json& id = member_of(json, "id", where);
  if (!id.is_string()) damaged_document(where, "a codec's id is not a text");
  if (is_text_codec(id) && array.elements == ZarrArray::Elements::variable_text) {
    array.is_bytes = id == "vlen-bytes";
    return;
  }
  array.stored.codecs.push_back(numcodecs_step(id.get<std::string>(), json, element_bytes_of(array), where, array.note));
}

void set_fill(ZarrArray& array, const Json& json, const std::string& where) {
  if (json.is_null()) return;
  array.has_fill = true;
  if (array.elements == ZarrArray::Elements::numbers) {
    array.stored.fill = number_fill(array, json, where);
    return;
  }
  if (!json.is_string()) return;
  array.text_fill = json.get<std::string>();
  if (array.elements != ZarrArray::Elements::fixed_bytes) return;
  array.text_fill = from_base64(array.text_fill);
  array.text_fill.erase(array.text_fill.find_last_not_of('\0') + 1);
}

// NumPy's S has a fill value of all its bytes, in base64.
Json text_fill(const array::OutputVariable& variable) {
  std::string text = variable.fill->strings().at(0);
  if (variable.character_count == 0) return text;
  text.resize(static_cast<std::size_t>(variable.character_count), '\0');
  return to_base64(text);
}

std::string dtype_name(const array::OutputVariable& variable, std::int64_t text_width) {
  if (variable.dtype == DType::string && variable.character_count > 0) return "|S" + std::to_string(variable.character_count);
  if (variable.dtype == DType::string) return "<U" + std::to_string(text_width);
  if (stores_half_floats(variable)) return "<f2";
  const std::string name = numpy_name_of(variable.dtype);
  if (name.empty())
    throw OutputError("variable " + variable.name + " of dtype " + name_of(variable.dtype) +
                      " cannot be written to Zarr: encode its times as numbers first");
  return name;
}

}  // namespace

void damaged_document(const std::string& where, const std::string& how) {
  throw InputError("cannot read " + where + ": " + how);
}

const Json& member_of(const Json& json, const char* name, const std::string& where) {
  if (!json.is_object() || !json.contains(name)) damaged_document(where, std::string("'") + name + "' is missing");
  return json.at(name);
}

Shape extents_in(const Json& json, const char* name, const std::string& where) {
  const Json& list = member_of(json, name, where);
  Shape shape;
  if (!list.is_array()) damaged_document(where, std::string("'") + name + "' is not a list");
  for (const Json& extent : list) {
    const bool fits = extent.is_number_integer() &&
                      (!extent.is_number_unsigned() || extent.get<std::uint64_t>() <= static_cast<std::uint64_t>(INT64_MAX));
    if (!fits || extent.get<std::int64_t>() < 0)
      damaged_document(where, std::string("'") + name + "' holds " + extent.dump() + ", which is no extent");
    shape.push_back(extent.get<std::int64_t>());
  }
  if (shape.size() > 64) damaged_document(where, std::string("'") + name + "' has more than 64 dims");
  return shape;
}

void check_extents(array::StoredArray& stored, const std::string& where) {
  if (stored.shape.size() != stored.chunk_shape.size())
    damaged_document(where, "shape and chunks differ in their number of dims");
  for (std::size_t axis = 0; axis < stored.shape.size(); ++axis) {
    if (stored.chunk_shape[axis] == 0 && stored.shape[axis] != 0) damaged_document(where, "a chunk has extent 0");
    if (stored.chunk_shape[axis] == 0) stored.chunk_shape[axis] = 1;
  }
  try {
    // 2^40 leaves room for every width an element can have.
    if (element_count(stored.shape) > INT64_MAX / 64 || element_count(stored.chunk_shape) > std::int64_t{1} << 40)
      damaged_document(where, "its shape or chunks are too large");
  } catch (const ShapeError&) {
    damaged_document(where, "its shape or chunks are too large");
  }
}

void set_number_type(ZarrArray& array, const NumberType& type) {
  array.stored.dtype = type.dtype;
  array.stored.big_endian = type.big_endian;
  array.ns_per_tick = type.ns_per_tick;
  array.is_half = type.is_half;
  const auto conversion = type.conversion();
  if (!conversion) return;
  array.stored.codecs.push_back(*conversion);
  array.stored.big_endian = false;
  array.stored_bytes = type.stored_bytes();
}

std::array<std::byte, 8> number_fill(const ZarrArray& array, const Json& json, const std::string& where) {
  return array.is_half ? half_fill_from_json(json, where) : fill_from_json(json, array.stored.dtype, where, array.ns_per_tick);
}

std::string number_name(const ZarrArray& array) { return array.is_half ? "float16" : name_of(array.stored.dtype); }

bool stores_half_floats(const array::OutputVariable& variable) {
  return !variable.codecs.empty() && variable.codecs.front().kind == codec::Kind::half_float;
}

int element_bytes_of(const ZarrArray& array) {
  switch (array.elements) {
    case ZarrArray::Elements::numbers:
      return array.stored_bytes != 0 ? array.stored_bytes : static_cast<int>(size_of(array.stored.dtype));
    case ZarrArray::Elements::fixed_bytes: return static_cast<int>(array.text_width);
    case ZarrArray::Elements::fixed_text: return static_cast<int>(array.text_width * 4);
    default: return 1;
  }
}

ZarrArray parse_zarray(const Json& json, const std::string& where) {
  if (!json.is_object()) damaged_document(where, "it holds no object");
  const Json& format = member_of(json, "zarr_format", where);
  if (format != 2) damaged_document(where, "zarr_format is " + format.dump() + ", not 2");
  ZarrArray array;
  array::StoredArray& stored = array.stored;
  stored.storage = array::Storage::zarr_files;
  stored.shape = extents_in(json, "shape", where);
  stored.chunk_shape = extents_in(json, "chunks", where);
  check_extents(stored, where);
  set_dtype(array, member_of(json, "dtype", where), where);
  const std::string order = json.value("order", Json("C")).dump();
  if (order != "\"C\"" && order != "\"F\"") damaged_document(where, "order is " + order + ", neither C nor F");
  stored.fortran_order = order == "\"F\"";
  const Json separator = json.value("dimension_separator", Json("."));
  if (separator != "." && separator != "/") damaged_document(where, "dimension_separator is " + separator.dump());
  stored.separator = separator.get<std::string>()[0];

  const Json filters = json.value("filters", Json());
  const Json compressor = json.value("compressor", Json());
  if (!filters.is_null() && !filters.is_array()) damaged_document(where, "filters is not a list");
  bool has_text_codec = false;
  for (const Json& filter : filters.is_null() ? Json::array() : filters) {
    add_codec(array, filter, where);
    has_text_codec = has_text_codec || (filter.is_object() && is_text_codec(filter.value("id", Json())));
  }
  if (!compressor.is_null()) add_codec(array, compressor, where);
  if (array.elements == ZarrArray::Elements::variable_text && !has_text_codec && array.note.empty())
    array.note = "objects are supported as texts of variable length only (vlen-utf8, vlen-bytes)";
  if (std::string reason; array.note.empty() && !codec::is_available(stored.codecs, reason)) array.note = reason;
  if (array.note.empty()) set_fill(array, json.value("fill_value", Json()), where);

  array.encoding.set("chunks", NdArray::from(stored.chunk_shape));
  array.encoding.set("compressor", compressor.dump());
  array.encoding.set("filters", filters.dump());
  array.encoding.set("dtype", array.elements == ZarrArray::Elements::numbers ? number_name(array)
                                                                            : json.at("dtype").dump());
  array.encoding.set("order", std::string(stored.fortran_order ? "F" : "C"));
  return array;
}

Json zarray_of(const array::OutputVariable& variable, std::int64_t text_width) {
  Json filters = Json::array();
  Json compressor = nullptr;
  for (std::size_t i = stores_half_floats(variable) ? 1 : 0; i < variable.codecs.size(); ++i) {
    const codec::Codec& codec = variable.codecs[i];
    const bool is_filter = codec.kind == codec::Kind::shuffle || codec::is_checksum(codec.kind) ||
                           codec::is_array_filter(codec.kind);
    if (i + 1 == variable.codecs.size() && !is_filter)
      compressor = numcodecs_config(codec);
    else
      filters.push_back(numcodecs_config(codec));
  }
  Shape chunks = variable.chunk_shape.empty() || variable.dtype == DType::string ? variable.shape : variable.chunk_shape;
  for (auto& extent : chunks) extent = std::max<std::int64_t>(extent, 1);
  const bool is_text = variable.dtype == DType::string;
  const Json fill = !variable.fill ? Json() : is_text ? text_fill(variable) : fill_to_json(*variable.fill);
  return {{"chunks", chunks},
          {"compressor", compressor},
          {"dimension_separator", "."},
          {"dtype", dtype_name(variable, text_width)},
          {"fill_value", fill},
          {"filters", filters.empty() ? Json(nullptr) : filters},
          {"order", "C"},
          {"shape", variable.shape},
          {"zarr_format", 2}};
}

}  // namespace rankine::store
