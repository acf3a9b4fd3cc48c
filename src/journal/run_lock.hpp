#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "place/own_directory.hpp"

namespace rankine::journal {

/// Another run has the directory.
struct InUse : UsageError {
  using UsageError::UsageError;
};

/// Who has a run directory: enough to tell a live run from one that died.
struct LockOwner {
  std::string host;
  std::int64_t pid = 0;
  std::string job;            ///< the batch system's, such as "slurm 1234"; may be empty
  std::uint64_t beat = 0;     ///< counts up while it lives
};

/// "process 4711 on node12 (job slurm 1234)".
std::string describe(const LockOwner& owner);
LockOwner this_process();

/// The last owner of a run directory that did not leave in order.
struct LastOwner {
  enum class State { lives, died, elsewhere };   ///< elsewhere: on another host, of which nothing can be told at once
  LockOwner owner;
  State state = State::elsewhere;
};
/// Nothing if the directory holds no lock. Throws place::NotOurs.
std::optional<LastOwner> last_owner(const std::string& directory);

/// Makes two live runs on one run directory impossible. The file DIR/lock holds the owner's host, pid and job; a lock
/// of the file system (fcntl) goes with it, and is gone as soon as its process is. Not every file system keeps locks
/// between nodes: an owner on another host is watched for a while, and is dead if its beat stands still. No two
/// clocks are compared.
class RunLock {
 public:
  struct Timing {
    unsigned watch_ms = 20'000;   ///< of an owner on another host
    unsigned look_ms = 1'000;
  };
  /// The owner is to call beat() so often.
  static constexpr unsigned beat_interval_ms = 5'000;

  /// `directory` must outlive it. Throws UsageError naming the live owner and what to do, OutputError if the directory cannot
  /// be written, place::NotOurs if somebody else has put something where the lock belongs.
  explicit RunLock(const place::OwnDirectory& directory) : RunLock(directory, Timing{}) {}
  RunLock(const place::OwnDirectory& directory, Timing timing);
  /// Leaves no lock behind.
  ~RunLock();
  RunLock(const RunLock&) = delete;
  RunLock& operator=(const RunLock&) = delete;

  /// Says that the owner lives; cheap, called every few seconds.
  void beat();

 private:
  const place::OwnDirectory& directory_;
  place::Descriptor file_;
  LockOwner owner_;
};

/// The batch job that this process belongs to, by its environment: "slurm 1234"; empty outside of one.
std::string batch_job();

}  // namespace rankine::journal
