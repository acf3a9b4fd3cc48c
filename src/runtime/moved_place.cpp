#include "runtime/moved_place.hpp"

#include <sys/stat.h>

namespace rankine::runtime {

MovedPlace::MovedPlace(const std::string& from, const std::string& to) : old_root_(from), new_root_(to) {
  // As long as the last words are the same, what holds them has moved.
  while (!old_root_.empty() && !new_root_.empty()) {
    const std::size_t old_slash = old_root_.rfind('/'), new_slash = new_root_.rfind('/');
    if (old_slash == std::string::npos || new_slash == std::string::npos || old_root_.substr(old_slash) != new_root_.substr(new_slash)) return;
    old_root_.resize(old_slash);
    new_root_.resize(new_slash);
  }
}

std::string MovedPlace::operator()(const std::string& path) const {
  if (path == old_root_) return new_root_;
  if (path.compare(0, old_root_.size() + 1, old_root_ + "/") != 0) return path;
  return new_root_ + path.substr(old_root_.size());
}

bool is_copy(const journal::JobRecord& job, const place::OwnDirectory& here) {
  if (job.place.empty() || job.place == here.path() || job.inode == here.identity().inode) return false;
  struct stat status {};
  return ::lstat(job.place.c_str(), &status) == 0 && S_ISDIR(status.st_mode) && static_cast<std::uint64_t>(status.st_ino) == job.inode;
}

}  // namespace rankine::runtime
