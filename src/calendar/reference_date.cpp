#include "calendar/reference_date.hpp"

#include <cctype>
#include <string_view>

#include "calendar/month_names.hpp"

namespace rankine::calendar {
namespace {

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}
  bool done() const { return text_.empty(); }
  bool accept(char c) {
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  void skip_blanks() {
    while (!text_.empty() && std::isspace(static_cast<unsigned char>(text_.front()))) text_.remove_prefix(1);
  }
  std::size_t digits_ahead() const {
    std::size_t count = 0;
    while (count < text_.size() && std::isdigit(static_cast<unsigned char>(text_[count]))) ++count;
    return count;
  }
  /// A number of at most `most` digits.
  bool number(std::size_t most, int& value) {
    const std::size_t digits = digits_ahead();
    if (digits == 0 || digits > most) return false;
    value = take(digits);
    return true;
  }
  int take(std::size_t digits) {
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) value = value * 10 + (text_[i] - '0');
    text_.remove_prefix(digits);
    return value;
  }
  /// Fraction of a second in ns; digits beyond the ninth are cut off.
  int fraction() {
    const std::size_t digits = digits_ahead();
    int ns = 0;
    for (std::size_t i = 0; i < 9; ++i) ns = ns * 10 + (i < digits ? text_[i] - '0' : 0);
    text_.remove_prefix(digits);
    return ns;
  }
  bool accept_word(std::string_view word) {
    if (text_.size() < word.size()) return false;
    for (std::size_t i = 0; i < word.size(); ++i)
      if (std::toupper(static_cast<unsigned char>(text_[i])) != word[i]) return false;
    text_.remove_prefix(word.size());
    return true;
  }
  bool ahead(char c) const { return !text_.empty() && text_.front() == c; }

 private:
  std::string_view text_;
};

bool read_month_name(Scanner& scan, int& month) {
  for (int i = 0; i < 12; ++i) {
    if (scan.accept_word(month_names[i])) {
      month = i + 1;
      return true;
    }
  }
  return false;
}

bool read_date(Scanner& scan, ReferenceDate& out) {
  DateTime& parts = out.parts;
  const bool negative = scan.accept('-');
  if (!negative) scan.accept('+');
  if (scan.digits_ahead() == 8) {
    parts.year = scan.take(4);
    parts.month = scan.take(2);
    parts.day = scan.take(2);
    out.only_pandas = true;
    return true;
  }
  int first = 0;
  if (!scan.number(6, first)) return false;
  parts.year = negative ? -first : first;
  const char separator = scan.ahead('/') ? '/' : '-';
  if (!scan.accept(separator)) {
    out.only_pandas = true;
    return scan.done();
  }
  if (read_month_name(scan, parts.month)) {
    int year = 0;
    if (negative || !scan.accept(separator) || !scan.number(4, year)) return false;
    parts.day = first;
    parts.year = year;
    out.only_pandas = true;
    return true;
  }
  if (!scan.number(2, parts.month)) return false;
  out.only_pandas = separator == '/';
  if (scan.accept(separator)) return scan.number(2, parts.day);
  out.only_pandas = true;
  return true;
}

bool read_clock(Scanner& scan, DateTime& parts) {
  if (!scan.number(2, parts.hour)) return false;
  if (!scan.accept(':')) return true;
  if (!scan.number(2, parts.minute)) return false;
  if (!scan.accept(':')) return true;
  if (!scan.number(2, parts.second)) return false;
  if (scan.accept('.')) parts.nanosecond = scan.fraction();
  return true;
}

bool read_zone(Scanner& scan, ReferenceDate& out) {
  scan.skip_blanks();
  if (scan.done()) return true;
  if (scan.accept_word("Z") || scan.accept_word("UTC") || scan.accept_word("GMT")) {
    out.utc_offset_s = 0;
    return scan.done();
  }
  const bool west = scan.accept('-');
  if (!west && !scan.accept('+')) return false;
  int hours = 0;
  int minutes = 0;
  const std::size_t digits = scan.digits_ahead();
  if (digits == 4) {
    hours = scan.take(2);
    minutes = scan.take(2);
  } else if (!scan.number(2, hours) || (scan.accept(':') && !scan.number(2, minutes))) {
    return false;
  }
  out.utc_offset_s = (west ? -1 : 1) * (hours * 3600 + minutes * 60);
  return scan.done();
}

}  // namespace

std::optional<ReferenceDate> parse_reference_date(const std::string& text) {
  Scanner scan(text);
  ReferenceDate out;
  scan.skip_blanks();
  if (!read_date(scan, out)) return {};
  const bool clock_follows = scan.accept('T') || scan.accept('t');
  scan.skip_blanks();
  if ((clock_follows || scan.digits_ahead() > 0) && !read_clock(scan, out.parts)) return {};
  if (!read_zone(scan, out)) return {};
  return out;
}

}  // namespace rankine::calendar
