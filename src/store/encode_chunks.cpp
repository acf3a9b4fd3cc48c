#include <algorithm>

#include "base/check.hpp"
#include "base/error.hpp"
#include "grid/strided_view.hpp"
#include "store/chunk_read.hpp"

namespace rankine::store {
namespace {

Shape chunk_shape_of(const array::OutputVariable& variable) {
  Shape chunk = variable.chunk_shape.empty() ? variable.shape : variable.chunk_shape;
  for (auto& extent : chunk) extent = std::max<std::int64_t>(extent, 1);
  return chunk;
}

// What stands behind the array's edge inside its last chunks: the fill value, else 0.
NdArray padding(const array::OutputVariable& variable, const Shape& chunk_shape) {
  if (!variable.fill) return NdArray::zeros(variable.dtype, chunk_shape);
  NdArray chunk(variable.dtype, chunk_shape);
  const StridedView one = StridedView::of(variable.fill->reshaped(Shape(chunk_shape.size(), 1)));
  copy_into(one.broadcast_to(chunk_shape), chunk, Index(chunk_shape.size(), 0));
  return chunk;
}

}  // namespace

std::vector<EncodedChunk> encode_chunks(const array::OutputVariable& variable, const NdArray& values, const Box& box) {
  RANKINE_CHECK(values.dtype() == variable.dtype && values.shape() == box.shape(), "values fit their variable and box");
  RANKINE_CHECK(Box::whole(variable.shape).contains(box), "a box lies inside its variable");
  std::vector<EncodedChunk> encoded;
  if (box.empty()) return encoded;
  const Shape chunk_shape = chunk_shape_of(variable);
  Box chunks = box;
  for (int axis = 0; axis < box.ndim(); ++axis) {
    RANKINE_CHECK(box.begin[axis] % chunk_shape[axis] == 0 &&
                      (box.end[axis] % chunk_shape[axis] == 0 || box.end[axis] == variable.shape[axis]),
                  "boxes to be encoded are made of whole chunks");
    chunks.begin[axis] = box.begin[axis] / chunk_shape[axis];
    chunks.end[axis] = ceil_div(box.end[axis], chunk_shape[axis]);
  }
  const StridedView all = StridedView::of(values);
  const std::size_t chunk_bytes = static_cast<std::size_t>(element_count(chunk_shape)) * size_of(variable.dtype);
  codec::Scratch& scratch = ThreadBuffers::of_this_thread().codecs;
  for_each_index(chunks, [&](const Index& chunk) {
    Box part{chunk, chunk};
    for (int axis = 0; axis < box.ndim(); ++axis) {
      part.begin[axis] = chunk[axis] * chunk_shape[axis];
      part.end[axis] = std::min(part.begin[axis] + chunk_shape[axis], variable.shape[axis]);
    }
    const StridedView inside = all.inside(part.relative_to(box.begin));
    const std::byte* raw = inside.data;
    NdArray copy;
    if (part.shape() != chunk_shape) {
      copy = padding(variable, chunk_shape);
      copy_into(inside, copy, Index(chunk_shape.size(), 0));
      raw = copy.raw();
    } else if (!inside.is_c_contiguous()) {
      copy = materialise(inside);
      raw = copy.raw();
    }
    try {
      encoded.push_back({chunk, codec::encode(variable.codecs, {raw, chunk_bytes}, scratch)});
    } catch (const OutputError& error) {
      throw OutputError("cannot encode chunk " + format_tuple(chunk) + " of " + variable.name + ": " + error.what());
    }
  });
  return encoded;
}

}  // namespace rankine::store
