#include "calendar/timeline.hpp"

#include <cstdio>
#include <cstdlib>
#include <map>

#include "base/dtype.hpp"

namespace rankine::calendar {
namespace {

struct DayAndRest {
  std::int64_t day;
  std::int64_t rest;  ///< ticks since midnight
};

DayAndRest split_day(Timeline timeline, std::int64_t ticks) {
  const std::int64_t per_day = timeline.ticks_per_day();
  std::int64_t day = ticks / per_day;
  std::int64_t rest = ticks % per_day;
  if (rest < 0) {
    rest += per_day;
    --day;
  }
  return {day, rest};
}

/// Weekday (Monday 0) of day 0 of each calendar: cftime derives it from the calendar's own Julian day number.
int weekday_of_epoch(Calendar calendar) {
  switch (calendar) {
    case Calendar::day360:
    case Calendar::julian: return 2;
    case Calendar::all_leap: return 6;
    default: return 3;
  }
}

int weekday_of(Calendar calendar, std::int64_t day) {
  const std::int64_t weekday = (day + weekday_of_epoch(calendar)) % 7;
  return static_cast<int>(weekday < 0 ? weekday + 7 : weekday);
}

/// ISO 8601: the week of the Thursday of the same Monday-to-Sunday week.
int iso_week(Calendar calendar, std::int64_t day) {
  const std::int64_t thursday = day - weekday_of(calendar, day) + 3;
  return (day_of_year(calendar, civil_from_days(calendar, thursday)) - 1) / 7 + 1;
}

/// Index into season_names.
int season_of(int month) {
  static constexpr int by_quarter[4] = {0 /* DJF */, 2 /* MAM */, 1 /* JJA */, 3 /* SON */};
  return by_quarter[month % 12 / 3];
}

std::string format_parts(const DateTime& t, char separator, int fraction_digits) {
  char text[96];
  int used = std::snprintf(text, sizeof text, "%s%04lld-%02d-%02d%c%02d:%02d:%02d", t.year < 0 ? "-" : "",
                           std::llabs(static_cast<long long>(t.year)), t.month, t.day, separator, t.hour, t.minute, t.second);
  if (fraction_digits == 9) std::snprintf(text + used, sizeof text - used, ".%09d", t.nanosecond);
  if (fraction_digits == 6) std::snprintf(text + used, sizeof text - used, ".%06d", t.nanosecond / 1000);
  return text;
}

}  // namespace

DateTime split(Timeline timeline, std::int64_t ticks) {
  const auto [day, rest] = split_day(timeline, ticks);
  const CivilDate date = civil_from_days(timeline.calendar, day);
  const std::int64_t seconds = rest / timeline.ticks_per_second;
  const std::int64_t fraction = rest % timeline.ticks_per_second;
  return {date.year, date.month, date.day, static_cast<int>(seconds / 3600), static_cast<int>(seconds / 60 % 60),
          static_cast<int>(seconds % 60), static_cast<int>(fraction * (1'000'000'000 / timeline.ticks_per_second))};
}

std::optional<std::int64_t> join(Timeline timeline, const DateTime& t) {
  // Beyond a million years no tick count fits, and the day arithmetic stays far from overflow.
  if (t.year < -1'000'000 || t.year > 1'000'000) return {};
  if (!is_valid(timeline.calendar, {t.year, t.month, t.day})) return {};
  if (t.hour < 0 || t.hour > 23 || t.minute < 0 || t.minute > 59 || t.second < 0 || t.second > 59) return {};
  const std::int64_t days = days_from_civil(timeline.calendar, {t.year, t.month, t.day});
  const std::int64_t seconds = t.hour * 3600 + t.minute * 60 + t.second;
  std::int64_t whole = days * 86'400 + seconds;
  std::int64_t fraction = t.nanosecond / (1'000'000'000 / timeline.ticks_per_second);
  if (whole < 0 && fraction > 0) {  // towards zero, so that the earliest datetime64 does not overflow on the way
    ++whole;
    fraction -= timeline.ticks_per_second;
  }
  std::int64_t ticks = 0;
  if (__builtin_mul_overflow(whole, timeline.ticks_per_second, &ticks)) return {};
  if (__builtin_add_overflow(ticks, fraction, &ticks) || ticks == not_a_time) return {};
  return ticks;
}

std::optional<Field> parse_field(const std::string& name) {
  static const std::map<std::string, Field> fields = {
      {"year", Field::year}, {"month", Field::month}, {"day", Field::day}, {"hour", Field::hour},
      {"minute", Field::minute}, {"second", Field::second}, {"microsecond", Field::microsecond},
      {"nanosecond", Field::nanosecond}, {"dayofyear", Field::dayofyear}, {"dayofweek", Field::dayofweek},
      {"weekday", Field::dayofweek}, {"quarter", Field::quarter}, {"week", Field::week},
      {"weekofyear", Field::week}, {"days_in_month", Field::days_in_month},
      {"daysinmonth", Field::days_in_month}, {"season", Field::season}};
  const auto found = fields.find(name);
  return found == fields.end() ? std::nullopt : std::optional(found->second);
}

std::int64_t field_of(Timeline timeline, Field field, std::int64_t ticks) {
  const auto [day, rest] = split_day(timeline, ticks);
  const std::int64_t seconds = rest / timeline.ticks_per_second;
  const std::int64_t ns = rest % timeline.ticks_per_second * (1'000'000'000 / timeline.ticks_per_second);
  switch (field) {
    case Field::hour: return seconds / 3600;
    case Field::minute: return seconds / 60 % 60;
    case Field::second: return seconds % 60;
    case Field::microsecond: return ns / 1000;
    case Field::nanosecond: return ns % 1000;
    case Field::dayofweek: return weekday_of(timeline.calendar, day);
    case Field::week: return iso_week(timeline.calendar, day);
    default: break;
  }
  const CivilDate date = civil_from_days(timeline.calendar, day);
  switch (field) {
    case Field::year: return date.year;
    case Field::month: return date.month;
    case Field::day: return date.day;
    case Field::dayofyear: return day_of_year(timeline.calendar, date);
    case Field::quarter: return (date.month - 1) / 3 + 1;
    case Field::days_in_month: return days_in_month(timeline.calendar, date.year, date.month);
    default: return season_of(date.month);
  }
}

std::vector<std::int64_t> fields_of(Timeline timeline, Field field, std::span<const std::int64_t> ticks) {
  std::vector<std::int64_t> values;
  values.reserve(ticks.size());
  for (const std::int64_t tick : ticks) values.push_back(tick == not_a_time ? -1 : field_of(timeline, field, tick));
  return values;
}

std::string format_datetime64(std::int64_t ns) {
  if (ns == not_a_time) return "NaT";
  return format_parts(split(Timeline::datetime64(), ns), 'T', 9);
}

std::string format_time(Timeline timeline, std::int64_t ticks) {
  if (ticks == not_a_time) return "NaT";
  const DateTime parts = split(timeline, ticks);
  return format_parts(parts, ' ', parts.nanosecond % 1000 != 0 ? 9 : parts.nanosecond != 0 ? 6 : 0);
}

}  // namespace rankine::calendar
