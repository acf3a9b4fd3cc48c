#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

namespace rankine {

/// Element types. datetime64 is int64 nanoseconds since 1970-01-01 (proleptic Gregorian), as in
/// xarray; timedelta64 is int64 nanoseconds; NaT is INT64_MIN in both. cftime is int64 microseconds
/// since 1970-01-01 in the variable's own calendar (kept beside the dtype in array::Variable), for
/// dates that xarray gives as cftime objects. string lives only in memory, never in kernels.
enum class DType : std::uint8_t {
  boolean, int8, int16, int32, int64, uint8, uint16, uint32, uint64, float32, float64,
  datetime64, timedelta64, cftime, string,
};

inline constexpr std::int64_t not_a_time = INT64_MIN;

/// Bytes of one element; 0 for string.
std::size_t size_of(DType dtype);
/// NumPy's name: "float32", "int16", "bool", "datetime64[ns]", "object" (cftime), "<U" (string).
std::string name_of(DType dtype);

constexpr bool is_float(DType d) { return d == DType::float32 || d == DType::float64; }
constexpr bool is_signed_integer(DType d) { return d >= DType::int8 && d <= DType::int64; }
constexpr bool is_unsigned_integer(DType d) { return d >= DType::uint8 && d <= DType::uint64; }
constexpr bool is_integer(DType d) { return is_signed_integer(d) || is_unsigned_integer(d); }
constexpr bool is_time(DType d) { return d >= DType::datetime64 && d <= DType::cftime; }
/// What kernels may compute with: bool, integers and floats.
constexpr bool is_numeric(DType d) { return d <= DType::float64; }
/// What reductions of a Dataset keep as numbers: NumPy counts durations among the integers.
constexpr bool is_number_or_duration(DType d) { return is_numeric(d) || d == DType::timedelta64; }

template <typename T> struct DTypeOf;
template <> struct DTypeOf<bool> { static constexpr DType value = DType::boolean; };
template <> struct DTypeOf<std::int8_t> { static constexpr DType value = DType::int8; };
template <> struct DTypeOf<std::int16_t> { static constexpr DType value = DType::int16; };
template <> struct DTypeOf<std::int32_t> { static constexpr DType value = DType::int32; };
template <> struct DTypeOf<std::int64_t> { static constexpr DType value = DType::int64; };
template <> struct DTypeOf<std::uint8_t> { static constexpr DType value = DType::uint8; };
template <> struct DTypeOf<std::uint16_t> { static constexpr DType value = DType::uint16; };
template <> struct DTypeOf<std::uint32_t> { static constexpr DType value = DType::uint32; };
template <> struct DTypeOf<std::uint64_t> { static constexpr DType value = DType::uint64; };
template <> struct DTypeOf<float> { static constexpr DType value = DType::float32; };
template <> struct DTypeOf<double> { static constexpr DType value = DType::float64; };

/// Calls f.template operator()<T>() with the C++ type that stores `dtype` (int64 for the times).
/// Throws std::logic_error for string.
template <typename F>
decltype(auto) dispatch(DType dtype, F&& f) {
  switch (dtype) {
    case DType::boolean: return f.template operator()<bool>();
    case DType::int8: return f.template operator()<std::int8_t>();
    case DType::int16: return f.template operator()<std::int16_t>();
    case DType::int32: return f.template operator()<std::int32_t>();
    case DType::uint8: return f.template operator()<std::uint8_t>();
    case DType::uint16: return f.template operator()<std::uint16_t>();
    case DType::uint32: return f.template operator()<std::uint32_t>();
    case DType::uint64: return f.template operator()<std::uint64_t>();
    case DType::float32: return f.template operator()<float>();
    case DType::float64: return f.template operator()<double>();
    default: return f.template operator()<std::int64_t>();
  }
}

}  // namespace rankine
