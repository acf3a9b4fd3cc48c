#include "store/descriptor_cache.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.hpp"
#include "store/confinement.hpp"
#include "store/held_file.hpp"
#include "store/io_faults.hpp"

namespace rankine::store {
namespace {

/// A server may be asked for it each time.
constexpr std::chrono::seconds stat_every(1);

[[noreturn]] void throw_changed() {
  throw InputError("the file changed while running: it is not the one whose metadata was read; start again when nothing "
                   "writes to it");
}

}  // namespace

OpenFile::OpenFile(const std::string& path) : path_(path), descriptor_(open_with_retries(path)) {
  if (descriptor_ < 0) {
    const std::string reason = std::strerror(errno);
    throw InputError("cannot open " + path + ": " + reason +
                     (errno == EMFILE || errno == ENFILE ? "; raise the limit on open files (ulimit -n)" : ""));
  }
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(descriptor_);
    throw InputError("cannot open " + path + ": it is " + kind_of_file(status.st_mode) + ", not a file");
  }
  stamp_ = stamp_of(status);
}

OpenFile::~OpenFile() { ::close(descriptor_); }

void OpenFile::will_need(std::uint64_t offset, std::uint64_t bytes) const noexcept {
  ::posix_fadvise(descriptor_, static_cast<off_t>(offset), static_cast<off_t>(bytes), POSIX_FADV_WILLNEED);
}

void OpenFile::read_at(std::uint64_t offset, std::span<std::byte> out) const {
  std::size_t done = 0;
  while (done < out.size()) {
    const ssize_t got = read_with_retries(descriptor_, path_, stamp_, out.subspan(done), offset + done);
    if (got > 0) {
      done += static_cast<std::size_t>(got);
    } else if (got == 0) {
      throw InputError("the file ends at byte " + std::to_string(offset + done) + " but " +
                       std::to_string(out.size() - done) + " more are needed: it is truncated");
    } else {
      throw InputError(std::string("reading failed: ") + std::strerror(errno));
    }
  }
}

void OpenFile::check_unchanged() const {
  const auto now = std::chrono::steady_clock::now();
  if (now - looked_at_ >= stat_every) {
    looked_at_ = now;
    struct stat status {};
    if (::fstat(descriptor_, &status) == 0 && stamp_of(status) != stamp_) changed_ = true;
  }
  if (changed_) throw_changed();
}

std::shared_ptr<const OpenFile> DescriptorCache::open(const std::string& path, const FileStamp& expected) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = by_path_.find(path); found != by_path_.end()) {
      recent_.splice(recent_.begin(), recent_, found->second);
      if (expected == FileStamp{} || recent_.front().file->stamp() == expected) {
        recent_.front().file->check_unchanged();
        return recent_.front().file;
      }
      // This job has replaced the file since, and its metadata was read again: the old one is done with.
      recent_.pop_front();
      by_path_.erase(found);
    }
  }
  // Opened without the lock: on a parallel file system it may take milliseconds.
  auto file = open_file(path);
  if (expected != FileStamp{} && file->stamp() != expected)
    throw_changed();
  std::list<Entry> closing;  // destroyed after the lock is given back
  const std::lock_guard lock(mutex_);
  if (const auto found = by_path_.find(path); found != by_path_.end()) return found->second->file;
  recent_.push_front({path, file});
  by_path_[path] = recent_.begin();
  while (recent_.size() > limit_) {
    by_path_.erase(recent_.back().path);
    closing.splice(closing.begin(), recent_, std::prev(recent_.end()));
  }
  return file;
}

}  // namespace rankine::store
