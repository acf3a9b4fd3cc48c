#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "calendar/calendar.hpp"

namespace rankine::calendar {

/// What an int64 time counts: ticks since 1970-01-01 00:00 of its own calendar. datetime64[ns] and
/// cftime (microseconds) are the two in use; not_a_time (INT64_MIN) is NaT in both.
struct Timeline {
  Calendar calendar = Calendar::proleptic_gregorian;
  std::int64_t ticks_per_second = 1'000'000'000;

  static constexpr Timeline datetime64() { return {Calendar::proleptic_gregorian, 1'000'000'000}; }
  static constexpr Timeline cftime(Calendar calendar) { return {calendar, 1'000'000}; }
  constexpr bool is_datetime64() const { return ticks_per_second == 1'000'000'000; }
  constexpr std::int64_t ticks_per_day() const { return 86'400 * ticks_per_second; }
  bool operator==(const Timeline&) const = default;
};

/// A point in time by its parts.
struct DateTime {
  std::int64_t year = 1970;
  int month = 1;
  int day = 1;
  int hour = 0;
  int minute = 0;
  int second = 0;
  int nanosecond = 0;  ///< within the second
  bool operator==(const DateTime&) const = default;
};

DateTime split(Timeline timeline, std::int64_t ticks);
/// Nothing if the calendar does not have the date, or if it does not fit 64 bits of ticks.
std::optional<std::int64_t> join(Timeline timeline, const DateTime& parts);

/// The `.dt` components.
enum class Field : std::uint8_t {
  year, month, day, hour, minute, second,
  microsecond,    ///< 0..999999, as pandas and cftime
  nanosecond,     ///< 0..999, as pandas
  dayofyear, dayofweek /* Monday 0 */, quarter, week /* ISO 8601 */, days_in_month,
  season,         ///< index into season_names
};
/// xarray's names: "year" ... "dayofyear", "dayofweek", "weekday", "quarter", "week", "weekofyear",
/// "days_in_month", "daysinmonth", "season".
std::optional<Field> parse_field(const std::string& name);
/// In sorted order, as groupby("time.season") orders its groups.
inline constexpr const char* season_names[4] = {"DJF", "JJA", "MAM", "SON"};

/// The component of one time, which must not be NaT.
std::int64_t field_of(Timeline timeline, Field field, std::int64_t ticks);
/// Of many; -1 where NaT.
std::vector<std::int64_t> fields_of(Timeline timeline, Field field, std::span<const std::int64_t> ticks);

/// datetime64: "2000-01-01T00:00:00.000000000", as NumPy prints it; "NaT".
std::string format_datetime64(std::int64_t ns);
/// "2000-01-01 00:00:00", with ".123456" if there are microseconds: str(cftime) and str(Timestamp).
std::string format_time(Timeline timeline, std::int64_t ticks);

}  // namespace rankine::calendar
