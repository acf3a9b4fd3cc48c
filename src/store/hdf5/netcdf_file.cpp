#include "store/hdf5/netcdf_file.hpp"

#include <vector>

#include "base/error.hpp"
#include "store/hdf5/hdf5_handle.hpp"
#include "store/stored_file.hpp"

namespace rankine::store {
namespace {

array::AttributeValue read_strings(const NetcdfFile& file, int variable, const std::string& name, std::size_t length) {
  std::vector<char*> texts(length, nullptr);
  if (length != 0)
    file.check(nc_get_att_string(file.id(), variable, name.c_str(), texts.data()), "attribute '" + name + "'");
  std::vector<std::string> values;
  for (const char* text : texts) values.emplace_back(text == nullptr ? "" : text);
  if (length != 0) nc_free_string(length, texts.data());
  if (values.size() == 1) return values.front();
  return values;
}

}  // namespace

NetcdfFile::NetcdfFile(const std::string& path) : path_(path) {
  silence_hdf5();
  const int status = nc_open(path.c_str(), NC_NOWRITE, &id_);
  if (status != NC_NOERR)
    throw InputError("cannot open " + path + ": " + nc_strerror(status) + " (libnetcdf); is the file complete?");
}

void NetcdfFile::check(int status, const std::string& what) const {
  if (status != NC_NOERR) throw InputError("cannot read " + what + " of " + path_ + ": " + nc_strerror(status));
}

bool numeric_dtype(int ncid, nc_type type, DType& dtype) {
  switch (type) {
    case NC_BYTE: dtype = DType::int8; return true;
    case NC_SHORT: dtype = DType::int16; return true;
    case NC_INT: dtype = DType::int32; return true;
    case NC_INT64: dtype = DType::int64; return true;
    case NC_UBYTE: dtype = DType::uint8; return true;
    case NC_USHORT: dtype = DType::uint16; return true;
    case NC_UINT: dtype = DType::uint32; return true;
    case NC_UINT64: dtype = DType::uint64; return true;
    case NC_FLOAT: dtype = DType::float32; return true;
    case NC_DOUBLE: dtype = DType::float64; return true;
    default: break;
  }
  if (type < NC_FIRSTUSERTYPEID) return false;
  int type_class = 0;
  nc_type base = NC_NAT;
  if (nc_inq_user_type(ncid, type, nullptr, nullptr, &base, nullptr, &type_class) != NC_NOERR) return false;
  return type_class == NC_ENUM && numeric_dtype(ncid, base, dtype);
}

nc_type netcdf_type(DType dtype) {
  switch (dtype) {
    case DType::boolean:
    case DType::int8: return NC_BYTE;
    case DType::int16: return NC_SHORT;
    case DType::int32: return NC_INT;
    case DType::uint8: return NC_UBYTE;
    case DType::uint16: return NC_USHORT;
    case DType::uint32: return NC_UINT;
    case DType::uint64: return NC_UINT64;
    case DType::float32: return NC_FLOAT;
    case DType::float64: return NC_DOUBLE;
    case DType::string: return NC_STRING;
    default: return NC_INT64;
  }
}

array::Attributes read_attributes(const NetcdfFile& file, int variable) {
  array::Attributes attributes;
  int count = 0;
  if (variable == NC_GLOBAL) file.check(nc_inq_natts(file.id(), &count), "attributes");
  else file.check(nc_inq_varnatts(file.id(), variable, &count), "attributes");
  for (int i = 0; i < count; ++i) {
    char buffer[NC_MAX_NAME + 1];
    file.check(nc_inq_attname(file.id(), variable, i, buffer), "the name of an attribute");
    const std::string name = buffer;
    nc_type type = NC_NAT;
    std::size_t length = 0;
    file.check(nc_inq_att(file.id(), variable, buffer, &type, &length), "attribute '" + name + "'");
    DType dtype{};
    if (type == NC_CHAR) {
      std::string text(length, '\0');
      if (length != 0)
        file.check(nc_get_att_text(file.id(), variable, buffer, text.data()), "attribute '" + name + "'");
      attributes.set(name, without_nuls(std::move(text)));
    } else if (type == NC_STRING) {
      attributes.set(name, read_strings(file, variable, name, length));
    } else if (numeric_dtype(file.id(), type, dtype)) {
      NdArray values(dtype, length == 1 ? Shape{} : Shape{static_cast<std::int64_t>(length)});
      if (length != 0) file.check(nc_get_att(file.id(), variable, buffer, values.raw()), "attribute '" + name + "'");
      attributes.set(name, std::move(values));
    }
  }
  return attributes;
}

}  // namespace rankine::store
