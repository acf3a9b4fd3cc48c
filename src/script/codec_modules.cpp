#include "script/codec_modules.hpp"

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "script/interpreter.hpp"
#include "script/labelled.hpp"
#include "script/operations.hpp"

namespace rankine::script {

namespace {

using nlohmann::json;

json json_of(const Value& value) {
  if (value.is_none()) return nullptr;
  if (const auto* text = value.text()) return *text;
  if (const auto* truth = value.boolean()) return *truth;
  if (const auto* integer = value.integer()) return *integer;
  if (const auto* number = value.floating()) return *number;
  if (value.type() == Type::dtype || value.type() == Type::type_object) return name_of(to_dtype(value));
  json result;
  if (const auto dict = value.as<DictObject>()) {
    result = json::object();
    dict->each([&](const Value& key, const Value& item) { result[to_text(key, "a name in a codec")] = json_of(item); });
    return result;
  }
  const auto list = value.as<ListObject>();
  const auto tuple = value.as<TupleObject>();
  if (!list && !tuple) throw UsageError(std::string("a codec must come from numcodecs, not from ") + name_of(value.type()));
  result = json::array();
  for (const Value& item : list ? list->elements : tuple->elements) result.push_back(json_of(item));
  return result;
}

/// numcodecs' classes: name, id in the configuration, parameters with their defaults.
struct CodecClass {
  const char* name;
  const char* id;
  const char* signature;
  std::vector<std::pair<const char*, Value>> defaults;
};

const std::vector<CodecClass>& classes() {
  static const std::vector<CodecClass> all = {
      {"Blosc", "blosc", "cname=, clevel=, shuffle=, blocksize=", {{"cname", "lz4"}, {"clevel", 5}, {"shuffle", 1}, {"blocksize", 0}}},
      {"Zlib", "zlib", "level=", {{"level", 1}}},
      {"GZip", "gzip", "level=", {{"level", 1}}},
      {"BZ2", "bz2", "level=", {{"level", 1}}},
      {"Zstd", "zstd", "level=", {{"level", 1}}},
      {"LZ4", "lz4", "acceleration=", {{"acceleration", 1}}},
      {"Shuffle", "shuffle", "elementsize=", {{"elementsize", 4}}},
      {"CRC32", "crc32", "", {}},
      {"Adler32", "adler32", "", {}},
      {"BitRound", "bitround", "keepbits", {}},
      {"Delta", "delta", "dtype, astype=", {}},
      {"FixedScaleOffset", "fixedscaleoffset", "offset, scale, dtype, astype=", {}},
      {"Quantize", "quantize", "digits, dtype, astype=", {}},
      {"AsType", "astype", "encode_dtype, decode_dtype", {}}};
  return all;
}

Value make_codec(Interpreter&, const Arguments& args) {
  for (const CodecClass& codec : classes()) {
    if (args.binding->name != codec.name) continue;
    auto config = std::make_shared<DictObject>();
    config->set("id", codec.id);
    for (const auto& [name, value] : codec.defaults) config->set(name, value);
    for (const auto& parameter : args.binding->parameters)
      if (args.given(parameter.name)) config->set(parameter.name, args.get(parameter.name));
    return config;
  }
  return {};
}

}  // namespace

std::string codec_json(const Value& value) { return json_of(value).dump(); }

void add_codec_modules(BindingTable& table) {
  for (const CodecClass& codec : classes()) table.method(Type::numcodecs, codec.name, codec.signature, Type::dict, make_codec);
}

}  // namespace rankine::script
