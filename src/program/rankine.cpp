#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <sstream>

#include "cli/options.hpp"
#include "exec/resources.hpp"
#include "plan/lowered_plan.hpp"
#include "runtime/describe_file.hpp"
#include "runtime/pipeline_host.hpp"
#include "runtime/plan_printer.hpp"
#include "runtime/session.hpp"
#include "script/script.hpp"
#include "transport/launch.hpp"
#include "transport/loopback/loopback.hpp"
#include "transport/mpi/mpi_session.hpp"

namespace rankine {
namespace {

volatile std::sig_atomic_t interrupted = 0;

extern "C" void note_signal(int number) { interrupted = number; }

std::string read_script(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) throw Error(ExitCode::usage, "cannot read the script '" + path + "': " + std::strerror(errno));
  return text.str();
}

/// "Sat Nov 21 12:00:00 2026: rankine run anomaly.py in.nc", the form that CDO and NCO use.
/// SOURCE_DATE_EPOCH replaces the clock, for outputs that must be the same bytes every time.
std::string history_line(const cli::Options& options) {
  std::time_t now = std::time(nullptr);
  if (const char* fixed = std::getenv("SOURCE_DATE_EPOCH")) now = static_cast<std::time_t>(std::atoll(fixed));
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char stamp[64];
  std::strftime(stamp, sizeof stamp, "%a %b %d %H:%M:%S %Y", &parts);
  std::string line = std::string(stamp) + ": rankine run " + options.script;
  for (const auto& word : options.script_arguments) line += " " + word;
  return line;
}

std::vector<std::string> script_argv(const cli::Options& options) {
  std::vector<std::string> argv{options.script};
  argv.insert(argv.end(), options.script_arguments.begin(), options.script_arguments.end());
  return argv;
}

std::string host_name() {
  char name[256] = "node";
  ::gethostname(name, sizeof name - 1);
  return name;
}

runtime::RankWorkerOptions worker_options(const cli::Options& options, int local_size, int sharing) {
  runtime::RankWorkerOptions worker;
  worker.threads = options.threads ? *options.threads : exec::available_cores(local_size, sharing).cores;
  worker.memory_limit = options.memory_limit ? *options.memory_limit : exec::default_memory_limit(local_size, worker.threads).limit;
  return worker;
}

/// Rank 0: the script, the scheduler and, in small jobs, work.
int run_as_scheduler(const cli::Options& options, transport::Transport& transport, exec::Notifier& notifier,
                     const runtime::SessionOptions& session_options) {
  report::ReporterOptions reporting;
  reporting.verbosity = options.verbosity;
  reporting.progress = options.progress;
  reporting.log_file = options.log_file;
  std::unique_ptr<report::Reporter> reporter;
  std::unique_ptr<runtime::Session> session;
  int status = static_cast<int>(ExitCode::done);
  try {
    reporter = std::make_unique<report::Reporter>(reporting);
    session = std::make_unique<runtime::Session>(transport, notifier, session_options, *reporter);
    const std::string text = read_script(options.script);
    bool computed = false;
    runtime::PipelineHost host({script_argv(options), history_line(options), true},
                               [&](const runtime::PlanRequest& request) {
                                 computed = true;
                                 return session->run(request.plan, request.outputs);
                               },
                               *reporter);
    try {
      script::run_script(options.script, text, host);
      host.finish();
    } catch (const script::ScriptExit& exit) {
      status = exit.status;
      if (status == 0) host.finish();
    }
    if (computed) reporter->summary(session->summary());
  } catch (const Error& error) {
    status = static_cast<int>(error.code());
    if (reporter) reporter->error(error.what());
    else std::fprintf(stderr, "rankine: %s\n", error.what());
  } catch (const std::exception& error) {
    status = static_cast<int>(ExitCode::internal);
    if (reporter) reporter->error(error.what());
    else std::fprintf(stderr, "rankine: %s\n", error.what());
  }
  if (session) session->shutdown();
  std::fflush(nullptr);
  return status;
}

int run_alone(const cli::Options& options) {
  exec::Notifier notifier;
  const auto transport = transport::make_loopback(notifier);
  runtime::SessionOptions session;
  session.scheduler_works = true;
  session.attempts = options.attempts;
  session.own_worker = worker_options(options, 1, 1);
  session.node_name = host_name();
  session.interrupted = &interrupted;
  if (options.scheduler_works == cli::SchedulerWorks::no)
    throw UsageError("--scheduler-works=no leaves nobody to work in a job of one rank; start more with mpirun -n N");
  return run_as_scheduler(options, *transport, notifier, session);
}

/// Rank 0 works too where the job is small and its threads do not crowd out another rank's.
bool scheduler_works(const cli::Options& options, const transport::RankPlace& place) {
  if (options.scheduler_works != cli::SchedulerWorks::automatic) return options.scheduler_works == cli::SchedulerWorks::yes;
  constexpr int small_job = 4;
  const unsigned cores = exec::SystemView::of_this_process().affinity_core_count;
  return place.size == 1 || (place.size <= small_job && static_cast<int>(cores) >= place.ranks_sharing_mask);
}

int run_as_rank(const cli::Options& options, int argc, char** argv) {
  transport::MpiSession mpi(argc, argv);
  const transport::RankPlace& place = mpi.place();
  exec::Notifier notifier;
  const auto transport = transport::make_mpi_transport(mpi);
  int status = 0;
  if (place.rank == 0) {
    runtime::SessionOptions session;
    session.scheduler_works = scheduler_works(options, place);
    // A rank that only schedules leaves its share of the cores to the others.
    session.attempts = options.attempts;
    session.own_worker = worker_options(options, place.local_size, place.ranks_sharing_mask);
    session.node_name = place.node_name;
    session.interrupted = &interrupted;
    if (place.size == 1 && !session.scheduler_works)
      throw UsageError("--scheduler-works=no leaves nobody to work in a job of one rank; start more with mpirun -n N");
    status = run_as_scheduler(options, *transport, notifier, session);
  } else {
    try {
      runtime::serve(*transport, notifier, worker_options(options, place.local_size, place.ranks_sharing_mask), place.node_name);
    } catch (const std::exception& error) {
      std::fprintf(stderr, "rankine: rank %d on %s: %s\n", place.rank, place.node_name.c_str(), error.what());
      mpi.end(static_cast<int>(ExitCode::internal), false);
    }
  }
  mpi.end(status, true);
}

int plan_script(const cli::Options& options) {
  report::Reporter reporter({});
  runtime::PlanPrinter printer;
  runtime::PipelineHost host({script_argv(options), "", false},
                             [&](const runtime::PlanRequest& request) { return printer.print(request); }, reporter);
  try {
    script::run_script(options.script, read_script(options.script), host);
    host.finish();
  } catch (const script::ScriptExit&) {
    host.finish();
  }
  if (printer.plan_count() == 0) std::printf("the script computes and writes nothing\n");
  return 0;
}

int info(const cli::Options& options) {
  int status = 0;
  for (const auto& file : options.files) {
    try {
      std::fputs(runtime::describe_file(file).c_str(), stdout);
    } catch (const Error& error) {
      std::fprintf(stderr, "rankine: %s\n", error.what());
      status = static_cast<int>(error.code());
    }
  }
  return status;
}

/// Under mpirun every rank meets the same error on the command line; one says so.
bool speaks() {
  for (const char* name : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"}) {
    if (const char* rank = std::getenv(name)) return std::string(rank) == "0";
  }
  return true;
}

int run_command(const cli::Options& options, int argc, char** argv) {
  switch (options.command) {
    case cli::Command::help: if (speaks()) std::fputs(cli::help_text(options.help_topic).c_str(), stdout); return 0;
    case cli::Command::version: if (speaks()) std::printf("%s\n", cli::version_text().c_str()); return 0;
    case cli::Command::info: return speaks() ? info(options) : 0;
    case cli::Command::plan: return speaks() ? plan_script(options) : 0;
    case cli::Command::run: break;
  }
  std::signal(SIGINT, note_signal);
  std::signal(SIGTERM, note_signal);
  return transport::launched_as_rank() ? run_as_rank(options, argc, argv) : run_alone(options);
}

}  // namespace
}  // namespace rankine

int main(int argc, char** argv) {
  using namespace rankine;
  try {
    return run_command(cli::parse_options(std::vector<std::string>(argv + 1, argv + argc)), argc, argv);
  } catch (const Error& error) {
    if (speaks()) std::fprintf(stderr, "rankine: %s\n", error.what());
    return static_cast<int>(error.code());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "rankine: %s\n", error.what());
    return static_cast<int>(ExitCode::internal);
  }
}
