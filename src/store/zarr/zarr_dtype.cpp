#include "store/zarr/zarr_dtype.hpp"

namespace rankine::store {
namespace {

struct Names {
  DType dtype;
  const char* numpy;
  const char* v3;
};
constexpr Names names[] = {
    {DType::boolean, "b1", "bool"},      {DType::int8, "i1", "int8"},       {DType::int16, "i2", "int16"},
    {DType::int32, "i4", "int32"},       {DType::int64, "i8", "int64"},     {DType::uint8, "u1", "uint8"},
    {DType::uint16, "u2", "uint16"},     {DType::uint32, "u4", "uint32"},   {DType::uint64, "u8", "uint64"},
    {DType::float32, "f4", "float32"},   {DType::float64, "f8", "float64"}, {DType::datetime64, "M8[ns]", "numpy.datetime64"},
    {DType::timedelta64, "m8[ns]", "numpy.timedelta64"}};

/// Nanoseconds of NumPy's units; 0 for months and years, which have no one length, and for what is shorter.
std::int64_t ns_of_unit(const std::string& unit) {
  constexpr std::int64_t second = 1'000'000'000;
  if (unit == "ns") return 1;
  if (unit == "us") return 1000;
  if (unit == "ms") return 1'000'000;
  if (unit == "s") return second;
  if (unit == "m") return 60 * second;
  if (unit == "h") return 3600 * second;
  if (unit == "D") return 86400 * second;
  if (unit == "W") return 7 * 86400 * second;
  return 0;
}

/// "M8[s]", "m8[ms]".
std::optional<NumberType> time_type(const std::string& name, bool big_endian) {
  const bool is_date = name.starts_with("M8[");
  if ((!is_date && !name.starts_with("m8[")) || name.back() != ']') return std::nullopt;
  const std::int64_t ns = ns_of_unit(name.substr(3, name.size() - 4));
  if (ns == 0) return std::nullopt;
  return NumberType{is_date ? DType::datetime64 : DType::timedelta64, big_endian, false, ns};
}

}  // namespace

std::optional<codec::Codec> NumberType::conversion() const {
  if (!is_half && ns_per_tick == 1) return std::nullopt;
  codec::Codec codec{.kind = is_half ? codec::Kind::half_float : codec::Kind::time_unit, .blosc_compressor = {}};
  codec.value_type = is_half ? DType::float32 : DType::int64;
  codec.stored_type = is_half ? DType::uint16 : DType::int64;
  codec.stored_big_endian = big_endian;
  codec.scale = static_cast<double>(ns_per_tick);
  return codec;
}

std::optional<NumberType> number_type(const std::string& numpy_name) {
  if (numpy_name.size() < 3 || std::string("<>|").find(numpy_name[0]) == std::string::npos) return std::nullopt;
  for (const Names& row : names)
    if (numpy_name.substr(1) == row.numpy) return NumberType{row.dtype, numpy_name[0] == '>'};
  if (numpy_name.substr(1) == "f2") return NumberType{DType::float32, numpy_name[0] == '>', true};
  return time_type(numpy_name.substr(1), numpy_name[0] == '>');
}

std::string numpy_name_of(DType dtype) {
  for (const Names& row : names)
    if (row.dtype == dtype) return (size_of(dtype) == 1 ? "|" : "<") + std::string(row.numpy);
  return "";
}

std::optional<NumberType> v3_number_type(const Json& data_type) {
  const bool is_object = data_type.is_object() && data_type.contains("name");
  const Json& name = is_object ? data_type.at("name") : data_type;
  if (name == "float16") return NumberType{DType::float32, false, true};
  for (const Names& row : names) {
    if (name != row.v3) continue;
    if (!is_time(row.dtype)) return NumberType{row.dtype};
    const Json nothing = Json::object();
    const Json configuration = is_object ? data_type.value("configuration", nothing) : nothing;
    if (!configuration.is_object()) return std::nullopt;
    const Json unit = configuration.value("unit", Json());
    const Json factor = configuration.value("scale_factor", Json(1));
    const std::int64_t ns = unit.is_string() ? ns_of_unit(unit.get<std::string>()) : 0;
    if (ns == 0 || !factor.is_number_integer()) return std::nullopt;
    NumberType type{row.dtype};
    const bool overflows = __builtin_mul_overflow(ns, factor.get<std::int64_t>(), &type.ns_per_tick);
    return overflows || type.ns_per_tick < 1 || type.ns_per_tick > std::int64_t{1} << 53 ? std::nullopt : std::optional(type);
  }
  return std::nullopt;
}

Json v3_data_type_of(DType dtype) {
  for (const Names& row : names) {
    if (row.dtype != dtype) continue;
    if (!is_time(dtype)) return row.v3;
    return {{"name", row.v3}, {"configuration", {{"unit", "ns"}, {"scale_factor", 1}}}};
  }
  return nullptr;
}

}  // namespace rankine::store
