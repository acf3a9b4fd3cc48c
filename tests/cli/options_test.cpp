#include <unistd.h>

#include <catch2/catch.hpp>

#include <cstdlib>
#include <ctime>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "base/error.hpp"
#include "cli/config_file.hpp"
#include "base/near_name.hpp"
#include "cli/options.hpp"

using namespace rankine;
using namespace rankine::cli;
using Words = std::vector<std::string>;

namespace {

/// The message of the error, with its exit status before it.
std::string refusal(const Words& words) {
  try {
    parse_options(words);
  } catch (const Error& error) {
    return std::to_string(static_cast<int>(error.code())) + ": " + error.what();
  }
  return "accepted";
}

#ifdef RANKINE_HAVE_TOML
/// A TOML file that is there as long as this object.
struct TomlFile {
  explicit TomlFile(const std::string& text) {
    const int descriptor = mkstemps(path.data(), 5);
    REQUIRE(descriptor >= 0);
    close(descriptor);
    std::ofstream(path) << text;
  }
  ~TomlFile() { std::remove(path.c_str()); }
  std::string path = "/tmp/rankine-XXXXXX.toml";
};
#endif

}  // namespace

TEST_CASE("run takes options before the script and leaves the words after it alone") {
  const Options options = parse_options({"run", "--threads", "4", "--memory-limit=2GiB", "-q", "a.py", "--threads", "x",
                                         "-v", "--", "in.nc"});
  CHECK(options.command == Command::run);
  CHECK(options.threads == 4u);
  CHECK(options.memory_limit == Bytes{2147483648});
  CHECK(options.verbosity == report::Verbosity::quiet);
  CHECK(options.script == "a.py");
  CHECK(options.script_arguments == Words{"--threads", "x", "-v", "--", "in.nc"});
  CHECK(options.options_behind == Words{"--threads"});
  CHECK(parse_options({"run", "a.py", "--thread", "--memory-limit=3GiB", "--help"}).options_behind == Words{"--memory-limit"});
}

TEST_CASE("what is not given keeps its default") {
  const Options options = parse_options({"run", "a.py"});
  CHECK(options.threads == std::nullopt);
  CHECK(options.memory_limit == std::nullopt);
  CHECK(options.scheduler_works == SchedulerWorks::automatic);
  CHECK(options.attempts == 3);
  CHECK(options.verbosity == report::Verbosity::normal);
  CHECK(options.progress == report::ProgressStyle::automatic);
  CHECK(options.log_file.empty());
  CHECK(options.script_arguments.empty());
}

TEST_CASE("every option of run reaches its field") {
  const Options options = parse_options({"run", "-t2", "-m", "512MiB", "--scheduler-works", "no", "--attempts", "5",
                                         "--progress", "plain", "--verbose", "--log-file", "log", "--index-cache", "kept", "a.py"});
  CHECK(options.threads == 2u);
  CHECK(options.index_cache == "kept");
  CHECK(options.memory_limit == Bytes{536870912});
  CHECK(options.scheduler_works == SchedulerWorks::no);
  CHECK(options.attempts == 5);
  CHECK(options.progress == report::ProgressStyle::plain);
  CHECK(options.verbosity == report::Verbosity::verbose);
  CHECK(options.log_file == "log");
}

TEST_CASE("a script whose name begins with a dash follows two dashes") {
  CHECK(parse_options({"run", "-q", "--", "-odd.py", "w"}).script == "-odd.py");
}

TEST_CASE("info takes files, plan a script") {
  CHECK(parse_options({"info", "a.nc", "b.zarr"}).files == Words{"a.nc", "b.zarr"});
  const Options plan = parse_options({"plan", "-m", "1G", "a.py", "in.nc"});
  CHECK(plan.command == Command::plan);
  CHECK(plan.memory_limit == Bytes{1073741824});
  CHECK(parse_options({"plan", "--ranks", "12", "a.py"}).ranks == 12u);
  CHECK(plan.script_arguments == Words{"in.nc"});
}

TEST_CASE("help and version are commands and options") {
  CHECK(parse_options({"--help"}).command == Command::help);
  CHECK(parse_options({"--help"}).help_topic == std::nullopt);
  CHECK(parse_options({"help"}).help_topic == std::nullopt);
  CHECK(parse_options({"help", "run"}).help_topic == Command::run);
  CHECK(parse_options({"run", "--help"}).help_topic == Command::run);
  CHECK(parse_options({"info", "-h"}).help_topic == Command::info);
  CHECK(parse_options({"--version"}).command == Command::version);
  CHECK(parse_options({"version"}).command == Command::version);
}

TEST_CASE("a refused command line says what is wrong and what exists") {
  CHECK(refusal({}) == "2: a command is missing; see rankine help");
  CHECK(refusal({"rnu"}) == "2: unknown command 'rnu' (did you mean run?); see rankine help");
  CHECK(refusal({"frobnicate"}) == "2: unknown command 'frobnicate'; see rankine help");
  CHECK(refusal({"-q", "run"}) ==
        "2: unknown option -q; options of a command stand after it, see rankine help");
  CHECK(refusal({"run"}) == "2: run: a script is missing; see rankine run --help");
  CHECK(refusal({"info"}) == "2: info: a file is missing; see rankine info --help");
  CHECK(refusal({"run", "--thraeds", "4", "a.py"}) ==
        "2: run: unknown option --thraeds (did you mean --threads?); see rankine run --help");
  CHECK(refusal({"run", "--thr", "4", "a.py"}).substr(0, 28) == "2: run: unknown option --thr");
  CHECK(refusal({"plan", "--attempts", "4", "a.py"}) ==
        "2: plan: unknown option --attempts; see rankine plan --help");
  CHECK(refusal({"run", "--threads", "4", "--threads", "5", "a.py"}) ==
        "2: run: option --threads is given more than once; see rankine run --help");
  CHECK(refusal({"run", "--threads"}) ==
        "2: run: the required argument for option '--threads' is missing; see rankine run --help");
  CHECK(refusal({"run", "--quiet", "--verbose", "a.py"}) == "2: --quiet and --verbose exclude each other");
  CHECK(refusal({"version", "x"}) == "2: version: takes no words");
}

TEST_CASE("a refused value is named with its option") {
  CHECK(refusal({"run", "--threads", "0", "a.py"}) == "2: --threads: '0' is not a whole number of at least 1");
  CHECK(refusal({"run", "--threads", "-1", "a.py"}) == "2: --threads: '-1' is not a whole number of at least 1");
  CHECK(refusal({"run", "--attempts", "2.5", "a.py"}) == "2: --attempts: '2.5' is not a whole number of at least 1");
  CHECK(refusal({"run", "--progress", "loud", "a.py"}) == "2: --progress: 'loud' is none of auto, line, plain, off");
  CHECK(refusal({"run", "--memory-limit", "much", "a.py"}) ==
        "2: --memory-limit: 'much' is not a number of bytes; write for example 512MiB, 4GB or 2G");
  CHECK(refusal({"run", "--memory-limit", "0", "a.py"}) == "2: --memory-limit: a memory limit of 0 lets nothing run");
}

TEST_CASE("what goes to scratch, and when, is chosen by parts of the memory limit that rise") {
  const Options options = parse_options({"run", "--spill-dir", "/scratch", "--spill-limit", "10GiB", "--spill-compression", "lz4",
                                         "--memory-target", "0.4", "--memory-spill", "0.5", "--memory-stop", "0.6", "a.py"});
  CHECK(options.spill_dir == "/scratch");
  CHECK(options.spill_limit == Bytes{10ull << 30});
  CHECK(options.spill_lz4);
  CHECK(options.memory_target == 0.4);
  CHECK(options.memory_spill == 0.5);
  CHECK(options.memory_stop == 0.6);
  CHECK(refusal({"run", "--memory-target", "1.5", "a.py"}) == "2: --memory-target: '1.5' is not a part of the memory limit such as 0.7");
  CHECK(refusal({"run", "--spill-limit", "0", "a.py"}) == "2: --spill-limit: nothing fits into 0 bytes; --spill-dir none spills nothing");
  CHECK(refusal({"run", "--spill-compression", "zip", "a.py"}) == "2: --spill-compression: 'zip' is none of lz4, none");
  CHECK(refusal({"run", "--memory-stop", "0.5", "a.py"}) ==
        "2: --memory-target, --memory-spill and --memory-stop must not fall: each is reached after the one before");
}

TEST_CASE("a word is taken for a slip of another only where it is one") {
  const Words candidates{"threads", "attempts", "progress", "invert"};
  CHECK(near_name("thread", candidates) == "threads");
  CHECK(near_name("atempt", candidates) == "attempts");
  CHECK(near_name("x", candidates) == std::nullopt);
  CHECK(near_name("colour", candidates) == std::nullopt);
  CHECK(near_name("interp", candidates) == std::nullopt);
  CHECK(near_name("invret", candidates) == "invert");
  CHECK(near_name("porgerss", candidates) == "progress");
}

TEST_CASE("check takes several scripts, and their words behind a double dash") {
  const Options options = parse_options({"check", "--json", "a.py", "b.py", "--", "in.nc", "--", "-x"});
  CHECK(options.command == Command::check);
  CHECK(options.files == Words{"a.py", "b.py"});
  CHECK(options.script_arguments == Words{"in.nc", "--", "-x"});
  CHECK(options.json);
  CHECK_FALSE(parse_options({"check", "a.py"}).json);
  CHECK(refusal({"check"}) == "2: check: a script is missing; see rankine check --help");
  CHECK(parse_options({"check", "--", "-a.py", "--", "word"}).files == Words{"-a.py"});
  CHECK(parse_options({"language", "--json"}).json);
}

TEST_CASE("the help of run is complete") {
  CHECK(help_text(Command::run) ==
        R"(usage: rankine run [OPTION...] SCRIPT [WORD...]
       mpirun -n RANKS rankine run [OPTION...] SCRIPT [WORD...]

Runs a pipeline script: Python syntax with xarray's names. Rank 0 schedules, the
other ranks work; without mpirun one process does both. Options stand before the
script; the words after it are its sys.argv[1:], untouched. A script '-' is read from
the standard input; pipes and FIFOs will do too. Options of the environment variable
RANKINE_OPTIONS stand before them, those of --config before these.

options:
  -t, --threads N               threads per rank that run tasks (default: the cores that the rank
                                may use, by affinity, cgroup and batch system)
  -m, --memory-limit BYTES      memory per rank for blocks, such as 2GB or 512MiB (default: 0.8 of
                                the rank's share of what node, cgroup or batch system grants)
      --spill-dir DIR|none      disk of the node where results go that memory has no room for (default: the
                                first of SLURM_TMPDIR, PBS_JOBDIR, LSF_TMPDIR, SGE_LOCALDIR, LOCAL_SCRATCH,
                                TMPDIR, /tmp, /var/tmp that is writable and not memory itself)
      --spill-limit BYTES       most that a rank puts there (default: its share of 0.9 of what is free)
      --spill-compression lz4|none
                                whether they are compressed there (default none)
      --memory-target PART      of the memory limit: with more in results, in transfers and in running tasks the
                                results needed last are spilled (default 0.7)
      --memory-spill PART       the same for the resident set of the process, as measured (default 0.8)
      --memory-stop PART        with more, by either count, no task is started that adds to it (default 0.9)
      --scheduler-works auto|yes|no
                                whether rank 0 runs tasks too (default auto: yes in jobs of few ranks)
      --attempts N              how often a failing task is tried before the run fails (default 3)
      --keep-going              a task that fails for good ends only what needs it: other outputs are written,
                                and the status is 6
      --max-worker-kills N      a task during which N ranks have died is not tried again (default 3)
      --quarantine-after N      a rank where N tasks failed that succeeded elsewhere is not used any more
                                (default 3; 0: never)
      --replicate-results BYTES|off
                                results up to that size that took long are kept at a second rank too, while
                                there is room, so that a loss need not compute them again (default off)
      --heartbeat-timeout TIME  a rank that is silent for so long is taken for lost (default 9s)
      --heartbeat-interval TIME
                                how often ranks that have nothing to say say so (default 3s)
      --launcher auto|none      none: this process is the whole job, also where srun has started several that know
                                nothing of each other (default auto: such a job is refused)
      --supervisor yes|no       whether each rank under mpirun runs below a small process that reports its
                                death; no: for debuggers and profilers (default yes)
      --progress auto|line|plain|off
                                a line that is redrawn, lines with time stamps (after 1, 2, 4, 8 s, then every
                                10 s), or nothing (default auto: line on a terminal, plain otherwise)
      --run-dir DIR             where progress is kept, so that a job which ended early can be gone on with
                                (default OUTPUT.rankine beside the first output, or SCRIPT.rankine here where
                                delayed or futures come first; removed at the end; one that is named keeps the
                                outcome, which rankine status DIR prints)
      --resumable yes|no        whether progress is kept at all (default yes)
      --fresh                   start over: remove what an earlier job left in the run directory
      --checkpoint-every TIME   how often what is done is made safe (default 1min)
      --when-disk-full end|pause
                                what a run does that finds no room for its outputs: end with status 75, to
                                be gone on with, or wait until there is room (default end)
      --disk-full-wait TIME     how long it waits at most (default 30min)
      --drain TIME              time from a warning (SIGUSR1, SIGUSR2, SIGTERM, or --end-time) to the end, in
                                which running tasks end and results are saved (default 2min)
      --end-time TIME           when the job will be ended: +90min, 2026-11-21T21:00:00 or seconds since 1970
      --index-cache DIR         keep metadata and chunk indexes of input files in DIR; a later run on
                                unchanged files (size, modification time) reads none of it
      --confine                 read only what lies below the folder of the file, or in the store, that names it:
                                no external or virtual data and no links that lead elsewhere
      --confine-roots DIR[,DIR]
                                --confine, but what lies below these folders is read too
      --resources NAME=N,...    labelled resources of each rank, such as gpu=1: tasks that ask for one
                                run where it is, no more at once than there is of it
      --read-ahead BYTES|off    bytes of input that a rank asks the system for before its next tasks begin
                                (default 64MiB)
      --batch-tasks N           finished tasks that a worker reports together at most (default 256)
      --batch-wait-us N         how long a report waits for others at most, while more finish (default 100)
      --batch-reports N         reports that rank 0 enters before it sends what follows (default 4096)
  -p, --plugin FILE[,FILE]      shared libraries whose kernels scripts call as modules, such as
                                libheat.so for `import heat`; loaded by every rank
      --isolate-tasks           run kernels of plugins and programs in processes of their own, one a thread: one
                                that crashes costs its task, not its rank
  -q, --quiet                   no progress, no summary: only warnings and errors
  -v, --verbose                 say more: files, how variables are read, plan, failed attempts
      --log-file FILE           append everything that is said, with time stamps, to FILE
  -c, --config FILE             TOML file whose keys are these options without dashes, such as
                                threads = 4; the command line wins
  -h, --help                    print this help and exit
)");
}

TEST_CASE("the help of a command shows only its own options") {
  CHECK(help_text(Command::info) ==
        R"(usage: rankine info FILE...

Prints dims, variables, dtypes, stored chunks, filters, attributes and calendar of
NetCDF files and Zarr stores, and how rankine would read each variable.

options:
  -h, --help                    print this help and exit
)");
}

#ifdef RANKINE_HAVE_TOML
TEST_CASE("a configuration file gives values and the command line wins") {
  const TomlFile file("threads = 4\nmemory-limit = \"1GiB\"\nquiet = true\nattempts = 7\n");
  const Options options = parse_options({"run", "--config", file.path, "--threads", "2", "a.py"});
  const Options plan = parse_options({"plan", "--config", file.path, "a.py"});
  CHECK(options.threads == 2u);
  CHECK(options.memory_limit == Bytes{1073741824});
  CHECK(options.verbosity == report::Verbosity::quiet);
  CHECK(options.attempts == 7);
  CHECK(plan.threads == 4u);
}

TEST_CASE("a configuration file is refused with file, line and key") {
  const auto refused = [](const std::string& text) -> std::string {
    const TomlFile file(text);
    std::string message = refusal({"run", "--config", file.path, "a.py"});
    const std::size_t at = message.find(file.path);
    return at == std::string::npos ? message : message.replace(at, file.path.size(), "FILE");
  };
  CHECK(refused("quiet = true\nthread = 4\n") == "2: FILE:2: thread: no such option (did you mean threads?)");
  CHECK(refused("threads = 1.5\n") == "2: FILE:1: threads: the value must be a string, a whole number, true or false");
  CHECK(refused("threads = -2\n") == "2: FILE:1: threads: '-2' is not a whole number of at least 1");
  CHECK(refused("config = \"other\"\n").substr(0, 33) == "2: FILE:1: config: no such option");
  CHECK(refused("threads = = 4\n").substr(0, 10) == "2: FILE:1:");
}
#endif

TEST_CASE("a configuration file that is not there is missing input") {
  CHECK(refusal({"run", "--config", "/no/such.toml", "a.py"}) ==
        "3: --config: cannot read /no/such.toml: No such file or directory");
}

TEST_CASE("what concerns lost ranks is parsed, times with their units") {
  const Options options = parse_options({"run", "--heartbeat-timeout", "1.5min", "--heartbeat-interval=300ms", "--supervisor", "no",
                                         "--max-worker-kills", "5", "--quarantine-after", "0", "--run-dir", "d", "x.py"});
  CHECK(options.heartbeat_timeout_ms == 90'000);
  CHECK(options.heartbeat_interval_ms == 300);
  CHECK_FALSE(options.supervised);
  CHECK_FALSE(options.keep_going);
  CHECK(parse_options({"run", "--keep-going", "x.py"}).keep_going);
  CHECK_FALSE(options.isolate_tasks);
  CHECK(parse_options({"run", "--isolate-tasks", "x.py"}).isolate_tasks);
  CHECK(options.max_worker_kills == 5);
  CHECK(options.quarantine_after == 0);
  CHECK(options.run_dir == "d");
  CHECK_THROWS_WITH(parse_options({"run", "--heartbeat-timeout", "soon", "x.py"}), Catch::Contains("'soon' is not a time such as 2s"));
  CHECK_THROWS_WITH(parse_options({"run", "--heartbeat-timeout", "3s", "x.py"}), Catch::Contains("less than two times the interval"));
  CHECK(parse_options({"status", "some.run"}).files == std::vector<std::string>{"some.run"});
  CHECK_THROWS_WITH(parse_options({"status"}), Catch::Contains("one run directory is asked for"));
}

TEST_CASE("plugins are files separated by commas") {
  CHECK(parse_options({"run", "--plugin", "a.so,b.so", "x.py"}).plugins == std::vector<std::string>{"a.so", "b.so"});
  CHECK_THROWS_WITH(parse_options({"run", "-p", "a.so,", "x.py"}), "--plugin: the name of a plugin is empty");
}

TEST_CASE("resume takes one run directory and the options of run") {
  const Options options = parse_options({"resume", "--threads", "3", "--checkpoint-every", "90s", "out.nc.rankine"});
  CHECK(options.command == Command::resume);
  CHECK(options.run_dir == "out.nc.rankine");
  CHECK(options.threads == 3u);
  CHECK(options.checkpoint_every_ms == 90'000);
  CHECK_THROWS_WITH(parse_options({"resume"}), Catch::Contains("one run directory is needed"));
  CHECK_THROWS_WITH(parse_options({"resume", "a", "b"}), Catch::Contains("one run directory is needed"));
}

TEST_CASE("the end of a job is a moment or a time from now") {
  const std::int64_t now = static_cast<std::int64_t>(std::time(nullptr));
  const auto end_of = [](const char* text) { return *parse_options({"run", "--end-time", text, "x.py"}).end_time_s; };
  CHECK(end_of("4102444800") == 4'102'444'800);
  CHECK(std::abs(end_of("+90min") - now - 5400) <= 2);
  CHECK(end_of("2081-05-01T00:01:00") - end_of("2081-05-01T00:00:00") == 60);
  CHECK_THROWS_WITH(end_of("tomorrow"), Catch::Contains("is not an end such as"));
}

TEST_CASE("options of the environment stand over a file's and under the command line's, and name their variable where they are wrong") {
  const std::string shared = "--threads 3 --quiet --run-dir 'a b' --ranks 2";
  const Options options = parse_options({"run", "--run-dir", "mine", "s.py"}, shared);
  CHECK(options.threads == 3u);
  CHECK(options.verbosity == report::Verbosity::quiet);
  CHECK(options.run_dir == "mine");
  CHECK(parse_options({"plan", "s.py"}, shared).ranks == 2u);
  CHECK(parse_options({"resume", "DIR"}, shared).threads == 3u);
  CHECK(parse_options({"info", "a.nc"}, "--nonsense").files == Words{"a.nc"});
  const auto refused = [](const std::string& text) -> std::string {
    try {
      parse_options({"run", "s.py"}, text);
    } catch (const UsageError& error) {
      return error.what();
    }
    return "accepted";
  };
  CHECK(refused("--threads") == "RANKINE_OPTIONS: the required argument for option '--threads' is missing; see rankine run --help");
  CHECK(refused("-t 0") == "RANKINE_OPTIONS: --threads: '0' is not a whole number of at least 1");
  CHECK(refused("--help") == "RANKINE_OPTIONS: --help belongs on the command line");
  CHECK(refused("-q s.py") == "RANKINE_OPTIONS: 's.py' is no option");
  CHECK(refused("") == "accepted");
}

TEST_CASE("an end that has passed is refused, one that comes is not") {
  CHECK(refusal({"run", "--end-time", "2020-01-01T00:00:00", "s.py"}).find("2: --end-time: '2020-01-01T00:00:00' has passed (2020-01-01T00:00:00, and it is 20") == 0);
  CHECK(refusal({"run", "--end-time", "86400", "s.py"}).find("2: --end-time: '86400' has passed") == 0);
  CHECK(refusal({"run", "--end-time", "+1min", "s.py"}) == "accepted");
}
