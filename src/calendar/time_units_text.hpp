#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "calendar/calendar.hpp"

/// What decoding and encoding of time units share inside this room.
namespace rankine::calendar {

/// The two sides of "since", without blanks around them.
struct UnitsText {
  std::string unit;
  std::string date;
};
std::optional<UnitsText> split_time_units(const std::string& units);

/// Length of a unit as cftime takes it in `calendar`; 0 if it does not.
std::int64_t cftime_unit_ns(const std::string& unit, Calendar calendar);
/// Microseconds since 1970 in `calendar` of a reference date, UTC; nothing if the calendar has it not.
std::optional<std::int64_t> cftime_reference(const std::string& text, Calendar calendar);
/// The coarsest unit that divides all `steps` (in ticks of `ns_per_tick`).
const char* infer_unit(std::span<const std::int64_t> steps, std::int64_t ns_per_tick);

}  // namespace rankine::calendar
