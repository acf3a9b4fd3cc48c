#include "store/descriptor_cache.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.hpp"
#include "store/held_file.hpp"

namespace rankine::store {
namespace {

constexpr int attempts = 3;

bool is_passing(int error) { return error == EIO || error == ESTALE; }

int open_for_reading(const std::string& path) {
  for (int attempt = 1;; ++attempt) {
    // Without waiting: a pipe where a file belongs would hold a thread for ever. Files do not care.
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor >= 0) return descriptor;
    if (errno == EINTR) continue;
    if (!is_passing(errno) || attempt == attempts) return -1;
  }
}

}  // namespace

OpenFile::OpenFile(const std::string& path) : path_(path), descriptor_(open_for_reading(path)) {
  if (descriptor_ < 0) {
    const std::string reason = std::strerror(errno);
    throw InputError("cannot open " + path + ": " + reason +
                     (errno == EMFILE || errno == ENFILE ? "; raise the limit on open files (ulimit -n)" : ""));
  }
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(descriptor_);
    throw InputError("cannot open " + path + ": it is not a file");
  }
  stamp_ = {static_cast<std::uint64_t>(status.st_size),
            static_cast<std::int64_t>(status.st_mtim.tv_sec) * 1'000'000'000 + status.st_mtim.tv_nsec};
}

OpenFile::~OpenFile() { ::close(descriptor_); }

void OpenFile::will_need(std::uint64_t offset, std::uint64_t bytes) const noexcept {
  ::posix_fadvise(descriptor_, static_cast<off_t>(offset), static_cast<off_t>(bytes), POSIX_FADV_WILLNEED);
}

void OpenFile::read_at(std::uint64_t offset, std::span<std::byte> out) const {
  std::size_t done = 0;
  int failures = 0;
  while (done < out.size()) {
    const ssize_t got = ::pread(descriptor_, out.data() + done, out.size() - done,
                                static_cast<off_t>(offset + done));
    if (got > 0) {
      done += static_cast<std::size_t>(got);
    } else if (got == 0) {
      throw InputError("the file ends at byte " + std::to_string(offset + done) + " but " +
                       std::to_string(out.size() - done) + " more are needed: it is truncated");
    } else if (errno != EINTR && !(is_passing(errno) && ++failures < attempts)) {
      throw InputError(std::string("reading failed: ") + std::strerror(errno));
    }
  }
}

std::shared_ptr<const OpenFile> DescriptorCache::open(const std::string& path, const FileStamp& expected) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = by_path_.find(path); found != by_path_.end()) {
      recent_.splice(recent_.begin(), recent_, found->second);
      if (expected == FileStamp{} || recent_.front().file->stamp() == expected) return recent_.front().file;
      // This job has replaced the file since, and its metadata was read again: the old one is done with.
      recent_.pop_front();
      by_path_.erase(found);
    }
  }
  // Opened without the lock: on a parallel file system it may take milliseconds.
  auto file = open_file(path);
  if (expected != FileStamp{} && file->stamp() != expected)
    throw InputError(path + " changed while running: it is not the file whose metadata was read; start again "
                            "when nothing writes to it");
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
