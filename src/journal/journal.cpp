#include "journal/journal.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.hpp"

namespace rankine::journal {
namespace {

std::vector<std::byte> read_whole(int descriptor, const std::string& path) {
  struct stat status{};
  if (::fstat(descriptor, &status) != 0) throw InputError("cannot read " + path + ": " + std::strerror(errno));
  std::vector<std::byte> bytes(static_cast<std::size_t>(status.st_size));
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got = ::pread(descriptor, bytes.data() + done, bytes.size() - done, static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw InputError("cannot read " + path + ": " + std::strerror(errno));
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  bytes.resize(done);
  return bytes;
}

void write_whole(int descriptor, std::uint64_t offset, std::span<const std::byte> bytes, const std::string& path) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t put =
        ::pwrite(descriptor, bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) throw OutputError("cannot write " + path + ": " + std::strerror(put == 0 ? ENOSPC : errno));
    done += static_cast<std::size_t>(put);
  }
}

}  // namespace

Journal::Journal(const place::OwnDirectory& directory, const std::string& name)
    : path_(directory.path() + "/" + name), file_(directory.open_or_make_file(name, O_RDWR)) {
  if (!file_) throw OutputError("cannot open the journal " + path_ + ": " + std::strerror(errno));
  ParsedJournal parsed = parse_journal(read_whole(file_.number(), path_), path_);
  records_ = std::move(parsed.records);
  torn_bytes_ = parsed.torn_bytes;
  size_ = parsed.sound_bytes;
  if (torn_bytes_ != 0 && ::ftruncate(file_.number(), static_cast<off_t>(size_)) != 0)
    throw OutputError("cannot cut the torn end off the journal " + path_ + ": " + std::strerror(errno));
  if (size_ != 0) return;
  const std::vector<std::byte> head = journal_head();
  write_whole(file_.number(), 0, head, path_);
  size_ = head.size();
}

void Journal::append(const Record& record) {
  const std::vector<std::byte> bytes = encode_record(record);
  // A journal that still can say what is done when the disk is full is worth a little room.
  constexpr std::uint64_t step_bytes = std::uint64_t{1} << 20;
  if (const std::uint64_t wanted = size_ + bytes.size() + step_bytes / 2; wanted > reserved_) {
    if (::fallocate(file_.number(), FALLOC_FL_KEEP_SIZE, static_cast<off_t>(size_), static_cast<off_t>(bytes.size() + step_bytes)) == 0)
      reserved_ = size_ + bytes.size() + step_bytes;
  }
  // A write that failed half way is written over by the next one, and cut off if there is none.
  write_whole(file_.number(), size_, bytes, path_);
  size_ += bytes.size();
}

void Journal::sync() {
  if (::fdatasync(file_.number()) != 0) throw OutputError("cannot write " + path_ + " to disk: " + std::strerror(errno));
}

std::vector<Record> read_journal(const place::OwnDirectory& directory, const std::string& name) {
  const std::string path = directory.path() + "/" + name;
  const place::Descriptor file = directory.open_file(name, O_RDONLY);
  if (!file) throw InputError("cannot read the journal " + path + ": " + std::strerror(errno));
  return parse_journal(read_whole(file.number(), path), path).records;
}

}  // namespace rankine::journal
