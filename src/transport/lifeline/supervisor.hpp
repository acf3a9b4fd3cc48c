#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "transport/lifeline/neighbours.hpp"
#include "transport/lifeline/running_tasks.hpp"

namespace rankine::transport {

/// What a rank has of its supervisor. Without one (`is_supervised()` false) all calls do nothing.
class Supervision {
 public:
  Supervision() = default;
  Supervision(int control, std::unique_ptr<RunningTasks> tasks, ProcessIdentity supervisor)
      : control_(control), tasks_(std::move(tasks)), supervisor_(supervisor) {}
  Supervision(Supervision&& other) noexcept;
  Supervision& operator=(Supervision&& other) noexcept;
  ~Supervision();

  bool is_supervised() const { return control_ >= 0; }
  /// For the tasks that are running; null without a supervisor.
  RunningTasks* tasks() const { return tasks_.get(); }
  const ProcessIdentity& supervisor() const { return supervisor_; }
  /// Tells the supervisor which rank this is and where rank 0 listens (what Lifelines::address() gave there; empty:
  /// nowhere). From then on a death of this rank is rank 0's affair and not the launcher's.
  void join_job(int rank, const std::string& lifeline_address) const;
  /// Text that is handed to SuperviseOptions::on_death should this process die without end_orderly().
  void leave_word(const std::string& text) const;
  /// All is done but leaving MPI: nothing is to be said about this rank's end any more, and should it crash on its way out
  /// (MPI's own end may, where peers are gone), `status` is its status all the same.
  void end_orderly(int status) const;
  /// This rank ends at once by SIGKILL; `why` is RankEnd::why ("gave no sign of life ...").
  [[noreturn]] void end_because(const std::string& why) const;
  /// A supervisor that somebody has stopped goes on: else the launcher would wait for it for ever once the rank has ended.
  void wake_supervisor() const;

 private:
  int control_ = -1;
  std::unique_ptr<RunningTasks> tasks_;
  ProcessIdentity supervisor_;
};

/// How a rank ended, for its supervisor's last words.
struct RankEnd {
  int wait_status = 0;    ///< waitpid()'s
  std::string word;       ///< the last that it left
  std::string why;        ///< "was stopped (SIGSTOP) for 9 s and was ended", where more is known than the signal; else empty
};

struct SuperviseOptions {
  /// Called in the supervisor of a rank that died or ended with a failure without having said that it would. What it returns
  /// is the supervisor's status where that is the rank's.
  std::function<int(const RankEnd& end)> on_death;
  /// Called in the supervisor of another rank when rank 0 has gone without a farewell and its own supervisor says nothing
  /// either, or when rank 0 has been silent for too long; what it returns is the supervisor's status, by which the
  /// launcher ends the job.
  std::function<int(const std::string& how)> on_rank_0_gone;
  /// Rank 0 is ended when it has been stopped for so long; of other ranks it is rank 0 who notices.
  std::uint64_t stopped_ms = 9'000;
  /// Rank 0's end of the line is silent for so long: rank 0 is stopped, and its supervisor is too.
  std::uint64_t silence_ms = 27'000;
  /// A rank whose rank 0 has gone may end by itself for so long.
  int orphan_grace_ms = 5000;
  /// So long others have the time to say that rank 0 is gone.
  int others_speak_ms = 2000;
};

/// Forks: the calling process becomes the supervisor and never returns; the child is the rank and goes on. Must be called
/// before MPI_Init and before there are threads; with several threads, or where fork fails, nothing happens.
///
/// MPI tells nobody that a rank has died, and the launcher would end the job. So the launcher's child is a process that
/// never touches MPI and outlives the rank: it reports the rank's death to rank 0 over a TCP connection at once, kills a
/// rank that hangs when rank 0 orders it, hands signals on, ends a rank whose rank 0 is gone or silent, and ends a rank 0
/// that is stopped. A supervisor that is
/// killed takes its rank with it. Its status is that of the rank as long as the job has not formed, and rank 0's; the
/// others give 0, for the status of the run is rank 0's alone.
Supervision supervise(SuperviseOptions options = {});

}  // namespace rankine::transport
