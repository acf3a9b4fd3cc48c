#include "array/time_fields.hpp"

#include <limits>

#include "array/loader.hpp"
#include "base/error.hpp"
#include "calendar/timeline.hpp"

namespace rankine::array {
namespace {

constexpr std::int64_t ns_per_second = 1'000'000'000;

bool is_duration_field(const std::string& field) {
  return field == "days" || field == "seconds" || field == "microseconds" || field == "nanoseconds";
}

/// Python's floor division, as pandas splits durations: -1 ns is -1 days and 86399.999999999 s.
std::int64_t floor_div(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

NdArray duration_field(const NdArray& durations, const std::string& field) {
  NdArray values(DType::int64, durations.shape());
  std::vector<std::int64_t> missing;
  for (std::int64_t i = 0; i < durations.size(); ++i) {
    const std::int64_t ns = durations.data<std::int64_t>()[i];
    if (ns == not_a_time) {
      missing.push_back(i);
      continue;
    }
    const std::int64_t day = 86'400 * ns_per_second;
    const std::int64_t days = floor_div(ns, day);
    const std::int64_t rest = ns - days * day;
    std::int64_t& value = values.data<std::int64_t>()[i];
    if (field == "days") value = days;
    else if (field == "seconds") value = rest / ns_per_second;
    else if (field == "microseconds") value = rest % ns_per_second / 1000;
    else value = rest % 1000;
  }
  if (missing.empty()) return values;
  // As pandas: numbers beside missing durations are floats.
  NdArray floats(DType::float64, durations.shape());
  for (std::int64_t i = 0; i < durations.size(); ++i) floats.data<double>()[i] = static_cast<double>(values.data<std::int64_t>()[i]);
  for (const std::int64_t i : missing) floats.data<double>()[i] = std::numeric_limits<double>::quiet_NaN();
  return floats;
}

}  // namespace

bool is_time_field(const std::string& field) {
  return is_duration_field(field) || calendar::parse_field(field).has_value();
}

NdArray time_field_values(const NdArray& times, calendar::Calendar calendar, const std::string& field) {
  if (times.dtype() == DType::timedelta64 && is_duration_field(field)) return duration_field(times, field);
  const auto parsed = calendar::parse_field(field);
  if (!parsed) throw UnsupportedError("'" + field + "' of dates is not supported");
  if (times.dtype() != DType::datetime64 && times.dtype() != DType::cftime)
    throw UsageError("'" + field + "' needs dates, but the values are " + name_of(times.dtype()));
  const auto timeline = times.dtype() == DType::datetime64 ? calendar::Timeline::datetime64()
                                                           : calendar::Timeline::cftime(calendar);
  const auto numbers = calendar::fields_of(timeline, *parsed, times.values<std::int64_t>());
  bool missing = false;
  for (const std::int64_t time : times.values<std::int64_t>()) missing = missing || time == not_a_time;
  if (*parsed == calendar::Field::season) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < numbers.size(); ++i)
      names.push_back(numbers[i] < 0 ? "nan" : calendar::season_names[numbers[i]]);
    return NdArray::from_strings(std::move(names), times.shape());
  }
  if (!missing) return NdArray::from(numbers, times.shape());
  // As pandas: numbers beside missing dates are floats.
  NdArray values(DType::float64, times.shape());
  for (std::int64_t i = 0; i < times.size(); ++i)
    values.data<double>()[i] = times.data<std::int64_t>()[i] == not_a_time
                                   ? std::numeric_limits<double>::quiet_NaN()
                                   : static_cast<double>(numbers[static_cast<std::size_t>(i)]);
  return values;
}

namespace {

/// One date by strftime's letters, those that mean the same in every locale.
std::string format_date(calendar::Timeline timeline, std::int64_t ticks, const std::string& format) {
  const calendar::DateTime t = calendar::split(timeline, ticks);
  const auto padded = [](std::int64_t number, std::size_t width) {
    std::string digits = std::to_string(number);
    return digits.size() < width ? std::string(width - digits.size(), '0') + digits : digits;
  };
  static constexpr const char* months[] = {"January", "February", "March", "April", "May", "June", "July", "August",
                                           "September", "October", "November", "December"};
  static constexpr const char* days[] = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};
  std::string text;
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%' || i + 1 == format.size()) {
      text += format[i];
      continue;
    }
    const auto weekday = [&] { return std::string(days[calendar::field_of(timeline, calendar::Field::dayofweek, ticks)]); };
    switch (format[++i]) {
      case 'Y': text += padded(t.year, 4); break;
      case 'y': text += padded(t.year % 100, 2); break;
      case 'm': text += padded(t.month, 2); break;
      case 'd': text += padded(t.day, 2); break;
      case 'H': text += padded(t.hour, 2); break;
      case 'M': text += padded(t.minute, 2); break;
      case 'S': text += padded(t.second, 2); break;
      case 'j': text += padded(calendar::field_of(timeline, calendar::Field::dayofyear, ticks), 3); break;
      case 'F': text += format_date(timeline, ticks, "%Y-%m-%d"); break;
      case 'T': text += format_date(timeline, ticks, "%H:%M:%S"); break;
      case 'B': text += months[t.month - 1]; break;
      case 'b': text += std::string(months[t.month - 1]).substr(0, 3); break;
      case 'A': text += weekday(); break;
      case 'a': text += weekday().substr(0, 3); break;
      case '%': text += '%'; break;
      default:
        throw UnsupportedError(std::string("'%") + format[i] + "' in strftime() is not supported; %Y %y %m %d %H %M %S %j %F %T %B %b %A %a are");
    }
  }
  return text;
}

}  // namespace

DataArray format_times(const DataArray& da, const std::string& format) {
  if (da.dtype() != DType::datetime64 && da.dtype() != DType::cftime)
    throw UsageError("strftime() needs dates, but the values are " + name_of(da.dtype()));
  const NdArray times = values_of(da);
  const auto timeline = da.dtype() == DType::datetime64 ? calendar::Timeline::datetime64()
                                                        : calendar::Timeline::cftime(da.variable.calendar);
  std::vector<std::string> texts;
  for (const std::int64_t ticks : times.values<std::int64_t>())
    texts.push_back(ticks == not_a_time ? "nan" : format_date(timeline, ticks, format));
  return DataArray{"strftime", make_variable(da.dims(), NdArray::from_strings(std::move(texts), times.shape())), da.coords};
}

DataArray time_field(const DataArray& da, const std::string& field) {
  if (!is_time(da.dtype()))
    throw UsageError("'.dt." + field + "' needs dates, but " + (da.name ? "'" + *da.name + "'" : "the array") +
                     " is " + name_of(da.dtype()));
  Variable variable = make_variable(da.dims(), time_field_values(values_of(da), da.variable.calendar, field));
  return DataArray{field, std::move(variable), da.coords};
}

}  // namespace rankine::array
