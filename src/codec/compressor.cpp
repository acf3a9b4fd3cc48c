#include "codec/compressor.hpp"

#include <algorithm>
#include <climits>
#include <cstdint>
#include <cstring>
#include <new>

#include <libdeflate.h>
#ifdef RANKINE_HAVE_ZSTD
#include <zstd.h>
#include <zstd_errors.h>
#endif
#ifdef RANKINE_HAVE_LZ4
#include <lz4.h>
#endif
#ifdef RANKINE_HAVE_BLOSC
#include <blosc.h>
#endif
#ifdef RANKINE_HAVE_BZ2
#include <bzlib.h>
#endif

#include "base/error.hpp"
#include "codec/array_filter.hpp"
#include "codec/checksum.hpp"
#include "codec/hdf5_filter.hpp"
#include "codec/scratch_state.hpp"

namespace rankine::codec {
namespace {

[[noreturn]] void damaged(const std::string& name, const std::string& how = "stream is damaged") {
  throw InputError(name + " " + how);
}

[[noreturn]] void too_long(const std::string& name, std::size_t wanted) {
  throw TooLong(name + " stream decodes to more than " + std::to_string(wanted) + " bytes");
}

// --- deflate and gzip, by libdeflate ---------------------------------------------------------

libdeflate_decompressor* inflater(Scratch::State& scratch) {
  if (!scratch.inflater) scratch.inflater = libdeflate_alloc_decompressor();
  if (!scratch.inflater) throw std::bad_alloc();
  return scratch.inflater;
}

libdeflate_compressor* deflater(Scratch::State& scratch, int level) {
  auto& deflater = scratch.deflaters[static_cast<std::size_t>(std::clamp(level < 0 ? 6 : level, 0, 12))];
  if (!deflater) deflater = libdeflate_alloc_compressor(std::clamp(level < 0 ? 6 : level, 0, 12));
  if (!deflater) throw std::bad_alloc();
  return deflater;
}

std::size_t inflate(const char* name, bool gzip, std::span<const std::byte> stored, std::span<std::byte> out,
                    Scratch::State& scratch) {
  const auto member = gzip ? libdeflate_gzip_decompress_ex : libdeflate_zlib_decompress_ex;
  std::size_t read = 0;
  std::size_t written = 0;
  // Bytes behind a complete stream are ignored, as zlib does; but a stream that is not yet long
  // enough goes on in its next member.
  do {
    std::size_t read_now = 0;
    std::size_t written_now = 0;
    const auto result = member(inflater(scratch), stored.data() + read, stored.size() - read,
                               out.data() + written, out.size() - written, &read_now, &written_now);
    if (result == LIBDEFLATE_INSUFFICIENT_SPACE) too_long(name, out.size());
    if (result != LIBDEFLATE_SUCCESS) {
      if (written != 0) break;
      damaged(name);
    }
    read += read_now;
    written += written_now;
  } while (written < out.size() && read < stored.size());
  return written;
}

std::vector<std::byte> deflate(bool gzip, int level, std::span<const std::byte> raw, Scratch::State& scratch) {
  auto* compressor = deflater(scratch, level);
  const auto bound = gzip ? libdeflate_gzip_compress_bound : libdeflate_zlib_compress_bound;
  const auto run = gzip ? libdeflate_gzip_compress : libdeflate_zlib_compress;
  std::vector<std::byte> out(bound(compressor, raw.size()));
  const std::size_t size = run(compressor, raw.data(), raw.size(), out.data(), out.size());
  if (size == 0) throw OutputError("deflate cannot encode a chunk of " + std::to_string(raw.size()) + " bytes");
  out.resize(size);
  return out;
}

// --- zstd -----------------------------------------------------------------------------------

#ifdef RANKINE_HAVE_ZSTD
std::size_t unzstd(std::span<const std::byte> stored, std::span<std::byte> out, Scratch::State& scratch) {
  if (!scratch.zstd_decoder) scratch.zstd_decoder = ZSTD_createDCtx();
  if (!scratch.zstd_decoder) throw std::bad_alloc();
  const std::size_t size =
      ZSTD_decompressDCtx(scratch.zstd_decoder, out.data(), out.size(), stored.data(), stored.size());
  if (!ZSTD_isError(size)) return size;
  if (ZSTD_getErrorCode(size) == ZSTD_error_dstSize_tooSmall) too_long("zstd", out.size());
  damaged("zstd", std::string("stream is damaged (") + ZSTD_getErrorName(size) + ")");
}

std::vector<std::byte> zstd(int level, std::span<const std::byte> raw, Scratch::State& scratch) {
  if (!scratch.zstd_encoder) scratch.zstd_encoder = ZSTD_createCCtx();
  if (!scratch.zstd_encoder) throw std::bad_alloc();
  std::vector<std::byte> out(ZSTD_compressBound(raw.size()));
  const std::size_t size =
      ZSTD_compressCCtx(scratch.zstd_encoder, out.data(), out.size(), raw.data(), raw.size(), level);
  if (ZSTD_isError(size)) throw OutputError(std::string("zstd cannot encode: ") + ZSTD_getErrorName(size));
  out.resize(size);
  return out;
}
#endif

// --- lz4 in numcodecs' framing: decoded size as little-endian u32, then one block ---------------

#ifdef RANKINE_HAVE_LZ4
constexpr std::size_t lz4_header = 4;

std::size_t unlz4(std::span<const std::byte> stored, std::span<std::byte> out) {
  std::uint32_t size = 0;
  if (stored.size() < lz4_header) damaged("lz4", "block is shorter than its header");
  std::memcpy(&size, stored.data(), lz4_header);
  if (size > out.size()) too_long("lz4", out.size());
  if (stored.size() - lz4_header > INT_MAX || size > INT_MAX) damaged("lz4", "block is too large");
  // A block of nothing still has its token; there is nothing to be decoded from it.
  if (size == 0) return 0;
  const int written = LZ4_decompress_safe(reinterpret_cast<const char*>(stored.data() + lz4_header),
                                          reinterpret_cast<char*>(out.data()),
                                          static_cast<int>(stored.size() - lz4_header), static_cast<int>(size));
  if (written < 0 || static_cast<std::uint32_t>(written) != size) damaged("lz4", "block is damaged");
  return size;
}

std::vector<std::byte> lz4(std::span<const std::byte> raw) {
  if (raw.size() > LZ4_MAX_INPUT_SIZE)
    throw OutputError("lz4 cannot encode chunks above 2 GB: choose smaller chunks");
  const auto size = static_cast<std::uint32_t>(raw.size());
  std::vector<std::byte> out(lz4_header + static_cast<std::size_t>(LZ4_compressBound(static_cast<int>(size))));
  std::memcpy(out.data(), &size, lz4_header);
  const int written = LZ4_compress_default(reinterpret_cast<const char*>(raw.data()),
                                           reinterpret_cast<char*>(out.data() + lz4_header),
                                           static_cast<int>(size), static_cast<int>(out.size() - lz4_header));
  if (written <= 0) throw OutputError("lz4 cannot encode a chunk");
  out.resize(lz4_header + static_cast<std::size_t>(written));
  return out;
}
#endif

// --- blosc, one thread: the callers are parallel ------------------------------------------------

#ifdef RANKINE_HAVE_BLOSC
std::size_t unblosc(std::span<const std::byte> stored, std::span<std::byte> out) {
  std::size_t size = 0;
  if (stored.size() < BLOSC_MIN_HEADER_LENGTH ||
      blosc_cbuffer_validate(stored.data(), stored.size(), &size) != 0)
    damaged("blosc", "header is damaged");
  if (size > out.size()) too_long("blosc", out.size());
  if (size == 0) return 0;
  const int written = blosc_decompress_ctx(stored.data(), out.data(), out.size(), 1);
  if (written < 0 || static_cast<std::size_t>(written) != size) damaged("blosc", "buffer is damaged");
  return size;
}

std::vector<std::byte> blosc(const Codec& codec, std::span<const std::byte> raw) {
  if (raw.size() > BLOSC_MAX_BUFFERSIZE)
    throw OutputError("blosc cannot encode chunks above 2 GB: choose smaller chunks");
  const std::string name = codec.blosc_compressor.empty() ? "lz4" : codec.blosc_compressor;
  std::vector<std::byte> out(raw.size() + BLOSC_MAX_OVERHEAD);
  const int size = blosc_compress_ctx(std::clamp(codec.level, 0, 9), std::clamp(codec.blosc_shuffle, 0, 2),
                                      static_cast<std::size_t>(std::clamp(codec.element_bytes, 1, 255)), raw.size(),
                                      raw.data(), out.data(), out.size(), name.c_str(), 0, 1);
  if (size <= 0) throw OutputError("blosc with " + name + " cannot encode a chunk");
  out.resize(static_cast<std::size_t>(size));
  return out;
}
#endif

// --- bz2 ------------------------------------------------------------------------------------

#ifdef RANKINE_HAVE_BZ2
std::size_t unbz2(std::span<const std::byte> stored, std::span<std::byte> out) {
  std::size_t read = 0;
  std::size_t written = 0;
  do {
    bz_stream stream{};
    if (BZ2_bzDecompressInit(&stream, 0, 0) != BZ_OK) throw std::bad_alloc();
    const auto in_size = static_cast<unsigned>(std::min<std::size_t>(stored.size() - read, UINT_MAX));
    const auto out_size = static_cast<unsigned>(std::min<std::size_t>(out.size() - written, UINT_MAX));
    stream.next_in = const_cast<char*>(reinterpret_cast<const char*>(stored.data() + read));
    stream.avail_in = in_size;
    stream.next_out = reinterpret_cast<char*>(out.data() + written);
    stream.avail_out = out_size;
    const int result = BZ2_bzDecompress(&stream);
    read += in_size - stream.avail_in;
    written += out_size - stream.avail_out;
    BZ2_bzDecompressEnd(&stream);
    if (result == BZ_OK && stream.avail_out == 0) too_long("bz2", out.size());
    if (result != BZ_STREAM_END) damaged("bz2");
  } while (written < out.size() && read < stored.size());
  return written;
}

std::vector<std::byte> bz2(int level, std::span<const std::byte> raw) {
  if (raw.size() > UINT_MAX / 2) throw OutputError("bz2 cannot encode chunks above 2 GB: choose smaller chunks");
  auto size = static_cast<unsigned>(raw.size() + raw.size() / 100 + 600);
  std::vector<std::byte> out(size);
  char nothing = 0;  // libbz2 takes no null pointer, not even for no bytes
  char* source = raw.empty() ? &nothing : const_cast<char*>(reinterpret_cast<const char*>(raw.data()));
  const int result = BZ2_bzBuffToBuffCompress(reinterpret_cast<char*>(out.data()), &size, source,
                                              static_cast<unsigned>(raw.size()), std::clamp(level, 1, 9), 0, 0);
  if (result != BZ_OK) throw OutputError("bz2 cannot encode a chunk");
  out.resize(size);
  return out;
}
#endif

}  // namespace

bool is_compressor(Kind kind) {
  return kind != Kind::shuffle && !is_checksum(kind) && !is_array_filter(kind);
}

std::string missing_library(const Codec& codec) {
  switch (codec.kind) {
    case Kind::zstd:
#ifndef RANKINE_HAVE_ZSTD
      return "zstd";
#endif
      break;
    case Kind::lz4:
#ifndef RANKINE_HAVE_LZ4
      return "lz4";
#endif
      break;
    case Kind::blosc:
#ifndef RANKINE_HAVE_BLOSC
      return "blosc";
#else
      if (!codec.blosc_compressor.empty() && blosc_compname_to_compcode(codec.blosc_compressor.c_str()) < 0)
        return "blosc with " + codec.blosc_compressor;
#endif
      break;
    case Kind::bz2:
#ifndef RANKINE_HAVE_BZ2
      return "bz2";
#endif
      break;
    default: return is_hdf5_filter(codec.kind) ? missing_hdf5_library(codec) : "";
  }
  return "";
}

std::size_t decompress(const Codec& codec, std::span<const std::byte> stored, std::span<std::byte> out,
                       Scratch::State& scratch) {
  if (is_hdf5_filter(codec.kind)) return decode_hdf5_filter(codec, stored, out, scratch);
  switch (codec.kind) {
    case Kind::deflate: return inflate("deflate", false, stored, out, scratch);
    case Kind::gzip: return inflate("gzip", true, stored, out, scratch);
#ifdef RANKINE_HAVE_ZSTD
    case Kind::zstd: return unzstd(stored, out, scratch);
#endif
#ifdef RANKINE_HAVE_LZ4
    case Kind::lz4: return unlz4(stored, out);
#endif
#ifdef RANKINE_HAVE_BLOSC
    case Kind::blosc: return unblosc(stored, out);
#endif
#ifdef RANKINE_HAVE_BZ2
    case Kind::bz2: return unbz2(stored, out);
#endif
    default:
      throw InputError("this build of Rankine cannot decode " + missing_library(codec) +
                       ": install the library and build again");
  }
}

std::vector<std::byte> compress(const Codec& codec, std::span<const std::byte> raw, Scratch::State& scratch) {
  if (is_hdf5_filter(codec.kind))
    throw OutputError("Rankine reads but does not write HDF5's filter " + describe_hdf5_filter(codec));
  switch (codec.kind) {
    case Kind::deflate: return deflate(false, codec.level, raw, scratch);
    case Kind::gzip: return deflate(true, codec.level, raw, scratch);
#ifdef RANKINE_HAVE_ZSTD
    case Kind::zstd: return zstd(codec.level, raw, scratch);
#endif
#ifdef RANKINE_HAVE_LZ4
    case Kind::lz4: return lz4(raw);
#endif
#ifdef RANKINE_HAVE_BLOSC
    case Kind::blosc: return blosc(codec, raw);
#endif
#ifdef RANKINE_HAVE_BZ2
    case Kind::bz2: return bz2(codec.level, raw);
#endif
    default:
      throw OutputError("this build of Rankine cannot encode " + missing_library(codec) +
                        ": install the library and build again");
  }
}

}  // namespace rankine::codec
