#include "runtime/call_keys.hpp"

#include <cstring>

namespace rankine::runtime {
namespace {

__extension__ using Product = unsigned __int128;   // ISO C++ has none

std::uint64_t mixed(std::uint64_t a, std::uint64_t b) {
  const Product product = static_cast<Product>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

/// Two lanes of multiplications that fold 128 bits to 64 (the step of Wang Yi's wyhash), with different constants.
class Hash {
 public:
  void put(std::uint64_t word) {
    high_ = mixed(high_ ^ word ^ 0xa0761d6478bd642fULL, 0xe7037ed1a0b428dbULL);
    low_ = mixed(low_ + 0x8ebc6af09c88c6e3ULL, word ^ 0x589965cc75374cc3ULL) ^ (low_ << 23 | low_ >> 41);
  }
  void put(std::span<const std::byte> bytes) {
    put(bytes.size());
    std::size_t at = 0;
    for (; at + 8 <= bytes.size(); at += 8) put(word_at(bytes, at, 8));
    if (at < bytes.size()) put(word_at(bytes, at, bytes.size() - at));
  }
  std::uint64_t high() const { return mixed(high_ ^ 0x1d8e4e27c47d124fULL, low_ | 1); }
  std::uint64_t low() const { return mixed(low_ ^ 0xeb44accab455d165ULL, high_ | 1); }

 private:
  static std::uint64_t word_at(std::span<const std::byte> bytes, std::size_t at, std::size_t count) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, count);
    return word;
  }
  std::uint64_t high_ = 0x2d358dccaa6c78a5ULL;
  std::uint64_t low_ = 0x8bb84b93962eacc9ULL;
};

}  // namespace

journal::CallKey CallKeys::next(bool by_program, const std::string& function, std::span<const std::byte> arguments,
                                std::span<const journal::CallKey> inputs) {
  Hash hash;
  hash.put(by_program ? 1 : 2);
  hash.put(std::as_bytes(std::span(function)));
  hash.put(arguments);
  hash.put(inputs.size());
  for (const journal::CallKey& input : inputs)
    for (const std::uint64_t word : {input.high, input.low, input.occurrence}) hash.put(word);
  const std::uint64_t high = hash.high();
  return {high, hash.low(), ++counts_[high]};
}

}  // namespace rankine::runtime
