#include <catch2/catch.hpp>

#include "base/byte_stream.hpp"
#include "base/ids.hpp"

using namespace rankine;

TEST_CASE("what is written is read back, and nothing is left") {
  ByteWriter writer;
  writer.put(std::uint32_t{7});
  writer.put_string("tas");
  writer.put_vector(std::vector<std::int64_t>{1, -2});
  writer.put(LayerId{3});
  writer.put(2.5);
  const auto bytes = writer.take();
  CHECK(bytes.size() == 4 + 8 + 3 + 8 + 16 + 4 + 8);
  ByteReader reader(bytes);
  CHECK(reader.get<std::uint32_t>() == 7);
  CHECK(reader.get_string() == "tas");
  CHECK(reader.get_vector<std::int64_t>() == std::vector<std::int64_t>{1, -2});
  CHECK(reader.get<LayerId>() == LayerId{3});
  CHECK(reader.get<double>() == 2.5);
  CHECK(reader.remaining() == 0);
}

TEST_CASE("numbers lie in memory with their low byte first") {
  ByteWriter writer;
  writer.put(std::uint32_t{0x01020304});
  CHECK(writer.take() == std::vector<std::byte>{std::byte{4}, std::byte{3}, std::byte{2}, std::byte{1}});
}

TEST_CASE("a frame that ends too early or counts more than it holds is malformed") {
  ByteWriter writer;
  writer.put_count(1u << 30);
  const auto bytes = writer.take();
  CHECK_THROWS_AS(ByteReader(bytes).get_string(), DecodeError);
  CHECK_THROWS_AS(ByteReader(bytes).get_vector<double>(), DecodeError);
  CHECK_THROWS_AS(ByteReader(std::span(bytes).first(7)).get<std::uint64_t>(), DecodeError);
  CHECK_THROWS_AS(ByteReader({}).get<char>(), DecodeError);
}
