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

}  // namespace

std::optional<NumberType> number_type(const std::string& numpy_name) {
  if (numpy_name.size() < 3 || std::string("<>|").find(numpy_name[0]) == std::string::npos) return std::nullopt;
  for (const Names& row : names)
    if (numpy_name.substr(1) == row.numpy) return NumberType{row.dtype, numpy_name[0] == '>'};
  return std::nullopt;
}

std::string numpy_name_of(DType dtype) {
  for (const Names& row : names)
    if (row.dtype == dtype) return (size_of(dtype) == 1 ? "|" : "<") + std::string(row.numpy);
  return "";
}

std::optional<DType> v3_number_type(const Json& data_type) {
  const bool is_object = data_type.is_object() && data_type.contains("name");
  const Json& name = is_object ? data_type.at("name") : data_type;
  for (const Names& row : names) {
    if (name != row.v3) continue;
    if (!is_time(row.dtype)) return row.dtype;
    const Json nothing = Json::object();
    const Json configuration = is_object ? data_type.value("configuration", nothing) : nothing;
    const bool nanoseconds = configuration.is_object() && configuration.value("unit", Json()) == "ns" &&
                             configuration.value("scale_factor", Json(1)) == 1;
    return nanoseconds ? std::optional(row.dtype) : std::nullopt;
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
