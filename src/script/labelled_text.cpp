#include <algorithm>
#include <cmath>

#include "array/evaluate.hpp"
#include "array/stored_texts.hpp"
#include "base/error.hpp"
#include "calendar/timeline.hpp"
#include "script/array_text.hpp"
#include "script/interpreter.hpp"
#include "script/labelled.hpp"
#include "script/number_text.hpp"
#include "script/operations.hpp"

namespace rankine::script {

namespace {

constexpr std::size_t display_width = 80;
constexpr std::size_t max_rows = 12;

std::string padded(std::string text, std::size_t width) {
  const std::size_t length = character_count(text);
  if (length > width) return text.substr(0, width - 1) + "…";
  return text + std::string(width - length, ' ');
}
std::string truncated(const std::string& text, std::size_t width) {
  return text.size() > width ? text.substr(0, width > 3 ? width - 3 : 0) + "..." : text;
}

/// pandas' str(Timedelta), in xarray's short forms.
std::string timedelta_text(std::int64_t ns, bool days_wanted, bool time_wanted) {
  if (ns == not_a_time) return "NaT";
  constexpr std::int64_t day = 86'400'000'000'000;
  std::int64_t days = ns / day;
  std::int64_t rest = ns % day;
  if (rest < 0) { rest += day; --days; }
  const auto two = [](std::int64_t v) { return (v < 10 ? "0" : "") + std::to_string(v); };
  const std::int64_t seconds = rest / 1'000'000'000;
  std::string time = two(seconds / 3600) + ":" + two(seconds / 60 % 60) + ":" + two(seconds % 60);
  if (const std::int64_t fraction = rest % 1'000'000'000; fraction != 0) {
    std::string digits = std::to_string(fraction);
    digits.insert(0, 9 - digits.size(), '0');
    time += "." + (fraction % 1000 == 0 ? digits.substr(0, 6) : digits);
  }
  if (days_wanted && !time_wanted) return std::to_string(days) + " days";
  if (!days_wanted) return time;
  return std::to_string(days) + " days " + time;
}

std::string timestamp_text(const std::string& full) {
  const std::size_t blank = full.find(' ');
  if (blank == std::string::npos) return full;
  return full.substr(blank + 1) == "00:00:00" ? full.substr(0, blank) : full.substr(0, blank) + "T" + full.substr(blank + 1);
}

std::vector<std::string> item_texts(const NdArray& values, std::int64_t begin, std::int64_t end, calendar::Calendar cal,
                                    const char* mark_of_texts) {
  bool days = false, time = false;
  if (values.dtype() == DType::timedelta64) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t ns = values.data<std::int64_t>()[i];
      if (ns == not_a_time) continue;
      days |= std::abs(ns) >= 86'400'000'000'000;
      time |= ns % 86'400'000'000'000 != 0;
    }
  }
  std::vector<std::string> texts;
  for (std::int64_t i = begin; i < end; ++i) {
    switch (values.dtype()) {
      case DType::datetime64: {
        const std::int64_t ns = values.data<std::int64_t>()[i];
        texts.push_back(ns == not_a_time ? "NaT" : timestamp_text(calendar::format_time(calendar::Timeline::datetime64(), ns)));
        break;
      }
      case DType::cftime:
        texts.push_back(calendar::format_time(calendar::Timeline::cftime(cal), values.data<std::int64_t>()[i]));
        break;
      case DType::timedelta64:
        texts.push_back(timedelta_text(values.data<std::int64_t>()[i], days, time));
        break;
      case DType::string: texts.push_back(mark_of_texts + ("'" + values.strings()[static_cast<std::size_t>(i)] + "'")); break;
      case DType::float32: case DType::float64: {
        FormatSpec spec;
        spec.precision = 4;
        texts.push_back(format_number(values.as_double(i), spec));
        break;
      }
      case DType::boolean: texts.push_back(values.data<bool>()[i] ? "True" : "False"); break;
      case DType::uint64: texts.push_back(std::to_string(values.data<std::uint64_t>()[i])); break;
      default: texts.push_back(std::to_string(values.as_int64(i)));
    }
  }
  return texts;
}

/// xarray's format_array_flat: as many items from both ends as fit.
std::string flat_text(const array::Variable& variable, std::size_t max_width) {
  const NdArray values = array::evaluate_constant(variable.data);
  const calendar::Calendar cal = variable.calendar;
  const char* mark = array::byte_width(variable) ? "b" : "";  // Python's bytes
  const std::int64_t size = values.size();
  const auto by_width = static_cast<std::int64_t>(std::max<std::size_t>((max_width + 1) / 2, 2));
  const std::int64_t relevant = std::min(std::max<std::int64_t>(size, 1), by_width);
  const auto front = item_texts(values, 0, std::min(size, (relevant + 1) / 2), cal, mark);
  const auto back = item_texts(values, std::max<std::int64_t>(0, size - relevant / 2), size, cal, mark);
  std::vector<std::size_t> lengths;
  std::size_t total = 0;
  for (std::size_t i = 0; i < std::max(front.size(), back.size()) && lengths.size() < static_cast<std::size_t>(relevant); ++i) {
    if (i < front.size()) lengths.push_back((total += front[i].size() + 1) - 1);
    if (i < back.size() && lengths.size() < static_cast<std::size_t>(relevant))
      lengths.push_back((total += back[back.size() - 1 - i].size() + 1) - 1);
  }
  std::string padding;
  std::int64_t count = size;
  const bool too_wide = std::any_of(lengths.begin(), lengths.end(), [&](std::size_t l) { return l > max_width; });
  if (size > 2 && (relevant < size || too_wide)) {
    padding = " ... ";
    std::int64_t first = 0;
    for (std::size_t i = 0; i < lengths.size(); ++i) {
      if (lengths[i] + padding.size() - 1 > max_width) { first = static_cast<std::int64_t>(i); break; }
    }
    count = std::min(size, std::max<std::int64_t>(first, 2));
  } else if (count > 1) {
    padding = " ";
  }
  const std::int64_t in_front = (count + 1) / 2;
  std::string text;
  for (std::int64_t i = 0; i < in_front && i < static_cast<std::int64_t>(front.size()); ++i)
    text += (i == 0 ? "" : " ") + front[static_cast<std::size_t>(i)];
  text += padding;
  const std::int64_t in_back = count - in_front;
  for (std::int64_t i = 0; i < in_back; ++i)
    text += (i == 0 ? "" : " ") + back[back.size() - static_cast<std::size_t>(in_back - i)];
  return text.size() > max_width ? text.substr(0, max_width > 3 ? max_width - 3 : 0) + "..." : text;
}

std::string dtype_text(const array::Variable& variable) {
  if (variable.dtype() != DType::string) return name_of(variable.dtype());
  if (const auto width = array::byte_width(variable)) return "|S" + std::to_string(*width);
  if (variable.encoding.contains("original_shape")) return "object";  // from a NetCDF file; Zarr may have texts of one width
  std::size_t longest = 0;
  if (array::is_constant(variable.data)) {
    for (const auto& text : array::evaluate_constant(variable.data).strings()) longest = std::max(longest, character_count(text));
  }
  return "<U" + std::to_string(longest);
}

std::string summary(const std::string& name, const array::Variable& variable, std::size_t column, bool is_index) {
  std::string front = padded(std::string("  ") + (is_index ? "*" : " ") + " " + name + " ", column);
  if (!variable.dims.empty()) {
    front += "(";
    for (std::size_t i = 0; i < variable.dims.size(); ++i) front += (i == 0 ? "" : ", ") + variable.dims[i];
    front += ") ";
  }
  front += dtype_text(variable) + " ";
  const std::size_t width = display_width - std::min(display_width, front.size());
  return front + (array::is_constant(variable.data) ? flat_text(variable, width) : "...");
}

template <typename Names>
std::size_t column_width(const Names& names) {
  std::size_t longest = 0;
  for (const auto& name : names) longest = std::max(longest, character_count(name));
  return std::max<std::size_t>(longest, 7) + 6;
}

/// Title and one line an entry; the middle is left out of long ones.
std::string section(const std::string& title, const std::vector<std::string>& lines, std::size_t column, bool limited) {
  std::string text = title + ":";
  if (lines.empty()) return text + "\n    *empty*";
  const bool cut = limited && lines.size() > max_rows;
  if (cut) text += " (" + std::to_string(max_rows) + "/" + std::to_string(lines.size()) + ")";
  const std::size_t first = max_rows / 2 + max_rows % 2;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (cut && i == first) {
      text += "\n" + padded("    ...", column) + " ...";
      i = lines.size() - max_rows / 2;
    }
    text += "\n" + lines[i];
  }
  return text;
}

std::string wrapped(const std::vector<std::string>& elements, std::size_t column) {
  std::string text;
  std::size_t row = 0;
  for (std::size_t i = 0; i < elements.size(); ++i) {
    const std::string element = elements[i] + (i + 1 < elements.size() ? ", " : "");
    row += element.size();
    if (column + row > display_width) {
      while (!text.empty() && text.back() == ' ') text.pop_back();
      text += "\n" + std::string(column, ' ') + element;
      row = element.size();
    } else {
      text += element;
    }
  }
  return text;
}

std::vector<std::string> size_texts(const array::DimSizes& sizes) {
  std::vector<std::string> texts;
  for (const auto& [dim, size] : sizes) texts.push_back(dim + ": " + std::to_string(size));
  return texts;
}

std::string coords_section(const array::VariableMap& coords, std::size_t column) {
  std::vector<std::string> lines;
  for (const auto& [name, variable] : coords)
    lines.push_back(summary(name, variable, column, variable.dims.size() == 1 && variable.dims[0] == name));
  return section("Coordinates", lines, column, true);
}

std::string attrs_section(Interpreter& in, const array::Attributes& attrs) {
  std::vector<std::string> lines;
  std::vector<std::string> names;
  for (const auto& [name, value] : attrs) names.push_back(name);
  const std::size_t column = column_width(names);
  for (const auto& [name, value] : attrs) {
    std::string text;
    for (const char c : text_of(in, to_value(value))) {
      if (c == '\t') text += "\\t";
      else if (c == '\n') text += "\\n";
      else text += c;
    }
    lines.push_back(truncated(padded("    " + name + ":", column) + " " + text, display_width));
  }
  return section("Attributes", lines, column, true);
}

std::string unindexed_dims(const array::DimSizes& sizes, const array::VariableMap& coords) {
  std::vector<std::string> dims;
  for (const auto& [dim, size] : sizes) {
    if (!coords.contains(dim)) dims.push_back(dim);
  }
  const std::string start = "Dimensions without coordinates: ";
  return dims.empty() ? "" : "\n" + start + wrapped(dims, start.size());
}

/// At most 40 lines, as xarray limits NumPy's text.
std::string limited_lines(const std::string& text) {
  constexpr std::size_t limit = 40;
  std::vector<std::string> lines;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  if (lines.size() <= limit) return text;
  std::string out;
  for (std::size_t i = 0; i < limit / 2; ++i) out += lines[i] + "\n";
  out += "...";
  for (std::size_t i = lines.size() - limit / 2; i < lines.size(); ++i) out += "\n" + lines[i];
  return out;
}

std::string repr_of_data_array(Interpreter& in, DataArrayObject& object) {
  load_small(in, {&object});
  const array::DataArray& array = object.value();
  const std::string start = "<xarray.DataArray " + (array.name ? repr_of(in, *array.name) + " " : "");
  std::string text = start + "(" + wrapped(size_texts(array.sizes()), start.size() + 1) + ")>\n";
  const auto& expr = array.variable.data;
  if (!array::is_constant(expr)) {
    text += "[" + std::to_string(element_count(expr->shape)) + " values with dtype=" + name_of(expr->dtype) + "]";
  } else {
    const NdArray values = array::evaluate_constant(expr);
    const bool is_index = array.dims().size() == 1 && array.name == array.dims()[0];
    ArrayTextOptions options{.calendar = array.variable.calendar};
    if (is_index) options = {.precision = 6, .line_width = display_width, .threshold = 200, .edge_items = 3, .calendar = array.variable.calendar};
    options.texts_are_objects = array.dtype() == DType::string && dtype_text(array.variable) == "object";
    text += limited_lines(repr_of_array(values, options));
  }
  if (!array.coords.empty()) text += "\n" + coords_section(array.coords, column_width(array.coords.names()));
  text += unindexed_dims(array.sizes(), array.coords);
  if (!array.attrs().empty()) text += "\n" + attrs_section(in, array.attrs());
  return text;
}

std::string repr_of_dataset(Interpreter& in, DatasetObject& object) {
  const array::Dataset& dataset = object.value();
  const std::size_t column = column_width(dataset.variables.names());
  std::string text = "<xarray.Dataset>\n" + padded("Dimensions:", column) + "(" +
                     wrapped(size_texts(dataset.sizes()), column + 1) + ")";
  const auto coords = dataset.coords();
  if (!coords.empty()) text += "\n" + coords_section(coords, column);
  text += unindexed_dims(dataset.sizes(), coords);
  std::vector<std::string> lines;
  for (const auto& name : dataset.data_names()) lines.push_back(summary(name, *dataset.variables.find(name), column, false));
  text += "\n" + section("Data variables", lines, column, true);
  if (!dataset.attrs.empty()) text += "\n" + attrs_section(in, dataset.attrs);
  return text;
}

}  // namespace

std::string repr_of_data_variables(const DictObject& variables) {
  std::vector<std::string> names, lines;
  for (const Value& name : variables.keys()) names.push_back(*name.text());
  const std::size_t column = column_width(names);
  variables.each([&](const Value& name, const Value& value) {
    lines.push_back(summary(*name.text(), value.as<DataArrayObject>()->value().variable, column, false));
  });
  return section("Data variables", lines, column, false);
}

std::string repr_of_labelled(Interpreter& in, const Value& value) {
  if (const auto array = value.as<DataArrayObject>()) return repr_of_data_array(in, *array);
  if (const auto dataset = value.as<DatasetObject>()) return repr_of_dataset(in, *dataset);
  if (const auto coordinates = value.as<CoordinatesObject>()) {
    const auto dataset = coordinates->owner.as<DatasetObject>();
    const auto coords = dataset ? dataset->value().coords() : coordinates->owner.as<DataArrayObject>()->value().coords;
    return coords_section(coords, column_width(coords.names()));
  }
  if (const auto* groups = as_groupby(value)) {
    const auto& grouping = groups->groupby.grouping;
    return std::string(name_of(value.type())) + ", grouped over '" + grouping.name + "'\n" +
           std::to_string(grouping.labels.shape()[0]) + " groups";
  }
  return std::string("<") + name_of(value.type()) + ">";
}

}  // namespace rankine::script
