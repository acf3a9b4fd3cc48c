#include "array/visit_stored.hpp"

#include <algorithm>
#include <iterator>
#include <unordered_map>

#include "array/evaluate.hpp"
#include "array/expr_walk.hpp"

namespace rankine::array {
namespace {

/// Shared nodes, of which masks and packing make many, are one read.
using Visited = std::unordered_map<const Expr*, std::vector<Box>>;

struct Part {
  const Expr* expr;
  Box box;
};

/// What `box` of a node needs of its inputs, in their order.
std::vector<Part> needed_parts(const Expr& expr, const Box& box) {
  std::vector<Part> parts;
  const auto* concat = expr.as<Concat>();
  if (concat == nullptr) {
    for (std::size_t i = 0; i < expr.inputs.size(); ++i) parts.push_back({expr.inputs[i].get(), input_box(expr, i, box)});
    return parts;
  }
  for (std::size_t number = concat->input_at(box.begin[concat->axis]); number < expr.inputs.size(); ++number) {
    const ExprPtr& input = expr.inputs[number];
    const std::int64_t start = (*concat->starts)[number], extent = input->shape[static_cast<std::size_t>(concat->axis)];
    if (start >= box.end[concat->axis]) break;
    Box part = box;
    part.begin[concat->axis] = std::max(box.begin[concat->axis], start) - start;
    part.end[concat->axis] = std::min(box.end[concat->axis], start + extent) - start;
    if (part.begin[concat->axis] < part.end[concat->axis]) parts.push_back({input.get(), std::move(part)});
  }
  return parts;
}

}  // namespace

void visit_stored(const ExprPtr& expr, const Box& box, const std::function<void(const StoredArrayPtr&, const Box&)>& visit) {
  Visited visited;
  std::vector<Part> open{{expr.get(), box}};
  while (!open.empty()) {
    const Part part = std::move(open.back());
    open.pop_back();
    if (part.box.empty()) continue;
    auto& before = visited[part.expr];
    if (std::find(before.begin(), before.end(), part.box) != before.end()) continue;
    before.push_back(part.box);
    if (const auto* node = part.expr->as<Source>()) {
      visit(node->array, part.box);
      continue;
    }
    auto parts = needed_parts(*part.expr, part.box);
    std::move(parts.rbegin(), parts.rend(), std::back_inserter(open));
  }
}

bool reads_stored(const ExprPtr& expr) {
  bool reads = false;
  InputsFirst walk;
  walk(expr, [&](const ExprPtr& node) { reads = reads || node->as<Source>() != nullptr; },
       [&](const Expr& node) { return !reads && node.reads; });
  return reads;
}

}  // namespace rankine::array
