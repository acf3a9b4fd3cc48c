#pragma once
#include "array/dataset.hpp"

namespace rankine::array {

using Renaming = std::vector<std::pair<std::string, std::string>>;

/// "..." stands for the dims not named; no names: reversed (DataArray only, as xarray).
DataArray transpose(const DataArray& x, const std::vector<std::string>& dims);
Dataset transpose(const Dataset& x, const std::vector<std::string>& dims);
/// Dims and coordinates (and variables of a dataset). A new name for the array itself: rename(x, name).
DataArray rename(const DataArray& x, const Renaming& names);
DataArray rename(DataArray x, std::optional<std::string> name);
Dataset rename(const Dataset& x, const Renaming& names);
DataArray drop_vars(const DataArray& x, const std::vector<std::string>& names, bool ignore_missing = false);
Dataset drop_vars(const Dataset& x, const std::vector<std::string>& names, bool ignore_missing = false);
DataArray assign_coords(const DataArray& x, const std::vector<std::pair<std::string, DataArray>>& coords);
Dataset assign_coords(const Dataset& x, const std::vector<std::pair<std::string, DataArray>>& coords);
/// coords={"lat": values} without dims: 1-d values along the dim of that name, or a scalar.
DataArray coordinate_from_values(const std::string& name, NdArray values);
Dataset assign(const Dataset& x, const std::vector<std::pair<std::string, DataArray>>& variables);
DataArray assign_attrs(DataArray x, const Attributes& attrs);
Dataset assign_attrs(Dataset x, const Attributes& attrs);
Dataset set_coords(const Dataset& x, const std::vector<std::string>& names);
DataArray reset_coords_drop(const DataArray& x, const std::vector<std::string>& names);

/// A new dim in front: extent 1 (absent), n, or a coordinate's values.
struct NewDim {
  std::string name;
  std::int64_t size = 1;
  std::optional<NdArray> values = {};
};
DataArray expand_dims(const DataArray& x, const std::vector<NewDim>& dims, std::optional<int> axis = {});
Dataset expand_dims(const Dataset& x, const std::vector<NewDim>& dims);
/// Absent: every dim of extent 1.
DataArray squeeze(const DataArray& x, const std::optional<std::vector<std::string>>& dims = {}, bool drop = false);
Dataset squeeze(const Dataset& x, const std::optional<std::vector<std::string>>& dims = {}, bool drop = false);
DataArray swap_dims(const DataArray& x, const Renaming& dims);
Dataset swap_dims(const Dataset& x, const Renaming& dims);
DataArray sortby(const DataArray& x, const std::string& coordinate, bool ascending = true);
Dataset sortby(const Dataset& x, const std::string& coordinate, bool ascending = true);
/// By 1-d arrays, which are conformed to x first; of those along one dim the first counts most.
DataArray sortby(const DataArray& x, const std::vector<DataArray>& keys, bool ascending = true);
Dataset sortby(const Dataset& x, const std::vector<DataArray>& keys, bool ascending = true);

/// chunk({...}), chunk(n), chunk("auto"): a wish, values stay the same. -1: the whole dim.
struct ChunkWish {
  std::vector<std::pair<std::string, std::int64_t>> by_dim;
  std::optional<std::int64_t> every_dim = {};
  bool automatic = false;             ///< blocks of about 64 MiB
};
DataArray chunk(const DataArray& x, const ChunkWish& wish);
Dataset chunk(const Dataset& x, const ChunkWish& wish);
/// da.broadcast_like(other) and xr.broadcast(a, b).
DataArray broadcast_like(const DataArray& x, const DataArray& other);

}  // namespace rankine::array
