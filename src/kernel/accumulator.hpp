#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

#include "kernel/reduce.hpp"

namespace rankine::kernel {

/// Running reductions side by side ("lanes"), structure of arrays: at most four arrays of elements of
/// at most eight bytes.
struct Lanes {
  std::array<std::byte*, 4> arrays{};
};
/// Where a partial's parts are written.
using PartPointers = std::array<std::byte*, 3>;

/// The loops of one reduction of one dtype.
struct Accumulator {
  /// Lanes [at, at + n) to the identity.
  void (*reset)(const Lanes&, std::size_t at, std::size_t n);
  /// Row r, r = 0..rows-1 in this order, adds element data[r * stride + i] to lane at + i.
  void (*add)(const Lanes&, std::size_t at, const void* data, std::size_t rows, std::ptrdiff_t stride,
              std::size_t n);
  /// Lane to + i takes in lane from + i.
  void (*fold)(const Lanes&, std::size_t to, std::size_t from, std::size_t n);
  /// Lane at + i * spacing becomes element i of the parts. `elements`: how many were added to each
  /// lane, missing ones included.
  void (*emit)(const Lanes&, std::size_t at, std::size_t spacing, std::size_t n, std::int64_t elements,
               const PartPointers& parts);
};

/// The loops for the best instruction set of this machine; equal bits on all.
/// Throws UnsupportedError as partial_dtypes does.
Accumulator find_accumulator(const ReduceSpec& spec);

/// Whether a sum or product keeps a count for min_count: integers always, floats and times with skipna
/// (xarray ignores min_count without it).
bool keeps_count(const ReduceSpec& spec);
/// Whether a minimum or maximum needs a part that tells an empty group from one that holds the identity.
bool keeps_seen(const ReduceSpec& spec);

namespace baseline {
Accumulator select_accumulator(const ReduceSpec& spec);
}
#ifdef __x86_64__
namespace avx2 {
Accumulator select_accumulator(const ReduceSpec& spec);
}
#endif

}  // namespace rankine::kernel
