#include "runtime/moved_chunks.hpp"

#include <algorithm>

namespace rankine::runtime {

Box MovedChunks::chunks_of(const Box& box) const {
  const Shape& unit = store::encoded_unit(variable_);
  Box chunks = box;
  for (int axis = 0; axis < box.ndim(); ++axis) {
    chunks.begin[axis] = box.begin[axis] / unit[axis];
    chunks.end[axis] = ceil_div(box.end[axis], unit[axis]);
  }
  return chunks;
}

std::optional<MovedChunks::Place> MovedChunks::find(const Index& chunk) const {
  if (variable_.chunk_shape.empty()) return {};
  const Shape& unit = store::encoded_unit(variable_);
  Box box{chunk, chunk};
  for (int axis = 0; axis < box.ndim(); ++axis) {
    box.begin[axis] = chunk[axis] * unit[axis];
    box.end[axis] = std::min(box.begin[axis] + unit[axis], variable_.shape[axis]);
  }
  if (box.empty()) return {};
  auto place = values_.find(box);
  if (!place || !store::stores_alike(*place->array, variable_)) return {};
  Index number(chunk.size());
  for (int axis = 0; axis < box.ndim(); ++axis) {
    const std::int64_t extent = unit[axis];
    if (place->origin[axis] % extent != 0) return {};
    number[axis] = place->origin[axis] / extent;
    // A chunk at the edge of one of the two arrays must be cut off in the other at the same element: what is stored
    // behind an edge is anybody's guess.
    if (std::min(extent, place->array->shape[axis] - place->origin[axis]) != box.extent(axis)) return {};
  }
  return Place{std::move(place->array), std::move(number)};
}

bool MovedChunks::any(const Box& box) const {
  if (variable_.chunk_shape.empty() || box.empty()) return false;
  bool found = false;
  for_each_index(chunks_of(box), [&](const Index& chunk) { found = found || find(chunk).has_value(); });
  return found;
}

std::optional<std::vector<std::byte>> MovedChunks::read(const Index& chunk, store::Reader& reader) const {
  const auto place = find(chunk);
  return place ? reader.read_stored_chunk(*place->array, place->chunk) : std::nullopt;
}

MovedChunks::Count MovedChunks::count() const {
  Count count;
  if (variable_.chunk_shape.empty()) return count;
  const Box whole = Box::whole(variable_.shape);
  if (whole.empty()) return count;
  for_each_index(chunks_of(whole), [&](const Index& chunk) {
    ++count.all;
    count.moved += find(chunk).has_value() ? 1 : 0;
  });
  return count;
}

}  // namespace rankine::runtime
