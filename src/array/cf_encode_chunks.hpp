#pragma once
#include <string>
#include <vector>

#include "array/cf_encode.hpp"

/// Chunks, codecs and dtypes of one encoded variable in one format.
namespace rankine::array {

/// Throws UsageError, in xarray's words, for keys of a user's `encoding=` that the format does not know.
/// Called after CF encoding has used up its own keys.
void check_encoding_keys(const std::string& name, const Variable& variable, OutputFormat format);

bool is_netcdf3(OutputFormat format);
/// True for the formats that hold NetCDF-3's data types only.
bool is_classic(OutputFormat format);

/// Values and numeric attributes in NetCDF-3's dtypes (int64 and uint32 to int32, uint16 to int16, uint8
/// and bool to int8). CDF-5 has them all. Throws UsageError where known values do not fit; values that are not
/// known yet are checked when they are written.
void make_classic(const std::string& name, Variable& variable, OutputFormat format);
/// `owner` ends what errors say of an attribute: " of variable 'tas'".
void make_classic(Attributes& attributes, OutputFormat format, const std::string& owner = "");

/// Sets chunk_shape and codecs of `out` (whose dtype and shape are set) from the encoding of `variable`.
/// `from_user`: the encoding is the caller's own, and chunks that do not fit are errors.
void choose_storage(OutputVariable& out, const Variable& variable, const EncodeOptions& options,
                    const std::vector<std::string>& unlimited_dims, bool from_user);

}  // namespace rankine::array
