#pragma once
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "store/descriptor_cache.hpp"

namespace rankine::store {

/// The directory of a zip file, read so that members can be fetched with pread by any number of threads; libraries
/// keep one position for all of an archive. Stored and deflated members, zip64. APPNOTE.TXT 6.3.10, section 4.
class ZipArchive {
 public:
  struct Member {
    std::uint64_t header = 0;      ///< offset of its local header
    std::uint64_t stored_bytes = 0;
    std::uint64_t bytes = 0;       ///< when unpacked
    std::uint32_t crc32 = 0;
    std::uint16_t method = 0;      ///< 0 stored, 8 deflated
    bool encrypted = false;
  };
  /// Throws InputError naming the path if it is no zip file or damaged.
  explicit ZipArchive(const std::string& path);

  const std::string& path() const { return path_; }
  const FileStamp& stamp() const { return file_->stamp(); }
  const std::shared_ptr<const OpenFile>& file() const { return file_; }
  /// By name; of two of one name the later counts, as in Python's zipfile.
  const std::map<std::string, Member>& members() const { return members_; }
  const Member* find(const std::string& name) const;

  /// Where the member's stored bytes begin. Throws InputError.
  std::uint64_t data_offset(const Member& member) const;
  /// All of the member, unpacked and checked against its CRC. Throws InputError without the path, also if it is larger than
  /// what is looked for there can be: a member unpacks to a thousand times what it takes in the archive.
  std::vector<std::byte> read(const Member& member, std::uint64_t most_bytes) const;

 private:
  void read_directory();
  std::string path_;
  std::shared_ptr<const OpenFile> file_;
  std::map<std::string, Member> members_;
};

/// True if the bytes begin as a zip file's do.
bool looks_like_zip(std::span<const std::byte> head);

/// Archives whose directories a process has read; few, the least recently used leaves.
class ZipArchives {
 public:
  /// Throws InputError if `expected` is not empty and the archive is no longer the one it describes.
  std::shared_ptr<const ZipArchive> open(const std::string& path, const FileStamp& expected);

 private:
  static constexpr std::size_t most_archives = 16;  ///< a directory takes about 200 bytes a member
  std::mutex mutex_;
  std::list<std::shared_ptr<const ZipArchive>> recent_;
};

}  // namespace rankine::store
