#pragma once
#include <memory>
#include <string>

#include "store/descriptor_cache.hpp"

namespace rankine::store {

class Hdf5File;

/// While one of these lives, its thread opens a file once however often it is asked for: to tell its format, for metadata,
/// for each chunk index, for coordinates. On parallel file systems an open costs more than what is read by it.
/// The file held is the last one asked for.
class FileHold {
 public:
  FileHold();
  ~FileHold();
  FileHold(const FileHold&) = delete;
  FileHold& operator=(const FileHold&) = delete;
};

/// The file that this thread holds if that is `path`, else one opened now. Throws InputError naming the path.
std::shared_ptr<const OpenFile> open_file(const std::string& path);

/// The same for a file of which an HDF5 superblock was read, with the pages of metadata that were read through it.
std::shared_ptr<const Hdf5File> read_hdf5_file(const std::string& path);

}  // namespace rankine::store
