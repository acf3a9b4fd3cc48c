#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "array/output_spec.hpp"
#include "array/stored_array.hpp"
#include "array/variable.hpp"

namespace rankine::array {

// Texts are strings here, whatever they are stored as. Their encoding tells the rest: dtype "S1" with char_dim_name
// and original_shape for the char arrays of NetCDF, "|S5" for the fixed bytes of Zarr; _Encoding where the bytes of a
// char array are text (UTF-8), as xarray has it.

/// Bytes of one element where NumPy's dtype would be S: texts that were stored as bytes of unknown encoding.
std::optional<std::int64_t> byte_width(const Variable& variable);

/// True if xarray leaves the char array with its last dim: that dim is a variable's, or other variables have it too.
bool keeps_characters_apart(const StoredVariable& stored, const Catalogue& catalogue);
/// The char array with its last dim, one character a text, "" for NUL. `variable` has them joined, as stores give them.
Variable characters_apart(Variable variable);

/// Chooses between char arrays, fixed bytes and strings, as xarray: bytes stay bytes; text becomes a char array where
/// the format has no strings or dtype "S1" is asked for, and then says so by _Encoding. `bytes` is the byte_width of
/// the variable before encodings were replaced.
void choose_text_storage(OutputVariable& out, const Variable& variable, std::optional<std::int64_t> bytes, OutputFormat format);

}  // namespace rankine::array
