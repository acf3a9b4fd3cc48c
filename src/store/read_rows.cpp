#include <algorithm>
#include <cstring>

#include "base/check.hpp"
#include "base/error.hpp"
#include "store/chunk_read.hpp"

namespace rankine::store {
namespace {

// Below this gap it is cheaper to read what lies between two rows than to ask twice.
constexpr std::uint64_t gap_within_rows = 16u << 10;

struct Run {
  std::uint64_t offset;  ///< in the file
  std::byte* to;
};

// Collects runs of equal length that lie close together and reads them at once.
class RunReader {
 public:
  RunReader(const OpenFile& file, std::uint64_t run_bytes, std::uint64_t coalesce_bytes, ReadCounters& counters)
      : file_(file), run_bytes_(run_bytes), coalesce_bytes_(coalesce_bytes), counters_(counters) {}

  void add(Run run) {
    if (!runs_.empty() && (run.offset < end() || run.offset - end() > gap_within_rows ||
                           run.offset + run_bytes_ - runs_.front().offset > coalesce_bytes_))
      flush();
    runs_.push_back(run);
  }

  void flush() {
    if (runs_.empty()) return;
    const std::uint64_t begin = runs_.front().offset;
    const std::uint64_t bytes = end() - begin;
    const CountedTime time(counters_.read_ns);
    if (runs_.size() == 1) {
      file_.read_at(begin, {runs_.front().to, run_bytes_});
    } else {
      const auto buffer = ThreadBuffers::of_this_thread().stored(bytes);
      file_.read_at(begin, buffer);
      for (const Run& run : runs_) std::memcpy(run.to, buffer.data() + (run.offset - begin), run_bytes_);
    }
    counters_.stored_bytes += bytes;
    ++counters_.reads;
    runs_.clear();
  }

 private:
  std::uint64_t end() const { return runs_.back().offset + run_bytes_; }
  const OpenFile& file_;
  std::uint64_t run_bytes_;
  std::uint64_t coalesce_bytes_;
  ReadCounters& counters_;
  std::vector<Run> runs_;
};

}  // namespace

void read_rows(const array::StoredArray& array, const Box& box, NdArray& out, const ReadContext& context) {
  const auto file = context.files.open(array.path, {array.file_size, array.file_mtime_ns});
  if (array.offset == array::ChunkIndex::missing) return fill_part(array, box, box, out);  // never allocated
  const std::uint64_t element = size_of(array.dtype);
  const int ndim = box.ndim();
  Shape strides = c_strides(array.shape);
  for (auto& stride : strides) stride *= static_cast<std::int64_t>(element);
  if (array.storage == array::Storage::records) strides[0] = static_cast<std::int64_t>(array.record_stride);

  // Trailing axes that the box takes whole, and that lie without gaps, join into one run.
  int split = ndim;
  std::uint64_t run_bytes = element;
  while (split > 0 && strides[split - 1] == static_cast<std::int64_t>(run_bytes)) {
    --split;
    run_bytes *= static_cast<std::uint64_t>(box.extent(split));
    if (box.extent(split) != array.shape[split]) break;
  }
  // A single record or row may hide behind its own stride.
  Box outer{Index(box.begin.begin(), box.begin.begin() + split), Index(box.end.begin(), box.end.begin() + split)};
  std::uint64_t first = array.offset;
  for (int axis = split; axis < ndim; ++axis) first += static_cast<std::uint64_t>(box.begin[axis] * strides[axis]);

  try {
    RunReader runs(*file, run_bytes, context.limits.coalesce_bytes, context.counters);
    std::byte* to = out.raw();
    for_each_index(outer, [&](const Index& at) {
      std::uint64_t offset = first;
      for (int axis = 0; axis < split; ++axis) offset += static_cast<std::uint64_t>(at[axis] * strides[axis]);
      runs.add({offset, to});
      to += run_bytes;
    });
    runs.flush();
  } catch (const InputError& error) {
    throw InputError("cannot read " + format_box(box) + " of " + array.variable + " in " + array.path + ": " +
                     error.what());
  }
  const std::uint64_t bytes = static_cast<std::uint64_t>(out.size()) * element;
  if (array.big_endian) {
    const CountedTime time(context.counters.decode_ns);
    codec::swap_bytes({out.raw(), bytes}, element);
  }
  context.counters.decoded_bytes += bytes;
}

}  // namespace rankine::store
