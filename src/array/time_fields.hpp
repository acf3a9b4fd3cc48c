#pragma once
#include "array/data_array.hpp"

namespace rankine::array {

/// da.dt.month: year month day hour minute second microsecond nanosecond dayofyear dayofweek weekday quarter
/// season days_in_month daysinmonth weekofyear week date-free of datetime64 and cftime; days seconds
/// microseconds of timedelta64. int64 (season: string), named like the field. Computed now.
/// Throws UnsupportedError for other names, UsageError if `da` has no dates.
DataArray time_field(const DataArray& da, const std::string& field);
/// `da.dt.strftime(format)`: texts.
DataArray format_times(const DataArray& da, const std::string& format);
/// The same for values alone.
NdArray time_field_values(const NdArray& times, calendar::Calendar calendar, const std::string& field);
bool is_time_field(const std::string& field);

}  // namespace rankine::array
