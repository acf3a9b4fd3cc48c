#include "runtime/describe_file.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "array/evaluate.hpp"
#include "array/stored_array.hpp"
#include "base/error.hpp"
#include "base/printable.hpp"
#include "calendar/timeline.hpp"
#include "calendar/time_units.hpp"
#include "codec/codec.hpp"
#include "store/store.hpp"

namespace rankine::runtime {
namespace {

constexpr std::size_t longest_attribute = 100;
constexpr std::int64_t most_attribute_numbers = 8;

/// Not inside a character of several bytes.
std::string cut(const std::string& text, std::size_t bytes) {
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xc0) == 0x80) --bytes;
  return text.substr(0, bytes);
}

std::string number_text(const NdArray& array, std::int64_t i) {
  if (array.dtype() == DType::string) return printable(array.strings()[static_cast<std::size_t>(i)]);
  if (is_float(array.dtype())) {
    char text[40];
    std::snprintf(text, sizeof text, array.dtype() == DType::float32 ? "%.9g" : "%.17g", array.as_double(i));
    double value = array.as_double(i);
    for (int digits = 1; digits < 17; ++digits) {  // the shortest text that reads back the same
      char shorter[40];
      std::snprintf(shorter, sizeof shorter, "%.*g", digits, value);
      const double back = std::strtod(shorter, nullptr);
      const bool same = array.dtype() == DType::float32 ? static_cast<float>(back) == static_cast<float>(value) : back == value;
      if (same || value != value) return shorter;
    }
    return text;
  }
  return std::to_string(array.as_int64(i));
}

std::string attribute_text(const array::AttributeValue& value) {
  std::string text;
  if (const auto* string = std::get_if<std::string>(&value)) {
    text = *string;
    std::replace(text.begin(), text.end(), '\n', ' ');
    if (text.size() > longest_attribute) text = cut(text, longest_attribute) + "...";
    return "\"" + printable(text) + "\"";
  }
  if (const auto* strings = std::get_if<std::vector<std::string>>(&value)) {
    for (const auto& string : *strings) text += (text.empty() ? "\"" : ", \"") + printable(string) + "\"";
    return text;
  }
  const NdArray& numbers = std::get<NdArray>(value);
  for (std::int64_t i = 0; i < std::min(numbers.size(), most_attribute_numbers); ++i)
    text += (i == 0 ? "" : ", ") + number_text(numbers, i);
  if (numbers.size() > most_attribute_numbers) text += ", ...";
  return text + " (" + name_of(numbers.dtype()) + ")";
}

std::string storage_text(const array::StoredArray& array) {
  std::string reason;
  std::string text;
  switch (array.storage) {
    case array::Storage::contiguous: text = "contiguous"; break;
    case array::Storage::records: text = "records of one step"; break;
    case array::Storage::library: text = "read through the library (" + printable(array.library_reason) + ")"; break;
    case array::Storage::chunked:
    case array::Storage::zarr_files:
      text = std::to_string(array::chunk_count(array)) + " chunks of " + format_tuple(array.chunk_shape);
      break;
  }
  if (!array.codecs.empty()) text += ", " + codec::describe(array.codecs);
  if (array.big_endian && size_of(array.dtype) > 1) text += ", big endian";
  if (array.fortran_order) text += ", Fortran order";
  if (array.storage != array::Storage::library) {
    text += codec::is_available(array.codecs, reason) ? ", read directly" : ", cannot be read: " + reason;
  }
  return text;
}

/// First and last date of a time coordinate, as far as its units can be understood.
std::string time_text(const array::StoredVariable& variable) {
  const std::string* units = variable.attributes.text("units");
  if (units == nullptr || units->find(" since ") == std::string::npos || variable.data == nullptr) return "";
  const std::string* name = variable.attributes.text("calendar");
  std::string text = "calendar " + (name == nullptr ? std::string("standard (not named)") : printable(*name));
  if (variable.dims.size() != 1 || variable.data->shape[0] == 0 || !is_numeric(variable.data->dtype)) return text;
  try {
    if (variable.data->storage == array::Storage::chunked) store::load_chunk_index(*variable.data);
    store::Reader reader;
    const std::int64_t last = variable.data->shape[0] - 1;
    const std::vector<double> ends{reader.read(*variable.data, {{0}, {1}}).as_double(0),
                                   reader.read(*variable.data, {{last}, {last + 1}}).as_double(0)};
    const auto decoding = calendar::choose_time_decoding(*units, name == nullptr ? "" : *name, ends[0], ends[1]);
    const auto ticks = calendar::decode_times(decoding, ends);
    text += ", " + calendar::format_time(decoding.timeline, ticks[0]) + " to " + calendar::format_time(decoding.timeline, ticks[1]);
  } catch (const Error& error) {
    text += std::string(", dates cannot be read: ") + printable(error.what());
  }
  return text;
}

void describe_group(const array::Catalogue& catalogue, std::string& text) {
  text += "dimensions:\n";
  for (const auto& dim : catalogue.dims)
    text += "  " + printable(dim.name) + " = " + std::to_string(dim.size) + (dim.unlimited ? " (unlimited)" : "") + "\n";
  text += "variables:\n";
  for (const auto& variable : catalogue.variables) {
    std::string dims;
    for (const auto& dim : variable.dims) dims += (dims.empty() ? "" : ", ") + printable(dim);
    const std::string variable_name = printable(variable.name);
    if (variable.data == nullptr) {
      const bool strings = variable.note.empty();
      text += "  " + std::string(strings ? "string" : "?") + " " + variable_name + "(" + dims + ")\n";
      if (!strings) text += "      not readable: " + printable(variable.note) + "\n";
    } else {
      text += "  " + name_of(variable.data->dtype) + " " + variable_name + "(" + dims + ")\n";
      text += "      shape " + format_tuple(variable.data->shape) + ", " +
              format_bytes(Bytes{static_cast<std::uint64_t>(element_count(variable.data->shape)) * size_of(variable.data->dtype)}) +
              ", " + storage_text(*variable.data) + "\n";
      const std::string times = time_text(variable);
      if (!times.empty()) text += "      " + times + "\n";
    }
    for (const auto& [name, value] : variable.attributes) text += "      " + printable(name) + " = " + attribute_text(value) + "\n";
  }
}

}  // namespace

std::string describe_file(const std::string& path) {
  const array::Catalogue root = store::open_catalogue(path);
  std::string text = printable(path) + ": " + root.format + "\n";
  describe_group(root, text);
  if (!root.attributes.empty()) text += "global attributes:\n";
  for (const auto& [name, value] : root.attributes) text += "  " + printable(name) + " = " + attribute_text(value) + "\n";
  for (const std::string& name : root.groups) {
    const array::Catalogue group = store::open_catalogue(path, {.group = name});
    text += "group " + printable(name) + " (open_dataset(..., group=\"" + printable(name) + "\")):\n";
    describe_group(group, text);
    if (!group.attributes.empty()) text += "attributes of the group:\n";
    for (const auto& [attribute, value] : group.attributes) text += "  " + printable(attribute) + " = " + attribute_text(value) + "\n";
  }
  return text;
}

}  // namespace rankine::runtime
