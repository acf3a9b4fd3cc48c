#include "launch/job.hpp"

#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <thread>

#include "exec/resources.hpp"
#include "transport/launch.hpp"
#include "transport/loopback/loopback.hpp"
#include "transport/mpi/mpi_session.hpp"

namespace rankine::launch {
namespace {

volatile std::sig_atomic_t interrupted = 0;

extern "C" void note_signal(int number) { interrupted = number; }

std::string host_name() {
  char name[256] = "node";
  ::gethostname(name, sizeof name - 1);
  return name;
}

runtime::RankWorkerOptions worker_options(const cli::Options& options, const runtime::TaskLibrary* library, int local_size, int sharing) {
  runtime::RankWorkerOptions worker;
  worker.library = library;
  worker.resources = options.resources;
  worker.batches = {options.batch_tasks, options.batch_wait_us};
  worker.threads = options.threads ? *options.threads : exec::available_cores(local_size, sharing).cores;
  worker.memory_limit = options.memory_limit ? *options.memory_limit : exec::default_memory_limit(local_size, worker.threads).limit;
  return worker;
}

/// Rank 0: the pipeline, the scheduler and, in small jobs, work.
int run_as_scheduler(const cli::Options& options, transport::Transport& transport, exec::Notifier& notifier,
                     const runtime::SessionOptions& session_options, const Pipeline& pipeline) {
  report::ReporterOptions reporting;
  reporting.verbosity = options.verbosity;
  reporting.progress = options.progress;
  reporting.log_file = options.log_file;
  std::unique_ptr<report::Reporter> reporter;
  std::unique_ptr<runtime::Session> session;
  int status = static_cast<int>(ExitCode::done);
  const auto fail = [&](ExitCode code, const char* what) {
    status = static_cast<int>(code);
    if (reporter) reporter->error(what);
    else std::fprintf(stderr, "rankine: %s\n", what);
  };
  try {
    reporter = std::make_unique<report::Reporter>(reporting);
    session = std::make_unique<runtime::Session>(transport, notifier, session_options, *reporter);
    status = pipeline(*session, *reporter);
    if (session->has_run()) reporter->summary(session->summary());
  } catch (const Error& error) {
    fail(error.code(), error.what());
  } catch (const std::exception& error) {
    fail(ExitCode::internal, error.what());
  }
  if (session) session->shutdown();
  std::fflush(nullptr);
  return status;
}

int run_alone(const cli::Options& options, const Pipeline& pipeline, const runtime::TaskLibrary* library) {
  exec::Notifier notifier;
  const auto transport = transport::make_loopback(notifier);
  runtime::SessionOptions session;
  session.scheduler_works = true;
  session.attempts = options.attempts;
  session.most_reports = options.batch_reports;
  session.own_worker = worker_options(options, library, 1, 1);
  session.node_name = host_name();
  session.interrupted = &interrupted;
  if (options.scheduler_works == cli::SchedulerWorks::no)
    throw UsageError("--scheduler-works=no leaves nobody to work in a job of one rank; start more with mpirun -n N");
  return run_as_scheduler(options, *transport, notifier, session, pipeline);
}

/// Rank 0 works too where the job is small and its threads do not crowd out another rank's.
bool scheduler_works(const cli::Options& options, const transport::RankPlace& place) {
  if (options.scheduler_works != cli::SchedulerWorks::automatic) return options.scheduler_works == cli::SchedulerWorks::yes;
  constexpr int small_job = 4;
  const unsigned cores = exec::SystemView::of_this_process().affinity_core_count;
  return place.size == 1 || (place.size <= small_job && static_cast<int>(cores) >= place.ranks_sharing_mask);
}

int run_as_rank(const cli::Options& options, int argc, char** argv, const Pipeline& pipeline,
                const runtime::TaskLibrary* library) {
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
    session.most_reports = options.batch_reports;
    session.own_worker = worker_options(options, library, place.local_size, place.ranks_sharing_mask);
    session.node_name = place.node_name;
    session.interrupted = &interrupted;
    if (place.size == 1 && !session.scheduler_works)
      throw UsageError("--scheduler-works=no leaves nobody to work in a job of one rank; start more with mpirun -n N");
    status = run_as_scheduler(options, *transport, notifier, session, pipeline);
  } else {
    try {
      runtime::serve(*transport, notifier, worker_options(options, library, place.local_size, place.ranks_sharing_mask), place.node_name);
    } catch (const std::exception& error) {
      std::fprintf(stderr, "rankine: rank %d on %s: %s\n", place.rank, place.node_name.c_str(), error.what());
      mpi.end(static_cast<int>(ExitCode::internal), false);
    }
  }
  mpi.end(status, true);
}

}  // namespace

int run_job(const cli::Options& options, int argc, char** argv, const Pipeline& pipeline,
            const runtime::TaskLibrary* library) {
  std::signal(SIGINT, note_signal);
  std::signal(SIGTERM, note_signal);
  // A file that grows beyond a limit and a reader that has left are errors of the call that meets them, which are
  // reported and tidied up after; the signals would end the process on the spot.
  std::signal(SIGXFSZ, SIG_IGN);
  std::signal(SIGPIPE, SIG_IGN);
  return transport::launched_as_rank() ? run_as_rank(options, argc, argv, pipeline, library) : run_alone(options, pipeline, library);
}

bool speaks_for_job() {
  for (const char* name : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"}) {
    if (const char* rank = std::getenv(name)) return std::string(rank) == "0";
  }
  return true;
}

int report_before_start(const Error& error) {
  if (speaks_for_job()) std::fprintf(stderr, "rankine: %s\n", error.what());
  else std::this_thread::sleep_for(std::chrono::seconds(2));
  return static_cast<int>(error.code());
}

std::string history_line(const std::string& command) {
  std::time_t now = std::time(nullptr);
  if (const char* fixed = std::getenv("SOURCE_DATE_EPOCH")) now = static_cast<std::time_t>(std::atoll(fixed));
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char stamp[64];
  std::strftime(stamp, sizeof stamp, "%a %b %d %H:%M:%S %Y", &parts);
  return std::string(stamp) + ": " + command;
}

}  // namespace rankine::launch
