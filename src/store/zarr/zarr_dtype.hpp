#pragma once
#include <optional>
#include <string>

#include "base/dtype.hpp"
#include "codec/codec.hpp"
#include "store/zarr/zarr_json.hpp"

namespace rankine::store {

/// A type of numbers in NumPy's words: "<f4", "|b1", ">M8[ns]".
struct NumberType {
  DType dtype;
  bool big_endian = false;
  bool is_half = false;               ///< float32 stored in 2 bytes
  std::int64_t ns_per_tick = 1;       ///< of times
  /// What turns stored elements into those of dtype; nothing where they are that already.
  std::optional<codec::Codec> conversion() const;
  int stored_bytes() const { return is_half ? 2 : static_cast<int>(size_of(dtype)); }
};
/// nullopt if it is another kind of type or not supported.
std::optional<NumberType> number_type(const std::string& numpy_name);
/// "<f4". Empty for texts and cftime.
std::string numpy_name_of(DType dtype);

/// Zarr v3's name of a type of numbers; nullopt as above.
std::optional<NumberType> v3_number_type(const Json& data_type);
/// A text, or an object for times. Null for texts and cftime.
Json v3_data_type_of(DType dtype);

}  // namespace rankine::store
