#include "runtime/engines.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace rankine::runtime {
namespace {

struct Engine {
  const char* name;
  bool netcdf3, hdf5, zarr;
  const char* reads;
};
constexpr Engine engines[] = {{"netcdf4", true, true, false, "NetCDF and HDF5 files"},
                              {"h5netcdf", false, true, false, "NetCDF-4 and HDF5 files"},
                              {"scipy", true, false, false, "NetCDF-3 files"},
                              {"zarr", false, false, true, "Zarr stores"}};

const Engine* engine_named(const std::string& name) {
  const auto* found = std::find_if(std::begin(engines), std::end(engines), [&](const Engine& engine) { return name == engine.name; });
  return found == std::end(engines) ? nullptr : found;
}

}  // namespace

void check_engine(const std::string& engine) {
  if (engine.empty() || engine_named(engine) != nullptr) return;
  if (engine == "cfgrib" || engine == "pynio")
    throw UnsupportedError("engine='" + engine + "' reads GRIB, which is not read here; convert the file first, for example with " +
                           "`cdo -f nc4 copy IN.grib OUT.nc` or `grib_to_netcdf -o OUT.nc IN.grib`, and leave engine= out");
  if (engine == "pydap") throw UnsupportedError("engine='pydap' reads from servers; only local and mounted files can be read");
  throw UsageError("unrecognized engine " + engine + " must be one of: ['netcdf4', 'h5netcdf', 'scipy', 'zarr']");
}

void check_engine(const std::string& engine, const array::Catalogue& catalogue) {
  const Engine* asked = engine_named(engine);
  if (asked == nullptr) return;
  const bool is_zarr = catalogue.format.starts_with("Zarr"), is_netcdf3 = catalogue.format.starts_with("NetCDF-3");
  const bool is_cdf5 = catalogue.format.find("64-bit data") != std::string::npos;
  const bool fits = is_zarr ? asked->zarr : is_netcdf3 ? asked->netcdf3 && !(is_cdf5 && engine == "scipy") : asked->hdf5;
  if (fits) return;
  throw InputError("cannot open " + catalogue.path + " with engine='" + engine + "', which reads " + asked->reads + ": the format is " +
                   catalogue.format + "; leave engine= out, it is told by the content");
}

}  // namespace rankine::runtime
