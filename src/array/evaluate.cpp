#include "array/evaluate.hpp"

#include <algorithm>
#include <limits>
#include <unordered_map>
#include <unordered_set>

#include "array/evaluation_cuts.hpp"
#include "array/expr_walk.hpp"
#include "array/streaming_pieces.hpp"
#include "base/check.hpp"

namespace rankine::array {
namespace {

StridedView evaluate_view(const ExprPtr& expr, const Box& box, LeafReader& reader);

bool is_reduced(const Reduce& node, int axis) {
  return std::find(node.axes.begin(), node.axes.end(), axis) != node.axes.end();
}

/// Of a block that is read to be reduced at once, this much is read and decoded, then reduced while caches hold it.
constexpr std::uint64_t streamed_piece_bytes = 1 << 20;

/// A fused elementwise program over one box, with its evaluated inputs.
struct Fused {
  kernel::Program program;
  std::vector<StridedView> inputs;
};

/// Turns the elementwise nodes that share the root's shape into one program. Anything else below
/// (sources, slices, smaller operands that broadcast) is evaluated on its own and becomes an input,
/// so that cos(lat) is computed once a latitude and not once a grid point.
class Fuser {
 public:
  Fuser(const Box& box, const Shape& shape, LeafReader& reader) : box_(box), shape_(shape), reader_(reader) {}

  Fused fuse(const ExprPtr& root) {
    collect_inputs(root);
    number_instructions(root);
    return std::move(fused_);
  }

 private:
  bool is_inner(const ExprPtr& expr) const { return expr->as<Elementwise>() != nullptr && expr->shape == shape_; }

  void collect_inputs(const ExprPtr& root) {
    std::vector<const ExprPtr*> open{&root};
    while (!open.empty()) {
      const ExprPtr& expr = *open.back();
      open.pop_back();
      if (registers_.count(expr.get()) != 0) continue;
      if (!is_inner(expr)) {
        add_input(expr);
        continue;
      }
      registers_[expr.get()] = unnumbered;
      for (auto input = expr->inputs.rbegin(); input != expr->inputs.rend(); ++input) open.push_back(&*input);
    }
  }

  void add_input(const ExprPtr& expr) {
    Box needed = box_;
    for (int axis = 0; axis < expr->ndim(); ++axis) {
      if (expr->shape[axis] != shape_[axis]) {
        needed.begin[axis] = 0;
        needed.end[axis] = 1;
      }
    }
    registers_[expr.get()] = static_cast<std::int64_t>(fused_.inputs.size());
    fused_.program.inputs.push_back(expr->dtype);
    fused_.inputs.push_back(evaluate_view(expr, needed, reader_).broadcast_to(box_.shape()));
  }

  void number_instructions(const ExprPtr& root) {
    InputsFirst walk;
    walk(root, [&](const ExprPtr& expr) { number(*expr); }, [&](const Expr& expr) { return registers_.at(&expr) == unnumbered; });
  }

  void number(const Expr& expr) {
    std::int64_t& own = registers_.at(&expr);
    if (own != unnumbered) return;
    kernel::Instruction instruction{};
    instruction.op = expr.as<Elementwise>()->op;
    instruction.operand = expr.inputs[instruction.op == kernel::Op::where ? 1 : 0]->dtype;
    instruction.result = expr.dtype;
    for (std::size_t i = 0; i < expr.inputs.size(); ++i)
      instruction.registers[i] = static_cast<std::uint32_t>(registers_.at(expr.inputs[i].get()));
    fused_.program.instructions.push_back(instruction);
    own = static_cast<std::int64_t>(fused_.inputs.size() + fused_.program.instructions.size() - 1);
  }

  static constexpr std::int64_t unnumbered = -1;
  const Box& box_;
  const Shape& shape_;
  LeafReader& reader_;
  Fused fused_;
  std::unordered_map<const Expr*, std::int64_t> registers_;
};

Fused fuse(const ExprPtr& expr, const Box& box, LeafReader& reader) {
  return Fuser(box, expr->shape, reader).fuse(expr);
}

template <typename T>
T missing_value() {
  if constexpr (std::is_floating_point_v<T>) return std::numeric_limits<T>::quiet_NaN();
  else return T{};
}

StridedView evaluate_take(const ExprPtr& expr, const Take& node, const Box& box, LeafReader& reader) {
  const Box needed = input_box(*expr, 0, box);
  NdArray taken(expr->dtype, box.shape());
  if (box.empty()) return StridedView::of(taken);
  const bool nothing = needed.empty();
  const StridedView from = nothing ? StridedView{} : evaluate_view(expr->inputs[0], needed, reader);
  Index origin(box.begin.size(), 0);
  const auto& indices = *node.indices;
  for (std::int64_t i = box.begin[node.axis]; i < box.end[node.axis];) {
    const std::int64_t index = indices[static_cast<std::size_t>(i)];
    // Runs of consecutive indices are copied together.
    std::int64_t run = 1;
    while (i + run < box.end[node.axis] && index >= 0 && indices[static_cast<std::size_t>(i + run)] == index + run) ++run;
    origin[node.axis] = i - box.begin[node.axis];
    if (index >= 0) {
      copy_into(from.sliced(node.axis, index - needed.begin[node.axis], 1, run), taken, origin);
    } else {
      Shape one = box.shape();
      one[node.axis] = 1;
      NdArray gap(expr->dtype, Shape(one.size(), 1));
      dispatch(expr->dtype, [&]<typename T>() {
        gap.data<T>()[0] = is_time(expr->dtype) ? static_cast<T>(not_a_time) : missing_value<T>();
      });
      copy_into(StridedView::of(gap).broadcast_to(one), taken, origin);
    }
    i += run;
  }
  return StridedView::of(taken);
}

/// True if indices along `axis` lie one behind the other in C order: all axes before it have extent 1.
bool is_outermost(const Box& box, int axis) {
  for (int before = 0; before < axis; ++before)
    if (box.extent(before) != 1) return false;
  return true;
}

StridedView evaluate_concat(const ExprPtr& expr, const Concat& node, const Box& box, LeafReader& reader) {
  NdArray joined;
  for (std::size_t number = node.input_at(box.begin[node.axis]); number < expr->inputs.size(); ++number) {
    const ExprPtr& input = expr->inputs[number];
    const std::int64_t start = (*node.starts)[number];
    const std::int64_t extent = input->shape[node.axis];
    if (start >= box.end[node.axis]) break;
    if (extent > 0 && start + extent > box.begin[node.axis]) {
      Box part = box;
      part.begin[node.axis] = std::max(box.begin[node.axis], start) - start;
      part.end[node.axis] = std::min(box.end[node.axis], start + extent) - start;
      if (part.extent(node.axis) == box.extent(node.axis)) return evaluate_view(input, part, reader);
      if (joined.size() == 0) joined = NdArray(expr->dtype, box.shape());
      Index origin(box.begin.size(), 0);
      origin[node.axis] = part.begin[node.axis] + start - box.begin[node.axis];
      if (input->as<Elementwise>() != nullptr && input->dtype == expr->dtype && is_outermost(box, node.axis)) {
        // What is computed of each part, mostly fill values to NaN, is put in its place at once.
        const Fused fused = fuse(input, part, reader);
        const auto bytes = static_cast<std::int64_t>(size_of(expr->dtype));
        const std::int64_t before = joined.size() / box.extent(node.axis) * origin[node.axis] * bytes;
        kernel::run_into(fused.program, fused.inputs, part.shape(),
                         {joined.raw() + before, static_cast<std::size_t>(part.element_count() * bytes)});
      } else {
        copy_into(evaluate_view(input, part, reader), joined, origin);
      }
    }
  }
  return StridedView::of(joined.size() == 0 ? NdArray(expr->dtype, box.shape()) : joined);
}

/// The kept axes of a keepdims result, in order.
std::vector<int> kept_axes(int ndim, const Reduce& node) {
  std::vector<int> axes;
  for (int axis = 0; axis < ndim; ++axis) {
    if (!is_reduced(node, axis)) axes.push_back(axis);
  }
  return axes;
}

StridedView evaluate_group_reduce(const ExprPtr& expr, const GroupReduce& node, const Box& box, LeafReader& reader) {
  // Only the groups inside the box get slots.
  std::vector<std::int32_t> slots(node.codes->size());
  for (std::size_t i = 0; i < slots.size(); ++i) {
    const std::int64_t code = (*node.codes)[i];
    slots[i] = code >= box.begin[node.axis] && code < box.end[node.axis]
                   ? static_cast<std::int32_t>(code - box.begin[node.axis]) : -1;
  }
  const kernel::Partial partial = evaluate_grouped(expr->inputs[0], input_box(*expr, 0, box), node.axis, slots,
                                                   box.extent(node.axis), node.spec, reader);
  return StridedView::of(kernel::finalise(node.spec, partial));
}

StridedView evaluate_view(const ExprPtr& expr, const Box& box, LeafReader& reader) {
  if (const auto* node = expr->as<Source>()) return reader.read(*node->array, box);
  if (const auto* node = expr->as<Constant>()) return StridedView::of(node->value).inside(box);
  if (const auto* node = expr->as<LayerInput>()) return reader.layer(node->layer, box);
  if (expr->as<Elementwise>() != nullptr) {
    const Fused fused = fuse(expr, box, reader);
    return StridedView::of(kernel::run(fused.program, fused.inputs, box.shape()));
  }
  if (const auto* node = expr->as<Slice>()) {
    if (box.empty()) return StridedView::of(NdArray(expr->dtype, box.shape()));
    StridedView view = evaluate_view(expr->inputs[0], input_box(*expr, 0, box), reader);
    for (int axis = 0; axis < box.ndim(); ++axis) {
      if (node->step[axis] == 1) continue;
      const std::int64_t first = node->step[axis] > 0 ? 0 : view.shape[axis] - 1;
      view = view.sliced(axis, first, node->step[axis], box.extent(axis));
    }
    return view;
  }
  if (const auto* node = expr->as<Take>()) return evaluate_take(expr, *node, box, reader);
  if (const auto* node = expr->as<Permute>())
    return evaluate_view(expr->inputs[0], input_box(*expr, 0, box), reader).permuted(node->axes);
  if (expr->as<Broadcast>() != nullptr)
    return evaluate_view(expr->inputs[0], input_box(*expr, 0, box), reader).broadcast_to(box.shape());
  if (const auto* node = expr->as<Concat>()) return evaluate_concat(expr, *node, box, reader);
  if (expr->as<Rechunk>() != nullptr) return evaluate_view(expr->inputs[0], box, reader);
  if (expr->as<UserMap>() != nullptr) return StridedView::of(evaluate_user_map(expr, box, reader));
  if (const auto* node = expr->as<Reduce>(); node != nullptr && node->user != nullptr) {
    const NdArray state = user_chunk(*node->user, expr->inputs[0], input_box(*expr, 0, box), node->axes, reader);
    return StridedView::of(user_aggregate(*node->user, state, expr->dtype)).permuted(kept_axes(expr->inputs[0]->ndim(), *node));
  }
  if (const auto* node = expr->as<Reduce>()) {
    const kernel::Partial partial =
        evaluate_reduced(expr->inputs[0], input_box(*expr, 0, box), node->axes, node->spec, reader);
    return StridedView::of(kernel::finalise(node->spec, partial)).permuted(kept_axes(expr->inputs[0]->ndim(), *node));
  }
  const auto* node = expr->as<GroupReduce>();
  RANKINE_CHECK(node != nullptr, "a kind of expression without evaluation");
  return evaluate_group_reduce(expr, *node, box, reader);
}

/// Reading is impossible: constants have no such leaves.
class NoReader : public LeafReader {
 public:
  StridedView read(const StoredArray&, const Box&) override { return fail(); }
  StridedView layer(LayerId, const Box&) override { return fail(); }
 private:
  static StridedView fail() {
    RANKINE_CHECK(false, "a constant expression has a leaf to read");
    return {};
  }
};

}  // namespace

StridedView evaluate_as_view(const ExprPtr& expr, const Box& box, LeafReader& reader) {
  if (expr->dtype == DType::string) return StridedView::of(evaluate(expr, box, reader));
  return evaluate_view(expr, box, reader);
}

namespace {
Box user_input_box(const Expr& expr, const UserMap& node, std::size_t input, const Box& box) {
  const Shape& shape = expr.inputs[input]->shape;
  Box needed = Box::whole(shape);
  if (box.empty()) return {Index(shape.size(), 0), Index(shape.size(), 0)};
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    const UserMap::Axis& along = node.axes[axis];
    if (along.whole || along.output < 0) continue;
    const std::int64_t extent = expr.shape[along.output];
    if (shape[axis] == 1 && extent != 1) continue;
    const bool padded = node.padded && along.boundary != kernel::Boundary::none;
    needed.begin[axis] = box.begin[along.output] - (padded ? 0 : along.before);
    needed.end[axis] = box.end[along.output] + along.after + (padded ? along.before : 0);
    needed.begin[axis] = std::max<std::int64_t>(0, needed.begin[axis]);
    needed.end[axis] = std::min(shape[axis], needed.end[axis]);
  }
  return needed;
}
}  // namespace

Box input_box(const Expr& expr, std::size_t input, const Box& box) {
  const Shape& shape = expr.inputs[input]->shape;
  Box needed{Index(shape.size(), 0), Index(shape.size(), 0)};
  if (const auto* slice = expr.as<Slice>()) {
    if (box.empty()) return needed;
    for (int axis = 0; axis < box.ndim(); ++axis) {
      const std::int64_t first = slice->start[axis] + slice->step[axis] * box.begin[axis];
      const std::int64_t last = slice->start[axis] + slice->step[axis] * (box.end[axis] - 1);
      needed.begin[axis] = std::min(first, last);
      needed.end[axis] = std::max(first, last) + 1;
    }
    return needed;
  }
  if (const auto* take = expr.as<Take>()) {
    needed = box;
    std::int64_t low = std::numeric_limits<std::int64_t>::max();
    std::int64_t high = -1;
    for (std::int64_t i = box.begin[take->axis]; i < box.end[take->axis]; ++i) {
      const std::int64_t index = (*take->indices)[static_cast<std::size_t>(i)];
      if (index < 0) continue;
      low = std::min(low, index);
      high = std::max(high, index);
    }
    needed.begin[take->axis] = high < 0 ? 0 : low;
    needed.end[take->axis] = high + 1;
    return needed;
  }
  if (const auto* permute = expr.as<Permute>()) {
    needed.end.assign(shape.size(), 1);
    for (std::size_t k = 0; k < permute->axes.size(); ++k) {
      if (permute->axes[k] < 0) continue;
      needed.begin[permute->axes[k]] = box.begin[k];
      needed.end[permute->axes[k]] = box.end[k];
    }
    return needed;
  }
  if (const auto* concat = expr.as<Concat>()) {
    const std::int64_t start = (*concat->starts)[input];
    needed = box;
    needed.begin[concat->axis] = std::max<std::int64_t>(0, box.begin[concat->axis] - start);
    needed.end[concat->axis] = std::max(needed.begin[concat->axis],
                                        std::min(shape[concat->axis], box.end[concat->axis] - start));
    return needed;
  }
  if (const auto* reduce = expr.as<Reduce>()) {
    std::size_t kept = 0;
    for (int axis = 0; axis < static_cast<int>(shape.size()); ++axis) {
      const bool reduced = is_reduced(*reduce, axis);
      needed.begin[axis] = reduced ? 0 : box.begin[kept];
      needed.end[axis] = reduced ? shape[axis] : box.end[kept];
      kept += reduced ? 0 : 1;
    }
    return needed;
  }
  if (const auto* map = expr.as<UserMap>()) return user_input_box(expr, *map, input, box);
  needed = box;
  if (const auto* group = expr.as<GroupReduce>()) {
    needed.begin[group->axis] = 0;
    needed.end[group->axis] = shape[group->axis];
    return needed;
  }
  for (int axis = 0; axis < box.ndim(); ++axis) {
    if (shape[axis] == 1 && expr.shape[axis] != 1) {
      needed.begin[axis] = 0;
      needed.end[axis] = 1;
    }
  }
  return needed;
}

NdArray evaluate(const ExprPtr& expr, const Box& box, LeafReader& reader) {
  if (expr->dtype == DType::string) {
    const auto* node = expr->as<Constant>();
    RANKINE_CHECK(node != nullptr, "strings exist only as constants");
    RANKINE_CHECK(box == Box::whole(expr->shape), "strings are evaluated whole");
    return node->value;
  }
  if (const auto* node = expr->as<Constant>(); node != nullptr && box == Box::whole(expr->shape)) return node->value;
  if (expr->as<Elementwise>() != nullptr) {
    const Fused fused = fuse(expr, box, reader);
    return kernel::run(fused.program, fused.inputs, box.shape());
  }
  return materialise(evaluate_view(expr, box, reader));
}

NdArray evaluate_constant(const ExprPtr& expr) {
  NoReader reader;
  const auto whole = [&](const ExprPtr& part) { return evaluate(part, Box::whole(part->shape), reader); };
  constexpr std::uint32_t surely_small = 3;
  const auto cuts = expr->depth <= surely_small ? std::vector<ExprPtr>{} : evaluation_cuts({expr}, [](const Expr&) { return false; });
  if (cuts.empty()) return whole(expr);
  std::unordered_set<const Expr*> is_cut;
  for (const auto& cut : cuts) is_cut.insert(cut.get());
  Rewriting rewritten([&](const ExprPtr& original, const ExprPtr& rebuilt) {
    return is_cut.count(original.get()) == 0 ? rebuilt : constant(whole(rebuilt));
  });
  return whole(rewritten(expr));
}

kernel::Partial evaluate_reduced(const ExprPtr& expr, const Box& box, std::span<const int> axes,
                                 const kernel::ReduceSpec& spec, LeafReader& reader) {
  if (kernel::StreamedReduction::fits(box.shape(), axes)) {
    const std::vector<Box> pieces = streaming_pieces(expr, box, streamed_piece_bytes);
    if (pieces.size() > 1) {
      kernel::StreamedReduction reduction(spec, box.shape(), {axes.begin(), axes.end()});
      for (const Box& piece : pieces) {
        const Fused fused = fuse(expr, piece, reader);
        reduction.add(fused.program, fused.inputs, piece.extent(0));
      }
      return reduction.finish();
    }
  }
  const Fused fused = fuse(expr, box, reader);
  return kernel::reduce_block(fused.program, fused.inputs, box.shape(), axes, spec);
}

kernel::Partial evaluate_grouped(const ExprPtr& expr, const Box& box, int axis, std::span<const std::int32_t> slots,
                                 std::int64_t slot_count, const kernel::ReduceSpec& spec, LeafReader& reader) {
  const Fused fused = fuse(expr, box, reader);
  return kernel::reduce_block_grouped(fused.program, fused.inputs, box.shape(), axis, slots, slot_count, spec);
}

}  // namespace rankine::array
