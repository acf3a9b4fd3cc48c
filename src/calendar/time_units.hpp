#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "calendar/timeline.hpp"

namespace rankine::calendar {

/// Length of one unit in ns: "days", "day", "hours" ... "nanoseconds". With cftime's short names
/// ("d", "hrs", "sec") if `short_names`. Nothing for months, years and the unknown.
std::optional<std::int64_t> unit_ns(const std::string& unit, bool short_names = false);

/// True if the text has xarray's shape of time units ("... since ...").
bool looks_like_time_units(const std::string& units);
/// xarray's units of a duration: exactly "days" ... "nanoseconds".
bool is_duration_units(const std::string& units);

/// How the numbers of one variable become times.
struct TimeDecoding {
  Timeline timeline;              ///< of the decoded times
  /// datetime64 by pandas' arithmetic: int64(number * unit_ns) + reference. Otherwise by cftime's:
  /// microseconds rounded to nearest in extended precision, then + reference.
  bool by_pandas = true;
  std::int64_t ns_per_unit = 0;
  std::int64_t reference = 0;     ///< by_pandas: ns since 1970; otherwise us since 1970 in `calendar`
  Calendar calendar = Calendar::standard;  ///< of the numbers
};

/// `auto_detect`: datetime64 if calendar and range allow, as use_cftime=None.
enum class UseCftime : std::uint8_t { auto_detect, always, never };

/// Decides from the extreme numbers (NaN: none known) as xarray 2023.01 `decode_cf_datetime` does:
/// datetime64 for standard-like calendars within 1678..2261, cftime otherwise.
/// `calendar` empty: standard. Throws InputError with xarray's hint if the units cannot be decoded.
TimeDecoding choose_time_decoding(const std::string& units, const std::string& calendar, double first,
                                  double last, UseCftime use_cftime = UseCftime::auto_detect);

/// Numbers to ticks; NaN to NaT. Bit-identical to xarray for the numbers it can decode.
std::vector<std::int64_t> decode_times(const TimeDecoding& decoding, std::span<const double> numbers);
std::vector<std::int64_t> decode_times(const TimeDecoding& decoding, std::span<const float> numbers);
std::vector<std::int64_t> decode_times(const TimeDecoding& decoding, std::span<const std::int64_t> numbers);

/// Times as numbers: int64 if all are whole units, float64 (NaN for NaT) otherwise.
struct EncodedTimes {
  std::variant<std::vector<std::int64_t>, std::vector<double>> numbers;
  std::string units;
  std::string calendar;  ///< empty for durations
};

/// xarray 2023.01 `encode_cf_datetime`. Units empty: "<unit> since <first time>" with the coarsest unit
/// that divides all steps. Calendar empty: the timeline's.
/// Throws UsageError if the units are unknown or a date does not exist in `calendar`.
EncodedTimes encode_times(Timeline timeline, std::span<const std::int64_t> ticks, const std::string& units = "",
                          const std::string& calendar = "");
/// xarray 2023.01 `encode_cf_timedelta` of ns.
EncodedTimes encode_durations(std::span<const std::int64_t> ns, const std::string& units = "");
/// xarray 2023.01 `infer_datetime_units`.
std::string infer_time_units(Timeline timeline, std::span<const std::int64_t> ticks);

}  // namespace rankine::calendar
