#include "calendar/partial_date.hpp"

#include <algorithm>
#include <limits>

#include "base/dtype.hpp"

namespace rankine::calendar {
namespace {

/// Reads a date string from left to right.
class DateScanner {
 public:
  explicit DateScanner(const std::string& text) : text_(text) {}
  bool done() const { return at_ == text_.size(); }
  char peek() const { return done() ? '\0' : text_[at_]; }
  bool accept(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  std::size_t digits_ahead() const {
    std::size_t end = at_;
    while (end < text_.size() && text_[end] >= '0' && text_[end] <= '9') ++end;
    return end - at_;
  }
  int number(std::size_t digits) {
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) value = value * 10 + (text_[at_++] - '0');
    return value;
  }

 private:
  const std::string& text_;
  std::size_t at_ = 0;
};

/// How strictly: cftime wants all digits in place, pandas takes "2000-7-5", "2000/07", fractions, quarters.
struct Strictness {
  bool two_digits = true;
  bool loose_forms = false;
};

bool read_part(DateScanner& scan, const Strictness& strict, int& value) {
  const std::size_t digits = scan.digits_ahead();
  if (digits != 2 && (strict.two_digits || digits != 1)) return false;
  value = scan.number(digits);
  return true;
}

struct Parsed {
  DateTime parts;
  Resolution resolution = Resolution::year;
};

bool read_fraction(DateScanner& scan, Parsed& out) {
  const std::size_t digits = scan.digits_ahead();
  if (digits == 0 || digits > 9) return false;
  int value = scan.number(digits);
  for (std::size_t i = digits; i < 9; ++i) value *= 10;
  out.parts.nanosecond = value;
  out.resolution = digits <= 3 ? Resolution::millisecond : digits <= 6 ? Resolution::microsecond : Resolution::nanosecond;
  return true;
}

/// hh[mm[ss]], with or without colons; what follows the date.
bool read_clock(DateScanner& scan, const Strictness& strict, bool colons, Parsed& out) {
  const std::size_t run = scan.digits_ahead();
  if (strict.loose_forms && (run == 4 || run == 6)) colons = false;
  const auto next = [&](int& value, Resolution resolution) {
    const std::size_t digits = scan.digits_ahead();
    if (colons ? !(digits == 2 || (digits == 1 && !strict.two_digits)) : digits < 2) return false;
    value = scan.number(colons ? digits : 2);
    out.resolution = resolution;
    return true;
  };
  if (!next(out.parts.hour, Resolution::hour)) return false;
  if (scan.done()) return true;
  if (colons && !scan.accept(':')) return false;
  if (!next(out.parts.minute, Resolution::minute)) return false;
  if (scan.done()) return true;
  if (colons && !scan.accept(':')) return false;
  if (!next(out.parts.second, Resolution::second)) return false;
  if (strict.loose_forms && scan.accept('.') && !read_fraction(scan, out)) return false;
  return scan.done();
}

bool read_basic(DateScanner& scan, const Strictness& strict, Parsed& out) {
  const std::size_t run = scan.digits_ahead();
  if (run % 2 != 0 || run > 14 || (strict.loose_forms && (run == 6 || run == 10))) return false;
  if (!strict.loose_forms && run > 8) return false;
  out.parts.year = scan.number(4);
  if (run > 4) {
    out.parts.month = scan.number(2);
    out.resolution = Resolution::month;
  }
  if (run > 6) {
    out.parts.day = scan.number(2);
    out.resolution = Resolution::day;
  }
  if (scan.done()) return true;
  if (run > 8) return read_clock(scan, strict, false, out);
  if (run != 8 || !(scan.accept('T') || (strict.loose_forms && scan.accept(' ')))) return false;
  return read_clock(scan, strict, strict.loose_forms, out);
}

bool read_extended(DateScanner& scan, const Strictness& strict, Parsed& out) {
  out.parts.year = scan.number(4);
  if (scan.done()) return true;
  const char separator = scan.peek();
  const bool quarter_follows = separator == 'Q' || separator == 'q';
  if (!quarter_follows && !scan.accept('-') && !(strict.loose_forms && scan.accept('/'))) return false;
  if (strict.loose_forms && scan.done()) return true;  // pandas lets a separator dangle
  if (strict.loose_forms && (scan.accept('Q') || scan.accept('q'))) {
    if (scan.digits_ahead() != 1 || scan.peek() < '1' || scan.peek() > '4') return false;
    out.parts.month = scan.number(1) * 3 - 2;
    out.resolution = Resolution::quarter;
    return scan.done();
  }
  if (!read_part(scan, strict, out.parts.month)) return false;
  out.resolution = Resolution::month;
  if (scan.done()) return true;
  if (!scan.accept(separator) || !read_part(scan, strict, out.parts.day)) return false;
  out.resolution = Resolution::day;
  if (scan.done()) return true;
  if (!scan.accept('T') && !scan.accept(' ')) return false;
  if (strict.loose_forms && scan.done()) return true;
  return read_clock(scan, strict, true, out);
}

std::optional<Parsed> parse(const Strictness& strict, const std::string& text) {
  DateScanner scan(text);
  Parsed out;
  const std::size_t run = scan.digits_ahead();
  if (run < 4) return {};
  const bool read = run == 4 ? read_extended(scan, strict, out) : read_basic(scan, strict, out);
  return read ? std::optional(out) : std::nullopt;
}

std::int64_t ticks_in(Resolution resolution, std::int64_t ticks_per_second) {
  switch (resolution) {
    case Resolution::day: return 86'400 * ticks_per_second;
    case Resolution::hour: return 3'600 * ticks_per_second;
    case Resolution::minute: return 60 * ticks_per_second;
    case Resolution::second: return ticks_per_second;
    case Resolution::millisecond: return ticks_per_second / 1'000;
    case Resolution::microsecond: return ticks_per_second / 1'000'000;
    default: return 1;
  }
}

}  // namespace

std::optional<PartialDate> parse_partial_date(Timeline timeline, const std::string& text) {
  const Strictness strict{.two_digits = !timeline.is_datetime64(), .loose_forms = timeline.is_datetime64()};
  const auto parsed = parse(strict, text);
  if (!parsed) return {};
  const auto begin = join(timeline, parsed->parts);
  if (!begin) return {};
  PartialDate date{*begin, 0, parsed->resolution};
  if (date.resolution <= Resolution::month) {
    DateTime next{.year = parsed->parts.year, .month = parsed->parts.month};
    next.month += date.resolution == Resolution::year ? 12 : date.resolution == Resolution::quarter ? 3 : 1;
    if (next.month > 12) {
      next.month -= 12;
      ++next.year;
      if (next.year == 0 && !has_year_zero(timeline.calendar)) next.year = 1;
    }
    const auto end = join(timeline, next);
    if (!end) return {};
    date.end = *end - 1;
  } else if (__builtin_add_overflow(date.begin, ticks_in(date.resolution, timeline.ticks_per_second) - 1, &date.end)) {
    return {};
  }
  return date;
}

Resolution index_resolution(Timeline timeline, std::span<const std::int64_t> ticks) {
  Resolution finest = Resolution::day;
  for (const std::int64_t tick : ticks) {
    if (tick == not_a_time) continue;
    while (finest < Resolution::nanosecond && tick % ticks_in(finest, timeline.ticks_per_second) != 0)
      finest = static_cast<Resolution>(static_cast<int>(finest) + 1);
  }
  return finest;
}

bool selects_range(Timeline timeline, const PartialDate& date, std::span<const std::int64_t> index) {
  return !timeline.is_datetime64() || date.resolution < index_resolution(timeline, index);
}

}  // namespace rankine::calendar
