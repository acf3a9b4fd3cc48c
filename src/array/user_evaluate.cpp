#include <algorithm>

#include "array/evaluate.hpp"
#include "base/check.hpp"
#include "base/error.hpp"

namespace rankine::array {
namespace {

kernel::UserBlock block_of(NdArray values, Index origin) {
  const std::size_t ndim = values.shape().size();
  return {std::move(values), std::move(origin), Shape(ndim, 0), Shape(ndim, 0)};
}

/// Extent 1 along the reduced axes, and one axis of states at the end.
Shape state_shape(Shape shape, std::span<const int> axes, int states) {
  for (const int axis : axes) shape[axis] = 1;
  shape.push_back(states);
  return shape;
}

ExprPtr part_of(const ExprPtr& input, int axis, std::int64_t start, std::int64_t step, std::int64_t count) {
  Index starts(input->shape.size(), 0);
  Index steps(input->shape.size(), 1);
  Shape counts = input->shape;
  starts[axis] = start;
  steps[axis] = step;
  counts[axis] = count;
  return slice(input, std::move(starts), std::move(steps), std::move(counts));
}

/// `input` with `before` elements in front and `after` behind, along one axis, as the boundary says.
ExprPtr extended(const ExprPtr& input, int axis, const UserMap::Axis& along) {
  const std::int64_t extent = input->shape[axis];
  const auto beyond = [&](bool in_front, std::int64_t count) -> ExprPtr {
    Shape shape = input->shape;
    shape[axis] = count;
    switch (along.boundary) {
      case kernel::Boundary::reflect:
        return in_front ? part_of(input, axis, count - 1, -1, count) : part_of(input, axis, extent - 1, -1, count);
      case kernel::Boundary::periodic:
        return part_of(input, axis, in_front ? extent - count : 0, 1, count);
      case kernel::Boundary::nearest:
        return broadcast(part_of(input, axis, in_front ? 0 : extent - 1, 1, 1), shape);
      default: {
        NdArray fill(DType::float64, Shape(shape.size(), 1));
        fill.data<double>()[0] = along.fill;
        const ExprPtr value = constant(evaluate_constant(cast(constant(std::move(fill)), input->dtype)));
        return broadcast(value, shape);
      }
    }
  };
  std::vector<ExprPtr> parts;
  if (along.before > 0) parts.push_back(beyond(true, along.before));
  parts.push_back(input);
  if (along.after > 0) parts.push_back(beyond(false, along.after));
  return concat(parts, axis);
}

}  // namespace

ExprPtr user_reduce(const ExprPtr& input, std::vector<int> axes, UserReduction user, DType dtype) {
  std::sort(axes.begin(), axes.end());
  Shape shape;
  for (int axis = 0; axis < input->ndim(); ++axis)
    if (!std::binary_search(axes.begin(), axes.end(), axis)) shape.push_back(input->shape[axis]);
  RANKINE_CHECK(shape.size() + axes.size() == input->shape.size(), "reduce names an axis twice or none there is");
  Reduce node{std::move(axes), {}, std::make_shared<const UserReduction>(std::move(user))};
  return std::make_shared<const Expr>(std::move(node), dtype, std::move(shape), std::vector{input});
}

ExprPtr user_map(std::vector<ExprPtr> inputs, UserMap node, DType dtype, Shape shape) {
  for (const auto& input : inputs) {
    RANKINE_CHECK(input->shape.size() == node.axes.size(), "inputs of a user kernel differ in ndim");
    for (std::size_t axis = 0; axis < node.axes.size(); ++axis) {
      const auto& along = node.axes[axis];
      const std::int64_t extent = input->shape[axis];
      if (along.output < 0 || (extent == 1 && shape[along.output] != 1)) continue;
      if (along.boundary == kernel::Boundary::reflect || along.boundary == kernel::Boundary::periodic) {
        if (std::max(along.before, along.after) > extent)
          throw UsageError("a depth of " + std::to_string(std::max(along.before, along.after)) + " is more than the " +
                           std::to_string(extent) + " elements that there are for boundary '" +
                           kernel::name_of(along.boundary) + "'");
      }
    }
  }
  return std::make_shared<const Expr>(std::move(node), dtype, std::move(shape), std::move(inputs));
}

ExprPtr with_boundaries(const ExprPtr& map) {
  const auto& node = *map->as<UserMap>();
  if (node.padded) return map;
  auto padded = node;
  padded.padded = true;
  std::vector<ExprPtr> inputs = map->inputs;
  for (auto& input : inputs) {
    const Shape shape = input->shape;
    for (std::size_t axis = 0; axis < node.axes.size(); ++axis) {
      const auto& along = node.axes[axis];
      if (along.boundary == kernel::Boundary::none || along.before + along.after == 0 || along.output < 0) continue;
      if (shape[axis] == 1 && map->shape[along.output] != 1) continue;
      input = extended(input, static_cast<int>(axis), along);
    }
  }
  return std::make_shared<const Expr>(std::move(padded), map->dtype, map->shape, std::move(inputs));
}

NdArray evaluate_user_map(const ExprPtr& expr, const Box& box, LeafReader& reader) {
  const ExprPtr padded = with_boundaries(expr);
  const auto& node = *padded->as<UserMap>();
  if (box.empty()) return NdArray(expr->dtype, box.shape());
  std::vector<kernel::UserBlock> blocks;
  for (std::size_t i = 0; i < padded->inputs.size(); ++i) {
    const Shape& shape = padded->inputs[i]->shape;
    const Box needed = input_box(*padded, i, box);
    kernel::UserBlock block = block_of(materialise(evaluate_as_view(padded->inputs[i], needed, reader)), needed.begin);
    for (std::size_t axis = 0; axis < node.axes.size(); ++axis) {
      const auto& along = node.axes[axis];
      if (along.whole || along.output < 0 || (shape[axis] == 1 && expr->shape[along.output] != 1)) continue;
      // Positions count from the array's own first element, not from that of its boundary.
      if (along.boundary != kernel::Boundary::none) block.origin[axis] -= along.before;
      block.before[axis] = box.begin[along.output] - block.origin[axis];
      block.after[axis] = block.origin[axis] + block.values.shape()[axis] - box.end[along.output];
    }
    blocks.push_back(std::move(block));
  }
  return kernel::run_user_kernel(node.kernel, kernel::UserStage::map, blocks, expr->dtype, box.shape(), box.begin, node.parameters);
}

NdArray user_chunk(const UserReduction& user, const ExprPtr& expr, const Box& box, std::span<const int> axes, LeafReader& reader) {
  Index origin = box.begin;
  origin.push_back(0);
  const kernel::UserBlock block = block_of(materialise(evaluate_as_view(expr, box, reader)), box.begin);
  return kernel::run_user_kernel(user.kernel, kernel::UserStage::chunk, {&block, 1}, user.state_dtype,
                                 state_shape(box.shape(), axes, user.states), origin, user.parameters);
}

NdArray user_combine(const UserReduction& user, std::span<const NdArray> states) {
  std::vector<kernel::UserBlock> blocks;
  for (const auto& state : states) blocks.push_back(block_of(state, Index(state.shape().size(), 0)));
  return kernel::run_user_kernel(user.kernel, kernel::UserStage::combine, blocks, user.state_dtype, states[0].shape(),
                                 Index(states[0].shape().size(), 0), user.parameters);
}

NdArray user_aggregate(const UserReduction& user, const NdArray& state, DType dtype) {
  Shape shape = state.shape();
  shape.pop_back();
  const kernel::UserBlock block = block_of(state, Index(state.shape().size(), 0));
  return kernel::run_user_kernel(user.kernel, kernel::UserStage::aggregate, {&block, 1}, dtype, shape,
                                 Index(shape.size(), 0), user.parameters);
}

}  // namespace rankine::array
