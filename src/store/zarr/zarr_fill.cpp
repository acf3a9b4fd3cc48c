#include "store/zarr/zarr_fill.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "base/error.hpp"
#include "base/half_float.hpp"

namespace rankine::store {
namespace {

const std::string base64_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

[[noreturn]] void damaged(const std::string& where, const Json& json) {
  throw InputError("cannot read " + where + ": fill_value " + json.dump(-1, ' ', false, Json::error_handler_t::replace) +
                   " does not fit the dtype");
}

std::string word_of(const Json& json) {
  std::string word = json.is_string() ? json.get<std::string>() : "";
  if (!word.empty() && word[0] == bare_word_mark) word.erase(0, 1);
  return word;
}

// "0x7fc00000".
template <typename Bits>
Bits bits_in(const std::string& word, const Json& json, const std::string& where) {
  Bits bits = 0;
  const char* end = word.data() + word.size();
  if (word.size() != 2 + 2 * sizeof(Bits) || !word.starts_with("0x")) damaged(where, json);
  const auto [last, error] = std::from_chars(word.data() + 2, end, bits, 16);
  if (error != std::errc() || last != end) damaged(where, json);
  return bits;
}

template <typename T>
T float_fill(const Json& json, const std::string& where) {
  if (json.is_boolean()) return json.get<bool>() ? T{1} : T{0};
  if (json.is_number()) return static_cast<T>(json.get<double>());
  const std::string word = word_of(json);
  if (word == "NaN") return std::numeric_limits<T>::quiet_NaN();
  if (word == "Infinity") return std::numeric_limits<T>::infinity();
  if (word == "-Infinity") return -std::numeric_limits<T>::infinity();
  const auto bits = bits_in<std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>>(word, json, where);
  T value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

template <typename T>
T integer_fill(const Json& json, const std::string& where) {
  if (json.is_boolean()) return static_cast<T>(json.get<bool>());
  if (json.is_number_unsigned() && json.get<std::uint64_t>() <= static_cast<std::uint64_t>(std::numeric_limits<T>::max()))
    return static_cast<T>(json.get<std::uint64_t>());
  if (json.is_number_integer() && !json.is_number_unsigned() &&
      json.get<std::int64_t>() >= static_cast<std::int64_t>(std::numeric_limits<T>::min()) &&
      json.get<std::int64_t>() <= 0)
    return static_cast<T>(json.get<std::int64_t>());
  if (json.is_number_integer() && !json.is_number_unsigned() && json.get<std::int64_t>() > 0 &&
      static_cast<std::uint64_t>(json.get<std::int64_t>()) <= static_cast<std::uint64_t>(std::numeric_limits<T>::max()))
    return static_cast<T>(json.get<std::int64_t>());
  if (json.is_number_float()) {
    const double value = json.get<double>();
    if (std::nearbyint(value) == value && std::abs(value) < 9e15 &&
        value >= static_cast<double>(std::numeric_limits<T>::min()) &&
        value <= static_cast<double>(std::numeric_limits<T>::max()))
      return static_cast<T>(value);
  }
  damaged(where, json);
}

}  // namespace

std::array<std::byte, 8> fill_from_json(const Json& json, DType dtype, const std::string& where, std::int64_t ns_per_tick) {
  std::array<std::byte, 8> fill{};
  if (is_time(dtype) && ns_per_tick != 1 && word_of(json) != "NaT") {
    auto ticks = integer_fill<std::int64_t>(json, where);
    if (ticks != not_a_time && __builtin_mul_overflow(ticks, ns_per_tick, &ticks)) damaged(where, json);
    std::memcpy(fill.data(), &ticks, sizeof ticks);
    return fill;
  }
  if (is_time(dtype) && word_of(json) == "NaT") {
    std::memcpy(fill.data(), &not_a_time, sizeof not_a_time);
    return fill;
  }
  dispatch(dtype, [&]<typename T>() {
    T value{};
    if constexpr (std::is_same_v<T, bool>) {
      if (!json.is_boolean() && !json.is_number()) damaged(where, json);
      value = json.is_boolean() ? json.get<bool>() : json.get<double>() != 0;
    } else if constexpr (std::is_floating_point_v<T>) {
      value = float_fill<T>(json, where);
    } else {
      value = integer_fill<T>(json, where);
    }
    std::memcpy(fill.data(), &value, sizeof value);
  });
  return fill;
}

std::array<std::byte, 8> half_fill_from_json(const Json& json, const std::string& where) {
  const std::string word = word_of(json);
  const std::uint16_t half = word.starts_with("0x") ? bits_in<std::uint16_t>(word, json, where)
                                                    : half_of_double(float_fill<double>(json, where));
  const float value = float_of_half(half);
  std::array<std::byte, 8> fill{};
  std::memcpy(fill.data(), &value, sizeof value);
  return fill;
}

Json fill_to_json(const NdArray& fill) {
  if (fill.dtype() == DType::boolean) return fill.data<bool>()[0];
  if (fill.dtype() == DType::uint64) return fill.data<std::uint64_t>()[0];
  if (!is_float(fill.dtype())) return fill.as_int64(0);
  const double value = fill.as_double(0);
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  return value;
}

std::string from_base64(const std::string& text) {
  std::string bytes;
  unsigned bits = 0;
  int count = 0;
  for (const char c : text) {
    const auto digit = base64_digits.find(c);
    if (digit == std::string::npos) continue;
    bits = bits << 6 | static_cast<unsigned>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>(bits >> count & 0xff);
  }
  return bytes;
}

std::string to_base64(const std::string& bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    unsigned bits = 0;
    for (std::size_t k = 0; k < 3; ++k)
      bits = bits << 8 | (k < count ? static_cast<unsigned>(static_cast<unsigned char>(bytes[i + k])) : 0u);
    for (std::size_t k = 0; k < 4; ++k)
      text += k <= count ? base64_digits[bits >> (18 - 6 * k) & 63] : '=';
  }
  return text;
}

std::optional<double> fill_attribute_from_json(const Json& json) {
  if (!json.is_string()) return std::nullopt;
  const std::string bytes = from_base64(json.get<std::string>());
  double value = 0;
  if (bytes.size() != sizeof value) return std::nullopt;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

Json fill_attribute_to_json(double value) {
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return to_base64(bytes);
}

}  // namespace rankine::store
