#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "calendar/timeline.hpp"

namespace rankine::calendar {

/// A pandas frequency string: "MS", "2M", "QS-DEC", "AS-JUL", "YS", "3D", "6H", "W-SUN", "30T".
struct Frequency {
  enum class Kind : std::uint8_t { year_begin, year_end, quarter_begin, quarter_end, month_begin, month_end,
                                   week, tick };
  Kind kind = Kind::tick;
  std::int64_t count = 1;     ///< the multiple
  int anchor = 1;             ///< years and quarters: the month; weeks: weekday on which they end, Monday 0
  std::int64_t tick_ns = 0;   ///< tick: length of one, e.g. a day
  bool operator==(const Frequency&) const = default;
};

/// Throws UsageError naming the text if it is not a frequency that resample supports.
Frequency parse_frequency(const std::string& text);

enum class Side : std::uint8_t { left, right };

/// Absent: pandas' default of the frequency (right for M, Q, A, W; left for all others).
struct ResampleOptions {
  std::optional<Side> closed;
  std::optional<Side> label;
};

/// Group `codes[i]` of time i, and one label per group, empty groups in between included.
struct ResampleBins {
  std::vector<std::int32_t> codes;
  std::vector<std::int64_t> labels;
  bool operator==(const ResampleBins&) const = default;
};

/// Bins of ascending times (no NaT) with origin="start_day". Semantics: xarray 2023.01 `resample`:
/// pandas 1.5 for datetime64, CFTimeGrouper for cftime (where weeks are an UnsupportedError).
/// Throws UsageError if the times are empty or not ascending.
ResampleBins resample_bins(Timeline timeline, std::span<const std::int64_t> ticks, const Frequency& frequency,
                           const ResampleOptions& options = {});

}  // namespace rankine::calendar
