#pragma once
#include <array>
#include <cstddef>
#include <memory>
#include <span>

#include "codec/codec.hpp"

struct libdeflate_decompressor;
struct libdeflate_compressor;
struct ZSTD_DCtx_s;
struct ZSTD_CCtx_s;

namespace rankine::codec {

/// The contexts that codec libraries want reused and two buffers between which a pipeline goes
/// back and forth. All are made on first use.
struct Scratch::State {
  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State();

  libdeflate_decompressor* inflater = nullptr;
  std::array<libdeflate_compressor*, 13> deflaters{};  ///< by level
  ZSTD_DCtx_s* zstd_decoder = nullptr;
  ZSTD_CCtx_s* zstd_encoder = nullptr;

  /// Buffer 0 or 1 with at least `size` uninitialised bytes.
  std::span<std::byte> buffer(int which, std::size_t size);

 private:
  struct Buffer {
    std::unique_ptr<std::byte[]> bytes;
    std::size_t size = 0;
  };
  std::array<Buffer, 2> buffers_;
};

}  // namespace rankine::codec
