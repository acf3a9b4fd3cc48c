#pragma once
#include <cstddef>
#include <functional>
#include <vector>

#include "array/stored_array.hpp"
#include "grid/box.hpp"

namespace rankine::store {

/// Encodes the inner chunk of these elements (relative to the shard, inside `valid`).
using EncodeInnerChunk = std::function<std::vector<std::byte>(const Box& part)>;

/// One shard of Zarr v3's sharding_indexed: its chunks in C order and their index. Chunks that lie wholly outside
/// [0, valid), behind the array's end, are left out.
std::vector<std::byte> encode_shard(const array::ZarrKeys::Shard& layout, const Shape& inner_chunk, const Shape& valid,
                                    const EncodeInnerChunk& encode);

}  // namespace rankine::store
