#include "journal/run_records.hpp"

#include <algorithm>

namespace rankine::journal {
namespace {

void put_words(ByteWriter& writer, const std::vector<std::string>& words) {
  writer.put_count(words.size());
  for (const auto& word : words) writer.put_string(word);
}

std::vector<std::string> get_words(ByteReader& reader) {
  std::vector<std::string> words(reader.get_count(8));
  for (auto& word : words) word = reader.get_string();
  return words;
}

void put(ByteWriter& writer, const JobRecord& job) {
  writer.put_string(job.program_version);
  writer.put_string(job.working_directory);
  writer.put_string(job.script);
  writer.put_string(job.script_text);
  put_words(writer, job.arguments);
  writer.put_string(job.place);
  writer.put(job.inode);
}

JobRecord get_job(ByteReader& reader) {
  JobRecord job;
  job.program_version = reader.get_string();
  job.working_directory = reader.get_string();
  job.script = reader.get_string();
  job.script_text = reader.get_string();
  job.arguments = get_words(reader);
  job.place = reader.get_string();
  job.inode = reader.get<std::uint64_t>();
  return job;
}

void put(ByteWriter& writer, const RunRecord& run) {
  writer.put(run.number);
  writer.put(run.plan_bytes);
  writer.put(run.plan_crc32c);
  writer.put(run.plan_crc32);
  writer.put_count(run.inputs.size());
  for (const auto& input : run.inputs) {
    writer.put_string(input.path);
    writer.put(input.size);
    writer.put(input.mtime_ns);
  }
  writer.put_vector(run.targets);
}

RunRecord get_run(ByteReader& reader) {
  RunRecord run;
  run.number = reader.get<std::uint32_t>();
  run.plan_bytes = reader.get<std::uint64_t>();
  run.plan_crc32c = reader.get<std::uint32_t>();
  run.plan_crc32 = reader.get<std::uint32_t>();
  run.inputs.resize(reader.get_count(24));
  for (auto& input : run.inputs) {
    input.path = reader.get_string();
    input.size = reader.get<std::uint64_t>();
    input.mtime_ns = reader.get<std::int64_t>();
  }
  run.targets = reader.get_vector<std::byte>();
  return run;
}

void put(ByteWriter& writer, const CheckpointRecord& checkpoint) {
  writer.put(checkpoint.run);
  put_words(writer, checkpoint.files);
  writer.put_vector(checkpoint.done);
  writer.put_count(checkpoint.saved.size());
  for (const auto& block : checkpoint.saved) write_to(writer, block);
}

CheckpointRecord get_checkpoint(ByteReader& reader) {
  CheckpointRecord checkpoint;
  checkpoint.run = reader.get<std::uint32_t>();
  checkpoint.files = get_words(reader);
  checkpoint.done = reader.get_vector<TaskId>();
  checkpoint.saved.resize(reader.get_count(24));
  for (auto& block : checkpoint.saved) {
    block = read_saved_block(reader);
    for (const Segment& segment : block.segments)
      if (segment.file >= checkpoint.files.size()) throw DecodeError("malformed record: a segment lies in no file");
  }
  return checkpoint;
}

void put(ByteWriter& writer, const RunDoneRecord& done) {
  writer.put(done.number);
  writer.put_count(done.values.size());
  for (const auto& value : done.values) writer.put_vector(value);
}

RunDoneRecord get_run_done(ByteReader& reader) {
  RunDoneRecord done;
  done.number = reader.get<std::uint32_t>();
  done.values.resize(reader.get_count(8));
  for (auto& value : done.values) value = reader.get_vector<std::byte>();
  return done;
}

void put(ByteWriter& writer, const VoidFileRecord& file) { writer.put_string(file.path); }

void put(ByteWriter& writer, const BegunOutputsRecord& begun) { writer.put_vector(begun.targets); }

void put(ByteWriter& writer, const KillRecord& kill) {
  writer.put(kill.run);
  writer.put(kill.task);
  writer.put(kill.rank);
  writer.put_string(kill.how);
}

void put(ByteWriter& writer, const CallsRecord& calls) {
  writer.put(calls.program);
  put_words(writer, calls.files);
  writer.put_count(calls.saved.size());
  for (const auto& call : calls.saved) {
    writer.put(call.key);
    writer.put(call.segment.file);
    writer.put(call.segment.offset);
    writer.put(call.segment.bytes);
    writer.put(call.crc32c);
  }
  writer.put_vector(calls.done);
}

CallsRecord get_calls(ByteReader& reader) {
  CallsRecord calls;
  calls.program = reader.get<std::uint64_t>();
  calls.files = get_words(reader);
  calls.saved.resize(reader.get_count(48));
  for (auto& call : calls.saved) {
    call.key = reader.get<CallKey>();
    call.segment.file = reader.get<std::uint32_t>();
    if (call.segment.file >= calls.files.size()) throw DecodeError("malformed record: a result lies in no file");
    call.segment.offset = reader.get<std::uint64_t>();
    call.segment.bytes = reader.get<std::uint64_t>();
    call.crc32c = reader.get<std::uint32_t>();
  }
  calls.done = reader.get_vector<CallKey>();
  return calls;
}

KillRecord get_kill(ByteReader& reader) {
  KillRecord kill;
  kill.run = reader.get<std::uint32_t>();
  kill.task = reader.get<TaskId>();
  kill.rank = reader.get<std::uint32_t>();
  kill.how = reader.get_string();
  return kill;
}

}  // namespace

std::vector<SavedBlock> drop_file(CheckpointRecord& checkpoint, const std::string& path) {
  std::vector<SavedBlock> dropped, kept;
  for (SavedBlock& block : checkpoint.saved) {
    const bool lies_there = std::any_of(block.segments.begin(), block.segments.end(),
                                        [&](const Segment& segment) { return checkpoint.files.at(segment.file) == path; });
    (lies_there ? dropped : kept).push_back(std::move(block));
  }
  checkpoint.saved = std::move(kept);
  return dropped;
}

void write_to(ByteWriter& writer, const SavedBlock& block) {
  writer.put(block.task);
  writer.put_vector(block.head);
  writer.put_count(block.segments.size());
  for (const Segment& segment : block.segments) {
    writer.put(segment.file);
    writer.put(segment.offset);
    writer.put(segment.bytes);
  }
  writer.put(block.crc32c);
}

SavedBlock read_saved_block(ByteReader& reader) {
  SavedBlock block;
  block.task = reader.get<TaskId>();
  block.head = reader.get_vector<std::byte>();
  block.segments.resize(reader.get_count(20));
  for (Segment& segment : block.segments) {
    segment.file = reader.get<std::uint32_t>();
    segment.offset = reader.get<std::uint64_t>();
    segment.bytes = reader.get<std::uint64_t>();
  }
  block.crc32c = reader.get<std::uint32_t>();
  return block;
}

std::vector<std::byte> payload_of(const CheckpointRecord& checkpoint) {
  ByteWriter writer;
  writer.reserve(256);
  put(writer, checkpoint);
  return writer.take();
}

CheckpointRecord checkpoint_from(std::span<const std::byte> payload) {
  ByteReader reader(payload);
  CheckpointRecord checkpoint = get_checkpoint(reader);
  if (reader.remaining() != 0) throw DecodeError("malformed record: bytes are left over");
  return checkpoint;
}

Record encode(const AnyRecord& record) {
  ByteWriter writer;
  writer.reserve(256);  // also spares g++ 12 a false warning
  std::visit([&](const auto& fields) { put(writer, fields); }, record);
  return {static_cast<std::uint32_t>(record.index()), writer.take()};
}

AnyRecord decode(const Record& record) {
  ByteReader reader(record.payload);
  AnyRecord fields;
  switch (record.kind) {
    case 0: fields = get_job(reader); break;
    case 1: fields = get_run(reader); break;
    case 2: fields = get_checkpoint(reader); break;
    case 3: fields = get_run_done(reader); break;
    case 4: fields = VoidFileRecord{reader.get_string()}; break;
    case 5: fields = get_kill(reader); break;
    case 6: fields = get_calls(reader); break;
    case 7: fields = BegunOutputsRecord{reader.get_vector<std::byte>()}; break;
    default: throw DecodeError("malformed record: unknown kind " + std::to_string(record.kind));
  }
  if (reader.remaining() != 0) throw DecodeError("malformed record: bytes are left over");
  return fields;
}

}  // namespace rankine::journal
