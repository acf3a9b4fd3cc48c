#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/dtype.hpp"
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
  /// The same without rounding: ticks from the reference, not_a_time for NaT.
  std::vector<std::int64_t> distances;
  std::int64_t ticks_per_unit = 1;
  std::int64_t ticks_per_second = 1;
};

/// The first time that is not read back as it was from its number stored as `dtype`; nothing if all are. Integers must
/// hold the number; floats may round it by `tolerance_ms`, as long as neighbours that differ go on to differ. NaT is no
/// time and never lost here.
std::optional<std::size_t> first_lost_time(const EncodedTimes& times, DType dtype, double tolerance_ms = 1);
/// The coarsest unit finer than that of `times` which all of `all` (of the same units) are whole numbers of; nothing if
/// there is none. "hours" of "days since 2000-01-01" or of "days".
std::optional<std::string> finer_unit(std::span<const EncodedTimes> all);
/// "hours since 2000-01-01" of "days since 2000-01-01"; "hours" of "days".
std::string with_unit(const std::string& units, const std::string& unit);

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
