#include "store/hdf5/netcdf_attributes.hpp"

#include <netcdf.h>

#include <vector>

#include "base/error.hpp"
#include "store/hdf5/netcdf_file.hpp"

namespace rankine::store {
namespace {

/// The classic model's type for values of `dtype`, as xarray coerces.
DType classic_dtype(DType dtype) {
  switch (dtype) {
    case DType::boolean:
    case DType::uint8: return DType::int8;
    case DType::uint16: return DType::int16;
    case DType::uint32:
    case DType::uint64:
    case DType::int64: return DType::int32;
    default: return dtype;
  }
}

template <typename T>
bool narrow(const NdArray& from, NdArray& to) {
  for (std::int64_t i = 0; i < from.size(); ++i) {
    const std::int64_t value = from.as_int64(i);
    if (from.dtype() == DType::uint64 && from.values<std::uint64_t>()[static_cast<std::size_t>(i)] > INT64_MAX) return false;
    to.data<T>()[i] = static_cast<T>(value);
    if (static_cast<std::int64_t>(to.data<T>()[i]) != value) return false;
  }
  return true;
}

/// False if a value does not fit.
bool coerce_to_classic(const NdArray& from, NdArray& to) {
  const DType dtype = classic_dtype(from.dtype());
  if (dtype == from.dtype()) {
    to = from;
    return true;
  }
  to = NdArray(dtype, from.shape());
  return dtype == DType::int8    ? narrow<std::int8_t>(from, to)
         : dtype == DType::int16 ? narrow<std::int16_t>(from, to)
                                 : narrow<std::int32_t>(from, to);
}

void put_strings(int ncid, int variable, const std::string& name, const std::vector<std::string>& texts,
                 const array::OutputSpec& spec) {
  if (has_classic_model(spec.format))
    throw OutputError("cannot write attribute '" + name + "' to " + spec.path +
                      ": a list of strings needs format NETCDF4");
  std::vector<const char*> pointers;
  for (const std::string& text : texts) pointers.push_back(text.c_str());
  check_output(nc_put_att_string(ncid, variable, name.c_str(), pointers.size(), pointers.data()), spec.path,
               "attribute '" + name + "'");
}

void put_numbers(int ncid, int variable, const std::string& name, const NdArray& given, const array::OutputSpec& spec) {
  if (given.dtype() == DType::string) {
    if (given.ndim() == 0) {
      const std::string& text = given.strings().front();
      return check_output(nc_put_att_text(ncid, variable, name.c_str(), text.size(), text.data()), spec.path,
                          "attribute '" + name + "'");
    }
    return put_strings(ncid, variable, name, given.strings(), spec);
  }
  NdArray values = given;
  if (has_classic_model(spec.format) && spec.format != array::OutputFormat::netcdf3_64bit_data && !coerce_to_classic(given, values))
    throw OutputError("cannot write attribute '" + name + "' to " + spec.path + ": its " + name_of(given.dtype()) +
                      " value does not fit a type of this format; use format NETCDF4");
  check_output(nc_put_att(ncid, variable, name.c_str(), netcdf_type(values.dtype()),
                          static_cast<std::size_t>(values.size()), values.raw()),
               spec.path, "attribute '" + name + "'");
}

}  // namespace

bool has_classic_model(array::OutputFormat format) { return format != array::OutputFormat::netcdf4; }

void check_output(int status, const std::string& path, const std::string& what) {
  if (status != NC_NOERR) throw OutputError("cannot write " + what + " to " + path + ": " + nc_strerror(status));
}

void put_attributes(int ncid, int variable, const array::Attributes& attributes, const array::OutputSpec& spec) {
  for (const auto& [name, value] : attributes) {
    if (const auto* text = std::get_if<std::string>(&value))
      check_output(nc_put_att_text(ncid, variable, name.c_str(), text->size(), text->data()), spec.path,
                   "attribute '" + name + "'");
    else if (const auto* texts = std::get_if<std::vector<std::string>>(&value))
      put_strings(ncid, variable, name, *texts, spec);
    else put_numbers(ncid, variable, name, std::get<NdArray>(value), spec);
  }
}

}  // namespace rankine::store
