#include "store/zarr/zip_archive.hpp"

#include <algorithm>
#include <cstring>

#include "base/error.hpp"
#include "codec/checksum.hpp"
#include "codec/raw_deflate.hpp"

namespace rankine::store {
namespace {

constexpr std::uint32_t local_header = 0x04034b50;
constexpr std::uint32_t central_entry = 0x02014b50;
constexpr std::uint32_t end_record = 0x06054b50;
constexpr std::uint32_t zip64_locator = 0x07064b50;
constexpr std::uint32_t zip64_end_record = 0x06064b50;
constexpr std::size_t end_record_bytes = 22;
constexpr std::size_t locator_bytes = 20;
constexpr std::size_t local_header_bytes = 30;
constexpr std::size_t central_entry_bytes = 46;
// A deflated stream cannot hold more than this many times its own size.
constexpr std::uint64_t most_deflate_ratio = 1032;

// Little-endian numbers at checked places.
class Fields {
 public:
  explicit Fields(std::span<const std::byte> bytes) : bytes_(bytes) {}
  template <typename T>
  T at(std::size_t offset) const {
    if (offset > bytes_.size() || bytes_.size() - offset < sizeof(T)) throw InputError("it ends in the middle of a record");
    T value;
    std::memcpy(&value, bytes_.data() + offset, sizeof value);
    return value;
  }
  std::span<const std::byte> part(std::size_t offset, std::size_t size) const {
    if (offset > bytes_.size() || bytes_.size() - offset < size) throw InputError("it ends in the middle of a record");
    return bytes_.subspan(offset, size);
  }

 private:
  std::span<const std::byte> bytes_;
};

struct Directory {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};

Directory zip64_directory(const OpenFile& file, std::uint64_t end_offset, Directory small) {
  if (end_offset < locator_bytes) return small;
  std::vector<std::byte> bytes(locator_bytes);
  file.read_at(end_offset - locator_bytes, bytes);
  if (Fields(bytes).at<std::uint32_t>(0) != zip64_locator) return small;
  const auto at = Fields(bytes).at<std::uint64_t>(8);
  if (at > end_offset || end_offset - at < 56) throw InputError("its zip64 record lies outside of it");
  bytes.resize(56);
  file.read_at(at, bytes);
  const Fields record(bytes);
  if (record.at<std::uint32_t>(0) != zip64_end_record) throw InputError("its zip64 record is damaged");
  return {record.at<std::uint64_t>(48), record.at<std::uint64_t>(40)};
}

Directory find_directory(const OpenFile& file) {
  const std::uint64_t size = file.stamp().size;
  const auto tail = static_cast<std::size_t>(std::min<std::uint64_t>(size, end_record_bytes + 0xffff));
  if (tail < end_record_bytes) throw InputError("it is too short for a zip file");
  std::vector<std::byte> bytes(tail);
  file.read_at(size - tail, bytes);
  const Fields fields(bytes);
  for (std::size_t at = tail - end_record_bytes + 1; at-- > 0;) {
    if (fields.at<std::uint32_t>(at) != end_record) continue;
    if (at + end_record_bytes + fields.at<std::uint16_t>(at + 20) > tail) continue;
    const Directory small{fields.at<std::uint32_t>(at + 16), fields.at<std::uint32_t>(at + 12)};
    const std::uint64_t end_offset = size - tail + at;
    const bool is_zip64 = small.offset == UINT32_MAX || small.bytes == UINT32_MAX || fields.at<std::uint16_t>(at + 10) == 0xffff;
    const Directory directory = is_zip64 ? zip64_directory(file, end_offset, small) : small;
    if (directory.offset > end_offset || directory.bytes > end_offset - directory.offset)
      throw InputError("its directory lies outside of it; it is truncated or damaged");
    return directory;
  }
  throw InputError("it has no zip directory at its end; it is truncated or still being written");
}

// Sizes and offsets that do not fit 32 bits stand in an extra field, in this order.
void take_zip64(const Fields& entry, std::size_t extra, std::size_t extra_bytes, ZipArchive::Member& member) {
  for (std::size_t at = extra; at + 4 <= extra + extra_bytes;) {
    const auto id = entry.at<std::uint16_t>(at);
    const std::size_t size = entry.at<std::uint16_t>(at + 2);
    if (id == 1) {
      const Fields values(entry.part(at + 4, size));
      std::size_t next = 0;
      for (std::uint64_t* field : {&member.bytes, &member.stored_bytes, &member.header}) {
        if (*field != UINT32_MAX) continue;
        *field = values.at<std::uint64_t>(next);
        next += 8;
      }
      return;
    }
    at += 4 + size;
  }
}

}  // namespace

bool looks_like_zip(std::span<const std::byte> head) {
  if (head.size() < 4) return false;
  std::uint32_t mark = 0;
  std::memcpy(&mark, head.data(), sizeof mark);
  return mark == local_header || mark == end_record;
}

ZipArchive::ZipArchive(const std::string& path) : path_(path), file_(std::make_shared<const OpenFile>(path)) {
  try {
    read_directory();
  } catch (const InputError& error) {
    throw InputError("cannot read the zip file " + path_ + ": " + error.what());
  }
}

void ZipArchive::read_directory() {
  const Directory directory = find_directory(*file_);
  std::vector<std::byte> bytes(directory.bytes);  // no larger than the file
  file_->read_at(directory.offset, bytes);
  const Fields fields(bytes);
  for (std::size_t at = 0; at + central_entry_bytes <= bytes.size();) {
    if (fields.at<std::uint32_t>(at) != central_entry) throw InputError("its directory is damaged");
    Member member;
    member.encrypted = (fields.at<std::uint16_t>(at + 8) & 1) != 0;
    member.method = fields.at<std::uint16_t>(at + 10);
    member.crc32 = fields.at<std::uint32_t>(at + 16);
    member.stored_bytes = fields.at<std::uint32_t>(at + 20);
    member.bytes = fields.at<std::uint32_t>(at + 24);
    member.header = fields.at<std::uint32_t>(at + 42);
    const std::size_t name_bytes = fields.at<std::uint16_t>(at + 28);
    const std::size_t extra_bytes = fields.at<std::uint16_t>(at + 30);
    const std::size_t comment_bytes = fields.at<std::uint16_t>(at + 32);
    const auto name = fields.part(at + central_entry_bytes, name_bytes);
    fields.part(at + central_entry_bytes + name_bytes, extra_bytes);
    take_zip64(fields, at + central_entry_bytes + name_bytes, extra_bytes, member);
    members_[std::string(reinterpret_cast<const char*>(name.data()), name.size())] = member;
    at += central_entry_bytes + name_bytes + extra_bytes + comment_bytes;
  }
}

const ZipArchive::Member* ZipArchive::find(const std::string& name) const {
  const auto found = members_.find(name);
  return found == members_.end() ? nullptr : &found->second;
}

std::uint64_t ZipArchive::data_offset(const Member& member) const {
  if (member.encrypted) throw InputError("the zip member is encrypted; only plain archives can be read");
  if (member.method != 0 && member.method != 8)
    throw InputError("the zip member is packed with method " + std::to_string(member.method) +
                     "; only stored and deflated members can be read");
  const std::uint64_t size = stamp().size;
  if (member.header > size || size - member.header < local_header_bytes)
    throw InputError("the zip member lies outside of its archive");
  std::vector<std::byte> bytes(local_header_bytes);
  file_->read_at(member.header, bytes);
  const Fields fields(bytes);
  if (fields.at<std::uint32_t>(0) != local_header) throw InputError("the zip member's header is damaged");
  const std::uint64_t begin =
      member.header + local_header_bytes + fields.at<std::uint16_t>(26) + fields.at<std::uint16_t>(28);
  if (begin > size || member.stored_bytes > size - begin)
    throw InputError("the zip member lies outside of its archive");
  return begin;
}

std::vector<std::byte> ZipArchive::read(const Member& member, std::uint64_t most_bytes) const {
  const std::uint64_t begin = data_offset(member);
  if (member.bytes > most_bytes)
    throw InputError("the zip member unpacks to " + std::to_string(member.bytes) + " bytes, where at most " +
                     std::to_string(most_bytes) + " are expected");
  const bool deflated = member.method == 8;
  // Checked before memory is asked for: the directory may claim any size.
  if (deflated ? member.bytes / most_deflate_ratio > member.stored_bytes : member.bytes != member.stored_bytes)
    throw InputError("the zip directory claims " + std::to_string(member.bytes) + " bytes, which " +
                     std::to_string(member.stored_bytes) + " stored bytes cannot hold");
  std::vector<std::byte> stored(member.stored_bytes);
  file_->read_at(begin, stored);
  std::vector<std::byte> bytes;
  if (deflated) {
    bytes.resize(member.bytes);
    codec::inflate_raw(stored, bytes);
  } else {
    bytes = std::move(stored);
  }
  if (codec::crc32(bytes) != member.crc32) throw InputError("the zip member's CRC does not fit its bytes");
  return bytes;
}

std::shared_ptr<const ZipArchive> ZipArchives::open(const std::string& path, const FileStamp& expected) {
  {
    const std::lock_guard lock(mutex_);
    for (auto at = recent_.begin(); at != recent_.end(); ++at) {
      if ((*at)->path() != path || (expected != FileStamp{} && (*at)->stamp() != expected)) continue;
      recent_.splice(recent_.begin(), recent_, at);
      return recent_.front();
    }
  }
  auto archive = std::make_shared<const ZipArchive>(path);
  if (expected != FileStamp{} && archive->stamp() != expected)
    throw InputError("the archive changed while running: it is not the one whose metadata was read; start again "
                     "when nothing writes to it");
  const std::lock_guard lock(mutex_);
  recent_.push_front(archive);
  if (recent_.size() > most_archives) recent_.pop_back();
  return archive;
}

}  // namespace rankine::store
