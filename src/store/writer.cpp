#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <mutex>

#include "base/check.hpp"
#include "base/error.hpp"
#include "store/backends.hpp"
#include "store/chunk_read.hpp"
#include "store/early_writeback.hpp"
#include "store/io_faults.hpp"
#include "store/output_target.hpp"

namespace rankine::store {
namespace {

bool is_netcdf3(const array::OutputSpec& spec) {
  return spec.format == array::OutputFormat::netcdf3_64bit || spec.format == array::OutputFormat::netcdf3_classic ||
         spec.format == array::OutputFormat::netcdf3_64bit_data;
}

void fail_as_rehearsed(const OutputTarget& target, std::uint64_t bytes) {
  if (const int error = rehearsed_error(IoCall::write, target.spec.path); error != 0)
    throw_not_written("cannot write to " + target.spec.path, error, target.temporary_path, bytes);
}

// What this process holds open of one target.
struct OpenTarget {
  std::mutex mutex;                           ///< serialises the owner's chunks
  std::unique_ptr<NetcdfChunkWriter> chunks;
  int descriptor = -1;                        ///< for values at known offsets
  bool wrote_zarr = false;
  ~OpenTarget() {
    if (descriptor >= 0) ::close(descriptor);
  }
};

}  // namespace

struct Writer::State {
  std::mutex mutex;
  std::map<std::string, std::shared_ptr<OpenTarget>> targets;  ///< by temporary path
  WriteCounters counters;
  RoomWait room;

  std::shared_ptr<OpenTarget> open(const OutputTarget& target) {
    const std::lock_guard lock(mutex);
    auto& open = targets[target.temporary_path];
    if (!open) open = std::make_shared<OpenTarget>();
    return open;
  }
};

Writer::Writer() : state_(std::make_unique<State>()) {}
Writer::~Writer() = default;
const WriteCounters& Writer::counters() const { return state_->counters; }
RoomWait& Writer::room() { return state_->room; }

void Writer::write_chunk(const OutputTarget& target, std::size_t variable, const EncodedChunk& chunk) {
  const auto open = state_->open(target);
  const CountedTime time(state_->counters.write_ns);
  state_->room.until_written(target.spec.path, [&] {
    fail_as_rehearsed(target, chunk.bytes.size());
    if (array::is_zarr(target.spec.format)) {
      write_zarr_chunk(target, variable, chunk.chunk, chunk.bytes);
      const std::lock_guard lock(open->mutex);
      open->wrote_zarr = true;
    } else {
      const std::lock_guard lock(open->mutex);  // not held while waiting for room
      if (!open->chunks) open->chunks = std::make_unique<NetcdfChunkWriter>(target);
      open->chunks->write_chunk(variable, chunk.chunk, chunk.bytes);
    }
  });
  state_->counters.stored_bytes += chunk.bytes.size();
}

void Writer::write_box(const OutputTarget& target, std::size_t variable, const NdArray& values, const Box& box) {
  const array::OutputVariable& out = target.spec.variables.at(variable);
  const std::uint64_t base = target.offsets.at(variable);
  RANKINE_CHECK(base != UINT64_MAX, "values are written at known offsets only");
  RANKINE_CHECK(values.dtype() == out.dtype && values.shape() == box.shape() && Box::whole(out.shape).contains(box),
                "values fit their variable and box");
  if (box.empty()) return;
  const std::string what = "cannot write " + format_box(box) + " of " + out.name + " to " + target.spec.path;
  const auto open = state_->open(target);
  const CountedTime time(state_->counters.write_ns);
  {
    const std::lock_guard lock(open->mutex);
    if (open->descriptor < 0) open->descriptor = open_temporary(target, O_WRONLY, what).release();
  }
  const std::size_t element = size_of(out.dtype);
  const std::size_t bytes = static_cast<std::size_t>(values.size()) * element;
  const std::byte* from = values.raw();
  AlignedBytes swapped;
  if (is_netcdf3(target.spec) && element > 1) {
    swapped = AlignedBytes(bytes);
    std::memcpy(swapped.data(), from, bytes);
    codec::swap_bytes({swapped.data(), bytes}, element);
    from = swapped.data();
  }
  Shape strides = c_strides(out.shape);
  for (auto& stride : strides) stride *= static_cast<std::int64_t>(element);
  if (target.record_strides.at(variable) != 0) strides[0] = static_cast<std::int64_t>(target.record_strides[variable]);
  // As in read_rows.cpp: trailing axes written whole and without gaps are one run.
  int split = box.ndim();
  std::size_t run_bytes = element;
  std::uint64_t first = base;
  while (split > 0 && strides[split - 1] == static_cast<std::int64_t>(run_bytes)) {
    --split;
    first += static_cast<std::uint64_t>(box.begin[split] * strides[split]);
    run_bytes *= static_cast<std::size_t>(box.extent(split));
    if (box.extent(split) != out.shape[split]) break;
  }
  const Box outer{Index(box.begin.begin(), box.begin.begin() + split), Index(box.end.begin(), box.end.begin() + split)};
  std::uint64_t begin = UINT64_MAX, end = 0;  // of all runs together
  for_each_index(outer, [&](const Index& at) {
    std::uint64_t offset = first;
    for (int axis = 0; axis < split; ++axis) offset += static_cast<std::uint64_t>(at[axis] * strides[axis]);
    state_->room.until_written(target.spec.path, [&] {
      fail_as_rehearsed(target, run_bytes);
      write_at(open->descriptor, offset, {from, run_bytes}, what, target.temporary_path);
    });
    from += run_bytes;
    begin = std::min(begin, offset);
    end = offset + run_bytes;
  });
  // Narrow runs far apart are left to the system, which may join them with their neighbours' first.
  if (bytes >= writeback_step_bytes / 8 && end - begin <= 2 * bytes) begin_writeback(open->descriptor, begin, end);
  state_->counters.stored_bytes += bytes;
}

void Writer::flush(const OutputTarget& target) {
  std::shared_ptr<OpenTarget> open;
  {
    const std::lock_guard lock(state_->mutex);
    const auto found = state_->targets.find(target.temporary_path);
    if (found == state_->targets.end()) return;
    open = found->second;
  }
  const CountedTime time(state_->counters.write_ns);
  const std::lock_guard lock(open->mutex);
  if (open->wrote_zarr) flush_file_system(target.temporary_path, target.spec.path);
  if (open->chunks) {
    open->chunks->flush();
    flush_file(target);
  }
  if (open->descriptor >= 0 && ::fsync(open->descriptor) != 0)
    throw_not_written("cannot write " + target.spec.path, errno, target.temporary_path);
}

Writer::ChunkPlace Writer::place_of(const OutputTarget& target, std::size_t variable, const Index& chunk) {
  const auto open = state_->open(target);
  const std::lock_guard lock(open->mutex);
  // A run that goes on after a loss has closed it, and closes it again.
  if (!open->chunks) open->chunks = std::make_unique<NetcdfChunkWriter>(target);
  return open->chunks->place_of(variable, chunk);
}

void Writer::close(const OutputTarget& target) {
  std::shared_ptr<OpenTarget> open;
  {
    const std::lock_guard lock(state_->mutex);
    const auto found = state_->targets.find(target.temporary_path);
    if (found == state_->targets.end()) return;
    open = std::move(found->second);
    state_->targets.erase(found);
  }
  const CountedTime time(state_->counters.write_ns);
  const std::lock_guard lock(open->mutex);
  // What libhdf5 still has to write is written before it is told to close: a flush can be tried again, a close cannot.
  if (open->chunks) {
    state_->room.until_written(target.spec.path, [&] { open->chunks->flush(); });
    open->chunks->close();
  }
  if (open->wrote_zarr) state_->room.until_written(target.spec.path, [&] { flush_file_system(target.temporary_path, target.spec.path); });
  if (open->descriptor >= 0) {
    const int descriptor = std::exchange(open->descriptor, -1);
    // Each call's own error, taken before the next call can change it.
    const int flush_error = ::fsync(descriptor) == 0 ? 0 : errno;
    const int close_error = ::close(descriptor) == 0 || errno == EINTR ? 0 : errno;
    if (const int error = flush_error != 0 ? flush_error : close_error; error != 0)
      throw OutputError("cannot finish " + target.spec.path + ": " + std::strerror(error));
  }
}

}  // namespace rankine::store
