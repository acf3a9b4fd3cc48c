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
#include "kernel/user_kernel.hpp"

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
/// A registered reduction: a block becomes a state of `states` numbers a kept position, states merge in a tree.
struct UserReduction {
  std::string kernel;
  std::vector<kernel::UserParameter> parameters;
  int states = 1;
  DType state_dtype = DType::float64;
  bool operator==(const UserReduction&) const = default;
};
/// Reduced axes vanish. With `user`, that says how, and `spec` has no meaning.
struct Reduce { std::vector<int> axes; kernel::ReduceSpec spec; std::shared_ptr<const UserReduction> user = {}; };
/// A registered kernel over blocks. Inputs have equal ndim, one axis for each of `axes`; extent 1 broadcasts. Axes of
/// the output that no input axis leads to are new and never cut. What the kernel gives depends on the blocks it is
/// given, so it is a layer of its own.
struct UserMap {
  struct Axis {
    int output = -1;              ///< the output's axis, or -1: dropped
    bool whole = false;           ///< every block has all of it
    std::int64_t before = 0;      ///< halo: elements of the neighbours that a block sees
    std::int64_t after = 0;
    kernel::Boundary boundary = kernel::Boundary::none;
    double fill = 0;              ///< of Boundary::constant
    std::int64_t block = 0;       ///< wished extent of blocks; 0: none
    bool operator==(const Axis&) const = default;
  };
  std::string kernel;
  std::vector<kernel::UserParameter> parameters;
  std::vector<Axis> axes;
  bool padded = false;            ///< the inputs have been extended by their boundaries
  bool operator==(const UserMap&) const = default;
};
/// Groups along `axis`: position i belongs to group codes[i] (-1: none); extent becomes group_count.
struct GroupReduce { int axis; CodeList codes; std::int64_t group_count; kernel::ReduceSpec spec; };
/// Inputs side by side along `axis`; input i begins at starts[i], and the last number is the end of all. Of ten thousand
/// files a task needs a few: it finds them by their starts.
struct Concat {
  int axis = 0;
  std::shared_ptr<const std::vector<std::int64_t>> starts;

  static Concat of(int axis, const std::vector<std::shared_ptr<const struct Expr>>& inputs);
  /// The input that index `at` along the axis lies in; the first one behind inputs without extent.
  std::size_t input_at(std::int64_t at) const;
};
/// The same values; a wish for blocks of this shape (`chunk`, `chunks=`). 0 along an axis: no wish.
struct Rechunk { Shape chunk_shape; };
/// Only inside lowered plans: the output of another layer.
struct LayerInput { LayerId layer; };

struct Expr {
  using Node = std::variant<Source, Constant, Elementwise, Slice, Take, Permute, Broadcast, Reduce,
                            GroupReduce, Concat, Rechunk, LayerInput, UserMap>;
  Expr(Node node, DType dtype, Shape shape, std::vector<ExprPtr> inputs = {});
  Expr(const Expr&) = delete;
  Expr& operator=(const Expr&) = delete;
  /// Chains of any length are let go one node after the other, not one inside the other.
  ~Expr();

  const Node node;
  const DType dtype;
  const Shape shape;
  std::vector<ExprPtr> inputs;
  const std::uint32_t depth;  ///< nodes on the longest way down to a leaf; 0: it is one
  const bool reads;           ///< a Source, LayerInput or user kernel is here or below
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
/// The same operation over other inputs, of the same shapes; the same node if they are the same inputs.
ExprPtr with_inputs(const ExprPtr& expr, std::vector<ExprPtr> inputs);
/// The same operation over inputs of other shapes, which give another shape.
ExprPtr with_inputs(const ExprPtr& expr, std::vector<ExprPtr> inputs, Shape shape);

/// A reduction by a registered kernel. The result has the given dtype.
ExprPtr user_reduce(const ExprPtr& input, std::vector<int> axes, UserReduction user, DType dtype);
/// `shape`: of the output. Throws UsageError where a halo is wider than its axis.
ExprPtr user_map(std::vector<ExprPtr> inputs, UserMap node, DType dtype, Shape shape);
/// The same UserMap over inputs that have been extended beyond their ends as its boundaries say.
ExprPtr with_boundaries(const ExprPtr& map);

/// True if no Source, LayerInput or user kernel lies below: evaluate() needs no reader, and may be done at once.
inline bool is_constant(const ExprPtr& expr) { return !expr->reads; }
/// True for UserMap and for reductions by user kernels.
bool is_user(const Expr& expr);
/// Decoded bytes of the whole array.
Bytes bytes_of(const Expr& expr);

/// Several expressions with shared nodes written once; read back with the same sharing.
void write_to(ByteWriter& writer, const std::vector<ExprPtr>& roots);
std::vector<ExprPtr> read_exprs(ByteReader& reader);

}  // namespace rankine::array
