#pragma once
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace rankine {

/// Which dims an operation runs over: `{}` (all), "time", {"lat", "lon"}.
class Dims {
 public:
  Dims() = default;
  Dims(const char* name) : names_({std::string(name)}) {}
  Dims(std::string name) : names_({std::move(name)}) {}
  Dims(std::initializer_list<const char*> names) : names_(std::in_place, names.begin(), names.end()) {}
  Dims(std::vector<std::string> names) : names_(std::move(names)) {}
  /// Absent: all.
  const std::optional<std::vector<std::string>>& names() const { return names_; }

 private:
  std::optional<std::vector<std::string>> names_;
};

/// One coordinate label: a number, a string, or a date as text ("1991", "2000-07-01T06:00").
class Label {
 public:
  template <std::integral T>
  Label(T value) : value_(static_cast<std::int64_t>(value)) {}
  template <std::floating_point T>
  Label(T value) : value_(static_cast<double>(value)) {}
  Label(const char* text) : value_(std::string(text)) {}
  Label(std::string text) : value_(std::move(text)) {}
  const std::variant<std::int64_t, double, std::string>& value() const { return value_; }

 private:
  std::variant<std::int64_t, double, std::string> value_;
};

/// Labels from `first` to `last`, both included, as `slice(first, last)` in xarray's sel; an absent end is open.
/// A partial date means all of it: {"1991", "1993"} ends with December 1993.
struct LabelRange {
  std::optional<Label> first = {};
  std::optional<Label> last = {};
};

/// Positions start, start + step ... below stop, as Python's slice in isel; negative ones count from the end.
struct PositionRange {
  std::optional<std::int64_t> start = {};
  std::optional<std::int64_t> stop = {};
  std::optional<std::int64_t> step = {};
};

/// What sel takes for a dim: one label (the dim vanishes), several, or a range.
class LabelSelection {
 public:
  template <std::convertible_to<Label> T>
  LabelSelection(T&& label) : value_(Label(std::forward<T>(label))) {}
  LabelSelection(std::vector<Label> labels) : value_(std::move(labels)) {}
  LabelSelection(LabelRange range) : value_(std::move(range)) {}
  const std::variant<Label, std::vector<Label>, LabelRange>& value() const { return value_; }

 private:
  std::variant<Label, std::vector<Label>, LabelRange> value_;
};

/// What isel takes for a dim: one position (the dim vanishes), several, or a range.
class PositionSelection {
 public:
  template <std::integral T>
  PositionSelection(T position) : value_(static_cast<std::int64_t>(position)) {}
  PositionSelection(std::vector<std::int64_t> positions) : value_(std::move(positions)) {}
  PositionSelection(PositionRange range) : value_(range) {}
  const std::variant<std::int64_t, std::vector<std::int64_t>, PositionRange>& value() const { return value_; }

 private:
  std::variant<std::int64_t, std::vector<std::int64_t>, PositionRange> value_;
};

using LabelSelections = std::vector<std::pair<std::string, LabelSelection>>;
using PositionSelections = std::vector<std::pair<std::string, PositionSelection>>;

/// How sel finds labels that are not there.
struct SelOptions {
  std::string method = {};               ///< "" (exact), "nearest", "ffill", "bfill"
  std::optional<double> tolerance = {};  ///< farthest that a label may be; dates in nanoseconds
};

/// The keywords of xarray's reductions.
struct ReduceOptions {
  std::optional<bool> skipna = {};      ///< absent: NaN is skipped where the dtype has it
  double ddof = 0;                      ///< stddev and var divide by (count - ddof)
  std::int64_t min_count = 0;           ///< sum and prod: NaN with fewer values than this
  std::optional<bool> keep_attrs = {};  ///< absent: dropped; kept by groupby and resample
};

/// One attribute: a text, texts, a number or numbers.
using Attribute = std::variant<std::string, std::vector<std::string>, std::int64_t, double,
                               std::vector<std::int64_t>, std::vector<double>>;
using Attributes = std::vector<std::pair<std::string, Attribute>>;

/// New names for old: {{"longitude", "lon"}}.
using Renaming = std::vector<std::pair<std::string, std::string>>;

/// Elements in C order (the last dim varies fastest) with their shape.
template <class T>
struct Values {
  std::vector<std::int64_t> shape;
  std::vector<T> elements;
};

}  // namespace rankine
