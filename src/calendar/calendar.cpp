#include "calendar/calendar.hpp"

#include <algorithm>
#include <cctype>

#include "base/check.hpp"
#include "base/error.hpp"

namespace rankine::calendar {
namespace {

constexpr int month_lengths[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
/// 1582-10-15 (Gregorian), the first day after the gap of the standard calendar, in days since 1970.
constexpr std::int64_t gregorian_start = -141'427;
/// Days between 1970-01-01 of the Julian and of the Gregorian calendar.
constexpr std::int64_t julian_lag = 13;

constexpr std::int64_t floor_div(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

/// Years with a year 0, as arithmetic needs them.
std::int64_t astronomical(Calendar calendar, std::int64_t year) {
  return year < 0 && !has_year_zero(calendar) ? year + 1 : year;
}
std::int64_t named_year(Calendar calendar, std::int64_t astronomical_year) {
  return astronomical_year <= 0 && !has_year_zero(calendar) ? astronomical_year - 1 : astronomical_year;
}

/// Days before the first of `month` of a year that begins in March (Hinnant, "chrono-compatible
/// low-level date algorithms"): month lengths from March on follow one linear rule.
constexpr std::int64_t day_of_march_year(int month, int day) {
  return (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
}

std::int64_t gregorian_days(std::int64_t year, int month, int day) {
  const std::int64_t y = month <= 2 ? year - 1 : year;
  const std::int64_t era = floor_div(y, 400);
  const std::int64_t year_of_era = y - era * 400;
  const std::int64_t day_of_era =
      year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_march_year(month, day);
  return era * 146'097 + day_of_era - 719'468;
}

std::int64_t julian_days(std::int64_t year, int month, int day) {
  const std::int64_t y = month <= 2 ? year - 1 : year;
  const std::int64_t era = floor_div(y, 4);
  return era * 1'461 + (y - era * 4) * 365 + day_of_march_year(month, day) - 719'483;
}

CivilDate from_march_year(std::int64_t year, std::int64_t day_of_year) {
  const std::int64_t shifted = (5 * day_of_year + 2) / 153;
  const int day = static_cast<int>(day_of_year - (153 * shifted + 2) / 5 + 1);
  const int month = static_cast<int>(shifted < 10 ? shifted + 3 : shifted - 9);
  return {month <= 2 ? year + 1 : year, month, day};
}

CivilDate gregorian_civil(std::int64_t days) {
  const std::int64_t z = days + 719'468;
  const std::int64_t era = floor_div(z, 146'097);
  const std::int64_t day_of_era = z - era * 146'097;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  return from_march_year(year_of_era + era * 400,
                         day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100));
}

CivilDate julian_civil(std::int64_t days) {
  const std::int64_t z = days + 719'483;
  const std::int64_t era = floor_div(z, 1'461);
  const std::int64_t day_of_era = z - era * 1'461;
  const std::int64_t year_of_era = std::min<std::int64_t>(day_of_era / 365, 3);
  return from_march_year(year_of_era + era * 4, day_of_era - 365 * year_of_era);
}

bool before_gregorian(std::int64_t year, int month, int day) {
  return year < 1582 || (year == 1582 && (month < 10 || (month == 10 && day < 15)));
}

int fixed_year_length(Calendar calendar) { return calendar == Calendar::all_leap ? 366 : 365; }

}  // namespace

Calendar parse_calendar(const std::string& name) {
  std::string lower = name;
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  if (lower == "standard" || lower == "gregorian") return Calendar::standard;
  if (lower == "proleptic_gregorian") return Calendar::proleptic_gregorian;
  if (lower == "noleap" || lower == "365_day") return Calendar::noleap;
  if (lower == "all_leap" || lower == "366_day") return Calendar::all_leap;
  if (lower == "360_day") return Calendar::day360;
  if (lower == "julian") return Calendar::julian;
  throw UsageError("unknown calendar '" + name + "'; CF knows standard, gregorian, proleptic_gregorian, noleap, " +
                   "365_day, all_leap, 366_day, 360_day, julian");
}

std::string_view name_of(Calendar calendar) {
  switch (calendar) {
    case Calendar::standard: return "standard";
    case Calendar::proleptic_gregorian: return "proleptic_gregorian";
    case Calendar::noleap: return "noleap";
    case Calendar::all_leap: return "all_leap";
    case Calendar::day360: return "360_day";
    case Calendar::julian: return "julian";
  }
  return "";
}

bool is_leap_year(Calendar calendar, std::int64_t named) {
  const std::int64_t year = astronomical(calendar, named);
  switch (calendar) {
    case Calendar::noleap:
    case Calendar::day360: return false;
    case Calendar::all_leap: return true;
    case Calendar::julian: return year % 4 == 0;
    case Calendar::standard:
      if (year < 1582) return year % 4 == 0;
      [[fallthrough]];
    default: return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  }
}

int days_in_month(Calendar calendar, std::int64_t year, int month) {
  if (calendar == Calendar::day360) return 30;
  return month_lengths[month - 1] + (month == 2 && is_leap_year(calendar, year) ? 1 : 0);
}

bool is_valid(Calendar calendar, const CivilDate& date) {
  if (date.month < 1 || date.month > 12 || date.day < 1) return false;
  if (date.year == 0 && !has_year_zero(calendar)) return false;
  if (date.day > days_in_month(calendar, date.year, date.month)) return false;
  return !(calendar == Calendar::standard && date.year == 1582 && date.month == 10 && date.day > 4 && date.day < 15);
}

std::int64_t days_from_civil(Calendar calendar, const CivilDate& date) {
  RANKINE_DEBUG_CHECK(is_valid(calendar, date), "a date must exist in its calendar");
  const std::int64_t year = astronomical(calendar, date.year);
  switch (calendar) {
    case Calendar::day360: return (year - 1970) * 360 + (date.month - 1) * 30 + date.day - 1;
    case Calendar::noleap:
    case Calendar::all_leap:
      return (year - 1970) * fixed_year_length(calendar) + day_of_year(calendar, date) - 1;
    case Calendar::julian: return julian_days(year, date.month, date.day);
    case Calendar::standard:
      if (before_gregorian(year, date.month, date.day))
        return julian_days(year, date.month, date.day) + julian_lag;
      [[fallthrough]];
    default: return gregorian_days(year, date.month, date.day);
  }
}

CivilDate civil_from_days(Calendar calendar, std::int64_t days) {
  CivilDate date;
  switch (calendar) {
    case Calendar::day360: {
      const std::int64_t years = floor_div(days, 360);
      const int rest = static_cast<int>(days - years * 360);
      return {1970 + years, rest / 30 + 1, rest % 30 + 1};
    }
    case Calendar::noleap:
    case Calendar::all_leap: {
      const std::int64_t years = floor_div(days, fixed_year_length(calendar));
      int rest = static_cast<int>(days - years * fixed_year_length(calendar));
      date = {1970 + years, 1, 1};
      while (rest >= days_in_month(calendar, date.year, date.month))
        rest -= days_in_month(calendar, date.year, date.month++);
      date.day = rest + 1;
      return date;
    }
    case Calendar::julian: date = julian_civil(days); break;
    case Calendar::standard:
      date = days < gregorian_start ? julian_civil(days - julian_lag) : gregorian_civil(days);
      break;
    case Calendar::proleptic_gregorian: return gregorian_civil(days);
  }
  date.year = named_year(calendar, date.year);
  return date;
}

int day_of_year(Calendar calendar, const CivilDate& date) {
  // As cftime: the ten days that 1582 lacks in the standard calendar keep their numbers.
  int day = date.day;
  for (int month = 1; month < date.month; ++month) day += days_in_month(calendar, date.year, month);
  return day;
}

}  // namespace rankine::calendar
