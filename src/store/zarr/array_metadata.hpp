#pragma once
#include <string>

#include "array/output_spec.hpp"
#include "array/stored_array.hpp"
#include "store/zarr/zarr_json.hpp"

namespace rankine::store {

/// What .zarray says of one array.
struct ZarrArray {
  enum class Elements { numbers, fixed_bytes /* S */, fixed_text /* U */, variable_text /* O, vlen-utf8 */ };
  Elements elements = Elements::numbers;
  std::int64_t text_width = 0;            ///< bytes (S) or code points (U) of one element
  array::StoredArray stored;              ///< dtype, shape, chunks, codecs, order, separator, fill
  bool has_fill = false;
  std::string text_fill;
  array::Attributes encoding;
  std::string note;                       ///< why it cannot be read
};

/// `where` names the .zarray in errors. Throws InputError if it is damaged; what is sound but not
/// supported goes to `note`.
ZarrArray parse_zarray(const Json& json, const std::string& where);

/// The .zarray of an output; `text_width` is that of string variables ("<U" + text_width).
/// Throws OutputError for a dtype that Zarr v2 has no name for.
Json zarray_of(const array::OutputVariable& variable, std::int64_t text_width);

}  // namespace rankine::store
