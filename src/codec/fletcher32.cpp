#include "codec/fletcher32.hpp"

#include <algorithm>

namespace rankine::codec {

std::uint32_t fletcher32(std::span<const std::byte> data) {
  // 360 words is the longest run for which the second sum cannot overflow 32 bits.
  constexpr std::size_t run_words = 360;
  std::uint32_t sum1 = 0;
  std::uint32_t sum2 = 0;
  const auto fold = [](std::uint32_t sum) { return (sum & 0xffff) + (sum >> 16); };
  const auto* at = reinterpret_cast<const unsigned char*>(data.data());
  for (std::size_t words = data.size() / 2; words != 0;) {
    const std::size_t run = std::min(words, run_words);
    words -= run;
    for (std::size_t i = 0; i < run; ++i, at += 2) {
      sum1 += static_cast<std::uint32_t>(at[0]) << 8 | at[1];
      sum2 += sum1;
    }
    sum1 = fold(sum1);
    sum2 = fold(sum2);
  }
  if (data.size() % 2 != 0) {
    sum1 = fold(sum1 + (static_cast<std::uint32_t>(*at) << 8));
    sum2 = fold(sum2 + sum1);
  }
  return fold(sum2) << 16 | fold(sum1);
}

}  // namespace rankine::codec
