#pragma once
#include <sys/stat.h>

#include <string>
#include <vector>

#include "base/error.hpp"
#include "place/descriptor.hpp"

/// Files and directories that a process makes where others may write too. Whoever may write there can put a link, a pipe or a
/// file of their own under any name that they can guess, or swap one for another between two looks at it. So what we make gets a
/// name that nobody guesses and is made by the very call that opens it; what we open is looked at once it is open; and what we
/// remove is removed without following links, and only where it is ours (docs/adr/0007-what-a-run-trusts.md).
namespace rankine::place {

/// Something that another user owns or may have put there. The message says what, whose it is, and what to do.
struct NotOurs : UsageError {
  using UsageError::UsageError;
};

/// "user alice (1001)".
std::string name_of_user(uid_t user);

/// 80 random bits from the system, as 20 characters: what goes into the names of what is made where others may write.
std::string unguessable_name();

/// Whether a file that is open is ours: a regular file of this user, without a second name.
bool is_own_file(const struct stat& status, uid_t user);

/// Opens a file that `user` has made, not through a link. -1 and errno where it cannot be opened; EPERM where it is not theirs.
Descriptor open_own_file(const std::string& path, int flags, uid_t user);
/// That of this process.
Descriptor open_own_file(const std::string& path, int flags);
/// Makes a file that is not there yet and opens it. -1 and errno: EEXIST where anything of that name is there, a link too.
Descriptor make_own_file(const std::string& path, int flags, mode_t mode);

/// What lies in a directory that is open; nothing if it cannot be read.
std::vector<std::string> names_in(int directory);

/// Removes a file or a directory with all that is in it. Links are removed, not followed; what belongs to others stays, and in
/// their directories nothing is removed. True if nothing of that name is left.
bool remove_own(const std::string& path) noexcept;
bool remove_own(const std::string& path, uid_t user) noexcept;
bool remove_own(int directory, const std::string& name, uid_t user) noexcept;

}  // namespace rankine::place
