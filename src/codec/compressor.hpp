#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "codec/codec.hpp"

namespace rankine::codec {

/// The codecs whose output size differs from their input: each a thin wall around its library.
bool is_compressor(Kind kind);
/// The library's name if this build lacks it (or, for blosc, the inner compressor's), else "".
std::string missing_library(const Codec& codec);

/// The stream holds more than there is room for.
struct TooLong : InputError {
  using InputError::InputError;
};

/// Fills `out` from its beginning, returns how much. Throws InputError if the stream is damaged,
/// truncated or holds more than `out`.
std::size_t decompress(const Codec& codec, std::span<const std::byte> stored, std::span<std::byte> out,
                       Scratch::State& scratch);
/// Throws OutputError.
std::vector<std::byte> compress(const Codec& codec, std::span<const std::byte> raw, Scratch::State& scratch);

}  // namespace rankine::codec
