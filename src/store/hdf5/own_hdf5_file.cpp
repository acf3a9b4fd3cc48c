#include "store/hdf5/own_hdf5_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include "store/output_target.hpp"

namespace rankine::store {

Hdf5Handle open_own_hdf5(const OutputTarget& target) {
  const std::string what = "cannot open " + target.spec.path + " for writing";
  const place::Descriptor looked_at = open_temporary(target, O_RDWR, what);
  Hdf5Handle file(H5Fopen(target.temporary_path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT), H5Fclose);
  if (!file) throw OutputError(what + ": " + hdf5_error_text());
  void* handle = nullptr;
  struct stat opened {}, expected {};
  // The driver that libhdf5 and libnetcdf use by default gives its descriptor.
  if (H5Fget_vfd_handle(file, H5P_DEFAULT, &handle) < 0 || handle == nullptr || ::fstat(*static_cast<const int*>(handle), &opened) != 0 ||
      ::fstat(looked_at.number(), &expected) != 0)
    throw OutputError(what + ": libhdf5 does not tell which file it has opened");
  if (opened.st_dev != expected.st_dev || opened.st_ino != expected.st_ino)
    throw OutputError(what + ": " + target.temporary_path + " is not the file that was made there: somebody else has changed it");
  return file;
}

}  // namespace rankine::store
