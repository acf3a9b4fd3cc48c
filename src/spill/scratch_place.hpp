#pragma once
#include <functional>
#include <optional>
#include <string>

#include "base/bytes.hpp"

namespace rankine::spill {

/// What is looked at to find node-local scratch: the running system, or a made-up one in tests.
struct ScratchView {
  struct Folder {
    bool writable = false;
    bool in_memory = false;   ///< tmpfs or ramfs: what is put there takes the memory that is to be spared
    std::string file_system;  ///< "tmpfs", "nfs", "lustre"; empty: a local disk, as far as is known
    Bytes free;
  };
  std::function<std::optional<std::string>(const std::string& name)> environment;
  /// Nothing if there is no such folder.
  std::function<std::optional<Folder>(const std::string& path)> look;

  static ScratchView of_this_process();
};

/// Where blocks of this rank may go, and how many bytes of them.
struct ScratchPlace {
  std::string folder;   ///< empty: nowhere
  Bytes limit;
  std::string note;     ///< where and how much, or why not
  bool doubtful = false;  ///< the user should know: asked for and not to be had, or a bad place
};

/// `asked`: a folder, "none", or empty: then the first that is there, writable and not in memory of SLURM_TMPDIR,
/// PBS_JOBDIR, LSF_TMPDIR, SGE_LOCALDIR, LOCAL_SCRATCH, TMPDIR, /tmp and /var/tmp. A folder that is asked for is taken even
/// where it lies in memory, and the note says so. `most`: the user's own bound, 0: none; without one the rank has its
/// share of nine tenths of what is free, `local_size` ranks being on the node.
ScratchPlace choose_scratch(const ScratchView& view, const std::string& asked, Bytes most, int local_size);

}  // namespace rankine::spill
