#pragma once
#include <map>
#include <set>
#include <variant>

#include "array/data_array.hpp"

namespace rankine::array {

/// Several variables that share dims, some of them coordinates: xarray's Dataset.
struct Dataset {
  VariableMap variables;               ///< data variables and coordinates
  std::set<std::string> coord_names;
  Attributes attrs;
  Attributes encoding;
  /// Variables of the file that it was opened from that cannot be read, and why: for errors about missing names.
  std::map<std::string, std::string> left_out;

  /// A variable that is named like a dim of the dataset is a coordinate, also where it stands along other dims (xarray's
  /// merge_core). For whatever puts variables together anew.
  void mark_dim_coordinates();
  bool is_coord(const std::string& name) const { return coord_names.contains(name); }
  /// Every dim with its size, in the order in which the variables bring them.
  DimSizes sizes() const;
  std::vector<std::string> data_names() const;
  /// Names of the coordinates in the order of `variables`.
  std::vector<std::string> coord_order() const;
  VariableMap coords() const;
  const Variable* index(const std::string& dim) const;
};

/// A thing that methods apply to.
using Labelled = std::variant<DataArray, Dataset>;
/// What may stand beside an operator; an NdArray is a scalar (shape {}) as Python or NumPy gives it:
/// bool, int64, float64, string, or a typed NumPy scalar. A 1-d or larger NdArray is a plain array.
using Operand = std::variant<NdArray, DataArray, Dataset>;

/// xr.Dataset(data_vars, coords, attrs). 1-d variables named like their dim become index coordinates.
/// Throws ShapeError naming the variables where sizes of a dim conflict.
Dataset make_dataset(VariableMap data, VariableMap coords = {}, Attributes attrs = {});
/// xr.Dataset({name: DataArray, ...}): coordinates are merged, indexes joined (outer where they differ
/// is not supported).
Dataset make_dataset(const std::vector<std::pair<std::string, DataArray>>& arrays, VariableMap coords = {},
                     Attributes attrs = {});

/// ds["t2m"], also "time.month" and dims without a coordinate (0..n-1).
/// Throws UsageError: "no variable 'tas' in the dataset; it has: ...".
DataArray get(const Dataset& dataset, const std::string& name);
bool has_variable(const Dataset& dataset, const std::string& name);
/// ds[["t2m", "tp"]]: with the coordinates that live on their dims.
Dataset select(const Dataset& dataset, const std::vector<std::string>& names);
/// da.to_dataset(name=...). Throws UsageError if there is no name.
Dataset to_dataset(const DataArray& array, std::optional<std::string> name = {});

/// Applies `f` (Dataset -> Dataset) to a data array as xarray does: by way of a dataset that holds it alone.
template <typename F> DataArray through_dataset(const DataArray& array, F&& f);
Dataset to_temporary_dataset(const DataArray& array);
DataArray from_temporary_dataset(const Dataset& dataset, std::optional<std::string> name);

template <typename F>
DataArray through_dataset(const DataArray& array, F&& f) {
  return from_temporary_dataset(f(to_temporary_dataset(array)), array.name);
}

}  // namespace rankine::array
