#pragma once
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/io_faults.hpp"

namespace rankine::runtime {

/// Moments in a rank's life at which a rehearsed fault may strike.
enum class LifePoint { launch, start, plan, task, making, close, commit, leave };

/// Ranks that die, or fail, on purpose, to see what a job does then: RANKINE_REHEARSE="rank=2 at=task count=10 signal=9; ...".
///
///     rank=N|any   which rank; any: every rank but 0 (default)
///     at=POINT     launch: before MPI starts; start: when it has started; plan: when a plan arrives; task: when a task
///                  begins; making: rank 0 has made an output; close: when outputs are being closed; commit: rank 0 takes a
///                  step of giving outputs their names; leave: when the job is over
///     task=TEXT    only tasks whose description contains TEXT, where + stands for a blank
///     count=N      at the N-th such moment (default 1)
///     error=TEXT   it does not die: from then on each of these tasks fails there with TEXT, + for blanks
///     slow=MS      it does not die: each of these tasks takes so many milliseconds more there
///     io=CALL      no moment but calls to the file system fail: open, read, list (stat and listing; inputs), write (outputs);
///     errno=NAME   with this error, such as EIO, ESTALE, ENOSPC, EDQUOT (default EIO),
///     file=TEXT    for paths that contain TEXT,
///     times=N      so many of them, from the one that count= says on (default: all)
///     signal=N     by this signal (default 9, SIGKILL; 19, SIGSTOP, hangs it)
///     to=WHOM      rank (default), supervisor or both get it
class FaultRehearsal {
 public:
  FaultRehearsal() = default;
  /// Throws UsageError for what is no such text.
  explicit FaultRehearsal(const std::string& text);
  static FaultRehearsal from_environment();

  bool is_empty() const { return faults_.empty(); }
  /// Those for this rank of a job of `size` that have not struck in this process yet, as they were written; of those for ranks
  /// that there are not, rank 0's. In all copies of from_environment() together.
  std::vector<std::string> not_struck(int rank, int size) const;
  /// Does not return if a fault strikes here, or throws Error. Milliseconds to wait. From one thread at a time.
  unsigned pass(LifePoint point, int rank, const std::string& task = {});
  /// Lets calls of this process to the file system fail as rehearsed. Once, when the rank is known.
  void begin_io_faults(int rank) const;

 private:
  struct Fault {
    int rank = -1;  ///< -1: any but 0
    LifePoint point = LifePoint::task;
    std::string task;
    unsigned count = 1;
    int signal = 9;
    enum class Whom { rank, supervisor, both } whom = Whom::rank;
    std::string text;                            ///< as it was written
    std::shared_ptr<std::atomic<bool>> struck;   ///< of all copies
    std::string error;
    unsigned slow_ms = 0;
    std::optional<store::IoCall> io;
    int io_error = 0;
    std::string file;
    unsigned times = 0;   ///< 0: for ever

    bool is_for(int of_rank) const { return rank < 0 ? of_rank != 0 : rank == of_rank; }
  };
  static void strike(const Fault& fault);
  std::vector<Fault> faults_;
};

}  // namespace rankine::runtime
