#include "spill/scratch_folder.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <vector>

#include "base/error.hpp"
#include "place/own_file.hpp"

namespace rankine::spill {
namespace {

constexpr const char* prefix = "rankine-spill.";
/// A folder without an owner is being made, or its maker died in that moment.
constexpr std::time_t made_within_s = 600;

/// Job names end up in a file name.
std::string plain(const std::string& text) {
  std::string out;
  for (const char c : text) out += std::isalnum(static_cast<unsigned char>(c)) ? c : '-';
  return out.empty() ? "job" : out.substr(0, 60);
}

}  // namespace

ScratchFolder::ScratchFolder(const std::string& scratch, const std::string& job, int rank) {
  std::string name = scratch + "/" + prefix + plain(job) + ".rank" + std::to_string(rank) + ".XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) throw OutputError("cannot make a folder for spilled blocks in " + scratch + ": " + std::strerror(errno));
  path_ = name;
  // It gets its name when it is locked: nobody ever sees it without its lock while this process lives.
  const std::string making = path_ + "/owner.new", owner = path_ + "/owner";
  owner_ = ::open(making.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  const std::string text = "pid " + std::to_string(::getpid()) + "\n";
  const bool done = owner_ >= 0 && ::flock(owner_, LOCK_EX | LOCK_NB) == 0 &&
                    ::write(owner_, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                    ::rename(making.c_str(), owner.c_str()) == 0;
  if (done) return;
  const int reason = errno;
  if (owner_ >= 0) ::close(owner_);
  place::remove_own(path_);
  throw OutputError("cannot lock " + owner + ": " + std::strerror(reason));
}

ScratchFolder::~ScratchFolder() {
  place::remove_own(path_);
  ::close(owner_);
}

int remove_leftovers(const std::string& scratch) {
  std::vector<std::string> found;
  DIR* folder = ::opendir(scratch.c_str());
  if (folder == nullptr) return 0;
  while (const dirent* entry = ::readdir(folder))
    if (std::strncmp(entry->d_name, prefix, std::strlen(prefix)) == 0) found.push_back(scratch + "/" + entry->d_name);
  ::closedir(folder);
  int removed = 0;
  for (const std::string& path : found) {
    struct stat status{};
    if (::lstat(path.c_str(), &status) != 0 || !S_ISDIR(status.st_mode) || status.st_uid != ::geteuid()) continue;
    const int owner = ::open((path + "/owner").c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (owner < 0) {
      const bool is_old = std::time(nullptr) - status.st_mtime > made_within_s;
      if (errno != ENOENT || !is_old) continue;
      place::remove_own(path);
      ++removed;
      continue;
    }
    if (::flock(owner, LOCK_EX | LOCK_NB) == 0) {
      place::remove_own(path);
      ++removed;
    }
    ::close(owner);
  }
  return removed;
}

}  // namespace rankine::spill
