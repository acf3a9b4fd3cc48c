#include "array/cf_encode_zarr.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "array/cf_encode_variable.hpp"
#include "base/check.hpp"
#include "base/error.hpp"

namespace rankine::array {
namespace {

using nlohmann::json;
using codec::Kind;

// Parallel file systems suffer from many small files: more chunks than this are put together.
constexpr std::int64_t most_unsharded_chunks = 10'000;
constexpr std::uint64_t default_shard_bytes = 128u << 20;

constexpr const char* keys[] = {"chunks", "shards", "compressor", "compressors", "filters", "cache_metadata",
                                "write_empty_chunks"};

[[noreturn]] void refuse(const OutputVariable& out, const std::string& what) {
  throw UsageError("cannot write variable '" + out.name + "': " + what);
}

// Extents of the encoding; empty if there are none, one for every axis if there is one number.
Shape extents_of(const Variable& variable, const std::string& key) {
  const AttributeValue* value = encoding_of(variable, key);
  const auto* numbers = value == nullptr ? nullptr : std::get_if<NdArray>(value);
  if (numbers == nullptr || numbers->dtype() == DType::string) return {};
  if (numbers->ndim() == 0) return Shape(variable.shape().size(), numbers->as_int64(0));
  Shape extents;
  for (std::int64_t i = 0; i < numbers->size(); ++i) extents.push_back(numbers->as_int64(i));
  return extents;
}

DType dtype_in(const OutputVariable& out, const json& config, const char* key, DType otherwise) {
  if (!config.contains(key) || !config.at(key).is_string()) return otherwise;
  const std::string name = config.at(key).get<std::string>();
  if (name.starts_with(">")) refuse(out, std::string("a filter's ") + key + " '" + name + "' is big endian, which is not written");
  return parse_dtype(name);
}

int blosc_shuffle_of(const json& config, int element_bytes) {
  if (!config.contains("shuffle")) return 1;
  if (config.at("shuffle").is_string())
    return config.at("shuffle") == "noshuffle" ? 0 : config.at("shuffle") == "bitshuffle" ? 2 : 1;
  const int shuffle = config.at("shuffle").get<int>();
  return shuffle < 0 ? (element_bytes == 1 ? 2 : 1) : shuffle;  // numcodecs' AUTOSHUFFLE
}

// A configuration of numcodecs ({"id": ...}) or of v3 ({"name": ..., "configuration": ...}) as one step.
codec::Codec step_of(const OutputVariable& out, json config, DType& element) {
  if (!config.is_object()) refuse(out, config.dump() + " is no codec");
  std::string id = config.value("id", config.value("name", ""));
  if (config.contains("name")) config = config.value("configuration", json::object());
  if (id.starts_with("numcodecs.")) id.erase(0, 10);
  codec::Codec step;
  step.element_bytes = static_cast<int>(size_of(element));
  if (id == "blosc") {
    step.kind = Kind::blosc;
    step.blosc_compressor = config.value("cname", "lz4");
    step.level = config.value("clevel", 5);
    step.blosc_shuffle = blosc_shuffle_of(config, step.element_bytes);
  } else if (id == "zlib" || id == "gzip" || id == "zstd" || id == "bz2") {
    step.kind = id == "zlib" ? Kind::deflate : id == "gzip" ? Kind::gzip : id == "zstd" ? Kind::zstd : Kind::bz2;
    step.level = config.value("level", 1);
  } else if (id == "lz4") {
    step.kind = Kind::lz4;
    step.level = config.value("acceleration", 1);
  } else if (id == "shuffle") {
    step.kind = Kind::shuffle;
    step.element_bytes = config.value("elementsize", step.element_bytes);
  } else if (id == "fletcher32" || id == "crc32c" || id == "crc32" || id == "adler32") {
    step.kind = id == "fletcher32" ? Kind::fletcher32 : id == "crc32c" ? Kind::crc32c : id == "crc32" ? Kind::crc32 : Kind::adler32;
  } else if (id == "delta" || id == "fixedscaleoffset" || id == "quantize" || id == "astype") {
    step.kind = id == "delta" ? Kind::delta : id == "astype" ? Kind::astype : id == "quantize" ? Kind::quantize : Kind::fixed_scale_offset;
    step.value_type = dtype_in(out, config, id == "astype" ? "decode_dtype" : "dtype", element);
    step.stored_type = dtype_in(out, config, id == "astype" ? "encode_dtype" : "astype", step.value_type);
    if (step.value_type != element)
      refuse(out, "the filter '" + id + "' is for " + name_of(step.value_type) + ", the values are " + name_of(element));
    step.level = config.value("digits", 0);
    step.offset = config.value("offset", 0.0);
    step.scale = config.value("scale", 1.0);
    element = step.stored_type;
  } else if (id == "bitround") {
    if (!is_float(element)) refuse(out, "the filter 'bitround' is for floating-point values");
    step.kind = Kind::bitround;
    step.value_type = step.stored_type = element;
    step.level = config.value("keepbits", element == DType::float32 ? 23 : 52);
    if (step.level < 1 || step.level > 52) refuse(out, "bitround cannot keep " + std::to_string(step.level) + " bits");
  } else {
    throw UnsupportedError("cannot write variable '" + out.name + "': the Zarr codec '" + id + "' is not supported; " +
                           "give another with encoding={'" + out.name + "': {'compressor': ...}}");
  }
  std::string reason;
  if (!codec::is_available({step}, reason)) throw UnsupportedError("cannot write variable '" + out.name + "': " + reason);
  return step;
}

json parsed(const OutputVariable& out, const std::string& text) {
  const auto config = json::parse(text, nullptr, false);
  if (config.is_discarded()) refuse(out, "'" + text + "' is not a codec's JSON configuration");
  return config;
}

void add_steps(OutputVariable& out, const AttributeValue& value, OutputFormat format, DType& element) {
  if (is_none(value)) return;
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr) refuse(out, "a compressor or filter of its encoding is no codec");
  const json config = parsed(out, *text);
  if (config.is_null()) return;
  for (const json& one : config.is_array() ? config : json::array({config})) {
    const codec::Codec step = step_of(out, one, element);
    // v2 has no crc32c; a checksum that came from a v3 store is left behind.
    if (step.kind != Kind::crc32c || format == OutputFormat::zarr3) out.codecs.push_back(step);
  }
}

void choose_codecs(OutputVariable& out, const Variable& variable, OutputFormat format) {
  DType element = out.dtype;
  if (out.dtype == DType::string) return;
  if (asks_for_half_floats(variable)) {
    RANKINE_CHECK(is_float(out.dtype), "half floats are floats until they are stored");
    element = DType::uint16;  // what further steps see: two bytes
    out.codecs.push_back({.kind = Kind::half_float, .blosc_compressor = {}, .value_type = out.dtype, .stored_type = element});
  }
  try {
    if (const auto* filters = variable.encoding.find("filters")) add_steps(out, *filters, format, element);
    const AttributeValue* compressor = variable.encoding.find("compressors");
    if (compressor == nullptr) compressor = variable.encoding.find("compressor");
    if (compressor != nullptr) return add_steps(out, *compressor, format, element);
  } catch (const json::exception& error) {
    refuse(out, std::string("a codec of its encoding is malformed: ") + error.what());
  }
  out.codecs.push_back({.kind = Kind::blosc, .level = 5, .element_bytes = static_cast<int>(size_of(element)),
                        .blosc_shuffle = 1, .blosc_compressor = "lz4"});
}

void choose_shards(OutputVariable& out, const Variable& variable, OutputFormat format, bool from_user) {
  Shape shards = extents_of(variable, "shards");
  if (format != OutputFormat::zarr3) {
    if (!shards.empty() && from_user) refuse(out, "shards= needs zarr_format=3");
    return;
  }
  if (out.dtype == DType::string || out.shape.empty()) return;
  bool fits = shards.size() == out.shape.size();
  for (std::size_t axis = 0; fits && axis < shards.size(); ++axis)
    fits = shards[axis] > 0 && shards[axis] % out.chunk_shape[axis] == 0;
  if (!shards.empty() && !fits) {
    if (from_user)
      refuse(out, "shards=" + format_tuple(shards) + " are not made of whole chunks of " + format_tuple(out.chunk_shape));
    shards.clear();
  }
  if (shards.empty()) {
    const bool refused = from_user && variable.encoding.contains("shards");  // shards=None
    std::int64_t chunks = 1;
    for (std::size_t axis = 0; axis < out.shape.size(); ++axis) {
      const std::int64_t along = ceil_div(out.shape[axis], out.chunk_shape[axis]);
      chunks = along != 0 && chunks > INT64_MAX / along ? INT64_MAX : chunks * along;
    }
    if (refused || chunks <= most_unsharded_chunks) return;
    shards = shard_shape(out.shape, out.chunk_shape, size_of(out.dtype), default_shard_bytes);
  }
  out.inner_chunk_shape = out.chunk_shape;
  out.chunk_shape = shards;
}

}  // namespace

bool is_zarr_key(const std::string& key) { return std::find(std::begin(keys), std::end(keys), key) != std::end(keys); }
std::vector<std::string> zarr_keys() { return {std::begin(keys), std::end(keys)}; }

Shape shard_shape(const Shape& shape, const Shape& chunk, std::size_t element_bytes, std::uint64_t target_bytes) {
  Shape shard = chunk;
  std::uint64_t bytes = static_cast<std::uint64_t>(element_count(chunk)) * element_bytes;
  for (std::size_t axis = shape.size(); axis-- > 0 && bytes != 0 && bytes * 2 <= target_bytes;) {
    const auto most = static_cast<std::uint64_t>(ceil_div(shape[axis], chunk[axis]));
    const std::uint64_t factor = std::min(most, target_bytes / bytes);
    shard[axis] *= static_cast<std::int64_t>(factor);
    bytes *= factor;
  }
  return shard;
}

void choose_zarr_storage(OutputVariable& out, const Variable& variable, OutputFormat format, const Shape& suggested,
                         bool from_user) {
  Shape chunks = extents_of(variable, "chunks");
  if (chunks.size() != out.shape.size()) chunks.clear();
  for (const std::int64_t extent : chunks)
    if (extent < 1 && from_user)
      refuse(out, "encoding chunks=" + format_tuple(chunks) + " does not fit its shape " + format_tuple(out.shape));
  out.chunk_shape = chunks.empty() ? suggested : chunks;
  for (std::size_t axis = 0; axis < out.chunk_shape.size(); ++axis)
    out.chunk_shape[axis] = std::clamp<std::int64_t>(out.chunk_shape[axis], 1, std::max<std::int64_t>(out.shape[axis], 1));
  choose_codecs(out, variable, format);
  choose_shards(out, variable, format, from_user);
}

}  // namespace rankine::array
