#include <catch2/catch.hpp>

#include "array/text_encoding.hpp"

using namespace rankine::array;

TEST_CASE("codecs go by all of the names that Python gives them") {
  for (const char* name : {"latin-1", "latin_1", "ISO-8859-1", "iso8859_1", "L1", "8859", "cp819"})
    CHECK(text_encoding_named(name) == TextEncoding::latin1);
  for (const char* name : {"utf-8", "UTF8", "utf_8", "U8"}) CHECK(text_encoding_named(name) == TextEncoding::utf8);
  for (const char* name : {"ascii", "US-ASCII", "646"}) CHECK(text_encoding_named(name) == TextEncoding::ascii);
  for (const char* name : {"cp1252", "windows-1252", "1252"}) CHECK(text_encoding_named(name) == TextEncoding::cp1252);
  CHECK(text_encoding_named("latin9") == TextEncoding::latin9);
  CHECK_FALSE(text_encoding_named("klingon"));
  CHECK_FALSE(text_encoding_named(""));
}

TEST_CASE("every byte that a codec has comes back as it was") {
  for (const auto encoding : {TextEncoding::ascii, TextEncoding::latin1, TextEncoding::latin9, TextEncoding::cp1252}) {
    int known = 0;
    for (int byte = 0; byte < 256; ++byte) {
      const std::string bytes(1, static_cast<char>(byte));
      const auto text = decode_text(bytes, encoding);
      if (!text) continue;
      ++known;
      CHECK(encode_text(*text, encoding) == bytes);
    }
    CHECK(known == (encoding == TextEncoding::ascii ? 128 : encoding == TextEncoding::cp1252 ? 251 : 256));
  }
}

TEST_CASE("bytes and characters that a codec lacks are no text") {
  CHECK(decode_text("M\xfc", TextEncoding::latin1) == "M\u00fc");
  CHECK(decode_text("\x80", TextEncoding::cp1252) == "\u20ac");
  CHECK(decode_text("\xa4", TextEncoding::latin9) == "\u20ac");
  CHECK_FALSE(decode_text("\x81", TextEncoding::cp1252));
  CHECK_FALSE(decode_text("M\xfc", TextEncoding::ascii));
  CHECK_FALSE(decode_text("M\xfc", TextEncoding::utf8));
  CHECK_FALSE(encode_text("\u20ac", TextEncoding::latin1));
  CHECK(encode_text("\u20ac", TextEncoding::cp1252) == "\x80");
}
