#include <vector>

#include "base/error.hpp"
#include "store/backends.hpp"
#include "store/hdf5/hdf5_handle.hpp"
#include "store/library_lock.hpp"

namespace rankine::store {

struct NetcdfChunkWriter::State {
  std::string path;                        ///< the final one, for messages
  std::vector<std::string> names;
  std::vector<Shape> chunk_shapes;
  Hdf5Handle file;
  std::vector<Hdf5Handle> datasets;        ///< opened on their first chunk
};

NetcdfChunkWriter::NetcdfChunkWriter(const OutputTarget& target) : state_(std::make_unique<State>()) {
  state_->path = target.spec.path;
  for (const auto& variable : target.spec.variables) {
    state_->names.push_back(variable.name);
    state_->chunk_shapes.push_back(variable.chunk_shape);
  }
  state_->datasets.resize(state_->names.size());
  const LibraryLock lock;
  silence_hdf5();
  state_->file = Hdf5Handle(H5Fopen(target.temporary_path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT), H5Fclose);
  if (!state_->file) throw OutputError("cannot open " + state_->path + " for writing: " + hdf5_error_text());
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
    throw OutputError("cannot write chunk " + format_tuple(chunk) + " of /" + state_->names[variable] + " in " +
                      state_->path + ": " + hdf5_error_text());
  };
  Hdf5Handle& dataset = state_->datasets[variable];
  if (!dataset) dataset = open_variable(state_->file, state_->names[variable]);
  if (!dataset) failed();
  const Shape& chunk_shape = state_->chunk_shapes[variable];
  RANKINE_CHECK(chunk.size() == chunk_shape.size(), "a chunk index and its variable differ in ndim");
  std::vector<hsize_t> offset(chunk.size());
  for (std::size_t axis = 0; axis < chunk.size(); ++axis)
    offset[axis] = static_cast<hsize_t>(chunk[axis] * chunk_shape[axis]);
  if (H5Dwrite_chunk(dataset, H5P_DEFAULT, 0, offset.data(), bytes.size(), bytes.data()) < 0) failed();
}

void NetcdfChunkWriter::flush() {
  const LibraryLock lock;
  silence_hdf5();
  if (H5Fflush(state_->file, H5F_SCOPE_LOCAL) < 0)
    throw OutputError("cannot write " + state_->path + ": " + hdf5_error_text() + "; is the disk full?");
}

Writer::ChunkPlace NetcdfChunkWriter::place_of(std::size_t variable, const Index& chunk) {
  const LibraryLock lock;
  silence_hdf5();
  const Hdf5Handle& dataset = state_->datasets.at(variable);
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
    throw OutputError("cannot close " + state_->path + ": " + (reason.empty() ? hdf5_error_text() : reason) +
                      "; is the disk full?");
}

}  // namespace rankine::store
