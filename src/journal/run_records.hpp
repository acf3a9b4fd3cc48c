#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/byte_stream.hpp"
#include "base/ids.hpp"
#include "journal/record.hpp"

namespace rankine::journal {

/// First record of a job and of each that resumed it.
struct JobRecord {
  std::string program_version;
  std::string working_directory;
  std::string script;                  ///< its path
  std::string script_text;             ///< a changed script is refused with the line that changed
  std::vector<std::string> arguments;  ///< sys.argv without the script
  /// Where the run directory lay when the job began, and which it was: a directory that is moved keeps its number, a copy of it
  /// has another one. (Numbers of devices differ between hosts and mounts.)
  std::string place;
  std::uint64_t inode = 0;
  bool operator==(const JobRecord&) const = default;
};

/// What an input was when the plan was made.
struct InputFingerprint {
  std::string path;
  std::uint64_t size = 0;
  std::int64_t mtime_ns = 0;
  bool operator==(const InputFingerprint&) const = default;
};

/// A plan has begun, the `number`-th of the job.
struct RunRecord {
  std::uint32_t number = 0;
  std::uint64_t plan_bytes = 0;        ///< the plan's length, crc32c and crc32: the same plan or another
  std::uint32_t plan_crc32c = 0;
  std::uint32_t plan_crc32 = 0;
  std::vector<InputFingerprint> inputs;
  std::vector<std::byte> targets;      ///< store::OutputTarget each, encoded: where unfinished outputs lie
  bool operator==(const RunRecord&) const = default;
};

/// Bytes that lie in a file of the run directory or in an unfinished output.
struct Segment {
  std::uint32_t file = 0;              ///< number in CheckpointRecord::files
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  bool operator==(const Segment&) const = default;
};

/// A task's output that can be had without running it.
struct SavedBlock {
  TaskId task;
  std::vector<std::byte> head;         ///< runtime::encode_head
  std::vector<Segment> segments;       ///< the payload, in order
  std::uint32_t crc32c = 0;            ///< of the payload
  bool operator==(const SavedBlock&) const = default;
};

/// What is safe since the last checkpoint. Everything it names is on disk.
struct CheckpointRecord {
  std::uint32_t run = 0;
  std::vector<std::string> files;
  std::vector<TaskId> done;            ///< sink tasks whose part of an output is written
  std::vector<SavedBlock> saved;
  bool operator==(const CheckpointRecord&) const = default;
};

/// Takes the blocks out of which anything lies in that file; those are returned.
std::vector<SavedBlock> drop_file(CheckpointRecord& checkpoint, const std::string& path);

/// What was said to lie in a file does not lie there any more.
struct VoidFileRecord {
  std::string path;
  bool operator==(const VoidFileRecord&) const = default;
};

/// A plan has ended: its outputs are committed and this is what its values were.
struct RunDoneRecord {
  std::uint32_t number = 0;
  std::vector<std::vector<std::byte>> values;   ///< each an encoded block with one array
  bool operator==(const RunDoneRecord&) const = default;
};

/// A worker died while it ran the task: what kills worker after worker is not tried for ever, job after job.
struct KillRecord {
  std::uint32_t run = 0;
  TaskId task;
  std::uint32_t rank = 0;
  std::string how;
  bool operator==(const KillRecord&) const = default;
};

/// What a call of a custom graph is, whatever the job and its order: a hash of function, arguments and the keys of the calls
/// that made its inputs, and the how many-th of equal ones it is.
struct CallKey {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  std::uint64_t occurrence = 0;
  bool operator==(const CallKey&) const = default;
};
struct CallKeyHash {
  std::size_t operator()(const CallKey& key) const { return key.high ^ key.occurrence * 0x9e3779b97f4a7c15ULL; }
};

/// A call's result that can be had without running it.
struct SavedCall {
  CallKey key;
  Segment segment;
  std::uint32_t crc32c = 0;
  bool operator==(const SavedCall&) const = default;
};

/// Calls that have finished since the last checkpoint, and where results of some of them lie. Everything it names is on disk.
struct CallsRecord {
  std::uint64_t program = 0;           ///< the checksum of a program's file; 0: it is a script
  std::vector<std::string> files;
  std::vector<SavedCall> saved;
  std::vector<CallKey> done;           ///< need not run again unless somebody asks for their results
  bool operator==(const CallsRecord&) const = default;
};

/// Outputs that are about to be made: whoever is killed before the plan has begun leaves nothing that nobody knows of.
struct BegunOutputsRecord {
  std::vector<std::byte> targets;      ///< as RunRecord's, without their contents
  bool operator==(const BegunOutputsRecord&) const = default;
};

using AnyRecord = std::variant<JobRecord, RunRecord, CheckpointRecord, RunDoneRecord, VoidFileRecord, KillRecord, CallsRecord,
                               BegunOutputsRecord>;

Record encode(const AnyRecord& record);
/// Throws DecodeError for an unknown kind or a payload that does not fit it.
AnyRecord decode(const Record& record);

/// A checkpoint's part on its own, as workers send it.
std::vector<std::byte> payload_of(const CheckpointRecord& checkpoint);
/// Throws DecodeError.
CheckpointRecord checkpoint_from(std::span<const std::byte> payload);

void write_to(ByteWriter& writer, const SavedBlock& block);
SavedBlock read_saved_block(ByteReader& reader);

}  // namespace rankine::journal
