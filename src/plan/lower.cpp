#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

#include "array/evaluate.hpp"
#include "array/evaluation_cuts.hpp"
#include "array/expr_walk.hpp"
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
///
/// What is too large to be evaluated at once is cut: the nodes that array::evaluation_cuts() names are layers, too,
/// whatever reads them.
class Lowering {
 public:
  explicit Lowering(const LogicalPlan& plan) : plan_(plan) {}

  std::vector<Layer> lower() {
    find_stages();
    find_cuts();
    find_shared();
    for (std::size_t i = 0; i < plan_.sinks.size(); ++i) lower_sink(i);
    return std::move(layers_);
  }

 private:
  // ---- stages and sharing -------------------------------------------------------------------------

  void find_stages() {
    array::InputsFirst walk;
    for (const auto& sink : plan_.sinks) {
      walk(sink.values, [&](const ExprPtr& expr) {
        int stage = 0;
        for (const auto& input : expr->inputs) stage = std::max(stage, stage_of(input));
        if (is_reducing(*expr) && reads(expr)) ++stage;
        stages_[expr.get()] = stage;
      });
    }
  }
  int stage_of(const ExprPtr& expr) const { return stages_.at(expr.get()); }

  void find_cuts() {
    std::vector<ExprPtr> roots;
    for (const auto& sink : plan_.sinks) roots.push_back(sink.values);
    cuts_ = array::evaluation_cuts(roots, [](const Expr& expr) { return is_own_layer(expr) && expr.reads; });
    for (const auto& cut : cuts_) is_cut_.insert(cut.get());
  }
  /// Other layers find its values in a layer of its own.
  bool is_layer(const Expr& expr) const { return (is_own_layer(expr) && expr.reads) || is_cut_.count(&expr) != 0; }

  /// A consumer: what one layer evaluates, namely the input of a reduction, a part that is cut off, or the values of a sink.
  struct Consumer {
    ExprPtr root;
    bool is_cut = false;
  };

  void find_shared() {
    if (!plan_.options.share_reads) return;
    std::map<int, std::vector<Consumer>> consumers;
    array::InputsFirst walk;
    for (const auto& sink : plan_.sinks) {
      walk(sink.values, [&](const ExprPtr& expr) {
        if (is_cut_.count(expr.get()) != 0) consumers[stage_of(expr)].push_back({expr, true});
        if (!is_own_layer(*expr) || !reads(expr)) return;
        for (const auto& input : expr->inputs) consumers[stage_of(input)].push_back({input});
      });
      consumers[stage_of(sink.values)].push_back({sink.values});
    }
    for (const auto& [stage, of_stage] : consumers) share_in_stage(of_stage, stage);
  }

  /// Finds the largest subexpressions that two or more consumers of a stage evaluate over most of
  /// their extent: they get a layer of their own.
  void share_in_stage(const std::vector<Consumer>& consumers, int stage) {
    struct Part {
      const Expr* expr;
      const Expr* parent;
      Box box;
    };
    std::unordered_map<const Expr*, std::set<int>> users;  // consumers that evaluate the node
    std::unordered_map<const Expr*, std::set<const Expr*>> parents;
    int number = 0;
    for (const auto& consumer : consumers) {
      const int user = number++;
      // A consumer that is itself a whole root has no parent: it is a frontier of its own.
      std::vector<Part> open{{consumer.root.get(), nullptr, Box::whole(consumer.root->shape)}};
      while (!open.empty()) {
        const Part part = std::move(open.back());
        open.pop_back();
        const Expr& expr = *part.expr;
        if (!expr.reads || part.box.empty()) continue;
        const bool opens = consumer.is_cut && part.expr == consumer.root.get();
        if (!opens) {
          parents[part.expr].insert(part.parent);
          const bool mostly = 2.0 * static_cast<double>(part.box.element_count()) >= static_cast<double>(element_count(expr.shape));
          const bool is_new = mostly ? users[part.expr].insert(user).second : visited_.insert({part.expr, user}).second;
          if (!is_new || is_layer(expr)) continue;
        }
        for (std::size_t i = expr.inputs.size(); i-- > 0;)
          open.push_back({expr.inputs[i].get(), opens ? nullptr : part.expr, array::input_box(expr, i, part.box)});
      }
    }
    visited_.clear();
    for (const auto& [node, by] : users) {
      if (by.size() < 2 || is_layer(*node)) continue;
      const auto& above = parents[node];
      const bool covered = std::all_of(above.begin(), above.end(), [&](const Expr* parent) {
        if (parent == nullptr) return false;
        const auto known = users.find(parent);
        return known != users.end() && known->second.size() >= 2 && known->second == by && !is_layer(*parent);
      });
      if (!covered) shared_[stage].insert(node);
    }
  }

  // ---- rewriting into fused expressions -----------------------------------------------------------

  /// A node as a layer of a stage sees it: reductions, shared and cut parts replaced by LayerInput. `opened`: as the layer
  /// sees it that the node is the root of.
  struct View {
    ExprPtr expr;
    int stage;
    bool opened;
    bool operator<(const View& other) const {
      return std::tie(expr, stage, opened) < std::tie(other.expr, other.stage, other.opened);
    }
  };
  using Views = array::Answers<View, ExprPtr>;

  ExprPtr fused(const ExprPtr& expr) { return fused_({expr, stage_of(expr), false}); }

  std::optional<ExprPtr> fuse(const View& view, const Views::Ask& ask) {
    const ExprPtr& expr = view.expr;
    if (is_own_layer(*expr) && reads(expr)) return own_layer(expr, ask);
    if (!view.opened) {
      // A part that is cut is one layer for all stages: it is held rather than computed again.
      if (is_cut_.count(expr.get()) != 0) return cut_layer(expr, ask);
      const auto shared = shared_.find(view.stage);
      if (shared != shared_.end() && shared->second.count(expr.get()) != 0) return shared_block({expr, view.stage, true}, ask);
    }
    auto inputs = inputs_of(*expr, ask, view.stage);
    if (!inputs) return std::nullopt;
    return array::with_inputs(expr, std::move(*inputs));
  }

  ExprPtr input_of(LayerId layer, const Expr& expr) { return array::layer_input(layer, expr.dtype, expr.shape); }

  std::optional<ExprPtr> shared_block(const View& opened, const Views::Ask& ask) {
    const ExprPtr* root = ask(opened);
    if (root == nullptr) return std::nullopt;
    return block_layer(*root, choose_blocks(*root, {}, {}, plan_.options, grids()));
  }

  std::optional<ExprPtr> cut_layer(const ExprPtr& expr, const Views::Ask& ask) {
    const auto known = layers_of_nodes_.find(expr.get());
    if (known != layers_of_nodes_.end()) return known->second;
    auto made = shared_block({expr, stage_of(expr), true}, ask);
    if (made) layers_of_nodes_[expr.get()] = *made;
    return made;
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

  std::optional<ExprPtr> own_layer(const ExprPtr& expr, const Views::Ask& ask) {
    const auto known = layers_of_nodes_.find(expr.get());
    if (known != layers_of_nodes_.end()) return known->second;
    std::optional<LayerId> last;
    if (expr->as<array::UserMap>() != nullptr) {
      last = lower_user_map(expr, ask);
    } else if (const ExprPtr* input = ask({expr->inputs[0], stage_of(expr->inputs[0]), false})) {
      last = expr->as<array::Reduce>() != nullptr ? lower_reduce(*expr, *input) : lower_group_reduce(*expr, *input);
    }
    if (!last) return std::nullopt;
    return layers_of_nodes_[expr.get()] = input_of(*last, *expr);
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
  std::optional<LayerId> lower_user_map(const ExprPtr& expr, const Views::Ask& ask) {
    const auto& node = *expr->as<array::UserMap>();
    std::vector<int> core;
    bool overlaps = false;
    for (std::size_t axis = 0; axis < node.axes.size(); ++axis) {
      if (node.axes[axis].whole || node.axes[axis].output < 0) core.push_back(static_cast<int>(axis));
      overlaps = overlaps || node.axes[axis].before + node.axes[axis].after > 0;
    }
    const auto known = inputs_of(*expr, ask);
    if (!known) return std::nullopt;
    std::vector<ExprPtr> inputs = *known;
    ChunkGrid natural;
    double heaviest = -1;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      ExprPtr& input = inputs[i];
      ChunkGrid grid = choose_blocks(input, core, {}, plan_.options, grids());
      const bool cut = std::any_of(core.begin(), core.end(), [&](int axis) { return grid.block_counts()[axis] > 1; });
      if ((overlaps || cut) && reads(input) && input->as<array::LayerInput>() == nullptr) {
        input = block_layer(input, choose_blocks(input, {}, {}, plan_.options, grids()));
        fused_.set({expr->inputs[i], stage_of(expr->inputs[i]), false}, input);
        grid = layers_.back().grid;
      }
      const double weight = static_cast<double>(array::bytes_of(*input).value);
      if (weight <= heaviest) continue;
      heaviest = weight;
      natural = std::move(grid);
    }
    const ExprPtr map = array::with_inputs(expr, std::move(inputs));
    Layer layer;
    layer.kind = LayerKind::block;
    layer.name = node.kernel;
    layer.dtype = expr->dtype;
    layer.grid = choose_user_blocks(*map, natural, plan_.options.block_bytes);
    layer.expr = array::with_boundaries(map);
    return add(std::move(layer));
  }

  /// Inputs as a layer of that stage sees them; without one: each at its own.
  std::optional<std::vector<ExprPtr>> inputs_of(const Expr& expr, const Views::Ask& ask, std::optional<int> stage = {}) {
    std::vector<ExprPtr> inputs;
    bool all = true;
    for (const auto& input : expr.inputs) {
      const ExprPtr* known = ask({input, stage ? *stage : stage_of(input), false});
      all = all && known != nullptr;
      inputs.push_back(known == nullptr ? nullptr : *known);
    }
    return all ? std::optional(std::move(inputs)) : std::nullopt;
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
    const ExprPtr root = fused(sink.values);
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

  const LogicalPlan& plan_;
  std::vector<Layer> layers_;
  std::unordered_map<const Expr*, int> stages_;
  std::vector<ExprPtr> cuts_;
  std::unordered_set<const Expr*> is_cut_;
  std::map<int, std::unordered_set<const Expr*>> shared_;
  std::set<std::pair<const Expr*, int>> visited_;
  Views fused_{[this](const View& view, const Views::Ask& ask) { return fuse(view, ask); }};
  std::unordered_map<const Expr*, ExprPtr> layers_of_nodes_;  ///< of reductions, user kernels and cut parts
};

}  // namespace

std::vector<Layer> lower(const LogicalPlan& plan) { return Lowering(plan).lower(); }

}  // namespace rankine::plan
