#pragma once
#include <functional>
#include <memory>
#include <span>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "journal/run_records.hpp"
#include "runtime/block.hpp"

namespace rankine::runtime {

/// Outputs of tasks that lie in files: in the run directory, or in an unfinished output of an earlier run. Every rank
/// gets the list with the plan, and any of them loads what it is told to.
class SavedBlocks {
 public:
  /// A later record of a task replaces an earlier one.
  void add(const journal::CheckpointRecord& checkpoint);
  /// Blocks of which anything lies in that file have gone.
  void drop_file(const std::string& path);
  bool contains(TaskId task) const { return blocks_.count(task) != 0; }
  std::size_t size() const { return blocks_.size(); }
  /// Ascending.
  std::vector<TaskId> tasks() const;
  const std::vector<std::string>& files() const { return files_; }
  /// Those that hold part of a block, each once.
  std::set<std::string> files_in_use() const;

  /// Throws InputError naming the file if it cannot be read or is not what was written.
  BlockPtr load(TaskId task) const;

  void write_to(ByteWriter& writer) const;
  static SavedBlocks read_from(ByteReader& reader);

 private:
  std::vector<std::string> files_;
  std::unordered_map<std::string, std::uint32_t> file_numbers_;
  std::unordered_map<TaskId, journal::SavedBlock> blocks_;   ///< their segments count in files_
};

/// What one task made, as it lies in a file. No bytes: it is there no more, and is left out.
struct SavedPayload {
  std::vector<std::byte> head;
  std::shared_ptr<const std::vector<std::byte>> bytes;
};
using PayloadSource = std::function<SavedPayload()>;

/// Writes the payloads into a new file (mode 0600), one after the other, and waits until they are on disk.
/// What is returned lies in file 0. Throws OutputError; nothing is left then.
std::vector<journal::SavedBlock> save_payloads(const std::string& path, std::span<const std::pair<TaskId, PayloadSource>> payloads);
/// The payload of a block whose segments count in `files`. Throws InputError naming the file if it cannot be read or is
/// not what was written.
std::vector<std::byte> load_payload(const std::vector<std::string>& files, const journal::SavedBlock& block);

/// Where a block comes from when its turn is there; null: it is there no more, and is left out.
using BlockSource = std::function<BlockPtr()>;

/// save_payloads of blocks.
std::vector<journal::SavedBlock> save_blocks(const std::string& path, std::span<const std::pair<TaskId, BlockSource>> blocks);

/// The crc32c of a block's payload.
std::uint32_t payload_checksum(const Block& block);

}  // namespace rankine::runtime
