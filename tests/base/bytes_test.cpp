#include <catch2/catch.hpp>

#include "base/bytes.hpp"
#include "base/error.hpp"

using namespace rankine;

TEST_CASE("bytes are printed in binary units with at most three digits") {
  CHECK(format_bytes({0}) == "0 B");
  CHECK(format_bytes({999}) == "999 B");
  CHECK(format_bytes({1000}) == "0.98 KiB");
  CHECK(format_bytes({1536}) == "1.50 KiB");
  CHECK(format_bytes({10u << 20}) == "10.0 MiB");
  CHECK(format_bytes({365u << 20}) == "365 MiB");
  CHECK(format_bytes({std::uint64_t{3} << 40}) == "3.00 TiB");
  CHECK(format_bytes({std::uint64_t{16383} << 50}) == "16383 PiB");
}

TEST_CASE("bytes are read in decimal units where a B follows, else in binary ones") {
  CHECK(parse_bytes("1000000") == Bytes{1000000});
  CHECK(parse_bytes("12B") == Bytes{12});
  CHECK(parse_bytes("512MiB") == Bytes{std::uint64_t{512} << 20});
  CHECK(parse_bytes("4GB") == Bytes{4000000000});
  CHECK(parse_bytes("1.5G") == Bytes{std::uint64_t{3} << 29});
  CHECK(parse_bytes("2 kib") == Bytes{2048});
  CHECK(parse_bytes("1tb") == Bytes{1000000000000});
}

TEST_CASE("what is no number of bytes is refused by its text") {
  for (const char* text : {"", "x", "-1", "nan", "inf", "1XB", "1 MB of it", "1e30", "10000PiB"}) {
    INFO(text);
    CHECK_THROWS_WITH(parse_bytes(text), Catch::Contains(std::string("'") + text + "' is not a number of bytes"));
  }
}

TEST_CASE("bytes add up and compare") {
  Bytes total{3};
  total += {4};
  CHECK(total == Bytes{7});
  total -= {2};
  CHECK(total == Bytes{5});
  CHECK(Bytes{1} + Bytes{2} == Bytes{3});
  CHECK(Bytes{5} - Bytes{2} == Bytes{3});
  CHECK(Bytes{1} < Bytes{2});
}
