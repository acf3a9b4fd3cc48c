#pragma once
#include "array/dataset.hpp"

namespace rankine::array {

/// start:stop:step of Python, in positions.
struct PositionSlice {
  std::optional<std::int64_t> start = {}, stop = {}, step = {};
};
/// start:stop:step in labels; both ends belong to it. Each label is a scalar NdArray.
struct LabelSlice {
  std::optional<NdArray> start = {}, stop = {};
  std::optional<std::int64_t> step = {};
};
/// An NdArray of shape {} is one position or label (its dim vanishes), a 1-d one a list (bool: a mask).
/// A 1-d DataArray also renames the dim to its own, as xarray.
using PositionIndexer = std::variant<PositionSlice, NdArray, DataArray>;
using LabelIndexer = std::variant<LabelSlice, NdArray, DataArray>;
template <typename Indexer> using Indexers = std::vector<std::pair<std::string, Indexer>>;

/// x.isel(time=0, lat=slice(2, None)). `drop`: scalar coordinates that arise are left out.
DataArray isel(const DataArray& x, const Indexers<PositionIndexer>& indexers, bool drop = false);
Dataset isel(const Dataset& x, const Indexers<PositionIndexer>& indexers, bool drop = false);

/// How sel finds labels that are not there.
struct SelOptions {
  std::string method = {};              ///< "", "nearest", "pad"/"ffill", "backfill"/"bfill"
  std::optional<double> tolerance = {};   ///< for datetime64 in nanoseconds
  bool drop = false;
};
/// x.sel(lat=50, time=slice("1991", "2000-07")). Throws UsageError: "'lat' has no label 91.0; ...".
DataArray sel(const DataArray& x, const Indexers<LabelIndexer>& indexers, const SelOptions& options = {});
Dataset sel(const Dataset& x, const Indexers<LabelIndexer>& indexers, const SelOptions& options = {});

/// da[0, :, ...] by position; fewer indexers than dims leave the rest whole.
DataArray getitem(const DataArray& x, const std::vector<PositionIndexer>& indexers);

/// Positions of `indices` (-1: NaN) along `dim` of everything that has it.
Dataset take(const Dataset& x, const std::string& dim, const std::vector<std::int64_t>& indices);

}  // namespace rankine::array
