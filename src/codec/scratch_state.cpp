#include "codec/scratch_state.hpp"

#include <libdeflate.h>
#ifdef RANKINE_HAVE_ZSTD
#include <zstd.h>
#endif

namespace rankine::codec {

Scratch::Scratch() : state_(std::make_unique<State>()) {}
Scratch::~Scratch() = default;

Scratch::State::~State() {
  if (inflater) libdeflate_free_decompressor(inflater);
  for (auto* deflater : deflaters)
    if (deflater) libdeflate_free_compressor(deflater);
#ifdef RANKINE_HAVE_ZSTD
  if (zstd_decoder) ZSTD_freeDCtx(zstd_decoder);
  if (zstd_encoder) ZSTD_freeCCtx(zstd_encoder);
#endif
}

std::span<std::byte> Scratch::State::buffer(int which, std::size_t size) {
  Buffer& buffer = buffers_[static_cast<std::size_t>(which)];
  if (buffer.size < size) {
    buffer.bytes.reset();
    buffer.size = 0;
    buffer.bytes = std::make_unique_for_overwrite<std::byte[]>(size);
    buffer.size = size;
  }
  return {buffer.bytes.get(), size};
}

}  // namespace rankine::codec
