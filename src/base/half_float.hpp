#pragma once
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

namespace rankine {

/// The bits of an IEEE 754 binary16 as a float, exactly; what a NaN carries stays.
inline float float_of_half(std::uint16_t half) {
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000u) << 16;
  const std::uint32_t exponent = half >> 10 & 0x1fu;
  const std::uint32_t mantissa = half & 0x3ffu;
  if (exponent == 0) {
    const float magnitude = static_cast<float>(mantissa) * 0x1p-24f;
    return sign == 0 ? magnitude : -magnitude;
  }
  return std::bit_cast<float>(sign | (exponent == 31 ? 0xffu : exponent + 112) << 23 | mantissa << 13);
}

/// The nearest binary16, ties to even, as NumPy's astype rounds: what is too large is infinite, NaN stays NaN. From the
/// double at once, for rounding to float first would round some values twice.
inline std::uint16_t half_of_double(double value) {
  const std::uint64_t bits = std::bit_cast<std::uint64_t>(value);
  const auto sign = static_cast<std::uint16_t>(bits >> 48 & 0x8000u);
  if (std::isnan(value)) {
    const auto carried = static_cast<std::uint16_t>(bits >> 42 & 0x3ffu);
    return static_cast<std::uint16_t>(sign | 0x7c00u | (carried == 0 ? 1u : carried));
  }
  const double magnitude = std::fabs(value);
  if (magnitude >= 65520.0) return sign | 0x7c00u;  // half way to the next power of two and beyond
  int exponent = 0;
  std::frexp(magnitude, &exponent);
  // The last bit counts 2^(exponent - 11), or 2^-24 among the smallest.
  const int unit = std::max(exponent - 11, -24);
  const auto units = static_cast<std::uint32_t>(std::nearbyint(std::ldexp(magnitude, -unit)));
  // A carry out of the mantissa is a carry into the exponent; subnormal numbers have exponent 0.
  const std::uint32_t normal = exponent - 11 >= -24 && units >= 1024 ? static_cast<std::uint32_t>(unit + 24) << 10 : 0u;
  return static_cast<std::uint16_t>(sign | (normal + units));
}

}  // namespace rankine
