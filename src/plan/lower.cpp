#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "array/evaluate.hpp"
#include "base/check.hpp"
#include "plan/block_choice.hpp"
#include "plan/leaf_spans.hpp"
#include "plan/lowered_plan.hpp"

namespace rankine::plan {
namespace {

using array::Expr;
using array::ExprPtr;

bool reads(const ExprPtr& expr) { return !array::is_constant(expr); }
bool is_reducing(const Expr& expr) {
  return expr.as<array::Reduce>() != nullptr || expr.as<array::GroupReduce>() != nullptr;
}
/// What is never fused into its reader: reductions, and user kernels, which must be given blocks as they are cut.
bool is_own_layer(const Expr& expr) { return is_reducing(expr) || expr.as<array::UserMap>() != nullptr; }

/// Turns expressions into layers. Reductions become layers of their own; everything else is fused
/// into the layer that uses it, except what several layers need at the same time.
///
/// "At the same time" is the stage: the number of reductions between an expression and the files.
/// In x - mean(x), x is needed at stage 0 (by the mean) and at stage 1 (by the difference). Holding
/// all of x between the two would need memory for all of it, so it is read again; within one stage
/// it is read once for all.
class Lowering {
 public:
  explicit Lowering(const LogicalPlan& plan) : plan_(plan) {}

  std::vector<Layer> lower() {
    find_shared();
    for (std::size_t i = 0; i < plan_.sinks.size(); ++i) lower_sink(i);
    return std::move(layers_);
  }

 private:
  // ---- stages and sharing -------------------------------------------------------------------------

  int stage_of(const ExprPtr& expr) {
    const auto known = stages_.find(expr.get());
    if (known != stages_.end()) return known->second;
    int stage = 0;
    for (const auto& input : expr->inputs) stage = std::max(stage, stage_of(input));
    if (is_reducing(*expr) && reads(expr)) ++stage;
    return stages_[expr.get()] = stage;
  }

  /// A consumer: what one layer evaluates, namely the input of a reduction or the values of a sink.
  struct Consumer {
    ExprPtr root;
    int stage;
  };

  void find_shared() {
    if (!plan_.options.share_reads) return;
    std::vector<Consumer> consumers;
    std::unordered_set<const Expr*> seen;
    const auto collect = [&](const auto& self, const ExprPtr& expr) -> void {
      if (!seen.insert(expr.get()).second) return;
      for (const auto& input : expr->inputs) self(self, input);
      if (!is_own_layer(*expr) || !reads(expr)) return;
      for (const auto& input : expr->inputs) consumers.push_back({input, stage_of(input)});
    };
    for (const auto& sink : plan_.sinks) {
      collect(collect, sink.values);
      consumers.push_back({sink.values, stage_of(sink.values)});
    }
    std::set<int> stages;
    for (const auto& consumer : consumers) stages.insert(consumer.stage);
    for (const int stage : stages) share_in_stage(consumers, stage);
  }

  /// Finds the largest subexpressions that two or more consumers of a stage evaluate over most of
  /// their extent: they get a layer of their own.
  void share_in_stage(const std::vector<Consumer>& consumers, int stage) {
    std::unordered_map<const Expr*, std::set<int>> users;  // consumers that evaluate the node
    std::unordered_map<const Expr*, ExprPtr> nodes;
    std::unordered_map<const Expr*, std::set<const Expr*>> parents;
    int number = 0;
    for (const auto& consumer : consumers) {
      if (consumer.stage != stage) continue;
      const int user = number++;
      const auto visit = [&](const auto& self, const ExprPtr& expr, const Expr* parent, const Box& box) -> void {
        if (!reads(expr) || box.empty()) return;
        parents[expr.get()].insert(parent);
        nodes.emplace(expr.get(), expr);
        const bool mostly = 2.0 * static_cast<double>(box.element_count()) >= static_cast<double>(element_count(expr->shape));
        const bool is_new = mostly ? users[expr.get()].insert(user).second : visited_.insert({expr.get(), user}).second;
        if (!is_new || is_own_layer(*expr)) return;
        for (std::size_t i = 0; i < expr->inputs.size(); ++i)
          self(self, expr->inputs[i], expr.get(), array::input_box(*expr, i, box));
      };
      visit(visit, consumer.root, nullptr, Box::whole(consumer.root->shape));
      // A consumer that is itself a whole root has no parent: it is a frontier of its own.
    }
    visited_.clear();
    for (const auto& [node, by] : users) {
      if (by.size() < 2 || is_own_layer(*node)) continue;
      const auto& above = parents[node];
      const bool covered = std::all_of(above.begin(), above.end(), [&](const Expr* parent) {
        if (parent == nullptr) return false;
        const auto known = users.find(parent);
        return known != users.end() && known->second.size() >= 2 && known->second == by && !is_own_layer(*parent);
      });
      if (!covered) shared_[stage].insert(node);
    }
  }

  // ---- rewriting into fused expressions -----------------------------------------------------------

  /// `expr` as a layer of stage `stage` sees it: reductions and shared parts replaced by LayerInput.
  ExprPtr fused(const ExprPtr& expr, int stage, bool at_root = false) {
    if (!reads(expr)) return expr;
    const auto key = std::make_pair(expr.get(), stage);
    if (!at_root) {
      const auto known = fused_.find(key);
      if (known != fused_.end()) return known->second;
      if (is_own_layer(*expr)) return fused_[key] = own_layer(expr);
      const auto shared = shared_.find(stage);
      if (shared != shared_.end() && shared->second.count(expr.get()) != 0) return fused_[key] = shared_block(expr, stage);
    } else if (is_own_layer(*expr)) {
      return own_layer(expr);
    }
    std::vector<ExprPtr> inputs;
    for (const auto& input : expr->inputs) inputs.push_back(fused(input, stage));
    ExprPtr result = expr;
    if (inputs != expr->inputs) {
      auto copy = std::make_shared<Expr>(*expr);
      copy->inputs = std::move(inputs);
      result = copy;
    }
    if (!at_root) fused_[key] = result;
    return result;
  }

  ExprPtr input_of(LayerId layer, const Expr& expr) { return array::layer_input(layer, expr.dtype, expr.shape); }

  ExprPtr shared_block(const ExprPtr& expr, int stage) {
    const ExprPtr root = fused(expr, stage, true);
    return block_layer(root, choose_blocks(root, {}, {}, plan_.options, grids()));
  }

  ExprPtr block_layer(const ExprPtr& expr, ChunkGrid grid) {
    Layer layer;
    layer.kind = LayerKind::block;
    layer.name = "block";
    layer.expr = expr;
    layer.dtype = expr->dtype;
    layer.grid = std::move(grid);
    return input_of(add(std::move(layer)), *expr);
  }

  ExprPtr own_layer(const ExprPtr& expr) {
    const auto known = own_layers_.find(expr.get());
    if (known != own_layers_.end()) return known->second;
    if (expr->as<array::UserMap>() != nullptr) return own_layers_[expr.get()] = input_of(lower_user_map(expr), *expr);
    const ExprPtr input = fused(expr->inputs[0], stage_of(expr->inputs[0]));
    const LayerId last = expr->as<array::Reduce>() != nullptr ? lower_reduce(*expr, input) : lower_group_reduce(*expr, input);
    return own_layers_[expr.get()] = input_of(last, *expr);
  }

  // ---- layers -------------------------------------------------------------------------------------

  GridOfLayer grids() {
    return [this](LayerId id) -> const ChunkGrid& { return layers_[id.value].grid; };
  }

  /// Adds the layer; edges to the leaves of its expression follow from the blocks' boxes.
  LayerId add(Layer layer) {
    layer.id = LayerId{static_cast<std::uint32_t>(layers_.size())};
    if (layer.expr != nullptr) {
      visit_leaves(layer.expr, root_spans(layer.grid), [&](const Expr& leaf, const LeafSpans& spans) {
        const auto* input = leaf.as<array::LayerInput>();
        if (input != nullptr) layer.edges.push_back(edge_to(input->layer, spans));
      });
    }
    layers_.push_back(std::move(layer));
    return layers_.back().id;
  }

  Edge edge_to(LayerId producer, const LeafSpans& spans) {
    const ChunkGrid& grid = layers_[producer.value].grid;
    Edge edge{producer, {}};
    for (int axis = 0; axis < grid.ndim(); ++axis) {
      Edge::Axis along{spans[axis].root_axis, {}, {}, {}};
      for (const auto& range : spans[axis].intervals) along.needs.push_back(grid.blocks_touching(axis, range.begin, range.end));
      edge.axes.push_back(std::move(along));
    }
    return edge;
  }

  static Edge::Axis same_block(int axis, std::int64_t count) {
    Edge::Axis along{axis, {}, {}, {}};
    for (std::int64_t i = 0; i < count; ++i) along.needs.push_back({i, i + 1});
    return along;
  }

  /// Consumer block i needs producer blocks [i * width, (i + 1) * width).
  static Edge::Axis runs_of(int axis, std::int64_t count, std::int64_t width) {
    Edge::Axis along{axis, {}, {}, {}};
    for (std::int64_t i = 0; i < count; i += width) along.needs.push_back({i, std::min(count, i + width)});
    return along;
  }

  /// A user kernel over blocks. Where a block reads more than its own part of an input (a halo, a core axis that the
  /// input is cut along), the input is a layer: each part of it is computed once, and several tasks read it.
  LayerId lower_user_map(const ExprPtr& expr) {
    const auto& node = *expr->as<array::UserMap>();
    auto map = std::make_shared<Expr>(*expr);
    std::vector<int> core;
    bool overlaps = false;
    for (std::size_t axis = 0; axis < node.axes.size(); ++axis) {
      if (node.axes[axis].whole || node.axes[axis].output < 0) core.push_back(static_cast<int>(axis));
      overlaps = overlaps || node.axes[axis].before + node.axes[axis].after > 0;
    }
    ChunkGrid natural;
    double heaviest = -1;
    for (auto& input : map->inputs) {
      const ExprPtr asked = input;
      const int stage = stage_of(asked);
      input = fused(asked, stage);
      ChunkGrid grid = choose_blocks(input, core, {}, plan_.options, grids());
      const bool cut = std::any_of(core.begin(), core.end(), [&](int axis) { return grid.block_counts()[axis] > 1; });
      if ((overlaps || cut) && reads(input) && input->as<array::LayerInput>() == nullptr) {
        input = fused_[std::make_pair(asked.get(), stage)] = shared_block(asked, stage);
        grid = layers_.back().grid;
      }
      const double weight = static_cast<double>(array::bytes_of(*input).value);
      if (weight <= heaviest) continue;
      heaviest = weight;
      natural = std::move(grid);
    }
    Layer layer;
    layer.kind = LayerKind::block;
    layer.name = node.kernel;
    layer.dtype = expr->dtype;
    layer.grid = choose_user_blocks(*map, natural, plan_.options.block_bytes);
    layer.expr = array::with_boundaries(map);
    return add(std::move(layer));
  }

  LayerId lower_reduce(const Expr& expr, const ExprPtr& input) {
    const auto& node = *expr.as<array::Reduce>();
    const std::string name = node.user != nullptr ? node.user->kernel : name_of_reduction(node.spec.op);
    Layer first;
    first.kind = LayerKind::reduce;
    first.name = name + "-partial";
    first.expr = input;
    first.spec = node.spec;
    first.user = node.user;
    first.axes = node.axes;
    first.dtype = expr.dtype;
    const ChunkGrid domain = choose_blocks(input, node.axes, {}, plan_.options, grids());
    first.grid = domain;
    LayerId last = add(std::move(first));

    // Blocks left along each axis; reduced ones shrink by fan_in a level.
    std::vector<std::vector<std::int64_t>> cuts = domain.all_cuts();
    const auto reduced = [&](int axis) { return std::find(node.axes.begin(), node.axes.end(), axis) != node.axes.end(); };
    const auto left = [&] {
      std::int64_t blocks = 1;
      for (const int axis : node.axes) blocks *= static_cast<std::int64_t>(cuts[axis].size()) - 1;
      return blocks;
    };
    while (left() > plan_.options.fan_in) {
      Layer level;
      level.kind = LayerKind::combine;
      level.name = name + "-combine";
      level.spec = node.spec;
      level.user = node.user;
      level.axes = node.axes;
      level.dtype = expr.dtype;
      Edge edge{last, {}};
      std::int64_t room = plan_.options.fan_in;
      std::vector<Edge::Axis> along(cuts.size());
      for (int axis = static_cast<int>(cuts.size()) - 1; axis >= 0; --axis) {
        const std::int64_t count = static_cast<std::int64_t>(cuts[axis].size()) - 1;
        if (!reduced(axis)) {
          along[axis] = same_block(axis, count);
          continue;
        }
        const std::int64_t width = std::clamp<std::int64_t>(room, 1, count);
        room = std::max<std::int64_t>(1, room / width);
        along[axis] = runs_of(axis, count, width);
        cuts[axis].resize(1);
        for (std::int64_t i = 1; i <= static_cast<std::int64_t>(along[axis].needs.size()); ++i) cuts[axis].push_back(i);
      }
      edge.axes = std::move(along);
      level.grid = ChunkGrid(cuts);
      level.edges.push_back(std::move(edge));
      last = add(std::move(level));
    }

    Layer finish;
    finish.kind = LayerKind::finish;
    finish.name = name;
    finish.spec = node.spec;
    finish.user = node.user;
    finish.axes = node.axes;
    finish.dtype = expr.dtype;
    Edge edge{last, {}};
    std::vector<std::vector<std::int64_t>> kept;
    for (int axis = 0; axis < static_cast<int>(cuts.size()); ++axis) {
      const std::int64_t count = static_cast<std::int64_t>(cuts[axis].size()) - 1;
      if (reduced(axis)) {
        edge.axes.push_back({-1, {{0, count}}, {}, {}});
      } else {
        edge.axes.push_back(same_block(static_cast<int>(kept.size()), count));
        kept.push_back(cuts[axis]);
      }
    }
    finish.grid = ChunkGrid(std::move(kept));
    finish.edges.push_back(std::move(edge));
    return add(std::move(finish));
  }

  LayerId lower_group_reduce(const Expr& expr, const ExprPtr& input) {
    const auto& node = *expr.as<array::GroupReduce>();
    const std::string name = "group-" + name_of_reduction(node.spec.op);
    const int axis = node.axis;
    const std::vector<std::int32_t>& codes = *node.codes;

    Layer first;
    first.kind = LayerKind::group_reduce;
    first.name = name + "-partial";
    first.expr = input;
    first.spec = node.spec;
    first.axis = axis;
    first.codes = node.codes;
    first.dtype = expr.dtype;
    const int wide[] = {axis};
    first.grid = choose_blocks(input, wide, {}, plan_.options, grids());
    const auto& domain_cuts = first.grid.cuts(axis);
    for (std::size_t j = 1; j < domain_cuts.size(); ++j) {
      std::set<std::int32_t> met(codes.begin() + domain_cuts[j - 1], codes.begin() + domain_cuts[j]);
      met.erase(-1);
      first.groups.emplace_back(met.begin(), met.end());
    }
    std::vector<std::vector<std::int32_t>> held = first.groups;
    std::vector<std::vector<std::int64_t>> cuts = first.grid.all_cuts();
    LayerId last = add(std::move(first));

    // Output blocks along the grouped axis: one if groups recur (months), several if they follow each
    // other (resample) and are too large together.
    const bool sorted = is_sorted_grouping(codes);
    std::int64_t kept_block = 1;
    for (std::size_t other = 0; other < cuts.size(); ++other)
      if (static_cast<int>(other) != axis) kept_block *= std::max<std::int64_t>(1, widest_of(cuts[other]));
    std::uint64_t state_item = 0;
    for (const DType part : kernel::partial_dtypes(node.spec)) state_item += size_of(part);
    const double room = static_cast<double>(plan_.options.state_bytes) / static_cast<double>(state_item);
    std::vector<std::int64_t> group_cuts{0, node.group_count};
    if (sorted) {
      const auto step = std::max<std::int64_t>(1, static_cast<std::int64_t>(room / 2 / static_cast<double>(kept_block)));
      group_cuts = ChunkGrid::regular({node.group_count}, {step}).cuts(0);
    }
    const auto needs_of = [&](std::int64_t begin, std::int64_t end) {
      ChunkGrid::Range range{0, 0};
      for (std::size_t j = 0; j < held.size(); ++j) {
        const bool meets = std::any_of(held[j].begin(), held[j].end(), [&](std::int32_t g) { return g >= begin && g < end; });
        if (!meets) continue;
        if (range.end == 0) range.begin = static_cast<std::int64_t>(j);
        range.end = static_cast<std::int64_t>(j) + 1;
      }
      return range;
    };
    const auto widest_need = [&] {
      std::int64_t most = 0;
      for (std::size_t i = 1; i < group_cuts.size(); ++i) {
        const auto range = needs_of(group_cuts[i - 1], group_cuts[i]);
        most = std::max(most, range.end - range.begin);
      }
      return most;
    };
    // Recurring groups with large states (day of year on a fine grid): cut the kept axes finer.
    if (!sorted) {
      double state = static_cast<double>(node.group_count * kept_block);
      for (std::size_t other = 0; other < cuts.size() && state > room; ++other) {
        if (static_cast<int>(other) == axis) continue;
        const std::int64_t wide_now = widest_of(cuts[other]);
        const auto step = std::max<std::int64_t>(1, static_cast<std::int64_t>(static_cast<double>(wide_now) * room / state));
        cuts[other] = refined(cuts[other], step);
        state *= static_cast<double>(widest_of(cuts[other])) / static_cast<double>(std::max<std::int64_t>(1, wide_now));
      }
    }

    while (widest_need() > plan_.options.fan_in) {
      Layer level;
      level.kind = LayerKind::group_combine;
      level.name = name + "-combine";
      level.spec = node.spec;
      level.axis = axis;
      level.dtype = expr.dtype;
      const auto count = static_cast<std::int64_t>(held.size());
      const Edge::Axis runs = runs_of(axis, count, plan_.options.fan_in);
      std::vector<std::vector<std::int32_t>> joined;
      for (const auto& run : runs.needs) {
        std::set<std::int32_t> met;
        for (std::int64_t j = run.begin; j < run.end; ++j) met.insert(held[j].begin(), held[j].end());
        joined.emplace_back(met.begin(), met.end());
      }
      held = joined;
      level.groups = std::move(joined);
      cuts[axis].assign(1, 0);
      for (std::int64_t i = 1; i <= static_cast<std::int64_t>(held.size()); ++i) cuts[axis].push_back(i);
      level.grid = ChunkGrid(cuts);
      level.edges.push_back(kept_edge(last, level.grid, axis, runs));
      last = add(std::move(level));
    }

    Layer finish;
    finish.kind = LayerKind::group_finish;
    finish.name = name;
    finish.spec = node.spec;
    finish.axis = axis;
    finish.dtype = expr.dtype;
    cuts[axis] = group_cuts;
    finish.grid = ChunkGrid(cuts);
    Edge::Axis along{axis, {}, {}, {}};
    for (std::size_t i = 1; i < group_cuts.size(); ++i) along.needs.push_back(needs_of(group_cuts[i - 1], group_cuts[i]));
    finish.edges.push_back(kept_edge(last, finish.grid, axis, along));
    return add(std::move(finish));
  }

  /// An edge between grids that agree on their index space except along `axis`, where `along` says it.
  Edge kept_edge(LayerId producer, const ChunkGrid& consumer, int axis, const Edge::Axis& along) {
    const ChunkGrid& grid = layers_[producer.value].grid;
    Edge edge{producer, {}};
    for (int other = 0; other < grid.ndim(); ++other) {
      if (other == axis) {
        edge.axes.push_back(along);
        continue;
      }
      Edge::Axis kept{other, {}, {}, {}};
      const auto& cuts = consumer.cuts(other);
      for (std::size_t i = 1; i < cuts.size(); ++i) kept.needs.push_back(grid.blocks_touching(other, cuts[i - 1], cuts[i]));
      edge.axes.push_back(std::move(kept));
    }
    return edge;
  }

  static bool is_sorted_grouping(const std::vector<std::int32_t>& codes) {
    std::int32_t last = -1;
    for (const std::int32_t code : codes) {
      if (code < 0) continue;
      if (code < last) return false;
      last = code;
    }
    return true;
  }
  static std::int64_t widest_of(const std::vector<std::int64_t>& cuts) {
    std::int64_t extent = 0;
    for (std::size_t i = 1; i < cuts.size(); ++i) extent = std::max(extent, cuts[i] - cuts[i - 1]);
    return extent;
  }
  static std::vector<std::int64_t> refined(const std::vector<std::int64_t>& cuts, std::int64_t step) {
    std::vector<std::int64_t> fine{0};
    for (std::size_t i = 1; i < cuts.size(); ++i) {
      for (std::int64_t at = cuts[i - 1] + step; at < cuts[i]; at += step) fine.push_back(at);
      fine.push_back(cuts[i]);
    }
    return fine;
  }
  static std::string name_of_reduction(kernel::ReduceOp op) {
    static constexpr const char* names[] = {"sum", "prod", "mean", "min", "max", "var", "std", "count", "any", "all"};
    return names[static_cast<int>(op)];
  }

  void lower_sink(std::size_t number) {
    const Sink& sink = plan_.sinks[number];
    const ExprPtr root = fused(sink.values, stage_of(sink.values));
    if (sink.kind == SinkKind::value) {
      // A layer that already holds exactly these values is kept instead of copied.
      if (const auto* input = root->as<array::LayerInput>()) {
        Layer& layer = layers_[input->layer.value];
        if (layer.sink < 0) {
          layer.sink = static_cast<int>(number);
          layer.wanted = true;
          return;
        }
      }
      Layer layer;
      layer.kind = LayerKind::block;
      layer.name = "value";
      layer.expr = root;
      layer.dtype = root->dtype;
      layer.grid = choose_blocks(root, {}, {}, plan_.options, grids());
      layer.sink = static_cast<int>(number);
      layer.wanted = true;
      add(std::move(layer));
      return;
    }
    const auto output_blocks = [&](const ExprPtr& values) {
      const bool in_place = sink.kind == SinkKind::write && sink.stored_chunk.empty();
      return in_place ? choose_row_blocks(values, plan_.options, grids())
                      : choose_blocks(values, {}, sink.stored_chunk, plan_.options, grids());
    };
    Layer layer;
    layer.kind = sink.kind == SinkKind::write ? LayerKind::write : LayerKind::encode;
    layer.name = sink.kind == SinkKind::write ? "write" : "encode";
    layer.expr = root;
    layer.dtype = root->dtype;
    layer.grid = output_blocks(root);
    if (reading_load(root, layer.grid, plan_.options) > 1) {
      // A chunk of the output reads very much (a long series of one point): many tasks read it, one puts it together.
      ChunkGrid parts = choose_blocks(root, {}, {}, plan_.options, grids());
      if (parts.block_count() > layer.grid.block_count()) {
        layer.expr = block_layer(root, std::move(parts));
        layer.grid = output_blocks(layer.expr);
      }
    }
    layer.sink = static_cast<int>(number);
    const ChunkGrid grid = layer.grid;
    const LayerId encoded = add(std::move(layer));
    if (sink.kind == SinkKind::write) return;
    Layer append;
    append.kind = LayerKind::append;
    append.name = "append";
    append.grid = grid;
    append.sink = static_cast<int>(number);
    append.pin = PinGroup{sink.output + 1};
    Edge edge{encoded, {}};
    for (int axis = 0; axis < grid.ndim(); ++axis) edge.axes.push_back(same_block(axis, grid.block_counts()[axis]));
    append.edges.push_back(std::move(edge));
    add(std::move(append));
  }

  struct PairHash {
    std::size_t operator()(const std::pair<const Expr*, int>& key) const {
      return std::hash<const Expr*>()(key.first) * 31 + static_cast<std::size_t>(key.second);
    }
  };

  const LogicalPlan& plan_;
  std::vector<Layer> layers_;
  std::unordered_map<const Expr*, int> stages_;
  std::map<int, std::unordered_set<const Expr*>> shared_;
  std::set<std::pair<const Expr*, int>> visited_;
  std::unordered_map<std::pair<const Expr*, int>, ExprPtr, PairHash> fused_;
  std::unordered_map<const Expr*, ExprPtr> own_layers_;
};

}  // namespace

std::vector<Layer> lower(const LogicalPlan& plan) { return Lowering(plan).lower(); }

}  // namespace rankine::plan
