#pragma once
#include <string>
#include <vector>

#include "store/file_stamp.hpp"
#include "store/store.hpp"

namespace rankine::store {

/// Metadata and chunk indexes of files, kept in a folder between runs: one small file for each group of a file that was
/// opened, valid while path, size and modification time of that file stay the same. Any number of jobs may share
/// a folder: entries are replaced whole. A damaged or outdated entry is as good as none. Directories (Zarr
/// stores that are not in a zip file) are not kept: their documents are small, and no one stamp tells their change.
class IndexCache {
 public:
  /// Empty: nothing is kept. Throws OutputError if the folder cannot be made.
  explicit IndexCache(std::string folder);

  /// As open_catalogue; chunk indexes that are known are there already.
  array::Catalogue open(const std::string& path, const CatalogueOptions& options = {});

  /// What another process opened and kept: indexes that arrive in `catalogue` later are kept by save().
  void adopt(const std::string& path, const FileStamp& stamp, const CatalogueOptions& options, const array::Catalogue& catalogue);

  /// Keeps what was opened or indexed since and is not kept yet. An entry that cannot be written is left out.
  void save();

  std::size_t hit_count() const { return hits_; }

 private:
  struct Entry {
    std::string path;
    FileStamp stamp;
    CatalogueOptions options;
    array::Catalogue catalogue;       ///< shares its arrays with what open() gave: indexes arrive there
    std::size_t saved_index_count = 0;
    bool saved = false;
  };
  std::string file_of(const std::string& path, const CatalogueOptions& options) const;

  std::string folder_;
  std::vector<Entry> entries_;
  std::size_t hits_ = 0;
};

}  // namespace rankine::store
