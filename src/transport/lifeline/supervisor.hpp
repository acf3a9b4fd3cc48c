#pragma once
#include <functional>
#include <memory>
#include <string>

#include "transport/lifeline/running_tasks.hpp"

namespace rankine::transport {

/// What a rank has of its supervisor. Without one (`is_supervised()` false) all calls do nothing.
class Supervision {
 public:
  Supervision() = default;
  Supervision(int control, std::unique_ptr<RunningTasks> tasks) : control_(control), tasks_(std::move(tasks)) {}
  Supervision(Supervision&& other) noexcept;
  Supervision& operator=(Supervision&& other) noexcept;
  ~Supervision();

  bool is_supervised() const { return control_ >= 0; }
  /// For the tasks that are running; null without a supervisor.
  RunningTasks* tasks() const { return tasks_.get(); }
  /// Tells the supervisor which rank this is and where rank 0 listens (what Lifelines::address() gave there; empty:
  /// nowhere). From then on a death of this rank is rank 0's affair and not the launcher's.
  void join_job(int rank, const std::string& lifeline_address) const;
  /// Text that is handed to SuperviseOptions::on_death should this process die without end_orderly().
  void leave_word(const std::string& text) const;
  /// Nothing is to be said about this rank's end any more.
  void end_orderly() const;

 private:
  int control_ = -1;
  std::unique_ptr<RunningTasks> tasks_;
};

struct SuperviseOptions {
  /// Called in the supervisor of a rank that died or ended with a failure without having said that it would, with
  /// waitpid()'s status and the last word it left. What it returns is the supervisor's status where that is the rank's.
  std::function<int(int wait_status, const std::string& word)> on_death;
};

/// Forks: the calling process becomes the supervisor and never returns; the child is the rank and goes on. Must be called
/// before MPI_Init and before there are threads; with several threads, or where fork fails, nothing happens.
///
/// MPI tells nobody that a rank has died, and the launcher would end the job. So the launcher's child is a process that
/// never touches MPI and outlives the rank: it reports the rank's death to rank 0 over a TCP connection at once, kills a
/// rank that hangs when rank 0 orders it, hands signals on, and ends a rank whose rank 0 is gone. A supervisor that is
/// killed takes its rank with it. Its status is that of the rank as long as the job has not formed, and rank 0's; the
/// others give 0, for the status of the run is rank 0's alone.
Supervision supervise(SuperviseOptions options = {});

}  // namespace rankine::transport
