#include <algorithm>
#include <cctype>
#include <cmath>
#include <limits>

#include "base/dtype.hpp"
#include "base/error.hpp"
#include "calendar/reference_date.hpp"
#include "calendar/time_units.hpp"
#include "calendar/time_units_text.hpp"

namespace rankine::calendar {
namespace {

constexpr double nan_number = std::numeric_limits<double>::quiet_NaN();

/// "2000-01-01" or "2000-01-01T12:00:00+01:00": xarray's format_timestamp of a reference date.
std::string cleaned_date(const std::string& text) {
  const auto date = parse_reference_date(text);
  const auto ns = date ? join(Timeline::datetime64(), date->parts) : std::nullopt;
  std::string full = text;
  if (ns) {
    full = format_time(Timeline::datetime64(), *ns);
    if (date->utc_offset_s) {
      const int minutes = std::abs(*date->utc_offset_s) / 60;
      char zone[24];
      std::snprintf(zone, sizeof zone, "%c%02d:%02d", *date->utc_offset_s < 0 ? '-' : '+', minutes / 60, minutes % 60);
      full += zone;
    }
  } else if (!date) {
    return text;
  }
  const std::size_t blank = full.find(' ');
  if (blank == std::string::npos || full.find(' ', blank + 1) != std::string::npos) return full;
  const std::string day = full.substr(0, blank);
  const std::string clock = full.substr(blank + 1);
  return clock == "00:00:00" ? day : day + "T" + clock;
}

/// xarray's _ensure_padded_year: without a run of four digits the first number is the year.
std::string padded_year(const std::string& text) {
  std::size_t run = 0;
  for (const char c : text) {
    run = c >= '0' && c <= '9' ? run + 1 : 0;
    if (run == 4) return text;
  }
  std::size_t digits = 0;
  while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') ++digits;
  return digits == 0 ? text : std::string(4 - digits, '0') + text;
}

std::string cleaned_units(const std::string& units) {
  const auto text = split_time_units(units);
  if (!text) throw UsageError("invalid time units: '" + units + "'; they must have the form 'UNIT since DATE'");
  return text->unit + " since " + cleaned_date(padded_year(text->date));
}

/// int64 if every number is whole, as xarray's cast_to_int_if_safe.
std::variant<std::vector<std::int64_t>, std::vector<double>> as_integers_if_safe(std::vector<double> numbers) {
  const bool whole = std::all_of(numbers.begin(), numbers.end(), [](double x) {
    return std::fabs(x) < 9.2e18 && x == std::trunc(x);
  });
  if (!whole) return numbers;
  return std::vector<std::int64_t>(numbers.begin(), numbers.end());
}

/// Differences over `unit`: whole where all divide, floating otherwise. `na` marks NaT.
std::variant<std::vector<std::int64_t>, std::vector<double>> in_units(std::span<const std::int64_t> differences,
                                                                      std::span<const char> na, std::int64_t unit,
                                                                      bool exact) {
  bool whole = true;
  for (std::size_t i = 0; i < differences.size(); ++i) whole = whole && na[i] == 0 && differences[i] % unit == 0;
  if (whole) {
    std::vector<std::int64_t> numbers;
    for (const std::int64_t d : differences) numbers.push_back(d / unit);
    return numbers;
  }
  std::vector<double> numbers;
  for (std::size_t i = 0; i < differences.size(); ++i)
    // Microseconds over millennia need more than 53 bits; Python divides them exactly and rounds once.
    numbers.push_back(na[i] != 0 ? nan_number
                      : exact    ? static_cast<double>(static_cast<long double>(differences[i]) / unit)
                                 : static_cast<double>(differences[i]) / static_cast<double>(unit));
  return as_integers_if_safe(std::move(numbers));
}

void note_distances(EncodedTimes& out, std::vector<std::int64_t> distances, std::span<const char> na, std::int64_t ticks_per_unit,
                    std::int64_t ticks_per_second) {
  for (std::size_t i = 0; i < na.size(); ++i)
    if (na[i] != 0) distances[i] = not_a_time;
  out.distances = std::move(distances);
  out.ticks_per_unit = ticks_per_unit;
  out.ticks_per_second = ticks_per_second;
}

/// Ticks as microseconds since 1970 of another calendar, date by date; throws where it lacks the date.
std::int64_t moved_to(Calendar calendar, Timeline from, std::int64_t ticks) {
  if (!from.is_datetime64() && from.calendar == calendar) return ticks;
  const auto moved = join(Timeline::cftime(calendar), split(from, ticks));
  if (!moved)
    throw UsageError("cannot encode time " + format_time(from, ticks) + ": the calendar '" +
                     std::string(name_of(calendar)) + "' does not have it");
  return *moved;
}

}  // namespace

std::string infer_time_units(Timeline timeline, std::span<const std::int64_t> ticks) {
  std::vector<std::int64_t> known;
  for (const std::int64_t tick : ticks)
    if (tick != not_a_time) known.push_back(tick);
  std::vector<std::int64_t> steps;
  for (std::size_t i = 1; i < known.size(); ++i) steps.push_back(known[i] - known[i - 1]);
  const std::int64_t ns_per_tick = 1'000'000'000 / timeline.ticks_per_second;
  std::string reference = "1970-01-01 00:00:00";
  if (!known.empty()) reference = format_time(timeline, known.front());
  if (!timeline.is_datetime64()) {
    const int us = known.empty() ? 0 : split(timeline, known.front()).nanosecond / 1000;
    if (us == 0) reference += ".000000";
  }
  return std::string(infer_unit(steps, ns_per_tick)) + " since " + reference;
}

EncodedTimes encode_times(Timeline timeline, std::span<const std::int64_t> ticks, const std::string& units,
                          const std::string& calendar) {
  EncodedTimes out;
  out.units = units.empty() ? infer_time_units(timeline, ticks) : cleaned_units(units);
  out.calendar = calendar.empty() ? std::string(name_of(timeline.calendar)) : calendar;
  const Calendar target = parse_calendar(out.calendar);
  const auto text = split_time_units(out.units);

  std::vector<std::int64_t> differences(ticks.size(), 0);
  std::vector<char> na(ticks.size(), 0);
  for (std::size_t i = 0; i < ticks.size(); ++i) na[i] = ticks[i] == not_a_time;

  const auto date = parse_reference_date(padded_year(text->date));
  const auto unit = unit_ns(text->unit);
  if (timeline.is_datetime64() && is_standard_like(target) && unit && date) {
    auto reference = join(Timeline::datetime64(), date->parts);
    if (reference && !__builtin_sub_overflow(*reference, date->utc_offset_s.value_or(0) * 1'000'000'000LL, &*reference)) {
      bool overflow = false;
      for (std::size_t i = 0; i < ticks.size(); ++i)
        overflow = overflow || (na[i] == 0 && __builtin_sub_overflow(ticks[i], *reference, &differences[i]));
      if (!overflow) {
        out.numbers = in_units(differences, na, *unit, false);
        note_distances(out, std::move(differences), na, *unit, 1'000'000'000);
        return out;
      }
    }
  }
  const std::int64_t ns = cftime_unit_ns(text->unit, target);
  const auto reference = cftime_reference(text->date, target);
  if (ns == 0 || !reference)
    throw UsageError("cannot encode times with units '" + out.units + "' in calendar '" + out.calendar +
                     "': give units such as 'days since 2000-01-01'");
  for (std::size_t i = 0; i < ticks.size(); ++i)
    if (na[i] == 0) differences[i] = moved_to(target, timeline, ticks[i]) - *reference;
  out.numbers = in_units(differences, na, ns / 1000, true);
  note_distances(out, std::move(differences), na, ns / 1000, 1'000'000);
  return out;
}

EncodedTimes encode_durations(std::span<const std::int64_t> ns, const std::string& units) {
  EncodedTimes out;
  std::vector<std::int64_t> known;
  for (const std::int64_t v : ns)
    if (v != not_a_time) known.push_back(v);
  out.units = units.empty() ? infer_unit(known, 1) : units;
  const auto unit = unit_ns(out.units);
  if (!unit) throw UsageError("cannot encode durations with units '" + units + "': give days, hours ... nanoseconds");
  std::vector<char> na(ns.size(), 0);
  for (std::size_t i = 0; i < ns.size(); ++i) na[i] = ns[i] == not_a_time;
  out.numbers = in_units(ns, na, *unit, false);
  out.distances.assign(ns.begin(), ns.end());
  out.ticks_per_unit = *unit;
  out.ticks_per_second = 1'000'000'000;
  return out;
}

}  // namespace rankine::calendar
