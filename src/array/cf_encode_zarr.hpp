#pragma once
#include "array/cf_encode.hpp"

namespace rankine::array {

/// Keys of a user's `encoding=` that say how Zarr stores a variable.
bool is_zarr_key(const std::string& key);
std::vector<std::string> zarr_keys();

/// Sets chunk_shape, inner_chunk_shape and codecs of `out` (whose dtype and shape are set) from the encoding of
/// `variable`: "chunks", "shards" (v3), "filters", "compressor" (a numcodecs configuration as JSON text, or None) or
/// "compressors" (a list of v3 configurations). `chunks`: what is taken where the encoding names none or, if it comes
/// from a file, chunks of another ndim. v3 outputs of many chunks get shards of about 128 MB.
void choose_zarr_storage(OutputVariable& out, const Variable& variable, OutputFormat format, const Shape& chunks,
                         bool from_user);

/// Grows `chunk` in whole multiples, from the last axis to the first, to about `target_bytes`, but not beyond `shape`
/// rounded up to chunks. ((100, 721, 1440) of 4 bytes, (1, 721, 1440), 128 MB) -> (32, 721, 1440).
Shape shard_shape(const Shape& shape, const Shape& chunk, std::size_t element_bytes, std::uint64_t target_bytes);

}  // namespace rankine::array
