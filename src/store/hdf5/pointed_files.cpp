#include "store/hdf5/pointed_files.hpp"

#include <cstdlib>
#include <filesystem>
#include <set>
#include <vector>

#include "base/error.hpp"
#include "store/confinement.hpp"

namespace rankine::store {
namespace {

namespace fs = std::filesystem;

/// Sources of sources of ...: deeper than anybody builds them.
constexpr int most_levels = 16;
/// Files of a source name with a block number (printf-style) that are looked at.
constexpr int most_blocks = 100'000;

std::string folder_of(const std::string& path) { return fs::path(path).parent_path().string(); }

class PointedFiles {
 public:
  void check(hid_t dataset, const std::string& path, const std::string& variable, const char* prefix, int level) {
    if (level > most_levels) throw InputError("cannot read " + variable + " in " + path + ": virtual datasets within virtual datasets without end");
    if (!seen_.insert(path + '\n' + variable).second) return;
    const std::string named_by = variable + " in " + path;
    const Hdf5Handle creation(H5Dget_create_plist(dataset), H5Pclose);
    if (!creation) return;
    if (H5Pget_layout(creation) == H5D_VIRTUAL) return check_sources(creation, path, named_by, level);
    const int files = H5Pget_external_count(creation);
    for (int i = 0; i < files; ++i) {
      std::vector<char> name(4096, '\0');
      off_t offset = 0;
      hsize_t bytes = 0;
      if (H5Pget_external(creation, static_cast<unsigned>(i), name.size() - 1, name.data(), &offset, &bytes) < 0) continue;
      for (const std::string& place : external_places(name.data(), path, prefix)) check_pointed_file(place, named_by, folder_of(path));
    }
  }

 private:
  /// Where libhdf5 looks for raw data (H5D__build_file_prefix).
  static std::vector<std::string> external_places(const std::string& name, const std::string& path, const char* prefix) {
    if (name.starts_with('/')) return {name};
    const char* environment = std::getenv("HDF5_EXTFILE_PREFIX");
    std::string folder = environment != nullptr ? environment : prefix != nullptr ? prefix : "";
    if (folder.starts_with("${ORIGIN}")) folder = folder_of(path) + folder.substr(9);
    return {folder.empty() ? name : folder + "/" + name};
  }

  /// Where libhdf5 looks for sources of virtual datasets (H5F_prefix_open_file): all of these, until one can be opened.
  static std::vector<std::string> source_places(const std::string& name, const std::string& path) {
    std::vector<std::string> places;
    if (name.starts_with('/')) places.push_back(name);
    const std::string base = name.starts_with('/') ? fs::path(name).filename().string() : name;
    if (const char* environment = std::getenv("HDF5_VDS_PREFIX")) {
      std::string folder = environment;
      if (folder.starts_with("${ORIGIN}")) folder = folder_of(path) + folder.substr(9);
      places.push_back(folder + "/" + base);
    }
    places.push_back(folder_of(path) + "/" + base);
    places.push_back(base);
    std::error_code error;
    const fs::path real = fs::canonical(path, error);
    if (!error) places.push_back(real.parent_path().string() + "/" + base);
    return places;
  }

  void check_sources(hid_t creation, const std::string& path, const std::string& named_by, int level) {
    std::size_t count = 0;
    if (H5Pget_virtual_count(creation, &count) < 0) return;
    for (std::size_t i = 0; i < count; ++i) {
      const std::string file = text_of(creation, i, H5Pget_virtual_filename), dataset = text_of(creation, i, H5Pget_virtual_dsetname);
      if (file == ".") {
        follow(path, dataset, level);
      } else if (file.find("%b") == std::string::npos && !has_wide_block_number(file)) {
        check_source(without_doubled_percents(file), dataset, path, named_by, level);
      } else {
        for (int block = 0; block < most_blocks; ++block)
          if (!check_source(with_block_number(file, block), with_block_number(dataset, block), path, named_by, level)) break;
      }
    }
  }

  bool check_source(const std::string& file, const std::string& dataset, const std::string& path, const std::string& named_by, int level) {
    for (const std::string& place : source_places(file, path)) {
      if (check_pointed_file(place, named_by, folder_of(path)) && follow(place, dataset, level)) return true;
    }
    return false;
  }

  /// What a source itself points to. False if libhdf5 cannot open the file, and looks elsewhere.
  bool follow(const std::string& path, const std::string& dataset, int level) {
    const Hdf5Handle file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
    if (!file) return false;
    if (H5Lexists(file, dataset.c_str(), H5P_DEFAULT) <= 0) return true;
    const Hdf5Handle source(H5Dopen2(file, dataset.c_str(), H5P_DEFAULT), H5Dclose);
    if (source) check(source, path, dataset, nullptr, level + 1);
    return true;
  }

  template <typename Get>
  static std::string text_of(hid_t creation, std::size_t i, Get&& get) {
    const ssize_t bytes = get(creation, i, nullptr, 0);
    if (bytes <= 0) return {};
    std::string text(static_cast<std::size_t>(bytes) + 1, '\0');
    get(creation, i, text.data(), text.size());
    text.resize(static_cast<std::size_t>(bytes));
    return text;
  }

  static bool has_wide_block_number(const std::string& name) {
    for (std::size_t at = name.find('%'); at != std::string::npos; at = name.find('%', at + 1)) {
      std::size_t end = at + 1;
      while (end < name.size() && name[end] >= '0' && name[end] <= '9') ++end;
      if (end > at + 1 && end < name.size() && name[end] == 'b') return true;
    }
    return false;
  }

  static std::string without_doubled_percents(const std::string& name) { return with_block_number(name, 0); }

  /// "%b" and its like replaced, "%%" become "%".
  static std::string with_block_number(const std::string& name, int block) {
    std::string out;
    for (std::size_t at = 0; at < name.size(); ++at) {
      if (name[at] != '%') {
        out += name[at];
        continue;
      }
      std::size_t end = at + 1;
      while (end < name.size() && name[end] >= '0' && name[end] <= '9') ++end;
      if (end < name.size() && name[end] == 'b') out += std::to_string(block), at = end;
      else out += '%', at += at + 1 < name.size() && name[at + 1] == '%' ? 1 : 0;
    }
    return out;
  }

  std::set<std::string> seen_;
};

}  // namespace

void check_pointed_files(hid_t dataset, const std::string& path, const std::string& variable, const char* prefix) {
  PointedFiles().check(dataset, path, variable, prefix, 0);
}

}  // namespace rankine::store
