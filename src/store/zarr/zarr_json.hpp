#pragma once
#include <string>

#include <nlohmann/json.hpp>

#include "array/attributes.hpp"

namespace rankine::store {

/// Python's json module writes NaN and Infinity as bare words, which JSON does not know. Inside a
/// Json they are strings that begin with this mark.
inline constexpr char bare_word_mark = '\x01';
using Json = nlohmann::ordered_json;

/// `where` names the file in errors. Throws InputError.
Json parse_json(const std::string& text, const std::string& where);
/// As zarr-python writes it: indented by four, NaN and Infinity bare.
std::string format_json(const Json& json);

/// Numbers become int64 or float64, lists of numbers one-dimensional arrays, nested objects JSON text.
array::AttributeValue attribute_of(const Json& json);
Json json_of(const array::AttributeValue& value);
/// A float as JSON; NaN and infinities become bare words.
Json json_of_double(double value);

}  // namespace rankine::store
