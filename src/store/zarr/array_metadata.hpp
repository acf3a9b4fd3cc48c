#pragma once
#include <string>

#include "array/output_spec.hpp"
#include "array/stored_array.hpp"
#include "store/zarr/zarr_dtype.hpp"
#include "store/zarr/zarr_json.hpp"

namespace rankine::store {

/// What the document of one array says.
struct ZarrArray {
  enum class Elements {
    numbers,
    fixed_bytes /* S */,
    fixed_text /* U */,
    variable_text /* v2: O with vlen-utf8 or vlen-bytes; v3: string, variable_length_bytes */
  };
  Elements elements = Elements::numbers;
  std::int64_t ns_per_tick = 1;           ///< of stored times: what their fill value counts
  int stored_bytes = 0;                   ///< of one stored element, where that is not the dtype's
  bool is_bytes = false;                  ///< of variable_text: any bytes, not UTF-8
  bool is_half = false;                   ///< float32 in memory, half floats in the store
  std::int64_t text_width = 0;            ///< bytes (S) or code points (U) of one element
  array::StoredArray stored;              ///< dtype, shape, chunks, codecs, order, keys, fill
  bool has_fill = false;                  ///< the fill value stands for missing data: xarray's _FillValue
  std::string text_fill;
  array::Attributes encoding;
  std::string note;                       ///< why it cannot be read
};

/// A v2 document. `where` names it in errors. Throws InputError if it is damaged; what is sound but not supported
/// goes to `note`.
ZarrArray parse_zarray(const Json& json, const std::string& where);
/// The same for a v3 document of node_type "array".
ZarrArray parse_v3_array(const Json& json, const std::string& where);

/// The .zarray of an output; `text_width` is that of string variables ("<U" + text_width).
/// Throws OutputError for a dtype that Zarr has no name for.
Json zarray_of(const array::OutputVariable& variable, std::int64_t text_width);
/// The v3 document of an output, with these attributes.
Json v3_array_of(const array::OutputVariable& variable, const Json& attributes);

// Shared by both versions.
[[noreturn]] void damaged_document(const std::string& where, const std::string& how);
const Json& member_of(const Json& json, const char* name, const std::string& where);
/// A list of extents.
Shape extents_in(const Json& json, const char* name, const std::string& where);
/// Rejects shapes and chunks that differ in ndim, are empty or too large for any machine.
void check_extents(array::StoredArray& stored, const std::string& where);
int element_bytes_of(const ZarrArray& array);
/// Sets the dtype and what converts stored elements to it, before any other codec. The byte order is the conversion's.
void set_number_type(ZarrArray& array, const NumberType& type);
/// The fill value of an array of numbers, as StoredArray holds it.
std::array<std::byte, 8> number_fill(const ZarrArray& array, const Json& json, const std::string& where);
/// NumPy's name of the stored elements: "float16" of half floats.
std::string number_name(const ZarrArray& array);
/// True if the elements of `variable`, floats in memory, are stored as half floats: by its first step.
bool stores_half_floats(const array::OutputVariable& variable);

}  // namespace rankine::store
