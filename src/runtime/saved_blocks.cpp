#include "runtime/saved_blocks.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/byte_stream.hpp"
#include "base/check.hpp"
#include "codec/checksum.hpp"
#include "place/own_directory.hpp"
#include "store/output_target.hpp"

namespace rankine::runtime {
namespace {

std::vector<std::byte> payload_of(const Block& block) {
  std::vector<std::byte> payload;
  payload.reserve(payload_bytes(block));
  append_payload(block, payload);
  return payload;
}

void read_segment(const std::string& path, const journal::Segment& segment, std::vector<std::byte>& payload) {
  const place::Descriptor file = place::open_own_file(path, O_RDONLY);
  if (!file) throw InputError("cannot open " + path + " to go on from it: " + (errno == EPERM || errno == ELOOP ? "it is not a file of yours alone" : std::strerror(errno)));
  const std::size_t first = payload.size();
  payload.resize(first + segment.bytes);
  std::size_t done = 0;
  int reason = 0;
  while (done < segment.bytes) {
    const ssize_t got = ::pread(file.number(), payload.data() + first + done, segment.bytes - done,
                                static_cast<off_t>(segment.offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      reason = got < 0 ? errno : ENODATA;
      break;
    }
    done += static_cast<std::size_t>(got);
  }
  if (done < segment.bytes) throw InputError("cannot read " + path + " to go on from it: " + std::strerror(reason));
}

}  // namespace

std::uint32_t payload_checksum(const Block& block) { return codec::crc32c(payload_of(block)); }

void SavedBlocks::add(const journal::CheckpointRecord& checkpoint) {
  std::vector<std::uint32_t> number;
  for (const std::string& file : checkpoint.files) {
    const auto [at, is_new] = file_numbers_.emplace(file, static_cast<std::uint32_t>(files_.size()));
    if (is_new) files_.push_back(file);
    number.push_back(at->second);
  }
  for (journal::SavedBlock block : checkpoint.saved) {
    for (journal::Segment& segment : block.segments) segment.file = number.at(segment.file);
    blocks_[block.task] = std::move(block);
  }
}

std::set<std::string> SavedBlocks::files_in_use() const {
  std::set<std::string> used;
  for (const auto& [task, block] : blocks_)
    for (const auto& segment : block.segments) used.insert(files_.at(segment.file));
  return used;
}

void SavedBlocks::drop_file(const std::string& path) {
  const auto file = file_numbers_.find(path);
  if (file == file_numbers_.end()) return;
  std::erase_if(blocks_, [&](const auto& entry) {
    const auto& segments = entry.second.segments;
    return std::any_of(segments.begin(), segments.end(), [&](const auto& segment) { return segment.file == file->second; });
  });
}

std::vector<TaskId> SavedBlocks::tasks() const {
  std::vector<TaskId> tasks;
  for (const auto& [task, block] : blocks_) tasks.push_back(task);
  std::sort(tasks.begin(), tasks.end());
  return tasks;
}

std::vector<std::byte> load_payload(const std::vector<std::string>& files, const journal::SavedBlock& block) {
  std::vector<std::byte> payload;
  std::string path = "the run directory";
  for (const journal::Segment& segment : block.segments) {
    path = files.at(segment.file);
    read_segment(path, segment, payload);
  }
  if (codec::crc32c(payload) != block.crc32c)
    throw InputError(path + " is damaged: what an earlier run saved there does not fit its checksum; start over with --fresh");
  return payload;
}

BlockPtr SavedBlocks::load(TaskId task) const {
  const journal::SavedBlock& block = blocks_.at(task);
  return decode_block(block.head, load_payload(files_, block));
}

void SavedBlocks::write_to(ByteWriter& writer) const {
  writer.put_count(files_.size());
  for (const auto& file : files_) writer.put_string(file);
  writer.put_count(blocks_.size());
  for (const TaskId task : tasks()) journal::write_to(writer, blocks_.at(task));
}

SavedBlocks SavedBlocks::read_from(ByteReader& reader) {
  SavedBlocks saved;
  saved.files_.resize(reader.get_count(8));
  for (auto& file : saved.files_) file = reader.get_string();
  for (std::size_t left = reader.get_count(24); left > 0; --left) {
    journal::SavedBlock block = journal::read_saved_block(reader);
    for (const journal::Segment& segment : block.segments)
      if (segment.file >= saved.files_.size()) throw DecodeError("malformed frame: a saved block lies in no file");
    const TaskId task = block.task;
    saved.blocks_.emplace(task, std::move(block));
  }
  return saved;
}

std::vector<journal::SavedBlock> save_blocks(const std::string& path,
                                             std::span<const std::pair<TaskId, BlockSource>> blocks) {
  std::vector<std::pair<TaskId, PayloadSource>> payloads;
  for (const auto& [task, source] : blocks)
    payloads.emplace_back(task, [&source] {
      const BlockPtr block = source();
      if (block == nullptr) return SavedPayload{};
      return SavedPayload{encode_head(*block), std::make_shared<const std::vector<std::byte>>(payload_of(*block))};
    });
  return save_payloads(path, payloads);
}

std::vector<journal::SavedBlock> save_payloads(const std::string& path,
                                               std::span<const std::pair<TaskId, PayloadSource>> payloads) {
  const std::string what = "cannot save results to " + path;
  // The directory is asked for anew by every rank, and what is made in it is made in the one that was looked at.
  const std::size_t slash = path.rfind('/');
  const std::string name = path.substr(slash + 1);
  const auto directory = place::OwnDirectory::open(slash == std::string::npos ? "." : path.substr(0, slash), "the run directory");
  place::Descriptor file = directory ? directory->make_file(name, O_WRONLY) : place::Descriptor();
  if (!file) throw OutputError(what + ": " + std::strerror(errno));
  std::vector<journal::SavedBlock> saved;
  try {
    std::uint64_t offset = 0;
    for (const auto& [task, source] : payloads) {
      const SavedPayload payload = source();
      if (payload.bytes == nullptr) continue;
      store::write_at(file.number(), offset, *payload.bytes, what, path);
      saved.push_back({task, payload.head, {{0, offset, payload.bytes->size()}}, codec::crc32c(*payload.bytes)});
      offset += payload.bytes->size();
    }
    if (::fsync(file.number()) != 0) throw OutputError(what + ": " + std::strerror(errno));
  } catch (...) {
    directory->remove(name);
    throw;
  }
  if (::close(file.release()) != 0 && errno != EINTR) throw OutputError(what + ": " + std::strerror(errno));
  return saved;
}

}  // namespace rankine::runtime
