#include "codec/shuffle.hpp"

#include <algorithm>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "base/check.hpp"

namespace rankine::codec {
namespace {

// Elements that one strip moves in the plain loops: its planes stay in the first-level cache.
constexpr std::size_t strip_elements = 1024;

void shuffle_plain(const std::byte* from, std::byte* to, std::size_t begin, std::size_t count,
                   std::size_t element_bytes) {
  for (std::size_t strip = begin; strip < count; strip += strip_elements) {
    const std::size_t end = std::min(count, strip + strip_elements);
    for (std::size_t j = 0; j < element_bytes; ++j)
      for (std::size_t i = strip; i < end; ++i) to[j * count + i] = from[i * element_bytes + j];
  }
}

void unshuffle_plain(const std::byte* from, std::byte* to, std::size_t begin, std::size_t count,
                     std::size_t element_bytes) {
  for (std::size_t strip = begin; strip < count; strip += strip_elements) {
    const std::size_t end = std::min(count, strip + strip_elements);
    for (std::size_t j = 0; j < element_bytes; ++j)
      for (std::size_t i = strip; i < end; ++i) to[i * element_bytes + j] = from[j * count + i];
  }
}

#ifdef __SSE2__
template <std::size_t N>
struct Vectors {
  __m128i v[N];
  __m128i& operator[](std::size_t k) { return v[k]; }
};

// Sixteen elements of N bytes: N planes of 16 bytes -> N vectors of whole elements. Each round
// interleaves plane k with plane k + N/2, so that after log2(N) rounds neighbours are neighbours.
template <std::size_t N>
inline Vectors<N> interleave(Vectors<N> v) {
  for (std::size_t round = 1; round < N; round *= 2) {
    Vectors<N> next;
    for (std::size_t k = 0; k < N / 2; ++k) {
      next[2 * k] = _mm_unpacklo_epi8(v[k], v[k + N / 2]);
      next[2 * k + 1] = _mm_unpackhi_epi8(v[k], v[k + N / 2]);
    }
    v = next;
  }
  return v;
}

// The reverse: each round parts even bytes from odd ones.
template <std::size_t N>
inline Vectors<N> deinterleave(Vectors<N> v) {
  const __m128i low_byte = _mm_set1_epi16(0x00ff);
  for (std::size_t round = 1; round < N; round *= 2) {
    Vectors<N> next;
    for (std::size_t k = 0; k < N / 2; ++k) {
      const __m128i a = v[2 * k];
      const __m128i b = v[2 * k + 1];
      next[k] = _mm_packus_epi16(_mm_and_si128(a, low_byte), _mm_and_si128(b, low_byte));
      next[k + N / 2] = _mm_packus_epi16(_mm_srli_epi16(a, 8), _mm_srli_epi16(b, 8));
    }
    v = next;
  }
  return v;
}

template <std::size_t N>
std::size_t unshuffle_wide(const std::byte* from, std::byte* to, std::size_t count) {
  const std::size_t end = count & ~std::size_t{15};
  for (std::size_t i = 0; i < end; i += 16) {
    Vectors<N> v;
    for (std::size_t j = 0; j < N; ++j)
      v[j] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + j * count + i));
    v = interleave<N>(v);
    for (std::size_t j = 0; j < N; ++j)
      _mm_storeu_si128(reinterpret_cast<__m128i*>(to + i * N + j * 16), v[j]);
  }
  return end;
}

template <std::size_t N>
std::size_t shuffle_wide(const std::byte* from, std::byte* to, std::size_t count) {
  const std::size_t end = count & ~std::size_t{15};
  for (std::size_t i = 0; i < end; i += 16) {
    Vectors<N> v;
    for (std::size_t j = 0; j < N; ++j)
      v[j] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i * N + j * 16));
    v = deinterleave<N>(v);
    for (std::size_t j = 0; j < N; ++j)
      _mm_storeu_si128(reinterpret_cast<__m128i*>(to + j * count + i), v[j]);
  }
  return end;
}

#ifdef __x86_64__
#define RANKINE_AVX2 __attribute__((target("avx2")))

template <std::size_t N>
struct WideVectors {
  __m256i v[N];
};

// Thirty-two elements at a time. The instructions interleave each half of a vector by itself, so the first halves of all
// vectors hold elements 0 to 15 and the second ones 16 to 31: those are put together at the end.
template <std::size_t N>
RANKINE_AVX2 std::size_t unshuffle_avx2(const std::byte* from, std::byte* to, std::size_t count) {
  const std::size_t end = count & ~std::size_t{31};
  for (std::size_t i = 0; i < end; i += 32) {
    WideVectors<N> a, b;
    for (std::size_t j = 0; j < N; ++j) a.v[j] = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + j * count + i));
    for (std::size_t round = 1; round < N; round *= 2) {
      for (std::size_t k = 0; k < N / 2; ++k) {
        b.v[2 * k] = _mm256_unpacklo_epi8(a.v[k], a.v[k + N / 2]);
        b.v[2 * k + 1] = _mm256_unpackhi_epi8(a.v[k], a.v[k + N / 2]);
      }
      a = b;
    }
    auto* out = reinterpret_cast<__m256i*>(to + i * N);
    for (std::size_t j = 0; j < N / 2; ++j) {
      _mm256_storeu_si256(out + j, _mm256_permute2x128_si256(a.v[2 * j], a.v[2 * j + 1], 0x20));
      _mm256_storeu_si256(out + N / 2 + j, _mm256_permute2x128_si256(a.v[2 * j], a.v[2 * j + 1], 0x31));
    }
  }
  return end;
}

// The reverse: halves are parted first, even bytes from odd ones in each round.
template <std::size_t N>
RANKINE_AVX2 std::size_t shuffle_avx2(const std::byte* from, std::byte* to, std::size_t count) {
  const std::size_t end = count & ~std::size_t{31};
  const __m256i low_byte = _mm256_set1_epi16(0x00ff);
  for (std::size_t i = 0; i < end; i += 32) {
    WideVectors<N> a, b;
    const auto* in = reinterpret_cast<const __m256i*>(from + i * N);
    for (std::size_t j = 0; j < N / 2; ++j) {
      const __m256i first = _mm256_loadu_si256(in + j), second = _mm256_loadu_si256(in + N / 2 + j);
      a.v[2 * j] = _mm256_permute2x128_si256(first, second, 0x20);
      a.v[2 * j + 1] = _mm256_permute2x128_si256(first, second, 0x31);
    }
    for (std::size_t round = 1; round < N; round *= 2) {
      for (std::size_t k = 0; k < N / 2; ++k) {
        const __m256i x = a.v[2 * k], y = a.v[2 * k + 1];
        b.v[k] = _mm256_packus_epi16(_mm256_and_si256(x, low_byte), _mm256_and_si256(y, low_byte));
        b.v[k + N / 2] = _mm256_packus_epi16(_mm256_srli_epi16(x, 8), _mm256_srli_epi16(y, 8));
      }
      a = b;
    }
    for (std::size_t j = 0; j < N; ++j) _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + j * count + i), a.v[j]);
  }
  return end;
}

bool has_avx2() {
  static const bool has = __builtin_cpu_supports("avx2") > 0;
  return has;
}
#endif

std::size_t shuffle_fast(const std::byte* from, std::byte* to, std::size_t count, std::size_t width) {
#ifdef __x86_64__
  if (has_avx2()) {
    switch (width) {
      case 2: return shuffle_avx2<2>(from, to, count);
      case 4: return shuffle_avx2<4>(from, to, count);
      case 8: return shuffle_avx2<8>(from, to, count);
      default: return 0;
    }
  }
#endif
  switch (width) {
    case 2: return shuffle_wide<2>(from, to, count);
    case 4: return shuffle_wide<4>(from, to, count);
    case 8: return shuffle_wide<8>(from, to, count);
    default: return 0;
  }
}

std::size_t unshuffle_fast(const std::byte* from, std::byte* to, std::size_t count, std::size_t width) {
#ifdef __x86_64__
  if (has_avx2()) {
    switch (width) {
      case 2: return unshuffle_avx2<2>(from, to, count);
      case 4: return unshuffle_avx2<4>(from, to, count);
      case 8: return unshuffle_avx2<8>(from, to, count);
      default: return 0;
    }
  }
#endif
  switch (width) {
    case 2: return unshuffle_wide<2>(from, to, count);
    case 4: return unshuffle_wide<4>(from, to, count);
    case 8: return unshuffle_wide<8>(from, to, count);
    default: return 0;
  }
}
#else
std::size_t shuffle_fast(const std::byte*, std::byte*, std::size_t, std::size_t) { return 0; }
std::size_t unshuffle_fast(const std::byte*, std::byte*, std::size_t, std::size_t) { return 0; }
#endif

template <typename Fast, typename Plain>
void run(std::span<const std::byte> from, std::span<std::byte> to, std::size_t element_bytes, Fast fast,
         Plain plain) {
  RANKINE_CHECK(from.size() == to.size(), "shuffle keeps the size");
  RANKINE_CHECK(element_bytes >= 1, "elements have at least one byte");
  if (from.empty()) return;
  const std::size_t count = element_bytes == 1 ? 0 : from.size() / element_bytes;
  const std::size_t done = fast(from.data(), to.data(), count, element_bytes);
  plain(from.data(), to.data(), done, count, element_bytes);
  const std::size_t tail = count * element_bytes;
  std::memcpy(to.data() + tail, from.data() + tail, from.size() - tail);
}

}  // namespace

void shuffle(std::span<const std::byte> from, std::span<std::byte> to, std::size_t element_bytes) {
  run(from, to, element_bytes, shuffle_fast, shuffle_plain);
}

void unshuffle(std::span<const std::byte> from, std::span<std::byte> to, std::size_t element_bytes) {
  run(from, to, element_bytes, unshuffle_fast, unshuffle_plain);
}

}  // namespace rankine::codec
