#pragma once
#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "place/own_file.hpp"

namespace rankine::place {

/// Which directory it is, however it is called: moved it stays the same, copied it becomes another one.
struct Identity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  bool operator==(const Identity&) const = default;
};

/// A directory that this user alone can change, held open. It is opened by its path once, and not through a link that has its
/// name; what lies in it is looked up in what was opened, so that nobody who may write around it can put another one in its
/// place. It is ours if it belongs to the user of this process and neither group nor others may write to it. The directory that
/// it lies in may be anybody's, such as /tmp.
class OwnDirectory {
 public:
  /// Makes it (mode 0700) if it is not there; one that is ours, empty and open to others is closed to them. `what`: "the run
  /// directory". Throws NotOurs, OutputError, UsageError if something else has the name.
  static OwnDirectory make(const std::string& path, const std::string& what);
  /// Nothing if there is none. Throws NotOurs, UsageError.
  static std::optional<OwnDirectory> open(const std::string& path, const std::string& what);

  const std::string& path() const { return path_; }
  Identity identity() const { return identity_; }
  /// Whom the file system gives out as us: the user of this process, but for file systems that give all files to one user.
  uid_t user() const { return user_; }
  /// The name still leads to it.
  bool is_in_place() const;

  std::vector<std::string> names() const;
  bool has(const std::string& name) const;
  /// -1 and errno if it cannot be opened. Throws NotOurs for a link, a file of others, or one with a second name.
  Descriptor open_file(const std::string& name, int flags) const;
  /// -1 and errno, EEXIST if anything has the name. Mode 0600.
  Descriptor make_file(const std::string& name, int flags) const;
  /// open_file(), or make_file() if there is none.
  Descriptor open_or_make_file(const std::string& name, int flags) const;
  /// -1 and errno otherwise.
  int rename(const std::string& from, const std::string& to) const;
  bool remove(const std::string& name) const noexcept;
  /// Itself, if it is empty and still has its name.
  void remove_itself() const noexcept;

 private:
  OwnDirectory(std::string path, std::string what, Descriptor descriptor);
  [[noreturn]] void refuse_file(const std::string& name, const std::string& why) const;

  std::string path_, what_;
  Descriptor descriptor_;
  Identity identity_;
  uid_t user_ = 0;   ///< whom the file system gives out as us
};

}  // namespace rankine::place
