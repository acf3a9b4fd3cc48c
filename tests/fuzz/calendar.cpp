#include <cmath>
#include <cstdlib>
#include <string>

#include "base/error.hpp"
#include "calendar/partial_date.hpp"
#include "calendar/resample.hpp"
#include "calendar/time_units.hpp"

using namespace rankine;
using namespace rankine::calendar;

// First line time units, second a calendar, third a frequency or a partial date, then numbers. What decodes is
// encoded again, split into fields and formatted.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string rest(reinterpret_cast<const char*>(data), size);
  const auto next_line = [&] {
    const std::size_t end = rest.find('\n');
    std::string line = rest.substr(0, end);
    rest = end == std::string::npos ? "" : rest.substr(end + 1);
    return line;
  };
  const std::string units = next_line(), calendar_name = next_line(), text = next_line();
  std::vector<double> numbers;
  while (!rest.empty() && numbers.size() < 64) numbers.push_back(std::strtod(next_line().c_str(), nullptr));
  try {
    parse_partial_date(Timeline::datetime64(), text);
    parse_partial_date(Timeline::cftime(Calendar::all_leap), text);
    looks_like_time_units(units);
    double low = 0, high = 0;
    for (const double number : numbers) {
      if (std::isnan(number)) continue;
      low = std::min(low, number);
      high = std::max(high, number);
    }
    const TimeDecoding decoding = choose_time_decoding(units, calendar_name, low, high);
    const auto ticks = decode_times(decoding, numbers);
    for (const std::int64_t tick : ticks) format_time(decoding.timeline, tick);
    fields_of(decoding.timeline, Field::season, ticks);
    encode_times(decoding.timeline, ticks);
    encode_times(decoding.timeline, ticks, units, calendar_name);
    if (!ticks.empty()) resample_bins(decoding.timeline, ticks, parse_frequency(text), {});
  } catch (const Error&) {
  }
  return 0;
}
