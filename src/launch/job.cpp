#include "launch/job.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <future>
#include <thread>

#include "base/printable.hpp"
#include "exec/clock.hpp"
#include "exec/resources.hpp"
#include "journal/run_lock.hpp"
#include "launch/build_facts.hpp"
#include "launch/job_outcome.hpp"
#include "report/banner.hpp"
#include "runtime/kernel_processes.hpp"
#include "runtime/plugins.hpp"
#include "runtime/script_calls.hpp"
#include "spill/scratch_place.hpp"
#include "transport/launch.hpp"
#include "transport/lifeline/job_hosts.hpp"
#include "transport/lifeline/lifelines.hpp"
#include "transport/lifeline/neighbours.hpp"
#include "transport/lifeline/supervisor.hpp"
#include "transport/loopback/loopback.hpp"
#include "transport/mpi/mpi_session.hpp"

namespace rankine::launch {
namespace {

volatile std::sig_atomic_t interrupted = 0;

volatile std::sig_atomic_t asked_to_leave = 0;

extern "C" void note_signal(int number) { interrupted = number; }
extern "C" void note_leave(int number) { asked_to_leave = number; }

/// What both kinds of rank 0 have in common.
runtime::SessionOptions session_options(const cli::Options& options) {
  runtime::SessionOptions session;
  session.attempts = options.attempts;
  session.keep_going = options.keep_going;
  session.most_reports = options.batch_reports;
  session.interrupted = &interrupted;
  session.asked_to_leave = &asked_to_leave;
  session.replicate_bytes = options.replicate_bytes;
  session.waits_for_room = options.waits_for_room;
  session.longest_room_wait_s = options.room_wait_ms / 1000.0;
  session.drain_s = options.drain_ms / 1000.0;
  session.checkpoint_every_s = options.checkpoint_every_ms / 1000.0;
  if (options.end_time_s) {
    const std::int64_t left_s = *options.end_time_s - static_cast<std::int64_t>(std::time(nullptr));
    session.leave_at = Instant{exec::now().ns + left_s * 1'000'000'000};
    // Of a short time half at least is for work: else a job would end before it began, and so would the one that goes on.
    session.drain_s = std::min(session.drain_s, 0.5 * static_cast<double>(std::max<std::int64_t>(left_s, 0)));
  }
  return session;
}

std::string host_name() {
  char name[256] = "node";
  ::gethostname(name, sizeof name - 1);
  return name;
}

runtime::RankWorkerOptions worker_options(const cli::Options& options, const runtime::TaskLibrary* library, int local_size, int sharing) {
  runtime::RankWorkerOptions worker;
  worker.library = library;
  worker.resources = options.resources;
  worker.read_ahead = options.read_ahead;
  worker.batches = {options.batch_tasks, options.batch_wait_us};
  worker.threads = options.threads ? *options.threads : exec::available_cores(local_size, sharing).cores;
  worker.heartbeat_interval_ms = options.heartbeat_interval_ms;
  worker.rehearsal = runtime::FaultRehearsal::from_environment();
  worker.memory_limit = options.memory_limit ? *options.memory_limit : exec::default_memory_limit(local_size, worker.threads).limit;
  exec::keep_little_freed_memory(worker.memory_limit);
  runtime::limit_script_tasks(worker.memory_limit, exec::program_bytes(worker.threads));
  const spill::ScratchPlace place =
      spill::choose_scratch(spill::ScratchView::of_this_process(), options.spill_dir, options.spill_limit, local_size);
  if (!place.folder.empty()) worker.program_bytes = exec::program_bytes(worker.threads);  // MPI has started
  worker.spill = {place.folder, place.limit, place.note, place.doubtful,
                  options.spill_lz4 ? spill::Compression::lz4 : spill::Compression::none,
                  options.memory_target, options.memory_spill, options.memory_stop};
  return worker;
}

/// Open MPI 4 takes a rank that leaves without MPI_Finalize for a failure of the job, and after a loss nobody can finalize.
constexpr const char* early_exit_setting = "OMPI_MCA_orte_allowed_exit_without_sync";
bool launcher_allows_early_exit() {
  const char* value = std::getenv(early_exit_setting);
  return value != nullptr && (std::string(value) == "1" || std::string(value) == "true");
}

void check_launcher(report::Reporter& reporter) {
  if (std::getenv("OMPI_MCA_orte_num_nodes") == nullptr && std::getenv("OMPI_MCA_orte_launch") == nullptr) return;
  if (launcher_allows_early_exit()) return;
  reporter.detail(std::string("set ") + early_exit_setting +
                  "=1 before mpirun: without it mpirun's exit status is its own once a rank is lost (docs/operating.md)");
}

/// What a job says of itself first of all, and what is odd about what it was given.
struct JobFacts {
  report::Banner banner;
  int local_size = 1;
};

void introduce(const cli::Options& options, const JobFacts& facts, report::Reporter& reporter) {
  reporter.note(report::banner_text(facts.banner));
  for (const auto& option : options.options_behind)
    reporter.note(option + " stands behind the script and is handed to it; what rankine is to heed stands before it");
  const exec::MemoryGrant most = exec::most_memory(facts.local_size);
  if (!options.memory_limit || *options.memory_limit <= most.limit) return;
  reporter.warning("--memory-limit " + format_bytes(*options.memory_limit) + " a rank is more than the " + format_bytes(most.limit) +
                   " that a rank can have here (" + most.source + (facts.local_size > 1 ? ", shared by " + std::to_string(facts.local_size) + " ranks" : "") +
                   "): the system kills whoever takes more");
}

/// A rehearsal that strikes nobody is a slip of who wrote it.
std::vector<std::string> idle_rehearsals(int rank, int size) {
  std::vector<std::string> lines;
  for (const auto& fault : runtime::FaultRehearsal::from_environment().not_struck(rank, size))
    lines.push_back("RANKINE_REHEARSE: '" + fault + "' has not struck rank " + std::to_string(rank) + (size == 1 ? ", and there is no other" : ""));
  return lines;
}

/// Tasks that still run when all is said and saved get so long to end.
constexpr std::chrono::seconds task_grace{2};

/// Ends the session; false if a task still runs, which nothing can stop: whoever calls must leave then without tidying up.
bool ends(std::unique_ptr<runtime::Session> session) {
  auto ended = std::make_shared<std::promise<void>>();
  std::future<void> end = ended->get_future();
  std::thread([session = std::move(session), ended]() mutable {
    session.reset();
    ended->set_value();
  }).detach();
  return end.wait_for(task_grace) == std::future_status::ready;
}

/// How rank 0's part of a job came to its end.
struct JobEnd {
  int status = static_cast<int>(ExitCode::done);
  bool has_losses = false;   ///< of ranks
  bool is_stuck = false;     ///< a thread of this process still runs a task
  /// Of a good end: it says that all is done until nothing can go wrong any more, so that the same command once more does not
  /// do it again. May be null.
  std::shared_ptr<runtime::RunDirectory> directory;
};

/// Rank 0: the pipeline, the scheduler and, in small jobs, work.
JobEnd run_as_scheduler(const cli::Options& options, transport::Transport& transport, exec::Notifier& notifier,
                        const runtime::SessionOptions& chosen, const Pipeline& pipeline, JobOutcome& outcome, const JobFacts& facts) {
  report::ReporterOptions reporting;
  reporting.verbosity = options.verbosity;
  reporting.progress = options.progress;
  reporting.log_file = options.log_file;
  std::unique_ptr<report::Reporter> reporter;
  std::unique_ptr<runtime::Session> session;
  JobEnd end;
  int& status = end.status;
  const auto fail = [&](ExitCode code, const char* what) {
    status = static_cast<int>(code);
    outcome.set_error(what);
    if (reporter) reporter->error(what);
    else std::fprintf(stderr, "rankine: %s\n", printable_message(what).c_str());
  };
  try {
    reporter = std::make_unique<report::Reporter>(reporting);
    introduce(options, facts, *reporter);
    session = std::make_unique<runtime::Session>(transport, notifier, chosen, *reporter);
    if (transport.size() > 1) check_launcher(*reporter);
    status = pipeline(*session, *reporter);
    if (status == 0 && session->is_partial()) {
      status = static_cast<int>(ExitCode::partial);
      outcome.set_error("some tasks failed for good, see failed_tasks; outputs that need them are missing");
    }
    if (session->has_run()) reporter->summary(session->summary());
    for (const auto& line : idle_rehearsals(0, transport.size())) reporter->warning(line);
  } catch (const Error& error) {
    fail(error.code(), error.what());
  } catch (const std::filesystem::filesystem_error& error) {
    fail(ExitCode::input, error.what());
  } catch (const std::exception& error) {
    fail(ExitCode::internal, error.what());
  }
  // First of all: whoever ends this job from now on, its outcome is known.
  try {
    outcome.write(status, session.get());
  } catch (const Error& error) {
    // A run that ends because its disk is full may find no room for this either: its status is another matter then.
    if (status == 0) fail(error.code(), error.what());
    else if (reporter) reporter->warning(error.what());
  }
  if (session && status == 0) end.directory = session->take_progress();
  if (session) session->shutdown();
  if (session && status != 0) session->end_progress(status);
  end.has_losses = session && !session->losses().empty();
  std::fflush(nullptr);
  if (session && status != 0 && !ends(std::move(session))) {
    end.is_stuck = true;
    static_cast<void>(reporter.release());
  }
  return end;
}

report::Banner banner_of(const runtime::SessionOptions& session, int ranks, std::vector<std::string> nodes) {
  return {RANKINE_VERSION, ranks, session.scheduler_works, session.own_worker.threads, session.own_worker.memory_limit, std::move(nodes), journal::batch_job()};
}

int run_alone(const cli::Options& options, const Pipeline& pipeline, const runtime::TaskLibrary* library) {
  if (options.isolate_tasks) runtime::isolate_user_kernels();
  runtime::report_kernel_crashes(0);
  exec::Notifier notifier;
  const auto transport = transport::make_loopback(notifier);
  runtime::SessionOptions session = session_options(options);
  session.scheduler_works = true;
  session.own_worker = worker_options(options, library, 1, 1);
  session.own_worker.rehearsal.begin_io_faults(0);
  session.node_name = host_name();
  if (options.scheduler_works == cli::SchedulerWorks::no)
    throw UsageError("--scheduler-works=no leaves nobody to work in a job of one rank; start more with mpirun -n N");
  JobOutcome outcome(options, 1);
  session.on_run_directory = [&](const runtime::RunDirectory& directory) { outcome.set_directory(directory); };
  JobFacts facts;
  facts.banner = banner_of(session, 1, {session.node_name});
  const JobEnd end = run_as_scheduler(options, *transport, notifier, session, pipeline, outcome, facts);
  if (end.directory) end.directory->remove();
  if (end.is_stuck) ::_exit(end.status);
  return end.status;
}

/// Rank 0 works too where the job is small and its threads do not crowd out another rank's.
bool scheduler_works(const cli::Options& options, const transport::RankPlace& place) {
  if (options.scheduler_works != cli::SchedulerWorks::automatic) return options.scheduler_works == cli::SchedulerWorks::yes;
  constexpr int small_job = 4;
  const unsigned cores = exec::SystemView::of_this_process().affinity_core_count;
  return place.size == 1 || (place.size <= small_job && static_cast<int>(cores) >= place.ranks_sharing_mask);
}

/// Survivors of a loss get so long to leave by themselves.
constexpr int leave_grace_ms = 5000;
/// And supervisors of those that were ended so long to say so.
constexpr int reap_grace_ms = 2000;

[[noreturn]] void leave_at_once(ExitCode code, const std::string& why) {
  std::fprintf(stderr, "rankine: %s\n", printable_message(why).c_str());
  ::_exit(static_cast<int>(code));
}

/// While rank 0 is in MPI's collective calls it cannot do without anyone: a death ends the job at once, not never.
void end_job_on_death(transport::Lifelines& lifelines) {
  lifelines.on_each_death([](const transport::PeerDeath& death) {
    leave_at_once(ExitCode::resumable, "rank " + std::to_string(death.rank) + " " + describe_death(death) +
                                           " while the job started; run it again");
  });
}

/// Ranks that are stopped and whose supervisors are stopped too, with nobody else on their nodes to end them, are beyond
/// reach, and mpirun would wait for them for ever. A status that is not 0 makes it end them. Gives the status to leave with.
int end_by_launcher(const std::vector<int>& left, int status) {
  const bool by_mpirun = std::getenv("OMPI_COMM_WORLD_SIZE") != nullptr;
  if (left.empty() || status != 0 || !by_mpirun) return status;
  std::fprintf(stderr, "rankine: the run is done, but rank %d and its supervisor do not answer and cannot be ended from here: mpirun is made to end "
                       "them, by a status of 1 that says nothing of the run\n", left[0]);
  return 1;
}

/// Rank 0 leaves: through MPI's own end, which needs everyone, if everyone is alive, and without it otherwise.
[[noreturn]] void end_rank_0(transport::MpiSession& mpi, transport::Lifelines* lifelines, const transport::Neighbours& neighbours,
                             const JobEnd& job_end, bool has_losses) {
  const int status = job_end.status;
  const auto end_rest = [&neighbours, lifelines, status](int longest_ms) {
    if (lifelines == nullptr || lifelines->await_ends(longest_ms).empty()) return status;
    neighbours.end_stopped(0);
    return end_by_launcher(lifelines->await_ends(reap_grace_ms), status);
  };
  if (lifelines != nullptr) lifelines->say_farewell();
  if (has_losses) mpi.end(end_rest(leave_grace_ms), false);
  if (lifelines != nullptr) {
    lifelines->on_each_death([status, directory = job_end.directory](const transport::PeerDeath& death) {
      const bool orderly = death.confirmed && WIFEXITED(death.wait_status) && WEXITSTATUS(death.wait_status) == 0;
      if (orderly) return;
      // Where mpirun makes a failure of it the same command may come again, and is to find that all is done.
      if (directory && launcher_allows_early_exit()) directory->remove();
      ::_exit(status);
    });
  }
  mpi.end(status, true, end_rest);
}

/// The names in texts of transport::describe_own_host(), each once, in their order.
std::vector<std::string> names_of(const std::vector<std::string>& hosts) {
  std::vector<std::string> names;
  for (const auto& host : hosts) {
    const std::string name = host.substr(0, host.find(' '));
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  return names;
}

/// Whoever was started as one of several and is told by MPI that it is alone was started by another MPI's launcher: each of
/// the processes would do the whole job, all on the same outputs.
void refuse_foreign_launcher(int size) {
  const int launched = transport::launched_size();
  if (size > 1 || launched <= 1) return;
  throw UsageError(std::to_string(launched) + " processes were started, but each is alone for its MPI (" + mpi_version() +
                   "): the launcher belongs to another one. Start the job with this MPI's mpirun, or under Slurm with srun --mpi=pmix; "
                   "--launcher none runs this process alone");
}

int run_as_rank(const cli::Options& options, int argc, char** argv, const Pipeline& pipeline,
                const runtime::TaskLibrary* library, SpreadText spread) {
  // A launcher that sees a rank die may warn the others so (hydra does), and batch systems send them before the end.
  // Rank 0 alone decides what to do then; of hydra's warnings it hears by itself.
  const bool hydra_warns = std::getenv("PMI_FD") != nullptr;
  const bool decides = speaks_for_job();
  for (const int number : {SIGUSR1, SIGUSR2})
    std::signal(number, decides && !(hydra_warns && number == SIGUSR1) ? note_leave : SIG_IGN);
  transport::Supervision supervision;
  transport::SuperviseOptions supervise;
  if (decides) supervise.on_death = write_outcome_of_death;  // other ranks' deaths are rank 0's to tell
  else supervise.on_rank_0_gone = tell_that_rank_0_is_gone;
  supervise.stopped_ms = options.heartbeat_timeout_ms;
  supervise.silence_ms = 3 * std::uint64_t{options.heartbeat_timeout_ms};
  if (options.supervised) supervision = transport::supervise(supervise);
  if (options.isolate_tasks) runtime::isolate_user_kernels();
  if (runtime::FaultRehearsal rehearsal = runtime::FaultRehearsal::from_environment(); !rehearsal.is_empty())
    if (const char* rank = std::getenv("OMPI_COMM_WORLD_RANK")) rehearsal.pass(runtime::LifePoint::launch, std::atoi(rank));
  exec::Notifier notifier;
  std::unique_ptr<transport::Lifelines> lifelines;
  transport::StartExchange exchange;
  exchange.about_this_rank = transport::describe_own_host();
  exchange.supervisor = supervision.supervisor();
  std::vector<std::string> nodes;
  exchange.offer = [&](const std::vector<std::string>& hosts) {
    nodes = names_of(hosts);
    if (!supervision.is_supervised() || hosts.size() == 1) return std::string();
    transport::LifelineOptions lines;
    lines.addresses = transport::addresses_to_listen_on(exchange.about_this_rank, hosts);
    lines.beat_interval_ms = std::min<std::uint64_t>(lines.beat_interval_ms, options.heartbeat_interval_ms);
    lifelines = std::make_unique<transport::Lifelines>(notifier, static_cast<int>(hosts.size()), lines);
    end_job_on_death(*lifelines);
    return lifelines->address();
  };
  exchange.take = [&](int rank, const std::string& text) { supervision.join_job(rank, text); };
  exchange.shared = &spread.text;
  transport::MpiSession mpi(argc, argv, exchange);
  const transport::RankPlace& place = mpi.place();
  refuse_foreign_launcher(place.size);
  if (place.rank != 0 && !spread.text.empty() && spread.library_of) library = spread.library_of(std::move(spread.text));
  const transport::Neighbours neighbours(supervision.is_supervised() ? place.neighbours : std::vector<transport::Neighbour>());
  const auto end_neighbour = [&neighbours](int rank) { neighbours.end(rank); };
  mpi.on_leave([&](int) { supervision.wake_supervisor(); });
  runtime::FaultRehearsal::from_environment().begin_io_faults(place.rank);
  runtime::report_kernel_crashes(place.rank);  // after MPI, whose own reports of a crash still come
  transport::MpiTransportOptions transport_options;
  transport_options.mark = std::make_shared<transport::CallMark>(0);
  const auto transport = transport::make_mpi_transport(mpi, transport_options);
  if (place.rank == 0) {
    JobOutcome outcome(options, place.size);
    supervision.leave_word(outcome.word_for_supervisor());
    if (lifelines) {
      lifelines->on_each_death({});
      lifelines->guard(transport_options.mark, [&] {
        outcome.write_now(ExitCode::resumable, "rank 0 does not come back from a call into MPI; run it again");
        leave_at_once(ExitCode::resumable, "rank 0 does not come back from a call into MPI; run it again");
      });
      lifelines->on_given_up([&] { supervision.end_because("gave no sign of life for so long that the other ranks have ended"); });
    }
    runtime::SessionOptions session = session_options(options);
    session.scheduler_works = scheduler_works(options, place);
    // A rank that only schedules leaves its share of the cores to the others.
    session.own_worker = worker_options(options, library, place.local_size, place.ranks_sharing_mask);
    session.own_worker.running_tasks = supervision.tasks();
    session.end_neighbour = end_neighbour;
    session.node_name = place.node_name;
    session.heartbeats.interval_ms = options.heartbeat_interval_ms;
    session.heartbeats.timeout_ms = options.heartbeat_timeout_ms;
    session.quarantine_after = options.quarantine_after;
    session.max_worker_kills = options.max_worker_kills;
    session.watch = lifelines.get();
    session.on_run_directory = [&](const runtime::RunDirectory& directory) {
      outcome.set_directory(directory);
      supervision.leave_word(outcome.word_for_supervisor());
    };
    if (place.size == 1 && !session.scheduler_works)
      throw UsageError("--scheduler-works=no leaves nobody to work in a job of one rank; start more with mpirun -n N");
    const JobFacts facts{banner_of(session, place.size, nodes), place.local_size};
    const JobEnd end = run_as_scheduler(options, *transport, notifier, session, pipeline, outcome, facts);
    // A launcher that takes a loss for a failure of the job ends with another status than the run: the same command may come again.
    const bool is_told = !end.has_losses || launcher_allows_early_exit();
    if (end.directory && end.status == 0 && !is_told)
      std::fprintf(stderr, "rankine: the run is done, but mpirun may end with a status of its own because a rank was lost: %s stays, by which the "
                           "same command once more finds that all is done\n", printable_message(end.directory->path()).c_str());
    mpi.on_leave([&supervision, is_told, directory = end.directory](int status) {
      if (directory && status == 0 && is_told) directory->remove();
      supervision.wake_supervisor();
    });
    supervision.end_orderly(end.status);
    end_rank_0(mpi, lifelines.get(), neighbours, end, end.has_losses || end.is_stuck);
  }
  try {
    runtime::RankWorkerOptions worker = worker_options(options, library, place.local_size, place.ranks_sharing_mask);
    worker.running_tasks = supervision.tasks();
    worker.end_neighbour = end_neighbour;
    const bool all_alive = runtime::serve(*transport, notifier, worker, place.node_name);
    for (const auto& line : idle_rehearsals(place.rank, place.size)) std::fprintf(stderr, "warning: %s\n", line.c_str());
    supervision.end_orderly(0);
    mpi.end(0, all_alive, [&](int) {
      neighbours.end_stopped(place.rank);
      return 0;
    });
  } catch (const std::exception& error) {
    std::fprintf(stderr, "rankine: rank %d on %s: %s\n", place.rank, place.node_name.c_str(), printable_message(error.what()).c_str());
    mpi.end(static_cast<int>(ExitCode::internal), false);
  }
}

}  // namespace

int run_job(const cli::Options& options, int argc, char** argv, const Pipeline& pipeline,
            const runtime::TaskLibrary* library, SpreadText spread) {
  // What lies in a folder that others may write to must not configure libnetcdf.
  ::setenv("NCRCENV_IGNORE", "1", 1);
  std::signal(SIGINT, note_signal);
  for (const int number : {SIGTERM, SIGUSR1, SIGUSR2}) std::signal(number, note_leave);
  // The terminal has gone, which is a warning too, unless nohup has seen to it.
  if (std::signal(SIGHUP, note_leave) == SIG_IGN) std::signal(SIGHUP, SIG_IGN);
  // A file that grows beyond a limit and a reader that has left are errors of the call that meets them, which are
  // reported and tidied up after; the signals would end the process on the spot.
  std::signal(SIGXFSZ, SIG_IGN);
  std::signal(SIGPIPE, SIG_IGN);
  if (const int tasks = transport::tasks_without_mpi(); tasks > 0 && !options.alone)
    throw UsageError("srun has started " + std::to_string(tasks) + " tasks without MPI, so that each would do the whole job, all on the same outputs; type "
                     "srun --mpi=pmix rankine run ... (srun --mpi=list shows what there is), or mpirun rankine run ...; --launcher none runs this process alone");
  return !options.alone && transport::launched_as_rank() ? run_as_rank(options, argc, argv, pipeline, library, std::move(spread))
                                                         : run_alone(options, pipeline, library);
}

bool speaks_for_job() {
  for (const char* name : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"}) {
    if (const char* rank = std::getenv(name)) return std::string(rank) == "0";
  }
  const char* task = std::getenv("SLURM_PROCID");
  return transport::tasks_without_mpi() == 0 || task == nullptr || std::string(task) == "0";
}

int report_before_start(const Error& error) {
  if (speaks_for_job()) std::fprintf(stderr, "rankine: %s\n", printable_message(error.what()).c_str());
  else std::this_thread::sleep_for(std::chrono::seconds(2));
  return static_cast<int>(error.code());
}

runtime::RunDirectoryOptions run_directory_options(const cli::Options& options, const std::string& script_text) {
  runtime::RunDirectoryOptions directory;
  directory.path = options.run_dir;
  directory.fresh = options.fresh;
  directory.keep_going = options.keep_going;
  directory.job.program_version = RANKINE_VERSION;
  std::error_code error;
  directory.job.working_directory = std::filesystem::current_path(error).string();
  if (error) throw InputError("the working directory cannot be told (" + error.message() + "): go to one that is there");
  directory.job.script = options.script;
  directory.job.script_text = script_text;
  directory.job.arguments = options.script_arguments;
  return directory;
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
