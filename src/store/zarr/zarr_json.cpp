#include "store/zarr/zarr_json.hpp"

#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "array/cf_encode_variable.hpp"
#include "base/error.hpp"

namespace rankine::store {
namespace {

constexpr const char* bare_words[] = {"NaN", "-Infinity", "Infinity"};

// Puts NaN and Infinity outside strings into marked strings.
std::string with_marked_words(const std::string& text) {
  std::string out;
  out.reserve(text.size());
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string && c == '\\' && i + 1 < text.size()) {
      out += c;
      out += text[++i];
      continue;
    }
    if (c == '"') in_string = !in_string;
    bool replaced = false;
    for (const std::string_view word : bare_words) {
      if (in_string || c != word[0] || text.compare(i, word.size(), word) != 0) continue;
      out += "\"\\u0001";
      out += word;
      out += '"';
      i += word.size() - 1;
      replaced = true;
      break;
    }
    if (!replaced) out += c;
  }
  return out;
}

bool is_bare_word(const Json& json) {
  return json.is_string() && !json.get_ref<const std::string&>().empty() &&
         json.get_ref<const std::string&>()[0] == bare_word_mark;
}

bool is_number(const Json& json) { return json.is_number() || is_bare_word(json); }

double double_of(const Json& json) {
  if (!is_bare_word(json)) return json.get<double>();
  const std::string word = json.get<std::string>().substr(1);
  if (word == "NaN") return std::numeric_limits<double>::quiet_NaN();
  return word[0] == '-' ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
}

bool fits_int64(const Json& json) {
  return json.is_number_integer() &&
         !(json.is_number_unsigned() && json.get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX));
}

template <typename Predicate>
bool all_of(const Json& list, Predicate predicate) {
  for (const Json& element : list)
    if (!predicate(element)) return false;
  return true;
}

template <typename T, typename F>
NdArray array_of(const Json& list, F&& value_of) {
  NdArray array(DTypeOf<T>::value, {static_cast<std::int64_t>(list.size())});
  for (std::size_t i = 0; i < list.size(); ++i) array.data<T>()[i] = static_cast<T>(value_of(list[i]));
  return array;
}

Json json_of_element(const NdArray& array, std::int64_t i) {
  if (array.dtype() == DType::boolean) return array.data<bool>()[i];
  if (array.dtype() == DType::uint64) return array.data<std::uint64_t>()[i];
  if (is_float(array.dtype())) return json_of_double(array.as_double(i));
  return array.as_int64(i);
}

// Lists in lists, from element `next` on.
Json json_of_axes(const NdArray& array, std::size_t axis, std::int64_t& next) {
  if (axis == array.shape().size()) return json_of_element(array, next++);
  Json list = Json::array();
  for (std::int64_t i = 0; i < array.shape()[axis]; ++i) list.push_back(json_of_axes(array, axis + 1, next));
  return list;
}

// Lists of lists that are all of one length, as one list and a shape of two; nothing else is made an array of.
std::optional<std::pair<Json, Shape>> flattened(const Json& json) {
  if (!json.is_array() || json.empty() || !json[0].is_array() || json[0].empty()) return {};
  Json flat = Json::array();
  for (const Json& row : json) {
    if (!row.is_array() || row.size() != json[0].size()) return {};
    for (const Json& element : row) flat.push_back(element);
  }
  return std::pair{std::move(flat), Shape{static_cast<std::int64_t>(json.size()), static_cast<std::int64_t>(json[0].size())}};
}

}  // namespace

Json parse_json(const std::string& text, const std::string& where) {
  try {
    // Printing and destroying what is nested follows the nesting: bounded, for the stack's sake.
    constexpr int deepest = 128;
    const auto bounded = [&](int depth, Json::parse_event_t, Json&) {
      if (depth > deepest) throw InputError("cannot read " + where + ": it is nested too deeply");
      return true;
    };
    return Json::parse(with_marked_words(text), bounded);
  } catch (const nlohmann::json::exception& error) {
    throw InputError("cannot read " + where + ": it is not JSON: " + error.what());
  }
}

std::string format_json(const Json& json) {
  std::string text = json.dump(4, ' ', true, Json::error_handler_t::replace);
  for (const std::string word : bare_words) {
    const std::string marked = "\"\\u0001" + word + '"';
    for (auto at = text.find(marked); at != std::string::npos; at = text.find(marked, at + word.size()))
      text.replace(at, marked.size(), word);
  }
  return text;
}

array::AttributeValue attribute_of(const Json& json) {
  if (json.is_null()) return array::none_value();
  if (const auto rows = flattened(json)) {
    const array::AttributeValue flat = attribute_of(rows->first);
    if (const auto* numbers = std::get_if<NdArray>(&flat); numbers != nullptr && numbers->size() == element_count(rows->second))
      return numbers->reshaped(rows->second);
  }
  if (json.is_boolean()) return NdArray::scalar(json.get<bool>());
  if (fits_int64(json)) return NdArray::scalar(json.get<std::int64_t>());
  if (json.is_number_unsigned()) return NdArray::scalar(json.get<std::uint64_t>());
  if (is_number(json)) return NdArray::scalar(double_of(json));
  if (json.is_string()) return json.get<std::string>();
  if (json.is_array()) {
    if (!json.empty() && all_of(json, [](const Json& e) { return e.is_string() && !is_bare_word(e); }))
      return json.get<std::vector<std::string>>();
    if (!json.empty() && all_of(json, [](const Json& e) { return e.is_boolean(); }))
      return array_of<bool>(json, [](const Json& e) { return e.get<bool>(); });
    if (!json.empty() && all_of(json, fits_int64))
      return array_of<std::int64_t>(json, [](const Json& e) { return e.get<std::int64_t>(); });
    if (all_of(json, is_number)) return array_of<double>(json, double_of);
  }
  return json.dump();
}

Json json_of_double(double value) {
  if (std::isnan(value)) return std::string(1, bare_word_mark) + "NaN";
  if (std::isinf(value)) return std::string(1, bare_word_mark) + (value < 0 ? "-Infinity" : "Infinity");
  return value;
}

Json json_of(const array::AttributeValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  // None among attributes is an empty list of texts (array/cf_encode_variable.hpp).
  if (const auto* texts = std::get_if<std::vector<std::string>>(&value)) return texts->empty() ? Json() : Json(*texts);
  const NdArray& array = std::get<NdArray>(value);
  if (array.dtype() == DType::string) return array.ndim() == 0 ? Json(array.strings().at(0)) : Json(array.strings());
  std::int64_t next = 0;
  return json_of_axes(array, 0, next);
}

}  // namespace rankine::store
