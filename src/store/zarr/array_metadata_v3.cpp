#include <algorithm>
#include <cstring>
#include <limits>
#include <numeric>
#include <span>

#include "base/error.hpp"
#include "codec/array_filter.hpp"
#include "codec/checksum.hpp"
#include "store/zarr/array_metadata.hpp"
#include "store/zarr/zarr_codecs.hpp"
#include "store/zarr/zarr_dtype.hpp"
#include "store/zarr/zarr_fill.hpp"

/// Zarr v3 core specification, "Array metadata"; the sharding codec of ZEP 2.
namespace rankine::store {
namespace {

// Deeper than anybody nests shards, and short enough to read along.
constexpr std::size_t most_shard_levels = 8;

// {"name": ..., "configuration": {...}}, or the name alone.
struct Extension {
  std::string name;
  Json configuration = Json::object();
};

Extension extension_of(const Json& json, const char* what, const std::string& where) {
  Extension extension;
  const Json& name = json.is_object() ? member_of(json, "name", where) : json;
  if (!name.is_string()) damaged_document(where, std::string(what) + " has no name");
  extension.name = name.get<std::string>();
  if (json.is_object() && json.contains("configuration")) extension.configuration = json.at("configuration");
  if (!extension.configuration.is_object())
    damaged_document(where, std::string(what) + " '" + extension.name + "' has a configuration that is no object");
  return extension;
}

bool is_big_endian(const Extension& bytes, const std::string& where) {
  const Json endian = bytes.configuration.value("endian", Json("little"));
  if (endian != "little" && endian != "big") damaged_document(where, "endian is " + endian.dump());
  return endian == "big";
}

void set_data_type(ZarrArray& array, const Json& json, const std::string& where) {
  if (const auto number = v3_number_type(json)) return set_number_type(array, *number);
  const Extension type = extension_of(json, "data_type", where);
  array.stored.dtype = DType::string;
  if (type.name == "string" || type.name == "variable_length_bytes" || type.name == "bytes") {
    array.elements = ZarrArray::Elements::variable_text;
    array.is_bytes = type.name != "string";
  } else if (type.name == "fixed_length_utf32" || type.name == "null_terminated_bytes") {
    const bool is_text = type.name == "fixed_length_utf32";
    const Json length = type.configuration.value("length_bytes", Json());
    if (!length.is_number_unsigned() || length.get<std::uint64_t>() > (1u << 24) ||
        (is_text && length.get<std::uint64_t>() % 4 != 0))
      damaged_document(where, "the length of its texts is " + length.dump());
    array.elements = is_text ? ZarrArray::Elements::fixed_text : ZarrArray::Elements::fixed_bytes;
    array.text_width = length.get<std::int64_t>() / (is_text ? 4 : 1);
  } else {
    array.note = "data type " + json.dump() + " is not supported";
  }
}

// Reads one list of codecs; a sharding codec goes on with the list inside.
class CodecList {
 public:
  CodecList(ZarrArray& array, const std::string& where) : array_(array), stored_(array.stored), where_(where) {}

  void read(const Json& list) {
    if (!list.is_array()) damaged_document(where_, "'codecs' is not a list");
    bool has_serializer = false;
    for (std::size_t i = 0; i < list.size(); ++i) {
      const Extension codec = extension_of(list[i], "a codec", where_);
      if (codec.name == "sharding_indexed") {
        if (list.size() != 1) {
          unsupported("codecs beside sharding_indexed are not supported");
          return;
        }
        return read_shard(codec);
      }
      if (codec.name == "transpose") {
        if (has_serializer) damaged_document(where_, "transpose stands behind the bytes codec");
        transpose(codec);
      } else if (codec.name == "bytes" || codec.name == "endian") {
        if (has_serializer) damaged_document(where_, "it has two codecs that make bytes of arrays");
        has_serializer = true;
        set_endian(is_big_endian(codec, where_));
      } else if (codec.name == "vlen-utf8" || codec.name == "vlen-bytes") {
        if (array_.elements != ZarrArray::Elements::variable_text) unsupported(codec.name + " is for strings only");
        has_serializer = true;
      } else {
        stored_.codecs.push_back(v3_step(codec.name, codec.configuration, element_bytes_of(array_), where_, array_.note));
      }
    }
    if (!has_serializer) damaged_document(where_, "it has no codec that makes bytes of arrays");
  }

 private:
  void unsupported(const std::string& note) {
    if (array_.note.empty()) array_.note = note;
  }

  // Filters of numbers work on elements: what they give is what the bytes codec stores.
  void set_endian(bool big) {
    if (!stored_.codecs.empty() && codec::is_array_filter(stored_.codecs.back().kind))
      stored_.codecs.back().stored_big_endian = big;
    else
      stored_.big_endian = big;
  }

  void transpose(const Extension& codec) {
    const std::size_t ndim = stored_.shape.size();
    const Json order = codec.configuration.value("order", Json());
    Index axes;
    if (order == "C" || order == "F") {  // of drafts of the specification
      for (std::size_t axis = 0; axis < ndim; ++axis)
        axes.push_back(static_cast<std::int64_t>(order == "C" ? axis : ndim - 1 - axis));
    } else {
      axes = extents_in(codec.configuration, "order", where_);
    }
    Index sorted = axes;
    std::sort(sorted.begin(), sorted.end());
    Index all(ndim);
    std::iota(all.begin(), all.end(), 0);
    if (sorted != all) damaged_document(where_, "transpose order " + order.dump() + " is no order of its axes");
    if (stored_.axis_order.empty()) stored_.axis_order = all;
    Index combined;
    for (const std::int64_t axis : axes) combined.push_back(stored_.axis_order[static_cast<std::size_t>(axis)]);
    stored_.axis_order = combined;
    if (combined == all) stored_.axis_order.clear();
    if (!stored_.axis_order.empty() && array_.elements != ZarrArray::Elements::numbers)
      unsupported("transposed texts are not supported");
  }

  void read_shard(const Extension& codec) {
    if (stored_.zarr.shards.size() >= most_shard_levels) damaged_document(where_, "shards are nested too deeply");
    if (!stored_.axis_order.empty()) return unsupported("a transpose outside of sharding_indexed is not supported");
    array::ZarrKeys::Shard shard;
    shard.shape = stored_.chunk_shape;
    stored_.chunk_shape = extents_in(codec.configuration, "chunk_shape", where_);
    if (stored_.chunk_shape.size() != shard.shape.size())
      damaged_document(where_, "the chunks of its shards differ from its shape in their number of dims");
    for (std::size_t axis = 0; axis < shard.shape.size(); ++axis)
      if (stored_.chunk_shape[axis] <= 0 || shard.shape[axis] % stored_.chunk_shape[axis] != 0)
        damaged_document(where_, "shards of " + format_tuple(shard.shape) + " are not made of chunks of " +
                                     format_tuple(stored_.chunk_shape));
    const Json location = codec.configuration.value("index_location", Json("end"));
    if (location != "start" && location != "end") damaged_document(where_, "index_location is " + location.dump());
    shard.index_at_end = location == "end";
    const Json& index_codecs = member_of(codec.configuration, "index_codecs", where_);
    if (!index_codecs.is_array()) damaged_document(where_, "'index_codecs' is not a list");
    for (const Json& json : index_codecs) {
      const Extension step = extension_of(json, "a codec", where_);
      if (step.name == "bytes" || step.name == "endian") {
        shard.index_big_endian = is_big_endian(step, where_);
      } else if (step.name == "crc32c") {
        shard.index_codecs.push_back(v3_step(step.name, step.configuration, 8, where_, array_.note));
      } else {
        // The specification allows only what keeps the index's size known.
        unsupported("codec '" + step.name + "' of a shard's index is not supported");
      }
    }
    stored_.zarr.shards.push_back(std::move(shard));
    read(member_of(codec.configuration, "codecs", where_));
  }

  ZarrArray& array_;
  array::StoredArray& stored_;
  const std::string& where_;
};

void set_keys(ZarrArray& array, const Json& json, const std::string& where) {
  const Extension encoding = extension_of(json, "chunk_key_encoding", where);
  const bool is_default = encoding.name == "default";
  if (!is_default && encoding.name != "v2") {
    array.note = "chunk_key_encoding '" + encoding.name + "' is not supported";
    return;
  }
  const Json separator = encoding.configuration.value("separator", Json(is_default ? "/" : "."));
  if (separator != "." && separator != "/") damaged_document(where, "the separator of its keys is " + separator.dump());
  array.stored.separator = separator.get<std::string>()[0];
  if (is_default) array.stored.zarr.prefix = std::string("c") + array.stored.separator;
}

void check_known_members(const Json& json, ZarrArray& array) {
  static constexpr const char* known[] = {"zarr_format", "node_type", "shape", "data_type", "chunk_grid",
                                          "chunk_key_encoding", "fill_value", "codecs", "attributes",
                                          "dimension_names", "storage_transformers", "consolidated_metadata"};
  for (const auto& [key, value] : json.items()) {
    if (std::find(std::begin(known), std::end(known), key) != std::end(known)) continue;
    const bool may_be_ignored = value.is_object() && value.value("must_understand", Json(true)) == false;
    if (!may_be_ignored && array.note.empty()) array.note = "the extension '" + key + "' is not supported";
  }
  const Json transformers = json.value("storage_transformers", Json());
  if (!transformers.is_null() && !transformers.empty() && array.note.empty())
    array.note = "storage transformers are not supported";
}

// xarray takes the attribute, never the array's own fill value, as the mark of missing data.
void set_fill_v3(ZarrArray& array, const Json& json, const std::string& where) {
  if (json.is_null() || json.is_array()) return;
  if (array.elements == ZarrArray::Elements::numbers)
    array.stored.fill = number_fill(array, json, where);
  else if (json.is_string())
    array.text_fill = array.elements == ZarrArray::Elements::fixed_bytes || array.is_bytes ? from_base64(json.get<std::string>())
                                                                         : json.get<std::string>();
}

}  // namespace

ZarrArray parse_v3_array(const Json& json, const std::string& where) {
  if (!json.is_object()) damaged_document(where, "it holds no object");
  const Json& format = member_of(json, "zarr_format", where);
  if (format != 3) damaged_document(where, "zarr_format is " + format.dump() + ", not 3");
  ZarrArray array;
  array::StoredArray& stored = array.stored;
  stored.storage = array::Storage::zarr_files;
  stored.zarr.metadata = "zarr.json";
  stored.shape = extents_in(json, "shape", where);
  const Extension grid = extension_of(member_of(json, "chunk_grid", where), "chunk_grid", where);
  check_known_members(json, array);
  set_data_type(array, member_of(json, "data_type", where), where);
  if (grid.name != "regular") {
    array.note = "chunk grid '" + grid.name + "' is not supported";
    stored.chunk_shape = Shape(stored.shape.size(), 1);
    return array;
  }
  stored.chunk_shape = extents_in(grid.configuration, "chunk_shape", where);
  check_extents(stored, where);
  set_keys(array, member_of(json, "chunk_key_encoding", where), where);
  const Shape object_shape = stored.chunk_shape;
  CodecList(array, where).read(member_of(json, "codecs", where));
  if (std::string reason; array.note.empty() && !codec::is_available(stored.codecs, reason)) array.note = reason;
  if (array.note.empty()) set_fill_v3(array, json.value("fill_value", Json()), where);

  array.encoding.set("chunks", NdArray::from(stored.chunk_shape));
  if (!stored.zarr.shards.empty()) array.encoding.set("shards", NdArray::from(object_shape));
  Json compressors = Json::array();
  for (const auto& codec : stored.codecs) {
    const bool is_of_dtype = codec.kind == codec::Kind::half_float || codec.kind == codec::Kind::time_unit;
    if (!is_of_dtype) compressors.push_back(array.note.empty() ? v3_config(codec) : Json());
  }
  array.encoding.set("compressors", compressors.dump());
  array.encoding.set("dtype", array.elements == ZarrArray::Elements::numbers ? number_name(array) : "str");
  return array;
}

Json v3_array_of(const array::OutputVariable& variable, const Json& attributes) {
  const bool is_text = variable.dtype == DType::string;
  const bool is_half = stores_half_floats(variable);
  const Json data_type = is_text ? Json("string") : is_half ? Json("float16") : v3_data_type_of(variable.dtype);
  if (data_type.is_null())
    throw OutputError("variable " + variable.name + " of dtype " + name_of(variable.dtype) +
                      " cannot be written to Zarr: encode its times as numbers first");
  Json codecs = Json::array();
  bool serialised = false;
  const Json bytes = is_text ? Json{{"name", "vlen-utf8"}}
                     : size_of(variable.dtype) == 1
                         ? Json{{"name", "bytes"}}
                         : Json{{"name", "bytes"}, {"configuration", {{"endian", "little"}}}};
  for (const auto& codec : std::span(variable.codecs).subspan(is_half ? 1 : 0)) {
    if (!serialised && !codec::is_array_filter(codec.kind)) {
      codecs.push_back(bytes);
      serialised = true;
    }
    codecs.push_back(v3_config(codec));
  }
  if (!serialised) codecs.push_back(bytes);
  Shape objects = variable.chunk_shape.empty() || is_text ? variable.shape : variable.chunk_shape;
  for (auto& extent : objects) extent = std::max<std::int64_t>(extent, 1);
  if (!variable.inner_chunk_shape.empty()) {
    const Json index_codecs = {{{"name", "bytes"}, {"configuration", {{"endian", "little"}}}}, {{"name", "crc32c"}}};
    codecs = Json::array({{{"name", "sharding_indexed"},
                           {"configuration",
                            {{"chunk_shape", variable.inner_chunk_shape},
                             {"codecs", codecs},
                             {"index_codecs", index_codecs},
                             {"index_location", "end"}}}}});
  }
  Json fill = is_text ? Json("") : Json(0);
  if (variable.fill) fill = is_text ? Json(variable.fill->strings().at(0)) : fill_to_json(*variable.fill);
  else if (variable.dtype == DType::boolean) fill = false;
  else if (is_float(variable.dtype)) fill = 0.0;
  return {{"zarr_format", 3},
          {"node_type", "array"},
          {"shape", variable.shape},
          {"data_type", data_type},
          {"chunk_grid", {{"name", "regular"}, {"configuration", {{"chunk_shape", objects}}}}},
          {"chunk_key_encoding", {{"name", "default"}, {"configuration", {{"separator", "/"}}}}},
          {"fill_value", fill},
          {"codecs", codecs},
          {"attributes", attributes},
          {"dimension_names", variable.dims},
          {"storage_transformers", Json::array()}};
}

}  // namespace rankine::store
