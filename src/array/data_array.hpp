#pragma once
#include <optional>

#include "array/variable.hpp"

namespace rankine::array {

/// One variable with its coordinates: xarray's DataArray. A coordinate that is 1-d and named like its
/// dim is an index: its values are known (a Constant).
struct DataArray {
  std::optional<std::string> name;
  Variable variable;
  VariableMap coords;

  const std::vector<std::string>& dims() const { return variable.dims; }
  const Shape& shape() const { return variable.shape(); }
  DType dtype() const { return variable.dtype(); }
  const Attributes& attrs() const { return variable.attrs; }
  DimSizes sizes() const;
  /// The index coordinate of `dim`, or nullptr.
  const Variable* index(const std::string& dim) const;
};

/// xr.DataArray(data, coords, dims, name, attrs). Index coordinates become known values.
/// Throws ShapeError where sizes of coordinates and data differ or a coordinate has a foreign dim.
DataArray make_data_array(Variable variable, VariableMap coords = {}, std::optional<std::string> name = {});

/// da["time"] or da.time: a coordinate (or, for a dim without one, 0..n-1) as an array with the
/// coordinates that live on its dims. "time.month" gives the component. Throws UsageError naming what there is.
DataArray coordinate(const DataArray& array, const std::string& name);
bool has_coordinate(const DataArray& array, const std::string& name);

/// `variable` with its values known, as an index needs them.
Variable as_index(const Variable& variable);
/// The coordinates that live on some of `dims`.
VariableMap coords_within(const VariableMap& coords, const std::vector<std::string>& dims);
/// 0..n-1 along `dim`, for dims without a coordinate.
Variable default_positions(const std::string& dim, std::int64_t size);

/// The values, now (by the loader where it is not constant).
NdArray values_of(const DataArray& array);

}  // namespace rankine::array
