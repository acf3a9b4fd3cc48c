#include "place/own_file.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <pwd.h>
#include <sys/random.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <vector>

namespace rankine::place {
namespace {

/// Deeper than any store that we write; each level keeps a descriptor open while it is emptied.
constexpr int most_levels = 100;

bool is_dot(const char* name) { return std::strcmp(name, ".") == 0 || std::strcmp(name, "..") == 0; }

bool remove_at(int directory, const char* name, uid_t user, int level) {
  struct stat status {};
  if (::fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) != 0) return errno == ENOENT;
  if (status.st_uid != user || level > most_levels) return false;
  if (!S_ISDIR(status.st_mode)) return ::unlinkat(directory, name, 0) == 0 || errno == ENOENT;
  const Descriptor inside(::openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  // What was opened counts, not what had the name before.
  if (!inside || ::fstat(inside.number(), &status) != 0 || status.st_uid != user) return false;
  bool is_empty = true;
  for (const std::string& entry : names_in(inside.number())) is_empty &= remove_at(inside.number(), entry.c_str(), user, level + 1);
  return is_empty && (::unlinkat(directory, name, AT_REMOVEDIR) == 0 || errno == ENOENT);
}

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string last_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

}  // namespace

std::vector<std::string> names_in(int directory) {
  std::vector<std::string> names;
  const int again = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* stream = again >= 0 ? ::fdopendir(again) : nullptr;
  if (stream == nullptr) {
    if (again >= 0) ::close(again);
    return names;
  }
  while (const dirent* entry = ::readdir(stream))
    if (!is_dot(entry->d_name)) names.emplace_back(entry->d_name);
  ::closedir(stream);
  return names;
}

Descriptor::~Descriptor() {
  if (number_ >= 0) ::close(number_);
}

std::string name_of_user(uid_t user) {
  const passwd* entry = ::getpwuid(user);
  return "user " + (entry != nullptr ? std::string(entry->pw_name) + " (" + std::to_string(user) + ")" : std::to_string(user));
}

std::string unguessable_name() {
  constexpr char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";   // 32, five bits each
  std::array<unsigned char, 16> bytes{};
  for (std::size_t got = 0; got < bytes.size();) {
    const ssize_t more = ::getrandom(bytes.data() + got, bytes.size() - got, 0);
    if (more < 0 && errno != EINTR) throw std::runtime_error(std::string("the system gives no random numbers: ") + std::strerror(errno));
    if (more > 0) got += static_cast<std::size_t>(more);
  }
  std::string name;
  for (const unsigned char byte : bytes) name += digits[byte & 31];
  return name;
}

bool is_own_file(const struct stat& status, uid_t user) {
  return S_ISREG(status.st_mode) && status.st_uid == user && status.st_nlink <= 1;
}

Descriptor open_own_file(const std::string& path, int flags) { return open_own_file(path, flags, ::geteuid()); }

Descriptor open_own_file(const std::string& path, int flags, uid_t user) {
  // A pipe that lies there must not hold us.
  Descriptor file(::open(path.c_str(), flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  struct stat status {};
  if (!file) return file;
  if (::fstat(file.number(), &status) != 0 || !is_own_file(status, user)) {
    file = Descriptor();
    errno = EPERM;
  }
  return file;
}

Descriptor make_own_file(const std::string& path, int flags, mode_t mode) {
  return Descriptor(::open(path.c_str(), flags | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
}

bool remove_own(int directory, const std::string& name, uid_t user) noexcept {
  try {
    return remove_at(directory, name.c_str(), user, 0);
  } catch (const std::exception&) {
    return false;
  }
}

bool remove_own(const std::string& path) noexcept { return remove_own(path, ::geteuid()); }

bool remove_own(const std::string& path, uid_t user) noexcept {
  try {
    std::string tidy = path;
    while (tidy.size() > 1 && tidy.back() == '/') tidy.pop_back();
    const std::string name = last_of(tidy);
    if (name.empty() || is_dot(name.c_str())) return false;
    const Descriptor parent(::open(parent_of(tidy).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!parent) return errno == ENOENT;
    return remove_own(parent.number(), name, user);
  } catch (const std::exception&) {
    return false;
  }
}

}  // namespace rankine::place
