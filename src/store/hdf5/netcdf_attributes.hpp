#pragma once
#include <string>

#include "array/attributes.hpp"
#include "array/output_spec.hpp"

namespace rankine::store {

/// True for the formats that know only the types and attributes of NetCDF classic.
bool has_classic_model(array::OutputFormat format);

/// Throws OutputError "cannot write <what> to <path>: <netcdf's reason>" unless status is NC_NOERR.
void check_output(int status, const std::string& path, const std::string& what);

/// Writes all attributes of `variable` (or NC_GLOBAL) with their exact types. The classic model has no
/// int64 and no unsigned integers: such values become int32 (int8 for bool, int16 and int8 for the
/// short ones) if they fit, as xarray does, and are an OutputError otherwise.
void put_attributes(int ncid, int variable, const array::Attributes& attributes, const array::OutputSpec& spec);

}  // namespace rankine::store
