#include "array/text_encoding.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>
#include <vector>

namespace rankine::array {
namespace {

using Points = std::vector<std::uint32_t>;

/// Python's normalize_encoding: lower case, and one underscore for what stands between letters, digits and dots.
std::string normalized(const std::string& name) {
  std::string out;
  bool apart = false;
  for (const char given : name) {
    const char c = given >= 'A' && given <= 'Z' ? static_cast<char>(given - 'A' + 'a') : given;
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.')) {
      apart = true;
      continue;
    }
    if (apart && !out.empty()) out += '_';
    apart = false;
    out += c;
  }
  return out;
}

struct Alias { const char* name; TextEncoding encoding; };
/// encodings.aliases of CPython.
constexpr Alias aliases[] = {
    {"utf_8", TextEncoding::utf8}, {"utf8", TextEncoding::utf8}, {"utf", TextEncoding::utf8}, {"u8", TextEncoding::utf8},
    {"cp65001", TextEncoding::utf8}, {"utf8_ucs2", TextEncoding::utf8}, {"utf8_ucs4", TextEncoding::utf8},
    {"ascii", TextEncoding::ascii}, {"us_ascii", TextEncoding::ascii}, {"us", TextEncoding::ascii}, {"646", TextEncoding::ascii},
    {"cp367", TextEncoding::ascii}, {"csascii", TextEncoding::ascii}, {"ibm367", TextEncoding::ascii},
    {"ansi_x3.4_1968", TextEncoding::ascii}, {"ansi_x3_4_1968", TextEncoding::ascii}, {"ansi_x3.4_1986", TextEncoding::ascii},
    {"iso646_us", TextEncoding::ascii}, {"iso_646.irv_1991", TextEncoding::ascii}, {"iso_ir_6", TextEncoding::ascii},
    {"latin_1", TextEncoding::latin1}, {"latin1", TextEncoding::latin1}, {"latin", TextEncoding::latin1}, {"l1", TextEncoding::latin1},
    {"iso8859_1", TextEncoding::latin1}, {"iso_8859_1", TextEncoding::latin1}, {"iso8859", TextEncoding::latin1},
    {"8859", TextEncoding::latin1}, {"cp819", TextEncoding::latin1}, {"ibm819", TextEncoding::latin1},
    {"csisolatin1", TextEncoding::latin1}, {"iso_8859_1_1987", TextEncoding::latin1}, {"iso_ir_100", TextEncoding::latin1},
    {"iso8859_15", TextEncoding::latin9}, {"iso_8859_15", TextEncoding::latin9}, {"latin9", TextEncoding::latin9},
    {"l9", TextEncoding::latin9},
    {"cp1252", TextEncoding::cp1252}, {"1252", TextEncoding::cp1252}, {"windows_1252", TextEncoding::cp1252}};

/// Code points of the bytes 0x80 to 0x9f in cp1252; 0 where it has none.
constexpr std::array<std::uint16_t, 32> cp1252_points = {
    0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0,      0x017d, 0,
    0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178};

/// What Latin-9 has in place of eight characters of Latin-1.
constexpr std::pair<std::uint8_t, std::uint16_t> latin9_points[] = {{0xa4, 0x20ac}, {0xa6, 0x0160}, {0xa8, 0x0161}, {0xb4, 0x017d},
                                                                    {0xb8, 0x017e}, {0xbc, 0x0152}, {0xbd, 0x0153}, {0xbe, 0x0178}};

/// The code point of one byte, or nullopt.
std::optional<std::uint32_t> point_of(std::uint8_t byte, TextEncoding encoding) {
  if (byte < 0x80) return byte;
  if (encoding == TextEncoding::ascii) return {};
  if (encoding == TextEncoding::cp1252 && byte < 0xa0) {
    const std::uint16_t point = cp1252_points[byte - 0x80u];
    return point == 0 ? std::nullopt : std::optional<std::uint32_t>(point);
  }
  if (encoding == TextEncoding::latin9)
    for (const auto& [at, point] : latin9_points)
      if (at == byte) return point;
  return byte;
}

std::optional<std::uint8_t> byte_of(std::uint32_t point, TextEncoding encoding) {
  if (point < 0x80) return static_cast<std::uint8_t>(point);
  for (unsigned byte = 0x80; byte < 0x100; ++byte)
    if (point_of(static_cast<std::uint8_t>(byte), encoding) == point) return static_cast<std::uint8_t>(byte);
  return {};
}

void append_utf8(std::string& text, std::uint32_t point) {
  const auto put = [&](std::uint32_t byte) { text += static_cast<char>(byte); };
  if (point < 0x80) return put(point);
  if (point < 0x800) {
    put(0xc0 | point >> 6);
  } else {  // no single byte encodes more than the first plane
    put(0xe0 | point >> 12);
    put(0x80 | (point >> 6 & 0x3f));
  }
  put(0x80 | (point & 0x3f));
}

/// Code points of well-formed UTF-8 (RFC 3629: neither overlong forms nor surrogates); nullopt for anything else.
std::optional<Points> points_of_utf8(const std::string& text) {
  Points points;
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i++]);
    const int more = lead < 0x80 ? 0 : lead >> 5 == 6 ? 1 : lead >> 4 == 14 ? 2 : lead >> 3 == 30 ? 3 : -1;
    if (more < 0 || text.size() - i < static_cast<std::size_t>(more)) return {};
    std::uint32_t point = more == 0 ? lead : lead & (0x3fu >> more);
    for (int k = 0; k < more; ++k) {
      const auto next = static_cast<unsigned char>(text[i++]);
      if (next >> 6 != 2) return {};
      point = point << 6 | (next & 0x3fu);
    }
    static constexpr std::uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    if (point < least[more] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) return {};
    points.push_back(point);
  }
  return points;
}

}  // namespace

std::optional<TextEncoding> text_encoding_named(const std::string& name) {
  const std::string wanted = normalized(name);
  const auto found = std::find_if(std::begin(aliases), std::end(aliases), [&](const Alias& alias) { return wanted == alias.name; });
  return found == std::end(aliases) ? std::nullopt : std::optional(found->encoding);
}

std::optional<std::string> decode_text(const std::string& bytes, TextEncoding encoding) {
  if (encoding == TextEncoding::utf8) return points_of_utf8(bytes) ? std::optional(bytes) : std::nullopt;
  std::string text;
  for (const char byte : bytes) {
    const auto point = point_of(static_cast<std::uint8_t>(byte), encoding);
    if (!point) return {};
    append_utf8(text, *point);
  }
  return text;
}

std::optional<std::string> encode_text(const std::string& text, TextEncoding encoding) {
  if (encoding == TextEncoding::utf8) return text;
  const auto points = points_of_utf8(text);
  if (!points) return {};
  std::string bytes;
  for (const std::uint32_t point : *points) {
    const auto byte = byte_of(point, encoding);
    if (!byte) return {};
    bytes += static_cast<char>(*byte);
  }
  return bytes;
}

std::string known_text_encodings() { return "utf-8, ascii, latin-1 (iso-8859-1), iso-8859-15, cp1252"; }

}  // namespace rankine::array
