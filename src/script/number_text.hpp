#pragma once
#include <cstdint>
#include <string>

namespace rankine::script {

/// Python's repr(float): the shortest digits that read back as the same number.
std::string float_repr(double value);
/// The same for a NumPy float32.
std::string float_repr(float value);

/// Python's format specification: [[fill]align][sign][#][0][width][grouping][.precision][type].
struct FormatSpec {
  std::string fill = " ";
  char align = 0;         ///< '<', '>', '^', '=' or 0: the type's own
  char sign = '-';
  bool alternate = false;
  char grouping = 0;      ///< ',' or '_'
  int width = 0;
  int precision = -1;
  char type = 0;
};
/// Bounds of what a specification may ask for; the memory for it is asked for where it is padded.
inline constexpr std::int64_t widest_field = 2'000'000'000;
inline constexpr std::int64_t most_digits = 1'000'000;
/// Throws UsageError for what is none.
FormatSpec parse_format_spec(const std::string& text);
std::string format_number(double value, const FormatSpec& spec);
std::string format_number(std::int64_t value, const FormatSpec& spec);
std::string format_string(const std::string& value, const FormatSpec& spec);
/// Characters of a UTF-8 text.
std::size_t character_count(const std::string& text);

}  // namespace rankine::script
