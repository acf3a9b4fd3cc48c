#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/byte_stream.hpp"
#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "wire/assignments.hpp"
#include "wire/call_messages.hpp"

namespace rankine::wire {

/// One run of one plan. Late messages of an aborted run are told by it and dropped.
struct RunId {
  std::uint32_t value = 0;
  auto operator<=>(const RunId&) const = default;
};

/// Raised with every change of a message; ranks of one job must agree.
inline constexpr std::uint16_t protocol_version = 10;

// Messages. Each frame is a FrameHeader (magic, version, kind, run), then the fields in order.
// "->0" goes to rank 0, "0->" comes from it, "<->" goes between any two ranks.

/// ->0, first message of every worker.
struct Hello {
  std::string node;  ///< host name: equal names share memory
  std::uint32_t threads = 1;
  Bytes memory_limit;
  Bytes program_bytes;
  std::string program_version;
  std::string resources;  ///< "gpu=1,disk=2"
  Bytes scratch;             ///< what it may put on node-local scratch
  std::string scratch_note;  ///< where, or why nowhere
  bool operator==(const Hello&) const = default;
};
/// 0->, starts a run: the logical plan, which every rank lowers for itself.
struct Plan {
  std::vector<std::byte> bytes;
  bool operator==(const Plan&) const = default;
};
/// ->0, the plan is lowered; `task_count` must be the same everywhere. error: empty, or why it could not be.
struct PlanReady {
  std::uint32_t task_count = 0;
  std::string error;
  bool operator==(const PlanReady&) const = default;
};

/// 0->, blocks to drop.
struct ReleaseBatch {
  std::vector<TaskId> tasks;
  bool operator==(const ReleaseBatch&) const = default;
};
/// 0->
struct Recall {
  TaskId task;
  std::uint32_t attempt = 0;
  bool operator==(const Recall&) const = default;
};
/// ->0
struct RecallAnswer {
  TaskId task;
  std::uint32_t attempt = 0;
  bool granted = false;
  bool operator==(const RecallAnswer&) const = default;
};

struct FinishedTask {
  TaskId task;
  std::uint32_t attempt = 0;
  Bytes bytes;
  std::uint32_t duration_us = 0;
  std::uint32_t reserved = 0;
  bool operator==(const FinishedTask&) const = default;
};
/// ->0
struct FinishedBatch {
  std::vector<FinishedTask> tasks;
  void add(const worker::ReportFinished& report) {
    tasks.push_back({report.task, report.attempt, report.bytes, report.duration_us, 0});
  }
  bool operator==(const FinishedBatch&) const = default;
};
/// ->0
struct TaskFailed {
  TaskId task;
  std::uint32_t attempt = 0;
  bool permanent = false;
  std::uint32_t exit_code = 1;  ///< ExitCode of the error, for the status of the run
  std::string message;
  std::string detail = {};      ///< of a call, for the front end that submitted it
  bool operator==(const TaskFailed&) const = default;
};
/// ->0
struct InputMissing {
  TaskId task;
  std::uint32_t attempt = 0;
  TaskId input;
  bool operator==(const InputMissing&) const = default;
};

/// <->, also from rank 0 for wanted outputs.
struct BlockRequest {
  TaskId task;
  bool operator==(const BlockRequest&) const = default;
};
/// <->, the block: `head` says what lies in `payload` (the runtime's own encoding of dtype and shapes).
/// The payload is the tail of the frame, not copied: encode_block_reply_head() gives all before it, and
/// the sender adds the raw parts; decode() gives a view into the frame. payload_bytes must fit exactly.
struct BlockReply {
  TaskId task;
  std::vector<std::byte> head;
  std::uint64_t payload_bytes = 0;
  std::span<const std::byte> payload;
};
/// <->
struct BlockRefused {
  TaskId task;
  bool operator==(const BlockRefused&) const = default;
};

/// 0->, every task is done: close and commit what you have open. keep: false after a failure (discard).
struct CloseOutputs {
  bool keep = true;
  std::uint32_t sequence = 0;   ///< a run that goes on after a loss closes its outputs again
  bool operator==(const CloseOutputs&) const = default;
};
/// ->0, error: empty, or what could not be closed.
struct OutputsClosed {
  std::string error;
  std::uint32_t exit_code = 0;
  std::uint32_t sequence = 0;   ///< of the order, or of the Abort, that it answers
  bool operator==(const OutputsClosed&) const = default;
};
/// 0->, forget the run: drop blocks and queued tasks, discard outputs.
struct Abort {
  std::uint32_t sequence = 0;   ///< counts on from that of CloseOutputs
  bool operator==(const Abort&) const = default;
};
/// ->0, at the end of a run.
struct Counters {
  std::uint64_t tasks_run = 0;
  Bytes bytes_read;     ///< stored bytes
  Bytes bytes_decoded;
  Bytes bytes_written;  ///< stored bytes
  Bytes bytes_sent;     ///< blocks to other ranks
  Bytes bytes_received;
  std::uint64_t busy_ns = 0;         ///< summed over threads
  std::uint64_t decode_ns = 0;
  Bytes peak_held;      ///< blocks that tasks needed, and buffers of those that ran
  Bytes peak_rss;       ///< of the process
  Bytes bytes_spilled;  ///< blocks written to scratch
  Bytes bytes_unspilled;  ///< and read back
  bool operator==(const Counters&) const = default;
};
/// <->
struct Heartbeat {
  std::uint64_t sequence = 0;
  Bytes held;           ///< for the progress line
  bool operator==(const Heartbeat&) const = default;
};
/// 0->, the job is over: leave.
struct Shutdown {
  bool operator==(const Shutdown&) const = default;
};
/// ->0, a line for the user's log. level: 0 debug, 1 info, 2 warning, 3 error.
struct Note {
  std::uint8_t level = 1;
  std::string text;
  bool operator==(const Note&) const = default;
};

/// 0->, a rank is lost: what was asked of it will not come, and nothing it says counts any more.
struct PeerLost {
  std::uint32_t rank = 0;
  bool operator==(const PeerLost&) const = default;
};
/// 0->, the outputs are closed and nothing of the run is needed any more: forget it.
struct EndRun {
  bool operator==(const EndRun&) const = default;
};
/// 0->, files whose metadata and chunk indexes are wanted (the runtime's own encoding).
struct OpenFiles {
  std::uint32_t opening = 0;  ///< answers to an older one are dropped
  std::uint64_t first = 0;    ///< number of the first of them
  std::vector<std::byte> bytes;
  bool operator==(const OpenFiles&) const = default;
};
/// ->0, what was learned of them, or why not.
struct FilesOpened {
  std::uint32_t opening = 0;
  std::uint64_t first = 0;
  std::vector<std::byte> bytes;
  bool operator==(const FilesOpened&) const = default;
};

/// 0->, part of a checkpoint: what was written goes to disk, and these results into a file.
struct SaveBlocks {
  std::uint32_t sequence = 0;
  std::string path;
  std::vector<TaskId> tasks;
  bool last = false;   ///< the job ends then: nobody waits for room on a full disk any more
  bool operator==(const SaveBlocks&) const = default;
};
/// ->0, error: empty, or why not. record: what lies where (the journal's encoding).
struct BlocksSaved {
  std::uint32_t sequence = 0;
  std::vector<std::byte> record;
  std::string error;
  bool operator==(const BlocksSaved&) const = default;
};

/// ->0, outputs that this worker held and has no more: they could not be read back from scratch, or (discarded) there was
/// no room for them.
struct BlocksLost {
  bool discarded = false;
  std::vector<TaskId> tasks;
  bool operator==(const BlocksLost&) const = default;
};
/// ->0, whenever it changes: so many threads wait for room on a full disk.
struct RoomWanted {
  std::uint32_t waiting = 0;
  std::uint64_t needed_bytes = 0;  ///< by the last write that met it
  std::uint64_t free_bytes = 0;
  std::string path;
  bool operator==(const RoomWanted&) const = default;
};

/// 0->, a result that `holder` has is to be kept here too; holder is the receiver itself: its copy is the only one now.
struct KeepCopy {
  TaskId task;
  WorkerId holder;
  Bytes bytes;
  bool operator==(const KeepCopy&) const = default;
};

/// 0->, the supervisor of a rank does not hear: whoever is on its node ends the rank's process and lets the supervisor go on.
struct EndNeighbour {
  std::uint32_t rank = 0;
  bool operator==(const EndNeighbour&) const = default;
};

/// The order is the kind number on the wire: add at the end only, and raise protocol_version.
using Message = std::variant<Hello, Plan, PlanReady, AssignBatch, ReleaseBatch, Recall, RecallAnswer, FinishedBatch,
                             TaskFailed, InputMissing, BlockRequest, BlockReply, BlockRefused, CloseOutputs,
                             OutputsClosed, Abort, Counters, Heartbeat, Shutdown, Note, BeginCalls, CallBatch, ResultRequest, ResultBatch, SubmitCalls,
                             ReleaseCalls, CallOutcomes, TaskBlocked, PeerLost, EndRun, SaveBlocks, BlocksSaved, OpenFiles, FilesOpened,
                             BlocksLost, RoomWanted, KeepCopy, EndNeighbour>;

struct Decoded {
  RunId run;
  Message message;
};

/// The whole frame. A BlockReply's payload is copied behind its head.
std::vector<std::byte> encode(RunId run, const Message& message);
/// The same without a copy into a Message first, for what is sent all the time.
std::vector<std::byte> encode_batch(RunId run, const AssignBatch& batch);
std::vector<std::byte> encode_batch(RunId run, const ReleaseBatch& batch);
std::vector<std::byte> encode_batch(RunId run, const FinishedBatch& batch);

/// When reports that wait for company are sent: many, or long enough, or nothing else to do. A report that waits
/// delays what depends on it; one that does not costs rank 0 a message.
struct BatchBounds {
  std::uint32_t most_tasks = 256;
  std::uint32_t longest_wait_us = 100;
};

/// All of a BlockReply's frame before its payload; payload_bytes are to follow.
std::vector<std::byte> encode_block_reply_head(RunId run, TaskId task, std::span<const std::byte> head,
                                               std::uint64_t payload_bytes);
/// Throws DecodeError for anything malformed: wrong magic, another version, unknown kind, counts beyond
/// the frame, ranges outside their lists, bytes left over. Payload views live as long as `frame`.
Decoded decode(std::span<const std::byte> frame);

}  // namespace rankine::wire
