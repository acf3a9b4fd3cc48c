#include "script/number_text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <vector>

#include "base/error.hpp"
#include "base/memory_guard.hpp"

namespace rankine::script {

namespace {

template <typename T>
std::string shortest(T value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  char buffer[64];
  const auto scientific = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific);
  const std::string text(buffer, scientific.ptr);
  const std::size_t e = text.find('e');
  const int exponent = std::stoi(text.substr(e + 1));
  if (exponent < -4 || exponent >= 16) return text;  // to_chars writes exponents with two digits, as Python
  const auto fixed = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed);
  std::string result(buffer, fixed.ptr);
  if (result.find('.') == std::string::npos) result += ".0";
  return result;
}

std::string print(const char* format, int precision, double value) {
  const int size = std::snprintf(nullptr, 0, format, precision, value);
  std::string text(static_cast<std::size_t>(size) + 1, '\0');
  std::snprintf(text.data(), text.size(), format, precision, value);
  text.pop_back();
  return text;
}

/// Separators between groups of digits, counted from the end of the integer part.
std::string grouped(const std::string& digits, char separator, std::size_t group, std::size_t min_width) {
  if (min_width > asked_at_once.value) ask_memory(Bytes{2 * min_width});
  std::string integer = digits;
  std::string result;
  std::size_t count = 0;
  for (std::size_t i = integer.size(); i-- > 0;) {
    if (count != 0 && count % group == 0) result += separator;
    result += integer[i];
    ++count;
  }
  while (result.size() < min_width) {
    if (count % group == 0) result += separator;
    if (result.size() >= min_width && result.back() == separator) { result += '0'; break; }
    result += '0';
    ++count;
  }
  std::reverse(result.begin(), result.end());
  return result;
}

std::string pad(const std::string& text, const FormatSpec& spec, char default_align) {
  const std::size_t length = character_count(text);
  const auto width = static_cast<std::size_t>(spec.width);
  if (length >= width) return text;
  const std::size_t missing = width - length;
  ask_memory(Bytes{2 * width});
  const char align = spec.align != 0 ? spec.align : default_align;
  std::size_t left = align == '<' ? 0 : align == '^' ? missing / 2 : missing;
  std::string result;
  for (std::size_t i = 0; i < left; ++i) result += spec.fill;
  result += text;
  for (std::size_t i = left; i < missing; ++i) result += spec.fill;
  return result;
}

/// Sign, prefix and digits (with what follows them) as one padded number.
std::string assemble(bool negative, const std::string& prefix, const std::string& integer, const std::string& rest,
                     const FormatSpec& spec, std::size_t group) {
  const std::string head = (negative ? "-" : spec.sign == '+' ? "+" : spec.sign == ' ' ? " " : "") + prefix;
  const bool inside = spec.align == '=';
  std::string digits = integer;
  if (spec.grouping != 0) {
    const std::size_t used = head.size() + rest.size();
    const std::size_t wanted = inside && spec.fill == "0" && static_cast<std::size_t>(spec.width) > used
                                   ? static_cast<std::size_t>(spec.width) - used : 0;
    digits = grouped(integer, spec.grouping, group, wanted);
  }
  if (!inside) return pad(head + digits + rest, spec, '>');
  FormatSpec body = spec;
  body.align = '>';
  body.width = std::max(0, spec.width - static_cast<int>(head.size()));
  return head + pad(digits + rest, body, '>');
}

}  // namespace

std::string float_repr(double value) { return shortest(value); }
std::string float_repr(float value) { return shortest(value); }

std::size_t character_count(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

FormatSpec parse_format_spec(const std::string& text) {
  FormatSpec spec;
  std::size_t i = 0;
  const auto is_align = [&](std::size_t at) {
    return at < text.size() && (text[at] == '<' || text[at] == '>' || text[at] == '^' || text[at] == '=');
  };
  std::size_t first = 1;  // bytes of the first character, which may be the fill
  while (first < text.size() && (static_cast<unsigned char>(text[first]) & 0xC0) == 0x80) ++first;
  if (is_align(first)) {
    spec.fill = text.substr(0, first);
    spec.align = text[first];
    i = first + 1;
  } else if (is_align(0)) {
    spec.align = text[0];
    i = 1;
  }
  const auto peek = [&] { return i < text.size() ? text[i] : '\0'; };
  if (peek() == '+' || peek() == '-' || peek() == ' ') spec.sign = text[i++];
  if (peek() == 'z') ++i;
  if (peek() == '#') { spec.alternate = true; ++i; }
  if (peek() == '0') {
    if (spec.align == 0) { spec.fill = "0"; spec.align = '='; }
    ++i;
  }
  const auto number = [&](std::int64_t most) {
    std::int64_t value = 0;
    while (peek() >= '0' && peek() <= '9') {
      value = value * 10 + (text[i++] - '0');
      if (value > most) throw UsageError("width or precision of a format specification is too large");
    }
    return static_cast<int>(value);
  };
  spec.width = number(widest_field);
  if (peek() == ',' || peek() == '_') spec.grouping = text[i++];
  if (peek() == '.') {
    ++i;
    if (peek() < '0' || peek() > '9') throw UsageError("Format specifier missing precision");
    spec.precision = number(most_digits);
  }
  if (i < text.size()) spec.type = text[i++];
  if (i < text.size()) throw UsageError("Invalid format specifier '" + text + "'");
  return spec;
}

std::string format_number(double value, const FormatSpec& spec) {
  const double magnitude = std::abs(value);
  const bool negative = std::signbit(value) && !std::isnan(value);
  char type = spec.type;
  int precision = spec.precision;
  std::string text;
  const bool upper = type == 'E' || type == 'F' || type == 'G';
  if (!std::isfinite(value)) {
    text = std::isnan(value) ? "nan" : "inf";
    if (type == '%') text += "%";
  } else if (type == 0 && precision < 0) {
    text = float_repr(magnitude);
  } else {
    if (precision < 0) precision = 6;
    switch (type) {
      case 'e': case 'E': text = print(spec.alternate ? "%#.*e" : "%.*e", precision, magnitude); break;
      case 'f': case 'F': text = print(spec.alternate ? "%#.*f" : "%.*f", precision, magnitude); break;
      case 'g': case 'G': case 'n': text = print(spec.alternate ? "%#.*g" : "%.*g", precision, magnitude); break;
      case '%': text = print("%.*f", precision, magnitude * 100) + "%"; break;
      case 0: {
        // As 'g', but fixed notation keeps a digit behind the point and begins one exponent earlier.
        precision = std::max(precision, 1);
        const std::string probe = print("%.*e", precision - 1, magnitude);
        const int exponent = std::stoi(probe.substr(probe.find('e') + 1));
        if (exponent < -4 || exponent >= precision) {
          text = print("%.*g", precision, magnitude);
          if (text.find('e') == std::string::npos) {
            std::string mantissa = probe.substr(0, probe.find('e'));
            if (mantissa.find('.') != std::string::npos) {
              while (mantissa.back() == '0') mantissa.pop_back();
              if (mantissa.back() == '.') mantissa.pop_back();
            }
            text = mantissa + probe.substr(probe.find('e'));
          }
        } else {
          text = print("%.*g", precision, magnitude);
          if (text.find('.') == std::string::npos) {
            if (exponent + 1 >= precision) {
              const std::string full = print("%.*e", precision - 1, magnitude);
              std::string mantissa = full.substr(0, full.find('e'));
              while (mantissa.find('.') != std::string::npos && (mantissa.back() == '0' || mantissa.back() == '.')) {
                const bool point = mantissa.back() == '.';
                mantissa.pop_back();
                if (point) break;
              }
              text = mantissa + full.substr(full.find('e'));
            } else {
              text += ".0";
            }
          }
        }
        break;
      }
      default:
        throw UsageError(std::string("Unknown format code '") + type + "' for object of type 'float'");
    }
  }
  if (upper) std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::toupper(c); });
  const std::size_t end = std::min(text.find_first_not_of("0123456789"), text.size());
  return assemble(negative, "", text.substr(0, end), text.substr(end), spec, 3);
}

std::string format_number(std::int64_t value, const FormatSpec& spec) {
  switch (spec.type) {
    case 'e': case 'E': case 'f': case 'F': case 'g': case 'G': case '%':
      return format_number(static_cast<double>(value), spec);
    default: break;
  }
  if (spec.precision >= 0) throw UsageError("Precision not allowed in integer format specifier");
  const std::uint64_t magnitude = value < 0 ? std::uint64_t{0} - static_cast<std::uint64_t>(value)
                                            : static_cast<std::uint64_t>(value);
  int base = 10;
  std::string prefix;
  switch (spec.type) {
    case 0: case 'd': case 'n': break;
    case 'b': base = 2; prefix = "0b"; break;
    case 'o': base = 8; prefix = "0o"; break;
    case 'x': base = 16; prefix = "0x"; break;
    case 'X': base = 16; prefix = "0X"; break;
    case 'c': return pad(std::string(1, static_cast<char>(value)), spec, '<');
    default: throw UsageError(std::string("Unknown format code '") + spec.type + "' for object of type 'int'");
  }
  char buffer[72];
  const auto written = std::to_chars(buffer, buffer + sizeof buffer, magnitude, base);
  std::string digits(buffer, written.ptr);
  if (spec.type == 'X') std::transform(digits.begin(), digits.end(), digits.begin(), [](unsigned char c) { return std::toupper(c); });
  return assemble(value < 0, spec.alternate ? prefix : "", digits, "", spec, base == 10 ? 3 : 4);
}

std::string format_string(const std::string& value, const FormatSpec& spec) {
  if (spec.type != 0 && spec.type != 's')
    throw UsageError(std::string("Unknown format code '") + spec.type + "' for object of type 'str'");
  if (spec.align == '=' && spec.fill != "0") throw UsageError("'=' alignment not allowed in string format specifier");
  std::string text = value;
  if (spec.precision >= 0) {
    std::size_t end = 0;
    for (int characters = 0; end < text.size(); ++end) {
      if ((static_cast<unsigned char>(text[end]) & 0xC0) != 0x80 && characters++ == spec.precision) break;
    }
    text.resize(end);
  }
  FormatSpec left = spec;
  if (left.align == '=') left.align = '<';
  return pad(text, left, '<');
}

}  // namespace rankine::script
