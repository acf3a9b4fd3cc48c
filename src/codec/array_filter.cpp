#include "codec/array_filter.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <type_traits>

#include "base/check.hpp"
#include "base/error.hpp"
#include "base/half_float.hpp"

namespace rankine::codec {
namespace {

template <typename T>
T read_element(const std::byte* at, bool big_endian) {
  std::byte bytes[sizeof(T)];
  std::memcpy(bytes, at, sizeof(T));
  if (big_endian) std::reverse(bytes, bytes + sizeof(T));
  if constexpr (std::is_same_v<T, bool>) return bytes[0] != std::byte{0};
  T value;
  std::memcpy(&value, bytes, sizeof(T));
  return value;
}

template <typename T>
void write_element(std::byte* at, T value, bool big_endian) {
  std::memcpy(at, &value, sizeof(T));
  if (big_endian) std::reverse(at, at + sizeof(T));
}

// NumPy's astype; a float that an integer cannot hold becomes its least value, as x86 gives it.
template <typename To, typename From>
To converted(From value) {
  if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To> && !std::is_same_v<To, bool>) {
    using Wide = std::conditional_t<sizeof(To) < 4, std::int32_t, To>;
    constexpr double below = static_cast<double>(std::numeric_limits<Wide>::min());
    constexpr double above = 2.0 * static_cast<double>(std::numeric_limits<Wide>::max() / 2 + 1);
    const auto wide = static_cast<double>(value);
    if (std::is_unsigned_v<Wide> && wide > -9.2e18 && wide < 0) return static_cast<To>(static_cast<std::int64_t>(wide));
    if (!(wide >= below && wide < above)) return static_cast<To>(std::numeric_limits<Wide>::min());
    return static_cast<To>(static_cast<Wide>(wide));
  } else {
    return static_cast<To>(value);
  }
}

// Calls f<Value, Stored>().
template <typename F>
void with_types(const Codec& codec, F&& f) {
  dispatch(codec.value_type, [&]<typename Value>() {
    dispatch(codec.stored_type, [&]<typename Stored>() { f.template operator()<Value, Stored>(); });
  });
}

// Calls f<Value>() for what half floats are in memory.
template <typename F>
void with_float(const Codec& codec, F&& f) {
  RANKINE_CHECK(is_float(codec.value_type), "half floats are floats in memory");
  if (codec.value_type == DType::float32) f.template operator()<float>();
  else f.template operator()<double>();
}

template <typename Value, typename Stored>
void undo_delta(const Codec& codec, const std::byte* from, std::byte* to, std::size_t count) {
  // Integers wrap as NumPy's do: sums are made without a sign.
  using Sum = std::conditional_t<std::is_floating_point_v<Value>, Value, std::uint64_t>;
  Sum sum{};
  for (std::size_t i = 0; i < count; ++i) {
    const auto step = read_element<Stored>(from + i * sizeof(Stored), codec.stored_big_endian);
    sum += static_cast<Sum>(converted<Value>(step));
    write_element(to + i * sizeof(Value), static_cast<Value>(sum), codec.value_big_endian);
  }
}

template <typename Value, typename Stored>
void apply_delta(const Codec& codec, const std::byte* from, std::byte* to, std::size_t count) {
  using Sum = std::conditional_t<std::is_floating_point_v<Value>, Value, std::uint64_t>;
  Sum before{};
  for (std::size_t i = 0; i < count; ++i) {
    const auto value = static_cast<Sum>(read_element<Value>(from + i * sizeof(Value), codec.value_big_endian));
    write_element(to + i * sizeof(Stored), converted<Stored>(static_cast<Value>(value - before)), codec.stored_big_endian);
    before = value;
  }
}

template <typename Value, typename Stored>
void undo_scale(const Codec& codec, const std::byte* from, std::byte* to, std::size_t count) {
  // NumPy divides integers in double; only float32 stays itself.
  constexpr bool single = std::is_same_v<Stored, float>;
  for (std::size_t i = 0; i < count; ++i) {
    const auto stored = read_element<Stored>(from + i * sizeof(Stored), codec.stored_big_endian);
    const double value =
        single ? static_cast<double>(static_cast<float>(stored) / static_cast<float>(codec.scale) + static_cast<float>(codec.offset))
               : static_cast<double>(stored) / codec.scale + codec.offset;
    write_element(to + i * sizeof(Value), converted<Value>(value), codec.value_big_endian);
  }
}

template <typename Value, typename Stored>
void apply_scale(const Codec& codec, const std::byte* from, std::byte* to, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const auto value = read_element<Value>(from + i * sizeof(Value), codec.value_big_endian);
    const double scaled =
        std::is_same_v<Value, float>
            ? static_cast<double>(std::nearbyint((static_cast<float>(value) - static_cast<float>(codec.offset)) * static_cast<float>(codec.scale)))
            : std::nearbyint((static_cast<double>(value) - codec.offset) * codec.scale);
    write_element(to + i * sizeof(Stored), converted<Stored>(scaled), codec.stored_big_endian);
  }
}

template <typename From, typename To>
void convert(const std::byte* from, bool from_big, std::byte* to, bool to_big, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i)
    write_element(to + i * sizeof(To), converted<To>(read_element<From>(from + i * sizeof(From), from_big)), to_big);
}

// The power of two that keeps `digits` decimal digits behind the point.
double quantum_of(int digits) {
  const double exponent = std::log10(std::pow(10.0, -digits));
  const double whole = exponent < 0 ? std::floor(exponent) : std::ceil(exponent);
  return std::pow(2.0, std::ceil(std::log2(std::pow(10.0, -whole))));
}

template <typename Value, typename Stored>
void apply_quantize(const Codec& codec, const std::byte* from, std::byte* to, std::size_t count) {
  const double scale = quantum_of(codec.level);
  for (std::size_t i = 0; i < count; ++i) {
    const auto value = read_element<Value>(from + i * sizeof(Value), codec.value_big_endian);
    Stored stored;
    if constexpr (std::is_same_v<Value, float>)
      stored = converted<Stored>(std::nearbyint(static_cast<float>(scale) * value) / static_cast<float>(scale));
    else
      stored = converted<Stored>(std::nearbyint(scale * static_cast<double>(value)) / scale);
    write_element(to + i * sizeof(Stored), stored, codec.stored_big_endian);
  }
}

// Keeps `level` bits of the mantissa, half to even.
template <typename Word>
void round_bits(const Codec& codec, const std::byte* from, std::byte* to, std::size_t count, int mantissa_bits) {
  const int dropped = mantissa_bits - codec.level;
  for (std::size_t i = 0; i < count; ++i) {
    auto word = read_element<Word>(from + i * sizeof(Word), codec.value_big_endian);
    if (dropped > 0) {
      word = static_cast<Word>(word + ((word >> dropped) & 1) + ((Word{1} << (dropped - 1)) - 1));
      word &= static_cast<Word>(~Word{0}) << dropped;
    }
    write_element(to + i * sizeof(Word), word, codec.value_big_endian);
  }
}

void unpack_bits(std::span<const std::byte> from, std::span<std::byte> to) {
  for (std::size_t i = 0; i < to.size(); ++i)
    to[i] = from[1 + i / 8] >> static_cast<int>(7 - i % 8) & std::byte{1};
}

}  // namespace

bool is_array_filter(Kind kind) {
  return kind == Kind::delta || kind == Kind::fixed_scale_offset || kind == Kind::astype || kind == Kind::quantize ||
         kind == Kind::bitround || kind == Kind::packbits || kind == Kind::half_float || kind == Kind::time_unit;
}

std::size_t filtered_size(const Codec& codec, std::size_t bytes) {
  if (codec.kind == Kind::packbits) return (bytes + 7) / 8 + 1;
  return bytes / size_of(codec.value_type) * size_of(codec.stored_type);
}

void unfilter(const Codec& codec, std::span<const std::byte> from, std::span<std::byte> to) {
  if (from.size() != filtered_size(codec, to.size()) || to.size() % size_of(codec.value_type) != 0)
    throw InputError("a filter decodes " + std::to_string(from.size()) + " bytes, which do not make " +
                     std::to_string(to.size()));
  const std::size_t count = to.size() / size_of(codec.value_type);
  switch (codec.kind) {
    case Kind::packbits: return unpack_bits(from, to);
    case Kind::half_float:
      return with_float(codec, [&]<typename Value>() {
        for (std::size_t i = 0; i < count; ++i) {
          const auto half = read_element<std::uint16_t>(from.data() + 2 * i, codec.stored_big_endian);
          write_element(to.data() + i * sizeof(Value), static_cast<Value>(float_of_half(half)), false);
        }
      });
    case Kind::time_unit:
      for (std::size_t i = 0; i < count; ++i) {
        auto ticks = read_element<std::int64_t>(from.data() + 8 * i, codec.stored_big_endian);
        if (ticks != not_a_time && __builtin_mul_overflow(ticks, static_cast<std::int64_t>(codec.scale), &ticks))
          throw InputError("it holds a time beyond what nanoseconds since 1970 can count (years 1678 to 2262)");
        write_element(to.data() + 8 * i, ticks, false);
      }
      return;
    case Kind::bitround:
      if (!to.empty()) std::memcpy(to.data(), from.data(), to.size());
      return;
    case Kind::delta:
      return with_types(codec, [&]<typename Value, typename Stored>() {
        undo_delta<Value, Stored>(codec, from.data(), to.data(), count);
      });
    case Kind::fixed_scale_offset:
      return with_types(codec, [&]<typename Value, typename Stored>() {
        undo_scale<Value, Stored>(codec, from.data(), to.data(), count);
      });
    case Kind::astype:
    case Kind::quantize:
      return with_types(codec, [&]<typename Value, typename Stored>() {
        convert<Stored, Value>(from.data(), codec.stored_big_endian, to.data(), codec.value_big_endian, count);
      });
    default: RANKINE_CHECK(false, "no filter of numbers");
  }
}

std::vector<std::byte> filter(const Codec& codec, std::span<const std::byte> raw) {
  if (codec.kind == Kind::time_unit) throw OutputError("times of another unit than nanoseconds are read, not written");
  if (raw.size() % size_of(codec.value_type) != 0) throw OutputError("a filter's elements do not fit the chunk");
  std::vector<std::byte> bytes(filtered_size(codec, raw.size()));
  const std::size_t count = raw.size() / size_of(codec.value_type);
  switch (codec.kind) {
    case Kind::packbits:
      bytes[0] = static_cast<std::byte>((8 - raw.size() % 8) % 8);
      for (std::size_t i = 0; i < raw.size(); ++i)
        if (raw[i] != std::byte{0}) bytes[1 + i / 8] |= std::byte{1} << static_cast<int>(7 - i % 8);
      break;
    case Kind::half_float:
      with_float(codec, [&]<typename Value>() {
        for (std::size_t i = 0; i < count; ++i)
          write_element(bytes.data() + 2 * i, half_of_double(read_element<Value>(raw.data() + i * sizeof(Value), false)), codec.stored_big_endian);
      });
      break;
    case Kind::bitround:
      if (size_of(codec.value_type) == 4)
        round_bits<std::uint32_t>(codec, raw.data(), bytes.data(), count, 23);
      else
        round_bits<std::uint64_t>(codec, raw.data(), bytes.data(), count, 52);
      break;
    case Kind::delta:
      with_types(codec, [&]<typename Value, typename Stored>() {
        apply_delta<Value, Stored>(codec, raw.data(), bytes.data(), count);
      });
      break;
    case Kind::fixed_scale_offset:
      with_types(codec, [&]<typename Value, typename Stored>() {
        apply_scale<Value, Stored>(codec, raw.data(), bytes.data(), count);
      });
      break;
    case Kind::quantize:
      with_types(codec, [&]<typename Value, typename Stored>() {
        apply_quantize<Value, Stored>(codec, raw.data(), bytes.data(), count);
      });
      break;
    case Kind::astype:
      with_types(codec, [&]<typename Value, typename Stored>() {
        convert<Value, Stored>(raw.data(), codec.value_big_endian, bytes.data(), codec.stored_big_endian, count);
      });
      break;
    default: RANKINE_CHECK(false, "no filter of numbers");
  }
  return bytes;
}

}  // namespace rankine::codec
