#include <catch2/catch.hpp>

#include <cmath>

#include "base/error.hpp"
#include "calendar/partial_date.hpp"
#include "calendar/resample.hpp"
#include "calendar/time_units.hpp"
#include "golden_file.hpp"

using namespace rankine;
using namespace rankine::calendar;

namespace {

std::string format_numbers(const std::variant<std::vector<std::int64_t>, std::vector<double>>& numbers) {
  if (const auto* whole = std::get_if<std::vector<std::int64_t>>(&numbers)) return "int64|" + joined(*whole);
  std::string text = "float64|";
  for (const double x : std::get<std::vector<double>>(numbers)) {
    char word[40] = "nan";
    if (!std::isnan(x)) std::snprintf(word, sizeof word, "%.17g", x);
    text += text.back() == '|' ? word : std::string(" ") + word;
  }
  return text;
}

/// The golden numbers in the same words.
std::string golden_numbers(const std::string& dtype, const std::string& words) {
  if (dtype == "int64") return format_numbers(numbers_in<std::int64_t>(words));
  return format_numbers(numbers_in<double>(words));
}

/// Reports every wrong line in one message, not one failure a line.
struct Differences {
  std::string text;
  int count = 0;
  void compare(const std::string& what, const std::string& got, const std::string& expected) {
    if (got == expected) return;
    if (++count <= 20) text += what + "\n  got      " + got + "\n  expected " + expected + "\n";
  }
};

}  // namespace

TEST_CASE("date components are those of cftime and pandas in every calendar") {
  constexpr Field fields[] = {Field::year, Field::month, Field::day, Field::hour, Field::minute, Field::second,
                              Field::microsecond, Field::dayofyear, Field::dayofweek, Field::quarter,
                              Field::days_in_month};
  const auto lines = golden_lines("fields.txt");
  REQUIRE(lines.size() == 1010);
  Differences differences;
  for (const auto& line : lines) {
    const Timeline timeline = timeline_of(line[0]);
    const std::int64_t ticks = std::stoll(line[1]);
    std::vector<std::int64_t> values;
    for (const Field field : fields) values.push_back(field_of(timeline, field, ticks));
    if (timeline.is_datetime64()) {
      values.push_back(field_of(timeline, Field::nanosecond, ticks));
      values.push_back(field_of(timeline, Field::week, ticks));
    }
    const std::string season = season_names[field_of(timeline, Field::season, ticks)];
    const std::string text = timeline.is_datetime64() ? format_datetime64(ticks) : format_time(timeline, ticks);
    differences.compare(line[0] + " " + line[1], joined(values) + "|" + season + "|" + text,
                        line[2] + "|" + line[3] + "|" + line[4]);
    differences.compare(line[0] + " " + line[1] + " joined again",
                        std::to_string(join(timeline, split(timeline, ticks)).value_or(-1)), line[1]);
  }
  CHECK(differences.text == "");
}

TEST_CASE("resample bins are those of pandas and of xarray's CFTimeGrouper, empty ones included") {
  const auto lines = golden_lines("resample.txt");
  REQUIRE(lines.size() > 1000);
  Differences differences;
  for (const auto& line : lines) {
    const Timeline timeline = timeline_of(line[0]);
    ResampleOptions options;
    if (!line[2].empty()) options.closed = line[2] == "left" ? Side::left : Side::right;
    if (!line[3].empty()) options.label = line[3] == "left" ? Side::left : Side::right;
    std::string got;
    try {
      const auto ticks = numbers_in<std::int64_t>(line[4]);
      const ResampleBins bins = resample_bins(timeline, ticks, parse_frequency(line[1]), options);
      got = joined(bins.codes) + "|" + joined(bins.labels);
    } catch (const Error& error) {
      got = error.what();
    }
    differences.compare(line[0] + " " + line[1] + " " + line[2] + " " + line[3] + " " + line[4], got,
                        line[5] + "|" + line[6]);
  }
  CAPTURE(differences.count);
  CHECK(differences.text == "");
}

TEST_CASE("times far apart are not resampled to more bins than memory should hold") {
  const auto error_of = [](const char* frequency, std::vector<std::int64_t> ticks) {
    try {
      resample_bins(Timeline::datetime64(), ticks, parse_frequency(frequency));
    } catch (const UsageError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  const std::string too_many =
      "cannot resample: from the first to the last time there are more than 16777216 bins; check the times, or take a longer frequency";
  const std::string beyond = "cannot resample: a bin begins or ends outside the range of times";
  const std::int64_t day = 86'400'000'000'000;
  CHECK(error_of("S", {0, 1000 * day}) == too_many);
  CHECK(error_of("D", {0, 1000 * day}) == "");
  CHECK(error_of("D", {INT64_MAX - 1, INT64_MAX}) == beyond);
  CHECK(error_of("D", {INT64_MIN + 1, 0}) == beyond);
  CHECK(error_of("3D", {INT64_MIN / 4 * 3, INT64_MAX / 4 * 3}) == beyond);
}

TEST_CASE("numbers with CF time units decode to xarray's ticks in xarray's dtype") {
  const auto lines = golden_lines("decode.txt");
  REQUIRE(lines.size() > 3000);
  Differences differences;
  for (const auto& line : lines) {
    const auto numbers = numbers_in<double>(line[3]);
    std::string got;
    try {
      const TimeDecoding decoding = choose_time_decoding(line[0], line[1], numbers.front(), numbers.back());
      const auto ticks = line[2] == "f8"   ? decode_times(decoding, std::span<const double>(numbers))
                         : line[2] == "f4" ? decode_times(decoding, std::span<const float>(numbers_in<float>(line[3])))
                                           : decode_times(decoding, std::span<const std::int64_t>(
                                                                        numbers_in<std::int64_t>(line[3])));
      got = kind_of(decoding.timeline) + "|" + joined(ticks);
    } catch (const Error&) {
      got = "error|";
    }
    differences.compare(line[0] + " | " + line[1] + " | " + line[2] + " " + line[3], got, line[4] + "|" + line[5]);
  }
  CAPTURE(differences.count);
  CHECK(differences.text == "");
}

TEST_CASE("times encode to xarray's numbers, units and calendar") {
  const auto lines = golden_lines("encode.txt");
  REQUIRE(lines.size() > 600);
  Differences differences;
  for (const auto& line : lines) {
    std::string got;
    try {
      const EncodedTimes out = encode_times(timeline_of(line[0]), numbers_in<std::int64_t>(line[1]), line[2], line[3]);
      got = out.units + "|" + out.calendar + "|" + format_numbers(out.numbers);
    } catch (const Error&) {
      got = "error|||";
    }
    const std::string expected =
        line[4] == "error" ? "error|||" : line[4] + "|" + line[5] + "|" + golden_numbers(line[6], line[7]);
    differences.compare(line[0] + " | " + line[1] + " | " + line[2] + " | " + line[3], got, expected);
  }
  CAPTURE(differences.count);
  CHECK(differences.text == "");
}

TEST_CASE("durations encode to xarray's numbers and units") {
  Differences differences;
  const auto lines = golden_lines("durations.txt");
  REQUIRE(lines.size() == 30);
  for (const auto& line : lines) {
    const EncodedTimes out = encode_durations(numbers_in<std::int64_t>(line[0]), line[1]);
    differences.compare(line[0] + " | " + line[1], out.units + "|" + format_numbers(out.numbers),
                        line[2] + "|" + golden_numbers(line[3], line[4]));
  }
  CHECK(differences.text == "");
}

TEST_CASE("date strings mean the intervals that pandas and xarray give them") {
  constexpr const char* names[] = {"year", "quarter", "month", "day", "hour", "minute", "second",
                                   "millisecond", "microsecond", "nanosecond"};
  Differences differences;
  const auto lines = golden_lines("partial.txt");
  REQUIRE(lines.size() == 322);
  for (const auto& line : lines) {
    const auto date = parse_partial_date(timeline_of(line[0]), line[1]);
    const std::string got = date ? std::to_string(date->begin) + " " + std::to_string(date->end) + " " +
                                       names[static_cast<int>(date->resolution)]
                                 : "none";
    differences.compare(line[0] + " '" + line[1] + "'", got, line[2]);
  }
  CHECK(differences.text == "");
}
