#include <catch2/catch.hpp>

#include <cstring>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/prng.hpp"
#include "codec/checksum.hpp"
#include "codec/codec.hpp"

using namespace rankine;
using namespace rankine::codec;

namespace {

std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text.data(), text.size())); }

Codec filter_of(Kind kind, DType value, DType stored) {
  Codec codec;
  codec.kind = kind;
  codec.value_type = value;
  codec.stored_type = stored;
  codec.offset = 1000;
  codec.scale = 10;
  return codec;
}

}  // namespace

TEST_CASE("the checksums are those of their specifications") {
  CHECK(crc32c(bytes_of("123456789")) == 0xe3069283u);
  CHECK(crc32c(bytes_of("")) == 0u);
  CHECK(crc32c(bytes_of(std::string(32, '\0'))) == 0x8a9136aau);  // RFC 3720, B.4
  CHECK(crc32(bytes_of("123456789")) == 0xcbf43926u);
}

TEST_CASE("every checksum finds every flipped bit and stands where its format says") {
  const std::string text = "some bytes to be kept";
  Scratch scratch;
  for (const Kind kind : {Kind::crc32c, Kind::crc32, Kind::adler32, Kind::fletcher32}) {
    Codec codec;
    codec.kind = kind;
    auto stored = encode({codec}, bytes_of(text), scratch);
    REQUIRE(stored.size() == text.size() + 4);
    const bool before = kind == Kind::crc32 || kind == Kind::adler32;
    CHECK(std::memcmp(stored.data() + (before ? 4 : 0), text.data(), text.size()) == 0);
    std::vector<std::byte> out(text.size());
    decode({codec}, 0, stored, out, scratch);
    CHECK(std::memcmp(out.data(), text.data(), text.size()) == 0);
    for (std::size_t bit = 0; bit < stored.size() * 8; ++bit) {
      stored[bit / 8] ^= std::byte{1} << static_cast<int>(bit % 8);
      CHECK_THROWS_AS(decode({codec}, 0, stored, out, scratch), InputError);
      stored[bit / 8] ^= std::byte{1} << static_cast<int>(bit % 8);
    }
  }
}

TEST_CASE("filters of numbers store what numcodecs stores") {
  Scratch scratch;
  const std::vector<std::int32_t> values{1010, 1011, 1009, 1020};
  const auto raw = std::as_bytes(std::span(values));
  const auto stored_of = [&](const Codec& codec) {
    const auto stored = encode({codec}, raw, scratch);
    std::vector<std::byte> out(raw.size());
    decode({codec}, 0, stored, out, scratch);
    CHECK(std::memcmp(out.data(), raw.data(), out.size()) == 0);
    std::vector<std::int16_t> numbers(stored.size() / 2);
    std::memcpy(numbers.data(), stored.data(), stored.size());
    return numbers;
  };
  CHECK(stored_of(filter_of(Kind::delta, DType::int32, DType::int16)) == std::vector<std::int16_t>{1010, 1, -2, 11});
  CHECK(stored_of(filter_of(Kind::fixed_scale_offset, DType::int32, DType::int16)) == std::vector<std::int16_t>{100, 110, 90, 200});
  CHECK(stored_of(filter_of(Kind::astype, DType::int32, DType::int16)) == std::vector<std::int16_t>{1010, 1011, 1009, 1020});
  Codec big = filter_of(Kind::astype, DType::int32, DType::int16);
  big.stored_big_endian = true;
  CHECK(stored_of(big)[0] == static_cast<std::int16_t>(0xf203));
}

TEST_CASE("a filter whose bytes do not fit its values is an error") {
  Scratch scratch;
  std::vector<std::byte> out(12);
  const std::vector<std::byte> stored(5);
  for (const Kind kind : {Kind::delta, Kind::fixed_scale_offset, Kind::astype, Kind::quantize, Kind::bitround})
    CHECK_THROWS_AS(decode({filter_of(kind, DType::int32, DType::int16)}, 0, stored, out, scratch), InputError);
  CHECK_THROWS_AS(decode({filter_of(Kind::packbits, DType::uint8, DType::uint8)}, 0, stored, out, scratch), InputError);
}
