#pragma once
#include <string>

#include "array/output_spec.hpp"
#include "place/descriptor.hpp"

namespace rankine::store {

/// Who writes to an output, so that no two live runs write to one. The file ".<name>.rankine-lock" beside the output lists those
/// that do; each holds a lock of the file system (fcntl) on a byte of it, which is gone as soon as its process is, so that what
/// a killed run has left there stops nobody. Runs that write regions of one store at the same time are let through where no
/// chunk is written by both. The last to leave removes the file.
class OutputLock {
 public:
  /// `who`: "process 4711 on node12 (job slurm 1234)". Throws UsageError naming the run that is there and what to do.
  OutputLock(const array::OutputSpec& spec, const std::string& who);
  ~OutputLock();
  OutputLock(OutputLock&&) noexcept = default;
  OutputLock& operator=(OutputLock&&) = delete;

  /// Why other runs are not kept away: the file system keeps no locks, or has no room for the file. Empty: they are.
  const std::string& why_not() const { return why_not_; }

 private:
  void release() noexcept;

  std::string path_, why_not_;
  place::Descriptor file_;
  int slot_ = -1;
};

}  // namespace rankine::store
