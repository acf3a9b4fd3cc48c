#include "launch/job_outcome.hpp"

#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <functional>

#include "base/printable.hpp"
#include "journal/run_lock.hpp"
#include "place/own_directory.hpp"
#include "runtime/run_directory.hpp"
#include "transport/peer_watch.hpp"

namespace rankine::launch {
namespace {

namespace fs = std::filesystem;

std::string time_stamp() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char stamp[32];
  std::strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return stamp;
}

/// "out.nc.rankine", if it is there and ours.
std::string directory_beside(std::string output) {
  while (output.size() > 1 && output.back() == '/') output.pop_back();
  if (output.empty()) return {};
  try {
    return place::OwnDirectory::open(output + ".rankine", "the run directory") ? output + ".rankine" : std::string();
  } catch (const Error&) {
    return {};
  }
}

}  // namespace

JobOutcome::JobOutcome(const cli::Options& options, int ranks) {
  outcome_.program_version = cli::version_text().substr(cli::version_text().rfind(' ') + 1);
  outcome_.command = "rankine run " + options.script;
  for (const auto& word : options.script_arguments) outcome_.command += " " + word;
  outcome_.ranks = ranks;
  outcome_.started = time_stamp();
  outcome_.job = journal::batch_job();
  std::error_code error;
  if (!options.run_dir.empty()) directory_ = fs::absolute(options.run_dir, error).string();
}

void JobOutcome::write(int status, const runtime::Session* session) {
  outcome_.exit_code = status;
  outcome_.ended = time_stamp();
  std::string directory = this->directory();
  if (session != nullptr && session->may_not_use_directory()) return;
  if (session != nullptr) {
    const report::RunSummary summary = session->summary();
    outcome_.wall_s = summary.wall_s;
    outcome_.tasks = summary.tasks;
    outcome_.tasks_known = summary.tasks_known;
    outcome_.retries = summary.retries;
    outcome_.bytes_spilled = summary.bytes_spilled.value;
    outcome_.bytes_read_back = summary.bytes_unspilled.value;
    outcome_.outputs = summary.outputs;
    outcome_.bytes_read = summary.bytes_read.value;
    outcome_.bytes_written = summary.bytes_written.value;
    for (const auto& rank : summary.ranks) {
      outcome_.threads += rank.threads;
      outcome_.peak_memory = std::max(outcome_.peak_memory, rank.peak_rss.value);
      const bool is_known = rank.node_name.empty() || std::find(outcome_.nodes.begin(), outcome_.nodes.end(), rank.node_name) != outcome_.nodes.end();
      if (!is_known) outcome_.nodes.push_back(rank.node_name);
    }
    note_layers(summary.layers);
    for (const auto& loss : session->losses()) outcome_.losses.push_back({loss.rank, loss.node_name, loss.how, loss.at_s});
    for (const auto& failed : session->failed_tasks()) {
      journal::OutcomeFailure failure{failed.task, failed.inputs, {}};
      for (const auto& attempt : failed.attempts) failure.attempts.push_back({attempt.rank, attempt.node_name, attempt.message});
      outcome_.failed_tasks.push_back(std::move(failure));
    }
    if (directory.empty()) directory = directory_beside(session->first_output());
  }
  if (!directory.empty()) journal::write_outcome(directory, outcome_);
}

/// Those that took longest, where a script of many computations has very many.
void JobOutcome::note_layers(const std::vector<report::LayerSummary>& layers) {
  constexpr std::size_t most_layers = 100;
  std::vector<double> busy;
  for (const auto& layer : layers) busy.push_back(layer.busy_s);
  double least = 0;
  if (busy.size() > most_layers) {
    std::nth_element(busy.begin(), busy.begin() + most_layers, busy.end(), std::greater<>());
    least = busy[most_layers];
  }
  for (const auto& layer : layers)
    if (layer.tasks > 0 && layer.busy_s >= least) outcome_.layers.push_back({layer.name, layer.tasks, layer.busy_s, layer.made.value});
}

void JobOutcome::set_directory(const runtime::RunDirectory& directory) {
  const std::lock_guard lock(mutex_);
  directory_ = directory.path();
  if (const auto& last = directory.last_outcome()) {
    earlier_deaths_ = last->deaths;
    earlier_progress_ = last->progress;
  }
  how_to_go_on_ = directory.how_to_go_on();
}

std::string JobOutcome::directory() const {
  const std::lock_guard lock(mutex_);
  return directory_;
}

void JobOutcome::write_now(ExitCode code, const std::string& message) const noexcept {
  try {
    const std::string directory = this->directory();
    if (directory.empty()) return;
    journal::Outcome outcome = outcome_;
    outcome.exit_code = static_cast<int>(code);
    outcome.message = message;
    outcome.ended = time_stamp();
    journal::write_outcome(directory, outcome);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "rankine: %s\n", printable_message(error.what()).c_str());
  }
}

std::string JobOutcome::word_for_supervisor() const {
  if (directory().empty()) return {};
  journal::Outcome outcome = outcome_;
  outcome.message = how_to_go_on_;
  outcome.deaths = earlier_deaths_;
  outcome.progress = earlier_progress_;
  return directory() + "\n" + journal::to_json(outcome);
}

int write_outcome_of_death(const transport::RankEnd& end_of_rank) {
  const int wait_status = end_of_rank.wait_status;
  const std::string& word = end_of_rank.word;
  const bool killed = WIFSIGNALED(wait_status) && WTERMSIG(wait_status) == SIGKILL;
  int status = WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
  std::string message = "rank 0 " + (end_of_rank.why.empty() ? transport::describe_death({0, true, wait_status, {}}) : end_of_rank.why);
  const std::size_t end = word.find('\n');
  try {
    const std::string directory = word.substr(0, end);
    std::error_code error;
    if (end != std::string::npos && fs::is_directory(directory, error)) {
      journal::Outcome outcome = journal::outcome_from_json(word.substr(end + 1), directory);
      // By the batch system or for want of memory, mostly; a crash would come again. So would one for want of memory where
      // nothing more was done than at the last one: a job script that goes on and on would not help.
      const std::uint64_t progress = runtime::progress_of(directory);
      const bool again = outcome.deaths > 0 && progress == outcome.progress;
      outcome.deaths = again ? outcome.deaths + 1 : 1;
      outcome.progress = progress;
      if (killed) status = static_cast<int>(again ? ExitCode::resources : ExitCode::resumable);
      if (killed && again && end_of_rank.why.empty())
        message += ", as " + std::to_string(outcome.deaths - 1) + (outcome.deaths == 2 ? " time" : " times") +
                   " before, and nothing more was done in between: by want of memory, most likely. Give each rank more memory "
                   "(fewer ranks a node, a larger allocation), lower --memory-limit, or gather less of the data on rank 0; then ";
      else
        message += "; ";
      message += outcome.message.empty() ? "run it again" : outcome.message;
      outcome.exit_code = status;
      outcome.message = message;
      outcome.ended = time_stamp();
      journal::write_outcome(directory, outcome);
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "rankine: %s\n", printable_message(error.what()).c_str());
  }
  if (WIFSIGNALED(wait_status)) std::fprintf(stderr, "rankine: %s\n", printable_message(message).c_str());
  return status;
}

int tell_that_rank_0_is_gone(const std::string& how) {
  std::fprintf(stderr, "rankine: rank 0 %s, and neither does its supervisor; the job ends, and `rankine status` of its run directory tells how to go on\n",
               how.c_str());
  return static_cast<int>(ExitCode::resumable);
}

}  // namespace rankine::launch
