#if __has_include(<malloc.h>)
#include <malloc.h>
#endif
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include "base/printable.hpp"
#include "cli/options.hpp"
#include "exec/resources.hpp"
#include "journal/outcome.hpp"
#include "journal/run_lock.hpp"
#include "launch/build_facts.hpp"
#include "launch/job.hpp"
#include "launch/script_file.hpp"
#include "program/check_scripts.hpp"
#include "report/progress.hpp"
#include "runtime/describe_file.hpp"
#include "runtime/pipeline_host.hpp"
#include "runtime/plan_calls.hpp"
#include "runtime/plan_printer.hpp"
#include "runtime/plugins.hpp"
#include "runtime/script_calls.hpp"
#include "runtime/script_kernels.hpp"
#include "runtime/session.hpp"
#include "script/script.hpp"
#include "store/confinement.hpp"

namespace rankine {
namespace {

std::string command_line(const cli::Options& options) {
  std::string line = "rankine run " + options.script;
  for (const auto& word : options.script_arguments) line += " " + word;
  return line;
}

std::vector<std::string> script_argv(const cli::Options& options) {
  std::vector<std::string> argv{options.script};
  argv.insert(argv.end(), options.script_arguments.begin(), options.script_arguments.end());
  return argv;
}

/// Rank 0's part: the script, and what it asks to be computed.
int run_script(const cli::Options& options, const launch::ScriptFile& script, runtime::Session& session, report::Reporter& reporter) {
  if (!script.text) throw UsageError("the script '" + options.script + "' is a pipe that rank 0 has not read");
  const std::string& text = *script.text;
  if (options.resumable) session.keep_progress(launch::run_directory_options(options, text));
  runtime::PipelineHost host(
      {script_argv(options), launch::history_line(command_line(options)), true, [&] { session.check_interrupt(); },
       options.index_cache, true, [&]() -> runtime::Calls& { return session.calls(); }, nullptr,
       [&](const runtime::OpeningRequest& request) { return session.open_files(request); },
       [&](const std::string& first_output) { return session.goes_on(first_output); }, &session.memory(),
       [&](const std::string& path, std::size_t ordinal, const std::vector<array::OutputSpec>& pending) {
         return session.earlier_append(path, ordinal, pending);
       }},
      [&](const runtime::PlanRequest& request) { return session.run(request.plan, request.outputs); }, reporter);
  try {
    script::run_script(script.name, text, host);
    host.finish();
  } catch (const script::ScriptExit& exit) {
    host.finish();  // what the script asked for before it left
    return exit.status;
  }
  return static_cast<int>(ExitCode::done);
}

/// `rankine resume DIR` is the `rankine run` that DIR tells of.
cli::Options resumed(cli::Options options, std::optional<launch::ScriptFile>& script) {
  options.run_dir = std::filesystem::absolute(options.run_dir).string();
  const journal::JobRecord job = runtime::job_of(options.run_dir);
  if (job.script_text.empty())
    throw UsageError("the run in " + options.run_dir + " is of the program " + job.script + ": start it again in " +
                     job.working_directory);
  std::error_code error;
  std::filesystem::current_path(job.working_directory, error);
  if (error) throw UsageError("cannot go to " + job.working_directory + ", where the run was started: " + error.message());
  options.command = cli::Command::run;
  options.script = job.script;
  options.script_arguments = job.arguments;
  // What came by a pipe is not to be had a second time.
  struct stat status {};
  if (job.script == "-" || ::stat(job.script.c_str(), &status) != 0 || !S_ISREG(status.st_mode))
    script = launch::ScriptFile{job.script == "-" || job.script == "/dev/stdin" ? "<stdin>" : job.script, job.script_text, false};
  return options;
}

int plan_script(const cli::Options& options) {
  runtime::register_script_kernels();
  report::Reporter reporter({});
  runtime::ForecastJob job;
  job.ranks = options.ranks.value_or(0);
  job.threads = options.threads.value_or(1);
  job.memory_limit = options.memory_limit;
  job.spills = options.spill_dir != "none";
  job.spill_limit = options.spill_limit;
  job.graph_file = options.graph_file;
  // Known bytes alone are held to the limit where nothing is spilled. MPI, which has not been started here, takes a little more.
  constexpr Bytes mpi{std::uint64_t{4} << 20};
  if (job.spills) job.program = exec::program_bytes(job.threads) + (job.ranks > 1 ? mpi : Bytes{});
  runtime::PlanPrinter printer(job);
  runtime::PlanCalls calls(options.graph_file);
  runtime::ScriptMemory memory({options.memory_limit.value_or(Bytes{}), exec::program_bytes(job.threads)});
  runtime::PipelineHost host({script_argv(options), "", false, {}, options.index_cache, true, {}, &calls, {}, {}, &memory},
                             [&](const runtime::PlanRequest& request) { return printer.print(request); }, reporter);
  try {
    const launch::ScriptFile script = launch::read_script_file(options.script, true);
    script::run_script(script.name, *script.text, host);
    host.finish();
  } catch (const script::ScriptExit&) {
    host.finish();
  }
  calls.print();
  if (printer.plan_count() == 0 && !calls.any()) std::printf("the script computes and writes nothing\n");
  return 0;
}

void print_language(const cli::Options& options) {
  if (options.json) print_language_as_json();
  else std::fputs(script::support_table().c_str(), stdout);
}

int info(const cli::Options& options) {
  int status = 0;
  for (const auto& file : options.files) {
    try {
      std::fputs(runtime::describe_file(file).c_str(), stdout);
    } catch (const Error& error) {
      std::fprintf(stderr, "rankine: %s\n", printable_message(error.what()).c_str());
      status = static_cast<int>(error.code());
    }
  }
  return status;
}

/// Blocks of a few MiB come and go all the time. glibc would give each back to the system at once, and fetching its
/// pages again costs a tenth of a run that decodes; so up to a few blocks' worth is kept.
void keep_freed_memory() {
#ifdef __GLIBC__
  ::mallopt(M_MMAP_THRESHOLD, 32 << 20);
  ::mallopt(M_TRIM_THRESHOLD, 128 << 20);
#endif
}

/// ", last sign of life 3 s ago": by the time of its lock, which a live run writes every few seconds.
std::string last_beat(const std::string& directory) {
  struct stat lock {};
  if (::stat((directory + "/lock").c_str(), &lock) != 0) return {};
  const auto age_s = std::max<std::int64_t>(0, static_cast<std::int64_t>(std::time(nullptr)) - lock.st_mtime);
  constexpr std::int64_t long_s = 60;
  return ", last sign of life " + report::format_duration(static_cast<double>(age_s)) + " ago" +
         (age_s > long_s ? ": it is stopped, or reads or computes in the script itself" : "");
}

/// Throws InputError where there is no run: a job script that asks for the wrong directory must not go on with nothing for ever.
std::string why_no_outcome(const std::string& directory) {
  const std::string resume = "go on with: rankine resume " + directory;
  const auto last = journal::last_owner(directory);
  if (std::error_code unseen; !last && !std::filesystem::exists(directory + "/journal", unseen))
    throw InputError(directory + " holds no run, or one that ended before it kept anything");
  if (!last) return "the run of " + directory + " ended without a word; " + resume;
  const std::string who = journal::describe(last->owner);
  switch (last->state) {
    case journal::LastOwner::State::lives: return "the run of " + directory + " is on, " + who + " has it" + last_beat(directory);
    case journal::LastOwner::State::died: return who + ", which had " + directory + ", was killed; " + resume;
    case journal::LastOwner::State::elsewhere: break;
  }
  return who + " has " + directory + last_beat(directory) + ", or was killed there; if so, " + resume;
}

int status(const std::string& directory) {
  const auto outcome = journal::read_outcome(directory);
  if (outcome) std::fputs(journal::outcome_text(*outcome).c_str(), stdout);
  else std::printf("no outcome: %s\n", printable(why_no_outcome(directory)).c_str());
  if (const runtime::SavedCalls calls = runtime::saved_calls_of(directory); !calls.is_empty())
    std::printf("results of tasks that are kept: %zu, %s\n", calls.saved_count(), format_bytes(Bytes{calls.saved_bytes()}).c_str());
  return outcome ? outcome->exit_code : static_cast<int>(ExitCode::resumable);
}

/// A program that is started without one of them would give its number to the next file, and print into that.
void open_standard_streams() {
  for (const int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(number, F_GETFD) < 0) ::open("/dev/null", number == STDIN_FILENO ? O_RDONLY : O_WRONLY);
}

/// After an error MPI may still be up with threads of its own, which the ends of libraries pull the ground from under; and
/// libhdf5 tries once more to close what it could not close on a full disk, and crashes.
[[noreturn]] void leave_after(int status) {
  std::fflush(nullptr);
  ::_exit(status);
}

std::string version(const cli::Options& options) {
  return options.verbosity == report::Verbosity::verbose ? launch::build_facts() : cli::version_text() + "\n";
}

int run_pipeline(const cli::Options& options, std::optional<launch::ScriptFile> known, int argc, char** argv) {
  // Every rank reads the script: workers call its functions. A script that cannot be read is rank 0's to report.
  const bool speaks = launch::speaks_for_job();
  launch::ScriptFile script;
  try {
    script = known ? *known : launch::read_script_file(options.script, speaks);
  } catch (const Error&) {
    if (speaks) throw;
  }
  std::optional<runtime::ScriptLibrary> library;
  if (script.text) library.emplace(script.name, *script.text);
  launch::SpreadText spread;
  if (speaks && script.is_stream) spread.text = *script.text;
  spread.library_of = [&](std::string text) -> const runtime::TaskLibrary* {
    library.emplace(script.name, std::move(text));
    return &*library;
  };
  return launch::run_job(options, argc, argv, [&](runtime::Session& session, report::Reporter& reporter) {
    return run_script(options, script, session, reporter);
  }, library ? &*library : nullptr, std::move(spread));
}

int run_command(const cli::Options& options, int argc, char** argv) {
  for (const auto& plugin : options.plugins) runtime::load_plugin(plugin);
  store::confine({options.confine, options.confine_roots});
  switch (options.command) {
    case cli::Command::help: if (launch::speaks_for_job()) std::fputs(cli::help_text(options.help_topic).c_str(), stdout); return 0;
    case cli::Command::version: if (launch::speaks_for_job()) std::fputs(version(options).c_str(), stdout); return 0;
    case cli::Command::language: if (launch::speaks_for_job()) print_language(options); return 0;
    case cli::Command::check: return launch::speaks_for_job() ? check_scripts(options) : 0;
    case cli::Command::info: return launch::speaks_for_job() ? info(options) : 0;
    case cli::Command::status: return launch::speaks_for_job() ? status(options.files[0]) : 0;
    case cli::Command::plan: return launch::speaks_for_job() ? plan_script(options) : 0;
    case cli::Command::resume: {
      std::optional<launch::ScriptFile> script;
      const cli::Options run = resumed(options, script);
      return run_pipeline(run, std::move(script), argc, argv);
    }
    case cli::Command::run: break;
  }
  return run_pipeline(options, std::nullopt, argc, argv);
}

}  // namespace
}  // namespace rankine

int main(int argc, char** argv) {
  using namespace rankine;
  open_standard_streams();
  keep_freed_memory();
  try {
    const int status = run_command(cli::parse_options(std::vector<std::string>(argv + 1, argv + argc)), argc, argv);
    if (status != 0) leave_after(status);
    std::fflush(nullptr);
    return status;
  } catch (const Error& error) {
    leave_after(launch::report_before_start(error));
  } catch (const std::filesystem::filesystem_error& error) {
    leave_after(launch::report_before_start(InputError(error.what())));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "rankine: %s\n", printable_message(error.what()).c_str());
    leave_after(static_cast<int>(ExitCode::internal));
  }
}
