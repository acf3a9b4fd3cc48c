#include "spill/scratch_place.hpp"

#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace rankine::spill {
namespace {

/// Less is not worth a folder.
constexpr std::uint64_t least_bytes = std::uint64_t{16} << 20;

std::string file_system_name(long type) {
  switch (static_cast<unsigned long>(type)) {
    case 0x01021994: return "tmpfs";
    case 0x858458f6: return "ramfs";
    case 0x6969: return "nfs";
    case 0x0bd00bd0: return "lustre";
    case 0x47504653: return "gpfs";
    case 0x19830326: return "beegfs";
    default: return "";
  }
}

}  // namespace

ScratchView ScratchView::of_this_process() {
  ScratchView view;
  view.environment = [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr || *value == '\0') return std::nullopt;
    return std::string(value);
  };
  view.look = [](const std::string& path) -> std::optional<Folder> {
    struct statfs kind{};
    struct statvfs space{};
    if (::statfs(path.c_str(), &kind) != 0 || ::statvfs(path.c_str(), &space) != 0) return std::nullopt;
    Folder folder;
    folder.writable = ::access(path.c_str(), W_OK | X_OK) == 0;
    folder.file_system = file_system_name(kind.f_type);
    folder.in_memory = folder.file_system == "tmpfs" || folder.file_system == "ramfs";
    folder.free = Bytes{static_cast<std::uint64_t>(space.f_bavail) * space.f_frsize};
    return folder;
  };
  return view;
}

ScratchPlace choose_scratch(const ScratchView& view, const std::string& asked, Bytes most, int local_size) {
  if (asked == "none") return {{}, {}, "blocks are not spilled: --spill-dir is none", false};
  ScratchPlace place;
  const auto take = [&](const std::string& path, const ScratchView::Folder& folder, const std::string& source) {
    const std::uint64_t share = folder.free.value / 10 * 9 / static_cast<std::uint64_t>(std::max(1, local_size));
    const Bytes limit{most.value != 0 ? most.value : share};
    if (limit.value < least_bytes && most.value == 0) return false;
    place.folder = path;
    place.limit = limit;
    place.note = "up to " + format_bytes(limit) + " a rank to " + path + " (" + source + ", " + format_bytes(folder.free) + " free)";
    return true;
  };
  if (!asked.empty()) {
    const auto folder = view.look(asked);
    if (!folder || !folder->writable)
      return {{}, {}, "blocks are not spilled: --spill-dir " + asked + (folder ? " is not writable" : " is not there"), true};
    if (!take(asked, *folder, "--spill-dir"))
      return {{}, {}, "blocks are not spilled: only " + format_bytes(folder->free) + " are free at --spill-dir " + asked, true};
    place.doubtful = folder->in_memory;
    if (folder->in_memory) place.note += "; that is " + folder->file_system + ": it takes the memory that is to be spared";
    return place;
  }
  std::string passed_over;
  const auto try_one = [&](const std::string& path, const std::string& source) {
    const auto folder = view.look(path);
    const auto pass_over = [&](const std::string& why) {
      passed_over += (passed_over.empty() ? "" : ", ") + path + " " + why;
      return false;
    };
    if (!folder) return pass_over("is not there");
    if (folder->in_memory) return pass_over("is memory (" + folder->file_system + ")");
    if (!folder->writable) return pass_over("is not writable");
    return take(path, *folder, source) || pass_over("has only " + format_bytes(folder->free));
  };
  for (const char* name : {"SLURM_TMPDIR", "PBS_JOBDIR", "LSF_TMPDIR", "SGE_LOCALDIR", "LOCAL_SCRATCH", "TMPDIR"})
    if (const auto path = view.environment(name); path && try_one(*path, name)) return place;
  for (const char* path : {"/tmp", "/var/tmp"})
    if (try_one(path, "local disk")) return place;
  return {{}, {}, "blocks are not spilled: " + passed_over + "; name a disk of the node by --spill-dir", false};
}

}  // namespace rankine::spill
