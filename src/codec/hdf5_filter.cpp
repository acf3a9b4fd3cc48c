#include "codec/hdf5_filter.hpp"

#include <algorithm>
#include <climits>
#include <cstdint>
#include <cstring>
#include <new>
#include <vector>

#ifdef RANKINE_HAVE_LZ4
#include <lz4.h>
#endif
#ifdef RANKINE_HAVE_ZSTD
#include <zstd.h>
#endif
#ifdef RANKINE_HAVE_SZIP
extern "C" {  // the header does not say so itself
#include <szlib.h>
}
#endif

#include "base/error.hpp"
#include "codec/bitshuffle.hpp"
#include "codec/compressor.hpp"
#include "codec/scratch_state.hpp"

namespace rankine::codec {
namespace {

enum BitshuffleInside : std::uint32_t { inside_nothing = 0, inside_lz4 = 2, inside_zstd = 3 };

std::uint32_t parameter(const Codec& codec, std::size_t i) {
  return i < codec.parameters.size() ? codec.parameters[i] : 0;
}

[[noreturn]] void damaged(const char* name) { throw InputError(std::string(name) + " stream is damaged"); }
[[noreturn]] void too_long(const char* name, std::size_t room) {
  throw TooLong(std::string(name) + " stream decodes to more than " + std::to_string(room) + " bytes");
}

/// Big-endian fields and runs of bytes of a stream, never beyond its end.
class Stream {
 public:
  Stream(const char* name, std::span<const std::byte> bytes) : name_(name), bytes_(bytes) {}
  std::uint64_t integer(std::size_t size) {
    std::uint64_t value = 0;
    for (const std::byte byte : take(size)) value = value << 8 | std::to_integer<std::uint64_t>(byte);
    return value;
  }
  std::span<const std::byte> take(std::uint64_t size) {
    if (size > bytes_.size()) throw InputError(std::string(name_) + " stream ends too early");
    const auto part = bytes_.first(size);
    bytes_ = bytes_.subspan(size);
    return part;
  }

 private:
  const char* name_;
  std::span<const std::byte> bytes_;
};

#ifdef RANKINE_HAVE_LZ4
void unlz4_block(const char* name, std::span<const std::byte> block, std::span<std::byte> to) {
  if (block.size() > INT_MAX || to.size() > INT_MAX) damaged(name);
  const int written = LZ4_decompress_safe(reinterpret_cast<const char*>(block.data()), reinterpret_cast<char*>(to.data()),
                                          static_cast<int>(block.size()), static_cast<int>(to.size()));
  if (written < 0 || static_cast<std::size_t>(written) != to.size()) damaged(name);
}

/// Decoded size and block size first; a block that did not shrink is stored as it is.
std::size_t unlz4_blocks(std::span<const std::byte> stored, std::span<std::byte> out) {
  Stream stream("lz4", stored);
  const std::uint64_t size = stream.integer(8);
  const std::uint64_t block_bytes = stream.integer(4);
  if (size > out.size()) too_long("lz4", out.size());
  if (size != 0 && block_bytes == 0) damaged("lz4");
  for (std::uint64_t done = 0; done < size;) {
    const std::uint64_t now = std::min(block_bytes, size - done);
    const auto block = stream.take(stream.integer(4));
    const auto to = out.subspan(done, now);
    if (block.size() == now) std::memcpy(to.data(), block.data(), now);
    else unlz4_block("lz4", block, to);
    done += now;
  }
  return size;
}
#endif

/// h5py's own; the algorithm of Marc Lehmann's LibLZF: literal runs and back references.
std::size_t unlzf(std::span<const std::byte> stored, std::span<std::byte> out) {
  std::size_t at = 0, done = 0;
  const auto next = [&] {
    if (at == stored.size()) damaged("lzf");
    return std::to_integer<std::size_t>(stored[at++]);
  };
  while (at < stored.size()) {
    const std::size_t control = next();
    if (control < 32) {
      const std::size_t count = control + 1;
      if (count > stored.size() - at) damaged("lzf");
      if (count > out.size() - done) too_long("lzf", out.size());
      std::memcpy(out.data() + done, stored.data() + at, count);
      at += count;
      done += count;
      continue;
    }
    std::size_t count = control >> 5;
    if (count == 7) count += next();
    count += 2;
    const std::size_t back = ((control & 31) << 8 | next()) + 1;
    if (back > done) damaged("lzf");
    if (count > out.size() - done) too_long("lzf", out.size());
    for (; count > 0; --count, ++done) out[done] = out[done - back];
  }
  return done;
}

#ifdef RANKINE_HAVE_SZIP
std::size_t unszip(const Codec& codec, std::span<const std::byte> stored, std::span<std::byte> out) {
  SZ_com_t parameters{};
  parameters.options_mask = static_cast<int>(parameter(codec, 0));
  parameters.pixels_per_block = static_cast<int>(parameter(codec, 1));
  parameters.bits_per_pixel = static_cast<int>(parameter(codec, 2));
  parameters.pixels_per_scanline = static_cast<int>(parameter(codec, 3));
  const bool sane = parameters.pixels_per_block >= 2 && parameters.pixels_per_block <= SZ_MAX_PIXELS_PER_BLOCK &&
                    parameters.pixels_per_block % 2 == 0 && parameters.pixels_per_scanline >= 1 &&
                    parameters.pixels_per_scanline <= SZ_MAX_PIXELS_PER_SCANLINE &&
                    ((parameters.bits_per_pixel >= 1 && parameters.bits_per_pixel <= 32) || parameters.bits_per_pixel == 64);
  if (!sane) throw InputError("szip parameters are damaged");
  if (stored.size() < 4) damaged("szip");
  std::uint32_t size = 0;
  std::memcpy(&size, stored.data(), 4);
  if (size > out.size()) too_long("szip", out.size());
  if (size == 0) return 0;
  std::size_t written = size;
  const int status = SZ_BufftoBuffDecompress(out.data(), &written, stored.data() + 4, stored.size() - 4, &parameters);
  if (status == AEC_MEM_ERROR) throw std::bad_alloc();
  if (status != SZ_OK || written != size) damaged("szip");
  return size;
}
#endif

#ifdef RANKINE_HAVE_ZSTD
void unzstd_block(const char* name, std::span<const std::byte> block, std::span<std::byte> to, Scratch::State& scratch) {
  if (!scratch.zstd_decoder) scratch.zstd_decoder = ZSTD_createDCtx();
  if (!scratch.zstd_decoder) throw std::bad_alloc();
  const std::size_t size = ZSTD_decompressDCtx(scratch.zstd_decoder, to.data(), to.size(), block.data(), block.size());
  if (ZSTD_isError(size) || size != to.size()) damaged(name);
}
#endif

/// Elements of one block where the file does not say: 8 KiB of them, in groups of eight, 128 at least.
std::uint64_t default_block_elements(std::uint64_t element_bytes) {
  return std::max<std::uint64_t>(8192 / element_bytes / 8 * 8, 128);
}

/// Blocks are shuffled on their own, the last of them may be shorter; up to seven elements behind it
/// stand there as they are.
std::size_t un_bitshuffle(const Codec& codec, std::span<const std::byte> stored, std::span<std::byte> out,
                          [[maybe_unused]] Scratch::State& scratch) {
  constexpr const char* name = "bitshuffle";
  const std::uint64_t element_bytes = parameter(codec, 2);
  if (element_bytes == 0 || element_bytes > 1u << 16) throw InputError("bitshuffle parameters are damaged");
  const std::uint32_t inside = parameter(codec, 4);
  Stream stream(name, stored);
  std::uint64_t size = stored.size();
  std::uint64_t block_elements = parameter(codec, 3);
  if (inside != inside_nothing) {
    size = stream.integer(8);
    block_elements = stream.integer(4) / element_bytes;
  }
  if (block_elements == 0) block_elements = default_block_elements(element_bytes);
  if (size > out.size()) too_long(name, out.size());
  if (size % element_bytes != 0 || block_elements % 8 != 0) damaged(name);

  const std::uint64_t block_limit = std::min(block_elements * element_bytes, size);
  std::vector<std::byte> work(3 * block_limit);
  const std::span<std::byte> room(work);
  const std::uint64_t shuffled = size / element_bytes / 8 * 8 * element_bytes;
  for (std::uint64_t done = 0; done < shuffled;) {
    const std::uint64_t now = std::min(block_elements * element_bytes, shuffled - done);
    std::span<const std::byte> block;
    if (inside == inside_nothing) {
      block = stream.take(now);
    } else {
      const auto compressed = stream.take(stream.integer(4));
      const auto to = room.first(now);
      switch (inside) {
#ifdef RANKINE_HAVE_LZ4
        case inside_lz4: unlz4_block(name, compressed, to); break;
#endif
#ifdef RANKINE_HAVE_ZSTD
        case inside_zstd: unzstd_block(name, compressed, to, scratch); break;
#endif
        default: throw InputError("bitshuffle with compressor " + std::to_string(inside) + " is not supported");
      }
      block = to;
    }
    bit_unshuffle(block, out.subspan(done, now), element_bytes, room.subspan(block_limit));
    done += now;
  }
  const auto rest = stream.take(size - shuffled);
  if (!rest.empty()) std::memcpy(out.data() + shuffled, rest.data(), rest.size());
  return size;
}

/// Names of the filters that The HDF Group has registered and that climate files may hold.
const char* registered_name(std::uint32_t id) {
  switch (id) {
    case 257: return "hzip";
    case 258: return "fpzip";
    case 305: return "lzo";
    case 32000: return "lzf";
    case 32005: return "cbf";
    case 32006: return "jpeg-xr";
    case 32009: return "spdp";
    case 32010: return "lpc-rice";
    case 32011: return "ccsds-123";
    case 32012: return "jpeg-ls";
    case 32013: return "zfp";
    case 32014: return "fpzip";
    case 32016: return "b3d";
    case 32017: return "sz";
    case 32018: return "fcidecomp";
    case 32019: return "jpeg";
    case 32022: return "granular bitround";
    case 32023: return "sz3";
    case 32024: return "delta-rice";
    case 32026: return "blosc2";
    case 32028: return "sperr";
    default: return nullptr;
  }
}

}  // namespace

bool is_hdf5_filter(Kind kind) {
  return kind == Kind::hdf5_lz4 || kind == Kind::lzf || kind == Kind::bitshuffle || kind == Kind::szip ||
         kind == Kind::unknown;
}

std::string describe_hdf5_filter(const Codec& codec) {
  switch (codec.kind) {
    case Kind::hdf5_lz4: return "lz4";
    case Kind::lzf: return "lzf";
    case Kind::szip: return "szip";
    case Kind::bitshuffle: {
      const std::uint32_t inside = parameter(codec, 4);
      return inside == inside_lz4 ? "bitshuffle with lz4" : inside == inside_zstd ? "bitshuffle with zstd" : "bitshuffle";
    }
    default: {
      const char* name = registered_name(parameter(codec, 0));
      return "filter " + std::to_string(parameter(codec, 0)) + (name ? " (" + std::string(name) + ")" : "");
    }
  }
}

std::string missing_hdf5_library(const Codec& codec) {
  switch (codec.kind) {
    case Kind::lzf: return "";
#ifdef RANKINE_HAVE_LZ4
    case Kind::hdf5_lz4: return "";
#else
    case Kind::hdf5_lz4: return "lz4";
#endif
#ifdef RANKINE_HAVE_SZIP
    case Kind::szip: return "";
#else
    case Kind::szip: return "libaec";
#endif
    case Kind::bitshuffle: {
      const std::uint32_t inside = parameter(codec, 4);
      if (inside == inside_nothing) return "";
#ifdef RANKINE_HAVE_LZ4
      if (inside == inside_lz4) return "";
#else
      if (inside == inside_lz4) return "lz4";
#endif
#ifdef RANKINE_HAVE_ZSTD
      if (inside == inside_zstd) return "";
#else
      if (inside == inside_zstd) return "zstd";
#endif
      return "bitshuffle with compressor " + std::to_string(inside);
    }
    default: return "a decoder of HDF5 " + describe_hdf5_filter(codec);
  }
}

std::size_t decode_hdf5_filter(const Codec& codec, std::span<const std::byte> stored, std::span<std::byte> out,
                               Scratch::State& scratch) {
  switch (codec.kind) {
#ifdef RANKINE_HAVE_LZ4
    case Kind::hdf5_lz4: return unlz4_blocks(stored, out);
#endif
#ifdef RANKINE_HAVE_SZIP
    case Kind::szip: return unszip(codec, stored, out);
#endif
    case Kind::lzf: return unlzf(stored, out);
    case Kind::bitshuffle: return un_bitshuffle(codec, stored, out, scratch);
    default:
      throw InputError("it went through HDF5 " + describe_hdf5_filter(codec) +
                       ", which this build of Rankine cannot decode");
  }
}

}  // namespace rankine::codec
