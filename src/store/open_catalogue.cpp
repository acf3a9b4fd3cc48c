#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/check.hpp"
#include "base/error.hpp"
#include "store/backends.hpp"
#include "store/confinement.hpp"
#include "store/held_file.hpp"
#include "store/io_faults.hpp"
#include "store/zarr/zip_archive.hpp"

namespace rankine::store {
namespace {

bool looks_like_grib(std::span<const std::byte> head) {
  return head.size() >= 4 && std::memcmp(head.data(), "GRIB", 4) == 0;
}

}  // namespace

array::Catalogue open_catalogue(const std::string& path, const CatalogueOptions& options) {
  const FileHold hold;
  struct stat status {};
  if (const int error = stat_with_retries(path, status); error != 0)
    throw InputError("cannot open " + path + ": " + std::strerror(error) +
                     (error == ENOENT ? "; check the path and the directory that the job runs in" : ""));
  if (S_ISDIR(status.st_mode)) {
    if (::access(path.c_str(), X_OK) != 0) throw InputError("cannot open " + path + ": " + std::strerror(errno));
    if (looks_like_zarr(path)) return open_zarr(path, options.group, options.consolidated);
    throw InputError("cannot open " + path + ": it is a directory, but no Zarr store: it has no .zgroup, .zarray or zarr.json");
  }
  if (!S_ISREG(status.st_mode)) throw InputError("cannot open " + path + ": it is " + kind_of_file(status.st_mode) + ", not a file");
  std::vector<std::byte> head;
  {
    const auto file = open_file(path);
    head.resize(std::min<std::uint64_t>(file->stamp().size, format_probe_bytes));
    try {
      file->read_at(0, head);
    } catch (const InputError& error) {
      throw InputError("cannot open " + path + ": " + error.what());
    }
  }
  if (looks_like_zip(head)) return open_zarr(path, options.group, options.consolidated);
  if (looks_like_hdf5(head)) return open_hdf5(path, options.group);
  if (looks_like_grib(head))
    throw InputError("cannot open " + path + ": it is a GRIB file, which is not read; convert it first, for example with " +
                     "`cdo -f nc4 copy IN.grib OUT.nc` or `grib_to_netcdf -o OUT.nc IN.grib`");
  if (!options.group.empty() && options.group != "/")
    throw InputError("cannot open group '" + options.group + "' of " + path + ": NetCDF-3 files have no groups");
  if (looks_like_netcdf3(head)) return open_netcdf3(path);
  throw InputError("cannot open " + path + ": " +
                   (head.empty() ? "the file is empty" : "it is neither NetCDF nor HDF5 nor a Zarr store"));
}

void load_chunk_index(array::StoredArray& array) {
  if (array.index || array.storage != array::Storage::chunked) return;
  load_hdf5_chunk_index(array);
  RANKINE_CHECK(array.index != nullptr, "loading gives an index");
}

}  // namespace rankine::store
