#pragma once
#include <functional>
#include <string>

#include "base/error.hpp"
#include "cli/options.hpp"
#include "report/reporter.hpp"
#include "runtime/session.hpp"

namespace rankine::launch {

/// What rank 0 does with the ranks of its job. Gives the job's exit status.
using Pipeline = std::function<int(runtime::Session&, report::Reporter&)>;

/// Starts this process as what it is: a rank of an MPI job, told from the environment, or the whole job.
/// Rank 0 calls `pipeline`; the other ranks work until it says that all is done. An Error of `pipeline` is
/// reported and becomes the status. SIGINT and SIGTERM end the run with ExitCode::interrupted.
/// Under a launcher this call ends the process; alone it returns the status.
/// `library`: the functions that calls of this program may name (Session::calls).
/// `spread`: a text that rank 0 alone could read, and what makes the library of it on the others.
struct SpreadText {
  std::string text;
  std::function<const runtime::TaskLibrary*(std::string text)> library_of;
};
int run_job(const cli::Options& options, int argc, char** argv, const Pipeline& pipeline,
            const runtime::TaskLibrary* library = nullptr, SpreadText spread = {});

/// Whether this process should speak where every rank of a job would say the same.
bool speaks_for_job();

/// Reports what every rank of a job meets before it has begun (a wrong command line) and gives the exit status. Rank 0
/// speaks; the others leave it the time to: a launcher kills the whole job at the first status that is not 0.
int report_before_start(const Error& error);

/// What a job that is started with these options says of itself in its run directory. `script_text` is empty for programs.
runtime::RunDirectoryOptions run_directory_options(const cli::Options& options, const std::string& script_text);

/// "Sat Nov 21 12:00:00 2026: rankine run anomaly.py in.nc", the form that CDO and NCO use.
/// SOURCE_DATE_EPOCH replaces the clock, for outputs that must be the same bytes every time.
std::string history_line(const std::string& command);

}  // namespace rankine::launch
