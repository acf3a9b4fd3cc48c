#pragma once
#include "array/expr.hpp"
#include "grid/strided_view.hpp"

namespace rankine::array {

/// Where evaluation meets the outside: stored bytes and other layers' blocks.
class LeafReader {
 public:
  virtual ~LeafReader() = default;
  /// Raw values of `box` of `array`, native endian, C order.
  virtual StridedView read(const StoredArray& array, const Box& box) = 0;
  /// Values of `box` of the output of `layer`.
  virtual StridedView layer(LayerId layer, const Box& box) = 0;
};

/// The box of input number `input` that `box` of `expr` needs (bounding box for Take and
/// negative steps). For Reduce and GroupReduce: the whole reduced axis.
Box input_box(const Expr& expr, std::size_t input, const Box& box);

/// Values of `box` of `expr`. Elementwise chains run fused in strips; slices, transpositions and
/// broadcasts are views. Reductions inside (constants, small values) are computed whole.
NdArray evaluate(const ExprPtr& expr, const Box& box, LeafReader& reader);
/// The same as a view where there is one: no copy of what lies in memory already.
StridedView evaluate_as_view(const ExprPtr& expr, const Box& box, LeafReader& reader);
/// The whole of a constant expression, without a reader. RANKINE_CHECK is_constant(expr).
NdArray evaluate_constant(const ExprPtr& expr);

/// The first step of a reduction of `box` of `expr`, fused with its elementwise chain.
kernel::Partial evaluate_reduced(const ExprPtr& expr, const Box& box, std::span<const int> axes,
                                 const kernel::ReduceSpec& spec, LeafReader& reader);
kernel::Partial evaluate_grouped(const ExprPtr& expr, const Box& box, int axis,
                                 std::span<const std::int32_t> slots, std::int64_t slot_count,
                                 const kernel::ReduceSpec& spec, LeafReader& reader);

/// A user reduction's steps: the state of a block, of several states, and the values (extent 1 along `axes`).
NdArray user_chunk(const UserReduction& user, const ExprPtr& expr, const Box& box, std::span<const int> axes, LeafReader& reader);
NdArray user_combine(const UserReduction& user, std::span<const NdArray> states);
NdArray user_aggregate(const UserReduction& user, const NdArray& state, DType dtype);
/// A user kernel on the blocks that give `box` of its output.
NdArray evaluate_user_map(const ExprPtr& expr, const Box& box, LeafReader& reader);

}  // namespace rankine::array
