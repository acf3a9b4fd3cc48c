#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "script/value.hpp"

namespace rankine::script {

/// The Mersenne Twister of Matsumoto and Nishimura (1998), MT19937, as CPython's `random` and NumPy's RandomState use it:
/// the same seed gives the same numbers.
struct RandomState : Object {
  static constexpr Type static_type = Type::random_state;
  Type type() const override { return static_type; }

  /// Python's random.seed(n): the 32-bit words of |n| as a key.
  void seed_by_key(std::uint64_t number);
  /// NumPy's seed(n).
  void seed_by_number(std::uint32_t number);
  std::uint32_t next32();
  /// In [0, 1), 53 bits.
  double next_double();
  /// The top `count` bits, Python's getrandbits: at most 64.
  std::uint64_t bits(int count);
  /// In [0, bound), by Python's rejection of too large draws.
  std::uint64_t below(std::uint64_t bound);
  /// In [0, most], by NumPy's masked rejection.
  std::uint64_t up_to(std::uint64_t most);
  /// Python's gauss (Box-Muller) and NumPy's legacy one (polar); each keeps its second number.
  double gauss();
  double polar_gauss();

  std::array<std::uint32_t, 624> state{};
  std::size_t position = 624;
  bool has_gauss = false;
  double kept_gauss = 0;
  bool numpy = false;     ///< whose seeding and whose draws its methods use
};

}  // namespace rankine::script
