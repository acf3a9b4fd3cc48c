#pragma once
#include <netcdf.h>

#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

#include "array/stored_array.hpp"
#include "base/error.hpp"
#include "store/backends.hpp"
#include "store/scratch.hpp"
#include "store/store.hpp"

namespace rankine::store_test {

inline void nc(int status) {
  if (status != NC_NOERR) throw std::runtime_error(nc_strerror(status));
}

/// A file open in libnetcdf, whose answers ours are compared with.
class NetcdfOracle {
 public:
  explicit NetcdfOracle(const std::string& path) { nc(nc_open(path.c_str(), NC_NOWRITE, &file_)); }
  ~NetcdfOracle() { nc_close(file_); }
  /// All values of a numeric variable.
  NdArray read(const array::StoredArray& array) const {
    int id = -1;
    nc(nc_inq_varid(file_, array.variable.c_str(), &id));
    NdArray values(array.dtype, array.shape);
    if (values.size() != 0) nc(nc_get_var(file_, id, values.raw()));
    return values;
  }

 private:
  int file_ = -1;
};

inline NdArray read_by_libnetcdf(const std::string& path, const array::StoredArray& array) {
  return NetcdfOracle(path).read(array);
}

inline bool same_bytes(const NdArray& a, const NdArray& b) {
  return a.dtype() == b.dtype() && a.shape() == b.shape() &&
         (a.size() == 0 || std::memcmp(a.raw(), b.raw(), static_cast<std::size_t>(a.size()) * size_of(a.dtype())) == 0);
}

inline NdArray read_by_us(array::StoredArray& array) {
  if (array.storage == array::Storage::chunked && !array.index) store::load_hdf5_chunk_index(array);
  store::Reader reader;
  return reader.read(array, Box::whole(array.shape));
}

inline const array::StoredVariable& variable_of(const array::Catalogue& catalogue, const std::string& name) {
  for (const auto& variable : catalogue.variables)
    if (variable.name == name) return variable;
  throw std::runtime_error("no variable " + name);
}

}  // namespace rankine::store_test
