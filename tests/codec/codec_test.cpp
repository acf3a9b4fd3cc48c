#include <catch2/catch.hpp>

#include <cstring>

#include "base/error.hpp"
#include "base/prng.hpp"
#include "codec/codec.hpp"
#include "codec/fletcher32.hpp"
#include "codec/shuffle.hpp"

using namespace rankine;
using namespace rankine::codec;

namespace {

std::vector<std::byte> smooth_bytes(std::size_t size) {
  std::vector<std::byte> bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i % 4 == 0 ? i * 7 % 251 : i / 1000 % 256);
  return bytes;
}

std::vector<std::byte> random_bytes(std::size_t size, std::uint64_t seed) {
  Prng random(seed);
  std::vector<std::byte> bytes(size);
  for (auto& byte : bytes) byte = static_cast<std::byte>(random.next());
  return bytes;
}

Codec with(Kind kind, int level = 1, int element_bytes = 1, std::string compressor = "") {
  Codec codec;
  codec.kind = kind;
  codec.level = level;
  codec.element_bytes = element_bytes;
  codec.blosc_compressor = std::move(compressor);
  return codec;
}

Codec bitshuffled_blosc() {
  Codec codec = with(Kind::blosc, 5, 8, "zstd");
  codec.blosc_shuffle = 2;
  return codec;
}

const std::vector<Pipeline>& pipelines() {
  static const std::vector<Pipeline> all{
      {},
      {with(Kind::deflate, 4)},
      {with(Kind::shuffle, 0, 4), with(Kind::deflate, 1)},
      {with(Kind::shuffle, 0, 4), with(Kind::fletcher32), with(Kind::deflate, 1)},
      {with(Kind::shuffle, 0, 8), with(Kind::deflate, 9), with(Kind::fletcher32)},
      {with(Kind::fletcher32)},
      {with(Kind::fletcher32), with(Kind::shuffle, 0, 2), with(Kind::zstd, 3)},
      {with(Kind::shuffle, 0, 3)},
      {with(Kind::gzip, 6)},
      {with(Kind::zstd, 3)},
      {with(Kind::lz4)},
      {with(Kind::bz2, 9)},
      {with(Kind::blosc, 5, 4, "lz4")},
      {with(Kind::blosc, 5, 4, "lz4hc")},
      {with(Kind::blosc, 9, 2, "blosclz")},
      {with(Kind::blosc, 1, 8, "zlib")},
      {bitshuffled_blosc()},
      {with(Kind::zstd, 1), with(Kind::deflate, 1)},
  };
  return all;
}

std::string decode_error(const Pipeline& pipeline, std::span<const std::byte> stored, std::size_t size) {
  Scratch scratch;
  std::vector<std::byte> out(size);
  try {
    decode(pipeline, 0, stored, out, scratch);
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("every pipeline gives back what it encoded, at every size around a vector") {
  Scratch scratch;
  for (const Pipeline& pipeline : pipelines()) {
    std::string reason;
    if (!is_available(pipeline, reason)) {
      WARN(describe(pipeline) + " not tested: " + reason);
      continue;
    }
    for (const std::size_t size : {0, 1, 3, 7, 64, 127, 128, 130, 1000, 65537, 300001}) {
      INFO(describe(pipeline) << ", " << size << " bytes");
      for (const auto& raw : {smooth_bytes(size), random_bytes(size, size)}) {
        const auto stored = encode(pipeline, raw, scratch);
        std::vector<std::byte> guarded(size + 64, std::byte{0xab});
        decode(pipeline, 0, stored, std::span(guarded).subspan(32, size), scratch);
        std::vector<std::byte> wanted(size + 64, std::byte{0xab});
        std::copy(raw.begin(), raw.end(), wanted.begin() + 32);
        CHECK(guarded == wanted);
      }
    }
  }
}

TEST_CASE("shuffling puts byte j of all elements together and leaves the tail") {
  const std::string raw = "1a2b3cx";
  std::string out(raw.size(), '?');
  codec::shuffle(std::as_bytes(std::span(raw)), std::as_writable_bytes(std::span(out)), 2);
  CHECK(out == "123abcx");
  for (const std::size_t width : {2, 3, 4, 5, 8, 16})
    for (const std::size_t size : {15, 64, 129, 4099}) {
      const auto bytes = random_bytes(size, width);
      const std::size_t count = size / width;
      std::vector<std::byte> wanted = bytes;
      for (std::size_t i = 0; i < count; ++i)
        for (std::size_t j = 0; j < width; ++j) wanted[j * count + i] = bytes[i * width + j];
      std::vector<std::byte> shuffled(size);
      codec::shuffle(bytes, shuffled, width);
      CHECK(shuffled == wanted);
      std::vector<std::byte> back(size);
      codec::unshuffle(shuffled, back, width);
      CHECK(back == bytes);
    }
}

TEST_CASE("fletcher32 gives the sums that libhdf5 wrote") {
  std::vector<std::byte> odd(1001);
  for (std::size_t i = 0; i < odd.size(); ++i) odd[i] = static_cast<std::byte>(i * 2654435761u >> 7);
  std::vector<std::uint16_t> words(100000);
  for (std::uint64_t i = 0; i < words.size(); ++i) words[i] = static_cast<std::uint16_t>(i * i % 65521);
  CHECK(fletcher32(odd) == 0x16d9e786u);
  CHECK(fletcher32(std::span(odd).first(5)) == 0x9d8fb4ceu);
  CHECK(fletcher32(std::as_bytes(std::span(words))) == 0xf13cecb8u);
}

TEST_CASE("a step in the skip mask is not undone") {
  Scratch scratch;
  const Pipeline pipeline{with(Kind::shuffle, 0, 4), with(Kind::deflate, 1)};
  const auto raw = smooth_bytes(4000);
  const auto only_shuffled = encode({pipeline[0]}, raw, scratch);
  const auto only_deflated = encode({pipeline[1]}, raw, scratch);
  std::vector<std::byte> out(raw.size());
  decode(pipeline, 2, only_shuffled, out, scratch);
  CHECK(out == raw);
  decode(pipeline, 1, only_deflated, out, scratch);
  CHECK(out == raw);
  decode(pipeline, 3, raw, out, scratch);
  CHECK(out == raw);
}

TEST_CASE("streams in several members decode, and bytes behind a complete stream do not matter") {
  Scratch scratch;
  const auto raw = smooth_bytes(10000);
  for (const Kind kind : {Kind::deflate, Kind::gzip, Kind::bz2}) {
    const Pipeline pipeline{with(kind, 5)};
    auto stored = encode(pipeline, std::span(raw).first(4000), scratch);
    const auto second = encode(pipeline, std::span(raw).subspan(4000), scratch);
    stored.insert(stored.end(), second.begin(), second.end());
    stored.resize(stored.size() + 17);
    std::vector<std::byte> out(raw.size());
    decode(pipeline, 0, stored, out, scratch);
    CHECK(out == raw);
  }
}

TEST_CASE("a chunk of the wrong size is told as such") {
  Scratch scratch;
  const auto raw = smooth_bytes(400);
  for (const Kind kind : {Kind::deflate, Kind::gzip, Kind::zstd, Kind::lz4, Kind::blosc, Kind::bz2}) {
    const Pipeline pipeline{with(kind, 5)};
    const auto stored = encode(pipeline, raw, scratch);
    INFO(describe(pipeline));
    CHECK(decode_error(pipeline, stored, 500) == "decodes to 400 bytes, not 500");
    CHECK_THAT(decode_error(pipeline, stored, 100), Catch::EndsWith("stream decodes to more than 100 bytes"));
  }
  CHECK(decode_error({}, raw, 500) == "decodes to 400 bytes, not 500");
  CHECK(decode_error({with(Kind::shuffle, 0, 4)}, raw, 500) == "decodes to 400 bytes, not 500");
  CHECK(decode_error({with(Kind::fletcher32)}, std::span(raw).first(3), 0) == "fletcher32 checksum is missing");
}

TEST_CASE("a flipped bit under fletcher32 is found") {
  Scratch scratch;
  const Pipeline pipeline{with(Kind::fletcher32)};
  auto stored = encode(pipeline, smooth_bytes(400), scratch);
  stored[123] ^= std::byte{4};
  CHECK(decode_error(pipeline, stored, 400) == "fletcher32 checksum mismatch");
}

TEST_CASE("no truncated or damaged stream writes outside its output or crashes") {
  Scratch scratch;
  Prng random(7);
  int refused = 0;
  for (const Pipeline& pipeline : pipelines()) {
    std::string reason;
    if (pipeline.empty() || !is_available(pipeline, reason)) continue;
    const auto raw = smooth_bytes(3000);
    const auto good = encode(pipeline, raw, scratch);
    for (int round = 0; round < 400; ++round) {
      auto bad = good;
      if (round % 3 == 0) bad.resize(random.below(good.size()));
      const int flips = round % 3 == 1 ? 1 : 5;
      for (int i = 0; i < flips && !bad.empty() && round % 3 != 0; ++i)
        bad[round % 2 == 0 ? random.below(bad.size()) : random.below(std::min<std::size_t>(bad.size(), 20))] ^=
            static_cast<std::byte>(1u << random.below(8));
      // An exactly sized heap block, so that sanitizers see every byte outside it.
      std::vector<std::byte> out(raw.size());
      try {
        decode(pipeline, 0, std::vector<std::byte>(bad), out, scratch);
      } catch (const InputError&) {
        ++refused;
      }
    }
  }
  CHECK(refused > 3000);
}

TEST_CASE("bytes are swapped element by element") {
  std::string text = "abcdefgh";
  const auto swapped = [&](std::size_t width) {
    std::string copy = text;
    swap_bytes(std::as_writable_bytes(std::span(copy)), width);
    return copy;
  };
  CHECK(swapped(1) == "abcdefgh");
  CHECK(swapped(2) == "badcfehg");
  CHECK(swapped(4) == "dcbahgfe");
  CHECK(swapped(8) == "hgfedcba");
}

TEST_CASE("pipelines describe themselves") {
  CHECK(describe(Pipeline{}) == "");
  CHECK(describe({with(Kind::shuffle, 0, 4), with(Kind::deflate, 4), with(Kind::fletcher32)}) ==
        "shuffle, deflate 4, fletcher32");
  CHECK(describe({bitshuffled_blosc()}) == "blosc (zstd 5, bitshuffle)");
}
