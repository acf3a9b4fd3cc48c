#pragma once
#include <functional>
#include <set>
#include <string>

#include "array/dataset.hpp"
#include "array/loader.hpp"
#include "calendar/time_units.hpp"

/// Times and durations as numbers that are read back as the times they were.
namespace rankine::array {

/// The numbers of a variable of times or durations by the units and the calendar of its encoding.
calendar::EncodedTimes encoded_times(const Variable& variable, const NdArray& values);

struct TimeEncodingRules {
  /// Variables whose encoding the user gave (encoding=): it is obeyed, or refused.
  std::set<std::string> asked_for;
  /// Variables that a store already has: their units and dtype are what they are.
  std::set<std::string> in_store;
  bool has_int64 = true;                             ///< NetCDF-3 and the classic model lack it
  std::function<void(const std::string&)> note;      ///< told of encodings that were changed
};

/// Changes encodings that came along from files where they would lose times: "days since" stored as int32 when there are
/// hours now, numbers beyond the dtype, NaT among integers, floats that blur neighbours. Units become finer, or the dtype
/// int64 or float64; bounds share the units of their coordinate. xarray 2023.01 truncates silently.
/// Throws UsageError, naming variable, time, units and dtype, where the encoding is not to be changed.
/// Afterwards the values of all times are constants.
void keep_times(VariableMap& variables, const TimeEncodingRules& rules, const LoadFn& load);

}  // namespace rankine::array
