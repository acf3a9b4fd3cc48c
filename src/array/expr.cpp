#include "array/expr.hpp"

#include <algorithm>
#include <iterator>
#include <numeric>

#include "base/check.hpp"
#include "base/error.hpp"
#include "grid/byte_count.hpp"
#include "grid/strided_view.hpp"

namespace rankine::array {
namespace {

ExprPtr make(Expr::Node node, DType dtype, Shape shape, std::vector<ExprPtr> inputs = {}) {
  byte_count(shape, dtype);  // what nobody could hold is refused where it is described
  return std::make_shared<const Expr>(std::move(node), dtype, std::move(shape), std::move(inputs));
}

bool reads_itself(const Expr::Node& node) {
  const auto* reduce = std::get_if<Reduce>(&node);
  return std::holds_alternative<Source>(node) || std::holds_alternative<LayerInput>(node) ||
         std::holds_alternative<UserMap>(node) || (reduce != nullptr && reduce->user != nullptr);
}

std::uint32_t depth_over(const std::vector<ExprPtr>& inputs) {
  std::uint32_t depth = 0;
  for (const auto& input : inputs) depth = std::max(depth, input->depth + 1);
  return depth;
}

bool any_reads(const std::vector<ExprPtr>& inputs) {
  return std::any_of(inputs.begin(), inputs.end(), [](const ExprPtr& input) { return input->reads; });
}

/// Strings live only in constants, so everything structural happens to them at once:
/// element i of the result is element at(i) of the input, or empty where at gives -1.
template <typename At>
ExprPtr gather_strings(const ExprPtr& input, const Shape& shape, At&& at) {
  const auto* node = input->as<Constant>();
  RANKINE_CHECK(node != nullptr, "strings exist only as constants");
  const auto& from = node->value.strings();
  std::vector<std::string> texts;
  texts.reserve(static_cast<std::size_t>(element_count(shape)));
  for_each_index(Box::whole(shape), [&](const Index& index) {
    const std::int64_t position = at(index);
    texts.push_back(position < 0 ? std::string() : from[static_cast<std::size_t>(position)]);
  });
  return constant(NdArray::from_strings(std::move(texts), shape));
}

std::int64_t linear(const Index& index, const Shape& strides) {
  return std::inner_product(index.begin(), index.end(), strides.begin(), std::int64_t{0});
}

/// Constants up to this size are sliced and permuted at once instead of growing a chain of nodes.
constexpr std::int64_t eager_constant_elements = 1 << 16;

bool is_small_constant(const ExprPtr& input) {
  const auto* node = input->as<Constant>();
  return node != nullptr && node->value.dtype() != DType::string && node->value.size() <= eager_constant_elements;
}

/// Inputs of nodes that this thread is letting go, while it does.
thread_local std::vector<ExprPtr>* let_go = nullptr;

}  // namespace

Expr::Expr(Node node_of, DType dtype_of, Shape shape_of, std::vector<ExprPtr> inputs_of)
    : node(std::move(node_of)), dtype(dtype_of), shape(std::move(shape_of)), inputs(std::move(inputs_of)),
      depth(depth_over(inputs)), reads(reads_itself(node) || any_reads(inputs)) {}

Expr::~Expr() {
  if (inputs.empty()) return;
  if (let_go != nullptr) {
    std::move(inputs.begin(), inputs.end(), std::back_inserter(*let_go));
    return;
  }
  std::vector<ExprPtr> waiting = std::move(inputs);
  let_go = &waiting;
  while (!waiting.empty()) {
    // Dropped outside the list: if this was its last owner, its inputs are added to the list.
    const ExprPtr last = std::move(waiting.back());
    waiting.pop_back();
  }
  let_go = nullptr;
}

ExprPtr with_inputs(const ExprPtr& expr, std::vector<ExprPtr> inputs) {
  return inputs == expr->inputs ? expr : make(expr->node, expr->dtype, expr->shape, std::move(inputs));
}

ExprPtr with_inputs(const ExprPtr& expr, std::vector<ExprPtr> inputs, Shape shape) {
  return make(expr->node, expr->dtype, std::move(shape), std::move(inputs));
}

ExprPtr source(StoredArrayPtr array) {
  const DType dtype = array->dtype;
  Shape shape = array->shape;
  return make(Source{std::move(array)}, dtype, std::move(shape));
}

ExprPtr constant(NdArray value) {
  const DType dtype = value.dtype();
  Shape shape = value.shape();
  return make(Constant{std::move(value)}, dtype, std::move(shape));
}

ExprPtr elementwise(kernel::Op op, std::vector<ExprPtr> inputs) {
  RANKINE_CHECK(static_cast<int>(inputs.size()) == kernel::operand_count(op), "wrong number of operands");
  std::size_t ndim = 0;
  for (const auto& input : inputs) ndim = std::max(ndim, input->shape.size());
  Shape shape(ndim, 1);
  for (auto& input : inputs) {
    if (input->shape.size() < ndim) {
      std::vector<int> axes(ndim, -1);
      std::iota(axes.end() - input->ndim(), axes.end(), 0);
      input = permute(input, std::move(axes));
    }
    for (std::size_t axis = 0; axis < ndim; ++axis) {
      const std::int64_t extent = input->shape[axis];
      if (extent == 1) continue;
      RANKINE_CHECK(shape[axis] == 1 || shape[axis] == extent, "operands do not broadcast");
      shape[axis] = extent;
    }
  }
  const bool is_where = op == kernel::Op::where;
  const DType operand = inputs[is_where ? 1 : 0]->dtype;
  RANKINE_CHECK(op != kernel::Op::cast, "use cast()");
  RANKINE_CHECK(operand != DType::string, "strings have no elementwise operations");
  if (is_where) RANKINE_CHECK(inputs[0]->dtype == DType::boolean, "where needs a bool condition");
  for (std::size_t i = is_where ? 1 : 0; i < inputs.size(); ++i)
    RANKINE_CHECK(inputs[i]->dtype == operand, "operands differ in dtype: cast first");
  return make(Elementwise{op}, kernel::result_dtype(op, operand), std::move(shape), std::move(inputs));
}

ExprPtr cast(const ExprPtr& input, DType to) {
  if (input->dtype == to) return input;
  if (input->dtype == DType::string || to == DType::string)
    throw UsageError("there is no conversion from " + name_of(input->dtype) + " to " + name_of(to));
  return make(Elementwise{kernel::Op::cast}, to, input->shape, {input});
}

ExprPtr slice(const ExprPtr& input, Index start, Index step, Shape count) {
  const std::size_t ndim = input->shape.size();
  RANKINE_CHECK(start.size() == ndim && step.size() == ndim && count.size() == ndim, "slice needs one entry an axis");
  bool whole = true;
  for (std::size_t axis = 0; axis < ndim; ++axis) {
    if (count[axis] <= 1) step[axis] = 1;
    if (count[axis] == 0) start[axis] = 0;
    whole = whole && start[axis] == 0 && step[axis] == 1 && count[axis] == input->shape[axis];
    if (count[axis] == 0) continue;
    const std::int64_t last = start[axis] + step[axis] * (count[axis] - 1);
    RANKINE_CHECK(start[axis] >= 0 && start[axis] < input->shape[axis] && last >= 0 && last < input->shape[axis],
                  "slice leaves the array");
  }
  if (whole) return input;
  if (input->dtype == DType::string) {
    const Shape strides = c_strides(input->shape);
    return gather_strings(input, count, [&](const Index& index) {
      std::int64_t position = 0;
      for (std::size_t axis = 0; axis < ndim; ++axis)
        position += (start[axis] + step[axis] * index[axis]) * strides[axis];
      return position;
    });
  }
  if (is_small_constant(input)) {
    StridedView view = StridedView::of(input->as<Constant>()->value);
    for (std::size_t axis = 0; axis < ndim; ++axis)
      view = view.sliced(static_cast<int>(axis), start[axis], step[axis], count[axis]);
    return constant(materialise(view));
  }
  if (const auto* inner = input->as<Slice>()) {
    for (std::size_t axis = 0; axis < ndim; ++axis) {
      start[axis] = inner->start[axis] + inner->step[axis] * start[axis];
      step[axis] *= inner->step[axis];
      if (count[axis] == 0) start[axis] = 0;
      if (count[axis] <= 1) step[axis] = 1;
    }
    return make(Slice{std::move(start), std::move(step)}, input->dtype, std::move(count), input->inputs);
  }
  return make(Slice{std::move(start), std::move(step)}, input->dtype, std::move(count), {input});
}

ExprPtr take(const ExprPtr& input, int axis, std::vector<std::int64_t> indices) {
  RANKINE_CHECK(axis >= 0 && axis < input->ndim(), "no such axis");
  Shape shape = input->shape;
  const std::int64_t extent = shape[axis];
  shape[axis] = static_cast<std::int64_t>(indices.size());
  bool regular = true;
  const std::int64_t step = indices.size() > 1 ? indices[1] - indices[0] : 1;
  for (std::size_t i = 0; i < indices.size(); ++i) {
    RANKINE_CHECK(indices[i] >= -1 && indices[i] < extent, "take leaves the array");
    regular = regular && indices[i] >= 0 && step != 0 &&
              indices[i] == indices[0] + step * static_cast<std::int64_t>(i);
  }
  if (regular && !indices.empty()) {
    Index start(shape.size(), 0);
    Index steps(shape.size(), 1);
    start[axis] = indices[0];
    steps[axis] = step;
    return slice(input, std::move(start), std::move(steps), std::move(shape));
  }
  if (input->dtype == DType::string) {
    const Shape strides = c_strides(input->shape);
    return gather_strings(input, shape, [&](const Index& index) {
      Index from = index;
      from[axis] = indices[static_cast<std::size_t>(index[axis])];
      return from[axis] < 0 ? -1 : linear(from, strides);
    });
  }
  auto list = std::make_shared<const std::vector<std::int64_t>>(std::move(indices));
  return make(Take{axis, std::move(list)}, input->dtype, std::move(shape), {input});
}

ExprPtr permute(const ExprPtr& input, std::vector<int> axes) {
  std::vector<bool> named(input->shape.size(), false);
  Shape shape(axes.size(), 1);
  bool identity = axes.size() == input->shape.size();
  for (std::size_t k = 0; k < axes.size(); ++k) {
    identity = identity && axes[k] == static_cast<int>(k);
    if (axes[k] < 0) continue;
    RANKINE_CHECK(axes[k] < input->ndim() && !named[axes[k]], "permute names an axis twice or none there is");
    named[axes[k]] = true;
    shape[k] = input->shape[axes[k]];
  }
  for (std::size_t axis = 0; axis < named.size(); ++axis)
    RANKINE_CHECK(named[axis] || input->shape[axis] == 1, "permute drops an axis that is longer than 1");
  if (identity) return input;
  if (const auto* inner = input->as<Permute>()) {
    for (int& axis : axes) axis = axis < 0 ? -1 : inner->axes[axis];
    return permute(input->inputs[0], std::move(axes));
  }
  if (input->dtype == DType::string) {
    const Shape strides = c_strides(input->shape);
    return gather_strings(input, shape, [&](const Index& index) {
      std::int64_t position = 0;
      for (std::size_t k = 0; k < axes.size(); ++k)
        if (axes[k] >= 0) position += index[k] * strides[axes[k]];
      return position;
    });
  }
  if (is_small_constant(input))
    return constant(materialise(StridedView::of(input->as<Constant>()->value).permuted(axes)));
  return make(Permute{std::move(axes)}, input->dtype, std::move(shape), {input});
}

ExprPtr broadcast(const ExprPtr& input, Shape shape) {
  RANKINE_CHECK(shape.size() == input->shape.size(), "broadcast keeps ndim");
  for (std::size_t axis = 0; axis < shape.size(); ++axis)
    RANKINE_CHECK(input->shape[axis] == shape[axis] || input->shape[axis] == 1, "only extent 1 broadcasts");
  if (shape == input->shape) return input;
  if (input->dtype == DType::string) {
    const Shape strides = c_strides(input->shape);
    return gather_strings(input, shape, [&](const Index& index) {
      std::int64_t position = 0;
      for (std::size_t axis = 0; axis < shape.size(); ++axis)
        if (input->shape[axis] != 1) position += index[axis] * strides[axis];
      return position;
    });
  }
  return make(Broadcast{}, input->dtype, std::move(shape), {input});
}

ExprPtr reduce(const ExprPtr& input, std::vector<int> axes, kernel::ReduceSpec spec) {
  std::sort(axes.begin(), axes.end());
  Shape shape;
  for (int axis = 0; axis < input->ndim(); ++axis) {
    if (!std::binary_search(axes.begin(), axes.end(), axis)) shape.push_back(input->shape[axis]);
  }
  RANKINE_CHECK(shape.size() + axes.size() == input->shape.size(), "reduce names an axis twice or none there is");
  spec.input = input->dtype;
  const DType dtype = spec.result_dtype();
  return make(Reduce{std::move(axes), spec}, dtype, std::move(shape), {input});
}

ExprPtr group_reduce(const ExprPtr& input, int axis, std::vector<std::int32_t> codes, std::int64_t group_count,
                     kernel::ReduceSpec spec) {
  RANKINE_CHECK(axis >= 0 && axis < input->ndim(), "no such axis");
  RANKINE_CHECK(static_cast<std::int64_t>(codes.size()) == input->shape[axis], "one code a position");
  for (const std::int32_t code : codes) RANKINE_CHECK(code >= -1 && code < group_count, "no such group");
  spec.input = input->dtype;
  Shape shape = input->shape;
  shape[axis] = group_count;
  const DType dtype = spec.result_dtype();
  auto list = std::make_shared<const std::vector<std::int32_t>>(std::move(codes));
  return make(GroupReduce{axis, std::move(list), group_count, spec}, dtype, std::move(shape), {input});
}

ExprPtr concat(const std::vector<ExprPtr>& inputs, int axis) {
  RANKINE_CHECK(!inputs.empty(), "concat of nothing");
  if (inputs.size() == 1) return inputs[0];
  Shape shape = inputs[0]->shape;
  shape[axis] = 0;
  bool strings = false;
  bool small = true;
  std::int64_t total = 0;
  for (const auto& input : inputs) {
    RANKINE_CHECK(input->dtype == inputs[0]->dtype, "concat needs one dtype: cast first");
    for (int other = 0; other < input->ndim(); ++other)
      RANKINE_CHECK(other == axis || input->shape[other] == shape[other], "concat of unlike shapes");
    shape[axis] += input->shape[axis];
    strings = strings || input->dtype == DType::string;
    small = small && is_small_constant(input);
    total += element_count(input->shape);
  }
  if (strings) {
    std::vector<std::string> texts(static_cast<std::size_t>(element_count(shape)));
    const Shape strides = c_strides(shape);
    std::int64_t origin = 0;
    for (const auto& input : inputs) {
      const auto& from = input->as<Constant>()->value.strings();
      std::size_t next = 0;
      for_each_index(Box::whole(input->shape), [&](const Index& index) {
        texts[static_cast<std::size_t>(linear(index, strides) + origin * strides[axis])] = from[next++];
      });
      origin += input->shape[axis];
    }
    return constant(NdArray::from_strings(std::move(texts), shape));
  }
  if (small && total <= eager_constant_elements) {
    NdArray joined(inputs[0]->dtype, shape);
    Index origin(shape.size(), 0);
    for (const auto& input : inputs) {
      copy_into(StridedView::of(input->as<Constant>()->value), joined, origin);
      origin[axis] += input->shape[axis];
    }
    return constant(std::move(joined));
  }
  return make(Concat::of(axis, inputs), inputs[0]->dtype, std::move(shape), inputs);
}

Concat Concat::of(int axis, const std::vector<ExprPtr>& inputs) {
  auto starts = std::make_shared<std::vector<std::int64_t>>(1, 0);
  starts->reserve(inputs.size() + 1);
  for (const auto& input : inputs) starts->push_back(starts->back() + input->shape[static_cast<std::size_t>(axis)]);
  return {axis, std::move(starts)};
}

std::size_t Concat::input_at(std::int64_t at) const {
  const auto behind = std::upper_bound(starts->begin(), starts->end(), at) - starts->begin();
  return static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(behind - 1, 0, std::ssize(*starts) - 2));
}

ExprPtr rechunk(const ExprPtr& input, Shape chunk_shape) {
  RANKINE_CHECK(chunk_shape.size() == input->shape.size(), "one chunk extent an axis");
  if (is_constant(input)) return input;
  return make(Rechunk{std::move(chunk_shape)}, input->dtype, input->shape, {input});
}

ExprPtr layer_input(LayerId layer, DType dtype, Shape shape) {
  return make(LayerInput{layer}, dtype, std::move(shape));
}

bool is_user(const Expr& expr) {
  const auto* reduce = expr.as<Reduce>();
  return expr.as<UserMap>() != nullptr || (reduce != nullptr && reduce->user != nullptr);
}

Bytes bytes_of(const Expr& expr) {
  return {byte_count(expr.shape, expr.dtype)};
}

}  // namespace rankine::array
