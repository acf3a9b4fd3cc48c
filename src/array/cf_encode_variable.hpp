#pragma once
#include <optional>
#include <string>

#include "array/dataset.hpp"
#include "array/loader.hpp"

/// CF encoding of one variable, before any format has its say.
namespace rankine::array {

/// Python's None among attributes and encodings.
inline AttributeValue none_value() { return std::vector<std::string>{}; }
bool is_none(const AttributeValue& value);

/// The named encoding, nullptr if it is missing or None.
const AttributeValue* encoding_of(const Variable& variable, const std::string& key);
/// As a number or a truth value, with what to take if it is missing.
double encoding_number(const Variable& variable, const std::string& key, double otherwise);
bool encoding_flag(const Variable& variable, const std::string& key, bool otherwise);

/// "int16", "i2", "<f4", "short", "float" ... Throws UsageError for what no format stores.
/// `what` begins the message.
DType parse_dtype(const std::string& name, const std::string& what = "");

/// True if the encoding's dtype is that of half floats: they are floats in memory, and the store rounds them.
bool asks_for_half_floats(const Variable& variable);

/// The dtype of the encoding where it is that of numbers: not of texts, nor of times that a Zarr store had as times.
std::optional<DType> numeric_dtype(const std::string& name, const Variable& variable);

/// xarray 2023.01 `encode_cf_variable`: the fill value lies in the attribute _FillValue, what is used
/// up has left the encoding, except the dtype of half floats. `asked_for`: the encoding is not one that merely came along
/// with the variable from a file. Throws UsageError for fill values that the stored dtype cannot hold, and for packing
/// that no value could be read back from.
Variable encode_cf_variable(const std::string& name, Variable variable, const LoadFn& load, bool asked_for = true);

/// xarray's `coordinates` attributes, on variables and (for coordinates that no variable names) globally.
void encode_coordinates(Dataset& dataset);
/// Time bounds take the encoded units of their parent.
void hand_encoding_to_bounds(VariableMap& variables);
/// Bounds lose attributes that merely repeat their parent's.
void strip_bounds_attributes(VariableMap& variables);

}  // namespace rankine::array
