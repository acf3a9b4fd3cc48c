#include "runtime/task_runner.hpp"

#include <algorithm>
#include <optional>

#include "array/evaluate.hpp"
#include "array/stored_values.hpp"
#include "base/check.hpp"

namespace rankine::runtime {
namespace {

using plan::Layer;
using plan::LayerKind;

const BlockPtr& input_block(const Inputs& inputs, TaskId task) {
  const auto found = inputs.find(task);
  RANKINE_CHECK(found != inputs.end() && found->second != nullptr, "a task runs without one of its inputs");
  return found->second;
}

/// Reads stored data through the store and other layers' blocks from the task's inputs.
class TaskLeaves : public array::LeafReader {
 public:
  TaskLeaves(const plan::LoweredPlan& plan, const Inputs& inputs, store::Reader& reader)
      : plan_(plan), inputs_(inputs), reader_(reader) {}

  StridedView read(const array::StoredArray& array, const Box& box) override {
    return StridedView::of(reader_.read(array, box));
  }

  StridedView layer(LayerId id, const Box& box) override {
    const Layer& layer = plan_.layer(id);
    if (box.empty()) return StridedView::of(NdArray(layer.dtype, box.shape()));
    const Box blocks = layer.grid.blocks_touching(box);
    if (blocks.element_count() == 1) return part(layer, blocks.begin, box);
    NdArray joined(layer.dtype, box.shape());
    for_each_index(blocks, [&](const Index& block) {
      const Box piece = layer.grid.box_of(block).intersect(box);
      if (piece.empty()) return;
      copy_into(part(layer, block, piece), joined, piece.relative_to(box.begin).begin);
    });
    return StridedView::of(joined);
  }

 private:
  StridedView part(const Layer& layer, const Index& block, const Box& box) const {
    const BlockPtr& held = input_block(inputs_, plan_.task_of(layer, block));
    return StridedView::of(held->parts.at(0)).inside(box.relative_to(layer.grid.box_of(block).begin));
  }

  const plan::LoweredPlan& plan_;
  const Inputs& inputs_;
  store::Reader& reader_;
};

kernel::Partial copy_of(const std::vector<NdArray>& parts) {
  kernel::Partial copy;
  for (const auto& part : parts) copy.push_back(materialise(StridedView::of(part)));
  return copy;
}

}  // namespace

TaskRunner::TaskRunner(RunPlanPtr plan, store::Reader& reader, store::Writer& writer, AppendLog* appended)
    : plan_(std::move(plan)), reader_(reader), writer_(writer), appended_(appended) {
  for (const Layer& layer : plan_->lowered.layers()) {
    moved_.emplace_back();
    if (layer.kind != LayerKind::encode && layer.kind != LayerKind::write) continue;
    const plan::Sink& sink = plan_->lowered.logical().sinks[static_cast<std::size_t>(layer.sink)];
    const store::OutputTarget& target = plan_->outputs[sink.output];
    if (target.offsets[sink.variable] != UINT64_MAX) continue;  // written in place, without codecs
    moved_.back() = std::make_unique<const MovedChunks>(layer.expr, target.spec.variables[sink.variable]);
  }
}

/// Chunks that are moved as they are stored, those beside them computed; nullopt: none is moved.
std::optional<std::vector<store::EncodedChunk>> TaskRunner::moved_chunks(const Layer& layer, const Box& box, array::LeafReader& leaves) const {
  const auto& moved = moved_[layer.id.value];
  if (moved == nullptr || !moved->any(box)) return std::nullopt;
  const plan::Sink& sink = plan_->lowered.logical().sinks[static_cast<std::size_t>(layer.sink)];
  const array::OutputVariable& variable = plan_->outputs[sink.output].spec.variables[sink.variable];
  return store::encode_chunks(
      variable, box, [&](const Index& unit) { return moved->read(unit, reader_); },
      [&](const Box& part) { return array::stored_values(array::evaluate(layer.expr, part, leaves), variable, part); });
}

BlockPtr TaskRunner::run(TaskId task, const Inputs& inputs) const {
  if (plan_->saved.contains(task)) return plan_->saved.load(task);
  const Layer& layer = plan_->lowered.layer_of(task);
  const Index block = plan_->lowered.block_of(task);
  std::optional<kernel::UserKernelScope> scope;
  std::string description;
  if (layer.user != nullptr || (layer.expr != nullptr && array::is_user(*layer.expr))) {
    description = plan_->lowered.describe(task);
    scope.emplace(description);
  }
  switch (layer.kind) {
    case LayerKind::block:
    case LayerKind::encode:
    case LayerKind::reduce: return std::make_shared<const Block>(evaluate_block(layer, block, inputs));
    case LayerKind::combine:
    case LayerKind::finish: return std::make_shared<const Block>(merge(layer, task, inputs));
    case LayerKind::group_reduce: return std::make_shared<const Block>(reduce_groups(layer, block, inputs));
    case LayerKind::group_combine:
    case LayerKind::group_finish: return std::make_shared<const Block>(merge_groups(layer, task, inputs));
    case LayerKind::append: return std::make_shared<const Block>(append(layer, task, inputs));
    case LayerKind::write: return std::make_shared<const Block>(write(layer, block, inputs));
  }
  RANKINE_CHECK(false, "a kind of layer without a runner");
  return nullptr;
}

Block TaskRunner::evaluate_block(const Layer& layer, const Index& block, const Inputs& inputs) const {
  TaskLeaves leaves(plan_->lowered, inputs, reader_);
  const Box box = layer.grid.box_of(block);
  if (layer.user != nullptr) return {{array::user_chunk(*layer.user, layer.expr, box, layer.axes, leaves)}, {}};
  if (layer.kind == LayerKind::reduce) return {array::evaluate_reduced(layer.expr, box, layer.axes, layer.spec, leaves), {}};
  if (layer.kind == LayerKind::encode)
    if (auto moved = moved_chunks(layer, box, leaves)) return {{}, std::move(*moved)};
  NdArray values = array::evaluate(layer.expr, box, leaves);
  if (layer.kind == LayerKind::block) return {{std::move(values)}, {}};
  const plan::Sink& sink = plan_->lowered.logical().sinks[static_cast<std::size_t>(layer.sink)];
  const array::OutputVariable& variable = plan_->outputs[sink.output].spec.variables[sink.variable];
  return {{}, store::encode_chunks(variable, array::stored_values(std::move(values), variable, box), box)};
}

Block TaskRunner::reduce_groups(const Layer& layer, const Index& block, const Inputs& inputs) const {
  TaskLeaves leaves(plan_->lowered, inputs, reader_);
  const Box box = layer.grid.box_of(block);
  const auto& groups = layer.groups[static_cast<std::size_t>(block[layer.axis])];
  std::vector<std::int32_t> slots;
  for (std::int64_t i = box.begin[layer.axis]; i < box.end[layer.axis]; ++i) {
    const std::int32_t code = (*layer.codes)[static_cast<std::size_t>(i)];
    const auto slot = std::lower_bound(groups.begin(), groups.end(), code) - groups.begin();
    slots.push_back(code < 0 ? -1 : static_cast<std::int32_t>(slot));
  }
  return {array::evaluate_grouped(layer.expr, box, layer.axis, slots, static_cast<std::int64_t>(groups.size()),
                                  layer.spec, leaves), {}};
}

Block TaskRunner::merge(const Layer& layer, TaskId task, const Inputs& inputs) const {
  std::vector<TaskId> order;
  plan_->lowered.dependencies(task, order);
  RANKINE_CHECK(!order.empty(), "a reduction without partial results");
  // Block order is fixed by the plan, so every run adds in the same order.
  if (layer.user != nullptr) {
    std::vector<NdArray> states;
    for (const TaskId input : order) states.push_back(input_block(inputs, input)->parts.at(0));
    const NdArray state = states.size() == 1 ? states[0] : array::user_combine(*layer.user, states);
    if (layer.kind == LayerKind::combine) return {{state}, {}};
    const Shape kept = layer.grid.box_of(plan_->lowered.block_of(task)).shape();
    return {{array::user_aggregate(*layer.user, state, layer.dtype).reshaped(kept)}, {}};
  }
  const bool alone = order.size() == 1;
  kernel::Partial merged = alone ? input_block(inputs, order[0])->parts : copy_of(input_block(inputs, order[0])->parts);
  for (std::size_t i = 1; i < order.size(); ++i) {
    std::vector<StridedView> from;
    for (const auto& part : input_block(inputs, order[i])->parts) from.push_back(StridedView::of(part));
    kernel::combine(layer.spec, merged, from);
  }
  if (layer.kind == LayerKind::combine) return {std::move(merged), {}};
  const Shape shape = layer.grid.box_of(plan_->lowered.block_of(task)).shape();
  return {{kernel::finalise(layer.spec, merged).reshaped(shape)}, {}};
}

Block TaskRunner::merge_groups(const Layer& layer, TaskId task, const Inputs& inputs) const {
  const plan::LoweredPlan& lowered = plan_->lowered;
  const Index block = lowered.block_of(task);
  const bool last = layer.kind == LayerKind::group_finish;
  const Box box = layer.grid.box_of(block);
  const Layer& producer = lowered.layer(layer.edges[0].producer);
  const auto slot_of = [&](std::int32_t group) -> std::int32_t {
    if (last) {
      const bool inside = group >= box.begin[layer.axis] && group < box.end[layer.axis];
      return inside ? static_cast<std::int32_t>(group - box.begin[layer.axis]) : -1;
    }
    const auto& groups = layer.groups[static_cast<std::size_t>(block[layer.axis])];
    return static_cast<std::int32_t>(std::lower_bound(groups.begin(), groups.end(), group) - groups.begin());
  };
  Shape shape = box.shape();
  if (!last) shape[layer.axis] = static_cast<std::int64_t>(layer.groups[static_cast<std::size_t>(block[layer.axis])].size());
  kernel::Partial merged = kernel::identity_partial(layer.spec, shape);

  std::vector<TaskId> order;
  lowered.dependencies(task, order);
  for (const TaskId input : order) {
    const Index producer_block = lowered.block_of(input);
    const Box producer_box = producer.grid.box_of(producer_block);
    const auto& groups = producer.groups[static_cast<std::size_t>(producer_block[layer.axis])];
    std::vector<std::int32_t> to_slot;
    for (const std::int32_t group : groups) to_slot.push_back(slot_of(group));
    // The part of the producer's block that this block covers; along the groups all of it.
    Box needed = producer_box.intersect(box);
    Index into_origin = needed.relative_to(box.begin).begin;
    needed = needed.relative_to(producer_box.begin);
    needed.begin[layer.axis] = 0;
    needed.end[layer.axis] = static_cast<std::int64_t>(groups.size());
    into_origin[layer.axis] = 0;
    std::vector<StridedView> from;
    for (const auto& part : input_block(inputs, input)->parts) from.push_back(StridedView::of(part).inside(needed));
    Shape covered = needed.shape();
    covered[layer.axis] = shape[layer.axis];
    if (covered == shape) {
      kernel::combine_slots(layer.spec, merged, from, layer.axis, to_slot);
      continue;
    }
    // Several producer blocks lie side by side in this one: merge into a copy of the part, put it back.
    Box target{into_origin, into_origin};
    for (std::size_t axis = 0; axis < shape.size(); ++axis) target.end[axis] += covered[axis];
    kernel::Partial part;
    for (const auto& whole : merged) part.push_back(materialise(StridedView::of(whole).inside(target)));
    kernel::combine_slots(layer.spec, part, from, layer.axis, to_slot);
    for (std::size_t i = 0; i < merged.size(); ++i) copy_into(StridedView::of(part[i]), merged[i], into_origin);
  }
  if (!last) return {std::move(merged), {}};
  return {{kernel::finalise(layer.spec, merged)}, {}};
}

Block TaskRunner::write(const Layer& layer, const Index& block, const Inputs& inputs) const {
  TaskLeaves leaves(plan_->lowered, inputs, reader_);
  const plan::Sink& sink = plan_->lowered.logical().sinks[static_cast<std::size_t>(layer.sink)];
  const store::OutputTarget& target = plan_->outputs[sink.output];
  const Box box = layer.grid.box_of(block);
  if (box.empty()) return {};
  if (const auto moved = moved_chunks(layer, box, leaves)) {
    for (const auto& chunk : *moved) writer_.write_chunk(target, sink.variable, chunk);
    return {};
  }
  const NdArray values = array::stored_values(array::evaluate(layer.expr, box, leaves), target.spec.variables[sink.variable], box);
  if (target.offsets[sink.variable] != UINT64_MAX) {
    writer_.write_box(target, sink.variable, values, box);
    return {};
  }
  for (const auto& chunk : store::encode_chunks(target.spec.variables[sink.variable], values, box))
    writer_.write_chunk(target, sink.variable, chunk);
  return {};
}

Block TaskRunner::append(const Layer& layer, TaskId task, const Inputs& inputs) const {
  const plan::Sink& sink = plan_->lowered.logical().sinks[static_cast<std::size_t>(layer.sink)];
  std::vector<TaskId> order;
  plan_->lowered.dependencies(task, order);
  for (const TaskId input : order) {
    const BlockPtr& encoded = input_block(inputs, input);
    for (const auto& chunk : encoded->chunks) writer_.write_chunk(plan_->outputs[sink.output], sink.variable, chunk);
    if (appended_ == nullptr) continue;
    AppendLog::Entry entry{input, encode_head(*encoded), payload_checksum(*encoded), sink.output, sink.variable, {}};
    for (const auto& chunk : encoded->chunks) entry.chunks.push_back(chunk.chunk);
    appended_->add(std::move(entry));
  }
  return {};
}

}  // namespace rankine::runtime
