#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "base/error.hpp"
#include "store/backends.hpp"
#include "store/early_writeback.hpp"
#include "store/full_disk.hpp"
#include "store/hdf5/hdf5_handle.hpp"
#include "store/hdf5/own_hdf5_file.hpp"
#include "store/library_lock.hpp"
#include "store/output_target.hpp"

namespace rankine::store {
namespace {

/// Room is asked for in steps, and some more than the chunk needs for what libhdf5 notes of it.
constexpr std::uint64_t reserve_step_bytes = 16u << 20;
constexpr std::uint64_t metadata_margin_bytes = 1u << 20;

/// Blocks of the disk behind the end of a file that libhdf5 writes. A library that meets a full disk within its own
/// bookkeeping leaves the file in no known state; here the file system is asked before, and its answer harms nothing.
class Reserve {
 public:
  explicit Reserve(const OutputTarget& target)
      : path_(target.temporary_path), final_path_(target.spec.path),
        file_(open_temporary(target, O_WRONLY, "cannot open " + target.spec.path + " for writing")) {}

  /// The file may grow to `end`. Throws DiskFullError. Where file systems cannot reserve, their errors come later.
  void up_to(std::uint64_t end, std::uint64_t chunk_bytes) {
    if (end <= reserved_ || !works_) return;
    for (const std::uint64_t step : {reserve_step_bytes, std::uint64_t{0}}) {
      const std::uint64_t wanted = end - reserved_ + step;
      if (::fallocate(file_.number(), FALLOC_FL_KEEP_SIZE, static_cast<off_t>(reserved_), static_cast<off_t>(wanted)) == 0) {
        reserved_ += wanted;
        return;
      }
      if (errno != ENOSPC && errno != EDQUOT) {
        works_ = false;
        return;
      }
    }
    throw_not_written("cannot write to " + final_path_, errno, path_, chunk_bytes);
  }
  /// All below `end` has been written.
  void written_up_to(std::uint64_t end) { writeback_.written_up_to(file_.number(), end); }
  /// What was not needed is given back.
  void release() const {
    struct stat status {};
    if (reserved_ == 0 || ::fstat(file_.number(), &status) != 0) return;
    // Shortening a file to the length that it has frees what lies behind it; if not, the file is only larger than it need be.
    if (::ftruncate(file_.number(), status.st_size) != 0) return;
  }

 private:
  std::string path_, final_path_;
  place::Descriptor file_;
  std::uint64_t reserved_ = 0;
  bool works_ = true;
  GrowingWriteback writeback_;
};

}  // namespace

struct NetcdfChunkWriter::State {
  std::string path;                        ///< the final one, for messages
  std::vector<std::string> names;
  std::vector<Shape> chunk_shapes;
  Hdf5Handle file;
  std::vector<Hdf5Handle> datasets;        ///< opened on their first chunk
  std::unique_ptr<Reserve> reserve;
  std::string temporary_path;
};

NetcdfChunkWriter::NetcdfChunkWriter(const OutputTarget& target) : state_(std::make_unique<State>()) {
  state_->path = target.spec.path;
  state_->temporary_path = target.temporary_path;
  for (const auto& variable : target.spec.variables) {
    state_->names.push_back(variable.name);
    state_->chunk_shapes.push_back(variable.chunk_shape);
  }
  state_->datasets.resize(state_->names.size());
  const LibraryLock lock;
  silence_hdf5();
  state_->file = open_own_hdf5(target);
  state_->reserve = std::make_unique<Reserve>(target);
}

NetcdfChunkWriter::~NetcdfChunkWriter() {
  const LibraryLock lock;
  silence_hdf5();
  state_.reset();
}

void NetcdfChunkWriter::write_chunk(std::size_t variable, const Index& chunk, std::span<const std::byte> bytes) {
  const LibraryLock lock;
  silence_hdf5();  // libhdf5 keeps an error stack a thread
  const auto failed = [&] {
    throw_not_written("cannot write chunk " + format_tuple(chunk) + " of /" + state_->names[variable] + " in " + state_->path,
                      hdf5_error_text(), state_->temporary_path, bytes.size());
  };
  Hdf5Handle& dataset = state_->datasets[variable];
  if (!dataset) dataset = open_variable(state_->file, state_->names[variable]);
  if (!dataset) failed();
  const Shape& chunk_shape = state_->chunk_shapes[variable];
  RANKINE_CHECK(chunk.size() == chunk_shape.size(), "a chunk index and its variable differ in ndim");
  std::vector<hsize_t> offset(chunk.size());
  for (std::size_t axis = 0; axis < chunk.size(); ++axis)
    offset[axis] = static_cast<hsize_t>(chunk[axis] * chunk_shape[axis]);
  haddr_t end = 0;
  if (H5Fget_eoa(state_->file, &end) < 0) failed();
  state_->reserve->up_to(end + bytes.size() + metadata_margin_bytes, bytes.size());
  if (H5Dwrite_chunk(dataset, H5P_DEFAULT, 0, offset.data(), bytes.size(), bytes.data()) < 0) failed();
  state_->reserve->written_up_to(end);  // of the chunks before this one
}

void NetcdfChunkWriter::flush() {
  const LibraryLock lock;
  silence_hdf5();
  if (H5Fflush(state_->file, H5F_SCOPE_LOCAL) < 0)
    throw_not_written("cannot write " + state_->path, hdf5_error_text(), state_->temporary_path);
}

Writer::ChunkPlace NetcdfChunkWriter::place_of(std::size_t variable, const Index& chunk) {
  const LibraryLock lock;
  silence_hdf5();
  Hdf5Handle& dataset = state_->datasets.at(variable);
  if (!dataset) dataset = open_variable(state_->file, state_->names[variable]);
  std::vector<hsize_t> origin;
  for (std::size_t axis = 0; axis < chunk.size(); ++axis)
    origin.push_back(static_cast<hsize_t>(chunk[axis] * state_->chunk_shapes[variable][axis]));
  unsigned filter_mask = 0;
  haddr_t offset = HADDR_UNDEF;
  hsize_t bytes = 0;
  if (!dataset || H5Dget_chunk_info_by_coord(dataset, origin.data(), &filter_mask, &offset, &bytes) < 0 ||
      offset == HADDR_UNDEF)
    throw OutputError("cannot find chunk " + format_tuple(chunk) + " of /" + state_->names[variable] + " in the unfinished " +
                      state_->path + ": " + hdf5_error_text());
  return {offset, bytes};
}

void NetcdfChunkWriter::close() {
  const LibraryLock lock;
  silence_hdf5();
  bool closed = true;
  for (Hdf5Handle& dataset : state_->datasets) closed &= dataset.close();
  if (state_->file) closed &= H5Fflush(state_->file, H5F_SCOPE_LOCAL) >= 0;
  const std::string reason = closed ? std::string() : hdf5_error_text();
  if (!state_->file.close() || !closed)
    throw_not_written("cannot close " + state_->path, reason.empty() ? hdf5_error_text() : reason, state_->temporary_path);
  state_->reserve->release();
}

}  // namespace rankine::store
