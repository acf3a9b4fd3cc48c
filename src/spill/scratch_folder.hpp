#pragma once
#include <string>

namespace rankine::spill {

/// A folder of this process's own below a scratch folder, mode 0700: rankine-spill.JOB.rankN.XXXXXX. Its file `owner` is
/// locked (flock) as long as the process lives, so that whoever comes later can tell what a crash has left.
class ScratchFolder {
 public:
  /// Throws OutputError.
  ScratchFolder(const std::string& scratch, const std::string& job, int rank);
  /// Removes everything.
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
  int owner_ = -1;
};

/// Removes what dead processes of this user left in `scratch`; how many folders. What is locked, somebody else's, or so new
/// that its owner may not have locked it yet, stays.
int remove_leftovers(const std::string& scratch);

}  // namespace rankine::spill
