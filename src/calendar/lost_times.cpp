#include <algorithm>
#include <cmath>
#include <iterator>
#include <type_traits>
#include <utility>

#include "calendar/time_units.hpp"
#include "calendar/time_units_text.hpp"

namespace rankine::calendar {
namespace {

constexpr std::pair<const char*, std::int64_t> units_ns[] = {
    {"days", 86'400'000'000'000}, {"hours", 3'600'000'000'000}, {"minutes", 60'000'000'000}, {"seconds", 1'000'000'000},
    {"milliseconds", 1'000'000}, {"microseconds", 1'000}, {"nanoseconds", 1}};

template <typename T>
std::optional<std::size_t> first_lost(const EncodedTimes& times, [[maybe_unused]] double tolerance_ms) {
  const std::int64_t unit = times.ticks_per_unit;
  if constexpr (std::is_integral_v<T>) {
    const auto lost = [&](std::int64_t d) { return d != not_a_time && (d % unit != 0 || !std::in_range<T>(d / unit)); };
    const auto found = std::find_if(times.distances.begin(), times.distances.end(), lost);
    if (found == times.distances.end()) return {};
    return static_cast<std::size_t>(found - times.distances.begin());
  } else {
    const auto tolerance = static_cast<long double>(times.ticks_per_second) / 1000 * tolerance_ms;
    T before = 0;
    for (std::size_t i = 0; i < times.distances.size(); ++i) {
      const std::int64_t distance = times.distances[i];
      if (distance == not_a_time) continue;
      const T number = static_cast<T>(static_cast<long double>(distance) / unit);
      if (std::fabs(static_cast<long double>(number) * unit - distance) > tolerance) return i;
      if (i > 0 && times.distances[i - 1] != not_a_time && times.distances[i - 1] != distance && number == before) return i;
      before = number;
    }
    return {};
  }
}

}  // namespace

std::optional<std::size_t> first_lost_time(const EncodedTimes& times, DType dtype, double tolerance_ms) {
  std::optional<std::size_t> lost;
  dispatch(dtype, [&]<typename T>() {
    if constexpr (!std::is_same_v<T, bool>) lost = first_lost<T>(times, tolerance_ms);
  });
  return lost;
}

std::optional<std::string> finer_unit(std::span<const EncodedTimes> all) {
  for (const auto& [name, ns] : units_ns) {
    const auto divides = [&, ns = ns](const EncodedTimes& times) {
      const std::int64_t ns_per_tick = 1'000'000'000 / times.ticks_per_second;
      const std::int64_t ticks = ns / ns_per_tick;
      return ticks > 0 && ticks < times.ticks_per_unit &&
             std::all_of(times.distances.begin(), times.distances.end(),
                         [&](std::int64_t d) { return d == not_a_time || d % ticks == 0; });
    };
    if (std::all_of(all.begin(), all.end(), divides)) return name;
  }
  return {};
}

std::string with_unit(const std::string& units, const std::string& unit) {
  const auto text = split_time_units(units);
  return text ? unit + " since " + text->date : unit;
}

}  // namespace rankine::calendar
