#pragma once
#include <string>

#include "calendar/calendar.hpp"
#include "grid/nd_array.hpp"
#include "script/value.hpp"

namespace rankine::script {

/// NumPy's print options.
struct ArrayTextOptions {
  int precision = 8;
  std::size_t line_width = 75;
  std::int64_t threshold = 1000;   ///< more elements than this are shown in part
  std::int64_t edge_items = 3;     ///< of each end of an axis, then
  calendar::Calendar calendar = calendar::Calendar::standard;   ///< of cftime dates
  bool texts_are_objects = false;   ///< as pandas and files of NetCDF hold them, not NumPy's of one width
  TimeUnit unit = TimeUnit::nanosecond;   ///< of datetime64 and timedelta64
};
std::string repr_of_array(const NdArray& array, const ArrayTextOptions& options);

}  // namespace rankine::script
