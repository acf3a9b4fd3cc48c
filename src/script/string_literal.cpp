#include "script/string_literal.hpp"

#include <charconv>

namespace rankine::script {

void append_utf8(std::string& text, std::uint32_t c) {
  const auto put = [&](std::uint32_t byte) { text += static_cast<char>(byte); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | (c >> 6)), put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | (c >> 12)), put(0x80 | ((c >> 6) & 0x3F)), put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | (c >> 18)), put(0x80 | ((c >> 12) & 0x3F)), put(0x80 | ((c >> 6) & 0x3F)), put(0x80 | (c & 0x3F));
  }
}

namespace {

/// Exactly `count` hexadecimal digits at `at`.
std::uint32_t hexadecimal(const SourceText& source, std::uint32_t at, std::uint32_t end, std::uint32_t count) {
  std::uint32_t value = 0;
  const char* first = source.text().data() + at;
  if (at + count > end) source.fail({at, at}, "truncated escape in a string");
  const auto [last, error] = std::from_chars(first, first + count, value, 16);
  if (error != std::errc() || last != first + count || value > 0x10FFFF)
    source.fail({at, at}, "malformed escape in a string");
  return value;
}

}  // namespace

std::string unescape(const SourceText& source, Span body, bool raw) {
  const std::string& text = source.text();
  std::string out;
  for (std::uint32_t i = body.begin; i < body.end; ++i) {
    char c = text[i];
    if (c == '\r' && i + 1 < body.end && text[i + 1] == '\n') continue;
    if (c != '\\' || raw || i + 1 >= body.end) {
      out += c;
      continue;
    }
    c = text[++i];
    switch (c) {
      case '\n': break;
      case '\r': if (i + 1 < body.end && text[i + 1] == '\n') ++i; break;
      case '\\': case '\'': case '"': out += c; break;
      case 'n': out += '\n'; break;
      case 't': out += '\t'; break;
      case 'r': out += '\r'; break;
      case 'a': out += '\a'; break;
      case 'b': out += '\b'; break;
      case 'f': out += '\f'; break;
      case 'v': out += '\v'; break;
      case 'x': append_utf8(out, hexadecimal(source, i + 1, body.end, 2)); i += 2; break;
      case 'u': append_utf8(out, hexadecimal(source, i + 1, body.end, 4)); i += 4; break;
      case 'U': append_utf8(out, hexadecimal(source, i + 1, body.end, 8)); i += 8; break;
      case 'N': source.fail({i - 1, i}, "named characters (\\N{...}) are not supported");
      default:
        if (c >= '0' && c <= '7') {
          std::uint32_t value = 0;
          std::uint32_t digits = 0;
          for (; digits < 3 && i < body.end && text[i] >= '0' && text[i] <= '7'; ++digits, ++i)
            value = value * 8 + static_cast<std::uint32_t>(text[i] - '0');
          --i;
          append_utf8(out, value);
        } else {
          out += '\\';
          out += c;
        }
    }
  }
  return out;
}

}  // namespace rankine::script
