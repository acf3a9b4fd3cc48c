#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/dtype.hpp"

namespace rankine::codec {

enum class Kind : std::uint8_t { deflate /* zlib stream */, gzip, zstd, lz4 /* numcodecs: u32 size first */,
                                 blosc, bz2, shuffle, fletcher32,
                                 crc32c, crc32, adler32 /* the last two stand before the data */,
                                 delta, fixed_scale_offset, astype, quantize, bitround, packbits,
                                 hdf5_lz4, lzf, bitshuffle, szip, unknown /* hdf5_filter.hpp */,
                                 half_float /* 2 bytes of a float */, time_unit /* ticks of `scale` ns */ };

/// One step of a filter pipeline. Plain data: it travels in the plan.
struct Codec {
  Kind kind = Kind::deflate;
  int level = 1;                 ///< deflate, gzip, zstd, blosc, bz2
  int element_bytes = 1;         ///< shuffle, blosc typesize
  int blosc_shuffle = 1;         ///< 0 none, 1 bytes, 2 bits
  std::string blosc_compressor;  ///< "lz4", "zstd", "blosclz", "zlib", "lz4hc"
  // Filters of numbers (array_filter.hpp). `level` holds quantize's digits and bitround's bits.
  DType value_type = DType::uint8;   ///< elements before encoding
  DType stored_type = DType::uint8;  ///< elements after it
  bool value_big_endian = false;
  bool stored_big_endian = false;
  double offset = 0;
  double scale = 1;
  /// HDF5's own filters (hdf5_filter.hpp): szip and bitshuffle as the file holds them; unknown: the filter's id.
  std::vector<std::uint32_t> parameters = {};
  bool operator==(const Codec&) const = default;
};

/// Codecs in the order in which encoding applies them; decoding goes backwards.
using Pipeline = std::vector<Codec>;

/// True if both store the same values in the same way, whatever format their descriptions come from: parameters
/// that a step does not use do not count, levels do.
bool are_alike(const Pipeline& a, const Pipeline& b);

/// "shuffle, deflate 4".
std::string describe(const Pipeline& pipeline);
/// False, with the reason, if this build lacks a library that a step needs.
bool is_available(const Pipeline& pipeline, std::string& reason);

/// Scratch memory of one thread, reused between calls.
class Scratch {
 public:
  Scratch();
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  struct State;
  State& state() { return *state_; }
 private:
  std::unique_ptr<State> state_;
};

/// Decodes one stored chunk into exactly `out.size()` bytes. Bit i of `skip_mask` set: codec i was
/// not applied to this chunk (HDF5's filter mask).
/// Throws InputError saying which codec failed and how ("deflate stream is damaged", "fletcher32
/// checksum mismatch", "decodes to 100 bytes, not 400"); never writes outside `out`.
void decode(const Pipeline& pipeline, std::uint32_t skip_mask, std::span<const std::byte> stored,
            std::span<std::byte> out, Scratch& scratch);

/// The same where the decoded size is not known beforehand (Zarr's variable-length strings): up to
/// `limit_bytes`, else InputError.
std::vector<std::byte> decode_any_size(const Pipeline& pipeline, std::span<const std::byte> stored,
                                       std::size_t limit_bytes, Scratch& scratch);

/// Encodes one chunk. Throws OutputError if a codec is not available.
std::vector<std::byte> encode(const Pipeline& pipeline, std::span<const std::byte> raw, Scratch& scratch);

/// Reverses the bytes of each element of `element_bytes` (1, 2, 4 or 8) in place.
void swap_bytes(std::span<std::byte> data, std::size_t element_bytes);

}  // namespace rankine::codec
