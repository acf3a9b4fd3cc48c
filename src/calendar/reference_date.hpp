#pragma once
#include <optional>
#include <string>

#include "calendar/timeline.hpp"

namespace rankine::calendar {

/// The date behind "since" in CF time units, as written: not yet checked against a calendar.
struct ReferenceDate {
  DateTime parts;                 ///< local to the zone
  std::optional<int> utc_offset_s;  ///< east of Greenwich; absent if the text names no zone
  bool only_pandas = false;         ///< "01-JAN-1970", "2000-01", "19500101": forms that cftime does not read
};

/// "1850-01-01", "1900-1-1 00:00:0.0", "1970-01-01T00:00:00Z", "2000-01-01 12:00:00 +01:00", "19500101",
/// "1-1-1", "01-JAN-1970 00:00:00". The first number is the year, as cftime reads it.
/// Nothing if it is none of these.
std::optional<ReferenceDate> parse_reference_date(const std::string& text);

}  // namespace rankine::calendar
