#include "store/zarr/zarr_codecs.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "store/zarr/zarr_dtype.hpp"

namespace rankine::store {
namespace {

using codec::Kind;

struct KindName {
  const char* id;
  Kind kind;
};
constexpr KindName kinds[] = {{"zlib", Kind::deflate},
                              {"gzip", Kind::gzip},
                              {"zstd", Kind::zstd},
                              {"lz4", Kind::lz4},
                              {"bz2", Kind::bz2},
                              {"blosc", Kind::blosc},
                              {"shuffle", Kind::shuffle},
                              {"fletcher32", Kind::fletcher32},
                              {"crc32c", Kind::crc32c},
                              {"crc32", Kind::crc32},
                              {"adler32", Kind::adler32},
                              {"delta", Kind::delta},
                              {"fixedscaleoffset", Kind::fixed_scale_offset},
                              {"astype", Kind::astype},
                              {"quantize", Kind::quantize},
                              {"bitround", Kind::bitround},
                              {"packbits", Kind::packbits}};

[[noreturn]] void damaged(const std::string& where, const std::string& how) {
  throw InputError("cannot read " + where + ": " + how);
}

int integer_or(const Json& json, const char* name, int otherwise) {
  const auto found = json.find(name);
  if (found == json.end() || !found->is_number_integer()) return otherwise;
  const auto value = found->get<std::int64_t>();
  return value < -1'000'000 || value > 1'000'000 ? otherwise : static_cast<int>(value);
}

double number_in(const Json& json, const char* name, const std::string& where) {
  const auto found = json.find(name);
  if (found == json.end() || !found->is_number()) damaged(where, std::string("a filter's ") + name + " is no number");
  return found->get<double>();
}

// The dtype under `name`; nullopt and a note if it is no type of numbers.
NumberType type_in(const Json& json, const char* name, const NumberType& otherwise, const std::string& where,
                   std::string& note) {
  const auto found = json.find(name);
  if (found == json.end() || found->is_null()) return otherwise;
  if (!found->is_string()) damaged(where, std::string("a filter's ") + name + " is no text");
  const auto type = number_type(found->get<std::string>());
  const bool is_plain = type && !type->conversion();
  if (!is_plain) note = "a filter of dtype '" + found->get<std::string>() + "' is not supported";
  return is_plain ? *type : otherwise;
}

void set_types(codec::Codec& codec, const Json& config, const char* value_key, const char* stored_key,
               const std::string& where, std::string& note) {
  if (!config.contains(value_key)) damaged(where, std::string("a filter has no ") + value_key);
  const NumberType value = type_in(config, value_key, {DType::uint8, false}, where, note);
  const NumberType stored = type_in(config, stored_key, value, where, note);
  codec.value_type = value.dtype;
  codec.value_big_endian = value.big_endian;
  codec.stored_type = stored.dtype;
  codec.stored_big_endian = stored.big_endian;
}

int blosc_shuffle_in(const Json& config, int element_bytes) {
  const auto found = config.find("shuffle");
  if (found != config.end() && found->is_string())
    return *found == "noshuffle" ? 0 : *found == "bitshuffle" ? 2 : 1;
  const int shuffle = integer_or(config, "shuffle", 1);
  return shuffle == -1 ? (element_bytes == 1 ? 2 : 1) : shuffle;  // numcodecs' AUTOSHUFFLE
}

std::string number_name(DType dtype, bool big_endian) {
  std::string name = numpy_name_of(dtype);
  if (big_endian && size_of(dtype) > 1) name[0] = '>';
  return name;
}

}  // namespace

codec::Codec numcodecs_step(const std::string& id, const Json& config, int element_bytes, const std::string& where,
                            std::string& note) {
  codec::Codec codec;
  codec.element_bytes = std::max(1, element_bytes);
  const auto* row = std::find_if(std::begin(kinds), std::end(kinds), [&](const KindName& kind) { return id == kind.id; });
  if (row == std::end(kinds)) {
    note = "codec '" + id + "' is not supported";
    return codec;
  }
  codec.kind = row->kind;
  codec.level = integer_or(config, "level", 1);
  switch (codec.kind) {
    case Kind::blosc:
      codec.level = integer_or(config, "clevel", 5);
      codec.element_bytes = std::max(1, integer_or(config, "typesize", codec.element_bytes));
      codec.blosc_shuffle = blosc_shuffle_in(config, codec.element_bytes);
      codec.blosc_compressor = config.value("cname", std::string("lz4"));
      break;
    case Kind::shuffle:
      codec.element_bytes = integer_or(config, "elementsize", 4);
      if (codec.element_bytes < 1) damaged(where, "the shuffle filter's elementsize is below 1");
      break;
    case Kind::fixed_scale_offset:
      codec.offset = number_in(config, "offset", where);
      codec.scale = number_in(config, "scale", where);
      set_types(codec, config, "dtype", "astype", where, note);
      break;
    case Kind::delta: set_types(codec, config, "dtype", "astype", where, note); break;
    case Kind::quantize:
      codec.level = integer_or(config, "digits", 0);
      set_types(codec, config, "dtype", "astype", where, note);
      break;
    case Kind::astype: set_types(codec, config, "decode_dtype", "encode_dtype", where, note); break;
    case Kind::bitround:
      codec.level = integer_or(config, "keepbits", 0);
      codec.value_type = codec.stored_type = codec.element_bytes == 8 ? DType::float64 : DType::float32;
      if (codec.level < 0 || codec.level > 52) damaged(where, "bitround keeps " + std::to_string(codec.level) + " bits");
      break;
    default: break;
  }
  return codec;
}

Json numcodecs_config(const codec::Codec& codec) {
  const std::string value = number_name(codec.value_type, codec.value_big_endian);
  const std::string stored = number_name(codec.stored_type, codec.stored_big_endian);
  switch (codec.kind) {
    case Kind::lz4: return {{"acceleration", 1}, {"id", "lz4"}};
    case Kind::blosc:
      return {{"blocksize", 0},
              {"clevel", codec.level},
              {"cname", codec.blosc_compressor.empty() ? "lz4" : codec.blosc_compressor},
              {"id", "blosc"},
              {"shuffle", codec.blosc_shuffle}};
    case Kind::shuffle: return {{"elementsize", codec.element_bytes}, {"id", "shuffle"}};
    case Kind::delta: return {{"astype", stored}, {"dtype", value}, {"id", "delta"}};
    case Kind::fixed_scale_offset:
      return {{"astype", stored},
              {"dtype", value},
              {"id", "fixedscaleoffset"},
              {"offset", codec.offset},
              {"scale", codec.scale}};
    case Kind::astype: return {{"decode_dtype", value}, {"encode_dtype", stored}, {"id", "astype"}};
    case Kind::quantize: return {{"astype", stored}, {"digits", codec.level}, {"dtype", value}, {"id", "quantize"}};
    case Kind::bitround: return {{"id", "bitround"}, {"keepbits", codec.level}};
    case Kind::deflate:
    case Kind::gzip:
    case Kind::zstd:
    case Kind::bz2:
      for (const KindName& row : kinds)
        if (row.kind == codec.kind) return {{"id", row.id}, {"level", codec.level}};
      break;
    default:
      for (const KindName& row : kinds)
        if (row.kind == codec.kind) return {{"id", row.id}};
  }
  throw OutputError("a codec (" + codec::describe({codec}) + ") has no name in Zarr");
}

codec::Codec v3_step(const std::string& name, const Json& config, int element_bytes, const std::string& where,
                     std::string& note) {
  static const std::string family = "numcodecs.";
  if (name.starts_with(family)) return numcodecs_step(name.substr(family.size()), config, element_bytes, where, note);
  if (name != "gzip" && name != "zstd" && name != "blosc" && name != "crc32c") {
    note = "codec '" + name + "' is not supported";
    return {};
  }
  return numcodecs_step(name, config, element_bytes, where, note);
}

Json v3_config(const codec::Codec& codec) {
  switch (codec.kind) {
    case Kind::gzip: return {{"name", "gzip"}, {"configuration", {{"level", codec.level}}}};
    case Kind::zstd: return {{"name", "zstd"}, {"configuration", {{"level", codec.level}, {"checksum", false}}}};
    case Kind::crc32c: return {{"name", "crc32c"}};
    case Kind::blosc: {
      static constexpr const char* shuffles[] = {"noshuffle", "shuffle", "bitshuffle"};
      return {{"name", "blosc"},
              {"configuration",
               {{"typesize", codec.element_bytes},
                {"cname", codec.blosc_compressor.empty() ? "lz4" : codec.blosc_compressor},
                {"clevel", codec.level},
                {"shuffle", shuffles[std::clamp(codec.blosc_shuffle, 0, 2)]},
                {"blocksize", 0}}}};
    }
    default: break;
  }
  Json config = numcodecs_config(codec);
  const std::string name = "numcodecs." + config.at("id").get<std::string>();
  config.erase("id");
  return {{"name", name}, {"configuration", config}};
}

}  // namespace rankine::store
