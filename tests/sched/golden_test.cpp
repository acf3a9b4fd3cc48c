// Runs tests/sched/golden/*.txt: blocks of event lines, "----", the actions they must give, a blank line.
// Lines that begin with # say why. RANKINE_UPDATE_GOLDEN=1 rewrites the expected actions instead.
#include <catch2/catch.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "sched/explicit_graph.hpp"
#include "sched/scheduler.hpp"

using namespace rankine;
using namespace rankine::sched;

namespace {

/// "threads=2" of an event line's words as name and value; plain words keep their order.
struct Line {
  std::vector<std::string> words;
  std::map<std::string, std::string> settings;
  explicit Line(const std::string& text) {
    std::istringstream in(text);
    for (std::string word; in >> word;) {
      const auto equals = word.find('=');
      if (equals == std::string::npos) words.push_back(word);
      else settings[word.substr(0, equals)] = word.substr(equals + 1);
    }
  }
  std::uint32_t number(std::size_t index) const { return static_cast<std::uint32_t>(std::stoul(words.at(index))); }
  std::uint64_t setting(const std::string& name, std::uint64_t otherwise) const {
    const auto found = settings.find(name);
    return found == settings.end() ? otherwise : std::stoull(found->second);
  }
  std::string rest(std::size_t index) const {
    std::string text;
    for (std::size_t i = index; i < words.size(); ++i) text += (i == index ? "" : " ") + words[i];
    return text;
  }
};

class Story {
 public:
  std::string run(const std::vector<std::string>& events) {
    actions_.clear();
    for (const std::string& event : events) {
      happen(Line(event));
      if (scheduler_) scheduler_->sanity_check();
    }
    std::string text;
    for (const Action& action : actions_.list) text += std::visit([&](const auto& a) { return print(a); }, action) + "\n";
    return text.empty() ? "-\n" : text;
  }

 private:
  void happen(const Line& line) {
    const std::string& what = line.words.at(0);
    if (what == "task") return add_task(line);
    if (what == "options") return set_options(line);
    if (!scheduler_) {
      graph_ = std::make_shared<ExplicitGraph>(tasks_);
      scheduler_ = std::make_unique<Scheduler>(options_, graph_);
    }
    Scheduler& s = *scheduler_;
    now_.ns = static_cast<std::int64_t>(line.setting("at_ms", static_cast<std::uint64_t>(now_.ns / 1'000'000))) * 1'000'000;
    if (what == "join") {
      s.on_worker_joined(now_, {line.number(1)},
                         {static_cast<std::uint32_t>(line.setting("node", 0)),
                          static_cast<std::uint32_t>(line.setting("threads", 1)), Bytes{line.setting("memory", 0)}}, actions_);
    } else if (what == "start") {
      s.start(now_, actions_);
    } else if (what == "finished") {
      const TaskId task{line.number(2)};
      const bool is_known = task.value < tasks_.size();
      s.on_task_finished(now_, {line.number(1)}, task, line.number(3),
                         Bytes{line.setting("bytes", is_known ? graph_->output_bytes(task).value : 0)},
                         static_cast<std::uint32_t>(line.setting("took_us", 1)), actions_);
    } else if (what == "failed") {
      s.on_task_failed(now_, {line.number(1)}, {line.number(2)}, line.number(3), line.rest(5),
                       line.words.at(4) == "permanent", actions_);
    } else if (what == "missing") {
      s.on_input_missing(now_, {line.number(1)}, {line.number(2)}, line.number(3), {line.number(4)}, actions_);
    } else if (what == "recall-answer") {
      s.on_recall_answered(now_, {line.number(1)}, {line.number(2)}, line.number(3), line.words.at(4) == "granted", actions_);
    } else if (what == "taken") {
      s.on_wanted_taken(now_, {line.number(1)}, actions_);
    } else if (what == "lost") {
      s.on_worker_lost(now_, {line.number(1)}, actions_);
    } else if (what == "cancelled") {
      s.on_cancelled(now_, {line.number(1)}, actions_);
    } else if (what == "blocked") {
      s.on_task_blocked(now_, {line.number(1)}, {line.number(2)}, line.number(3), line.words.at(4) == "yes", actions_);
    } else if (what == "timer") {
      s.on_timer(now_, actions_);
    } else {
      FAIL("unknown event: " << what);
    }
  }

  void add_task(const Line& line) {
    REQUIRE(line.number(1) == tasks_.size());
    ExplicitTask task;
    task.output_bytes = {line.setting("bytes", 0)};
    task.scratch_bytes = {line.setting("scratch", 0)};
    task.cost_us = static_cast<std::uint32_t>(line.setting("cost_us", 1));
    task.pin_group = {static_cast<std::uint32_t>(line.setting("pin", 0))};
    task.wanted = line.rest(2) == "wanted";
    if (line.settings.contains("inputs")) {
      std::istringstream in(line.settings.at("inputs"));
      for (std::string input; std::getline(in, input, ',');)
        task.inputs.push_back({static_cast<std::uint32_t>(std::stoul(input))});
    }
    tasks_.push_back(task);
  }

  void set_options(const Line& line) {
    options_.max_attempts = static_cast<std::uint32_t>(line.setting("max_attempts", options_.max_attempts));
    options_.keep_going = line.setting("keep_going", options_.keep_going) != 0;
    options_.retry_delay_ms = static_cast<std::uint32_t>(line.setting("retry_delay_ms", options_.retry_delay_ms));
    options_.queued_ahead_per_worker =
        static_cast<std::uint32_t>(line.setting("queued_ahead_per_worker", options_.queued_ahead_per_worker));
    options_.roots_ahead_per_worker =
        static_cast<std::uint32_t>(line.setting("roots_ahead_per_worker", options_.roots_ahead_per_worker));
    options_.root_run_limit = static_cast<std::uint32_t>(line.setting("root_run_limit", options_.root_run_limit));
  }

  std::string print(const Assign& a) const {
    std::string text = "assign " + std::to_string(a.task.value) + " to worker " + std::to_string(a.worker.value) +
                       ", attempt " + std::to_string(a.attempt);
    for (const InputLocation& input : actions_.inputs(a))
      text += (&input == &actions_.inputs(a)[0] ? ", inputs " : " ") + std::to_string(input.task.value) + "@" +
              std::to_string(input.holder.value);
    return text;
  }
  std::string print(const Recall& r) const {
    return "recall " + std::to_string(r.task.value) + " from worker " + std::to_string(r.worker.value) + ", attempt " +
           std::to_string(r.attempt);
  }
  std::string print(const Release& r) const {
    std::string text = "release";
    for (const TaskId task : actions_.tasks(r)) text += " " + std::to_string(task.value);
    return text + " at worker " + std::to_string(r.worker.value);
  }
  std::string print(const TaskErred& e) const {
    if (e.task != e.cause) return "erred " + std::to_string(e.task.value) + " because of " + std::to_string(e.cause.value);
    return "erred " + std::to_string(e.task.value) + ": " + scheduler_->error_of(e.task).what;
  }
  std::string print(const KeepCopy& k) const {
    return k.from == k.worker ? "worker " + std::to_string(k.worker.value) + " holds " + std::to_string(k.task.value) + " now"
                              : "keep " + std::to_string(k.task.value) + "@" + std::to_string(k.from.value) + " at worker " +
                                    std::to_string(k.worker.value) + " too";
  }
  std::string print(const RunSucceeded&) const { return "run succeeded"; }
  std::string print(const RunFailed&) const {
    const FailureReport& report = scheduler_->failure();
    std::string text = "run failed: " + report.what + (report.permanent ? ", for good" : "");
    for (const FailedAttempt& f : report.attempts)
      text += "; attempt " + std::to_string(f.attempt) + " on worker " + std::to_string(f.worker.value) + ": " + f.message;
    return text;
  }
  std::string print(const SetTimer& t) const { return "set timer at " + std::to_string(t.at.ns / 1'000'000) + " ms"; }

  std::vector<ExplicitTask> tasks_;
  SchedulerOptions options_;
  std::shared_ptr<const TaskGraph> graph_;
  std::unique_ptr<Scheduler> scheduler_;
  Actions actions_;
  Instant now_;
};

/// The file again, with the actions that really came.
std::string replay(const std::string& text) {
  Story story;
  std::string result;
  std::vector<std::string> events;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    if (line == "----") {
      result += "----\n" + story.run(events);
      events.clear();
      while (std::getline(in, line) && !line.empty()) {
      }
      result += "\n";
      continue;
    }
    if (!line.empty() && line[0] != '#') events.push_back(line);
    result += line + "\n";
  }
  return result;
}

}  // namespace

TEST_CASE("the scheduler's golden stories come out as written") {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(RANKINE_SOURCE_DIR "/tests/sched/golden")) {
    std::ifstream file(entry.path());
    std::stringstream text;
    text << file.rdbuf();
    INFO(entry.path());
    const std::string actual = replay(text.str());
    if (std::getenv("RANKINE_UPDATE_GOLDEN") != nullptr) std::ofstream(entry.path()) << actual;
    else CHECK(actual == text.str());
    ++count;
  }
  CHECK(count >= 10);
}
