#include "place/own_directory.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace rankine::place {
namespace {

constexpr mode_t open_to_others = S_IWGRP | S_IWOTH;

std::string octal(mode_t mode) {
  char digits[8];
  std::snprintf(digits, sizeof digits, "%04o", static_cast<unsigned>(mode & 07777));
  return digits;
}

/// Whose a file is that we make there: some file systems give all files to one user, who then is as good as we.
std::optional<uid_t> owner_of_new_file(int directory) {
  const std::string name = ".probe-" + unguessable_name();
  const Descriptor file(::openat(directory, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  struct stat status {};
  const bool known = file && ::fstat(file.number(), &status) == 0;
  if (file) ::unlinkat(directory, name.c_str(), 0);
  return known ? std::optional(status.st_uid) : std::nullopt;
}

Descriptor open_directory(const std::string& path, const std::string& what) {
  Descriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (directory || errno == ENOENT) return directory;
  const int reason = errno;
  struct stat status {};
  if (::lstat(path.c_str(), &status) == 0 && S_ISLNK(status.st_mode))
    throw NotOurs(what + " " + path + " is a symbolic link, which is not followed: name the directory itself");
  if (reason == ENOTDIR) throw UsageError(what + " " + path + " is a file, no directory");
  if (reason == EACCES && ::lstat(path.c_str(), &status) == 0 && status.st_uid != ::geteuid())
    throw NotOurs(what + " " + path + " belongs to " + name_of_user(status.st_uid) + ", not to you");
  throw OutputError("cannot open " + what + " " + path + ": " + std::strerror(reason));
}

}  // namespace

OwnDirectory::OwnDirectory(std::string path, std::string what, Descriptor descriptor)
    : path_(std::move(path)), what_(std::move(what)), descriptor_(std::move(descriptor)), user_(::geteuid()) {
  struct stat status {};
  if (::fstat(descriptor_.number(), &status) != 0) throw OutputError("cannot look at " + what_ + " " + path_ + ": " + std::strerror(errno));
  identity_ = {static_cast<std::uint64_t>(status.st_dev), static_cast<std::uint64_t>(status.st_ino)};
  if (status.st_uid != user_) {
    const auto owner = owner_of_new_file(descriptor_.number());
    if (owner != status.st_uid)
      throw NotOurs(what_ + " " + path_ + " belongs to " + name_of_user(status.st_uid) + ", not to you (" + name_of_user(user_) +
                    "): nothing in it is used or touched; name another directory by --run-dir, or have it removed");
    user_ = *owner;
  }
  if ((status.st_mode & open_to_others) == 0) return;
  // Nobody can have put anything into it that is empty once they cannot any more.
  const bool was_closed = names_in(descriptor_.number()).empty() && ::fchmod(descriptor_.number(), 0700) == 0;
  if (was_closed && names_in(descriptor_.number()).empty()) return;
  if (was_closed) ::fchmod(descriptor_.number(), status.st_mode & 07777);
  throw NotOurs(what_ + " " + path_ + " may be written to by others (mode " + octal(status.st_mode) +
                "), who may have put anything into it: if you trust it, chmod go-w it; else name another directory by --run-dir");
}

OwnDirectory OwnDirectory::make(const std::string& path, const std::string& what) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) throw OutputError("cannot make " + what + " " + path + ": " + std::strerror(errno) + "; name another one by --run-dir");
  Descriptor directory = open_directory(path, what);
  if (!directory) throw OutputError("cannot open " + what + " " + path + ": " + std::strerror(errno));
  return {path, what, std::move(directory)};
}

std::optional<OwnDirectory> OwnDirectory::open(const std::string& path, const std::string& what) {
  Descriptor directory = open_directory(path, what);
  if (!directory) return std::nullopt;
  return OwnDirectory(path, what, std::move(directory));
}

bool OwnDirectory::is_in_place() const {
  struct stat status {};
  return ::lstat(path_.c_str(), &status) == 0 &&
         Identity{static_cast<std::uint64_t>(status.st_dev), static_cast<std::uint64_t>(status.st_ino)} == identity_;
}

std::vector<std::string> OwnDirectory::names() const { return names_in(descriptor_.number()); }

bool OwnDirectory::has(const std::string& name) const {
  struct stat status {};
  return ::fstatat(descriptor_.number(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
}

void OwnDirectory::refuse_file(const std::string& name, const std::string& why) const {
  throw NotOurs(path_ + "/" + name + " " + why + ": nothing in " + what_ + " is used; name another directory by --run-dir");
}

Descriptor OwnDirectory::open_file(const std::string& name, int flags) const {
  Descriptor file(::openat(descriptor_.number(), name.c_str(), flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  if (!file) {
    if (errno == ELOOP) refuse_file(name, "is a symbolic link");
    return file;
  }
  struct stat status {};
  if (::fstat(file.number(), &status) != 0) return Descriptor();
  if (!S_ISREG(status.st_mode)) refuse_file(name, "is no file");
  if (status.st_uid != user_) refuse_file(name, "belongs to " + name_of_user(status.st_uid) + ", not to you");
  if (status.st_nlink > 1) refuse_file(name, "has a second name elsewhere");
  return file;
}

Descriptor OwnDirectory::make_file(const std::string& name, int flags) const {
  return Descriptor(::openat(descriptor_.number(), name.c_str(), flags | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
}

Descriptor OwnDirectory::open_or_make_file(const std::string& name, int flags) const {
  for (;;) {
    Descriptor file = open_file(name, flags);
    if (file || errno != ENOENT) return file;
    file = make_file(name, flags);
    if (file || errno != EEXIST) return file;
  }
}

int OwnDirectory::rename(const std::string& from, const std::string& to) const {
  return ::renameat(descriptor_.number(), from.c_str(), descriptor_.number(), to.c_str());
}

bool OwnDirectory::remove(const std::string& name) const noexcept { return remove_own(descriptor_.number(), name, user_); }

void OwnDirectory::remove_itself() const noexcept {
  if (is_in_place()) ::rmdir(path_.c_str());
}

}  // namespace rankine::place
