#include "array/visit_stored.hpp"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "array/evaluate.hpp"

namespace rankine::array {
namespace {

/// Shared nodes, of which masks and packing make many, are one read.
using Visited = std::unordered_map<const Expr*, std::vector<Box>>;

void walk(const ExprPtr& expr, const Box& box, const std::function<void(const StoredArrayPtr&, const Box&)>& visit, Visited& visited) {
  if (box.empty()) return;
  auto& before = visited[expr.get()];
  if (std::find(before.begin(), before.end(), box) != before.end()) return;
  before.push_back(box);
  if (const auto* node = expr->as<Source>()) return visit(node->array, box);
  if (const auto* concat = expr->as<Concat>()) {
    for (std::size_t number = concat->input_at(box.begin[concat->axis]); number < expr->inputs.size(); ++number) {
      const ExprPtr& input = expr->inputs[number];
      const std::int64_t start = (*concat->starts)[number], extent = input->shape[static_cast<std::size_t>(concat->axis)];
      if (start >= box.end[concat->axis]) break;
      Box part = box;
      part.begin[concat->axis] = std::max(box.begin[concat->axis], start) - start;
      part.end[concat->axis] = std::min(box.end[concat->axis], start + extent) - start;
      if (part.begin[concat->axis] < part.end[concat->axis]) walk(input, part, visit, visited);
    }
    return;
  }
  for (std::size_t i = 0; i < expr->inputs.size(); ++i) walk(expr->inputs[i], input_box(*expr, i, box), visit, visited);
}

bool reads(const ExprPtr& expr, std::unordered_set<const Expr*>& seen) {
  if (expr->as<Source>() != nullptr) return true;
  if (!seen.insert(expr.get()).second) return false;
  return std::any_of(expr->inputs.begin(), expr->inputs.end(), [&](const ExprPtr& input) { return reads(input, seen); });
}

}  // namespace

void visit_stored(const ExprPtr& expr, const Box& box, const std::function<void(const StoredArrayPtr&, const Box&)>& visit) {
  Visited visited;
  walk(expr, box, visit, visited);
}

bool reads_stored(const ExprPtr& expr) {
  std::unordered_set<const Expr*> seen;
  return reads(expr, seen);
}

}  // namespace rankine::array
