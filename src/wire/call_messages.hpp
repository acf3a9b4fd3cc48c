#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/byte_stream.hpp"
#include "base/ids.hpp"
#include "wire/assignments.hpp"

namespace rankine::wire {

// Messages of a run of calls (custom graphs). Blocks, reports and releases are those of every run.

/// 0->, calls may come from now on. Answered by PlanReady, with an error where other functions are known.
struct BeginCalls {
  std::uint64_t library_digest = 0;  ///< of the functions' names
  bool operator==(const BeginCalls&) const = default;
};

/// What a call is, apart from where its inputs are.
struct CallDefinition {
  std::uint32_t function = 0;
  std::uint32_t argument_bytes = 0;
  std::int32_t priority = 0;     ///< what it submits itself goes before it
  std::uint32_t push_result = 0; ///< 1: rank 0 will ask for the result; a small one is sent at once
  bool operator==(const CallDefinition&) const = default;
};
/// 0->, calls to queue. One definition a task, arguments one after the other.
struct CallBatch {
  AssignBatch assignments;
  std::vector<CallDefinition> definitions;
  std::vector<std::byte> arguments;
  void clear() { assignments.clear(); definitions.clear(); arguments.clear(); }
  bool operator==(const CallBatch&) const = default;
};

/// <->, for results that are to be read, not to be computed with. for_call: a call that runs asks, not rank 0's program.
struct ResultRequest {
  bool for_call = false;
  std::vector<TaskId> tasks;
  bool operator==(const ResultRequest&) const = default;
};
struct ResultEntry {
  TaskId task;
  std::uint32_t found = 0;
  std::uint64_t bytes = 0;
  bool operator==(const ResultEntry&) const = default;
};
/// <->, asked for or pushed. decode() gives a view into the frame.
struct ResultBatch {
  bool for_call = false;
  std::vector<ResultEntry> results;
  std::span<const std::byte> bytes;  ///< of those found, one after the other
};

struct SubmittedCall {
  std::uint32_t function = 0;
  std::uint32_t argument_bytes = 0;
  std::uint32_t input_count = 0;
  std::int32_t priority = 0;
  std::uint32_t max_attempts = 1;
  std::uint32_t label_bytes = 0;
  std::uint32_t resource_bytes = 0;  ///< "gpu=1,disk=2"
  std::uint32_t wanted = 1;
  std::uint64_t expected_bytes = 0;
  bool operator==(const SubmittedCall&) const = default;
};
/// ->0, calls that a call submits. The sender numbers its calls itself, dense from 0; inputs are such numbers.
struct SubmitCalls {
  std::uint32_t first = 0;
  std::vector<SubmittedCall> calls;
  std::vector<std::uint32_t> inputs;
  std::vector<std::byte> arguments;
  std::string texts;  ///< label and resources of each, one after the other
  bool operator==(const SubmitCalls&) const = default;
};
/// ->0, by the sender's numbers: not asked for any more, or cancelled.
struct ReleaseCalls {
  bool cancel = false;
  std::vector<std::uint32_t> calls;
  bool operator==(const ReleaseCalls&) const = default;
};

/// Of a call that a call has submitted: held by `holder`, or erred.
struct CallOutcome {
  std::uint32_t call = 0;  ///< by the submitter's numbers
  TaskId task;
  WorkerId holder;
  std::uint32_t erred = 0;
  bool operator==(const CallOutcome&) const = default;
};
struct CallFailure {
  std::string call;
  std::string message;
  bool is_own = true;
  bool cancelled = false;
  std::uint32_t worker = 0;
  std::uint32_t attempts = 0;
  std::uint32_t exit_code = 1;
  std::string detail = {};
  bool operator==(const CallFailure&) const = default;
};
/// 0->, to the rank that submitted them. One failure for each that is erred.
struct CallOutcomes {
  std::vector<CallOutcome> outcomes;
  std::vector<CallFailure> failures;
  bool operator==(const CallOutcomes&) const = default;
};

/// ->0, the call waits for others (or goes on): its place may be taken.
struct TaskBlocked {
  TaskId task;
  std::uint32_t attempt = 0;
  bool blocked = true;
  bool operator==(const TaskBlocked&) const = default;
};

void put(ByteWriter& writer, const AssignBatch& batch);
void get(ByteReader& reader, AssignBatch& batch);
void put(ByteWriter& writer, const BeginCalls& message);
void get(ByteReader& reader, BeginCalls& message);
void put(ByteWriter& writer, const CallBatch& message);
void get(ByteReader& reader, CallBatch& message);
void put(ByteWriter& writer, const ResultRequest& message);
void get(ByteReader& reader, ResultRequest& message);
void put(ByteWriter& writer, const ResultBatch& message);
void get(ByteReader& reader, ResultBatch& message);
void put(ByteWriter& writer, const SubmitCalls& message);
void get(ByteReader& reader, SubmitCalls& message);
void put(ByteWriter& writer, const ReleaseCalls& message);
void get(ByteReader& reader, ReleaseCalls& message);
void put(ByteWriter& writer, const CallOutcomes& message);
void get(ByteReader& reader, CallOutcomes& message);
void put(ByteWriter& writer, const TaskBlocked& message);
void get(ByteReader& reader, TaskBlocked& message);

}  // namespace rankine::wire
