#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>

#include "calendar/timeline.hpp"
#include "script/array_text.hpp"
#include "script/labelled.hpp"
#include "script/number_text.hpp"
#include "script/time_units.hpp"

namespace rankine::script {

namespace {

/// The text in two columns around the point: aligned like NumPy's FloatingFormat, "maxprec" mode.
class FloatColumn {
 public:
  FloatColumn(const std::vector<double>& sample, bool single, int precision) : single_(single), precision_(precision) {
    double largest = 0, smallest = 0;
    bool any = false, nonfinite = false, negative_infinity = false, has_nan = false;
    std::vector<double> finite;
    for (const double x : sample) {
      if (!std::isfinite(x)) {
        nonfinite = true;
        has_nan |= std::isnan(x);
        negative_infinity |= x < 0;
        continue;
      }
      finite.push_back(x);
      if (x == 0) continue;
      const double magnitude = std::abs(x);
      largest = any ? std::max(largest, magnitude) : magnitude;
      smallest = any ? std::min(smallest, magnitude) : magnitude;
      any = true;
    }
    exponential_ = any && (largest >= 1e8 || smallest < 1e-4 || largest / smallest > 1000.0);
    if (exponential_) measure_exponential(finite);
    else measure_positional(finite);
    if (nonfinite) {
      const std::size_t behind = right_ + 1;
      const std::size_t infinity = 3 + (negative_infinity ? 1 : 0);
      const std::size_t widest = std::max<std::size_t>(has_nan ? 3 : 3, infinity);
      if (widest > behind) left_ = std::max(left_, widest - behind);
    }
  }

  std::string text(double x) const {
    if (!std::isfinite(x)) {
      const std::string word = std::isnan(x) ? "nan" : x < 0 ? "-inf" : "inf";
      const std::size_t width = left_ + right_ + 1;
      return word.size() < width ? std::string(width - word.size(), ' ') + word : word;
    }
    if (exponential_) {
      auto [mantissa, exponent] = scientific(x);
      std::string whole = mantissa.substr(0, mantissa.find('.'));
      std::string fraction = mantissa.substr(mantissa.find('.') + 1);
      fraction.resize(fraction_, '0');
      std::string sign(1, exponent < 0 ? '-' : '+');
      std::string digits = std::to_string(std::abs(exponent));
      if (digits.size() < exponent_digits_) digits.insert(0, exponent_digits_ - digits.size(), '0');
      return std::string(left_ - std::min(left_, whole.size()), ' ') + whole + "." + fraction + "e" + sign + digits;
    }
    const std::string number = positional(x);
    const std::size_t point = number.find('.');
    return std::string(left_ - std::min(left_, point), ' ') + number +
           std::string(right_ - std::min(right_, number.size() - point - 1), ' ');
  }

 private:
  template <typename F>
  std::string shortest(double x, F format) const {
    char buffer[512];
    const auto result = single_ ? std::to_chars(buffer, buffer + sizeof buffer, static_cast<float>(x), format)
                                : std::to_chars(buffer, buffer + sizeof buffer, x, format);
    return std::string(buffer, result.ptr);
  }
  /// Always with a point; at most `precision_` digits behind it; no zeros at the end.
  std::string positional(double x) const {
    std::string number = shortest(x, std::chars_format::fixed);
    std::size_t point = number.find('.');
    if (point == std::string::npos) return number + ".";
    if (number.size() - point - 1 <= static_cast<std::size_t>(precision_)) return number;
    number = rounded(x, std::chars_format::fixed);
    while (number.back() == '0') number.pop_back();
    return number;
  }
  std::string rounded(double x, std::chars_format format) const {
    char buffer[512];
    return std::string(buffer, std::to_chars(buffer, buffer + sizeof buffer, x, format, precision_).ptr);
  }
  std::pair<std::string, int> scientific(double x) const {
    std::string number = shortest(x, std::chars_format::scientific);
    std::size_t e = number.find('e');
    std::size_t point = number.find('.');
    if (point != std::string::npos && e - point - 1 > static_cast<std::size_t>(precision_)) {
      number = rounded(x, std::chars_format::scientific);
      e = number.find('e');
    }
    std::string mantissa = number.substr(0, e);
    if (mantissa.find('.') == std::string::npos) mantissa += '.';
    while (mantissa.back() == '0') mantissa.pop_back();
    return {mantissa, std::stoi(number.substr(e + 1))};
  }
  void measure_exponential(const std::vector<double>& finite) {
    for (const double x : finite) {
      const auto [mantissa, exponent] = scientific(x);
      left_ = std::max(left_, mantissa.find('.'));
      fraction_ = std::max(fraction_, mantissa.size() - mantissa.find('.') - 1);
      exponent_digits_ = std::max<std::size_t>({exponent_digits_, 2, std::to_string(std::abs(exponent)).size()});
    }
    right_ = exponent_digits_ + 2 + fraction_;
  }
  void measure_positional(const std::vector<double>& finite) {
    for (const double x : finite) {
      const std::string number = positional(x);
      left_ = std::max(left_, number.find('.'));
      right_ = std::max(right_, number.size() - number.find('.') - 1);
    }
  }
  bool single_;
  int precision_;
  bool exponential_ = false;
  std::size_t left_ = 0, right_ = 0, fraction_ = 0, exponent_digits_ = 0;
};

std::string quoted(const std::string& text) { return "'" + text + "'"; }

/// repr() of cftime's dates: "cftime.DatetimeNoLeap(2095, 1, 1, 0, 0, 0, 0, has_year_zero=True)".
std::string cftime_repr(calendar::Calendar calendar, std::int64_t ticks) {
  if (ticks == not_a_time) return "nan";
  static constexpr const char* classes[] = {"Gregorian", "ProlepticGregorian", "NoLeap", "AllLeap", "360Day", "Julian"};
  const calendar::DateTime t = calendar::split(calendar::Timeline::cftime(calendar), ticks);
  std::string text = std::string("cftime.Datetime") + classes[static_cast<std::size_t>(calendar)] + "(";
  for (const std::int64_t part : {t.year, std::int64_t{t.month}, std::int64_t{t.day}, std::int64_t{t.hour}, std::int64_t{t.minute},
                                  std::int64_t{t.second}, std::int64_t{t.nanosecond / 1000}})
    text += std::to_string(part) + ", ";
  return text + "has_year_zero=" + (calendar::has_year_zero(calendar) ? "True" : "False") + ")";
}

/// How each element is written, given all elements that will be seen.
std::function<std::string(std::int64_t)> formatter(const NdArray& a, const std::vector<std::int64_t>& shown,
                                                   const ArrayTextOptions& options) {
  if (is_float(a.dtype())) {
    std::vector<double> sample;
    for (const std::int64_t i : shown) sample.push_back(a.as_double(i));
    return [&a, column = FloatColumn(sample, a.dtype() == DType::float32, options.precision)](std::int64_t i) {
      return column.text(a.as_double(i));
    };
  }
  const auto plain = [&a, calendar = options.calendar, unit = options.unit](std::int64_t i) -> std::string {
    switch (a.dtype()) {
      case DType::boolean: return a.data<bool>()[i] ? "True" : "False";
      case DType::string: return quoted(a.strings()[static_cast<std::size_t>(i)]);
      case DType::datetime64: return quoted(date_text(a.data<std::int64_t>()[i], unit));
      case DType::timedelta64: return a.data<std::int64_t>()[i] == not_a_time ? "'NaT'" : std::to_string(a.data<std::int64_t>()[i] / nanoseconds_in(unit));
      case DType::cftime: return cftime_repr(calendar, a.data<std::int64_t>()[i]);
      case DType::uint64: return std::to_string(a.data<std::uint64_t>()[i]);
      default: return std::to_string(a.as_int64(i));
    }
  };
  std::size_t width = 0;
  for (const std::int64_t i : shown) width = std::max(width, plain(i).size());
  if (a.dtype() == DType::boolean && a.ndim() > 0) width = 5;  // " True" beside True alone, too
  if (a.dtype() == DType::string || a.dtype() == DType::cftime) width = 0;  // NumPy does not align texts and objects
  return [plain, width](std::int64_t i) {
    const std::string text = plain(i);
    return std::string(width - std::min(width, text.size()), ' ') + text;
  };
}

class Layout {
 public:
  Layout(const NdArray& a, const ArrayTextOptions& options, std::string separator)
      : a_(a), options_(options), separator_(std::move(separator)), strides_(c_strides(a.shape())) {
    summarised_ = a.size() > options.threshold;
    collect(0, 0);
    format_ = formatter(a, shown_, options);
  }
  std::string text(const std::string& next_line_prefix, std::size_t width) {
    if (a_.ndim() == 0) return format_(0);
    if (a_.size() == 0) return "[]";
    return axis(0, 0, next_line_prefix, width);
  }

 private:
  /// Positions along `axis` that are shown; -1 stands for "...".
  std::vector<std::int64_t> positions(std::size_t axis) const {
    const std::int64_t extent = a_.shape()[axis];
    std::vector<std::int64_t> result;
    const bool cut = summarised_ && 2 * options_.edge_items < extent;
    for (std::int64_t i = 0; i < extent; ++i) {
      if (cut && i == options_.edge_items) {
        result.push_back(-1);
        i = extent - options_.edge_items;
      }
      result.push_back(i);
    }
    return result;
  }
  void collect(std::size_t axis, std::int64_t offset) {
    if (a_.size() == 0) return;
    if (axis == a_.shape().size()) { shown_.push_back(offset); return; }
    for (const std::int64_t i : positions(axis)) {
      if (i >= 0) collect(axis + 1, offset + i * strides_[axis]);
    }
  }
  static std::string without_trailing_blanks(std::string text) {
    while (!text.empty() && text.back() == ' ') text.pop_back();
    return text;
  }
  std::string axis(std::size_t axis_number, std::int64_t offset, const std::string& indent, std::size_t width) {
    if (axis_number == a_.shape().size()) return format_(offset);
    const std::string next_indent = indent + " ";
    const std::size_t next_width = width - 1;
    const auto items = positions(axis_number);
    std::string out;
    if (axis_number + 1 == a_.shape().size()) {
      const std::string bare = without_trailing_blanks(separator_);
      const std::size_t room = width - std::max<std::size_t>(bare.size(), 1);
      std::string line = indent;
      for (std::size_t k = 0; k < items.size(); ++k) {
        const std::string word = items[k] < 0 ? "..." : axis(axis_number + 1, offset + items[k] * strides_[axis_number], next_indent, next_width);
        if (line.size() + word.size() > room && line.size() > indent.size()) {
          out += without_trailing_blanks(line) + "\n";
          line = indent;
        }
        line += word;
        if (k + 1 < items.size()) line += separator_;
      }
      out += line;
    } else {
      const std::string line_separator = without_trailing_blanks(separator_) + std::string(a_.shape().size() - axis_number - 1, '\n');
      for (std::size_t k = 0; k < items.size(); ++k) {
        out += indent + (items[k] < 0 ? "..." : axis(axis_number + 1, offset + items[k] * strides_[axis_number], next_indent, next_width));
        if (k + 1 < items.size()) out += line_separator;
      }
    }
    return "[" + out.substr(indent.size()) + "]";
  }

  const NdArray& a_;
  ArrayTextOptions options_;
  std::string separator_;
  Shape strides_;
  bool summarised_ = false;
  std::vector<std::int64_t> shown_;
  std::function<std::string(std::int64_t)> format_;
};

std::string scalar_text(const NdArray& a, calendar::Calendar calendar, TimeUnit unit = TimeUnit::nanosecond) {
  switch (a.dtype()) {
    case DType::float32: return float_repr(a.data<float>()[0]);
    case DType::float64: return float_repr(a.data<double>()[0]);
    case DType::string: return a.strings()[0];
    case DType::datetime64: return date_text(a.data<std::int64_t>()[0], unit);
    case DType::timedelta64:
      return a.data<std::int64_t>()[0] == not_a_time ? "NaT" : std::to_string(a.data<std::int64_t>()[0] / nanoseconds_in(unit)) + " " + plural_of(unit);
    case DType::cftime:
      return calendar::format_time(calendar::Timeline::cftime(calendar), a.data<std::int64_t>()[0]);
    default: return Layout(a, {}, " ").text("", 75);
  }
}

}  // namespace

std::string text_of_array(const ArrayObject& object) {
  if (object.array.ndim() == 0) return scalar_text(object.array, object.calendar, object.unit);
  return Layout(object.array, {.calendar = object.calendar, .unit = object.unit}, " ").text(" ", 75);
}

std::string repr_of_array(const NdArray& array, const ArrayTextOptions& options) {
  const bool implied = (array.dtype() == DType::int64 || array.dtype() == DType::float64 ||
                        array.dtype() == DType::boolean) && array.size() > 0;
  std::size_t longest = 0;
  if (array.dtype() == DType::string) {
    for (const auto& text : array.strings()) longest = std::max(longest, character_count(text));
  }
  const std::string dtype = array.dtype() == DType::string && options.texts_are_objects ? "dtype=object"
                            : array.dtype() == DType::string ? "dtype='<U" + std::to_string(longest) + "'"
                            : is_time(array.dtype()) && array.dtype() != DType::cftime
                                ? "dtype='" + name_in_unit(array.dtype(), options.unit) + "'"
                                : "dtype=" + name_of(array.dtype());
  const std::string body = array.size() == 0 && array.ndim() > 1
      ? "[], shape=" + format_tuple(array.shape())
      : Layout(array, options, ", ").text(std::string(7, ' '), options.line_width - 1);
  std::string text = "array(" + body;
  if (implied) return text + ")";
  text += ",";
  const std::size_t newline = text.rfind('\n');
  const std::size_t last = newline == std::string::npos ? text.size() : text.size() - newline - 1;
  const bool wrap = last + dtype.size() + 2 > options.line_width;
  return text + (wrap ? "\n      " : " ") + dtype + ")";
}
std::string repr_of_array(const ArrayObject& object) {
  const NdArray& array = object.array;
  if (!object.is_scalar()) return repr_of_array(array, ArrayTextOptions{.calendar = object.calendar, .unit = object.unit});
  // The repr of a NumPy scalar in NumPy 1 is its value.
  const std::string text = scalar_text(array, object.calendar, object.unit);
  if (array.dtype() == DType::string) return quoted(array.strings()[0]);
  if (array.dtype() == DType::datetime64) return "numpy.datetime64(" + quoted(text) + (object.unit == TimeUnit::hour && text != "NaT" ? ",'h')" : ")");
  if (array.dtype() == DType::timedelta64) {
    const std::string count = text == "NaT" ? quoted(text) : text.substr(0, text.find(' '));
    return "numpy.timedelta64(" + count + ",'" + code_of(object.unit) + "')";
  }
  if (array.dtype() == DType::cftime) return cftime_repr(object.calendar, array.data<std::int64_t>()[0]);
  return text;
}

}  // namespace rankine::script
