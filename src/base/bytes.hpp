#pragma once
#include <compare>
#include <cstdint>
#include <string>

namespace rankine {

/// A number of bytes.
struct Bytes {
  std::uint64_t value = 0;
  auto operator<=>(const Bytes&) const = default;
  constexpr Bytes& operator+=(Bytes other) { value += other.value; return *this; }
  constexpr Bytes& operator-=(Bytes other) { value -= other.value; return *this; }
  friend constexpr Bytes operator+(Bytes a, Bytes b) { return {a.value + b.value}; }
  friend constexpr Bytes operator-(Bytes a, Bytes b) { return {a.value - b.value}; }
};

/// "1.5 MiB": binary units, at most three significant digits, as the summary prints them.
std::string format_bytes(Bytes bytes);

/// "512MiB", "4GB", "1.5G", "1000000": decimal units for kB/MB/GB/TB, binary for K/M/G/T and KiB...
/// Throws Error (ExitCode::usage) naming the text if it is none of these.
Bytes parse_bytes(const std::string& text);

/// A point on the monotonic clock of one process, in nanoseconds. Pure rooms get it as an argument.
struct Instant {
  std::int64_t ns = 0;
  auto operator<=>(const Instant&) const = default;
};

}  // namespace rankine
