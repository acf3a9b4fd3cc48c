#include <chrono>

#include "base/check.hpp"
#include "base/error.hpp"
#include "store/backends.hpp"
#include "store/chunk_read.hpp"

namespace rankine::store {
namespace {

std::uint64_t now_ns() {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                        std::chrono::steady_clock::now().time_since_epoch())
                                        .count());
}

}  // namespace

CountedTime::CountedTime(std::atomic<std::uint64_t>& counter) : counter_(counter), start_ns_(now_ns()) {}
CountedTime::~CountedTime() { counter_ += now_ns() - start_ns_; }

ThreadBuffers& ThreadBuffers::of_this_thread() {
  thread_local ThreadBuffers buffers;
  return buffers;
}

struct Reader::State {
  explicit State(Limits l) : limits(l), files(l.open_files), cache(l.cache_bytes) {}
  Limits limits;
  DescriptorCache files;
  ChunkCache cache;
  ReadCounters counters;
  ZarrReading zarr;
};

Reader::Reader() : Reader(Limits{}) {}
Reader::Reader(Limits limits) : state_(std::make_unique<State>(limits)) {}
Reader::~Reader() = default;
const ReadCounters& Reader::counters() const { return state_->counters; }

std::optional<std::vector<std::byte>> Reader::read_stored_chunk(const array::StoredArray& array, const Index& chunk) {
  if (!array.refusal.empty()) throw InputError(array.refusal);
  State& state = *state_;
  return store::read_stored_chunk(array, chunk, {state.limits, state.files, state.cache, state.counters, state.zarr});
}

std::uint64_t Reader::announce(const array::StoredArray& array, const Box& box, std::uint64_t room) noexcept {
  State& state = *state_;
  return announce_box(array, box, room, {state.limits, state.files, state.cache, state.counters, state.zarr});
}

namespace {

NdArray read_box(const array::StoredArray& array, const Box& box, const ReadContext& context) {
  if (array.storage == array::Storage::library) {
    const CountedTime time(context.counters.read_ns);
    NdArray values = read_through_library(array, box);
    context.counters.decoded_bytes += values.bytes().value;
    return values;
  }
  NdArray values(array.dtype, box.shape());
  if (array.storage == array::Storage::contiguous || array.storage == array::Storage::records)
    read_rows(array, box, values, context);
  else
    read_chunks(array, box, values, context);
  return values;
}

}  // namespace

NdArray Reader::read(const array::StoredArray& array, const Box& box) {
  RANKINE_CHECK(box.ndim() == static_cast<int>(array.shape.size()) && Box::whole(array.shape).contains(box),
                "a box lies inside its array");
  RANKINE_CHECK(array.dtype != DType::string, "strings are read with the catalogue");
  if (!array.refusal.empty()) throw InputError(array.refusal);
  if (box.empty()) return NdArray(array.dtype, box.shape());
  if (array.index && !array.index->damage.empty()) throw InputError(array.index->damage);
  const ReadContext context{state_->limits, state_->files, state_->cache, state_->counters, state_->zarr};
  try {
    return read_box(array, box, context);
  } catch (const InputError& error) {
    const std::string name = array.variable + " in " + array.path;
    const std::string what = error.what();
    if (what.find(name) != std::string::npos) throw;
    throw InputError("cannot read " + name + ": " + what);
  }
}

}  // namespace rankine::store
