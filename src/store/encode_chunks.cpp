#include <algorithm>
#include <cstring>

#include "base/check.hpp"
#include "base/error.hpp"
#include "grid/strided_view.hpp"
#include "store/chunk_read.hpp"
#include "store/zarr/shard_encoder.hpp"

namespace rankine::store {
namespace {

Shape chunk_shape_of(const array::OutputVariable& variable) {
  Shape chunk = variable.chunk_shape.empty() ? variable.shape : variable.chunk_shape;
  for (auto& extent : chunk) extent = std::max<std::int64_t>(extent, 1);
  return chunk;
}

// Encodes chunks of one variable in the layout it has, or is to have, in its file.
class ChunkEncoder {
 public:
  explicit ChunkEncoder(const array::OutputVariable& variable)
      : variable_(variable), scratch_(ThreadBuffers::of_this_thread().codecs), element_(size_of(variable.dtype)) {
    if (variable.existing) {
      big_endian_ = variable.existing->big_endian;
      axis_order_ = variable.existing->axis_order;
      if (variable.existing->fortran_order)
        for (std::size_t axis = variable.shape.size(); axis-- > 0;) axis_order_.push_back(static_cast<std::int64_t>(axis));
    }
    if (variable.inner_chunk_shape.empty()) return;
    if (variable.existing) {
      shard_ = variable.existing->zarr.shards.at(0);
    } else {
      shard_.shape = variable.chunk_shape;
      shard_.index_codecs = {codec::Codec{.kind = codec::Kind::crc32c, .blosc_compressor = {}}};
    }
  }

  /// `inside`: the elements of the chunk that lie inside the array.
  std::vector<std::byte> encode(const StridedView& inside, const Shape& chunk_shape) const {
    if (variable_.inner_chunk_shape.empty()) return encode_plain(inside, chunk_shape);
    return encode_shard(shard_, variable_.inner_chunk_shape, inside.shape,
                        [&](const Box& part) { return encode_plain(inside.inside(part), variable_.inner_chunk_shape); });
  }

  /// The same, unit by unit. `inside`: the chunk's elements.
  std::vector<std::byte> encode_units(const Index& chunk, const Box& inside, const StoredUnit& stored, const UnitValues& values) const {
    const auto unit = [&](const Index& number, const Box& part, const Shape& shape) {
      if (auto bytes = stored(number)) return std::move(*bytes);
      const NdArray computed = values(part);
      RANKINE_CHECK(computed.dtype() == variable_.dtype && computed.shape() == part.shape(), "values fit their variable and box");
      return encode_plain(StridedView::of(computed), shape);
    };
    if (variable_.inner_chunk_shape.empty()) return unit(chunk, inside, variable_.chunk_shape);
    const Shape& inner = variable_.inner_chunk_shape;
    return encode_shard(shard_, inner, inside.shape(), [&](const Box& part) {
      Box elements = part;
      Index number(part.begin.size());
      for (int axis = 0; axis < part.ndim(); ++axis) {
        elements.begin[axis] += inside.begin[axis];
        elements.end[axis] += inside.begin[axis];
        number[axis] = elements.begin[axis] / inner[axis];
      }
      return unit(number, elements, inner);
    });
  }

 private:
  std::vector<std::byte> encode_plain(const StridedView& inside, const Shape& chunk_shape) const {
    const std::size_t bytes = static_cast<std::size_t>(element_count(chunk_shape)) * element_;
    const std::byte* raw = inside.data;
    NdArray copy;
    if (inside.shape != chunk_shape) {
      copy = padding(chunk_shape);
      copy_into(inside, copy, Index(chunk_shape.size(), 0));
      raw = copy.raw();
    } else if (!inside.is_c_contiguous()) {
      copy = materialise(inside);
      raw = copy.raw();
    }
    if (!axis_order_.empty()) {
      const StridedView view = raw == inside.data ? inside : StridedView::of(copy);
      copy = materialise(view.permuted({axis_order_.begin(), axis_order_.end()}));
      raw = copy.raw();
    }
    if (big_endian_ && element_ > 1) {
      if (raw == inside.data) copy = materialise(inside);
      codec::swap_bytes({copy.raw(), bytes}, element_);
      raw = copy.raw();
    }
    return codec::encode(variable_.codecs, {raw, bytes}, scratch_);
  }

  // What stands behind the array's edge inside its last chunks: the fill value, else 0.
  NdArray padding(const Shape& chunk_shape) const {
    if (!variable_.fill) return NdArray::zeros(variable_.dtype, chunk_shape);
    NdArray chunk(variable_.dtype, chunk_shape);
    const StridedView one = StridedView::of(variable_.fill->reshaped(Shape(chunk_shape.size(), 1)));
    copy_into(one.broadcast_to(chunk_shape), chunk, Index(chunk_shape.size(), 0));
    return chunk;
  }

  const array::OutputVariable& variable_;
  codec::Scratch& scratch_;
  std::size_t element_;
  bool big_endian_ = false;
  Index axis_order_;
  array::ZarrKeys::Shard shard_;
};

}  // namespace

const Shape& encoded_unit(const array::OutputVariable& variable) {
  return variable.inner_chunk_shape.empty() ? variable.chunk_shape : variable.inner_chunk_shape;
}

namespace {

/// Calls encode(chunk, part) for every chunk of `box`, whose elements are `part`; what it gives are the chunk's bytes.
template <typename Encode>
std::vector<EncodedChunk> encode_each(const array::OutputVariable& variable, const Box& box, Encode&& encode) {
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
  for_each_index(chunks, [&](const Index& chunk) {
    Box part{chunk, chunk};
    for (int axis = 0; axis < box.ndim(); ++axis) {
      part.begin[axis] = chunk[axis] * chunk_shape[axis];
      part.end[axis] = std::min(part.begin[axis] + chunk_shape[axis], variable.shape[axis]);
    }
    try {
      encoded.push_back({chunk, encode(chunk, part)});
    } catch (const OutputError& error) {
      throw OutputError("cannot encode chunk " + format_tuple(chunk) + " of " + variable.name + ": " + error.what());
    }
  });
  return encoded;
}

}  // namespace

std::vector<EncodedChunk> encode_chunks(const array::OutputVariable& variable, const NdArray& values, const Box& box) {
  RANKINE_CHECK(values.dtype() == variable.dtype && values.shape() == box.shape(), "values fit their variable and box");
  const StridedView all = StridedView::of(values);
  const ChunkEncoder encoder(variable);
  const Shape chunk_shape = chunk_shape_of(variable);
  return encode_each(variable, box, [&](const Index&, const Box& part) {
    return encoder.encode(all.inside(part.relative_to(box.begin)), chunk_shape);
  });
}

std::vector<EncodedChunk> encode_chunks(const array::OutputVariable& variable, const Box& box, const StoredUnit& stored,
                                        const UnitValues& values) {
  const ChunkEncoder encoder(variable);
  return encode_each(variable, box, [&](const Index& chunk, const Box& part) {
    return encoder.encode_units(chunk, part, stored, values);
  });
}

}  // namespace rankine::store
