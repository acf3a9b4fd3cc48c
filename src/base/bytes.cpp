#include "base/bytes.hpp"

#include <array>
#include <cctype>
#include <cmath>
#include <cstdio>
#include <utility>

#include "base/error.hpp"

namespace rankine {

std::string format_bytes(Bytes bytes) {
  static constexpr std::array<const char*, 6> units{"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  double value = static_cast<double>(bytes.value);
  std::size_t unit = 0;
  while (value >= 1000.0 && unit + 1 < units.size()) {
    value /= 1024.0;
    ++unit;
  }
  char text[32];
  const int decimals = unit == 0 || value >= 99.95 ? 0 : (value >= 9.995 ? 1 : 2);
  std::snprintf(text, sizeof text, "%.*f %s", decimals, value, units[unit]);
  return text;
}

Bytes parse_bytes(const std::string& text) {
  const auto fail = [&]() -> Bytes {
    throw UsageError("'" + text + "' is not a number of bytes; write for example 512MiB, 4GB or 2G");
  };
  std::size_t end = 0;
  double number = 0;
  try {
    number = std::stod(text, &end);
  } catch (const std::exception&) {
    return fail();
  }
  if (!(number >= 0) || !std::isfinite(number)) return fail();
  std::string unit;
  for (char c : text.substr(end)) {
    if (c != ' ') unit += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  double factor = 0;
  static constexpr std::array<std::pair<char, int>, 4> powers{{{'k', 1}, {'m', 2}, {'g', 3}, {'t', 4}}};
  if (unit.empty() || unit == "b") factor = 1;
  for (const auto& [letter, power] : powers) {
    if (unit == std::string{letter} || unit == std::string{letter} + "ib") factor = std::pow(1024.0, power);
    if (unit == std::string{letter} + "b") factor = std::pow(1000.0, power);
  }
  if (factor == 0 || number * factor > 9e18) return fail();
  return {static_cast<std::uint64_t>(number * factor)};
}

}  // namespace rankine
