#include "store/confinement.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/error.hpp"

namespace rankine::store {
namespace {

namespace fs = std::filesystem;

Confinement& setting() {
  static Confinement of_this_process;
  return of_this_process;
}

bool lies_below(const fs::path& path, const std::string& folder) {
  std::error_code error;
  const fs::path root = fs::canonical(folder.empty() ? "." : folder, error);
  if (error) return false;
  const auto [end, at] = std::mismatch(root.begin(), root.end(), path.begin(), path.end());
  static_cast<void>(at);
  return end == root.end();
}

}  // namespace

void confine(Confinement confinement) { setting() = std::move(confinement); }
const Confinement& confinement() { return setting(); }

std::string kind_of_file(unsigned mode) {
  if (S_ISFIFO(mode)) return "a FIFO";
  if (S_ISSOCK(mode)) return "a socket";
  if (S_ISCHR(mode) || S_ISBLK(mode)) return "a device";
  if (S_ISDIR(mode)) return "a directory";
  return "no regular file";
}

bool check_pointed_file(const std::string& target, const std::string& named_by, const std::string& home) {
  struct stat status {};
  if (::stat(target.c_str(), &status) != 0) return false;
  if (!S_ISREG(status.st_mode))
    throw InputError("cannot read " + named_by + ": its data lie in " + target + ", which is " + kind_of_file(status.st_mode) +
                     ", not a file");
  if (!setting().on) return true;
  std::error_code error;
  const fs::path real = fs::canonical(target, error);
  bool allowed = !error && lies_below(real, home);
  for (const std::string& root : setting().roots) allowed = allowed || (!error && lies_below(real, root));
  if (!allowed)
    throw InputError("cannot read " + named_by + ": its data lie in " + target + ", outside " + (home.empty() ? "." : home) +
                     ", which --confine forbids; allow the folder with --confine-roots if you trust the file");
  return true;
}

}  // namespace rankine::store
