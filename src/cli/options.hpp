#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "report/reporter.hpp"

namespace rankine::cli {

enum class Command { run, resume, status, plan, check, info, language, version, help };
enum class SchedulerWorks { automatic, yes, no };

/// The command line of `rankine`, with what a configuration file added to it.
struct Options {
  Command command = Command::help;

  // run and plan
  std::string script;
  std::vector<std::string> script_arguments;  ///< sys.argv without the script
  std::vector<std::string> options_behind;    ///< "--threads": words of these that would be options in front of the script
  std::optional<unsigned> threads;            ///< per rank; absent: the cores the rank may use
  std::string index_cache;                    ///< folder; empty: none
  std::optional<Bytes> memory_limit;          ///< per rank; absent: the rank's share of what is granted

  std::string spill_dir;                      ///< node-local scratch; "none": none; empty: the batch system's
  Bytes spill_limit;                          ///< per rank; 0: its share of what is free
  bool spill_lz4 = false;
  double memory_target = 0.7, memory_spill = 0.8, memory_stop = 0.9;  ///< of the memory limit, rising

  std::vector<std::string> plugins;           ///< shared libraries, in the order given
  bool confine = false;                       ///< files may not lead elsewhere
  std::vector<std::string> confine_roots;     ///< but there

  // plan
  std::string graph_file;                     ///< picture of the graph; empty: none
  std::optional<unsigned> ranks;              ///< of the job to forecast; absent: no forecast

  // run
  SchedulerWorks scheduler_works = SchedulerWorks::automatic;
  unsigned attempts = 3;
  bool keep_going = false;
  unsigned max_worker_kills = 3;
  bool isolate_tasks = false;                 ///< user kernels run in processes of their own
  unsigned quarantine_after = 3;              ///< 0: never
  bool alone = false;                         ///< no rank of any job, whatever launchers' variables say
  bool supervised = true;                     ///< under a launcher, each rank has a supervisor process
  unsigned heartbeat_interval_ms = 3000;
  unsigned heartbeat_timeout_ms = 9000;
  report::Verbosity verbosity = report::Verbosity::normal;
  report::ProgressStyle progress = report::ProgressStyle::automatic;
  std::string log_file;
  std::string resources;                      ///< of each rank, "gpu=1,disk=2"
  Bytes read_ahead{std::uint64_t{64} << 20};  ///< of tasks that wait, asked for at once a rank; 0: off
  unsigned batch_tasks = 256;                 ///< reports of finished tasks that a worker sends together at most
  unsigned batch_wait_us = 100;               ///< and how long the first of them waits at most
  unsigned batch_reports = 4096;              ///< reports that rank 0 enters together at most
  std::string run_dir;                        ///< empty: beside the first output

  // run and resume
  bool resumable = true;                      ///< a run directory is kept while the job runs
  bool fresh = false;                         ///< what an earlier job left in it is removed
  unsigned checkpoint_every_ms = 60'000;
  Bytes replicate_bytes;                      ///< results up to that size are kept twice if they took long; 0: none
  bool waits_for_room = false;                ///< on a full disk
  unsigned room_wait_ms = 1'800'000;          ///< so long at most
  unsigned drain_ms = 120'000;                ///< between being asked to end and having ended
  std::optional<std::int64_t> end_time_s;     ///< of the job, UTC seconds

  // info; check: scripts; status: the run directory
  std::vector<std::string> files;
  bool json = false;                          ///< check and language: for programs

  // help
  std::optional<Command> help_topic;
};

/// Words after the program's own name. Reads the file of --config. Throws UsageError whose message names
/// the word, where it stands and the nearest one that exists; InputError if that file cannot be read.
/// `--help` after a command and `--version` become the commands help and version.
/// The words of RANKINE_OPTIONS stand before those of the command line, which win over them as they do over a file.
Options parse_options(const std::vector<std::string>& words);
/// The same with `shared` for what the environment has in RANKINE_OPTIONS.
Options parse_options(const std::vector<std::string>& words, const std::string& shared);

/// The whole help of a command, or of the program.
std::string help_text(std::optional<Command> topic = std::nullopt);

/// "rankine 0.1.0"
std::string version_text();

}  // namespace rankine::cli
