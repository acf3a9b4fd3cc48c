#include "wire/call_messages.hpp"

#include <type_traits>

namespace rankine::wire {
namespace {

// Lists travel as they lie in memory: no padding, so that no stray byte does.
static_assert(std::has_unique_object_representations_v<AssignedTask> && sizeof(AssignedTask) == 24);
static_assert(std::has_unique_object_representations_v<worker::InputLocation> && sizeof(worker::InputLocation) == 16);
static_assert(std::has_unique_object_representations_v<CallDefinition> && sizeof(CallDefinition) == 16);
static_assert(std::has_unique_object_representations_v<ResultEntry> && sizeof(ResultEntry) == 16);
static_assert(std::has_unique_object_representations_v<SubmittedCall> && sizeof(SubmittedCall) == 40);
static_assert(std::has_unique_object_representations_v<CallOutcome> && sizeof(CallOutcome) == 16);

void put_flag(ByteWriter& w, bool value) { w.put(static_cast<std::uint8_t>(value)); }
bool get_flag(ByteReader& r) {
  const auto value = r.get<std::uint8_t>();
  if (value > 1) throw DecodeError("malformed frame: a flag is neither 0 nor 1");
  return value == 1;
}

/// Sums of lengths from outside may not wrap.
void check_total(std::uint64_t total, std::uint64_t available, const char* what) {
  if (total != available) throw DecodeError(std::string("malformed frame: ") + what + " have other lengths than they say");
}

}  // namespace

void put(ByteWriter& w, const AssignBatch& m) { w.put_vector(m.tasks); w.put_vector(m.inputs); }
void get(ByteReader& r, AssignBatch& m) {
  m.tasks = r.get_vector<AssignedTask>();
  m.inputs = r.get_vector<worker::InputLocation>();
  for (const AssignedTask& task : m.tasks)
    if (task.input_begin > m.inputs.size() || task.input_count > m.inputs.size() - task.input_begin)
      throw DecodeError("malformed frame: inputs of a task lie beyond their list");
}

void put(ByteWriter& w, const BeginCalls& m) { w.put(m.library_digest); }
void get(ByteReader& r, BeginCalls& m) { m.library_digest = r.get<std::uint64_t>(); }

void put(ByteWriter& w, const CallBatch& m) {
  put(w, m.assignments);
  w.put_vector(m.definitions);
  w.put_vector(m.arguments);
}
void get(ByteReader& r, CallBatch& m) {
  get(r, m.assignments);
  m.definitions = r.get_vector<CallDefinition>();
  m.arguments = r.get_vector<std::byte>();
  if (m.definitions.size() != m.assignments.tasks.size())
    throw DecodeError("malformed frame: calls and their definitions differ in number");
  std::uint64_t total = 0;
  for (const CallDefinition& definition : m.definitions) total += definition.argument_bytes;
  check_total(total, m.arguments.size(), "arguments of calls");
}

void put(ByteWriter& w, const ResultRequest& m) { put_flag(w, m.for_call); w.put_vector(m.tasks); }
void get(ByteReader& r, ResultRequest& m) { m.for_call = get_flag(r); m.tasks = r.get_vector<TaskId>(); }

void put(ByteWriter& w, const ResultBatch& m) {
  put_flag(w, m.for_call);
  w.put_vector(m.results);
  w.put_raw(m.bytes.data(), m.bytes.size());
}
void get(ByteReader& r, ResultBatch& m) {
  m.for_call = get_flag(r);
  m.results = r.get_vector<ResultEntry>();
  std::uint64_t left = r.remaining();
  for (const ResultEntry& entry : m.results) {
    if (entry.found > 1 || (entry.found == 0 && entry.bytes != 0)) throw DecodeError("malformed frame: a result is neither there nor not");
    if (entry.bytes > left) throw DecodeError("malformed frame: a result is longer than the frame");
    left -= entry.bytes;
  }
  check_total(left, 0, "results");
  m.bytes = r.get_bytes(r.remaining());
}

void put(ByteWriter& w, const SubmitCalls& m) {
  w.put(m.first);
  w.put_vector(m.calls);
  w.put_vector(m.inputs);
  w.put_vector(m.arguments);
  w.put_string(m.texts);
}
void get(ByteReader& r, SubmitCalls& m) {
  m.first = r.get<std::uint32_t>();
  m.calls = r.get_vector<SubmittedCall>();
  m.inputs = r.get_vector<std::uint32_t>();
  m.arguments = r.get_vector<std::byte>();
  m.texts = r.get_string();
  std::uint64_t inputs = 0, arguments = 0, texts = 0;
  for (const SubmittedCall& call : m.calls) {
    inputs += call.input_count;
    arguments += call.argument_bytes;
    texts += std::uint64_t{call.label_bytes} + call.resource_bytes;
    if (call.wanted > 1) throw DecodeError("malformed frame: a flag is neither 0 nor 1");
  }
  check_total(inputs, m.inputs.size(), "inputs of calls");
  check_total(arguments, m.arguments.size(), "arguments of calls");
  check_total(texts, m.texts.size(), "labels of calls");
  if (m.calls.size() > UINT32_MAX - m.first) throw DecodeError("malformed frame: numbers of calls wrap");
}

void put(ByteWriter& w, const ReleaseCalls& m) { put_flag(w, m.cancel); w.put_vector(m.calls); }
void get(ByteReader& r, ReleaseCalls& m) { m.cancel = get_flag(r); m.calls = r.get_vector<std::uint32_t>(); }

void put(ByteWriter& w, const CallOutcomes& m) {
  w.put_vector(m.outcomes);
  w.put_count(m.failures.size());
  for (const CallFailure& f : m.failures) {
    w.put_string(f.call);
    w.put_string(f.message);
    put_flag(w, f.is_own);
    put_flag(w, f.cancelled);
    w.put(f.worker);
    w.put(f.attempts);
    w.put(f.exit_code);
    w.put_string(f.detail);
  }
}
void get(ByteReader& r, CallOutcomes& m) {
  m.outcomes = r.get_vector<CallOutcome>();
  m.failures.resize(r.get_count(2 * sizeof(std::uint64_t)));
  for (CallFailure& f : m.failures) {
    f.call = r.get_string();
    f.message = r.get_string();
    f.is_own = get_flag(r);
    f.cancelled = get_flag(r);
    f.worker = r.get<std::uint32_t>();
    f.attempts = r.get<std::uint32_t>();
    f.exit_code = r.get<std::uint32_t>();
    f.detail = r.get_string();
  }
  std::size_t erred = 0;
  for (const CallOutcome& outcome : m.outcomes) {
    if (outcome.erred > 1) throw DecodeError("malformed frame: a flag is neither 0 nor 1");
    erred += outcome.erred;
  }
  if (erred != m.failures.size()) throw DecodeError("malformed frame: erred calls and their failures differ in number");
}

void put(ByteWriter& w, const TaskBlocked& m) { w.put(m.task); w.put(m.attempt); put_flag(w, m.blocked); }
void get(ByteReader& r, TaskBlocked& m) {
  m.task = r.get<TaskId>();
  m.attempt = r.get<std::uint32_t>();
  m.blocked = get_flag(r);
}

}  // namespace rankine::wire
