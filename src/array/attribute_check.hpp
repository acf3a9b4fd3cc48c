#pragma once
#include <optional>
#include <string>

#include "array/dataset.hpp"
#include "array/output_spec.hpp"

namespace rankine::array {

struct BadAttribute {
  std::string message;
  bool is_type_error = true;  ///< what Python raises: TypeError, else ValueError
};

/// The first attribute of the dataset that `format` has nothing for; nothing if there is none. None, bool (in NETCDF4),
/// times and arrays of several dims, with xarray's messages; Zarr's JSON holds all but times.
std::optional<BadAttribute> bad_attribute(const Dataset& dataset, OutputFormat format);

}  // namespace rankine::array
