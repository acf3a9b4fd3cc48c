#include "base/printable.hpp"

#include <cstdint>
#include <cstdio>

namespace rankine {
namespace {

enum class LineBreaks : std::uint8_t { escaped, before_indent, kept };

/// Bytes of the well-formed UTF-8 sequence that begins `text`, and its code point; 0 bytes if there is none.
struct Character {
  std::size_t bytes = 0;
  std::uint32_t point = 0;
};

Character first_character(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return {1, lead};
  const std::size_t more = lead >> 5 == 6 ? 1 : lead >> 4 == 14 ? 2 : lead >> 3 == 30 ? 3 : 0;
  if (more == 0 || text.size() <= more) return {};
  std::uint32_t point = lead & (0x3fu >> more);
  for (std::size_t k = 1; k <= more; ++k) {
    const auto next = static_cast<unsigned char>(text[k]);
    if (next >> 6 != 2) return {};
    point = point << 6 | (next & 0x3fu);
  }
  static constexpr std::uint32_t least[] = {0, 0x80, 0x800, 0x10000};
  if (point < least[more] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) return {};
  return {more + 1, point};
}

/// Controls of terminals, line and paragraph separators, and what embeds or reverses the direction of writing.
bool acts_on_its_surroundings(std::uint32_t point) {
  return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x2028 || point == 0x2029 ||
         (point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069) || point == 0x200e || point == 0x200f;
}

void append_escaped(std::string& out, std::uint32_t point) {
  if (point == '\n') out += "\\n";
  else if (point == '\r') out += "\\r";
  else {
    char text[16];
    std::snprintf(text, sizeof text, point < 0x100 ? "\\x%02x" : "\\u%04x", static_cast<unsigned>(point));
    out += text;
  }
}

constexpr std::string_view traceback = "Traceback (most recent call last):\n";

/// Of what a script's errors are printed as, the lines that are not indented: a class of exceptions, and what stands between two.
bool is_line_of_a_traceback(std::string_view rest) {
  for (const std::string_view one : {traceback, std::string_view("\n"), std::string_view("The above exception was the direct cause"),
                                     std::string_view("During handling of the above exception")})
    if (rest.starts_with(one)) return true;
  const std::string_view name = rest.substr(0, rest.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"));
  const std::string_view after = rest.substr(name.size());
  for (const std::string_view end : {"Error", "Exception", "Warning", "Interrupt", "Iteration", "Exit"})
    if (name.ends_with(end)) return after.empty() || after[0] == ':' || after[0] == '\n';
  return false;
}

std::string printable(std::string_view text, LineBreaks breaks) {
  const bool is_traceback = text.starts_with(traceback);
  const auto begins_own_line = [&](std::string_view rest) { return rest.starts_with("  ") || (is_traceback && is_line_of_a_traceback(rest)); };
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Character character = first_character(text);
    const bool is_break = character.point == '\n' && character.bytes == 1;
    const bool stays = is_break ? breaks == LineBreaks::kept || (breaks == LineBreaks::before_indent && begins_own_line(text.substr(1)))
                                : character.bytes != 0 && (character.point == '\t' || !acts_on_its_surroundings(character.point));
    if (stays) out += text.substr(0, character.bytes);
    else append_escaped(out, character.bytes == 0 ? static_cast<unsigned char>(text[0]) : character.point);
    text.remove_prefix(character.bytes == 0 ? 1 : character.bytes);
  }
  return out;
}

}  // namespace

std::string printable(std::string_view text) { return printable(text, LineBreaks::escaped); }
std::string printable_message(std::string_view text) { return printable(text, LineBreaks::before_indent); }
std::string printable_lines(std::string_view text) { return printable(text, LineBreaks::kept); }

}  // namespace rankine
