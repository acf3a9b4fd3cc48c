#pragma once
#include <string>
#include <vector>

namespace rankine::runtime {

/// Moments in a rank's life at which a rehearsed fault may strike.
enum class LifePoint { launch, start, plan, task, close, leave };

/// Ranks that die, or fail, on purpose, to see what a job does then: RANKINE_REHEARSE="rank=2 at=task count=10 signal=9; ...".
///
///     rank=N|any   which rank; any: every rank but 0 (default)
///     at=POINT     launch: before MPI starts; start: when it has started; plan: when a plan arrives; task: when a task
///                  begins; close: when outputs are being closed; leave: when the job is over
///     task=TEXT    only tasks whose description contains TEXT, where + stands for a blank
///     count=N      at the N-th such moment (default 1)
///     error=TEXT   it does not die: from then on each of these tasks fails there with TEXT, + for blanks
///     signal=N     by this signal (default 9, SIGKILL; 19, SIGSTOP, hangs it)
class FaultRehearsal {
 public:
  FaultRehearsal() = default;
  /// Throws UsageError for what is no such text.
  explicit FaultRehearsal(const std::string& text);
  static FaultRehearsal from_environment();

  bool is_empty() const { return faults_.empty(); }
  /// Does not return if a fault strikes here, or throws Error. From one thread at a time.
  void pass(LifePoint point, int rank, const std::string& task = {});

 private:
  struct Fault {
    int rank = -1;  ///< -1: any but 0
    LifePoint point = LifePoint::task;
    std::string task;
    unsigned count = 1;
    int signal = 9;
    std::string error;
  };
  std::vector<Fault> faults_;
};

}  // namespace rankine::runtime
