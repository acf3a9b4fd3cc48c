#include "array/streaming_pieces.hpp"

#include <algorithm>
#include <iterator>

namespace rankine::array {
namespace {

using Borders = std::optional<PieceBorders>;

Borders along(const ExprPtr& expr, int axis, std::int64_t begin, std::int64_t end);

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

Borders in_concat(const ExprPtr& expr, const Concat& node, int axis, std::int64_t begin, std::int64_t end) {
  PieceBorders borders;
  for (std::size_t number = node.input_at(begin); number < expr->inputs.size(); ++number) {
    const ExprPtr& input = expr->inputs[number];
    const std::int64_t start = (*node.starts)[number];
    if (start >= end) break;
    const std::int64_t extent = input->shape[static_cast<std::size_t>(axis)];
    const std::int64_t from = std::max(begin, start), to = std::min(end, start + extent);
    if (from == begin && to == end) return shifted(along(input, axis, begin - start, end - start), start);
    if (from < to) {
      if (from > begin) borders.at.push_back(from);
      const Borders inside = shifted(along(input, axis, from - start, to - start), start);
      if (!inside) return std::nullopt;
      // Of what can be cut anywhere the ends are enough: pieces across inputs are joined by copying.
      borders.at.insert(borders.at.end(), inside->at.begin(), inside->at.end());
    }
  }
  return borders;
}

Borders along(const ExprPtr& expr, int axis, std::int64_t begin, std::int64_t end) {
  const auto a = static_cast<std::size_t>(axis);
  if (const auto* node = expr->as<Source>()) return in_source(*node->array, axis, begin, end);
  if (expr->as<Constant>() != nullptr || expr->as<LayerInput>() != nullptr) return PieceBorders{true, {}};
  if (expr->as<Rechunk>() != nullptr) return along(expr->inputs[0], axis, begin, end);
  if (const auto* node = expr->as<Slice>()) {
    if (node->step[a] != 1) return std::nullopt;
    return shifted(along(expr->inputs[0], axis, begin + node->start[a], end + node->start[a]), -node->start[a]);
  }
  if (const auto* node = expr->as<Permute>())
    return node->axes[a] < 0 ? std::nullopt : along(expr->inputs[0], node->axes[a], begin, end);
  if (const auto* node = expr->as<Concat>(); node != nullptr && node->axis == axis) return in_concat(expr, *node, axis, begin, end);
  if (expr->as<Elementwise>() == nullptr && expr->as<Broadcast>() == nullptr && expr->as<Concat>() == nullptr) return std::nullopt;
  Borders borders = PieceBorders{true, {}};
  for (const auto& input : expr->inputs) {
    const bool stretched = input->shape[a] == 1 && expr->shape[a] != 1;
    borders = common(std::move(borders), stretched ? at_hand(input) : along(input, axis, begin, end));
    if (!borders) return borders;
  }
  return borders;
}

}  // namespace

std::optional<PieceBorders> piece_borders(const ExprPtr& expr, const Box& box) {
  if (box.ndim() == 0 || box.empty()) return std::nullopt;
  return along(expr, 0, box.begin[0], box.end[0]);
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
