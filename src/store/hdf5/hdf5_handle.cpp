#include "store/hdf5/hdf5_handle.hpp"

#include "base/error.hpp"

namespace rankine::store {
namespace {

herr_t keep_innermost(unsigned, const H5E_error2_t* error, void* text) {
  if (error->desc != nullptr) *static_cast<std::string*>(text) = error->desc;
  return 0;
}

}  // namespace

void silence_hdf5() { H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr); }

std::string hdf5_error_text() {
  std::string text;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, [](unsigned n, const H5E_error2_t* error, void* data) -> herr_t {
    return n == 0 ? keep_innermost(n, error, data) : 0;
  }, &text);
  return text.empty() ? "libhdf5 gives no reason" : text;
}

Hdf5Handle open_hdf5_file(const std::string& path) {
  silence_hdf5();
  Hdf5Handle file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
  if (!file) throw InputError("cannot open " + path + " as HDF5: " + hdf5_error_text());
  return file;
}

Hdf5Handle open_variable(hid_t file, const std::string& variable) {
  for (const std::string& name : {"_nc4_non_coord_" + variable, variable}) {
    if (H5Lexists(file, name.c_str(), H5P_DEFAULT) <= 0) continue;
    H5L_info_t link;
    // Data behind an external link lie in another file, which only the library path follows.
    if (H5Lget_info(file, name.c_str(), &link, H5P_DEFAULT) < 0 || link.type == H5L_TYPE_EXTERNAL) continue;
    Hdf5Handle dataset(H5Dopen2(file, name.c_str(), H5P_DEFAULT), H5Dclose);
    if (dataset) return dataset;
  }
  return {};
}

}  // namespace rankine::store
