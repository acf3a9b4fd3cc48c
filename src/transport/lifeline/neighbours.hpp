#pragma once
#include <cstdint>
#include <vector>

namespace rankine::transport {

/// A process of this node, known by its start too: another one that was given its number later is not taken for it.
struct ProcessIdentity {
  std::int64_t pid = 0;
  std::uint64_t started = 0;   ///< in ticks of the system's clock, as the kernel tells; 0: no such process
};
ProcessIdentity identify(std::int64_t pid);
/// The kernel's letter for what it is doing ('T': it is stopped); '\0' if it is no more.
char state_of(const ProcessIdentity& process);

/// A rank of the same node.
struct Neighbour {
  int rank = -1;
  ProcessIdentity process, supervisor;
};

/// What ranks of one node can do for each other where a supervisor does not hear: a stopped process cannot be told
/// anything by its line, but any process of the same user can end it or let it go on.
class Neighbours {
 public:
  Neighbours() = default;
  explicit Neighbours(std::vector<Neighbour> list) : list_(std::move(list)) {}

  /// Ends the process of that rank, which is taken for lost, and lets its supervisor go on, so that it tells of the end.
  /// Nothing if the rank is on another node or the processes have ended.
  void end(int rank) const;
  /// The same for every rank but `own` whose process is stopped; supervisors that are stopped go on in any case.
  void end_stopped(int own) const;

 private:
  std::vector<Neighbour> list_;
};

/// Lets a process go on if it is stopped.
void wake(const ProcessIdentity& process);

}  // namespace rankine::transport
