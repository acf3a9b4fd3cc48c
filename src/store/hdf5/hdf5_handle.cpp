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
  // "file write failed: time = ..., errno = 28, error message = 'No space left on device', buf = 0x...": the reason
  // is what users can act on.
  const std::string marker = "error message = '";
  if (const std::size_t at = text.find(marker); at != std::string::npos) {
    const std::size_t begin = at + marker.size();
    const std::size_t end = text.find('\'', begin);
    if (end != std::string::npos && end > begin) return text.substr(begin, end - begin);
  }
  return text.empty() ? "libhdf5 gives no reason" : text;
}

Hdf5Handle open_hdf5_file(const std::string& path) {
  silence_hdf5();
  Hdf5Handle file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
  if (!file) throw InputError("cannot open " + path + " as HDF5: " + hdf5_error_text());
  return file;
}

Hdf5Handle open_variable(hid_t file, const std::string& variable, const char* external_prefix) {
  const std::size_t slash = variable.rfind('/');
  const std::string group = slash == std::string::npos ? "" : variable.substr(0, slash + 1);
  const std::string base = slash == std::string::npos ? variable : variable.substr(slash + 1);
  const Hdf5Handle access(H5Pcreate(H5P_DATASET_ACCESS), H5Pclose);
  if (external_prefix != nullptr) H5Pset_efile_prefix(access, external_prefix);
  for (const std::string& name : {group + "_nc4_non_coord_" + base, group + base}) {
    if (H5Lexists(file, name.c_str(), H5P_DEFAULT) <= 0) continue;
    Hdf5Handle dataset(H5Dopen2(file, name.c_str(), access), H5Dclose);
    if (dataset) return dataset;
  }
  return {};
}

}  // namespace rankine::store
