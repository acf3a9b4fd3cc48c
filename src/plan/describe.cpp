#include <algorithm>
#include <cstdio>
#include <map>

#include "base/printable.hpp"
#include "plan/leaf_spans.hpp"
#include "plan/lowered_plan.hpp"

namespace rankine::plan {
namespace {

using array::Expr;
using array::ExprPtr;

/// Longer chains are cut: a plan is read by people.
constexpr std::size_t longest_description = 160;

std::string padded(std::string text, std::size_t width, bool right = false) {
  const std::string fill(text.size() < width ? width - text.size() : 0, ' ');
  return right ? fill + text : text + fill;
}

/// The first node that is told of: permute, broadcast and rechunk cost nothing.
const ExprPtr& told(const ExprPtr& expr) {
  const ExprPtr* below = &expr;
  const auto is_told = [](const Expr& node) {
    return node.inputs.empty() || node.as<array::Elementwise>() != nullptr || node.as<array::UserMap>() != nullptr ||
           node.as<array::Slice>() != nullptr || node.as<array::Take>() != nullptr || node.as<array::Concat>() != nullptr;
  };
  while (!is_told(**below)) below = &(*below)->inputs[0];
  return *below;
}

/// Each level adds to the text, so that a chain of any length is left when that is long enough.
void describe_into(const ExprPtr& whole, std::string& text, int& constants) {
  if (text.size() > longest_description) return;
  const ExprPtr& expr = told(whole);
  const auto call = [&](const std::string& name) {
    text += name + "(";
    for (std::size_t i = 0; i < expr->inputs.size(); ++i) {
      if (i != 0) text += ", ";
      describe_into(expr->inputs[i], text, constants);
    }
    text += ")";
  };
  if (const auto* node = expr->as<array::Source>()) {
    text += "read " + node->array->variable;
  } else if (const auto* node = expr->as<array::Constant>()) {
    if (node->value.size() == 1 && is_numeric(node->value.dtype())) {
      std::string number = std::to_string(node->value.as_double(0));
      while (number.find('.') != std::string::npos && (number.back() == '0' || number.back() == '.')) {
        const bool point = number.back() == '.';
        number.pop_back();
        if (point) break;
      }
      text += number;
    } else {
      text += "constant" + format_tuple(expr->shape);
    }
  } else if (const auto* node = expr->as<array::LayerInput>()) {
    text += "layer " + std::to_string(node->layer.value);
  } else if (const auto* node = expr->as<array::Elementwise>()) {
    call(node->op == kernel::Op::cast ? name_of(expr->dtype) : std::string(kernel::name_of(node->op)));
  } else if (const auto* node = expr->as<array::UserMap>()) {
    call(node->kernel);
  } else if (expr->as<array::Slice>() != nullptr) {
    call("slice");
  } else if (expr->as<array::Take>() != nullptr) {
    call("take");
  } else if (expr->as<array::Concat>() != nullptr) {
    text += "concat of " + std::to_string(expr->inputs.size()) + " (";
    describe_into(expr->inputs[0], text, constants);
    text += ", ...)";
  }
}

}  // namespace

std::string describe_fused(const ExprPtr& expr) {
  std::string text;
  int constants = 0;
  describe_into(expr, text, constants);
  if (text.size() > longest_description) text = text.substr(0, longest_description) + " ...";
  return text;
}

PlanSummary LoweredPlan::summary() const {
  PlanSummary total;
  total.tasks = task_count_;
  std::map<const array::StoredArray*, double> read;
  for (const auto& layer : layers_) {
    for (std::uint32_t t = 0; t < layer.task_count; ++t)
      total.largest_block = std::max(total.largest_block, output_bytes(TaskId{layer.first_task + t}).value);
    if (layer.expr == nullptr) continue;
    const double needed_share = static_cast<double>(layer.task_count) /
                                static_cast<double>(std::max<std::int64_t>(1, layer.grid.block_count()));
    visit_leaves(layer.expr, root_spans(layer.grid), [&](const Expr& leaf, const LeafSpans& spans) {
      const auto* source = leaf.as<array::Source>();
      if (source == nullptr) return;
      read[source->array.get()] += needed_share * decoded_elements(*source->array, spans, layer.grid.block_counts()) *
                                   static_cast<double>(size_of(source->array->dtype));
    });
    if (layer.kind == LayerKind::write || layer.kind == LayerKind::encode)
      total.bytes_written += static_cast<double>(array::bytes_of(*layer.expr).value);
  }
  for (const auto& [array, decoded] : read) {
    const double whole = static_cast<double>(element_count(array->shape)) * static_cast<double>(size_of(array->dtype));
    const double stored = static_cast<double>(array::stored_bytes(*array));
    total.bytes_decoded += decoded;
    total.bytes_stored += stored;
    total.bytes_stored_read += whole == 0 ? 0 : decoded * stored / whole;
  }
  return total;
}

std::string LoweredPlan::describe_layers() const {
  const auto bytes = [](double value) { return format_bytes(Bytes{static_cast<std::uint64_t>(value)}); };
  std::string text;
  text += padded("layer", 7) + padded("kind", 22) + padded("tasks", 9, true) + "  " + padded("blocks", 20) +
          padded("largest", 10, true) + "  " + "does\n";
  for (const auto& layer : layers_) {
    std::uint64_t largest = 0;
    for (std::uint32_t t = 0; t < layer.task_count; ++t)
      largest = std::max(largest, output_bytes(TaskId{layer.first_task + t}).value);
    std::string does;
    if (layer.expr != nullptr) does = printable(describe_fused(layer.expr));
    else if (!layer.edges.empty()) does = "merges layer " + std::to_string(layer.edges[0].producer.value);
    if (layer.kind == LayerKind::append) does = "appends chunks of layer " + std::to_string(layer.edges[0].producer.value);
    const bool reducing = layer.kind == LayerKind::reduce;
    if (reducing && !layer.axes.empty()) does += " -> over axes " + format_tuple(Shape(layer.axes.begin(), layer.axes.end()));
    if (layer.kind == LayerKind::group_reduce) does += " -> by group over axis " + std::to_string(layer.axis);
    if (layer.sink >= 0) {
      const std::string& name = logical_.sinks[static_cast<std::size_t>(layer.sink)].name;
      if (!name.empty() && layer.kind != LayerKind::append) does += " => " + printable(name);
    }
    text += padded(std::to_string(layer.id.value), 7) + padded(printable(layer.name), 22) +
            padded(std::to_string(layer.task_count), 9, true) + "  " +
            padded(format_tuple(layer.grid.block_counts()), 20) +
            padded(format_bytes(Bytes{largest}), 10, true) + "  " + does + "\n";
  }
  const PlanSummary total = summary();
  text += "tasks " + std::to_string(total.tasks) + " in " + std::to_string(layers_.size()) + " layers\n";
  text += "read " + bytes(total.bytes_stored_read) + " stored, " + bytes(total.bytes_decoded) + " decoded";
  if (total.bytes_stored > 0) {
    char ratio[32];
    std::snprintf(ratio, sizeof ratio, "%.2f", total.bytes_stored_read / total.bytes_stored);
    text += std::string(" (") + ratio + " times what is stored)";
  }
  text += "\nwrite " + bytes(total.bytes_written) + " before compression\n";
  text += "largest block " + format_bytes(Bytes{total.largest_block}) + "\n";
  return text;
}

}  // namespace rankine::plan
