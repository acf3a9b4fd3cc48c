#include "runtime/call_run.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/check.hpp"
#include "base/memory_guard.hpp"

namespace rankine::runtime {
namespace {

/// Classes of costs: functions, as far as they go.
constexpr std::uint32_t cost_classes = 256;
constexpr std::int32_t user_priority_limit = 100;

sched::SchedulerOptions scheduler_options(const CallRunOptions& given) {
  sched::SchedulerOptions options;
  options.max_attempts = 1;
  options.keep_going = true;
  options.max_worker_kills = given.max_worker_kills;
  return options;
}

WorkerId worker_of(int rank) { return {static_cast<std::uint32_t>(rank)}; }

}  // namespace

CallRun::CallRun(wire::RunId id, const TaskLibrary& library, CallRunOptions options, Link link)
    : id_(id), library_(library), options_(options), link_(std::move(link)),
      graph_(std::make_shared<sched::GrowingGraph>(cost_classes)), scheduler_(scheduler_options(options), graph_) {
  graph_->set_describe([this](TaskId task) { return label_of(task); });
  if (options_.keeps_progress) progress_.emplace();
}

void CallRun::on_worker_joined(int rank, sched::WorkerDescription description, const std::string& resources) {
  for (const auto& [name, amount] : parse_resources(resources)) {
    const std::uint32_t number = resource_number(name);
    if (description.resources.size() <= number) description.resources.resize(number + 1, 0);
    description.resources[number] = amount;
  }
  const auto count = static_cast<std::size_t>(rank) + 1;
  if (assigned_.size() < count) {
    assigned_.resize(count);
    released_.resize(count);
    outcomes_.resize(count);
  }
  send(rank, wire::BeginCalls{digest_of(library_)});
  scheduler_.on_worker_joined(exec::now(), worker_of(rank), description, actions_);
}

void CallRun::start() {
  scheduler_.start(exec::now(), actions_);
  apply();
}

std::uint32_t CallRun::resource_number(const std::string& name) {
  const auto at = std::find(resource_names_.begin(), resource_names_.end(), name);
  const auto number = static_cast<std::uint32_t>(at - resource_names_.begin());
  if (at == resource_names_.end()) {
    resource_names_.push_back(name);
    graph_->set_resource_names(resource_names_);
  }
  return number;
}

std::string CallRun::label_of(TaskId task) const {
  if (const auto own = labels_.find(task); own != labels_.end()) return own->second;
  const Definition& definition = definitions_[task.value];
  if (definition.function == value_function) return "a scattered value";
  if (definition.function == saved_function) return "a saved result";
  if (definition.is_forgotten) return library_.name_of(definition.function);
  return library_.describe(definition.function, definition.bytes());
}

// Submitting.

void CallRun::check(const CallSpec& spec) const {
  if (spec.function != value_function && spec.function >= library_.function_count())
    throw UsageError("there is no task function number " + std::to_string(spec.function));
  if (std::abs(spec.priority) > user_priority_limit)
    throw UsageError("a priority of " + std::to_string(spec.priority) + " is not between -100 and 100");
  if (spec.max_attempts == 0) throw UsageError("a task is tried at least once");
  if (spec.arguments.size() > UINT32_MAX) throw UsageError("the arguments of a task take 4 GiB or more; scatter them in parts, or read them in the task");
}

CallId CallRun::submit(std::vector<CallSpec> specs) {
  const CallId first = next_id();
  for (std::size_t i = 0; i < specs.size(); ++i) {
    check(specs[i]);
    for (const CallId input : specs[i].inputs)
      if (input.value >= first.value + i) throw UsageError("a task needs a task that does not come before it");
  }
  for (CallSpec& spec : specs) {
    scan_.clear();
    for (const CallId input : spec.inputs) scan_.push_back({input.value});
    add(std::move(spec), scan_, true);
  }
  if (exec::now().ns - last_poll_.ns > std::int64_t{options_.submit_wait_us} * 1000) poll();
  return first;
}

TaskId CallRun::add(CallSpec spec, std::span<const TaskId> inputs, bool is_program_s) {
  bool is_earlier = false;
  if (progress_) {
    const bool is_value = spec.function == value_function;
    CallProgress::Earlier earlier = progress_->add(is_program_s, is_value, is_value ? "value" : library_.name_of(spec.function),
                                                   is_value ? spec.arguments : library_.lasting(spec.arguments), inputs);
    // The program knows that it has finished, and may never ask for more; a call within a call waits for a result.
    is_earlier = earlier.done && is_program_s;
    if (earlier.saved) {
      if (spec.label.empty()) spec.label = library_.describe(spec.function, spec.arguments);
      spec.function = saved_function;
      spec.arguments = std::move(*earlier.saved);
      spec.resources.clear();
      inputs = {};
    }
    if (!is_earlier)
      for (const TaskId input : inputs)
        if (definitions_[input.value].is_spared && definitions_[input.value].has_handle) demanded_.push_back(input);
  }
  sched::TaskProfile profile;
  profile.output_bytes = spec.expected_bytes;
  profile.already_done = is_earlier;
  profile.cost_us = 1000;  // until a few of them have been measured
  profile.cost_class = spec.function % cost_classes;
  profile.priority = spec.priority;
  profile.wanted = spec.wanted;
  for (const auto& [name, amount] : spec.resources) profile.needs.push_back({resource_number(name), amount});
  const TaskId task = graph_->add(inputs, profile, spec.max_attempts);
  RANKINE_CHECK(task.value == definitions_.size(), "calls and tasks have the same numbers");
  Definition& definition = definitions_.emplace_back();
  definition.function = spec.function;
  definition.argument_bytes = static_cast<std::uint32_t>(spec.arguments.size());
  if (!spec.arguments.empty()) {
    definition.arguments = std::make_unique_for_overwrite<std::byte[]>(spec.arguments.size());
    std::copy(spec.arguments.begin(), spec.arguments.end(), definition.arguments.get());
  }
  definition.has_handle = spec.wanted;
  definition.is_program_s = is_program_s;
  definition.open = spec.wanted ? 1 : 0;
  definition.is_spared = is_earlier;
  if (is_earlier) {
    ++spared_;
    earlier_.push_back(task);
  }
  if (!spec.label.empty()) labels_.emplace(task, std::move(spec.label));
  for (const TaskId input : inputs) ++definitions_[input.value].open;
  return task;
}

/// The scheduler is told of new tasks before anything else.
void CallRun::grow() {
  if (graph_->task_count() == scheduler_.task_count()) return;
  scheduler_.on_tasks_added(exec::now(), actions_);
  if (!earlier_.empty()) take_up_earlier();
}

void CallRun::take_up_earlier() {
  for (const TaskId task : std::exchange(demanded_, {}))
    if (definitions_[task.value].has_handle) scheduler_.on_demanded(exec::now(), task, actions_);
  for (const TaskId task : std::exchange(earlier_, {})) {
    note_settled(task);
    forget_if_possible(task);
  }
}

void CallRun::on_submitted(int from, const wire::SubmitCalls& message) {
  grow();
  auto& numbers = remote_numbers_[from];
  std::size_t input = 0, argument = 0, text = 0;
  for (std::size_t i = 0; i < message.calls.size(); ++i) {
    const wire::SubmittedCall& call = message.calls[i];
    CallSpec spec;
    spec.function = call.function;
    spec.priority = call.priority;
    spec.max_attempts = call.max_attempts;
    spec.wanted = call.wanted != 0;
    spec.expected_bytes = {call.expected_bytes};
    spec.arguments.assign(message.arguments.begin() + static_cast<std::ptrdiff_t>(argument),
                          message.arguments.begin() + static_cast<std::ptrdiff_t>(argument + call.argument_bytes));
    argument += call.argument_bytes;
    spec.label = message.texts.substr(text, call.label_bytes);
    spec.resources = parse_resources(message.texts.substr(text + call.label_bytes, call.resource_bytes));
    text += call.label_bytes + call.resource_bytes;
    std::vector<TaskId> inputs;
    for (std::uint32_t k = 0; k < call.input_count; ++k) inputs.push_back(numbers.at(message.inputs[input++]));
    const TaskId task = add(std::move(spec), inputs, false);
    const std::uint32_t number = message.first + static_cast<std::uint32_t>(i);
    numbers[number] = task;
    if (call.wanted != 0) remote_[task] = {from, number};
  }
  grow();
}

void CallRun::on_released(int from, const wire::ReleaseCalls& message) {
  grow();
  auto& numbers = remote_numbers_[from];
  for (const std::uint32_t number : message.calls) {
    const auto found = numbers.find(number);
    if (found == numbers.end()) continue;
    const TaskId task = found->second;
    if (message.cancel) {
      scheduler_.on_cancelled(exec::now(), task, actions_);
      continue;
    }
    remote_.erase(task);
    numbers.erase(found);
    drop_handle(task);
  }
}

// What workers say.

bool CallRun::handle(int from, const wire::Decoded& decoded) {
  const WorkerId worker = worker_of(from);
  const Instant now = exec::now();
  if (const auto* batch = std::get_if<wire::FinishedBatch>(&decoded.message)) {
    for (const auto& task : batch->tasks) reports_.push_back({worker, task.task, task.attempt, task.bytes, task.duration_us});
    if (reports_.size() >= options_.most_reports) turn();
  } else if (const auto* results = std::get_if<wire::ResultBatch>(&decoded.message)) {
    if (results->for_call) return false;
    on_results(from, *results);
  } else if (const auto* failed = std::get_if<wire::TaskFailed>(&decoded.message)) {
    enter_reports();
    ++failed_attempts_;
    failure_kinds_[failed->task] = {static_cast<ExitCode>(failed->exit_code), failed->detail};
    scheduler_.on_task_failed(now, worker, failed->task, failed->attempt, failed->message, failed->permanent, actions_);
    apply();
  } else if (const auto* missing = std::get_if<wire::InputMissing>(&decoded.message)) {
    enter_reports();
    scheduler_.on_input_missing(now, worker, missing->task, missing->attempt, missing->input, actions_);
    apply();
  } else if (const auto* answer = std::get_if<wire::RecallAnswer>(&decoded.message)) {
    enter_reports();
    scheduler_.on_recall_answered(now, worker, answer->task, answer->attempt, answer->granted, actions_);
    apply();
  } else if (const auto* blocked = std::get_if<wire::TaskBlocked>(&decoded.message)) {
    enter_reports();
    scheduler_.on_task_blocked(now, worker, blocked->task, blocked->attempt, blocked->blocked, actions_);
    apply();
  } else if (const auto* submitted = std::get_if<wire::SubmitCalls>(&decoded.message)) {
    enter_reports();
    on_submitted(from, *submitted);
    apply();
  } else if (const auto* let_go = std::get_if<wire::ReleaseCalls>(&decoded.message)) {
    enter_reports();
    on_released(from, *let_go);
    apply();
  } else if (const auto* lost = std::get_if<wire::BlocksLost>(&decoded.message)) {
    enter_reports();
    for (const TaskId task : lost->tasks)
      if (const auto asked = asked_.find(task); asked != asked_.end() && asked->second == from) asked_.erase(asked);
    scheduler_.on_outputs_lost(now, worker, lost->tasks, lost->discarded, actions_);
    for (const TaskId task : lost->tasks)
      if (!is_settled(task)) definitions_.at(task.value).is_logged = false;
    apply();
  } else if (std::holds_alternative<wire::Note>(decoded.message)) {
    notes_.push_back(std::get<wire::Note>(decoded.message).text);
  } else if (const auto* saved = std::get_if<wire::BlocksSaved>(&decoded.message)) {
    if (progress_)
      progress_->on_saved(worker, saved->sequence, saved->error.empty() ? journal::checkpoint_from(saved->record) : journal::CheckpointRecord{},
                          saved->error);
  } else if (const auto* ready = std::get_if<wire::PlanReady>(&decoded.message)) {
    if (!ready->error.empty()) throw Error(ExitCode::usage, "rank " + std::to_string(from) + " " + ready->error);
  } else {
    return false;
  }
  return true;
}

void CallRun::on_worker_lost(int rank, std::span<const TaskId> running, const std::string& how) {
  enter_reports();
  if (progress_) progress_->on_worker_lost(worker_of(rank));
  std::erase_if(asked_, [&](const auto& asked) { return asked.second == rank; });
  // Handles that it had are gone with it.
  if (const auto numbers = remote_numbers_.find(rank); numbers != remote_numbers_.end()) {
    for (const auto& [number, task] : numbers->second)
      if (remote_.erase(task) != 0) drop_handle(task);
    remote_numbers_.erase(numbers);
  }
  done_before_loss_ = done_count();
  scheduler_.on_worker_lost(exec::now(), worker_of(rank), actions_, running, how);
  if (scheduler_.failed()) return actions_.clear();  // nobody is left: the session says so, and why
  // What is to be computed again will complete again.
  for (std::uint32_t i = 0; i < scheduler_.task_count(); ++i)
    if (definitions_[i].is_logged && !is_settled({i})) definitions_[i].is_logged = false;
  apply();
}

std::string CallRun::cause_of_all(std::size_t losses) const {
  const auto* deadliest = scheduler_.deadliest();
  if (deadliest == nullptr || losses < 2 || deadliest->second.size() != losses) return {};
  std::string text = graph_->describe(deadliest->first);
  for (const auto& kill : deadliest->second) text += "\n  rank " + std::to_string(kill.worker.value) + " " + kill.message;
  return text;
}

void CallRun::enter_reports() {
  grow();
  if (reports_.empty()) return;
  scheduler_.on_tasks_finished(exec::now(), reports_, actions_);
  for (const auto& report : reports_) {
    if (report.task.value >= scheduler_.task_count()) continue;
    if (progress_) note_finished(report);
    if (scheduler_.holder(report.task) == report.worker) note_settled(report.task);
  }
  reports_.clear();
}

void CallRun::note_finished(const sched::FinishedTask& report) {
  const sched::TaskState state = scheduler_.state(report.task);
  if (state != sched::TaskState::held && state != sched::TaskState::released) return;
  if (definitions_[report.task.value].function == value_function) return;
  progress_->note_finished(report.task, report.duration_us, report.bytes, graph_->dependencies_of(report.task, scan_));
}

bool CallRun::prepare_checkpoint(CallProgress::Choice choice) {
  enter_reports();
  apply();
  std::vector<std::pair<TaskId, WorkerId>> held;
  scheduler_.held_outputs(held);
  save_orders_ = progress_->begin(held, choice);
  is_last_save_ = choice == CallProgress::Choice::all;
  return progress_->is_under_way();
}

void CallRun::order_checkpoint(const std::function<std::string(int rank)>& path_of) {
  for (auto& order : std::exchange(save_orders_, {})) {
    const int rank = static_cast<int>(order.worker.value);
    send(rank, wire::SaveBlocks{progress_->sequence(), path_of(rank), std::move(order.tasks), is_last_save_});
  }
}

bool CallRun::turn() {
  const bool any = !reports_.empty() || graph_->task_count() != scheduler_.task_count();
  enter_reports();
  bool due = false;
  if (timer_ && exec::now() >= *timer_) {
    due = true;
    timer_.reset();
    scheduler_.on_timer(exec::now(), actions_);
  }
  apply();
  return any || due;
}

void CallRun::apply() {
  // Forgetting and telling may not add actions: all of it reads.
  for (const sched::Action& action : actions_.list) {
    if (const auto* a = std::get_if<sched::Assign>(&action)) {
      assign(*a);
    } else if (const auto* release = std::get_if<sched::Release>(&action)) {
      touched_.push_back(release->worker.value);
      auto& batch = released_[release->worker.value].tasks;
      for (const TaskId task : actions_.tasks(*release)) {
        batch.push_back(task);
        forget_if_possible(task);
      }
    } else if (const auto* recall = std::get_if<sched::Recall>(&action)) {
      flush(recall->worker.value);  // whatever was assigned before must arrive before
      send(static_cast<int>(recall->worker.value), wire::Recall{recall->task, recall->attempt});
    } else if (const auto* timer = std::get_if<sched::SetTimer>(&action)) {
      timer_ = timer->at;
    } else if (const auto* erred = std::get_if<sched::TaskErred>(&action)) {
      note_settled(erred->task);
      forget_if_possible(erred->task);
    } else if (std::holds_alternative<sched::RunFailed>(action)) {
      actions_.clear();
      throw Error(ExitCode::resources, "tasks cannot go on: " + scheduler_.failure().what);
    }
  }
  actions_.clear();
  for (const std::size_t worker : std::exchange(touched_, {})) flush(worker);
}

void CallRun::assign(const sched::Assign& assign) {
  const std::size_t worker = assign.worker.value;
  touched_.push_back(worker);
  wire::CallBatch& batch = assigned_[worker];
  const Definition& definition = definitions_[assign.task.value];
  RANKINE_CHECK(!definition.is_forgotten, "a call runs that was forgotten");
  if (definition.is_spared && definition.function != saved_function) {
    definitions_[assign.task.value].is_spared = false;
    --spared_;
  }
  batch.assignments.add(assign, actions_.inputs(assign));
  batch.definitions.push_back({definition.function, definition.argument_bytes, graph_->priority(assign.task),
                               definition.has_handle && definition.is_program_s ? 1u : 0u});
  batch.arguments.insert(batch.arguments.end(), definition.bytes().begin(), definition.bytes().end());
}

/// Releases go first: memory is given back before more is asked for.
void CallRun::flush(std::size_t worker) {
  const int rank = static_cast<int>(worker);
  if (!released_[worker].tasks.empty()) send(rank, released_[worker]);
  released_[worker].tasks.clear();
  if (!assigned_[worker].definitions.empty()) send(rank, assigned_[worker]);
  assigned_[worker].clear();
  if (!outcomes_[worker].outcomes.empty()) send(rank, outcomes_[worker]);
  outcomes_[worker] = {};
}

/// It is held now, or erred.
void CallRun::note_settled(TaskId task) {
  Definition& definition = definitions_[task.value];
  if (!definition.has_handle) return;
  if (!definition.is_program_s) return tell_submitter(task);
  if (std::exchange(definition.is_logged, true)) return;
  completions_.push_back({task.value});
}

void CallRun::tell_submitter(TaskId task) {
  const auto handle = remote_.find(task);
  if (handle == remote_.end()) return;
  const auto rank = static_cast<std::size_t>(handle->second.rank);
  wire::CallOutcome outcome{handle->second.number, task, {}, 0};
  if (scheduler_.state(task) == sched::TaskState::erred) {
    outcome.erred = 1;
    const CallError error = error_of(task);
    outcomes_[rank].failures.push_back({error.call, error.message, error.is_own, error.cancelled,
                                        static_cast<std::uint32_t>(std::max(0, error.worker)), error.attempts,
                                        static_cast<std::uint32_t>(error.code), error.detail});
  } else {
    outcome.holder = *scheduler_.holder(task);
  }
  outcomes_[rank].outcomes.push_back(outcome);
  touched_.push_back(rank);
}

// Letting go.

void CallRun::drop_handle(TaskId task) {
  Definition& definition = definitions_[task.value];
  RANKINE_CHECK(std::exchange(definition.has_handle, false), "a call is released twice");
  --definition.open;
  fetched_.erase(task);
  scheduler_.on_wanted_taken(exec::now(), task, actions_);
  forget_if_possible(task);
}

/// Frees its arguments once nobody can ask for it to be computed (again), and then perhaps those of what it needed.
void CallRun::forget_if_possible(TaskId first) {
  std::vector<TaskId> candidates{first};
  while (!candidates.empty()) {
    const TaskId task = candidates.back();
    candidates.pop_back();
    Definition& definition = definitions_[task.value];
    const sched::TaskState state = scheduler_.state(task);
    if (definition.is_forgotten || definition.open != 0) continue;
    if (state != sched::TaskState::released && state != sched::TaskState::erred) continue;
    definition.is_forgotten = true;
    definition.arguments.reset();
    definition.argument_bytes = 0;
    labels_.erase(task);
    failure_kinds_.erase(task);
    for (const TaskId input : graph_->dependencies_of(task, scan_)) {
      --definitions_[input.value].open;
      candidates.push_back(input);
    }
  }
}

void CallRun::release(CallId call) {
  grow();
  drop_handle({call.value});
}

void CallRun::cancel(CallId call) {
  grow();
  scheduler_.on_cancelled(exec::now(), {call.value}, actions_);
  apply();
}

// Waiting and fetching.

void CallRun::poll() {
  bool once = false;
  link_.until([&] { return std::exchange(once, true); });
  last_poll_ = exec::now();
}

bool CallRun::is_settled(TaskId task) const { return scheduler_.state(task) >= sched::TaskState::held; }

CallState CallRun::state(CallId call) {
  grow();
  const sched::TaskState state = scheduler_.state({call.value});
  if (state == sched::TaskState::erred) return CallState::erred;
  return state >= sched::TaskState::held ? CallState::finished : CallState::pending;
}

void CallRun::wait(std::span<const CallId> calls) {
  turn();
  std::size_t next = 0;
  link_.until([&] {
    while (next < calls.size() && is_settled({calls[next].value})) ++next;
    return next == calls.size();
  });
}

std::size_t CallRun::wait_for_completions(std::size_t known) {
  turn();
  link_.until([&] { return completions_.size() > known; });
  return completions_.size();
}

std::vector<CallResult> CallRun::results(std::span<const CallId> calls) {
  while (true) {
    wait(calls);
    std::map<int, wire::ResultRequest> requests;
    Bytes coming;
    bool all_here = true;
    for (const CallId call : calls) {
      const TaskId task{call.value};
      if (scheduler_.state(task) == sched::TaskState::erred) throw CallFailed(error_of(task));
      RANKINE_CHECK(definitions_[call.value].has_handle, "the result of a released call is asked for");
      if (fetched_.contains(task)) continue;
      all_here = false;
      if (asked_.contains(task)) continue;
      const std::optional<WorkerId> holder = scheduler_.holder(task);
      if (!holder) {
        // Lost just now, or an earlier job's and not asked for so far: it is waited for (again).
        if (scheduler_.state(task) == sched::TaskState::released) scheduler_.on_demanded(exec::now(), task, actions_);
        continue;
      }
      asked_.emplace(task, static_cast<int>(holder->value));
      requests[static_cast<int>(holder->value)].tasks.push_back(task);
      coming += scheduler_.held_output_bytes(task);
    }
    if (all_here) break;
    // As they arrive, as they are kept here, and as the value that is made of them.
    if (coming >= asked_at_once) {
      try {
        ask_memory(Bytes{3 * coming.value});
      } catch (...) {
        for (const auto& [rank, request] : requests)
          for (const TaskId task : request.tasks) asked_.erase(task);
        throw;
      }
    }
    apply();
    for (const auto& [rank, request] : requests) send(rank, request);
    link_.until([&] { return asked_.empty(); });
  }
  std::vector<CallResult> results;
  results.reserve(calls.size());
  for (const CallId call : calls) {
    results.push_back(fetched_.at({call.value}));
    if (progress_) progress_->note_fetched({call.value}, results.back());
  }
  // Large ones are not kept twice: whoever asks again fetches again.
  constexpr std::size_t small = 1024;
  for (const CallId call : calls)
    if (const auto found = fetched_.find({call.value}); found != fetched_.end() && found->second->size() > small) fetched_.erase(found);
  return results;
}

void CallRun::on_results(int from, const wire::ResultBatch& batch) {
  std::size_t position = 0;
  for (const wire::ResultEntry& entry : batch.results) {
    const auto bytes = batch.bytes.subspan(position, entry.bytes);
    position += entry.bytes;
    if (entry.task.value >= definitions_.size()) continue;
    const auto asked = asked_.find(entry.task);
    const bool was_asked = asked != asked_.end() && asked->second == from;
    if (was_asked) asked_.erase(asked);
    if (entry.found == 0) {
      RANKINE_CHECK(!was_asked || scheduler_.holder(entry.task) != worker_of(from), "a worker does not have a result that it holds");
      continue;
    }
    if (!definitions_[entry.task.value].has_handle) continue;
    fetched_.insert_or_assign(entry.task, std::make_shared<const std::vector<std::byte>>(bytes.begin(), bytes.end()));
  }
}

CallError CallRun::error(CallId call) {
  grow();
  return error_of({call.value});
}

CallError CallRun::error_of(TaskId task) const {
  const sched::FailureReport& report = scheduler_.error_of(task);
  CallError error;
  error.call = report.what;
  error.is_own = report.task == task;
  if (report.attempts.empty()) {
    // Cancelled, or never run: what it needs is nowhere.
    error.cancelled = report.what.ends_with(" was cancelled");
    if (error.cancelled) error.call.resize(error.call.size() - std::string(" was cancelled").size());
    error.message = report.what;
    error.code = error.cancelled ? ExitCode::task_failed : ExitCode::resources;
    return error;
  }
  if (report.killed_workers) {
    error.message = "not tried again: " + std::to_string(report.attempts.size()) +
                    (report.attempts.size() == 1 ? " rank has" : " ranks have") + " died while they ran it";
    for (const auto& kill : report.attempts) error.message += "; rank " + std::to_string(kill.worker.value) + " " + kill.message;
    return error;
  }
  const sched::FailedAttempt& last = report.attempts.back();
  error.message = last.message;
  error.worker = static_cast<int>(last.worker.value);
  error.attempts = static_cast<std::uint32_t>(report.attempts.size());
  for (const sched::FailedAttempt& attempt : std::span(report.attempts).first(report.attempts.size() - 1))
    error.earlier += (error.earlier.empty() ? "worker " : ", worker ") + std::to_string(attempt.worker.value) +
                     (attempt.message == last.message ? "" : ": " + attempt.message);
  if (const auto kind = failure_kinds_.find(*report.task); kind != failure_kinds_.end()) {
    error.code = kind->second.code;
    error.detail = kind->second.detail;
  }
  return error;
}

std::size_t CallRun::memory_bytes() const {
  std::size_t bytes = graph_->memory_bytes() + scheduler_.memory_bytes() + definitions_.capacity() * sizeof(Definition) +
                      completions_.capacity() * sizeof(CallId);
  for (const Definition& definition : definitions_) bytes += definition.argument_bytes;
  if (progress_) bytes += progress_->memory_bytes();
  return bytes;
}

std::vector<std::pair<std::string, std::uint32_t>> parse_resources(const std::string& text) {
  std::vector<std::pair<std::string, std::uint32_t>> resources;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string word = text.substr(begin, end - begin);
    const std::size_t equals = word.find('=');
    std::uint32_t amount = 0;
    bool good = equals != 0 && equals != std::string::npos;
    if (good) {
      const char* last = word.data() + word.size();
      const auto [stop, error] = std::from_chars(word.data() + equals + 1, last, amount);
      good = error == std::errc() && stop == last;
    }
    if (!good) throw UsageError("'" + word + "' is no resource with its amount, such as gpu=1");
    resources.emplace_back(word.substr(0, equals), amount);
    begin = end + 1;
  }
  return resources;
}

std::string format_resources(const std::vector<std::pair<std::string, std::uint32_t>>& resources) {
  std::string text;
  for (const auto& [name, amount] : resources) text += (text.empty() ? "" : ",") + name + "=" + std::to_string(amount);
  return text;
}

std::uint64_t digest_of(const TaskLibrary& library) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;  // FNV-1a
  const auto mix = [&](unsigned char byte) { hash = (hash ^ byte) * 0x100000001b3ULL; };
  for (std::uint32_t i = 0; i < library.function_count(); ++i) {
    for (const char letter : library.name_of(i)) mix(static_cast<unsigned char>(letter));
    mix(0);
  }
  return hash;
}

}  // namespace rankine::runtime
