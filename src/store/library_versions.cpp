#include "store/library_versions.hpp"

#include <hdf5.h>
#include <netcdf.h>

namespace rankine::store {

std::vector<std::pair<std::string, std::string>> library_versions() {
  unsigned major = 0, minor = 0, release = 0;
  ::H5get_libversion(&major, &minor, &release);
  std::string netcdf = ::nc_inq_libvers();  // "4.9.0 of Jan 1 2023 ..."
  netcdf = netcdf.substr(0, netcdf.find(' '));
  return {{"HDF5", std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(release)}, {"NetCDF", netcdf}};
}

}  // namespace rankine::store
