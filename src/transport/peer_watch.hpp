#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace rankine::transport {

/// A rank that is gone, or that nobody can reach any more.
struct PeerDeath {
  int rank = 0;
  /// The process is known to have ended, with `wait_status` as waitpid() gives it. False: its supervisor or its whole
  /// node cannot be reached, so the process may still live where nobody hears it.
  bool confirmed = false;
  int wait_status = 0;
  /// What ran on its threads when it died: `run << 32 | task`.
  std::vector<std::uint64_t> running;
};

/// "was killed by signal 9 (Killed)", "ended with status 70", "cannot be reached any more".
std::string describe_death(const PeerDeath& death);

/// Tells rank 0 which ranks have died, by other means than MPI, which tells nothing. All calls but the notification come
/// from the communication thread.
class PeerWatch {
 public:
  virtual ~PeerWatch() = default;
  /// Cheap; looked at in every round of the communication loop.
  virtual bool has_deaths() const = 0;
  /// Those since the last call, each rank once.
  virtual std::vector<PeerDeath> take_deaths() = 0;
  /// Whether a death of this rank would be reported.
  virtual bool watches(int rank) const = 0;
  /// Asks for the end of a rank that no longer answers. Returns at once; its death is reported as others are.
  virtual void order_kill(int rank) = 0;
};

}  // namespace rankine::transport
