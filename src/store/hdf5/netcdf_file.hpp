#pragma once
#include <netcdf.h>

#include <string>

#include "array/attributes.hpp"
#include "base/dtype.hpp"

namespace rankine::store {

/// Owner of one open ncid, for reading. Everything here is used under the library lock.
class NetcdfFile {
 public:
  /// Throws InputError naming the path.
  explicit NetcdfFile(const std::string& path);
  /// One group of an open file, which must outlive it.
  NetcdfFile(const NetcdfFile& file, int group) : path_(file.path_), id_(group), owns_(false) {}
  ~NetcdfFile() { if (owns_) nc_close(id_); }
  NetcdfFile(const NetcdfFile&) = delete;
  NetcdfFile& operator=(const NetcdfFile&) = delete;
  int id() const { return id_; }
  const std::string& path() const { return path_; }
  /// Throws InputError "cannot read <what> of <path>: <netcdf's reason>" unless status is NC_NOERR.
  void check(int status, const std::string& what) const;

 private:
  std::string path_;
  int id_ = -1;
  bool owns_ = true;
};

/// True, with the dtype, for the atomic numeric types and for enums (their base type).
bool numeric_dtype(int ncid, nc_type type, DType& dtype);
/// The NetCDF type of a stored dtype (bool is NC_BYTE, the times NC_INT64, string NC_STRING).
nc_type netcdf_type(DType dtype);
/// Attributes in file order; those of user-defined types are left out, as they have no value here.
array::Attributes read_attributes(const NetcdfFile& file, int variable);

}  // namespace rankine::store
