#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>

#include "array/alignment.hpp"
#include "array/indexing.hpp"
#include "array/loader.hpp"
#include "base/error.hpp"
#include "base/missing_error.hpp"
#include "calendar/partial_date.hpp"

namespace rankine::array {
namespace {

/// NaN or NaT: a label without a place in an order.
bool is_unordered(const NdArray& labels, std::int64_t i) {
  if (is_float(labels.dtype())) return std::isnan(labels.as_double(i));
  return is_time(labels.dtype()) && labels.as_int64(i) == not_a_time;
}

/// One index with what its labels mean. Numbers and times compare as they are stored.
struct LabelIndex {
  std::string dim;
  NdArray labels;
  calendar::Timeline timeline;
  bool has_dates = false;
  bool increasing = true;
  bool decreasing = true;
  bool repeats = false;  ///< a label equals the one before it

  LabelIndex(const std::string& name, const Variable& variable) : dim(name), labels(values_of(variable)) {
    has_dates = labels.dtype() == DType::datetime64 || labels.dtype() == DType::cftime;
    timeline = labels.dtype() == DType::cftime ? calendar::Timeline::cftime(variable.calendar)
                                               : calendar::Timeline::datetime64();
    for (std::int64_t i = 0; i < labels.size(); ++i) {
      const int order = i == 0 ? 0 : compare(i - 1, labels, i);
      const bool ordered = !is_unordered(labels, i);
      repeats = repeats || (i > 0 && order == 0);
      increasing = increasing && ordered && order <= 0;
      decreasing = decreasing && ordered && order >= 0;
    }
  }

  std::int64_t size() const { return labels.size(); }
  bool is_sorted() const { return increasing || decreasing; }

  /// What keeps labels from being looked up by their order, and what to do: for errors.
  std::string disorder() const {
    const LabelLookup lookup(labels);
    std::string what = "the index of '" + dim + "' is ";
    if (!is_sorted()) what += "unsorted";
    std::string advice = "sort it first: .sortby('" + dim + "')";
    for (std::int64_t i = 0; i < size() && lookup.has_duplicates(); ++i) {
      if (lookup.find(labels, i) == i) continue;
      what += std::string(is_sorted() ? "" : " and ") + "non-unique (" + format(labels, i) + " occurs more than once)";
      advice = "one label each and sorted is what .groupby('" + dim + "').mean() gives; .sortby('" + dim + "') only sorts";
      break;
    }
    return what + "; " + advice;
  }

  /// -1, 0, 1: label i against element j of `other`; 2: one of them is NaN.
  int compare(std::int64_t i, const NdArray& other, std::int64_t j) const {
    if (labels.dtype() == DType::string)
      return labels.strings()[static_cast<std::size_t>(i)].compare(other.strings()[static_cast<std::size_t>(j)]);
    if (is_float(labels.dtype()) || is_float(other.dtype())) {
      const double a = labels.as_double(i);
      const double b = other.as_double(j);
      return a < b ? -1 : a > b ? 1 : a == b ? 0 : 2;
    }
    const std::int64_t a = labels.as_int64(i);
    const std::int64_t b = other.as_int64(j);
    return a < b ? -1 : a > b;
  }

  std::string format(const NdArray& values, std::int64_t i) const {
    if (values.dtype() == DType::string) return "'" + values.strings()[static_cast<std::size_t>(i)] + "'";
    if (has_dates && is_time(values.dtype())) return calendar::format_time(timeline, values.as_int64(i));
    if (!is_float(values.dtype())) return std::to_string(values.as_int64(i));
    std::ostringstream text;
    text.precision(values.dtype() == DType::float32 ? 7 : 15);
    text << values.as_double(i);
    const std::string digits = text.str();
    return digits.find_first_of(".en") == std::string::npos ? digits + ".0" : digits;
  }

  /// `hint`: what else could be written.
  [[noreturn]] void fail(const NdArray& label, std::int64_t i, const std::string& hint = " (method='nearest' takes the nearest)") const {
    std::string message = "'" + dim + "' has no label " + format(label, i);
    if (size() == 0) throw MissingNameError(message + "; it is empty");
    if (!is_sorted() || is_unordered(label, i)) throw MissingNameError(message);
    const bool comparable = (label.dtype() == DType::string) == (labels.dtype() == DType::string);
    if (!comparable || labels.dtype() == DType::string) {
      message += "; it goes from " + format(labels, 0) + " to " + format(labels, size() - 1);
    } else {
      std::int64_t below = -1;
      std::int64_t above = -1;
      for (std::int64_t k = 0; k < size(); ++k) {
        if (compare(k, label, i) < 0 && (below < 0 || increasing)) below = k;
        if (compare(k, label, i) < 0 && decreasing && !increasing) { below = k; break; }
      }
      for (std::int64_t k = 0; k < size(); ++k)
        if (compare(k, label, i) > 0) { above = k; if (increasing) break; }
      if (below >= 0 && above >= 0) message += "; nearest are " + format(labels, below) + " and " + format(labels, above);
      else message += "; nearest is " + format(labels, below >= 0 ? below : above);
    }
    throw MissingNameError(message + hint);
  }

  /// The label as it is looked up: numbers in the dtype of an index of floats, as xarray casts them, so that 0.1 finds
  /// float32(0.1). Bounds of slices are compared as they are given.
  NdArray cast_to_own(const NdArray& label) const {
    const NdArray kind = own_kind(label);
    const bool number = is_float(kind.dtype()) || is_integer(kind.dtype());
    if (!is_float(labels.dtype()) || !number || kind.dtype() == labels.dtype()) return kind;
    return load(cast(constant(kind), labels.dtype()));
  }

  /// Turns strings into the index's own kind of label (the begin of a partial date).
  NdArray own_kind(const NdArray& label) const {
    if (label.dtype() == DType::string && has_dates) {
      NdArray ticks(labels.dtype(), label.shape());
      for (std::int64_t i = 0; i < label.size(); ++i) ticks.data<std::int64_t>()[i] = date(label, i).begin;
      return ticks;
    }
    const bool text = label.dtype() == DType::string;
    const bool own_text = labels.dtype() == DType::string;
    const bool label_time = is_time(label.dtype());
    if (label.size() == 0) return label;
    const bool truth = label.dtype() == DType::boolean;
    if (text != own_text || truth != (labels.dtype() == DType::boolean) || label_time != is_time(labels.dtype()) || (label_time && label.dtype() != labels.dtype()))
      throw MissingNameError("the labels of '" + dim + "' are " + name_of(labels.dtype()) + ", so " + format(label, 0) +
                       " (" + name_of(label.dtype()) + ") is not among them");
    return label;
  }

  calendar::PartialDate date(const NdArray& label, std::int64_t i) const {
    const std::string& text = label.strings()[static_cast<std::size_t>(i)];
    const auto parsed = calendar::parse_partial_date(timeline, text);
    if (!parsed) {
      // A date that others have, such as 29 February.
      const bool elsewhere = !timeline.is_datetime64() && calendar::parse_partial_date(calendar::Timeline::cftime(calendar::Calendar::all_leap), text);
      throw UsageError("'" + text + "' is not a date that can select along '" + dim + "'" +
                       (elsewhere ? ": its calendar, " + std::string(calendar::name_of(timeline.calendar)) + ", does not have it" : ""));
    }
    return *parsed;
  }

  /// First position not before `label` in the direction of the index; `after`: first one beyond it.
  std::int64_t bound(const NdArray& label, bool after) const {
    std::int64_t low = 0;
    std::int64_t high = size();
    while (low < high) {
      const std::int64_t middle = (low + high) / 2;
      int order = compare(middle, label, 0);
      if (!increasing) order = -order;
      if (order < 0 || (after && order == 0)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /// Every position of a label; NaN is found among NaN, as in pandas.
  std::vector<std::int64_t> matches(const NdArray& label, std::int64_t i) const {
    std::vector<std::int64_t> found;
    const bool missing = is_unordered(label, i);
    for (std::int64_t k = 0; k < size(); ++k)
      if (missing ? is_unordered(labels, k) : compare(k, label, i) == 0) found.push_back(k);
    return found;
  }

  double distance(std::int64_t k, const NdArray& label, std::int64_t i) const {
    if (is_float(labels.dtype()) || is_float(label.dtype())) return std::abs(labels.as_double(k) - label.as_double(i));
    return std::abs(static_cast<double>(labels.as_int64(k) - label.as_int64(i)));
  }

  /// Position by pandas' inexact methods; ties go to the larger label.
  std::int64_t inexact(const NdArray& label, std::int64_t i, const SelOptions& options) const {
    if (labels.dtype() == DType::string)
      throw UsageError("method='" + options.method + "' needs numbers or dates, but the labels of '" + dim + "' are texts");
    if (!is_sorted() || repeats)
      throw UsageError("method='" + options.method + "' cannot look up " + format(label, i) + ": " + disorder());
    if (is_unordered(label, i)) fail(label, i);
    const NdArray one = label.ndim() == 0 ? label : load(slice(constant(label), {i}, {1}, {1}));
    const std::int64_t first_beyond = bound(one, true);
    std::int64_t previous = first_beyond - 1;
    std::int64_t next = previous >= 0 && compare(previous, one, 0) == 0 ? previous : first_beyond;
    if (next >= size()) next = -1;
    std::int64_t at = -1;
    if (options.method == "nearest") {
      if (previous < 0 || next < 0) {
        at = std::max(previous, next);
      } else {
        const double left = distance(previous, one, 0);
        const double right = distance(next, one, 0);
        at = increasing ? (left < right ? previous : next) : (left <= right ? previous : next);
      }
    } else if (options.method == "pad" || options.method == "ffill") {
      at = previous;
    } else if (options.method == "backfill" || options.method == "bfill") {
      at = next;
    } else {
      throw UsageError("method='" + options.method + "' is unknown; there are nearest, pad (ffill), backfill (bfill)");
    }
    double tolerance = options.tolerance.value_or(std::numeric_limits<double>::infinity());
    if (labels.dtype() == DType::cftime) tolerance /= 1000;
    if (at >= 0 && distance(at, one, 0) <= tolerance) return at;
    if (is_unordered(label, i)) fail(label, i);
    if (at < 0) fail(label, i, " (method='" + options.method + "' finds none on its side)");
    std::ostringstream given;
    given << *options.tolerance;
    fail(label, i, ", beyond tolerance=" + given.str() + (has_dates || is_time(labels.dtype()) ? " nanoseconds" : ""));
  }
};

PositionIndexer range(std::int64_t begin, std::int64_t end, std::optional<std::int64_t> step = {}) {
  return PositionSlice{begin, std::max(begin, end), step};
}

bool is_run(const std::vector<std::int64_t>& positions) {
  return !positions.empty() && positions.back() - positions.front() + 1 == static_cast<std::int64_t>(positions.size());
}

/// Without an order only labels that are there, once or side by side, can bound a slice: it takes what lies between.
std::int64_t position_in_disorder(const LabelIndex& index, const NdArray& label, bool is_start) {
  const auto found = index.matches(label, 0);
  if (is_run(found)) return is_start ? found.front() : found.back() + 1;
  throw MissingNameError(std::string("no slice of '") + index.dim + "' can " + (is_start ? "begin" : "end") + " at " +
                         index.format(label, 0) + ": " + index.disorder());
}

/// Partial dates bound an index without order only if all of it lies between them.
PositionIndexer all_between(const LabelIndex& index, const std::optional<NdArray>& start, const std::optional<NdArray>& stop,
                            std::optional<std::int64_t> step) {
  for (std::int64_t k = 0; k < index.size(); ++k) {
    const bool inside = !is_unordered(index.labels, k) && (!start || index.compare(k, *start, 0) >= 0) &&
                        (!stop || index.compare(k, *stop, 0) <= 0);
    if (!inside)
      throw MissingNameError("no slice between dates can be taken along '" + index.dim + "': " + index.disorder());
  }
  return range(0, index.size(), step);
}

PositionIndexer select_slice(const LabelIndex& index, const LabelSlice& labels) {
  if (labels.step && *labels.step < 0) throw UnsupportedError("label slices with a negative step are not supported");
  const auto bound_of = [&](const std::optional<NdArray>& given, bool is_start) -> std::optional<NdArray> {
    if (!given) return std::nullopt;
    if (given->dtype() != DType::string || !index.has_dates) return index.own_kind(*given);
    const auto date = index.date(*given, 0);
    const bool begin = is_start == (index.increasing || !index.decreasing);
    return NdArray::scalar(begin ? date.begin : date.end).viewed_as(index.labels.dtype());
  };
  const auto start = bound_of(labels.start, true);
  const auto stop = bound_of(labels.stop, false);
  const auto is_text = [](const std::optional<NdArray>& given) { return given && given->dtype() == DType::string; };
  if (index.has_dates && !index.is_sorted() && (is_text(labels.start) || is_text(labels.stop)))
    return all_between(index, start, stop, labels.step);
  const auto position = [&](const NdArray& label, bool is_start) {
    if (!index.is_sorted()) return position_in_disorder(index, label, is_start);
    if (is_unordered(label, 0)) index.fail(label, 0);
    return index.bound(label, !is_start);
  };
  const std::int64_t begin = start ? position(*start, true) : 0;
  const std::int64_t end = stop ? position(*stop, false) : index.size();
  return range(begin, end, labels.step);
}

PositionIndexer select_one(const LabelIndex& index, const NdArray& given, const SelOptions& options) {
  if (given.dtype() == DType::string && index.has_dates && options.method.empty()) {
    const auto date = index.date(given, 0);
    if (calendar::selects_range(index.timeline, date, index.labels.values<std::int64_t>())) {
      std::vector<std::int64_t> inside;
      for (std::int64_t k = 0; k < index.size(); ++k) {
        const std::int64_t tick = index.labels.data<std::int64_t>()[k];
        if (tick >= date.begin && tick <= date.end) inside.push_back(k);
      }
      // Within the range of a rising index there may just be no samples; outside of it the date is not there.
      if (inside.empty() && index.increasing && index.size() > 0) {
        const std::int64_t* ticks = index.labels.data<std::int64_t>();
        if (date.end < ticks[0] || date.begin > ticks[index.size() - 1]) index.fail(given, 0);
      }
      if (inside.empty()) return range(0, 0);
      if (is_run(inside)) return range(inside.front(), inside.back() + 1);
      return NdArray::from(inside);
    }
  }
  const NdArray label = index.cast_to_own(given);
  if (!options.method.empty()) return NdArray::scalar(index.inexact(label, 0, options));
  const auto found = index.matches(label, 0);
  if (found.empty()) index.fail(label, 0);
  if (found.size() == 1) return NdArray::scalar(found[0]);
  if (is_run(found)) return range(found.front(), found.back() + 1);
  return NdArray::from(found);
}

NdArray select_many(const LabelIndex& index, const NdArray& given, const SelOptions& options) {
  if (given.dtype() == DType::boolean && index.labels.dtype() != DType::boolean) return given;
  if (given.ndim() > 1)
    throw UnsupportedError("selecting along '" + index.dim + "' with an array of " + std::to_string(given.ndim()) +
                           " dims is not supported");
  const NdArray labels = index.cast_to_own(given);
  NdArray positions(DType::int64, labels.shape());
  const LabelLookup lookup(index.labels);
  if (lookup.has_duplicates()) throw UsageError("a list cannot select along '" + index.dim + "': " + index.disorder());
  for (std::int64_t i = 0; i < labels.size(); ++i) {
    const std::int64_t at = options.method.empty() ? lookup.find(labels, i) : index.inexact(labels, i, options);
    if (at < 0) index.fail(labels, i);
    positions.data<std::int64_t>()[i] = at;
  }
  return positions;
}

PositionIndexer select_labels(const LabelIndex& index, const LabelIndexer& indexer, const SelOptions& options) {
  if (const auto* slice = std::get_if<LabelSlice>(&indexer)) {
    if (!options.method.empty()) throw UsageError("method='" + options.method + "' cannot be used with slices");
    return select_slice(index, *slice);
  }
  if (const auto* values = std::get_if<NdArray>(&indexer)) {
    if (values->ndim() == 0) return select_one(index, *values, options);
    return select_many(index, *values, options);
  }
  const auto& array = std::get<DataArray>(indexer);
  const NdArray values = values_of(array);
  if (values.dtype() == DType::boolean) return array;
  if (values.ndim() == 0) return select_one(index, values, options);
  DataArray positions = array;
  positions.variable = with_data(array.variable, constant(select_many(index, values, options)));
  positions.coords.erase(index.dim);
  return positions;
}

/// Labels along a dim without coordinate are positions.
PositionIndexer as_positions(const LabelIndexer& indexer) {
  if (const auto* slice = std::get_if<LabelSlice>(&indexer)) {
    PositionSlice out;
    if (slice->start) out.start = slice->start->as_int64(0);
    if (slice->stop) out.stop = slice->stop->as_int64(0);
    out.step = slice->step;
    return out;
  }
  if (const auto* values = std::get_if<NdArray>(&indexer)) return *values;
  return std::get<DataArray>(indexer);
}

}  // namespace

Dataset sel(const Dataset& x, const Indexers<LabelIndexer>& indexers, const SelOptions& options) {
  const auto dims = names_of(x.sizes());
  Indexers<PositionIndexer> positions;
  for (const auto& [dim, indexer] : indexers) {
    const bool is_dim = std::find(dims.begin(), dims.end(), dim) != dims.end();
    if (const Variable* index = x.index(dim)) {
      positions.emplace_back(dim, select_labels(LabelIndex(dim, *index), indexer, options));
    } else if (is_dim) {
      if (!options.method.empty())
        throw UsageError("method='" + options.method + "' needs labels, but dimension '" + dim + "' has no coordinate");
      positions.emplace_back(dim, as_positions(indexer));
    } else if (x.variables.contains(dim)) {
      throw UsageError("'" + dim + "' is not an index, so sel cannot use it; the dims are " + format_names(dims));
    } else {
      throw MissingNameError("no dimension or coordinate '" + dim + "' to select along; the dims are " + format_names(dims));
    }
  }
  return isel(x, positions, options.drop);
}

DataArray sel(const DataArray& x, const Indexers<LabelIndexer>& indexers, const SelOptions& options) {
  return through_dataset(x, [&](const Dataset& dataset) { return sel(dataset, indexers, options); });
}

}  // namespace rankine::array
