#pragma once
#include <cstdint>
#include <memory>
#include <variant>
#include <vector>

#include "array/stored_array.hpp"
#include "base/ids.hpp"
#include "grid/chunk_grid.hpp"
#include "kernel/op.hpp"
#include "kernel/reduce.hpp"

namespace rankine::array {

/// A lazy n-d array without names: the positional core under Variable. Nodes are immutable and
/// shared; equal nodes may be distinct objects (the planner merges them). Axes are numbered from 0.
struct Expr;
using ExprPtr = std::shared_ptr<const Expr>;
using IndexList = std::shared_ptr<const std::vector<std::int64_t>>;
using CodeList = std::shared_ptr<const std::vector<std::int32_t>>;

struct Source { StoredArrayPtr array; };
struct Constant { NdArray value; };
/// Inputs have equal ndim; an axis of extent 1 broadcasts.
struct Elementwise { kernel::Op op; };
/// Every step[k]-th element from start[k] along each axis; step may be negative. Extents: the node's shape.
struct Slice { Index start; Index step; };
/// Elements `indices` along `axis`; an index of -1 gives NaN (NaT, false, 0 where there is no NaN).
struct Take { int axis; IndexList indices; };
/// Output axis k is input axis axes[k], or a new axis of extent 1 where -1; unnamed input axes have
/// extent 1 and vanish. Transpose, expand_dims and squeeze in one.
struct Permute { std::vector<int> axes; };
/// Axes of extent 1 stretched to the node's shape.
struct Broadcast {};
/// Reduced axes vanish.
struct Reduce { std::vector<int> axes; kernel::ReduceSpec spec; };
/// Groups along `axis`: position i belongs to group codes[i] (-1: none); extent becomes group_count.
struct GroupReduce { int axis; CodeList codes; std::int64_t group_count; kernel::ReduceSpec spec; };
/// Inputs side by side along `axis`.
struct Concat { int axis; };
/// The same values; a wish for blocks of this shape (`chunk`, `chunks=`). 0 along an axis: no wish.
struct Rechunk { Shape chunk_shape; };
/// Only inside lowered plans: the output of another layer.
struct LayerInput { LayerId layer; };

struct Expr {
  using Node = std::variant<Source, Constant, Elementwise, Slice, Take, Permute, Broadcast, Reduce,
                            GroupReduce, Concat, Rechunk, LayerInput>;
  Node node;
  DType dtype = DType::float64;
  Shape shape;
  std::vector<ExprPtr> inputs;
  int ndim() const { return static_cast<int>(shape.size()); }
  template <typename T> const T* as() const { return std::get_if<T>(&node); }
};

// Builders: check their arguments (RANKINE_CHECK: callers give valid axes and shapes), compute shape
// and dtype, and simplify where that is free (slice of all, permute of identity, slices of slices,
// slices of constants, cast to the same dtype).
ExprPtr source(StoredArrayPtr array);
ExprPtr constant(NdArray value);
template <typename T> ExprPtr scalar(T value) { return constant(NdArray::scalar(value)); }
/// Operands must have the operand dtype(s) that `op` wants (see kernel::Op); cast first.
/// Unequal ndim: the shorter gets new leading axes, as NumPy.
ExprPtr elementwise(kernel::Op op, std::vector<ExprPtr> inputs);
ExprPtr cast(const ExprPtr& input, DType to);
ExprPtr slice(const ExprPtr& input, Index start, Index step, Shape count);
ExprPtr take(const ExprPtr& input, int axis, std::vector<std::int64_t> indices);
ExprPtr permute(const ExprPtr& input, std::vector<int> axes);
ExprPtr broadcast(const ExprPtr& input, Shape shape);
ExprPtr reduce(const ExprPtr& input, std::vector<int> axes, kernel::ReduceSpec spec);
ExprPtr group_reduce(const ExprPtr& input, int axis, std::vector<std::int32_t> codes, std::int64_t group_count,
                     kernel::ReduceSpec spec);
ExprPtr concat(const std::vector<ExprPtr>& inputs, int axis);
ExprPtr rechunk(const ExprPtr& input, Shape chunk_shape);
ExprPtr layer_input(LayerId layer, DType dtype, Shape shape);

/// True if no Source or LayerInput lies below: evaluate() needs no reader.
bool is_constant(const ExprPtr& expr);
/// Decoded bytes of the whole array.
Bytes bytes_of(const Expr& expr);

/// Several expressions with shared nodes written once; read back with the same sharing.
void write_to(ByteWriter& writer, const std::vector<ExprPtr>& roots);
std::vector<ExprPtr> read_exprs(ByteReader& reader);

}  // namespace rankine::array
