#include "runtime/script_calls.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>

#include "array/evaluate.hpp"
#include "array/loader.hpp"
#include "base/byte_stream.hpp"
#include "base/detailed_error.hpp"
#include "base/error.hpp"
#include "base/memory_guard.hpp"
#include "runtime/pipeline_host.hpp"
#include "runtime/script_memory.hpp"
#include "runtime/script_kernels.hpp"
#include "runtime/task_calls.hpp"
#include "script/remote_call.hpp"

namespace rankine::runtime {

namespace {

CallId inner(script::CallId id) { return {static_cast<std::uint32_t>(id.value)}; }
script::CallId outer(CallId id) { return {id.value}; }

std::vector<CallId> inner(std::span<const script::CallId> ids) {
  std::vector<CallId> all;
  for (const script::CallId id : ids) all.push_back(inner(id));
  return all;
}

/// Of this process; set before its threads begin.
ScriptMemory::Limits task_memory{{}, {}, true};

/// What a function of a script may do on a worker: print, sleep, read files on this thread. It writes nothing.
class TaskThread {
 public:
  explicit TaskThread(std::span<const std::byte> program)
      : reporter_({}), host_(options_of(calls_), [this](const PlanRequest& request) { return execute(request); }, reporter_),
        calls_(program, host_), program_(program, host_) {
    // Coordinates of files that a function opens are read by this thread's host, never by that of rank 0's script.
    array::set_thread_loader([this](const array::ExprPtr& expression) { return host_.load_here(expression); });
  }
  TaskThread(const TaskThread&) = delete;
  TaskThread& operator=(const TaskThread&) = delete;
  script::RemoteProgram& program() { return program_; }
  ScriptMemory& memory() { return memory_; }
  TaskCalls& calls() { return calls_; }

 private:
  static PipelineHost::Options options_of(TaskCalls& calls) {
    PipelineHost::Options options;
    options.is_script = false;
    options.planned_calls = &calls;
    return options;
  }
  std::vector<NdArray> execute(const PlanRequest& request) {
    if (!request.outputs.empty())
      throw UnsupportedError("writing " + request.outputs[0].path + " inside a task is not supported: return the values and write them "
                             "in the script itself");
    std::vector<NdArray> values;
    for (const auto& sink : request.plan.sinks) values.push_back(host_.load_here(sink.values));
    return values;
  }

  report::Reporter reporter_;
  ScriptMemory memory_{task_memory};
  PipelineHost host_;
  TaskCalls calls_;
  script::RemoteProgram program_;
};

}  // namespace

void limit_script_tasks(Bytes limit, Bytes program) { task_memory = {limit, program, true}; }

namespace {

TaskThread& of_this_thread(std::span<const std::byte> program, std::uint64_t digest) {
  thread_local std::unique_ptr<TaskThread> mine;
  thread_local std::uint64_t of = 0;
  if (!mine || of != digest) {
    mine = std::make_unique<TaskThread>(program);
    of = digest;
  }
  return *mine;
}

/// While a task of the script is on this thread it asks for the memory that it takes.
class GuardedTask {
 public:
  explicit GuardedTask(ScriptMemory& memory) {
    memory.begin_task();
    before_ = set_memory_guard([&memory](Bytes wanted) { memory.ask(wanted); });
  }
  ~GuardedTask() { set_memory_guard(std::move(before_)); }
  GuardedTask(const GuardedTask&) = delete;
  GuardedTask& operator=(const GuardedTask&) = delete;
 private:
  MemoryGuard before_;
};

/// The library of this process, for the kernel of arrays from delayed calls.
const ScriptLibrary* current_library = nullptr;

}  // namespace

ScriptLibrary::~ScriptLibrary() {
  if (current_library == this) current_library = nullptr;
}

const ScriptLibrary* ScriptLibrary::current() { return current_library; }

NdArray ScriptLibrary::evaluate_block(std::span<const std::byte> call, const std::vector<script::BlockArgument>& blocks, DType dtype,
                                      const Shape& shape) const {
  TaskThread& thread = of_this_thread(program_, digest_);
  const GuardedTask guarded(thread.memory());
  return thread.program().evaluate_block(call, blocks, dtype, shape);
}

std::uint64_t ScriptLibrary::digest_of(std::span<const std::byte> program) {
  std::uint64_t digest = 0xcbf29ce484222325u;  // FNV-1a
  for (const std::byte byte : program) digest = (digest ^ static_cast<std::uint64_t>(byte)) * 0x100000001b3u;
  return digest;
}

ScriptLibrary::ScriptLibrary(std::string name, std::string text)
    : program_(script::write_program(script::SourceText(std::move(name), std::move(text)))), digest_(digest_of(program_)) {
  current_library = this;
  register_script_kernels();
}

std::string ScriptLibrary::name_of(std::uint32_t) const { return "function of the script"; }

std::vector<std::byte> ScriptLibrary::call(std::uint32_t, std::span<const std::byte> arguments,
                                           std::span<const std::span<const std::byte>> inputs, CallContext& context) const {
  ByteReader reader(arguments);
  if (reader.get<std::uint64_t>() != digest_)
    throw UsageError("this rank has read another text of the script than rank 0; the file must be the same for all ranks while the job runs");
  TaskThread& thread = of_this_thread(program_, digest_);
  const TaskCalls::Scope scope(thread.calls(), context);
  const GuardedTask guarded(thread.memory());
  return thread.program().run(arguments.subspan(sizeof(std::uint64_t)), {inputs.begin(), inputs.end()});
}

NdArray ScriptLibrary::evaluate_array(std::span<const std::byte> graph) const {
  TaskThread& thread = of_this_thread(program_, digest_);
  const GuardedTask guarded(thread.memory());
  return thread.program().evaluate_array(graph);
}

std::string ScriptLibrary::describe(std::uint32_t, std::span<const std::byte> arguments) const {
  try {
    ByteReader reader(arguments);
    reader.get<std::uint64_t>();
    return reader.get_string();
  } catch (const Error&) {
    return name_of(0);
  }
}

script::CallId ScriptCalls::submit(script::CallRequest request) {
  before_();
  ByteWriter arguments;
  arguments.reserve(sizeof digest_ + request.payload.size());
  arguments.put(digest_);
  arguments.put_raw(request.payload.data(), request.payload.size());
  CallSpec spec;
  spec.arguments = arguments.take();
  spec.inputs = inner(request.inputs);
  spec.priority = std::clamp(request.priority, -100, 100);
  spec.max_attempts = request.attempts;
  for (const auto& [name, amount] : request.resources) {
    if (!(amount >= 0 && amount <= 1e9) || amount != static_cast<double>(static_cast<std::uint32_t>(amount)))
      throw UsageError("the amount of resource '" + name + "' must be a whole number");
    spec.resources.emplace_back(name, static_cast<std::uint32_t>(amount));
  }
  std::vector<CallSpec> specs;
  specs.push_back(std::move(spec));
  return outer(calls_.submit(std::move(specs)));
}

script::CallId ScriptCalls::scatter(std::vector<std::byte> value) {
  CallSpec spec;
  spec.function = value_function;
  spec.expected_bytes = Bytes{value.size()};
  spec.arguments = std::move(value);
  spec.label = "scattered value";
  std::vector<CallSpec> specs;
  specs.push_back(std::move(spec));
  return outer(calls_.submit(std::move(specs)));
}

script::CallStatus ScriptCalls::status(script::CallId id) {
  calls_.poll();
  switch (calls_.state(inner(id))) {
    case CallState::pending: return script::CallStatus::pending;
    case CallState::finished: return script::CallStatus::finished;
    case CallState::erred: break;
  }
  return calls_.error(inner(id)).cancelled ? script::CallStatus::cancelled : script::CallStatus::failed;
}

bool ScriptCalls::wait(std::span<const script::CallId> ids, bool all, std::optional<double> timeout_s) {
  if (ids.empty()) return true;
  const std::vector<CallId> calls = inner(ids);
  const auto done = [&] {
    const auto is_done = [&](CallId id) { return calls_.state(id) != CallState::pending; };
    return all ? std::all_of(calls.begin(), calls.end(), is_done) : std::any_of(calls.begin(), calls.end(), is_done);
  };
  if (!timeout_s) {
    if (all) calls_.wait(calls);
    while (!done()) calls_.wait_for_completions(calls_.completion_count());
    return true;
  }
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(*timeout_s);
  for (;;) {
    calls_.poll();
    if (done()) return true;
    if (std::chrono::steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
}

std::vector<std::byte> ScriptCalls::fetch(script::CallId id) { return fetch_all({&id, 1})[0]; }

std::vector<std::vector<std::byte>> ScriptCalls::fetch_all(std::span<const script::CallId> ids) {
  std::vector<std::vector<std::byte>> values;
  try {
    for (const CallResult& result : calls_.results(inner(ids))) values.push_back(*result);
  } catch (const CallFailed& failed) {
    throw DetailedError(failed.code(), failed.what(), failed.error.detail);
  }
  return values;
}

void ScriptCalls::cancel(script::CallId id) { calls_.cancel(inner(id)); }

void ScriptCalls::release(script::CallId id) noexcept {
  try {
    calls_.release(inner(id));
  } catch (const std::exception&) {
    // A run that ends lets go of everything.
  }
}

}  // namespace rankine::runtime
