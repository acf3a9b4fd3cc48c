#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/file_stamp.hpp"
#include "store/zarr/zarr_json.hpp"

namespace rankine::store {

/// The documents of a Zarr store, wherever it lies. Keys are paths inside it: "", "a/b/.zarray".
class ZarrStore {
 public:
  virtual ~ZarrStore() = default;
  /// Path of the directory or archive.
  const std::string& path() const { return path_; }
  /// What messages and chunk paths call a key.
  std::string full_path(const std::string& key) const { return key.empty() ? path_ : path_ + "/" + key; }

  virtual bool contains(const std::string& key) const = 0;
  /// Names directly below the group or array `key`, sorted.
  virtual std::vector<std::string> children(const std::string& key) const = 0;
  /// Throws InputError.
  virtual std::string read(const std::string& key) const = 0;
  /// Empty for a directory.
  virtual std::string archive() const { return ""; }
  virtual FileStamp stamp_of_document(const std::string& key) const = 0;

  Json json(const std::string& key) const { return parse_json(read(key), full_path(key)); }

 protected:
  explicit ZarrStore(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

/// Throws InputError if an archive is damaged.
std::unique_ptr<ZarrStore> open_zarr_store(const std::string& path);

/// "a//b/" -> "a/b". Throws InputError for "..", which would leave the store.
std::string normal_group(const std::string& group);

}  // namespace rankine::store
