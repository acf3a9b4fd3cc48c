#include "store/zarr/zarr_store.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/error.hpp"
#include "store/descriptor_cache.hpp"
#include "store/io_faults.hpp"
#include "store/zarr/zip_archive.hpp"

namespace rankine::store {
namespace {

namespace fs = std::filesystem;

class DirectoryStore : public ZarrStore {
 public:
  explicit DirectoryStore(std::string path) : ZarrStore(std::move(path)) {}

  bool contains(const std::string& key) const override {
    struct stat status {};
    const int reason = stat_with_retries(full_path(key), status);
    if (reason == 0) return true;
    // What may not be looked at is not the same as what is not there.
    if (reason != ENOENT && reason != ENOTDIR)
      throw InputError("cannot read " + full_path(key) + ": " + std::strerror(reason));
    return false;
  }

  std::vector<std::string> children(const std::string& key) const override {
    std::vector<std::string> names;
    std::error_code error;
    Retries retries;
    do {
      names.clear();
      error.assign(rehearsed_error(IoCall::list, full_path(key)), std::generic_category());
      if (error) continue;
      for (auto entry = fs::directory_iterator(full_path(key), error); !error && entry != fs::directory_iterator(); entry.increment(error))
        if (std::error_code ignored; entry->is_directory(ignored)) names.push_back(entry->path().filename().string());
    } while (error && retries.again(error.value()));
    if (error) throw InputError("cannot read " + full_path(key) + ": " + error.message());
    std::sort(names.begin(), names.end());
    return names;
  }

  std::string read(const std::string& key) const override {
    try {
      const OpenFile file(full_path(key));
      std::string text(file.stamp().size, '\0');
      file.read_at(0, std::as_writable_bytes(std::span(text)));
      return text;
    } catch (const InputError& error) {
      throw InputError("cannot read " + full_path(key) + ": " + error.what());
    }
  }

  FileStamp stamp_of_document(const std::string& key) const override {
    return contains(key) ? stamp_of(full_path(key)) : FileStamp{};
  }
};

class ZipStore : public ZarrStore {
 public:
  explicit ZipStore(std::string path) : ZarrStore(path), archive_(std::move(path)) {}

  bool contains(const std::string& key) const override { return archive_.find(key) != nullptr; }

  std::vector<std::string> children(const std::string& key) const override {
    const std::string prefix = key.empty() ? "" : key + "/";
    std::vector<std::string> names;
    const auto& members = archive_.members();
    for (auto at = members.lower_bound(prefix); at != members.end() && at->first.starts_with(prefix);) {
      const auto slash = at->first.find('/', prefix.size());
      if (slash == std::string::npos) {
        ++at;
        continue;
      }
      names.push_back(at->first.substr(prefix.size(), slash - prefix.size()));
      at = members.lower_bound(prefix + names.back() + char('/' + 1));  // behind all that begins so
    }
    return names;
  }

  std::string read(const std::string& key) const override {
    const auto* member = archive_.find(key);
    if (member == nullptr) throw InputError("cannot read " + full_path(key) + ": there is no such member");
    try {
      const auto bytes = archive_.read(*member, small_document_bytes + most_document_ratio * member->stored_bytes);
      return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    } catch (const InputError& error) {
      throw InputError("cannot read " + full_path(key) + ": " + error.what());
    }
  }

  std::string archive() const override { return archive_.path(); }
  FileStamp stamp_of_document(const std::string&) const override { return archive_.stamp(); }

 private:
  // Deflate makes JSON ten to fifty times smaller.
  static constexpr std::uint64_t small_document_bytes = std::uint64_t{1} << 20;
  static constexpr std::uint64_t most_document_ratio = 100;
  ZipArchive archive_;
};

}  // namespace

std::unique_ptr<ZarrStore> open_zarr_store(const std::string& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) return std::make_unique<DirectoryStore>(path);
  return std::make_unique<ZipStore>(path);
}

std::string normal_group(const std::string& group) {
  std::string normal;
  for (const auto& part : fs::path(group)) {
    const std::string name = part.string();
    if (name.empty() || name == "." || name == "/" || name.find_first_not_of('/') == std::string::npos) continue;
    if (name == "..") throw InputError("group '" + group + "' leaves its store");
    normal += (normal.empty() ? "" : "/") + name;
  }
  return normal;
}

}  // namespace rankine::store
