#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "grid/strided_view.hpp"
#include "kernel/program.hpp"

namespace rankine::kernel {

enum class ReduceOp : std::uint8_t { sum, prod, mean, min, max, var, std, count, any, all };

/// What to compute over the reduced elements. Semantics: xarray's duck_array_ops with skipna.
struct ReduceSpec {
  ReduceOp op = ReduceOp::mean;
  DType input = DType::float64;
  bool skipna = true;          ///< ignore NaN (and NaT); has no effect on integers and bool
  double ddof = 0;             ///< var and std divide by (count - ddof)
  std::int64_t min_count = 0;  ///< sum and prod: NaN where fewer valid elements
  /// dtype after finalise: NumPy's (sum of int32 is int64, of bool int64, of uint8 uint64; mean of
  /// integers float64; mean, sum, var of float32 float32; count int64; any and all bool; min and max
  /// the input's; min_count > 0 on integers float64).
  DType result_dtype() const;
  bool operator==(const ReduceSpec&) const = default;
};

/// Mergeable partial results: one or more arrays of one shape, which parts depends on the op:
/// mean {sum f64, count i64}; var, std {count i64, mean f64, m2 f64}; sum {sum} with {count i64} if
/// min_count > 0; min, max {value} ... Sums of floats are kept in double, of integers in 64 bits.
using Partial = std::vector<NdArray>;

/// dtypes of the parts of a partial of `spec`, in order: the planner computes exact bytes from it.
std::vector<DType> partial_dtypes(const ReduceSpec& spec);

/// Evaluates `program` over `shape` strip by strip and reduces it straight away over `axes`.
/// The partial has the shape of the block with extent 1 along each reduced axis.
/// The order of additions depends on shape and axes alone, so the result is bitwise reproducible.
Partial reduce_block(const Program& program, std::span<const StridedView> inputs, const Shape& shape,
                     std::span<const int> axes, const ReduceSpec& spec);

/// reduce_block() of a block whose elements come piece by piece along axis 0, so that one piece is reduced while it is
/// still in cache and its memory serves the next one. The same additions in the same order: the same bits.
class StreamedReduction {
 public:
  /// Axis 0 has to be reduced, and the last axis longer than 1 to be kept.
  static bool fits(const Shape& shape, std::span<const int> axes);
  /// `shape`: of the whole block, not empty.
  StreamedReduction(const ReduceSpec& spec, Shape shape, std::vector<int> axes);
  ~StreamedReduction();
  StreamedReduction(const StreamedReduction&) = delete;
  StreamedReduction& operator=(const StreamedReduction&) = delete;
  /// The next `extent` positions along axis 0; inputs have the block's shape but for that extent.
  void add(const Program& program, std::span<const StridedView> inputs, std::int64_t extent);
  /// Once, after all of the block has been added.
  Partial finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The same over one axis by group: position i along `axis` adds to slot slots[i], or to none where
/// it is -1. The partial has extent `slot_count` along `axis`; a slot that nothing fell into holds
/// the identity of the op.
Partial reduce_block_grouped(const Program& program, std::span<const StridedView> inputs, const Shape& shape,
                             int axis, std::span<const std::int32_t> slots, std::int64_t slot_count,
                             const ReduceSpec& spec);

/// The partial of no elements at all.
Partial identity_partial(const ReduceSpec& spec, const Shape& shape);

/// into[...] := combine(into, from) elementwise; `from` views have the partial's shape.
/// Means and second moments merge by Chan, Golub, LeVeque 1979. Order of the arguments matters for
/// the last bit, so callers merge in block order.
void combine(const ReduceSpec& spec, Partial& into, std::span<const StridedView> from);

/// The same along `axis` by slot: from's position i merges into slot to_slot[i] of `into`
/// (-1: left out). Other axes have equal extents.
void combine_slots(const ReduceSpec& spec, Partial& into, std::span<const StridedView> from, int axis,
                   std::span<const std::int32_t> to_slot);

/// The answer, of spec.result_dtype(). Shape of the partial. Rounds once to float32. Empty groups:
/// mean, var, std, min, max of floats NaN; min, max of integers 0; sum 0; prod 1; count 0.
NdArray finalise(const ReduceSpec& spec, const Partial& partial);

}  // namespace rankine::kernel
