#pragma once
#include <sys/stat.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "store/file_stamp.hpp"

namespace rankine::store {

/// Kinds of calls to the file system that may meet a fault of it.
enum class IoCall { open, read, list, write };

/// Faults on purpose, to see what a run does then: `fault` gives the errno that a call is to fail with, 0 for none. Called
/// from any thread; set before the first thread starts.
void rehearse_io(std::function<int(IoCall, const std::string& path)> fault);
/// 0 where nothing is rehearsed, which costs one load.
int rehearsed_error(IoCall call, const std::string& path);

/// The same for a process that dies on purpose while it gives outputs their names: called before each step of that.
void rehearse_commits(std::function<void()> strike);
void pass_commit_step();

/// Errors of network file systems that go by: a server that restarts or is overrun (EIO, ETIMEDOUT, EAGAIN), a handle
/// that it has forgotten (ESTALE).
bool is_passing(int error);

/// The tries of one call: five, with 20, 80, 320 and 1280 ms between them, so that a server has time to come back and a disk
/// that is broken is said to be so within two seconds. (A task is tried again as a whole after that.)
class Retries {
 public:
  /// True if `error` may have gone by: then the time has been waited.
  bool again(int error);

 private:
  int failures_ = 0;
};

/// ::stat() with retries. 0, or the errno.
int stat_with_retries(const std::string& path, struct stat& status);
/// A descriptor for reading, with retries; -1 and errno. A pipe where a file belongs does not hold the thread.
int open_with_retries(const std::string& path);
/// ::pread() with retries, signals included. A handle that the server has forgotten is replaced by a new one in place, if the
/// file of that name still is the one of `stamp`.
ssize_t read_with_retries(int descriptor, const std::string& path, const FileStamp& stamp, std::span<std::byte> out,
                          std::uint64_t offset);

}  // namespace rankine::store
