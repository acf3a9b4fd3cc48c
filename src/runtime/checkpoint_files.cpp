#include "runtime/checkpoint_files.hpp"

#include <map>

namespace rankine::runtime {

journal::CheckpointRecord write_checkpoint(const RunPlan& plan, store::Writer& writer, AppendLog& appended,
                                           const std::string& path,
                                           std::span<const std::pair<TaskId, BlockSource>> blocks) {
  journal::CheckpointRecord checkpoint;
  std::vector<AppendLog::Entry> entries = appended.take();
  try {
    for (const auto& output : plan.outputs) writer.flush(output);
    if (!blocks.empty()) {
      checkpoint.saved = save_blocks(path, blocks);
      checkpoint.files.push_back(path);
    }
    std::map<std::uint32_t, std::uint32_t> file_of_output;
    for (const AppendLog::Entry& entry : entries) {
      const store::OutputTarget& target = plan.outputs.at(entry.output);
      const auto [file, is_new] =
          file_of_output.emplace(entry.output, static_cast<std::uint32_t>(checkpoint.files.size()));
      if (is_new) checkpoint.files.push_back(target.temporary_path);
      journal::SavedBlock saved{entry.encoded, entry.head, {}, entry.crc32c};
      for (const Index& chunk : entry.chunks) {
        const auto place = writer.place_of(target, entry.variable, chunk);
        saved.segments.push_back({file->second, place.offset, place.bytes});
      }
      checkpoint.saved.push_back(std::move(saved));
    }
  } catch (...) {
    for (auto& entry : entries) appended.add(std::move(entry));
    throw;
  }
  return checkpoint;
}

}  // namespace rankine::runtime
