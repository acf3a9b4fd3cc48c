#include "calendar/time_units.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <limits>

#include "base/dtype.hpp"
#include "base/error.hpp"
#include "calendar/reference_date.hpp"
#include "calendar/time_units_text.hpp"

namespace rankine::calendar {
namespace {

struct NamedUnit {
  const char* plural;
  std::int64_t ns;
};

/// Coarse to fine: the order in which units are inferred.
constexpr std::array<NamedUnit, 7> named_units = {{{"days", 86'400'000'000'000},
                                                   {"hours", 3'600'000'000'000},
                                                   {"minutes", 60'000'000'000},
                                                   {"seconds", 1'000'000'000},
                                                   {"milliseconds", 1'000'000},
                                                   {"microseconds", 1'000},
                                                   {"nanoseconds", 1}}};

struct ShortName {
  const char* name;
  std::int64_t ns;
};
/// cftime's abbreviations.
constexpr ShortName short_unit_names[] = {
    {"d", 86'400'000'000'000}, {"hr", 3'600'000'000'000}, {"hrs", 3'600'000'000'000}, {"h", 3'600'000'000'000},
    {"min", 60'000'000'000}, {"mins", 60'000'000'000}, {"sec", 1'000'000'000}, {"secs", 1'000'000'000},
    {"s", 1'000'000'000}, {"millisec", 1'000'000}, {"millisecs", 1'000'000}, {"msec", 1'000'000},
    {"msecs", 1'000'000}, {"ms", 1'000'000}, {"microsec", 1'000}, {"microsecs", 1'000}};

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

[[noreturn]] void cannot_decode(const std::string& units, const std::string& calendar, const std::string& why) {
  throw InputError("unable to decode time units '" + units + "' with " +
                   (calendar.empty() ? "the default calendar" : "calendar '" + calendar + "'") + ": " + why +
                   ". Try opening your dataset with decode_times=False");
}

/// The reference as pandas reads it: ns since 1970, if it fits.
std::optional<std::int64_t> pandas_reference(const std::string& text) {
  const auto date = parse_reference_date(text);
  if (!date) return {};
  const auto local = join(Timeline::datetime64(), date->parts);
  std::int64_t utc = 0;
  if (!local || __builtin_sub_overflow(*local, date->utc_offset_s.value_or(0) * 1'000'000'000LL, &utc)) return {};
  return utc;
}

/// True if number * ns_per_unit + reference is a datetime64 (and the product a timedelta64). NaN is NaT.
bool fits_datetime64(double number, std::int64_t ns_per_unit, std::int64_t reference) {
  if (std::isnan(number)) return true;
  const long double limit = 9223372036854775807.0L;
  const long double duration = static_cast<long double>(number) * static_cast<long double>(ns_per_unit);
  const long double sum = duration + static_cast<long double>(reference);
  return std::fabs(duration) < limit && std::fabs(sum) < limit;
}

/// Microseconds by cftime's rule: nearest, but one microsecond beside a whole second is taken for the second
/// where the units are seconds or longer.
std::int64_t cftime_microseconds(long double number, std::int64_t ns_per_unit) {
  const long double scaled = number * (static_cast<long double>(ns_per_unit) / 1000.0L);
  auto whole = static_cast<std::int64_t>(std::rint(scaled));
  if (ns_per_unit < 1'000'000'000) return whole;
  const std::int64_t within_second = ((whole % 1'000'000) + 1'000'000) % 1'000'000;
  if (within_second == 1) whole = static_cast<std::int64_t>(std::floor(scaled));
  if (within_second == 999'999) whole = static_cast<std::int64_t>(std::ceil(scaled));
  return whole;
}

bool fits_microseconds(double number, std::int64_t ns_per_unit, std::int64_t reference) {
  if (std::isnan(number)) return true;
  const long double sum =
      static_cast<long double>(number) * (static_cast<long double>(ns_per_unit) / 1000.0L) + reference;
  return std::fabs(sum) < 9.0e18L;
}

TimeDecoding decoding_by_cftime(const std::string& units, const std::string& calendar_name) {
  TimeDecoding decoding;
  decoding.by_pandas = false;
  try {
    decoding.calendar = calendar_name.empty() ? Calendar::standard : parse_calendar(calendar_name);
  } catch (const UsageError& error) {
    cannot_decode(units, calendar_name, error.what());
  }
  const auto text = split_time_units(units);
  if (!text) cannot_decode(units, calendar_name, "they have not the form 'UNIT since DATE'");
  decoding.ns_per_unit = cftime_unit_ns(text->unit, decoding.calendar);
  if (decoding.ns_per_unit == 0)
    cannot_decode(units, calendar_name,
                  "the unit must be one of microseconds, milliseconds, seconds, minutes, hours, days "
                  "(months only in the 360_day calendar, common_years only in noleap)");
  const auto reference = cftime_reference(text->date, decoding.calendar);
  if (!reference) cannot_decode(units, calendar_name, "the reference date is not a date of the calendar");
  decoding.reference = *reference;
  decoding.timeline = Timeline::cftime(decoding.calendar);
  return decoding;
}

std::int64_t decode_by_cftime(const TimeDecoding& decoding, std::int64_t microseconds) {
  const std::int64_t us = microseconds + decoding.reference;
  return decoding.timeline.is_datetime64() ? us * 1000 : us;
}

/// NumPy 1.24 multiplies a float32 array by a Python integer in float32 only if 16 bits hold the integer.
bool multiplies_in_float32(const TimeDecoding& decoding, std::size_t element_bytes) {
  return element_bytes == 4 && decoding.ns_per_unit <= 65'535;
}

std::int64_t pandas_ns(double number, std::int64_t ns_per_unit, bool narrow) {
  if (narrow) return static_cast<std::int64_t>(static_cast<float>(number) * static_cast<float>(ns_per_unit));
  return static_cast<std::int64_t>(number * static_cast<double>(ns_per_unit));
}

template <typename T>
std::vector<std::int64_t> decode_floats(const TimeDecoding& decoding, std::span<const T> numbers) {
  std::vector<std::int64_t> ticks;
  ticks.reserve(numbers.size());
  const bool narrow = multiplies_in_float32(decoding, sizeof(T));
  for (const T number : numbers) {
    if (std::isnan(number))
      ticks.push_back(not_a_time);
    else if (decoding.by_pandas)
      ticks.push_back(pandas_ns(number, decoding.ns_per_unit, narrow) + decoding.reference);
    else
      ticks.push_back(decode_by_cftime(decoding, cftime_microseconds(number, decoding.ns_per_unit)));
  }
  return ticks;
}

}  // namespace

std::optional<std::int64_t> unit_ns(const std::string& unit, bool short_names) {
  const std::string lower = lower_case(unit);
  for (const auto& [plural, ns] : named_units)
    if (lower == plural || lower + "s" == plural) return ns;
  if (short_names) {
    for (const auto& [name, ns] : short_unit_names)
      if (lower == name) return ns;
  }
  return {};
}

std::int64_t cftime_unit_ns(const std::string& unit, Calendar calendar) {
  const std::string lower = lower_case(unit);
  constexpr std::int64_t day = 86'400'000'000'000;
  if (lower == "month" || lower == "months") return calendar == Calendar::day360 ? 30 * day : 0;
  if (lower == "common_year" || lower == "common_years") return calendar == Calendar::noleap ? 365 * day : 0;
  const std::int64_t ns = unit_ns(lower, true).value_or(0);
  return ns == 1 ? 0 : ns;  // cftime has no nanoseconds
}

std::optional<UnitsText> split_time_units(const std::string& units) {
  const std::size_t at = units.rfind(" since ");
  if (at == std::string::npos || at == 0) return {};
  const auto trimmed = [](std::string text) {
    const auto blank = [](unsigned char c) { return std::isspace(c) != 0; };
    while (!text.empty() && blank(text.front())) text.erase(text.begin());
    while (!text.empty() && blank(text.back())) text.pop_back();
    return text;
  };
  UnitsText out{trimmed(units.substr(0, at)), trimmed(units.substr(at + 7))};
  return out.date.empty() ? std::nullopt : std::optional(out);
}

std::optional<std::int64_t> cftime_reference(const std::string& text, Calendar calendar) {
  const auto date = parse_reference_date(text);
  if (!date || date->only_pandas) return {};
  const auto local = join(Timeline::cftime(calendar), date->parts);
  if (!local) return {};
  return *local - date->utc_offset_s.value_or(0) * 1'000'000LL;
}

bool looks_like_time_units(const std::string& units) { return units.find("since") != std::string::npos; }

bool is_duration_units(const std::string& units) {
  return std::any_of(named_units.begin(), named_units.end(), [&](const NamedUnit& u) { return units == u.plural; });
}

TimeDecoding choose_time_decoding(const std::string& units, const std::string& calendar, double first, double last,
                                  UseCftime use_cftime) {
  const auto text = split_time_units(units);
  if (!text) cannot_decode(units, calendar, "they have not the form 'UNIT since DATE'");
  const std::string calendar_name = lower_case(calendar);
  const bool standard_like =
      calendar.empty() || calendar_name == "standard" || calendar_name == "gregorian" || calendar_name == "proleptic_gregorian";
  if (use_cftime != UseCftime::always && standard_like) {
    const auto ns = unit_ns(text->unit);
    const auto reference = pandas_reference(text->date);
    if (ns && reference && fits_datetime64(first, *ns, *reference) && fits_datetime64(last, *ns, *reference)) {
      TimeDecoding decoding;
      decoding.timeline = Timeline::datetime64();
      decoding.ns_per_unit = *ns;
      decoding.reference = *reference;
      decoding.calendar = calendar.empty() ? Calendar::standard : parse_calendar(calendar);
      return decoding;
    }
  }
  if (use_cftime == UseCftime::never)
    cannot_decode(units, calendar, "the times are no datetime64[ns], which use_cftime=False asks for");
  TimeDecoding decoding = decoding_by_cftime(units, calendar);
  if (!fits_microseconds(first, decoding.ns_per_unit, decoding.reference) ||
      !fits_microseconds(last, decoding.ns_per_unit, decoding.reference))
    cannot_decode(units, calendar, "the values are out of range");
  if (use_cftime == UseCftime::auto_detect && standard_like) {
    const auto in_range = [&](double number) {
      if (std::isnan(number)) return true;
      const std::int64_t year = field_of(decoding.timeline, Field::year,
                                         cftime_microseconds(number, decoding.ns_per_unit) + decoding.reference);
      return year >= 1678 && year < 2262;
    };
    // A reference outside the range of datetime64 whose times lie inside: exact by way of cftime.
    if (in_range(first) && in_range(last)) decoding.timeline = Timeline::datetime64();
  }
  return decoding;
}

std::vector<std::int64_t> decode_times(const TimeDecoding& decoding, std::span<const double> numbers) {
  return decode_floats(decoding, numbers);
}
std::vector<std::int64_t> decode_times(const TimeDecoding& decoding, std::span<const float> numbers) {
  return decode_floats(decoding, numbers);
}
std::vector<std::int64_t> decode_times(const TimeDecoding& decoding, std::span<const std::int64_t> numbers) {
  std::vector<std::int64_t> ticks;
  ticks.reserve(numbers.size());
  for (const std::int64_t number : numbers) {
    // Through unsigned arithmetic: whoever decodes has looked at the extremes, and what wraps all the same is not undefined.
    const auto scaled = static_cast<std::uint64_t>(number) * static_cast<std::uint64_t>(
        decoding.by_pandas ? decoding.ns_per_unit : decoding.ns_per_unit / 1000);
    if (decoding.by_pandas)
      ticks.push_back(static_cast<std::int64_t>(scaled + static_cast<std::uint64_t>(decoding.reference)));
    else
      ticks.push_back(decode_by_cftime(decoding, static_cast<std::int64_t>(scaled)));
  }
  return ticks;
}

const char* infer_unit(std::span<const std::int64_t> steps, std::int64_t ns_per_tick) {
  for (const auto& [plural, ns] : named_units) {
    if (ns < ns_per_tick) break;
    const std::int64_t unit = ns / ns_per_tick;
    if (std::all_of(steps.begin(), steps.end(), [&](std::int64_t step) { return step % unit == 0; })) return plural;
  }
  return "seconds";
}

}  // namespace rankine::calendar
