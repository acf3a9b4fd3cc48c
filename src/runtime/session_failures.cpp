// Tasks that fail for good: what is said of them, and what a run that keeps going goes without.
#include <algorithm>
#include <map>
#include <set>

#include "runtime/current_run.hpp"

namespace rankine::runtime {

/// Empty for a rank of an earlier job, which may have had more of them.
const std::string& Session::node_of(WorkerId worker) const {
  static const std::string unknown;
  return worker.value < peers_.size() ? peers_[worker.value].node_name : unknown;
}

FailedTask Session::in_words(const CurrentRun& run, TaskId task, const std::vector<sched::FailedAttempt>& attempts) const {
  FailedTask failed;
  failed.task = run.graph->describe(task);
  std::vector<TaskId> inputs;
  run.graph->dependencies(task, inputs);
  constexpr std::size_t most = 20;
  for (std::size_t i = 0; i < inputs.size() && i < most; ++i) failed.inputs.push_back(run.graph->describe(inputs[i]));
  if (inputs.size() > most) failed.inputs.push_back("and " + std::to_string(inputs.size() - most) + " more");
  for (const auto& attempt : attempts)
    failed.attempts.push_back({static_cast<int>(attempt.worker.value), node_of(attempt.worker), attempt.message});
  return failed;
}

std::string Session::failure_text(const CurrentRun& run, const sched::FailureReport& failure, ExitCode& code) const {
  const std::string task = run.graph->describe(*failure.task);
  const auto place = [&](const sched::FailedAttempt& attempt) {
    const std::string& node = node_of(attempt.worker);
    return std::to_string(attempt.worker.value) + (node.empty() ? "" : " on " + node);
  };
  std::string text;
  code = ExitCode::task_failed;
  if (failure.killed_workers) {
    text = "task " + task + " is not tried again: " + std::to_string(failure.attempts.size()) +
           (failure.attempts.size() == 1 ? " rank has" : " ranks have") + " died while they ran it";
    for (const auto& attempt : failure.attempts) text += "\n  rank " + std::to_string(attempt.worker.value) + " " + attempt.message;
  } else {
    const sched::FailedAttempt& last = failure.attempts.back();
    if (const auto found = run.failure_codes.find(*failure.task); found != run.failure_codes.end()) code = found->second;
    text = last.message + " (task " + task + ", attempt " + std::to_string(failure.attempts.size()) + " of " +
           std::to_string(failure.permanent ? failure.attempts.size() : options_.attempts) + ", worker " + place(last) + ")";
    if (code == ExitCode::input) {
      // It could be opened, so this is no wrong path: what is stored there cannot be read.
      text += "; the file is damaged or has changed during the run: get a good copy, or leave this part out with sel or isel";
      code = ExitCode::task_failed;
    } else if (code == ExitCode::output) {
      text += "; make room or write elsewhere: nothing of this run's unfinished outputs is left";
    }
    for (std::size_t i = 0; i + 1 < failure.attempts.size(); ++i) {
      const auto& attempt = failure.attempts[i];
      text += "\n  attempt " + std::to_string(i + 1) + " on worker " + place(attempt) + ": " +
              (attempt.message == last.message ? "the same" : attempt.message);
    }
  }
  std::vector<TaskId> inputs;
  run.graph->dependencies(*failure.task, inputs);
  constexpr std::size_t most = 3;
  for (std::size_t i = 0; i < inputs.size() && i < most; ++i) text += (i == 0 ? "\n  inputs: " : ", ") + run.graph->describe(inputs[i]);
  if (inputs.size() > most) text += " and " + std::to_string(inputs.size() - most) + " more";
  return text;
}

void Session::throw_failure(const CurrentRun& run) {
  const sched::FailureReport& failure = run.scheduler->failure();
  if (!failure.task && live_workers() == 0) throw_no_worker_left(&run);
  if (!failure.task || failure.attempts.empty()) throw Error(ExitCode::resources, failure.what);
  failed_tasks_.push_back(in_words(run, *failure.task, failure.attempts));
  ExitCode code = ExitCode::task_failed;
  const std::string text = failure_text(run, failure, code);
  throw Error(code, text);
}

void Session::note_missing(CurrentRun& run, const std::vector<store::OutputTarget>& targets) {
  run.spoiled.assign(targets.size(), 0);
  std::map<TaskId, const sched::FailureReport*> causes;  // each said once, however much it spoils
  std::set<std::size_t> values;
  std::vector<TaskId> cause_of_output(targets.size());
  TaskId cause_of_value;
  const auto& sinks = run.graph->logical().sinks;
  for (const auto& layer : run.graph->layers()) {
    if (layer.sink < 0 && !layer.wanted) continue;
    for (std::uint32_t t = 0; t < layer.task_count; ++t) {
      const TaskId task{layer.first_task + t};
      if (run.scheduler->state(task) != sched::TaskState::erred) continue;
      const sched::FailureReport& report = run.scheduler->error_of(task);
      causes.emplace(*report.task, &report);
      if (layer.wanted) {
        values.insert(layer.first_task);
        cause_of_value = *report.task;
      } else if (const auto& sink = sinks[static_cast<std::size_t>(layer.sink)]; sink.kind != plan::SinkKind::value) {
        run.spoiled[sink.output] = 1;
        cause_of_output[sink.output] = *report.task;
      }
    }
  }
  if (causes.empty()) return;
  partial_ = true;
  reporter_.clear_line();
  std::map<TaskId, std::string> texts;
  for (const auto& [task, report] : causes) {
    failed_tasks_.push_back(in_words(run, task, report->attempts));
    ExitCode code = ExitCode::task_failed;
    texts[task] = report->attempts.empty() ? report->what : failure_text(run, *report, code);
    reporter_.warning(texts[task]);
  }
  for (std::size_t number = 0; number < targets.size(); ++number)
    if (run.spoiled[number] != 0)
      reporter_.warning(targets[number].spec.path + " is not written: it needs task " + run.graph->describe(cause_of_output[number]));
  if (!values.empty())
    run.missing_value = "a value that the script asks for needs task " + run.graph->describe(cause_of_value) + ", which failed: " + texts[cause_of_value];
}

}  // namespace rankine::runtime
