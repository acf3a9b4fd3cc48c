#include "runtime/moved_chunks.hpp"

#include <algorithm>

namespace rankine::runtime {

Box MovedChunks::chunks_of(const Box& box) const {
  Box chunks = box;
  for (int axis = 0; axis < box.ndim(); ++axis) {
    chunks.begin[axis] = box.begin[axis] / variable_.chunk_shape[axis];
    chunks.end[axis] = ceil_div(box.end[axis], variable_.chunk_shape[axis]);
  }
  return chunks;
}

std::optional<MovedChunks::Place> MovedChunks::find(const Index& chunk) const {
  if (variable_.chunk_shape.empty()) return {};
  Box box{chunk, chunk};
  for (int axis = 0; axis < box.ndim(); ++axis) {
    box.begin[axis] = chunk[axis] * variable_.chunk_shape[axis];
    box.end[axis] = std::min(box.begin[axis] + variable_.chunk_shape[axis], variable_.shape[axis]);
  }
  if (box.empty()) return {};
  auto place = values_.find(box);
  if (!place || !store::stores_alike(*place->array, variable_)) return {};
  Index number(chunk.size());
  for (int axis = 0; axis < box.ndim(); ++axis) {
    const std::int64_t extent = variable_.chunk_shape[axis];
    if (place->origin[axis] % extent != 0) return {};
    number[axis] = place->origin[axis] / extent;
    // A chunk at the edge of one of the two arrays must be cut off in the other at the same element: what is stored
    // behind an edge is anybody's guess.
    if (std::min(extent, place->array->shape[axis] - place->origin[axis]) != box.extent(axis)) return {};
  }
  return Place{std::move(place->array), std::move(number)};
}

std::optional<std::vector<store::EncodedChunk>> MovedChunks::read(const Box& box, store::Reader& reader) const {
  if (variable_.chunk_shape.empty() || box.empty()) return {};
  std::vector<Index> chunks;
  std::vector<Place> places;
  bool all = true;
  for_each_index(chunks_of(box), [&](const Index& chunk) {
    if (!all) return;
    auto place = find(chunk);
    all = place.has_value();
    if (!all) return;
    chunks.push_back(chunk);
    places.push_back(std::move(*place));
  });
  if (!all) return {};
  std::vector<store::EncodedChunk> moved;
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    auto bytes = reader.read_stored_chunk(*places[i].array, places[i].chunk);
    if (!bytes) return {};
    moved.push_back({std::move(chunks[i]), std::move(*bytes)});
  }
  return moved;
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
