#include "script/random_state.hpp"

#include <bit>
#include <cmath>
#include <numbers>

namespace rankine::script {

void RandomState::seed_by_number(std::uint32_t number) {
  state[0] = number;
  for (std::uint32_t i = 1; i < state.size(); ++i) state[i] = 1812433253u * (state[i - 1] ^ (state[i - 1] >> 30)) + i;
  position = state.size();
  has_gauss = false;
}

void RandomState::seed_by_key(std::uint64_t number) {
  const std::uint32_t key[2] = {static_cast<std::uint32_t>(number), static_cast<std::uint32_t>(number >> 32)};
  const std::size_t length = key[1] != 0 ? 2 : 1;
  seed_by_number(19650218u);
  std::size_t i = 1, j = 0;
  const auto wrap = [&] {
    if (++i < state.size()) return;
    state[0] = state[state.size() - 1];
    i = 1;
  };
  for (std::size_t k = state.size(); k > 0; --k) {
    state[i] = (state[i] ^ ((state[i - 1] ^ (state[i - 1] >> 30)) * 1664525u)) + key[j] + static_cast<std::uint32_t>(j);
    j = (j + 1) % length;
    wrap();
  }
  for (std::size_t k = state.size() - 1; k > 0; --k) {
    state[i] = (state[i] ^ ((state[i - 1] ^ (state[i - 1] >> 30)) * 1566083941u)) - static_cast<std::uint32_t>(i);
    wrap();
  }
  state[0] = 0x80000000u;
}

std::uint32_t RandomState::next32() {
  constexpr std::size_t n = 624, m = 397;
  if (position == n) {
    for (std::size_t k = 0; k < n; ++k) {
      const std::uint32_t y = (state[k] & 0x80000000u) | (state[(k + 1) % n] & 0x7fffffffu);
      state[k] = state[(k + m) % n] ^ (y >> 1) ^ ((y & 1) != 0 ? 0x9908b0dfu : 0);
    }
    position = 0;
  }
  std::uint32_t y = state[position++];
  y ^= y >> 11;
  y ^= (y << 7) & 0x9d2c5680u;
  y ^= (y << 15) & 0xefc60000u;
  return y ^ (y >> 18);
}

double RandomState::next_double() {
  const std::uint32_t a = next32() >> 5, b = next32() >> 6;
  return (a * 67108864.0 + b) * (1.0 / 9007199254740992.0);
}

std::uint64_t RandomState::bits(int count) {
  if (count <= 0) return 0;
  if (count <= 32) return next32() >> (32 - count);
  const std::uint64_t low = next32();
  return low | (static_cast<std::uint64_t>(next32() >> (64 - count)) << 32);
}

std::uint64_t RandomState::below(std::uint64_t bound) {
  if (bound == 0) return 0;
  const int count = std::bit_width(bound);
  std::uint64_t draw = bits(count);
  while (draw >= bound) draw = bits(count);
  return draw;
}

std::uint64_t RandomState::up_to(std::uint64_t most) {
  if (most == 0) return 0;
  const int width = std::bit_width(most);
  const std::uint64_t mask = width == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << width) - 1;
  for (;;) {
    std::uint64_t draw = next32();
    if (most > 0xffffffffu) draw = (draw << 32) | next32();
    draw &= mask;
    if (draw <= most) return draw;
  }
}

double RandomState::gauss() {
  if (has_gauss) {
    has_gauss = false;
    return kept_gauss;
  }
  const double angle = next_double() * 2.0 * std::numbers::pi;
  const double radius = std::sqrt(-2.0 * std::log(1.0 - next_double()));
  kept_gauss = std::sin(angle) * radius;
  has_gauss = true;
  return std::cos(angle) * radius;
}

double RandomState::polar_gauss() {
  if (has_gauss) {
    has_gauss = false;
    return kept_gauss;
  }
  double x = 0, y = 0, square = 0;
  do {
    x = 2.0 * next_double() - 1.0;
    y = 2.0 * next_double() - 1.0;
    square = x * x + y * y;
  } while (square >= 1.0 || square == 0.0);
  const double scale = std::sqrt(-2.0 * std::log(square) / square);
  kept_gauss = scale * x;
  has_gauss = true;
  return scale * y;
}

}  // namespace rankine::script
