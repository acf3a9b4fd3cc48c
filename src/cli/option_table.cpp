#include "cli/option_table.hpp"

#include <time.h>

#include <algorithm>
#include <charconv>
#include <ctime>
#include <utility>

#include "base/error.hpp"
#include "base/near_name.hpp"

namespace rankine::cli {
namespace {

constexpr std::pair<Command, const char*> commands[] = {
    {Command::run, "run"},         {Command::resume, "resume"}, {Command::status, "status"},
    {Command::plan, "plan"},       {Command::check, "check"},   {Command::info, "info"},
    {Command::language, "language"}, {Command::version, "version"}, {Command::help, "help"},
};

const OptionRow help_row{"help", 'h', "", "print this help and exit", false};
const OptionRow threads_row{"threads", 't', "N", "threads per rank that run tasks (default: the cores that the rank\n"
                                                 "may use, by affinity, cgroup and batch system)"};
const OptionRow memory_row{"memory-limit", 'm', "BYTES",
                           "memory per rank for blocks, such as 2GB or 512MiB (default: 0.8 of\n"
                           "the rank's share of what node, cgroup or batch system grants)"};
const OptionRow spill_dir_row{"spill-dir", '\0', "DIR|none",
                              "disk of the node where results go that memory has no room for (default: the\n"
                              "first of SLURM_TMPDIR, PBS_JOBDIR, LSF_TMPDIR, SGE_LOCALDIR, LOCAL_SCRATCH,\n"
                              "TMPDIR, /tmp, /var/tmp that is writable and not memory itself)"};
const OptionRow spill_limit_row{"spill-limit", '\0', "BYTES",
                                "most that a rank puts there (default: its share of 0.9 of what is free)"};
const OptionRow index_cache_row{"index-cache", '\0', "DIR",
                                "keep metadata and chunk indexes of input files in DIR; a later run on\n"
                                "unchanged files (size, modification time) reads none of it"};
const OptionRow confine_row{"confine", '\0', "",
                            "read only what lies below the folder of the file, or in the store, that names it:\n"
                            "no external or virtual data and no links that lead elsewhere"};
const OptionRow confine_roots_row{"confine-roots", '\0', "DIR[,DIR]", "--confine, but what lies below these folders is read too"};
const OptionRow plugin_row{"plugin", 'p', "FILE[,FILE]",
                           "shared libraries whose kernels scripts call as modules, such as\n"
                           "libheat.so for `import heat`; loaded by every rank"};
const OptionRow config_row{"config", 'c', "FILE",
                           "TOML file whose keys are these options without dashes, such as\n"
                           "threads = 4; the command line wins",
                           false};

/// A whole number of at least `least`.
unsigned parse_number(const std::string& value, unsigned least, const std::string& where) {
  unsigned number = 0;
  const char* end = value.data() + value.size();
  const auto [stop, error] = std::from_chars(value.data(), end, number);
  if (error != std::errc() || stop != end || number < least) {
    throw UsageError(where + ": '" + value + "' is not a whole number of at least " + std::to_string(least));
  }
  return number;
}

Bytes parse_byte_count(const std::string& value, const std::string& where) {
  try {
    return parse_bytes(value);
  } catch (const Error& error) {
    throw UsageError(where + ": " + error.what());
  }
}

/// More than 0, at most 1.
double parse_fraction(const std::string& value, const std::string& where) {
  double number = 0;
  const char* end = value.data() + value.size();
  const auto [stop, error] = std::from_chars(value.data(), end, number);
  if (error != std::errc() || stop != end || !(number > 0 && number <= 1))
    throw UsageError(where + ": '" + value + "' is not a part of the memory limit such as 0.7");
  return number;
}

/// "2", "0.5", "300ms", "2min": seconds unless it says otherwise; more than nothing.
unsigned parse_duration_ms(const std::string& value, const std::string& where) {
  double number = 0;
  const char* end = value.data() + value.size();
  const auto [stop, error] = std::from_chars(value.data(), end, number);
  const std::string unit(error == std::errc() ? stop : end, end);
  const double factor = unit.empty() || unit == "s" ? 1000 : unit == "ms" ? 1 : unit == "min" ? 60'000 : unit == "h" ? 3'600'000 : 0;
  const double ms = number * factor;
  if (error != std::errc() || !(ms >= 1) || ms > 4e9)
    throw UsageError(where + ": '" + value + "' is not a time such as 2s, 500ms or 1.5min");
  return static_cast<unsigned>(ms);
}

/// "+90min", "2026-11-21T21:00:00" (this machine's time zone, as batch systems print it) or UTC seconds.
std::int64_t parse_moment(const std::string& value, const std::string& where) {
  if (!value.empty() && value[0] == '+')
    return static_cast<std::int64_t>(std::time(nullptr)) + parse_duration_ms(value.substr(1), where) / 1000;
  std::tm parts{};
  parts.tm_isdst = -1;
  const char* rest = ::strptime(value.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (rest != nullptr && *rest == '\0') return static_cast<std::int64_t>(std::mktime(&parts));
  std::int64_t seconds = 0;
  const auto [stop, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
  if (error != std::errc() || stop != value.data() + value.size() || seconds <= 0)
    throw UsageError(where + ": '" + value + "' is not an end such as +90min, 2026-11-21T21:00:00 or seconds since 1970");
  return seconds;
}

/// A run whose end has passed would end at once with the advice to run it again, for ever.
std::int64_t parse_end_time(const std::string& value, const std::string& where) {
  const std::int64_t end = parse_moment(value, where), now = static_cast<std::int64_t>(std::time(nullptr));
  if (end > now) return end;
  const auto text = [](std::int64_t moment) {
    const std::time_t seconds = moment;
    std::tm parts{};
    ::localtime_r(&seconds, &parts);
    char stamp[32];
    std::strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &parts);
    return std::string(stamp);
  };
  throw UsageError(where + ": '" + value + "' has passed (" + text(end) + ", and it is " + text(now) + " now); give the end of this job, or none");
}

template <typename Enum>
Enum parse_choice(const std::string& value, const std::vector<std::pair<std::string, Enum>>& choices,
                  const std::string& where) {
  std::string list;
  for (const auto& [name, choice] : choices) {
    if (name == value) return choice;
    list += (list.empty() ? "" : ", ") + name;
  }
  throw UsageError(where + ": '" + value + "' is none of " + list);
}

bool parse_switch(const std::string& value, const std::string& where) {
  return parse_choice<bool>(value, {{"", true}, {"true", true}, {"false", false}}, where);
}

/// "a,b"
std::vector<std::string> parse_names(const std::string& value, const std::string& of_what, const std::string& where) {
  std::vector<std::string> names;
  for (std::size_t begin = 0; begin <= value.size();) {
    const std::size_t comma = std::min(value.find(',', begin), value.size());
    if (comma == begin) throw UsageError(where + ": the name of " + of_what + " is empty");
    names.push_back(value.substr(begin, comma - begin));
    begin = comma + 1;
  }
  return names;
}

}  // namespace

const std::vector<OptionRow>& options_of(Command command) {
  static const std::vector<OptionRow> run{
      threads_row,
      memory_row,
      spill_dir_row,
      spill_limit_row,
      {"spill-compression", '\0', "lz4|none", "whether they are compressed there (default none)"},
      {"memory-target", '\0', "PART", "of the memory limit: with more in results, in transfers and in running tasks the\n"
                                    "results needed last are spilled (default 0.7)"},
      {"memory-spill", '\0', "PART", "the same for the resident set of the process, as measured (default 0.8)"},
      {"memory-stop", '\0', "PART", "with more, by either count, no task is started that adds to it (default 0.9)"},
      {"scheduler-works", '\0', "auto|yes|no",
       "whether rank 0 runs tasks too (default auto: yes in jobs of few ranks)"},
      {"attempts", '\0', "N", "how often a failing task is tried before the run fails (default 3)"},
      {"keep-going", '\0', "", "a task that fails for good ends only what needs it: other outputs are written,\n"
                              "and the status is 6"},
      {"max-worker-kills", '\0', "N", "a task during which N ranks have died is not tried again (default 3)"},
      {"quarantine-after", '\0', "N", "a rank where N tasks failed that succeeded elsewhere is not used any more\n"
                                      "(default 3; 0: never)"},
      {"replicate-results", '\0', "BYTES|off", "results up to that size that took long are kept at a second rank too, while\n"
                                             "there is room, so that a loss need not compute them again (default off)"},
      {"heartbeat-timeout", '\0', "TIME", "a rank that is silent for so long is taken for lost (default 9s)"},
      {"heartbeat-interval", '\0', "TIME", "how often ranks that have nothing to say say so (default 3s)"},
      {"launcher", '\0', "auto|none", "none: this process is the whole job, also where srun has started several that know\n"
                                    "nothing of each other (default auto: such a job is refused)", false},
      {"supervisor", '\0', "yes|no", "whether each rank under mpirun runs below a small process that reports its\n"
                                    "death; no: for debuggers and profilers (default yes)"},
      {"progress", '\0', "auto|line|plain|off",
       "a line that is redrawn, lines with time stamps (after 1, 2, 4, 8 s, then every\n10 s), or nothing "
       "(default auto: line on a terminal, plain otherwise)"},
      {"run-dir", '\0', "DIR", "where progress is kept, so that a job which ended early can be gone on with\n"
                              "(default OUTPUT.rankine beside the first output, or SCRIPT.rankine here where\n"
                              "delayed or futures come first; removed at the end; one that is named keeps the\n"
                              "outcome, which rankine status DIR prints)"},
      {"resumable", '\0', "yes|no", "whether progress is kept at all (default yes)"},
      {"fresh", '\0', "", "start over: remove what an earlier job left in the run directory", false},
      {"checkpoint-every", '\0', "TIME", "how often what is done is made safe (default 1min)"},
      {"when-disk-full", '\0', "end|pause", "what a run does that finds no room for its outputs: end with status 75, to\n"
                                           "be gone on with, or wait until there is room (default end)"},
      {"disk-full-wait", '\0', "TIME", "how long it waits at most (default 30min)"},
      {"drain", '\0', "TIME", "time from a warning (SIGUSR1, SIGUSR2, SIGTERM, or --end-time) to the end, in\n"
                            "which running tasks end and results are saved (default 2min)"},
      {"end-time", '\0', "TIME", "when the job will be ended: +90min, 2026-11-21T21:00:00 or seconds since 1970", false},
      index_cache_row,
      confine_row,
      confine_roots_row,
      {"resources", '\0', "NAME=N,...",
       "labelled resources of each rank, such as gpu=1: tasks that ask for one\n"
       "run where it is, no more at once than there is of it"},
      {"read-ahead", '\0', "BYTES|off", "bytes of input that a rank asks the system for before its next tasks begin\n(default 64MiB)"},
      {"batch-tasks", '\0', "N", "finished tasks that a worker reports together at most (default 256)"},
      {"batch-wait-us", '\0', "N", "how long a report waits for others at most, while more finish (default 100)"},
      {"batch-reports", '\0', "N", "reports that rank 0 enters before it sends what follows (default 4096)"},
      plugin_row,
      {"isolate-tasks", '\0', "", "run kernels of plugins and programs in processes of their own, one a thread: one\n"
                                 "that crashes costs its task, not its rank"},
      {"quiet", 'q', "", "no progress, no summary: only warnings and errors"},
      {"verbose", 'v', "", "say more: files, how variables are read, plan, failed attempts"},
      {"log-file", '\0', "FILE", "append everything that is said, with time stamps, to FILE"},
      config_row,
      help_row};
  static const std::vector<OptionRow> plan{
      {"ranks", 'n', "N", "forecast a job of N ranks: time, memory held, bytes moved, from rough costs"},
      {"graph", 'g', "FILE", "draw the graph into FILE (.svg, .png, .pdf, or .dot as text): every task of\na small one, the layers of a large one"},
      threads_row, memory_row, spill_dir_row, spill_limit_row, index_cache_row, confine_row, confine_roots_row,
      plugin_row, config_row, help_row};
  static const OptionRow json{"json", '\0', "", "for programs: one JSON document", false};
  static const std::vector<OptionRow> check{json, index_cache_row, plugin_row, config_row, help_row};
  static const std::vector<OptionRow> language{json, help_row};
  static const std::vector<OptionRow> only_help{help_row};
  static const std::vector<OptionRow> version{{"verbose", 'v', "", "print what it was made of too: commit, compiler, MPI, HDF5, NetCDF, codecs", false},
                                              help_row};
  if (command == Command::version) return version;
  if (command == Command::run || command == Command::resume) return run;
  if (command == Command::plan) return plan;
  if (command == Command::check) return check;
  if (command == Command::language) return language;
  return only_help;
}

const std::vector<OptionRow>& shared_options() {
  static const std::vector<OptionRow> all = [] {
    std::vector<OptionRow> rows;
    const auto add = [&](const std::vector<OptionRow>& more) {
      for (const OptionRow& row : more)
        if (std::none_of(rows.begin(), rows.end(), [&](const OptionRow& one) { return one.name == row.name; })) rows.push_back(row);
    };
    add(options_of(Command::run));
    add(options_of(Command::plan));
    return rows;
  }();
  return all;
}

std::string name_of(Command command) {
  for (const auto& [id, name] : commands) {
    if (id == command) return name;
  }
  return "";
}

const std::vector<std::string>& command_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> list;
    for (const auto& [id, name] : commands) list.emplace_back(name);
    return list;
  }();
  return names;
}

std::optional<Command> command_named(const std::string& name) {
  for (const auto& [id, known] : commands) {
    if (name == known) return id;
  }
  return std::nullopt;
}

void apply_option(Options& options, const std::string& name, const std::string& value,
                  const std::string& where) {
  using report::ProgressStyle;
  using report::Verbosity;
  if (name == "threads") {
    options.threads = parse_number(value, 1, where);
  } else if (name == "memory-limit") {
    options.memory_limit = parse_byte_count(value, where);
    if (options.memory_limit->value == 0) throw UsageError(where + ": a memory limit of 0 lets nothing run");
  } else if (name == "spill-dir") {
    if (value.empty()) throw UsageError(where + ": the name of the folder is empty");
    options.spill_dir = value;
  } else if (name == "spill-limit") {
    options.spill_limit = parse_byte_count(value, where);
    if (options.spill_limit.value == 0) throw UsageError(where + ": nothing fits into 0 bytes; --spill-dir none spills nothing");
  } else if (name == "spill-compression") {
    options.spill_lz4 = parse_choice<bool>(value, {{"lz4", true}, {"none", false}}, where);
  } else if (name == "memory-target") {
    options.memory_target = parse_fraction(value, where);
  } else if (name == "memory-spill") {
    options.memory_spill = parse_fraction(value, where);
  } else if (name == "memory-stop") {
    options.memory_stop = parse_fraction(value, where);
  } else if (name == "ranks") {
    options.ranks = parse_number(value, 1, where);
  } else if (name == "scheduler-works") {
    options.scheduler_works = parse_choice<SchedulerWorks>(
        value,
        {{"auto", SchedulerWorks::automatic}, {"yes", SchedulerWorks::yes}, {"no", SchedulerWorks::no}}, where);
  } else if (name == "attempts") {
    options.attempts = parse_number(value, 1, where);
  } else if (name == "keep-going") {
    options.keep_going = parse_switch(value, where);
  } else if (name == "max-worker-kills") {
    options.max_worker_kills = parse_number(value, 1, where);
  } else if (name == "quarantine-after") {
    options.quarantine_after = parse_number(value, 0, where);
  } else if (name == "heartbeat-timeout") {
    options.heartbeat_timeout_ms = parse_duration_ms(value, where);
  } else if (name == "heartbeat-interval") {
    options.heartbeat_interval_ms = parse_duration_ms(value, where);
  } else if (name == "launcher") {
    options.alone = parse_choice<bool>(value, {{"auto", false}, {"none", true}}, where);
  } else if (name == "supervisor") {
    options.supervised = parse_choice<bool>(value, {{"yes", true}, {"no", false}, {"true", true}, {"false", false}}, where);
  } else if (name == "progress") {
    options.progress = parse_choice<ProgressStyle>(value,
                                                   {{"auto", ProgressStyle::automatic},
                                                    {"line", ProgressStyle::line},
                                                    {"plain", ProgressStyle::plain},
                                                    {"off", ProgressStyle::off}},
                                                   where);
  } else if (name == "quiet") {
    if (parse_switch(value, where)) options.verbosity = Verbosity::quiet;
  } else if (name == "verbose") {
    if (parse_switch(value, where)) options.verbosity = Verbosity::verbose;
  } else if (name == "log-file") {
    if (value.empty()) throw UsageError(where + ": the name of the file is empty");
    options.log_file = value;
  } else if (name == "resources") {
    options.resources = value;
  } else if (name == "read-ahead") {
    options.read_ahead = value == "off" ? Bytes{} : parse_byte_count(value, where);
  } else if (name == "batch-tasks") {
    options.batch_tasks = parse_number(value, 1, where);
  } else if (name == "batch-wait-us") {
    options.batch_wait_us = parse_number(value, 0, where);
  } else if (name == "batch-reports") {
    options.batch_reports = parse_number(value, 1, where);
  } else if (name == "run-dir") {
    if (value.empty()) throw UsageError(where + ": the name of the folder is empty");
    options.run_dir = value;
  } else if (name == "graph") {
    if (value.empty()) throw UsageError(where + ": the name of the file is empty");
    options.graph_file = value;
  } else if (name == "plugin") {
    options.plugins = parse_names(value, "a plugin", where);
  } else if (name == "confine") {
    options.confine = parse_switch(value, where);
  } else if (name == "confine-roots") {
    options.confine = true;
    options.confine_roots = parse_names(value, "a folder", where);
  } else if (name == "isolate-tasks") {
    options.isolate_tasks = parse_switch(value, where);
  } else if (name == "resumable") {
    options.resumable = parse_choice<bool>(value, {{"yes", true}, {"no", false}, {"true", true}, {"false", false}}, where);
  } else if (name == "fresh") {
    options.fresh = parse_switch(value, where);
  } else if (name == "checkpoint-every") {
    options.checkpoint_every_ms = parse_duration_ms(value, where);
  } else if (name == "replicate-results") {
    options.replicate_bytes = value == "off" ? Bytes{} : parse_byte_count(value, where);
  } else if (name == "when-disk-full") {
    options.waits_for_room = parse_choice<bool>(value, {{"end", false}, {"pause", true}}, where);
  } else if (name == "disk-full-wait") {
    options.room_wait_ms = parse_duration_ms(value, where);
  } else if (name == "drain") {
    options.drain_ms = parse_duration_ms(value, where);
  } else if (name == "end-time") {
    options.end_time_s = parse_end_time(value, where);
  } else if (name == "json") {
    options.json = parse_switch(value, where);
  } else if (name == "index-cache") {
    if (value.empty()) throw UsageError(where + ": the name of the folder is empty");
    options.index_cache = value;
  }
}

std::string did_you_mean(const std::string& word, const std::vector<std::string>& candidates,
                         const std::string& prefix) {
  const std::optional<std::string> meant = near_name(word, candidates);
  return meant ? " (did you mean " + prefix + *meant + "?)" : "";
}

}  // namespace rankine::cli
