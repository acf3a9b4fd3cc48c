#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <unordered_map>

#include "store/file_stamp.hpp"

namespace rankine::store {

/// One file open for reading, shared by threads: pread keeps no position.
class OpenFile {
 public:
  /// Throws InputError: path and the system's reason.
  explicit OpenFile(const std::string& path);
  ~OpenFile();
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  const std::string& path() const { return path_; }
  const FileStamp& stamp() const { return stamp_; }
  /// Exactly out.size() bytes from `offset`, with retries (io_faults.hpp). Throws InputError without the path: the caller
  /// knows what it was reading.
  void read_at(std::uint64_t offset, std::span<std::byte> out) const;
  /// Throws InputError if it was written over since it was opened; looks once a second. From one thread at a time.
  void check_unchanged() const;
  /// Tells the system that these bytes are read soon. A hint: nothing comes of it that could fail.
  void will_need(std::uint64_t offset, std::uint64_t bytes) const noexcept;

 private:
  std::string path_;
  int descriptor_ = -1;
  FileStamp stamp_;
  mutable std::chrono::steady_clock::time_point looked_at_ = std::chrono::steady_clock::now();
  mutable bool changed_ = false;
};

/// Bounded open descriptors, least recently used closed first. A file in use stays open until its
/// reader lets go.
class DescriptorCache {
 public:
  explicit DescriptorCache(int open_files) : limit_(open_files < 1 ? 1 : static_cast<std::size_t>(open_files)) {}
  /// Throws InputError if the file cannot be opened, or if `expected` is not empty and the file is no
  /// longer the one whose metadata was read.
  std::shared_ptr<const OpenFile> open(const std::string& path, const FileStamp& expected);

 private:
  struct Entry {
    std::string path;
    std::shared_ptr<const OpenFile> file;
  };
  std::size_t limit_;
  std::mutex mutex_;
  std::list<Entry> recent_;  ///< most recently used first
  std::unordered_map<std::string, std::list<Entry>::iterator> by_path_;
};

}  // namespace rankine::store
