#include "codec/codec.hpp"

#include <algorithm>
#include <cstring>

#include "base/check.hpp"
#include "base/error.hpp"
#include "codec/array_filter.hpp"
#include "codec/checksum.hpp"
#include "codec/compressor.hpp"
#include "codec/hdf5_filter.hpp"
#include "codec/scratch_state.hpp"
#include "codec/shuffle.hpp"

namespace rankine::codec {
namespace {

std::string describe(const Codec& codec) {
  std::string level(1, ' ');
  level += std::to_string(codec.level);
  switch (codec.kind) {
    case Kind::deflate: return "deflate" + level;
    case Kind::gzip: return "gzip" + level;
    case Kind::zstd: return "zstd" + level;
    case Kind::lz4: return "lz4";
    case Kind::blosc: {
      static constexpr const char* shuffles[] = {"no shuffle", "shuffle", "bitshuffle"};
      const int shuffle = codec.blosc_shuffle;
      return "blosc (" + (codec.blosc_compressor.empty() ? "lz4" : codec.blosc_compressor) + level +
             (shuffle >= 0 && shuffle <= 2 ? std::string(", ") + shuffles[shuffle] : "") + ")";
    }
    case Kind::bz2: return "bz2" + level;
    case Kind::shuffle: return "shuffle";
    case Kind::fletcher32: return "fletcher32";
    case Kind::crc32c: return "crc32c";
    case Kind::crc32: return "crc32";
    case Kind::adler32: return "adler32";
    case Kind::delta: return "delta";
    case Kind::fixed_scale_offset: return "fixed scale and offset";
    case Kind::astype: return "stored as " + name_of(codec.stored_type);
    case Kind::quantize: return "quantize" + level;
    case Kind::bitround: return "bitround" + level;
    case Kind::packbits: return "packbits";
    case Kind::half_float: return "half floats";
    case Kind::time_unit: return "times of another unit";
    case Kind::hdf5_lz4:
    case Kind::lzf:
    case Kind::bitshuffle:
    case Kind::szip:
    case Kind::unknown: return describe_hdf5_filter(codec);
  }
  return "unknown codec";
}

// A step that changes nothing: masked out for this chunk, or a shuffle of single bytes.
bool is_idle(const Codec& codec, std::size_t step, std::uint32_t skip_mask) {
  return (step < 32 && (skip_mask >> step & 1u) != 0) || (codec.kind == Kind::shuffle && codec.element_bytes <= 1);
}

// What encoding steps [0, step) make of `raw` bytes. Where a compressor is among them (a pipeline
// with two), the size is not known: then a generous bound, so that a lying stream cannot make us
// allocate more than about the chunk itself.
struct Expected {
  std::size_t bytes;
  bool exact;
};
Expected expected_before(const Pipeline& pipeline, std::uint32_t skip_mask, std::size_t step, std::size_t raw) {
  Expected expected{raw, true};
  for (std::size_t i = 0; i < step; ++i) {
    if (is_idle(pipeline[i], i, skip_mask)) continue;
    if (is_checksum(pipeline[i].kind)) expected.bytes += checksum_bytes;
    if (is_array_filter(pipeline[i].kind)) expected.bytes = filtered_size(pipeline[i], expected.bytes);
    if (is_compressor(pipeline[i].kind)) expected = {expected.bytes + expected.bytes / 4 + 65536, false};
  }
  return expected;
}

template <typename Word, Word (*swap)(Word)>
void swap_words(std::span<std::byte> data) {
  std::byte* at = data.data();
  for (std::size_t i = 0; i + sizeof(Word) <= data.size(); i += sizeof(Word)) {
    Word word;
    std::memcpy(&word, at + i, sizeof word);
    word = swap(word);
    std::memcpy(at + i, &word, sizeof word);
  }
}
std::uint16_t swap16(std::uint16_t v) { return __builtin_bswap16(v); }
std::uint32_t swap32(std::uint32_t v) { return __builtin_bswap32(v); }
std::uint64_t swap64(std::uint64_t v) { return __builtin_bswap64(v); }

}  // namespace

namespace {

bool are_alike(const Codec& a, const Codec& b) {
  if (a.kind != b.kind) return false;
  switch (a.kind) {
    case Kind::deflate: case Kind::gzip: case Kind::zstd: case Kind::lz4: case Kind::bz2: return a.level == b.level;
    case Kind::shuffle: return a.element_bytes == b.element_bytes;
    case Kind::fletcher32: case Kind::crc32c: case Kind::crc32: case Kind::adler32: return true;
    case Kind::blosc:
      return a.level == b.level && a.element_bytes == b.element_bytes && a.blosc_shuffle == b.blosc_shuffle &&
             a.blosc_compressor == b.blosc_compressor;
    default: return a == b;
  }
}

}  // namespace

bool are_alike(const Pipeline& a, const Pipeline& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Codec& x, const Codec& y) { return are_alike(x, y); });
}

std::string describe(const Pipeline& pipeline) {
  std::string text;
  for (const Codec& codec : pipeline) text += (text.empty() ? "" : ", ") + describe(codec);
  return text;
}

bool is_available(const Pipeline& pipeline, std::string& reason) {
  for (const Codec& codec : pipeline) {
    const std::string library = missing_library(codec);
    if (library.empty()) continue;
    reason = "this build of Rankine lacks " + library;
    return false;
  }
  return true;
}

void decode(const Pipeline& pipeline, std::uint32_t skip_mask, std::span<const std::byte> stored,
            std::span<std::byte> out, Scratch& scratch) {
  Scratch::State& state = scratch.state();
  std::span<const std::byte> current = stored;
  std::size_t last = 0;  // the step that is undone last among those that write
  while (last < pipeline.size() &&
         (is_idle(pipeline[last], last, skip_mask) || is_checksum(pipeline[last].kind)))
    ++last;
  int buffer = 0;
  bool in_place = false;  // `out` holds the current bytes
  for (std::size_t step = pipeline.size(); step-- > 0;) {
    const Codec& codec = pipeline[step];
    if (is_idle(codec, step, skip_mask)) continue;
    if (is_checksum(codec.kind)) {
      current = verified(codec.kind, current);
      continue;
    }
    const Expected expected = expected_before(pipeline, skip_mask, step, out.size());
    // The last writing step may write straight into `out` unless a checksum still follows its bytes.
    in_place = step == last && expected.bytes == out.size();
    if (codec.kind == Kind::shuffle) {
      if (expected.exact && current.size() != expected.bytes)
        throw InputError("decodes to " + std::to_string(current.size()) + " bytes, not " +
                         std::to_string(expected.bytes));
      const auto target = in_place ? out : state.buffer(buffer, current.size());
      unshuffle(current, target, static_cast<std::size_t>(codec.element_bytes));
      current = target;
    } else if (is_array_filter(codec.kind)) {
      const auto target = in_place ? out : state.buffer(buffer, expected.bytes);
      unfilter(codec, current, target);
      current = target;
    } else {
      const auto target = in_place ? out : state.buffer(buffer, expected.bytes);
      const std::size_t size = decompress(codec, current, target, state);
      if (expected.exact && size != expected.bytes)
        throw InputError("decodes to " + std::to_string(size) + " bytes, not " + std::to_string(expected.bytes));
      current = target.first(size);
    }
    buffer ^= 1;
  }
  if (current.size() != out.size())
    throw InputError("decodes to " + std::to_string(current.size()) + " bytes, not " + std::to_string(out.size()));
  if (!in_place && !out.empty()) std::memcpy(out.data(), current.data(), out.size());
}

std::vector<std::byte> decode_any_size(const Pipeline& pipeline, std::span<const std::byte> stored,
                                       std::size_t limit_bytes, Scratch& scratch) {
  std::vector<std::byte> current(stored.begin(), stored.end());
  for (std::size_t step = pipeline.size(); step-- > 0;) {
    const Codec& codec = pipeline[step];
    if (is_idle(codec, step, 0)) continue;
    if (is_checksum(codec.kind)) {
      const auto body = verified(codec.kind, current);
      current = std::vector<std::byte>(body.begin(), body.end());
    } else if (is_array_filter(codec.kind)) {
      throw InputError("filters of numbers are not supported for texts");
    } else if (codec.kind == Kind::shuffle) {
      std::vector<std::byte> next(current.size());
      unshuffle(current, next, static_cast<std::size_t>(codec.element_bytes));
      current = std::move(next);
    } else {
      // Few streams tell their size before they are decoded: try with four times the room each time.
      for (std::size_t room = std::min(limit_bytes, current.size() * 4 + 4096);; room = std::min(limit_bytes, room * 4)) {
        std::vector<std::byte> next(room);
        try {
          next.resize(decompress(codec, current, next, scratch.state()));
          current = std::move(next);
          break;
        } catch (const TooLong&) {
          if (room == limit_bytes) throw;
        }
      }
    }
  }
  return current;
}

std::vector<std::byte> encode(const Pipeline& pipeline, std::span<const std::byte> raw, Scratch& scratch) {
  std::vector<std::byte> result;
  std::span<const std::byte> current = raw;
  bool owned = false;
  const auto keep = [&](std::vector<std::byte> bytes) {
    result = std::move(bytes);
    current = result;
    owned = true;
  };
  for (const Codec& codec : pipeline) {
    if (codec.kind == Kind::shuffle) {
      if (codec.element_bytes <= 1) continue;
      std::vector<std::byte> bytes(current.size());
      shuffle(current, bytes, static_cast<std::size_t>(codec.element_bytes));
      keep(std::move(bytes));
    } else if (is_checksum(codec.kind)) {
      keep(with_checksum(codec.kind, current));
    } else if (is_array_filter(codec.kind)) {
      keep(filter(codec, current));
    } else {
      keep(compress(codec, current, scratch.state()));
    }
  }
  if (!owned) result.assign(raw.begin(), raw.end());
  return result;
}

void swap_bytes(std::span<std::byte> data, std::size_t element_bytes) {
  switch (element_bytes) {
    case 1: return;
    case 2: return swap_words<std::uint16_t, swap16>(data);
    case 4: return swap_words<std::uint32_t, swap32>(data);
    case 8: return swap_words<std::uint64_t, swap64>(data);
    default: RANKINE_CHECK(false, "elements to swap have 1, 2, 4 or 8 bytes");
  }
}

}  // namespace rankine::codec
