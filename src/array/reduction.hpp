#pragma once
#include "array/dataset.hpp"

namespace rankine::array {

struct ReduceOptions {
  std::optional<bool> skipna = {};    ///< default: true for floats
  double ddof = 0;
  std::int64_t min_count = 0;
  std::optional<bool> keep_attrs = {};  ///< default: false; true for groupby and resample
  bool numeric_only = false;
  bool keep_coord_attrs = false;        ///< of weighted data, which loses them otherwise: xr.set_options(keep_attrs=True)
};
/// Dims to reduce. Absent: all, for groupby and resample the grouped dim. {"..."}: always all.
using DimChoice = std::optional<std::vector<std::string>>;

/// x.mean(dim), sum, min, max, std, var, count, any, all, prod. Throws UsageError for unknown dims.
/// Datasets: variables that the operation does not apply to (strings, dates) are dropped, as xarray does.
DataArray reduce(const DataArray& x, kernel::ReduceOp op, const DimChoice& dims = {}, const ReduceOptions& options = {});
Dataset reduce(const Dataset& x, kernel::ReduceOp op, const DimChoice& dims = {}, const ReduceOptions& options = {});
/// "mean" -> ReduceOp::mean; nothing if it is no reduction.
std::optional<kernel::ReduceOp> reduce_op_named(const std::string& name);

}  // namespace rankine::array
