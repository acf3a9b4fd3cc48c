#include <algorithm>
#include <cstring>
#include <vector>

#include "base/error.hpp"
#include "store/backends.hpp"
#include "store/file_stamp.hpp"
#include "store/hdf5/library_catalogue.hpp"
#include "store/hdf5/netcdf_file.hpp"
#include "store/library_lock.hpp"
#include "store/stored_file.hpp"

namespace rankine::store {
namespace {

/// A variable with what only this file needs to know of it.
struct Declared {
  array::StoredVariable variable;
  Shape shape;
  std::vector<int> dim_ids;
  nc_type type = NC_NAT;
  DType dtype = DType::string;
  bool numeric = false;
};

struct Dims {
  std::vector<int> ids;
  std::vector<array::StoredDim> dims;
  std::vector<bool> character_dim, other_dim;
  std::vector<bool> in_group;   ///< declared in the opened group itself, not above it
  std::size_t position(int id) const {
    std::size_t at = 0;
    while (at < ids.size() && ids[at] != id) ++at;
    return at;
  }
};

Dims read_dims(const NetcdfFile& file) {
  Dims result;
  int count = 0;
  file.check(nc_inq_dimids(file.id(), &count, nullptr, 0), "dims");
  std::vector<int> own(static_cast<std::size_t>(count));
  file.check(nc_inq_dimids(file.id(), nullptr, own.data(), 0), "dims");
  file.check(nc_inq_dimids(file.id(), &count, nullptr, 1), "dims");
  result.ids.resize(static_cast<std::size_t>(count));
  file.check(nc_inq_dimids(file.id(), nullptr, result.ids.data(), 1), "dims");
  for (const int id : result.ids) result.in_group.push_back(std::find(own.begin(), own.end(), id) != own.end());
  int unlimited_count = 0;
  file.check(nc_inq_unlimdims(file.id(), &unlimited_count, nullptr), "unlimited dims");
  std::vector<int> unlimited(static_cast<std::size_t>(unlimited_count));
  file.check(nc_inq_unlimdims(file.id(), nullptr, unlimited.data()), "unlimited dims");
  for (const int id : result.ids) {
    char name[NC_MAX_NAME + 1];
    std::size_t size = 0;
    file.check(nc_inq_dim(file.id(), id, name, &size), "a dim");
    const bool is_unlimited = std::find(unlimited.begin(), unlimited.end(), id) != unlimited.end();
    result.dims.push_back({name, static_cast<std::int64_t>(size), is_unlimited});
  }
  result.character_dim.assign(result.ids.size(), false);
  result.other_dim.assign(result.ids.size(), false);
  return result;
}

std::string class_name(const NetcdfFile& file, nc_type type) {
  int type_class = 0;
  char name[NC_MAX_NAME + 1] = "";
  if (type < NC_FIRSTUSERTYPEID ||
      nc_inq_user_type(file.id(), type, name, nullptr, nullptr, nullptr, &type_class) != NC_NOERR)
    return "unknown type " + std::to_string(type);
  const char* kind = type_class == NC_COMPOUND ? "compound" : type_class == NC_OPAQUE ? "opaque" : "variable-length";
  return std::string(kind) + " type '" + name + "' is not supported";
}

std::uint64_t saturating_count(const Shape& shape) {
  std::uint64_t count = 1;
  for (const std::int64_t extent : shape) {
    const auto size = static_cast<std::uint64_t>(extent);
    if (size != 0 && count > UINT64_MAX / size) return UINT64_MAX;
    count *= size;
  }
  return count;
}

void read_characters(const NetcdfFile& file, int id, Declared& declared) {
  array::StoredVariable& variable = declared.variable;
  const std::uint64_t count = saturating_count(declared.shape);
  if (count > max_string_bytes) {
    variable.note = "more than 1 GiB of characters";
    return;
  }
  std::vector<char> characters(count);
  if (count != 0) file.check(nc_get_var_text(file.id(), id, characters.data()), "variable '" + variable.name + "'");
  Shape shape = declared.shape;
  std::size_t length = 1;
  if (!shape.empty()) {
    length = static_cast<std::size_t>(shape.back());
    shape.pop_back();
    variable.encoding.set("char_dim_name", variable.dims.back());
    variable.dims.pop_back();
  }
  std::vector<std::string> joined = join_characters(characters, length);
  const std::uint64_t strings = saturating_count(shape);
  if (strings > max_string_bytes) {
    variable.note = "too many strings";
    return;
  }
  joined.resize(strings);
  variable.strings = NdArray::from_strings(std::move(joined), std::move(shape));
}

void read_strings(const NetcdfFile& file, int id, Declared& declared) {
  const std::uint64_t count = saturating_count(declared.shape);
  if (count > max_string_bytes / sizeof(char*)) {
    declared.variable.note = "too many strings";
    return;
  }
  std::vector<char*> texts(count, nullptr);
  std::vector<std::string> values;
  values.reserve(count);
  if (count != 0) {
    file.check(nc_get_var_string(file.id(), id, texts.data()), "variable '" + declared.variable.name + "'");
    for (const char* text : texts) values.emplace_back(text == nullptr ? "" : text);
    nc_free_string(count, texts.data());
  }
  declared.variable.strings = NdArray::from_strings(std::move(values), declared.shape);
}

Declared read_variable(const NetcdfFile& file, int id, Dims& dims) {
  Declared declared;
  char name[NC_MAX_NAME + 1];
  int ndim = 0;
  file.check(nc_inq_var(file.id(), id, name, &declared.type, &ndim, nullptr, nullptr), "a variable");
  declared.variable.name = name;
  declared.dim_ids.resize(static_cast<std::size_t>(ndim));
  file.check(nc_inq_vardimid(file.id(), id, declared.dim_ids.data()), "dims of '" + declared.variable.name + "'");
  for (const int dim_id : declared.dim_ids) {
    const std::size_t at = dims.position(dim_id);
    if (at == dims.ids.size())
      throw InputError("cannot read " + file.path() + ": variable '" + declared.variable.name + "' has an unknown dim");
    declared.variable.dims.push_back(dims.dims[at].name);
    declared.shape.push_back(dims.dims[at].size);
  }
  declared.variable.attributes = read_attributes(file, id);
  declared.numeric = numeric_dtype(file.id(), declared.type, declared.dtype);
  for (std::size_t axis = 0; axis < declared.dim_ids.size(); ++axis) {
    const bool joined = declared.type == NC_CHAR && axis + 1 == declared.dim_ids.size();
    (joined ? dims.character_dim : dims.other_dim)[dims.position(declared.dim_ids[axis])] = true;
  }
  if (declared.type == NC_CHAR) read_characters(file, id, declared);
  else if (declared.type == NC_STRING) read_strings(file, id, declared);
  else if (!declared.numeric) declared.variable.note = class_name(file, declared.type);
  return declared;
}

void add_storage(const std::string& path, const std::string& group, const FileStamp& stamp, const std::string& reason,
                 Declared& declared) {
  array::Attributes& encoding = declared.variable.encoding;
  encoding.set("source", path);
  encoding.set("original_shape", NdArray::from(declared.shape));
  encoding.set("dtype", declared.numeric ? name_of(declared.dtype)
                        : declared.type == NC_CHAR ? std::string("S1") : std::string("str"));
  if (!declared.numeric) return;
  auto stored = std::make_shared<array::StoredArray>();
  stored->storage = array::Storage::library;
  stored->library_reason = reason;
  stored->path = path;
  stored->variable = group.empty() ? declared.variable.name : group + "/" + declared.variable.name;
  stored->dtype = declared.dtype;
  stored->shape = declared.shape;
  stored->chunk_shape = read_shape(stored->shape, std::max<std::size_t>(size_of(stored->dtype), 1));
  stored->file_size = stamp.size;
  stored->file_mtime_ns = stamp.mtime_ns;
  declared.variable.data = std::move(stored);
}

void list_groups(const NetcdfFile& file, int parent, const std::string& prefix, std::vector<std::string>& names) {
  int count = 0;
  file.check(nc_inq_grps(parent, &count, nullptr), "groups");
  std::vector<int> ids(static_cast<std::size_t>(count));
  file.check(nc_inq_grps(parent, nullptr, ids.data()), "groups");
  for (const int id : ids) {
    char name[NC_MAX_NAME + 1];
    file.check(nc_inq_grpname(id, name), "a group");
    names.push_back(prefix + name);
    list_groups(file, id, names.back() + "/", names);
  }
}

}  // namespace

array::Catalogue open_through_library(const std::string& path, const std::string& group, const std::string& reason) {
  const FileStamp stamp = stamp_of(path);
  const LibraryLock lock;
  array::Catalogue catalogue;
  catalogue.path = path;
  const NetcdfFile whole(path);
  int id = whole.id();
  std::string plain_group = group;
  while (plain_group.starts_with('/')) plain_group.erase(0, 1);
  while (plain_group.ends_with('/')) plain_group.pop_back();
  if (!plain_group.empty() && nc_inq_grp_full_ncid(whole.id(), ("/" + plain_group).c_str(), &id) != NC_NOERR) {
    std::vector<std::string> names;
    list_groups(whole, whole.id(), "", names);
    throw_no_group(path, group, names);
  }
  const NetcdfFile file(whole, id);
  Dims dims = read_dims(file);
  int count = 0;
  file.check(nc_inq_varids(file.id(), &count, nullptr), "variables");
  std::vector<int> ids(static_cast<std::size_t>(count));
  file.check(nc_inq_varids(file.id(), nullptr, ids.data()), "variables");
  for (const int variable : ids) {
    Declared declared = read_variable(file, variable, dims);
    add_storage(path, plain_group, stamp, reason, declared);
    catalogue.variables.push_back(std::move(declared.variable));
  }
  catalogue.attributes = read_attributes(file, NC_GLOBAL);
  int is_netcdf4 = 0;
  const bool known = nc_get_att_int(whole.id(), NC_GLOBAL, "_IsNetcdf4", &is_netcdf4) == NC_NOERR;
  catalogue.format = known && is_netcdf4 == 0 ? "HDF5" : "NetCDF-4";
  for (std::size_t at = 0; at < dims.dims.size(); ++at)
    if (dims.in_group[at] && (!dims.character_dim[at] || dims.other_dim[at])) catalogue.dims.push_back(dims.dims[at]);
  list_groups(file, file.id(), "", catalogue.groups);
  return catalogue;
}

}  // namespace rankine::store
