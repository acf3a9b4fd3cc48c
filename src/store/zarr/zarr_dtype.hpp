#pragma once
#include <optional>
#include <string>

#include "base/dtype.hpp"
#include "store/zarr/zarr_json.hpp"

namespace rankine::store {

/// A type of numbers in NumPy's words: "<f4", "|b1", ">M8[ns]".
struct NumberType {
  DType dtype;
  bool big_endian = false;
};
/// nullopt if it is another kind of type or not supported.
std::optional<NumberType> number_type(const std::string& numpy_name);
/// "<f4". Empty for texts and cftime.
std::string numpy_name_of(DType dtype);

/// Zarr v3's name of a type of numbers; nullopt as above.
std::optional<DType> v3_number_type(const Json& data_type);
/// A text, or an object for times. Null for texts and cftime.
Json v3_data_type_of(DType dtype);

}  // namespace rankine::store
