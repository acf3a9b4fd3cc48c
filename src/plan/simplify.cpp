#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

#include "array/evaluate.hpp"
#include "array/expr_walk.hpp"
#include "base/byte_stream.hpp"
#include "plan/logical_plan.hpp"

namespace rankine::plan {
namespace {

using array::Expr;
using array::ExprPtr;

/// Concatenations of concatenations along one axis become one: a loop that appends to what it has is as deep as it is long,
/// and each level would be looked through for every block.
class JoinConcats {
 public:
  explicit JoinConcats(const std::vector<Sink>& sinks) {
    array::InputsFirst walk;
    for (const auto& sink : sinks) {
      ++readers_[sink.values.get()];
      walk(sink.values, [&](const ExprPtr& expr) {
        for (const auto& input : expr->inputs) ++readers_[input.get()];
      });
    }
    for (const auto& [expr, readers] : readers_)
      for (const auto& input : expr->inputs)
        if (vanishes_into(*expr, *input)) joined_.insert(input.get());
  }

  ExprPtr operator()(const ExprPtr& root) { return rewritten_(root); }

 private:
  bool vanishes_into(const Expr& outer, const Expr& inner) const {
    const auto* out = outer.as<array::Concat>();
    const auto* in = inner.as<array::Concat>();
    return out != nullptr && in != nullptr && out->axis == in->axis && readers_.at(&inner) == 1;
  }

  ExprPtr change(const ExprPtr& original, const ExprPtr& rebuilt) const {
    const auto* concat = original->as<array::Concat>();
    if (concat == nullptr || joined_.count(original.get()) != 0) return rebuilt;
    std::vector<ExprPtr> parts;
    std::vector<const ExprPtr*> open{&original};
    bool joins = false;
    while (!open.empty()) {
      const ExprPtr& part = *open.back();
      open.pop_back();
      if (part != original && joined_.count(part.get()) == 0) {
        parts.push_back(rewritten_.result_of(part));
        continue;
      }
      joins = joins || part != original;
      for (auto input = part->inputs.rbegin(); input != part->inputs.rend(); ++input) open.push_back(&*input);
    }
    return joins ? array::concat(parts, concat->axis) : rebuilt;
  }

  std::unordered_map<const Expr*, std::size_t> readers_;
  std::unordered_set<const Expr*> joined_;
  array::Rewriting rewritten_{[this](const ExprPtr& original, const ExprPtr& rebuilt) { return change(original, rebuilt); }};
};

/// Moves slices towards the readers, so that what a slice drops is never read, let alone reduced.
class PushDown {
 public:
  explicit PushDown(const std::vector<Sink>& sinks) {
    array::InputsFirst walk;
    for (const auto& sink : sinks) {
      ++readers_[sink.values.get()];
      walk(sink.values, [&](const ExprPtr& expr) {
        for (const auto& input : expr->inputs) ++readers_[input.get()];
      });
    }
    most_slices_ = slices_a_node * walk.visited() + always_sliced;
  }

  ExprPtr operator()(const ExprPtr& root) { return rewritten_(root); }

 private:
  /// Many slices of one long chain (each step of which looks at its neighbours, say) would make nodes for each pair of a
  /// slice and a step. Slices beyond that number stay where they are: they are evaluated box by box all the same.
  static constexpr std::size_t slices_a_node = 16;
  static constexpr std::size_t always_sliced = 1 << 14;

  struct Cut {
    ExprPtr input;
    Index start;
    Index step;
    Shape count;
    bool operator<(const Cut& other) const {
      return std::tie(input, start, step, count) < std::tie(other.input, other.start, other.step, other.count);
    }
  };
  using Cuts = array::Answers<Cut, ExprPtr>;

  ExprPtr change(const ExprPtr& original, const ExprPtr& rebuilt) {
    const auto* slice = rebuilt->as<array::Slice>();
    const ExprPtr changed = slice == nullptr ? rebuilt : sliced_({rebuilt->inputs[0], slice->start, slice->step, rebuilt->shape});
    if (readers_.at(original.get()) > 1) read_by_others_.emplace(changed.get(), changed);
    return changed;
  }

  /// Most of what others read whole: as two nodes it would be computed twice.
  bool keeps_most_of_what_is_shared(const Cut& cut) const {
    if (read_by_others_.count(cut.input.get()) == 0) return false;
    const bool is_piece = std::all_of(cut.step.begin(), cut.step.end(), [](std::int64_t step) { return step == 1; });
    return is_piece && 2.0 * static_cast<double>(element_count(cut.count)) >= static_cast<double>(element_count(cut.input->shape));
  }

  static ExprPtr left(const Cut& cut) { return array::slice(cut.input, cut.start, cut.step, cut.count); }

  std::optional<ExprPtr> sliced(const Cut& cut, const Cuts::Ask& ask) const {
    const Expr& input = *cut.input;
    if (sliced_.size() > most_slices_ || keeps_most_of_what_is_shared(cut)) return left(cut);
    if (const auto* permute = input.as<array::Permute>()) return sliced_permute(cut, *permute, ask);
    if (input.as<array::Elementwise>() != nullptr) return sliced_operation(cut, ask);
    if (const auto* reduce = input.as<array::Reduce>(); reduce != nullptr && reduce->user == nullptr)
      return sliced_reduce(cut, *reduce, ask);
    if (const auto* group = input.as<array::GroupReduce>()) {
      const bool keeps_groups =
          cut.start[group->axis] == 0 && cut.step[group->axis] == 1 && cut.count[group->axis] == input.shape[group->axis];
      if (!keeps_groups) return left(cut);
      Shape inner_count = cut.count;
      inner_count[group->axis] = input.inputs[0]->shape[group->axis];
      const ExprPtr* inner = ask({input.inputs[0], cut.start, cut.step, std::move(inner_count)});
      if (inner == nullptr) return std::nullopt;
      return array::with_inputs(cut.input, {*inner}, cut.count);
    }
    if (input.as<array::Rechunk>() != nullptr) {
      const ExprPtr* inner = ask({input.inputs[0], cut.start, cut.step, cut.count});
      return inner == nullptr ? std::nullopt : std::optional<ExprPtr>(*inner);
    }
    return left(cut);
  }

  static std::optional<ExprPtr> sliced_permute(const Cut& cut, const array::Permute& permute, const Cuts::Ask& ask) {
    const std::size_t ndim = cut.input->inputs[0]->shape.size();
    Cut inner{cut.input->inputs[0], Index(ndim, 0), Index(ndim, 1), Shape(ndim, 1)};
    for (std::size_t k = 0; k < permute.axes.size(); ++k) {
      if (permute.axes[k] < 0) {
        if (cut.count[k] != 1) return left(cut);
        continue;
      }
      inner.start[permute.axes[k]] = cut.start[k];
      inner.step[permute.axes[k]] = cut.step[k];
      inner.count[permute.axes[k]] = cut.count[k];
    }
    const ExprPtr* known = ask(inner);
    if (known == nullptr) return std::nullopt;
    return array::permute(*known, permute.axes);
  }

  static std::optional<ExprPtr> sliced_operation(const Cut& cut, const Cuts::Ask& ask) {
    std::vector<ExprPtr> operands = cut.input->inputs;
    bool all = true;
    for (auto& operand : operands) {
      Cut inner{operand, cut.start, cut.step, cut.count};
      for (std::size_t axis = 0; axis < cut.count.size(); ++axis) {
        if (operand->shape[axis] != 1 || cut.input->shape[axis] == 1) continue;
        // The operand is broadcast here; a slice to nothing needs the axis to say so.
        if (cut.count[axis] == 0) return left(cut);
        inner.start[axis] = 0;
        inner.step[axis] = 1;
        inner.count[axis] = 1;
      }
      const ExprPtr* known = ask(inner);
      all = all && known != nullptr;
      if (known != nullptr) operand = *known;
    }
    if (!all) return std::nullopt;
    return array::with_inputs(cut.input, std::move(operands), cut.count);
  }

  static std::optional<ExprPtr> sliced_reduce(const Cut& cut, const array::Reduce& reduce, const Cuts::Ask& ask) {
    const auto& input = cut.input->inputs[0];
    Cut inner{input, Index(input->shape.size(), 0), Index(input->shape.size(), 1), input->shape};
    std::size_t kept = 0;
    for (std::size_t axis = 0; axis < input->shape.size(); ++axis) {
      if (std::binary_search(reduce.axes.begin(), reduce.axes.end(), static_cast<int>(axis))) continue;
      inner.start[axis] = cut.start[kept];
      inner.step[axis] = cut.step[kept];
      inner.count[axis] = cut.count[kept++];
    }
    const ExprPtr* known = ask(inner);
    if (known == nullptr) return std::nullopt;
    return array::reduce(*known, reduce.axes, reduce.spec);
  }

  std::size_t most_slices_ = 0;
  std::unordered_map<const Expr*, std::size_t> readers_;
  std::unordered_map<const Expr*, ExprPtr> read_by_others_;  ///< as they have become
  Cuts sliced_{[this](const Cut& cut, const Cuts::Ask& ask) { return sliced(cut, ask); }};
  array::Rewriting rewritten_{[this](const ExprPtr& original, const ExprPtr& rebuilt) { return change(original, rebuilt); }};
};

/// Computes what depends on no file, unless it would bloat the plan (a broadcast of weights).
class FoldConstants {
 public:
  ExprPtr operator()(const ExprPtr& root) { return rewritten_(root); }

 private:
  static ExprPtr change(const ExprPtr&, const ExprPtr& rebuilt) {
    const bool folds = rebuilt->as<array::Constant>() == nullptr && !array::is_user(*rebuilt) && is_foldable(rebuilt);
    return folds ? array::constant(array::evaluate_constant(rebuilt)) : rebuilt;
  }
  static bool is_foldable(const ExprPtr& expr) {
    constexpr std::uint64_t largest_folded_bytes = 4u << 20;
    if (expr->inputs.empty() || array::bytes_of(*expr).value > largest_folded_bytes) return false;
    return std::all_of(expr->inputs.begin(), expr->inputs.end(),
                       [](const ExprPtr& input) { return input->as<array::Constant>() != nullptr; }) ||
           ((expr->as<array::Reduce>() != nullptr || expr->as<array::GroupReduce>() != nullptr) &&
            array::is_constant(expr));
  }
  array::Rewriting rewritten_{change};
};

/// Gives equal nodes one object (hash consing). Two nodes are equal if their streamed form is, with
/// the inputs replaced by the numbers of their own classes.
class MergeCommon {
 public:
  ExprPtr operator()(const ExprPtr& root) { return rewritten_(root); }

 private:
  std::string key_of(const Expr& expr) {
    ByteWriter writer;
    if (const auto* source = expr.as<array::Source>()) {
      array::write_identity(writer, *source->array);
    } else {
      std::vector<ExprPtr> blanks;
      for (const auto& input : expr.inputs) {
        writer.put(input.get());
        blanks.push_back(array::layer_input({}, input->dtype, input->shape));
      }
      array::write_to(writer, {std::make_shared<const Expr>(expr.node, expr.dtype, expr.shape, std::move(blanks))});
    }
    writer.put(static_cast<std::uint8_t>(expr.node.index()));
    const std::vector<std::byte> bytes = writer.take();
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

  std::unordered_map<std::string, ExprPtr> classes_;
  array::Rewriting rewritten_{
      [this](const ExprPtr&, const ExprPtr& rebuilt) { return classes_.try_emplace(key_of(*rebuilt), rebuilt).first->second; }};
};

}  // namespace

LogicalPlan simplify(LogicalPlan plan) {
  JoinConcats join_concats(plan.sinks);
  for (auto& sink : plan.sinks) sink.values = join_concats(sink.values);
  PushDown push_down(plan.sinks);
  FoldConstants fold_constants;
  MergeCommon merge_common;
  for (auto& sink : plan.sinks) {
    if (plan.options.push_down) sink.values = push_down(sink.values);
    sink.values = fold_constants(sink.values);
    if (plan.options.merge_common) sink.values = merge_common(sink.values);
  }
  return plan;
}

}  // namespace rankine::plan
