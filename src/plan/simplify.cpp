#include <algorithm>
#include <map>
#include <string>
#include <unordered_map>

#include "array/evaluate.hpp"
#include "base/byte_stream.hpp"
#include "plan/logical_plan.hpp"

namespace rankine::plan {
namespace {

using array::Expr;
using array::ExprPtr;

/// The same node over other inputs.
ExprPtr rebuilt(const ExprPtr& expr, std::vector<ExprPtr> inputs) {
  if (inputs == expr->inputs) return expr;
  auto copy = std::make_shared<Expr>(*expr);
  copy->inputs = std::move(inputs);
  return copy;
}

template <typename F>
ExprPtr with_inputs(const ExprPtr& expr, F&& change) {
  std::vector<ExprPtr> inputs;
  inputs.reserve(expr->inputs.size());
  for (const auto& input : expr->inputs) inputs.push_back(change(input));
  return rebuilt(expr, std::move(inputs));
}

/// Moves slices towards the readers, so that what a slice drops is never read, let alone reduced.
class PushDown {
 public:
  ExprPtr operator()(const ExprPtr& expr) {
    const auto known = done_.find(expr.get());
    if (known != done_.end()) return known->second.second;
    ExprPtr result = with_inputs(expr, [&](const ExprPtr& input) { return (*this)(input); });
    if (const auto* slice = result->as<array::Slice>())
      result = sliced(result->inputs[0], slice->start, slice->step, result->shape);
    // The key is kept alive with its result: an address must not be given to another node.
    done_.emplace(expr.get(), std::make_pair(expr, result));
    return result;
  }

 private:
  ExprPtr sliced(const ExprPtr& input, const Index& start, const Index& step, const Shape& count) {
    if (const auto* permute = input->as<array::Permute>()) {
      const std::size_t ndim = input->inputs[0]->shape.size();
      Index inner_start(ndim, 0);
      Index inner_step(ndim, 1);
      Shape inner_count(ndim, 1);
      for (std::size_t k = 0; k < permute->axes.size(); ++k) {
        if (permute->axes[k] < 0) {
          if (count[k] != 1) return array::slice(input, start, step, count);
          continue;
        }
        inner_start[permute->axes[k]] = start[k];
        inner_step[permute->axes[k]] = step[k];
        inner_count[permute->axes[k]] = count[k];
      }
      return array::permute(sliced(input->inputs[0], inner_start, inner_step, inner_count), permute->axes);
    }
    if (input->as<array::Elementwise>() != nullptr) {
      auto copy = std::make_shared<Expr>(*input);
      copy->shape = count;
      for (auto& operand : copy->inputs) {
        Index operand_start = start;
        Index operand_step = step;
        Shape operand_count = count;
        for (std::size_t axis = 0; axis < count.size(); ++axis) {
          if (operand->shape[axis] == 1 && input->shape[axis] != 1) {
            // The operand is broadcast here; a slice to nothing needs the axis to say so.
            if (count[axis] == 0) return array::slice(input, start, step, count);
            operand_start[axis] = 0;
            operand_step[axis] = 1;
            operand_count[axis] = 1;
          }
        }
        operand = sliced(operand, operand_start, operand_step, operand_count);
      }
      return copy;
    }
    if (const auto* reduce = input->as<array::Reduce>(); reduce != nullptr && reduce->user == nullptr) {
      const auto& inner = input->inputs[0];
      Index inner_start(inner->shape.size(), 0);
      Index inner_step(inner->shape.size(), 1);
      Shape inner_count = inner->shape;
      std::size_t kept = 0;
      for (std::size_t axis = 0; axis < inner->shape.size(); ++axis) {
        if (std::binary_search(reduce->axes.begin(), reduce->axes.end(), static_cast<int>(axis))) continue;
        inner_start[axis] = start[kept];
        inner_step[axis] = step[kept];
        inner_count[axis] = count[kept++];
      }
      return array::reduce(sliced(inner, inner_start, inner_step, inner_count), reduce->axes, reduce->spec);
    }
    if (const auto* group = input->as<array::GroupReduce>()) {
      const bool keeps_groups = start[group->axis] == 0 && step[group->axis] == 1 &&
                                count[group->axis] == input->shape[group->axis];
      if (keeps_groups) {
        Shape inner_count = count;
        inner_count[group->axis] = input->inputs[0]->shape[group->axis];
        auto copy = std::make_shared<Expr>(*input);
        copy->shape = count;
        copy->inputs[0] = sliced(input->inputs[0], start, step, inner_count);
        return copy;
      }
    }
    if (input->as<array::Rechunk>() != nullptr) return sliced(input->inputs[0], start, step, count);
    return array::slice(input, start, step, count);
  }

  std::unordered_map<const Expr*, std::pair<ExprPtr, ExprPtr>> done_;
};

/// Computes what depends on no file, unless it would bloat the plan (a broadcast of weights).
class FoldConstants {
 public:
  ExprPtr operator()(const ExprPtr& expr) {
    const auto known = done_.find(expr.get());
    if (known != done_.end()) return known->second.second;
    ExprPtr result = with_inputs(expr, [&](const ExprPtr& input) { return (*this)(input); });
    if (result->as<array::Constant>() == nullptr && !array::is_user(*result) && is_foldable(result))
      result = array::constant(array::evaluate_constant(result));
    done_.emplace(expr.get(), std::make_pair(expr, result));
    return result;
  }

 private:
  static bool is_foldable(const ExprPtr& expr) {
    constexpr std::uint64_t largest_folded_bytes = 4u << 20;
    if (expr->inputs.empty() || array::bytes_of(*expr).value > largest_folded_bytes) return false;
    return std::all_of(expr->inputs.begin(), expr->inputs.end(),
                       [](const ExprPtr& input) { return input->as<array::Constant>() != nullptr; }) ||
           ((expr->as<array::Reduce>() != nullptr || expr->as<array::GroupReduce>() != nullptr) &&
            array::is_constant(expr));
  }
  std::unordered_map<const Expr*, std::pair<ExprPtr, ExprPtr>> done_;
};

/// Gives equal nodes one object (hash consing). Two nodes are equal if their streamed form is, with
/// the inputs replaced by the numbers of their own classes.
class MergeCommon {
 public:
  ExprPtr operator()(const ExprPtr& expr) {
    const auto known = done_.find(expr.get());
    if (known != done_.end()) return known->second.second;
    ExprPtr result = with_inputs(expr, [&](const ExprPtr& input) { return (*this)(input); });
    result = classes_.try_emplace(key_of(*result), result).first->second;
    done_.emplace(expr.get(), std::make_pair(expr, result));
    return result;
  }

 private:
  std::string key_of(const Expr& expr) {
    ByteWriter writer;
    if (const auto* source = expr.as<array::Source>()) {
      const array::StoredArray& array = *source->array;
      writer.put_string(array.path);
      writer.put_string(array.variable);
      writer.put(array.offset);
      writer.put(array.dtype);
      writer.put(array.file_mtime_ns);
    } else {
      std::vector<ExprPtr> blanks;
      for (const auto& input : expr.inputs) {
        writer.put(input.get());
        blanks.push_back(array::layer_input({}, input->dtype, input->shape));
      }
      auto alone = std::make_shared<Expr>(expr);
      alone->inputs = std::move(blanks);
      array::write_to(writer, {alone});
    }
    writer.put(static_cast<std::uint8_t>(expr.node.index()));
    const std::vector<std::byte> bytes = writer.take();
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

  std::unordered_map<const Expr*, std::pair<ExprPtr, ExprPtr>> done_;
  std::map<std::string, ExprPtr> classes_;
};

}  // namespace

LogicalPlan simplify(LogicalPlan plan) {
  PushDown push_down;
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
