#include "api/tasks.hpp"

#include <algorithm>
#include <deque>

#include "rankine/delayed.hpp"
#include "rankine/task.hpp"

namespace rankine {
namespace {

std::deque<detail::TaskEntry>& registry() {
  static std::deque<detail::TaskEntry> entries;  // addresses stay
  return entries;
}

TaskError task_error(const runtime::CallError& error) {
  TaskError thrown(error.code, error.text());
  thrown.task = error.call;
  thrown.message = error.message;
  thrown.is_own = error.is_own;
  thrown.cancelled = error.cancelled;
  thrown.worker = error.worker;
  thrown.attempts = error.attempts;
  return thrown;
}

std::vector<runtime::CallId> call_ids(std::span<const std::uint32_t> ids) {
  std::vector<runtime::CallId> calls;
  calls.reserve(ids.size());
  for (const std::uint32_t id : ids) calls.push_back({id});
  return calls;
}

/// What a task on this thread has of its own: made when it first asks.
class TaskScope {
 public:
  explicit TaskScope(runtime::CallContext& context);
  ~TaskScope();
  TaskScope(const TaskScope&) = delete;
  TaskScope& operator=(const TaskScope&) = delete;
  TaskClient& client() {
    if (!port_) {
      port_ = std::make_shared<api::CallsPort>([this]() -> runtime::Calls& { return context_.calls(); });
      client_.emplace(port_);
    }
    return *client_;
  }

 private:
  runtime::CallContext& context_;
  std::shared_ptr<api::CallsPort> port_;
  std::optional<TaskClient> client_;
};
thread_local TaskScope* scope_of_this_task = nullptr;

TaskScope::TaskScope(runtime::CallContext& context) : context_(context) { scope_of_this_task = this; }
TaskScope::~TaskScope() {
  scope_of_this_task = nullptr;
  if (port_) port_->close();
}

class RegisteredTasks final : public runtime::TaskLibrary {
 public:
  RegisteredTasks() {
    for (auto& entry : registry()) entries_.push_back(&entry);
    std::sort(entries_.begin(), entries_.end(), [](const auto* a, const auto* b) { return a->name < b->name; });
    for (std::uint32_t i = 0; i < entries_.size(); ++i) {
      entries_[i]->number = i;
      if (i > 0 && entries_[i]->name == entries_[i - 1]->name)
        throw UsageError("two task functions are called '" + entries_[i]->name + "': ranks tell them by name, so give them names of their own");
    }
  }
  std::uint32_t function_count() const override { return static_cast<std::uint32_t>(entries_.size()); }
  std::string name_of(std::uint32_t function) const override { return entries_[function]->name; }
  std::string describe(std::uint32_t function, std::span<const std::byte> arguments) const override {
    return entries_[function]->describe(entries_[function]->name, arguments);
  }
  std::vector<std::byte> call(std::uint32_t function, std::span<const std::byte> arguments,
                              std::span<const std::span<const std::byte>> inputs, runtime::CallContext& context) const override {
    const TaskScope scope(context);
    return entries_[function]->run(arguments, inputs);
  }

 private:
  std::vector<detail::TaskEntry*> entries_;
};

}  // namespace

TaskClient& task_client() {
  if (scope_of_this_task == nullptr) throw UsageError("task_client() is for tasks; the program itself has its Client");
  return scope_of_this_task->client();
}

namespace detail {

TaskEntry& add_task(const char* generic_name, decltype(TaskEntry::run) run, decltype(TaskEntry::describe) describe) {
  TaskEntry& entry = registry().emplace_back();
  // "constexpr const char* rankine::detail::generic_name() [with auto F = simulate]": what stands behind the sign.
  std::string name = generic_name;
  if (const auto sign = name.rfind(" = "); sign != std::string::npos && name.ends_with("]")) name = name.substr(sign + 3, name.size() - sign - 4);
  entry.name = std::move(name);
  entry.run = run;
  entry.describe = describe;
  return entry;
}

bool name_task(TaskEntry& entry, const char* name) {
  if (!std::exchange(entry.is_named, true)) entry.name = name;
  return true;
}

std::vector<Submission> submissions_of(std::span<const LazyNode* const> targets, std::uint32_t first, const Port& port) {
  static std::uint64_t last_walk = 0;
  const std::uint64_t walk = ++last_walk;
  constexpr std::uint32_t open = UINT32_MAX;
  std::vector<Submission> all;
  struct Step {
    const LazyNode* node;
    std::size_t next_need;
  };
  std::vector<Step> stack;
  for (const LazyNode* target : targets) {
    if (target->walk != walk) stack.push_back({target, 0});
    while (!stack.empty()) {
      Step& step = stack.back();
      const LazyNode& node = *step.node;
      if (step.next_need == 0) {
        if (node.walk == walk) {  // reached on another way meanwhile
          stack.pop_back();
          continue;
        }
        node.id = open;
        if (node.submitted) {
          if (&node.submitted->port() != &port) throw UsageError("a Future of another client, or of another task, is an argument of a delayed call");
          node.id = node.submitted->id();
          node.walk = walk;
          stack.pop_back();
          continue;
        }
      }
      if (step.next_need < node.needs.size()) {
        const LazyNode* need = node.needs[step.next_need++].get();
        if (need->walk != walk) stack.push_back({need, 0});
        continue;
      }
      Submission submission = node.call;
      submission.wanted = false;
      for (const auto& need : node.needs) submission.inputs.push_back(need->id);
      node.walk = walk;
      node.id = first + static_cast<std::uint32_t>(all.size());
      all.push_back(std::move(submission));
      stack.pop_back();
    }
  }
  for (const LazyNode* target : targets) all[target->id - first].wanted = true;
  return all;
}

}  // namespace detail

namespace api {

const runtime::TaskLibrary& task_library() {
  static const RegisteredTasks library;
  return library;
}

runtime::Calls& CallsPort::calls() {
  if (calls_ == nullptr) {
    if (!begin_) throw UsageError("a Future is asked for something when its job, or its task, is over");
    calls_ = &begin_();
  }
  return *calls_;
}

std::uint32_t CallsPort::submit(std::vector<detail::Submission> submissions) {
  std::vector<runtime::CallSpec> specs(submissions.size());
  for (std::size_t i = 0; i < submissions.size(); ++i) {
    detail::Submission& from = submissions[i];
    runtime::CallSpec& to = specs[i];
    to.function = from.task == nullptr ? runtime::value_function : from.task->number;
    to.arguments = std::move(from.arguments);
    to.inputs = call_ids(from.inputs);
    to.priority = from.options.priority;
    to.max_attempts = from.options.retries + 1;
    for (const auto& [name, amount] : from.options.resources) to.resources.emplace_back(name, amount);
    to.label = std::move(from.options.name);
    to.expected_bytes = {from.expected_bytes};
    to.wanted = from.wanted;
  }
  return calls().submit(std::move(specs)).value;
}

void CallsPort::wait(std::span<const std::uint32_t> ids) { calls().wait(call_ids(ids)); }

std::vector<detail::BytesPtr> CallsPort::results(std::span<const std::uint32_t> ids) {
  try {
    return calls().results(call_ids(ids));
  } catch (const runtime::CallFailed& failed) {
    throw task_error(failed.error);
  }
}

std::optional<TaskError> CallsPort::error(std::uint32_t id) {
  if (calls().state({id}) != runtime::CallState::erred) return std::nullopt;
  return task_error(calls().error({id}));
}

void CallsPort::release(std::uint32_t id) noexcept {
  if (calls_ == nullptr) return;
  try {
    calls_->release({id});
  } catch (const std::exception&) {
    // The job is about to end with an error: nobody needs the memory.
  }
}

}  // namespace api
}  // namespace rankine
