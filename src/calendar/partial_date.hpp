#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "calendar/timeline.hpp"

namespace rankine::calendar {

/// From coarse to fine.
enum class Resolution : std::uint8_t {
  year, quarter, month, day, hour, minute, second, millisecond, microsecond, nanosecond,
};

/// A date string that stands for all times it does not exclude: "1991", "2000-07", "2000-07-15T12".
struct PartialDate {
  std::int64_t begin = 0;  ///< first tick
  std::int64_t end = 0;    ///< last tick, itself included
  Resolution resolution = Resolution::year;
  bool operator==(const PartialDate&) const = default;
};

/// ISO 8601 dates, full and partial, extended ("2000-07-15T12:30") and basic ("20000715"), "T" or a
/// blank before the time; fractions of a second and years of other than 4 digits only where pandas
/// and cftime take them. Nothing if it is none or does not exist in the calendar.
/// Semantics: pandas DatetimeIndex and xarray CFTimeIndex, `_parsed_string_to_bounds`.
std::optional<PartialDate> parse_partial_date(Timeline timeline, const std::string& text);

/// The coarsest resolution that distinguishes all parts in use (at best day), as pandas'
/// `DatetimeIndex.resolution`. A string as coarse as this or finer means one exact time in a
/// datetime64 index; a coarser one a range. In a cftime index every string means a range.
Resolution index_resolution(Timeline timeline, std::span<const std::int64_t> ticks);

/// True if `date` selects a range of an index with these times, false if its begin is one exact label.
bool selects_range(Timeline timeline, const PartialDate& date, std::span<const std::int64_t> index);

}  // namespace rankine::calendar
