#include "wire/messages.hpp"

#include <type_traits>
#include <utility>

#include "base/check.hpp"

namespace rankine::wire {
namespace {

constexpr std::uint32_t frame_magic = 0x454b4e52;  // "RNKE"
/// Block payloads begin at a multiple of this in their frame, so that elements can be used in place.
constexpr std::size_t payload_alignment = 16;

struct FrameHeader {
  std::uint32_t magic = frame_magic;
  std::uint16_t version = protocol_version;
  std::uint16_t kind = 0;
  RunId run;
  std::uint32_t reserved = 0;
};

// Lists travel as they lie in memory: no padding, so that no stray byte does.
static_assert(std::has_unique_object_representations_v<FrameHeader> && sizeof(FrameHeader) == 16);
static_assert(std::has_unique_object_representations_v<FinishedTask> && sizeof(FinishedTask) == 24);
static_assert(std::has_unique_object_representations_v<Counters> && sizeof(Counters) == 96);

template <typename T, std::size_t I = 0>
constexpr std::uint16_t kind_of() {
  if constexpr (std::is_same_v<T, std::variant_alternative_t<I, Message>>) return I;
  else return kind_of<T, I + 1>();
}

void put_header(ByteWriter& writer, RunId run, std::uint16_t kind) { writer.put(FrameHeader{.kind = kind, .run = run}); }
void put_bool(ByteWriter& writer, bool value) { writer.put(static_cast<std::uint8_t>(value)); }
bool get_bool(ByteReader& reader) {
  const auto value = reader.get<std::uint8_t>();
  if (value > 1) throw DecodeError("malformed frame: a flag is neither 0 nor 1");
  return value == 1;
}

std::size_t padding_at(std::size_t position) { return (payload_alignment - position % payload_alignment) % payload_alignment; }

// One put and one get a message, next to each other.

void put(ByteWriter& w, const Hello& m) {
  w.put_string(m.node);
  w.put(m.threads);
  w.put(m.memory_limit);
  w.put(m.program_bytes);
  w.put_string(m.program_version);
  w.put_string(m.resources);
  w.put(m.scratch);
  w.put_string(m.scratch_note);
}
void get(ByteReader& r, Hello& m) {
  m.node = r.get_string();
  m.threads = r.get<std::uint32_t>();
  m.memory_limit = r.get<Bytes>();
  m.program_bytes = r.get<Bytes>();
  m.program_version = r.get_string();
  m.resources = r.get_string();
  m.scratch = r.get<Bytes>();
  m.scratch_note = r.get_string();
  if (m.threads == 0) throw DecodeError("malformed frame: a worker without threads");
}

void put(ByteWriter& w, const Plan& m) { w.put_vector(m.bytes); }
void get(ByteReader& r, Plan& m) { m.bytes = r.get_vector<std::byte>(); }

void put(ByteWriter& w, const PlanReady& m) { w.put(m.task_count); w.put_string(m.error); }
void get(ByteReader& r, PlanReady& m) { m.task_count = r.get<std::uint32_t>(); m.error = r.get_string(); }

void put(ByteWriter& w, const ReleaseBatch& m) { w.put_vector(m.tasks); }
void get(ByteReader& r, ReleaseBatch& m) { m.tasks = r.get_vector<TaskId>(); }

void put(ByteWriter& w, const Recall& m) { w.put(m.task); w.put(m.attempt); }
void get(ByteReader& r, Recall& m) { m.task = r.get<TaskId>(); m.attempt = r.get<std::uint32_t>(); }

void put(ByteWriter& w, const RecallAnswer& m) { w.put(m.task); w.put(m.attempt); put_bool(w, m.granted); }
void get(ByteReader& r, RecallAnswer& m) {
  m.task = r.get<TaskId>();
  m.attempt = r.get<std::uint32_t>();
  m.granted = get_bool(r);
}

void put(ByteWriter& w, const FinishedBatch& m) { w.put_vector(m.tasks); }
void get(ByteReader& r, FinishedBatch& m) { m.tasks = r.get_vector<FinishedTask>(); }

void put(ByteWriter& w, const TaskFailed& m) {
  w.put(m.task);
  w.put(m.attempt);
  put_bool(w, m.permanent);
  w.put(m.exit_code);
  w.put_string(m.message);
  w.put_string(m.detail);
}
void get(ByteReader& r, TaskFailed& m) {
  m.task = r.get<TaskId>();
  m.attempt = r.get<std::uint32_t>();
  m.permanent = get_bool(r);
  m.exit_code = r.get<std::uint32_t>();
  m.message = r.get_string();
  m.detail = r.get_string();
}

void put(ByteWriter& w, const InputMissing& m) { w.put(m.task); w.put(m.attempt); w.put(m.input); }
void get(ByteReader& r, InputMissing& m) {
  m.task = r.get<TaskId>();
  m.attempt = r.get<std::uint32_t>();
  m.input = r.get<TaskId>();
}

void put(ByteWriter& w, const BlockRequest& m) { w.put(m.task); }
void get(ByteReader& r, BlockRequest& m) { m.task = r.get<TaskId>(); }

void put_reply_head(ByteWriter& w, TaskId task, std::span<const std::byte> head, std::uint64_t payload_bytes) {
  w.put(task);
  w.put_vector(head);
  w.put(payload_bytes);
  const std::byte zeros[payload_alignment] = {};
  w.put_raw(zeros, padding_at(w.size()));
}
void put(ByteWriter& w, const BlockReply& m) {
  put_reply_head(w, m.task, m.head, m.payload.size());
  w.put_raw(m.payload.data(), m.payload.size());
}
void get(ByteReader& r, BlockReply& m) {
  const std::size_t end = sizeof(FrameHeader) + r.remaining();
  m.task = r.get<TaskId>();
  m.head = r.get_vector<std::byte>();
  m.payload_bytes = r.get<std::uint64_t>();
  r.get_bytes(padding_at(end - r.remaining()));
  if (m.payload_bytes != r.remaining()) throw DecodeError("malformed frame: a block has another size than it says");
  m.payload = r.get_bytes(r.remaining());
}

void put(ByteWriter& w, const BlockRefused& m) { w.put(m.task); }
void get(ByteReader& r, BlockRefused& m) { m.task = r.get<TaskId>(); }

void put(ByteWriter& w, const CloseOutputs& m) { put_bool(w, m.keep); w.put(m.sequence); }
void get(ByteReader& r, CloseOutputs& m) { m.keep = get_bool(r); m.sequence = r.get<std::uint32_t>(); }

void put(ByteWriter& w, const OutputsClosed& m) { w.put_string(m.error); w.put(m.exit_code); w.put(m.sequence); }
void get(ByteReader& r, OutputsClosed& m) { m.error = r.get_string(); m.exit_code = r.get<std::uint32_t>(); m.sequence = r.get<std::uint32_t>(); }

void put(ByteWriter& w, const Abort& m) { w.put(m.sequence); }
void get(ByteReader& r, Abort& m) { m.sequence = r.get<std::uint32_t>(); }

void put(ByteWriter& w, const Counters& m) { w.put(m); }
void get(ByteReader& r, Counters& m) { m = r.get<Counters>(); }

void put(ByteWriter& w, const Heartbeat& m) { w.put(m.sequence); w.put(m.held); }
void get(ByteReader& r, Heartbeat& m) { m.sequence = r.get<std::uint64_t>(); m.held = r.get<Bytes>(); }

void put(ByteWriter&, const Shutdown&) {}
void get(ByteReader&, Shutdown&) {}

void put(ByteWriter& w, const Note& m) { w.put(m.level); w.put_string(m.text); }
void get(ByteReader& r, Note& m) {
  m.level = r.get<std::uint8_t>();
  m.text = r.get_string();
  if (m.level > 3) throw DecodeError("malformed frame: a note of unknown level");
}

void put(ByteWriter& w, const PeerLost& m) { w.put(m.rank); }
void get(ByteReader& r, PeerLost& m) { m.rank = r.get<std::uint32_t>(); }
void put(ByteWriter& w, const EndNeighbour& m) { w.put(m.rank); }
void get(ByteReader& r, EndNeighbour& m) { m.rank = r.get<std::uint32_t>(); }

void put(ByteWriter&, const EndRun&) {}
void get(ByteReader&, EndRun&) {}

void put(ByteWriter& w, const SaveBlocks& m) {
  w.put(m.sequence);
  w.put_string(m.path);
  w.put_vector(m.tasks);
  put_bool(w, m.last);
}
void get(ByteReader& r, SaveBlocks& m) {
  m.sequence = r.get<std::uint32_t>();
  m.path = r.get_string();
  m.tasks = r.get_vector<TaskId>();
  m.last = get_bool(r);
}

void put(ByteWriter& w, const BlocksSaved& m) {
  w.put(m.sequence);
  w.put_vector(m.record);
  w.put_string(m.error);
}
void get(ByteReader& r, BlocksSaved& m) {
  m.sequence = r.get<std::uint32_t>();
  m.record = r.get_vector<std::byte>();
  m.error = r.get_string();
}

void put(ByteWriter& w, const OpenFiles& m) { w.put(m.opening); w.put(m.first); w.put_vector(m.bytes); }
void get(ByteReader& r, OpenFiles& m) {
  m.opening = r.get<std::uint32_t>();
  m.first = r.get<std::uint64_t>();
  m.bytes = r.get_vector<std::byte>();
}

void put(ByteWriter& w, const FilesOpened& m) { w.put(m.opening); w.put(m.first); w.put_vector(m.bytes); }
void get(ByteReader& r, FilesOpened& m) {
  m.opening = r.get<std::uint32_t>();
  m.first = r.get<std::uint64_t>();
  m.bytes = r.get_vector<std::byte>();
}

void put(ByteWriter& w, const BlocksLost& m) { put_bool(w, m.discarded); w.put_vector(m.tasks); }
void get(ByteReader& r, BlocksLost& m) { m.discarded = get_bool(r); m.tasks = r.get_vector<TaskId>(); }
void put(ByteWriter& w, const KeepCopy& m) { w.put(m.task); w.put(m.holder); w.put(m.bytes); }
void get(ByteReader& r, KeepCopy& m) { m.task = r.get<TaskId>(); m.holder = r.get<WorkerId>(); m.bytes = r.get<Bytes>(); }

void put(ByteWriter& w, const RoomWanted& m) {
  w.put(m.waiting);
  w.put(m.needed_bytes);
  w.put(m.free_bytes);
  w.put_string(m.path);
}
void get(ByteReader& r, RoomWanted& m) {
  m.waiting = r.get<std::uint32_t>();
  m.needed_bytes = r.get<std::uint64_t>();
  m.free_bytes = r.get<std::uint64_t>();
  m.path = r.get_string();
}

template <std::size_t... I>
Message get_message(ByteReader& reader, std::uint16_t kind, std::index_sequence<I...>) {
  Message message;
  const auto get_as = [&]<std::size_t K>() {
    if (K != kind) return false;
    get(reader, message.emplace<K>());
    return true;
  };
  if (!(get_as.template operator()<I>() || ...))
    throw DecodeError("malformed frame: message kind " + std::to_string(kind) + " is unknown");
  return message;
}

}  // namespace

void AssignBatch::add(const sched::Assign& assign, std::span<const sched::InputLocation> assign_inputs) {
  tasks.push_back({assign.task, assign.attempt, assign.priority, static_cast<std::uint32_t>(inputs.size()),
                   static_cast<std::uint32_t>(assign_inputs.size())});
  for (const auto& input : assign_inputs) inputs.push_back({input.task, input.holder, input.bytes});
}

std::vector<std::byte> encode(RunId run, const Message& message) {
  ByteWriter writer;
  put_header(writer, run, static_cast<std::uint16_t>(message.index()));
  std::visit([&](const auto& m) { put(writer, m); }, message);
  return writer.take();
}

namespace {
template <typename M>
std::vector<std::byte> encode_one(RunId run, const M& message, std::size_t size) {
  ByteWriter writer;
  writer.reserve(sizeof(FrameHeader) + size);
  put_header(writer, run, kind_of<M>());
  put(writer, message);
  return writer.take();
}
}  // namespace

std::vector<std::byte> encode_batch(RunId run, const AssignBatch& batch) {
  return encode_one(run, batch, 2 * sizeof(std::uint64_t) + batch.tasks.size() * sizeof(AssignedTask) +
                                    batch.inputs.size() * sizeof(worker::InputLocation));
}
std::vector<std::byte> encode_batch(RunId run, const ReleaseBatch& batch) {
  return encode_one(run, batch, sizeof(std::uint64_t) + batch.tasks.size() * sizeof(TaskId));
}
std::vector<std::byte> encode_batch(RunId run, const FinishedBatch& batch) {
  return encode_one(run, batch, sizeof(std::uint64_t) + batch.tasks.size() * sizeof(FinishedTask));
}

std::vector<std::byte> encode_block_reply_head(RunId run, TaskId task, std::span<const std::byte> head,
                                               std::uint64_t payload_bytes) {
  ByteWriter writer;
  put_header(writer, run, kind_of<BlockReply>());
  put_reply_head(writer, task, head, payload_bytes);
  return writer.take();
}

Decoded decode(std::span<const std::byte> frame) {
  ByteReader reader(frame);
  const auto header = reader.get<FrameHeader>();
  if (header.magic != frame_magic) throw DecodeError("malformed frame: it does not begin as one of ours");
  if (header.version != protocol_version)
    throw DecodeError("a frame of protocol version " + std::to_string(header.version) + " where this program speaks " +
                      std::to_string(protocol_version) + ": run the same program on every rank");
  if (header.reserved != 0) throw DecodeError("malformed frame: reserved bits are set");
  Decoded decoded{header.run, get_message(reader, header.kind, std::make_index_sequence<std::variant_size_v<Message>>())};
  if (reader.remaining() != 0) throw DecodeError("malformed frame: bytes are left over");
  return decoded;
}

}  // namespace rankine::wire
