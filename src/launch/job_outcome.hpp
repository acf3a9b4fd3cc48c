#pragma once
#include <mutex>
#include <string>

#include "base/error.hpp"
#include "cli/options.hpp"
#include "journal/outcome.hpp"
#include "runtime/session.hpp"
#include "transport/lifeline/supervisor.hpp"

namespace rankine::launch {

/// What is written to the run directory about the end of this job: by rank 0, by its watchdog, or by its supervisor when it
/// is dead. Nothing is written where there is no run directory: one that --run-dir names is made, one beside the first
/// output is used if it is there.
class JobOutcome {
 public:
  JobOutcome(const cli::Options& options, int ranks);

  void set_error(const std::string& message) { outcome_.message = message; }
  /// `session` may be null. Throws OutputError.
  void write(int status, const runtime::Session* session);
  /// From any thread, with what is known without the session. Never throws.
  void write_now(ExitCode code, const std::string& message) const noexcept;
  /// The run directory has come into being, beside the first output if none was named.
  void set_directory(const runtime::RunDirectory& directory);
  /// For transport::Supervision::leave_word; empty if there is no run directory.
  std::string word_for_supervisor() const;

 private:
  std::string directory() const;
  void note_layers(const std::vector<report::LayerSummary>& layers);

  journal::Outcome outcome_;
  mutable std::mutex mutex_;    ///< guards directory_
  std::string directory_;       ///< the one that the session has opened, before that as --run-dir names it; empty: not named
  std::string how_to_go_on_;    ///< in words; empty: there is nothing yet
  int earlier_deaths_ = 0;      ///< of rank 0, in the jobs right before this one
  std::uint64_t earlier_progress_ = 0;   ///< at the last of them
};

/// For transport::SuperviseOptions: rank 0 has died without a word. Says so on standard error, and in the run directory that
/// its word names. Its status: 75 if it was killed and there is something to go on with, 5 if that comes again where nothing more
/// was done in between, else as a shell's, 128 and the signal.
int write_outcome_of_death(const transport::RankEnd& end);

/// For the same: another rank's supervisor has nobody to report to. Says so, and gives 75.
int tell_that_rank_0_is_gone(const std::string& how);

}  // namespace rankine::launch
