#include "calendar/resample.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <limits>
#include <map>

#include "base/dtype.hpp"
#include "base/error.hpp"
#include "calendar/month_names.hpp"

namespace rankine::calendar {
namespace {

using Kind = Frequency::Kind;

constexpr std::array<std::string_view, 7> day_names = {"MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"};
constexpr std::int64_t second_ns = 1'000'000'000;
// Two times can lie any number of steps apart, whatever the size of their file: 16 Mi bins are 1900 years of hours.
constexpr std::size_t most_bins = std::size_t{1} << 24;

[[noreturn]] void too_many_bins() {
  throw UsageError("cannot resample: from the first to the last time there are more than " + std::to_string(most_bins) +
                   " bins; check the times, or take a longer frequency");
}

[[noreturn]] void bad_frequency(const std::string& text) {
  throw UsageError("'" + text + "' is not a frequency that resample supports; use an optional count and one of " +
                   "MS, M, QS[-DEC], Q[-DEC], AS[-JAN], YS, A[-DEC], Y, W[-SUN], D, H, T, min, S, L, ms, U, us");
}

[[noreturn]] void beyond_all_times() {
  throw UsageError("cannot resample: a bin begins or ends outside the range of times");
}

template <std::size_t N>
std::optional<int> position_in(const std::array<std::string_view, N>& names, const std::string& name) {
  for (std::size_t i = 0; i < N; ++i)
    if (name == names[i]) return static_cast<int>(i);
  return {};
}

/// Length of pandas' tick aliases; they may be written small ("h", "d") except where that is another alias.
std::int64_t tick_length(const std::string& name) {
  if (name == "ms") return 1'000'000;
  std::string upper = name;
  std::transform(upper.begin(), upper.end(), upper.begin(), [](unsigned char c) { return std::toupper(c); });
  static const std::map<std::string, std::int64_t> ticks = {
      {"D", 86'400 * second_ns}, {"H", 3'600 * second_ns}, {"T", 60 * second_ns}, {"MIN", 60 * second_ns},
      {"S", second_ns}, {"L", 1'000'000}, {"U", 1'000}, {"US", 1'000}, {"N", 1}, {"NS", 1}};
  const auto found = ticks.find(upper);
  return found == ticks.end() ? 0 : found->second;
}

bool is_end_anchored(Kind kind) {
  return kind == Kind::year_end || kind == Kind::quarter_end || kind == Kind::month_end || kind == Kind::week;
}

/// Calendar steps on midnights, counted in days of the calendar. Semantics: pandas' and xarray's offsets.
class CalendarStep {
 public:
  CalendarStep(Calendar calendar, const Frequency& frequency) : calendar_(calendar), frequency_(frequency) {}

  bool is_on(std::int64_t day) const {
    if (frequency_.kind == Kind::week) return weekday(day) == frequency_.anchor;
    const CivilDate date = civil_from_days(calendar_, day);
    return date.day == anchor_day(date) && months_past_anchor(date.month) == 0;
  }

  /// `count` steps from `day`, forwards or backwards; off an anchor, the way to the next one is one step.
  std::int64_t shifted(std::int64_t day, std::int64_t count) const {
    if (frequency_.kind == Kind::week) {
      const int to_anchor = (frequency_.anchor - weekday(day) + 7) % 7;
      if (to_anchor != 0) {
        day += to_anchor;
        if (count > 0) --count;
      }
      return day + 7 * count;
    }
    const CivilDate date = civil_from_days(calendar_, day);
    const int reference = anchor_day(date);
    const int past = months_past_anchor(date.month);
    if (count > 0) {
      if (past < 0 || (past == 0 && date.day < reference)) --count;
    } else if (past > 0 || (past == 0 && date.day > reference)) {
      ++count;
    }
    return anchored(date, count * period_months() - past);
  }

  std::int64_t rolled_back(std::int64_t day) const { return is_on(day) ? day : shifted(day, -1); }
  std::int64_t rolled_forward(std::int64_t day) const { return is_on(day) ? day : shifted(day, 1); }

 private:
  int weekday(std::int64_t day) const {
    return static_cast<int>(field_of(Timeline::cftime(calendar_), Field::dayofweek, day * 86'400'000'000));
  }
  bool at_start() const {
    return frequency_.kind == Kind::year_begin || frequency_.kind == Kind::quarter_begin ||
           frequency_.kind == Kind::month_begin;
  }
  int period_months() const {
    switch (frequency_.kind) {
      case Kind::year_begin:
      case Kind::year_end: return 12;
      case Kind::quarter_begin:
      case Kind::quarter_end: return 3;
      default: return 1;
    }
  }
  int anchor_day(const CivilDate& date) const {
    return at_start() ? 1 : days_in_month(calendar_, date.year, date.month);
  }
  /// Signed, within the period of calendar months: for quarters both months are taken modulo 3.
  int months_past_anchor(int month) const {
    const int period = period_months();
    if (period == 12) return month - frequency_.anchor;
    return month % period - frequency_.anchor % period;
  }
  std::int64_t anchored(const CivilDate& date, std::int64_t months) const {
    // Without a year 0 the years are counted as if it were there.
    const bool gap = !has_year_zero(calendar_);
    const std::int64_t from = gap && date.year < 0 ? date.year + 1 : date.year;
    const std::int64_t total = from * 12 + date.month - 1 + months;
    const std::int64_t year = total >= 0 ? total / 12 : -((11 - total) / 12);
    CivilDate to{gap && year <= 0 ? year - 1 : year, static_cast<int>(total - year * 12) + 1, 1};
    to.day = anchor_day(to);
    return days_from_civil(calendar_, to);
  }

  Calendar calendar_;
  Frequency frequency_;
};

std::int64_t floor_mod(std::int64_t a, std::int64_t b) {
  const std::int64_t rest = a % b;
  return rest < 0 ? rest + b : rest;
}

/// Edges of bins of equal length, counted from midnight of the first day.
std::vector<std::int64_t> tick_edges(Timeline timeline, std::int64_t first, std::int64_t last, std::int64_t step,
                                     Side closed) {
  std::int64_t origin = 0, from_origin = 0, begin = 0, end = 0;
  if (__builtin_sub_overflow(first, floor_mod(first, timeline.ticks_per_day()), &origin) ||
      __builtin_sub_overflow(last, origin, &from_origin))
    beyond_all_times();
  if (from_origin / step >= static_cast<std::int64_t>(most_bins)) too_many_bins();
  const std::int64_t before = floor_mod(first - origin, step);
  const std::int64_t over = floor_mod(from_origin, step);
  if (__builtin_sub_overflow(first, closed == Side::right && before == 0 ? step : before, &begin) ||
      __builtin_add_overflow(last, over > 0 ? step - over : closed == Side::left ? step : 0, &end) ||
      end > std::numeric_limits<std::int64_t>::max() - step)
    beyond_all_times();
  std::vector<std::int64_t> edges;
  for (std::int64_t edge = begin; edge <= end; edge += step) edges.push_back(edge);
  return edges;
}

std::vector<std::int64_t> calendar_edges(Timeline timeline, std::int64_t first, std::int64_t last,
                                         const Frequency& frequency, Side closed) {
  const std::int64_t per_day = timeline.ticks_per_day();
  const CalendarStep step(timeline.calendar, frequency);
  const auto day_of = [&](std::int64_t ticks) { return (ticks - floor_mod(ticks, per_day)) / per_day; };
  std::int64_t begin = day_of(first);
  begin = closed == Side::left ? step.rolled_back(begin) : step.shifted(begin, -frequency.count);
  std::int64_t end = step.shifted(day_of(last), frequency.count);
  begin = step.rolled_forward(begin);
  end = step.rolled_back(end);
  std::vector<std::int64_t> edges;
  for (std::int64_t day = begin; day <= end; day = step.shifted(day, frequency.count)) {
    if (edges.size() == most_bins) too_many_bins();
    edges.push_back(day * per_day);
  }
  return edges;
}

}  // namespace

Frequency parse_frequency(const std::string& text) {
  std::size_t at = 0;
  while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
  if (at > 9) bad_frequency(text);
  Frequency out;
  if (at > 0) out.count = std::stoll(text.substr(0, at));
  if (out.count < 1) bad_frequency(text);
  const std::string name = text.substr(at);
  out.tick_ns = tick_length(name);
  if (out.tick_ns != 0) return out;

  const std::size_t dash = name.find('-');
  std::string rule = name.substr(0, dash);
  std::string anchor = dash == std::string::npos ? "" : name.substr(dash + 1);
  for (std::string* part : {&rule, &anchor})
    std::transform(part->begin(), part->end(), part->begin(), [](unsigned char c) { return std::toupper(c); });
  if (dash != std::string::npos && anchor.empty()) bad_frequency(text);
  if (rule == "MS" || rule == "M") {
    if (!anchor.empty()) bad_frequency(text);
    out.kind = rule == "MS" ? Kind::month_begin : Kind::month_end;
    return out;
  }
  if (rule == "W") {
    const auto day = position_in(day_names, anchor.empty() ? "SUN" : anchor);
    if (!day) bad_frequency(text);
    out.kind = Kind::week;
    out.anchor = *day;
    return out;
  }
  static const std::map<std::string, std::pair<Kind, const char*>> rules = {
      {"AS", {Kind::year_begin, "JAN"}}, {"YS", {Kind::year_begin, "JAN"}}, {"A", {Kind::year_end, "DEC"}},
      {"Y", {Kind::year_end, "DEC"}}, {"QS", {Kind::quarter_begin, "JAN"}}, {"Q", {Kind::quarter_end, "DEC"}}};
  const auto found = rules.find(rule);
  const auto month = found == rules.end() ? std::nullopt
                                          : position_in(month_names, anchor.empty() ? found->second.second : anchor);
  if (!month) bad_frequency(text);
  out.kind = found->second.first;
  out.anchor = *month + 1;
  return out;
}

ResampleBins resample_bins(Timeline timeline, std::span<const std::int64_t> ticks, const Frequency& frequency,
                           const ResampleOptions& options) {
  if (ticks.empty()) throw UsageError("cannot resample: there are no times");
  if (!std::is_sorted(ticks.begin(), ticks.end()) || ticks.front() == not_a_time)
    throw UsageError("cannot resample: the times must ascend and none may be missing; sort them first");
  if (frequency.kind == Kind::week && !timeline.is_datetime64())
    throw UnsupportedError("weeks are not supported for resampling times of a cftime calendar; use 7D");
  const std::int64_t ns_per_tick = second_ns / timeline.ticks_per_second;
  const Side by_default = is_end_anchored(frequency.kind) ? Side::right : Side::left;
  const Side closed = options.closed.value_or(by_default);
  const Side label = options.label.value_or(by_default);

  const bool is_tick = frequency.kind == Kind::tick;
  std::int64_t step = 0;
  if (is_tick) {
    if (frequency.tick_ns % ns_per_tick != 0 ||
        __builtin_mul_overflow(frequency.tick_ns / ns_per_tick, frequency.count, &step))
      throw UsageError("cannot resample: the frequency is finer than the resolution of the times, or too long");
  }
  std::vector<std::int64_t> labels = is_tick ? tick_edges(timeline, ticks.front(), ticks.back(), step, closed)
                                             : calendar_edges(timeline, ticks.front(), ticks.back(), frequency, closed);
  std::vector<std::int64_t> edges = labels;
  // Bins of whole days that end with a day hold all of that day, not only its midnight.
  const bool whole_days = is_end_anchored(frequency.kind) ||
                          (is_tick && frequency.tick_ns == 86'400 * second_ns && frequency.count > 1);
  if (whole_days) {
    if (closed == Side::right)
      for (std::int64_t& edge : edges) edge += timeline.ticks_per_day() - 1;
    if (edges.size() >= 2 && edges[edges.size() - 2] > ticks.back()) {
      edges.pop_back();
      labels.pop_back();
    }
  }
  if (edges.size() < 2 || ticks.front() < edges.front() || ticks.back() > edges.back())
    throw UsageError("cannot resample: a time falls outside the bins");

  ResampleBins out;
  const auto first_label = labels.begin() + (label == Side::right ? 1 : 0);
  out.labels.assign(first_label, first_label + static_cast<std::ptrdiff_t>(labels.size()) - 1);
  out.codes.reserve(ticks.size());
  std::size_t bin = 0;
  for (const std::int64_t tick : ticks) {
    while (bin + 2 < edges.size() && (closed == Side::right ? tick > edges[bin + 1] : tick >= edges[bin + 1])) ++bin;
    out.codes.push_back(static_cast<std::int32_t>(bin));
  }
  return out;
}

}  // namespace rankine::calendar
