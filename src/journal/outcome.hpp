#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"

namespace rankine::journal {

/// A rank that a run went on without.
struct OutcomeLoss {
  int rank = 0;
  std::string node;
  std::string how;
  double at_s = 0;            ///< after the start
  bool operator==(const OutcomeLoss&) const = default;
};

/// A task that failed for good.
struct OutcomeFailure {
  struct Attempt {
    int worker = 0;
    std::string node;
    std::string message;
    bool operator==(const Attempt&) const = default;
  };
  std::string task;
  std::vector<std::string> inputs;
  std::vector<Attempt> attempts;
  bool operator==(const OutcomeFailure&) const = default;
};

/// What like tasks did together.
struct OutcomeLayer {
  std::string name;
  std::uint64_t tasks = 0;
  double busy_s = 0;          ///< sum over threads
  std::uint64_t bytes = 0;    ///< of their results in memory
  bool operator==(const OutcomeLayer&) const = default;
};

/// How a job ended: what a job script judges by, since launchers' statuses are their own once a rank is lost.
struct Outcome {
  int exit_code = 0;
  std::string message;                      ///< the error; empty if there was none
  std::string program_version;
  std::string command;
  std::string started, ended;               ///< "2026-03-01T12:00:00Z"
  std::string job;                          ///< the batch system's, "slurm 1234"; empty: none
  std::vector<std::string> nodes;           ///< that were seen, each once
  unsigned threads = 0;                     ///< of all ranks, that run tasks
  std::uint64_t peak_memory = 0;            ///< bytes that the largest rank had resident
  std::uint64_t bytes_read = 0;             ///< stored ones
  std::uint64_t bytes_written = 0;
  std::vector<OutcomeLayer> layers;
  double wall_s = 0;
  int ranks = 1;
  std::uint64_t tasks = 0;                  ///< that are done
  std::uint64_t tasks_known = 0;            ///< of so many that the script had asked for by then
  std::uint64_t retries = 0;
  std::uint64_t bytes_spilled = 0;          ///< put on scratch for want of memory
  std::uint64_t bytes_read_back = 0;
  std::vector<std::string> outputs;         ///< that were committed
  std::vector<OutcomeLoss> losses;
  std::vector<OutcomeFailure> failed_tasks;
  int deaths = 0;                           ///< of rank 0, job after job, with nothing more done in between
  std::uint64_t progress = 0;               ///< at the last of them: records of what is done
  bool operator==(const Outcome&) const = default;
};

/// "done", "task_failed" ... as docs/exit-status.md lists them; "script" for a status that the script chose.
std::string status_name(int exit_code);

/// The file DIR/outcome.json, replaced as a whole and on disk when this returns; the directory is made if it is not there.
/// File and directory are for the user alone. Throws OutputError; place::NotOurs if the directory is another user's.
void write_outcome(const std::string& directory, const Outcome& outcome);
/// Nothing if the directory holds no outcome: the run lives or was killed. Throws InputError if there is no such directory
/// or the file is damaged, place::NotOurs.
std::optional<Outcome> read_outcome(const std::string& directory);

std::string to_json(const Outcome& outcome);
/// Throws InputError naming `path`.
Outcome outcome_from_json(const std::string& json, const std::string& path);

/// What `rankine status` prints.
std::string outcome_text(const Outcome& outcome);

}  // namespace rankine::journal
