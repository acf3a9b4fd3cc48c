#include "journal/outcome.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/bytes.hpp"
#include "base/printable.hpp"
#include "place/own_directory.hpp"

namespace rankine::journal {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* outcome_name = "outcome.json";
constexpr const char* what = "the run directory";
constexpr int layout_version = 1;

[[noreturn]] void fail(const std::string& directory) {
  throw OutputError("cannot write the outcome of the run to " + directory + ": " + std::strerror(errno) +
                    "; name another directory by --run-dir");
}

/// A name that is not valid UTF-8 must not keep the outcome from being written.
std::string dump(const Json& json) { return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"; }

}  // namespace

std::string status_name(int exit_code) {
  static const std::map<int, const char*> names{{0, "done"},      {1, "task_failed"}, {2, "usage"},    {3, "input"},
                                                {4, "output"},    {5, "resources"},   {6, "partial"},  {70, "internal"},
                                                {75, "resumable"}, {130, "interrupted"}};
  const auto found = names.find(exit_code);
  return found == names.end() ? "script" : found->second;
}

std::string to_json(const Outcome& outcome) {
  Json json;
  json["version"] = layout_version;
  json["status"] = status_name(outcome.exit_code);
  json["exit_code"] = outcome.exit_code;
  json["message"] = outcome.message;
  json["program_version"] = outcome.program_version;
  json["command"] = outcome.command;
  json["started"] = outcome.started;
  json["ended"] = outcome.ended;
  json["wall_s"] = outcome.wall_s;
  json["ranks"] = outcome.ranks;
  json["threads"] = outcome.threads;
  json["nodes"] = outcome.nodes;
  json["job"] = outcome.job;
  json["peak_memory"] = outcome.peak_memory;
  json["bytes_read"] = outcome.bytes_read;
  json["bytes_written"] = outcome.bytes_written;
  json["tasks"] = outcome.tasks;
  json["tasks_known"] = outcome.tasks_known;
  json["retries"] = outcome.retries;
  json["bytes_spilled"] = outcome.bytes_spilled;
  json["bytes_read_back"] = outcome.bytes_read_back;
  json["outputs"] = outcome.outputs;
  json["layers"] = Json::array();
  for (const auto& layer : outcome.layers)
    json["layers"].push_back({{"name", layer.name}, {"tasks", layer.tasks}, {"busy_s", layer.busy_s}, {"bytes", layer.bytes}});
  json["losses"] = Json::array();
  for (const auto& loss : outcome.losses)
    json["losses"].push_back({{"rank", loss.rank}, {"node", loss.node}, {"how", loss.how}, {"at_s", loss.at_s}});
  json["failed_tasks"] = Json::array();
  for (const auto& failure : outcome.failed_tasks) {
    Json attempts = Json::array();
    for (const auto& attempt : failure.attempts)
      attempts.push_back({{"worker", attempt.worker}, {"node", attempt.node}, {"message", attempt.message}});
    json["failed_tasks"].push_back({{"task", failure.task}, {"inputs", failure.inputs}, {"attempts", attempts}});
  }
  if (outcome.deaths != 0) {
    json["deaths"] = outcome.deaths;
    json["progress"] = outcome.progress;
  }
  return dump(json);
}

Outcome outcome_from_json(const std::string& text, const std::string& path) {
  try {
    const Json json = Json::parse(text);
    if (json.at("version").get<int>() != layout_version)
      throw InputError(path + " was written by another version of rankine: version " + json.at("version").dump());
    Outcome outcome;
    outcome.exit_code = json.at("exit_code").get<int>();
    outcome.message = json.at("message").get<std::string>();
    outcome.program_version = json.at("program_version").get<std::string>();
    outcome.command = json.at("command").get<std::string>();
    outcome.ended = json.at("ended").get<std::string>();
    outcome.wall_s = json.at("wall_s").get<double>();
    outcome.ranks = json.at("ranks").get<int>();
    outcome.started = json.value("started", "");
    outcome.threads = json.value("threads", 0u);
    outcome.nodes = json.value("nodes", std::vector<std::string>());
    outcome.job = json.value("job", "");
    outcome.peak_memory = json.value("peak_memory", std::uint64_t{0});
    outcome.bytes_read = json.value("bytes_read", std::uint64_t{0});
    outcome.bytes_written = json.value("bytes_written", std::uint64_t{0});
    for (const auto& layer : json.value("layers", Json::array()))
      outcome.layers.push_back({layer.at("name").get<std::string>(), layer.at("tasks").get<std::uint64_t>(),
                                layer.at("busy_s").get<double>(), layer.at("bytes").get<std::uint64_t>()});
    outcome.tasks = json.at("tasks").get<std::uint64_t>();
    outcome.tasks_known = json.value("tasks_known", outcome.tasks);
    outcome.retries = json.at("retries").get<std::uint64_t>();
    outcome.bytes_spilled = json.value("bytes_spilled", std::uint64_t{0});
    outcome.bytes_read_back = json.value("bytes_read_back", std::uint64_t{0});
    outcome.outputs = json.at("outputs").get<std::vector<std::string>>();
    for (const auto& loss : json.at("losses"))
      outcome.losses.push_back({loss.at("rank").get<int>(), loss.at("node").get<std::string>(), loss.at("how").get<std::string>(),
                                loss.at("at_s").get<double>()});
    for (const auto& task : json.at("failed_tasks")) {
      OutcomeFailure failure{task.at("task").get<std::string>(), task.at("inputs").get<std::vector<std::string>>(), {}};
      for (const auto& attempt : task.at("attempts"))
        failure.attempts.push_back({attempt.at("worker").get<int>(), attempt.at("node").get<std::string>(),
                                    attempt.at("message").get<std::string>()});
      outcome.failed_tasks.push_back(std::move(failure));
    }
    outcome.deaths = json.value("deaths", 0);
    outcome.progress = json.value("progress", std::uint64_t{0});
    return outcome;
  } catch (const nlohmann::json::exception& error) {
    throw InputError(path + " is no outcome of a run: " + error.what());
  }
}

void write_outcome(const std::string& path, const Outcome& outcome) {
  const place::OwnDirectory directory = place::OwnDirectory::make(path, what);
  const std::string begun = std::string(outcome_name) + "." + place::unguessable_name();
  const std::string text = to_json(outcome);
  place::Descriptor file = directory.make_file(begun, O_WRONLY);
  if (!file) fail(path);
  const auto give_up = [&] {
    const int reason = errno;
    directory.remove(begun);
    errno = reason;
    fail(path);
  };
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t written = ::write(file.number(), text.data() + done, text.size() - done);
    if (written > 0) done += static_cast<std::size_t>(written);
    else if (written == 0 || errno != EINTR) give_up();
  }
  const bool flushed = ::fsync(file.number()) == 0;
  if (::close(file.release()) != 0 || !flushed || directory.rename(begun, outcome_name) != 0) give_up();
}

std::optional<Outcome> read_outcome(const std::string& directory) {
  struct stat status {};
  const bool is_there = ::stat(directory.c_str(), &status) == 0;
  if (is_there && !S_ISDIR(status.st_mode)) throw InputError(directory + " is a file, not the directory of a run");
  if (!is_there)
    throw InputError("there is no run directory " + directory +
                     "; a run that succeeded removes its own unless it was named by --run-dir");
  const auto own = place::OwnDirectory::open(directory, what);
  const std::string path = directory + "/" + outcome_name;
  const place::Descriptor file = own ? own->open_file(outcome_name, O_RDONLY) : place::Descriptor();
  if (!file) {
    if (errno == ENOENT) return std::nullopt;
    throw InputError("cannot read " + path + ": " + std::strerror(errno));
  }
  std::string text;
  char piece[4096];
  for (;;) {
    const ssize_t got = ::read(file.number(), piece, sizeof piece);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw InputError("cannot read " + path + ": " + std::strerror(errno));
    if (got == 0) break;
    text.append(piece, static_cast<std::size_t>(got));
  }
  return outcome_from_json(text, path);
}

namespace {

/// When, where and how much: what outcomes of older versions do not tell.
std::string facts_text(const Outcome& outcome) {
  if (outcome.started.empty()) return {};
  std::ostringstream text;
  text << "started " << outcome.started;
  if (!outcome.job.empty()) text << " as job " << outcome.job;
  constexpr std::size_t most_nodes = 8;
  for (std::size_t i = 0; i < std::min(outcome.nodes.size(), most_nodes); ++i) text << (i == 0 ? " on " : ", ") << outcome.nodes[i];
  if (outcome.nodes.size() > most_nodes) text << " and " << outcome.nodes.size() - most_nodes << " more nodes";
  if (outcome.threads != 0) text << ", " << outcome.threads << (outcome.threads == 1 ? " thread" : " threads");
  text << "\nread " << format_bytes({outcome.bytes_read}) << ", wrote " << format_bytes({outcome.bytes_written}) << ", peak memory of a rank "
       << format_bytes({outcome.peak_memory}) << "\n";
  return text.str();
}

}  // namespace

std::string outcome_text(const Outcome& outcome) {
  std::ostringstream text;
  char seconds[32];
  std::snprintf(seconds, sizeof seconds, "%.1f", outcome.wall_s);
  text << status_name(outcome.exit_code) << " (exit status " << outcome.exit_code << ") at " << outcome.ended << " after " << seconds
       << " s on " << outcome.ranks << (outcome.ranks == 1 ? " rank" : " ranks") << "\n";
  text << "command: " << printable(outcome.command) << "\n";
  text << facts_text(outcome);
  text << "tasks: " << outcome.tasks;
  if (outcome.tasks_known != outcome.tasks) text << " of " << outcome.tasks_known << " done";
  text << ", failed attempts: " << outcome.retries << "\n";
  if (outcome.bytes_spilled != 0)
    text << "spilled: " << format_bytes({outcome.bytes_spilled}) << ", read back: " << format_bytes({outcome.bytes_read_back}) << "\n";
  for (const auto& layer : outcome.layers) {
    std::snprintf(seconds, sizeof seconds, "%.1f", layer.busy_s);
    text << "  " << printable(layer.name) << ": " << layer.tasks << (layer.tasks == 1 ? " task, " : " tasks, ") << seconds << " s";
    if (layer.bytes != 0) text << ", made " << format_bytes({layer.bytes});
    text << "\n";
  }
  if (!outcome.message.empty()) text << "error: " << printable_message(outcome.message) << "\n";
  for (const auto& output : outcome.outputs) text << "wrote " << printable(output) << "\n";
  for (const auto& loss : outcome.losses) {
    std::snprintf(seconds, sizeof seconds, "%.1f", loss.at_s);
    text << "lost rank " << loss.rank << (loss.node.empty() ? "" : " on " + loss.node) << " after " << seconds << " s: it " << loss.how << "\n";
  }
  for (const auto& failure : outcome.failed_tasks) {
    text << "failed task " << printable(failure.task) << "\n";
    for (const auto& input : failure.inputs) text << "  input " << printable(input) << "\n";
    for (const auto& attempt : failure.attempts)
      text << "  worker " << attempt.worker << (attempt.node.empty() ? "" : " on " + attempt.node) << ": " << printable_message(attempt.message) << "\n";
  }
  return text.str();
}

}  // namespace rankine::journal
