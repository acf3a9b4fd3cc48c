#include "codec/codec.hpp"

#include <algorithm>
#include <cstring>

#include "base/check.hpp"
#include "base/error.hpp"
#include "codec/compressor.hpp"
#include "codec/fletcher32.hpp"
#include "codec/scratch_state.hpp"
#include "codec/shuffle.hpp"

namespace rankine::codec {
namespace {

constexpr std::size_t checksum_bytes = 4;

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
    if (pipeline[i].kind == Kind::fletcher32) expected.bytes += checksum_bytes;
    if (is_compressor(pipeline[i].kind)) expected = {expected.bytes + expected.bytes / 4 + 65536, false};
  }
  return expected;
}

std::span<const std::byte> verified(std::span<const std::byte> data) {
  if (data.size() < checksum_bytes) throw InputError("fletcher32 checksum is missing");
  const auto body = data.first(data.size() - checksum_bytes);
  std::uint32_t stored = 0;
  std::memcpy(&stored, data.data() + body.size(), checksum_bytes);
  const std::uint32_t sum = fletcher32(body);
  // HDF5 up to 1.6.2 wrote both halves byte-swapped on little-endian machines; libhdf5 accepts it too.
  const std::uint32_t old_sum = (sum & 0x00ff00ffu) << 8 | (sum >> 8 & 0x00ff00ffu);
  if (stored != sum && stored != old_sum) throw InputError("fletcher32 checksum mismatch");
  return body;
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
         (is_idle(pipeline[last], last, skip_mask) || pipeline[last].kind == Kind::fletcher32))
    ++last;
  int buffer = 0;
  bool in_place = false;  // `out` holds the current bytes
  for (std::size_t step = pipeline.size(); step-- > 0;) {
    const Codec& codec = pipeline[step];
    if (is_idle(codec, step, skip_mask)) continue;
    if (codec.kind == Kind::fletcher32) {
      current = verified(current);
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
    if (codec.kind == Kind::fletcher32) {
      current.resize(verified(current).size());
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
    } else if (codec.kind == Kind::fletcher32) {
      const std::uint32_t sum = fletcher32(current);
      std::vector<std::byte> bytes(current.size() + checksum_bytes);
      if (!current.empty()) std::memcpy(bytes.data(), current.data(), current.size());
      std::memcpy(bytes.data() + current.size(), &sum, checksum_bytes);
      keep(std::move(bytes));
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
