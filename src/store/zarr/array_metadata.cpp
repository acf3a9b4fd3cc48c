#include "store/zarr/array_metadata.hpp"

#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/error.hpp"

namespace rankine::store {
namespace {

[[noreturn]] void damaged(const std::string& where, const std::string& how) {
  throw InputError("cannot read " + where + ": " + how);
}

const Json& member(const Json& json, const char* name, const std::string& where) {
  if (!json.is_object() || !json.contains(name)) damaged(where, std::string("'") + name + "' is missing");
  return json.at(name);
}

Shape extents(const Json& json, const char* name, const std::string& where) {
  const Json& list = member(json, name, where);
  Shape shape;
  if (!list.is_array()) damaged(where, std::string("'") + name + "' is not a list");
  for (const Json& extent : list) {
    if (!extent.is_number_integer() || extent.get<std::int64_t>() < 0)
      damaged(where, std::string("'") + name + "' holds " + extent.dump() + ", which is no extent");
    shape.push_back(extent.get<std::int64_t>());
  }
  return shape;
}

int integer_or(const Json& json, const char* name, int otherwise) {
  const auto found = json.find(name);
  if (found == json.end() || !found->is_number_integer()) return otherwise;
  const auto value = found->get<std::int64_t>();
  return value < -1000 || value > 1'000'000 ? otherwise : static_cast<int>(value);
}

// Sets dtype, byte order and the kind of elements from NumPy's name of the dtype.
void set_dtype(ZarrArray& array, const Json& json, const std::string& where) {
  if (!json.is_string()) {
    array.note = "structured dtypes are not supported";
    return;
  }
  const std::string name = json.get<std::string>();
  if (name.size() < 2 || std::string("<>|").find(name[0]) == std::string::npos)
    damaged(where, "'" + name + "' is no dtype");
  array.stored.big_endian = name[0] == '>';
  const std::string kind = name.substr(1);
  static const std::pair<const char*, DType> names[] = {
      {"b1", DType::boolean}, {"i1", DType::int8},     {"i2", DType::int16},    {"i4", DType::int32},
      {"i8", DType::int64},   {"u1", DType::uint8},    {"u2", DType::uint16},   {"u4", DType::uint32},
      {"u8", DType::uint64},  {"f4", DType::float32},  {"f8", DType::float64},  {"M8[ns]", DType::datetime64},
      {"m8[ns]", DType::timedelta64}};
  for (const auto& [text, dtype] : names)
    if (kind == text) {
      array.stored.dtype = dtype;
      return;
    }
  array.stored.dtype = DType::string;
  if (kind == "O") {
    array.elements = ZarrArray::Elements::variable_text;
    return;
  }
  if (kind[0] == 'S' || kind[0] == 'U') {
    const auto [end, error] = std::from_chars(kind.data() + 1, kind.data() + kind.size(), array.text_width);
    if (error != std::errc() || end != kind.data() + kind.size() || array.text_width < 0 ||
        array.text_width > (1 << 24))
      damaged(where, "'" + name + "' is no dtype");
    array.elements = kind[0] == 'S' ? ZarrArray::Elements::fixed_bytes : ZarrArray::Elements::fixed_text;
    return;
  }
  array.note = "dtype '" + name + "' is not supported";
}

int element_bytes_of(const ZarrArray& array) {
  switch (array.elements) {
    case ZarrArray::Elements::numbers: return static_cast<int>(size_of(array.stored.dtype));
    case ZarrArray::Elements::fixed_bytes: return static_cast<int>(array.text_width);
    case ZarrArray::Elements::fixed_text: return static_cast<int>(array.text_width * 4);
    default: return 1;
  }
}

void add_codec(ZarrArray& array, const Json& json, const std::string& where) {
  const Json& id_json = member(json, "id", where);
  if (!id_json.is_string()) damaged(where, "a codec's id is not a text");
  const std::string id = id_json.get<std::string>();
  codec::Codec codec;
  codec.element_bytes = std::max(1, element_bytes_of(array));
  codec.level = integer_or(json, "level", 1);
  if (id == "zlib") {
    codec.kind = codec::Kind::deflate;
  } else if (id == "gzip") {
    codec.kind = codec::Kind::gzip;
  } else if (id == "zstd") {
    codec.kind = codec::Kind::zstd;
  } else if (id == "lz4") {
    codec.kind = codec::Kind::lz4;
  } else if (id == "bz2") {
    codec.kind = codec::Kind::bz2;
  } else if (id == "blosc") {
    codec.kind = codec::Kind::blosc;
    codec.level = integer_or(json, "clevel", 5);
    codec.blosc_shuffle = integer_or(json, "shuffle", 1);
    if (codec.blosc_shuffle == -1) codec.blosc_shuffle = codec.element_bytes == 1 ? 2 : 1;  // numcodecs' AUTO
    codec.blosc_compressor = json.value("cname", std::string("lz4"));
  } else if (id == "shuffle") {
    codec.kind = codec::Kind::shuffle;
    codec.element_bytes = integer_or(json, "elementsize", 4);
    if (codec.element_bytes < 1) damaged(where, "the shuffle filter's elementsize is below 1");
  } else if (id == "fletcher32") {
    codec.kind = codec::Kind::fletcher32;
  } else if (id == "vlen-utf8" && array.elements == ZarrArray::Elements::variable_text) {
    return;
  } else {
    array.note = "codec '" + id + "' is not supported";
    return;
  }
  array.stored.codecs.push_back(codec);
}

double special_or_number(const Json& json, const std::string& where) {
  if (json.is_number()) return json.get<double>();
  std::string word = json.is_string() ? json.get<std::string>() : "";
  if (!word.empty() && word[0] == bare_word_mark) word.erase(0, 1);
  if (word == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (word == "Infinity") return std::numeric_limits<double>::infinity();
  if (word == "-Infinity") return -std::numeric_limits<double>::infinity();
  damaged(where, "fill_value " + json.dump() + " is no number");
}

std::string from_base64(const std::string& text) {
  static const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  unsigned bits = 0;
  int count = 0;
  for (const char c : text) {
    const auto digit = digits.find(c);
    if (digit == std::string::npos) continue;
    bits = bits << 6 | static_cast<unsigned>(digit);
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes += static_cast<char>(bits >> count & 0xff);
    }
  }
  bytes.erase(bytes.find_last_not_of('\0') + 1);
  return bytes;
}

template <typename T>
T fill_as(const Json& json, const std::string& where) {
  if constexpr (std::is_same_v<T, bool>) {
    if (json.is_boolean()) return json.get<bool>();
    if (json.is_number()) return json.get<double>() != 0;
  } else if constexpr (std::is_floating_point_v<T>) {
    return static_cast<T>(json.is_boolean() ? json.get<bool>() : special_or_number(json, where));
  } else {
    if (json.is_boolean()) return static_cast<T>(json.get<bool>());
    if (json.is_number_unsigned() && json.get<std::uint64_t>() <= static_cast<std::uint64_t>(std::numeric_limits<T>::max()))
      return static_cast<T>(json.get<std::uint64_t>());
    if (json.is_number_integer() && !json.is_number_unsigned() &&
        json.get<std::int64_t>() >= static_cast<std::int64_t>(std::numeric_limits<T>::min()))
      return static_cast<T>(json.get<std::int64_t>());
    if (json.is_number_float()) {
      const double value = json.get<double>();
      if (std::nearbyint(value) == value && std::abs(value) < 9e15 &&
          value >= static_cast<double>(std::numeric_limits<T>::min()) &&
          value <= static_cast<double>(std::numeric_limits<T>::max()))
        return static_cast<T>(value);
    }
  }
  damaged(where, "fill_value " + json.dump() + " does not fit the dtype");
}

void set_fill(ZarrArray& array, const Json& json, const std::string& where) {
  if (json.is_null()) return;
  array.has_fill = true;
  switch (array.elements) {
    case ZarrArray::Elements::numbers:
      dispatch(array.stored.dtype, [&]<typename T>() {
        const T value = fill_as<T>(json, where);
        std::memcpy(array.stored.fill.data(), &value, sizeof value);
      });
      break;
    case ZarrArray::Elements::fixed_bytes:
      array.text_fill = json.is_string() ? from_base64(json.get<std::string>()) : "";
      break;
    default: array.text_fill = json.is_string() ? json.get<std::string>() : ""; break;
  }
}

Json json_of(const codec::Codec& codec) {
  switch (codec.kind) {
    case codec::Kind::deflate: return {{"id", "zlib"}, {"level", codec.level}};
    case codec::Kind::gzip: return {{"id", "gzip"}, {"level", codec.level}};
    case codec::Kind::zstd: return {{"id", "zstd"}, {"level", codec.level}};
    case codec::Kind::bz2: return {{"id", "bz2"}, {"level", codec.level}};
    case codec::Kind::lz4: return {{"acceleration", 1}, {"id", "lz4"}};
    case codec::Kind::blosc:
      return {{"blocksize", 0},
              {"clevel", codec.level},
              {"cname", codec.blosc_compressor.empty() ? "lz4" : codec.blosc_compressor},
              {"id", "blosc"},
              {"shuffle", codec.blosc_shuffle}};
    case codec::Kind::shuffle: return {{"elementsize", codec.element_bytes}, {"id", "shuffle"}};
    case codec::Kind::fletcher32: return {{"id", "fletcher32"}};
  }
  return nullptr;
}

std::string dtype_name(const array::OutputVariable& variable, std::int64_t text_width) {
  switch (variable.dtype) {
    case DType::boolean: return "|b1";
    case DType::int8: return "|i1";
    case DType::uint8: return "|u1";
    case DType::int16: return "<i2";
    case DType::int32: return "<i4";
    case DType::int64: return "<i8";
    case DType::uint16: return "<u2";
    case DType::uint32: return "<u4";
    case DType::uint64: return "<u8";
    case DType::float32: return "<f4";
    case DType::float64: return "<f8";
    case DType::datetime64: return "<M8[ns]";
    case DType::timedelta64: return "<m8[ns]";
    case DType::string: return "<U" + std::to_string(text_width);
    case DType::cftime: break;
  }
  throw OutputError("variable " + variable.name + " of dtype " + name_of(variable.dtype) +
                    " cannot be written to Zarr: encode its times as numbers first");
}

Json fill_json(const array::OutputVariable& variable) {
  if (!variable.fill) return nullptr;
  if (variable.dtype == DType::string) return variable.fill->strings().at(0);
  if (variable.dtype == DType::boolean) return variable.fill->data<bool>()[0];
  if (variable.dtype == DType::uint64) return variable.fill->data<std::uint64_t>()[0];
  if (!is_float(variable.dtype)) return variable.fill->as_int64(0);
  const double value = variable.fill->as_double(0);
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  return value;
}

}  // namespace

ZarrArray parse_zarray(const Json& json, const std::string& where) {
  if (!json.is_object()) damaged(where, "it holds no object");
  const Json& format = member(json, "zarr_format", where);
  if (format != 2) damaged(where, "zarr_format is " + format.dump() + ", not 2");
  ZarrArray array;
  array::StoredArray& stored = array.stored;
  stored.storage = array::Storage::zarr_files;
  stored.shape = extents(json, "shape", where);
  stored.chunk_shape = extents(json, "chunks", where);
  if (stored.shape.size() != stored.chunk_shape.size())
    damaged(where, "shape and chunks differ in their number of dims");
  for (std::size_t axis = 0; axis < stored.shape.size(); ++axis) {
    if (stored.chunk_shape[axis] == 0 && stored.shape[axis] != 0) damaged(where, "a chunk has extent 0");
    if (stored.chunk_shape[axis] == 0) stored.chunk_shape[axis] = 1;
  }
  set_dtype(array, member(json, "dtype", where), where);
  try {
    // 2^40 leaves room for every width an element can have.
    if (element_count(stored.shape) > INT64_MAX / 64 || element_count(stored.chunk_shape) > std::int64_t{1} << 40)
      damaged(where, "its shape or chunks are too large");
  } catch (const ShapeError&) {
    damaged(where, "its shape or chunks are too large");
  }
  const std::string order = json.value("order", Json("C")).dump();
  if (order != "\"C\"" && order != "\"F\"") damaged(where, "order is " + order + ", neither C nor F");
  stored.fortran_order = order == "\"F\"";
  const Json separator = json.value("dimension_separator", Json("."));
  if (separator != "." && separator != "/") damaged(where, "dimension_separator is " + separator.dump());
  stored.separator = separator.get<std::string>()[0];

  const Json filters = json.value("filters", Json());
  const Json compressor = json.value("compressor", Json());
  if (!filters.is_null() && !filters.is_array()) damaged(where, "filters is not a list");
  bool has_text_codec = false;
  for (const Json& filter : filters.is_null() ? Json::array() : filters) {
    add_codec(array, filter, where);
    has_text_codec = has_text_codec || (filter.is_object() && filter.value("id", Json()) == "vlen-utf8");
  }
  if (!compressor.is_null()) add_codec(array, compressor, where);
  if (array.elements == ZarrArray::Elements::variable_text && !has_text_codec && array.note.empty())
    array.note = "objects are supported as variable-length UTF-8 texts only";
  if (std::string reason; array.note.empty() && !codec::is_available(stored.codecs, reason)) array.note = reason;
  if (array.note.empty()) set_fill(array, json.value("fill_value", Json()), where);

  array.encoding.set("chunks", NdArray::from(stored.chunk_shape));
  array.encoding.set("compressor", compressor.dump());
  array.encoding.set("filters", filters.dump());
  array.encoding.set("dtype", array.elements == ZarrArray::Elements::numbers ? name_of(stored.dtype)
                                                                            : json.at("dtype").dump());
  array.encoding.set("order", std::string(stored.fortran_order ? "F" : "C"));
  return array;
}

Json zarray_of(const array::OutputVariable& variable, std::int64_t text_width) {
  Json filters = Json::array();
  Json compressor = nullptr;
  for (std::size_t i = 0; i < variable.codecs.size(); ++i) {
    const codec::Codec& codec = variable.codecs[i];
    const bool is_filter = codec.kind == codec::Kind::shuffle || codec.kind == codec::Kind::fletcher32;
    if (i + 1 == variable.codecs.size() && !is_filter)
      compressor = json_of(codec);
    else
      filters.push_back(json_of(codec));
  }
  Shape chunks = variable.chunk_shape.empty() || variable.dtype == DType::string ? variable.shape : variable.chunk_shape;
  for (auto& extent : chunks) extent = std::max<std::int64_t>(extent, 1);
  return {{"chunks", chunks},
          {"compressor", compressor},
          {"dimension_separator", "."},
          {"dtype", dtype_name(variable, text_width)},
          {"fill_value", fill_json(variable)},
          {"filters", filters.empty() ? Json(nullptr) : filters},
          {"order", "C"},
          {"shape", variable.shape},
          {"zarr_format", 2}};
}

}  // namespace rankine::store
