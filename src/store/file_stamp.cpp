#include "store/file_stamp.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "base/error.hpp"
#include "store/io_faults.hpp"

namespace rankine::store {

FileStamp stamp_of(const std::string& path) {
  struct stat status {};
  if (const int error = stat_with_retries(path, status); error != 0)
    throw InputError("cannot read " + path + ": " + std::strerror(error));
  return stamp_of(status);
}

FileStamp stamp_of(const struct stat& status) {
  return {static_cast<std::uint64_t>(status.st_size),
          static_cast<std::int64_t>(status.st_mtim.tv_sec) * 1'000'000'000 + status.st_mtim.tv_nsec};
}

}  // namespace rankine::store
