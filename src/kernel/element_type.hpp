#pragma once
#include <cstdint>
#include <type_traits>

#include "base/dtype.hpp"

namespace rankine::kernel {

/// How the loops see elements. Bool is stored as a byte (reading another byte than 0 or 1 through a
/// C++ bool is undefined, and files hold such bytes); Time is an int64 whose smallest value is NaT.
struct Bool {};
struct Time {};

template <class Tag> struct StoreOf { using type = Tag; };
template <> struct StoreOf<Bool> { using type = std::uint8_t; };
template <> struct StoreOf<Time> { using type = std::int64_t; };
template <class Tag> using Store = typename StoreOf<Tag>::type;

template <class Tag> inline constexpr bool is_bool_tag = std::is_same_v<Tag, Bool>;
template <class Tag> inline constexpr bool is_time_tag = std::is_same_v<Tag, Time>;
template <class Tag> inline constexpr bool is_float_tag = std::is_floating_point_v<Tag>;
template <class Tag> inline constexpr bool is_integer_tag = std::is_integral_v<Tag>;
/// Has a value that means "missing": NaN or NaT.
template <class Tag> inline constexpr bool has_missing = is_float_tag<Tag> || is_time_tag<Tag>;

template <class Tag>
constexpr bool is_missing(Store<Tag> x) {
  if constexpr (is_float_tag<Tag>) return x != x;
  else if constexpr (is_time_tag<Tag>) return x == not_a_time;
  else return false;
}

/// Unsigned arithmetic wraps where signed arithmetic would be undefined; narrow types are widened to
/// unsigned int, because the usual promotion to int could overflow (uint16 times uint16).
template <class T>
using Wrapping = std::make_unsigned_t<decltype(T{} + T{})>;

/// Calls f.template operator()<Tag>(). Not for strings.
template <typename F>
decltype(auto) dispatch_tag(DType dtype, F&& f) {
  switch (dtype) {
    case DType::boolean: return f.template operator()<Bool>();
    case DType::int8: return f.template operator()<std::int8_t>();
    case DType::int16: return f.template operator()<std::int16_t>();
    case DType::int32: return f.template operator()<std::int32_t>();
    case DType::int64: return f.template operator()<std::int64_t>();
    case DType::uint8: return f.template operator()<std::uint8_t>();
    case DType::uint16: return f.template operator()<std::uint16_t>();
    case DType::uint32: return f.template operator()<std::uint32_t>();
    case DType::uint64: return f.template operator()<std::uint64_t>();
    case DType::float32: return f.template operator()<float>();
    case DType::float64: return f.template operator()<double>();
    default: return f.template operator()<Time>();
  }
}

}  // namespace rankine::kernel
