#include "array/streaming_pieces.hpp"

#include <algorithm>
#include <compare>
#include <iterator>

#include "array/expr_walk.hpp"

namespace rankine::array {
namespace {

using Borders = std::optional<PieceBorders>;

/// Where a node may be cut between two positions along one of its axes.
struct Question {
  const Expr* expr;
  int axis;
  std::int64_t begin;
  std::int64_t end;
  auto operator<=>(const Question&) const = default;
};
using Questions = Answers<Question, Borders>;

Borders common(Borders a, const Borders& b) {
  if (!a || !b) return std::nullopt;
  if (b->anywhere) return a;
  if (a->anywhere) return b;
  PieceBorders both;
  std::set_intersection(a->at.begin(), a->at.end(), b->at.begin(), b->at.end(), std::back_inserter(both.at));
  return both;
}

/// Below a node that stretches it along the axis: each piece asks for all of it.
Borders at_hand(const ExprPtr& expr) {
  if (is_constant(expr) || expr->as<LayerInput>() != nullptr) return PieceBorders{true, {}};
  return std::nullopt;
}

Borders in_source(const StoredArray& array, int axis, std::int64_t begin, std::int64_t end) {
  if (array.storage == Storage::contiguous || array.storage == Storage::records) return PieceBorders{true, {}};
  if (array.storage == Storage::library) return std::nullopt;
  const std::int64_t extent = array.chunk_shape[static_cast<std::size_t>(axis)];
  if (extent == 1) return PieceBorders{true, {}};
  PieceBorders borders;
  for (std::int64_t at = (begin / extent + 1) * extent; at < end; at += extent) borders.at.push_back(at);
  return borders;
}

Borders shifted(Borders borders, std::int64_t by) {
  if (borders)
    for (auto& at : borders->at) at += by;
  return borders;
}

std::optional<Borders> in_concat(const Question& at, const Concat& node, const Questions::Ask& ask) {
  struct Part {
    std::int64_t from;
    std::int64_t start;
    const Borders* inside;
  };
  std::vector<Part> parts;
  bool all = true;
  for (std::size_t number = node.input_at(at.begin); number < at.expr->inputs.size(); ++number) {
    const ExprPtr& input = at.expr->inputs[number];
    const std::int64_t start = (*node.starts)[number];
    if (start >= at.end) break;
    const std::int64_t extent = input->shape[static_cast<std::size_t>(at.axis)];
    const std::int64_t from = std::max(at.begin, start), to = std::min(at.end, start + extent);
    if (from >= to) continue;
    parts.push_back({from, start, ask({input.get(), at.axis, from - start, to - start})});
    all = all && parts.back().inside != nullptr;
    if (from == at.begin && to == at.end) break;
  }
  if (!all) return std::nullopt;
  if (parts.size() == 1) return shifted(*parts[0].inside, parts[0].start);
  PieceBorders borders;
  for (const Part& part : parts) {
    if (part.from > at.begin) borders.at.push_back(part.from);
    const Borders inside = shifted(*part.inside, part.start);
    if (!inside) return Borders();
    // Of what can be cut anywhere the ends are enough: pieces across inputs are joined by copying.
    borders.at.insert(borders.at.end(), inside->at.begin(), inside->at.end());
  }
  return borders;
}

/// The same as an input has, `by` further on.
std::optional<Borders> as_below(const Questions::Ask& ask, const Question& below, std::int64_t by = 0) {
  const Borders* known = ask(below);
  if (known == nullptr) return std::nullopt;
  return shifted(*known, by);
}

/// Where all inputs can be cut.
std::optional<Borders> as_all_below(const Question& at, const Questions::Ask& ask) {
  const auto a = static_cast<std::size_t>(at.axis);
  Borders borders = PieceBorders{true, {}};
  bool all = true;
  for (const auto& input : at.expr->inputs) {
    if (input->shape[a] == 1 && at.expr->shape[a] != 1) {
      borders = common(std::move(borders), at_hand(input));
      continue;
    }
    const Borders* below = ask({input.get(), at.axis, at.begin, at.end});
    all = all && below != nullptr;
    if (below != nullptr) borders = common(std::move(borders), *below);
  }
  return all ? std::optional<Borders>(std::move(borders)) : std::nullopt;
}

/// Nothing while an answer is missing; an empty Borders says that there are none.
std::optional<Borders> along(const Question& at, const Questions::Ask& ask) {
  const Expr& expr = *at.expr;
  const auto a = static_cast<std::size_t>(at.axis);
  if (const auto* node = expr.as<Source>()) return in_source(*node->array, at.axis, at.begin, at.end);
  if (expr.as<Constant>() != nullptr || expr.as<LayerInput>() != nullptr) return PieceBorders{true, {}};
  const Expr* input = expr.inputs.empty() ? nullptr : expr.inputs[0].get();
  if (expr.as<Rechunk>() != nullptr) return as_below(ask, {input, at.axis, at.begin, at.end});
  if (const auto* node = expr.as<Slice>()) {
    if (node->step[a] != 1) return Borders();
    return as_below(ask, {input, at.axis, at.begin + node->start[a], at.end + node->start[a]}, -node->start[a]);
  }
  if (const auto* node = expr.as<Permute>()) {
    if (node->axes[a] < 0) return Borders();
    return as_below(ask, {input, node->axes[a], at.begin, at.end});
  }
  if (const auto* node = expr.as<Concat>(); node != nullptr && node->axis == at.axis) return in_concat(at, *node, ask);
  if (expr.as<Elementwise>() != nullptr || expr.as<Broadcast>() != nullptr || expr.as<Concat>() != nullptr) return as_all_below(at, ask);
  return Borders();
}

}  // namespace

std::optional<PieceBorders> piece_borders(const ExprPtr& expr, const Box& box) {
  if (box.ndim() == 0 || box.empty()) return std::nullopt;
  return Questions(along)({expr.get(), 0, box.begin[0], box.end[0]});
}

std::vector<Box> streaming_pieces(const ExprPtr& expr, const Box& box, std::uint64_t least_bytes) {
  const auto bytes = static_cast<std::uint64_t>(box.element_count()) * size_of(expr->dtype);
  if (box.ndim() == 0 || bytes < 2 * least_bytes) return {box};
  const auto borders = piece_borders(expr, box);
  if (!borders) return {box};
  const std::uint64_t row_bytes = bytes / static_cast<std::uint64_t>(box.extent(0));
  const auto least = static_cast<std::int64_t>(ceil_div(least_bytes, row_bytes));
  std::vector<Box> pieces;
  Box piece = box;
  const auto cut = [&](std::int64_t at) {
    piece.end[0] = at;
    pieces.push_back(piece);
    piece.begin[0] = at;
  };
  if (borders->anywhere) {
    while (box.end[0] - piece.begin[0] >= 2 * least) cut(piece.begin[0] + least);
  } else {
    for (const std::int64_t at : borders->at)
      if (at - piece.begin[0] >= least) cut(at);
  }
  if (piece.begin[0] < box.end[0]) cut(box.end[0]);
  return pieces;
}

}  // namespace rankine::array
