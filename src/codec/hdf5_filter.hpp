#pragma once
#include <cstddef>
#include <span>
#include <string>

#include "codec/codec.hpp"

/// Filters that only HDF5 files hold, each in the framing of its registered plugin. They are decoded, never
/// written. Sources: the plugins' own descriptions at github.com/HDFGroup/hdf5_plugins and libhdf5's H5Zszip.c.
namespace rankine::codec {

bool is_hdf5_filter(Kind kind);
/// "szip", "filter 32013 (zfp)".
std::string describe_hdf5_filter(const Codec& codec);
/// The library's name if this build lacks it, "a decoder of filter 32013 (zfp)" for an unknown filter, else "".
std::string missing_hdf5_library(const Codec& codec);

/// Fills `out` from its beginning, returns how much. Throws InputError, TooLong as decompress() does.
std::size_t decode_hdf5_filter(const Codec& codec, std::span<const std::byte> stored, std::span<std::byte> out,
                               Scratch::State& scratch);

}  // namespace rankine::codec
