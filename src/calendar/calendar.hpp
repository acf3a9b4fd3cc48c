#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace rankine::calendar {

/// The calendars of CF conventions 1.10, section 4.4.1. `standard` (also "gregorian") is Julian up
/// to 1582-10-04 and Gregorian from 1582-10-15; the ten days between do not exist.
enum class Calendar : std::uint8_t { standard, proleptic_gregorian, noleap, all_leap, day360, julian };

/// "standard", "gregorian", "proleptic_gregorian", "noleap", "365_day", "all_leap", "366_day",
/// "360_day", "julian", in any case. Throws UsageError for others.
Calendar parse_calendar(const std::string& name);
/// cftime's `.calendar`: "standard", "proleptic_gregorian", "noleap", "all_leap", "360_day", "julian".
std::string_view name_of(Calendar calendar);
/// Calendars that xarray decodes to datetime64 where the range allows: standard, proleptic_gregorian.
constexpr bool is_standard_like(Calendar c) { return c <= Calendar::proleptic_gregorian; }
/// False for standard and julian, where year -1 precedes year 1, as cftime has it by default.
constexpr bool has_year_zero(Calendar c) { return c != Calendar::standard && c != Calendar::julian; }

struct CivilDate {
  std::int64_t year = 1970;
  int month = 1;
  int day = 1;
  bool operator==(const CivilDate&) const = default;
};

bool is_leap_year(Calendar calendar, std::int64_t year);
int days_in_month(Calendar calendar, std::int64_t year, int month);
/// True if the calendar has this date.
bool is_valid(Calendar calendar, const CivilDate& date);
/// Days since 1970-01-01 counted in the calendar itself. The date must be valid.
std::int64_t days_from_civil(Calendar calendar, const CivilDate& date);
CivilDate civil_from_days(Calendar calendar, std::int64_t days);
/// 1 for 1 January.
int day_of_year(Calendar calendar, const CivilDate& date);

}  // namespace rankine::calendar
