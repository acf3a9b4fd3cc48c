#include "store/zarr/shard_encoder.hpp"

#include <algorithm>
#include <cstring>

#include "store/chunk_read.hpp"
#include "store/zarr/zarr_chunk_source.hpp"

namespace rankine::store {

std::vector<std::byte> encode_shard(const array::ZarrKeys::Shard& layout, const Shape& inner_chunk, const Shape& valid,
                                    const EncodeInnerChunk& encode) {
  Box chunks = Box::whole(layout.shape);
  for (std::size_t axis = 0; axis < inner_chunk.size(); ++axis) chunks.end[axis] = layout.shape[axis] / inner_chunk[axis];
  std::vector<ShardIndex::Entry> entries;
  entries.reserve(static_cast<std::size_t>(chunks.element_count()));
  const std::size_t index_bytes = static_cast<std::size_t>(chunks.element_count()) * sizeof(ShardIndex::Entry) +
                                  4 * layout.index_codecs.size();
  std::vector<std::byte> shard(layout.index_at_end ? 0 : index_bytes);
  for_each_index(chunks, [&](const Index& chunk) {
    Box part{chunk, chunk};
    bool outside = false;
    for (std::size_t axis = 0; axis < chunk.size(); ++axis) {
      part.begin[axis] = chunk[axis] * inner_chunk[axis];
      part.end[axis] = std::min(part.begin[axis] + inner_chunk[axis], valid[axis]);
      outside = outside || part.begin[axis] >= valid[axis];
    }
    if (outside) {
      entries.push_back({ShardIndex::missing, ShardIndex::missing});
      return;
    }
    const auto bytes = encode(part);
    entries.push_back({shard.size(), bytes.size()});
    shard.insert(shard.end(), bytes.begin(), bytes.end());
  });
  const auto raw = std::as_writable_bytes(std::span(entries));
  if (layout.index_big_endian) codec::swap_bytes(raw, 8);
  const auto index = codec::encode(layout.index_codecs, raw, ThreadBuffers::of_this_thread().codecs);
  if (layout.index_at_end)
    shard.insert(shard.end(), index.begin(), index.end());
  else
    std::copy(index.begin(), index.end(), shard.begin());
  return shard;
}

}  // namespace rankine::store
