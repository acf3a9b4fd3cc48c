#pragma once
#include "array/reduction.hpp"

namespace rankine::array {

/// Which positions along `dim` belong together: code i counts from 0 in the order of `labels`.
struct Grouping {
  std::string name;                   ///< dim and coordinate of results: "month", "time" (resample)
  std::string dim;                    ///< the dim that is grouped
  std::vector<std::int32_t> codes;    ///< one a position; -1: in no group
  Variable labels;                    ///< 1-d over `name`, sorted, unique, known
  DataArray group;                    ///< what was grouped by, for group arithmetic
  bool restore_coords = true;
};

/// x.groupby("time.month") and x.resample(time="MS"). A value; nothing is computed yet.
struct GroupBy {
  Labelled object;
  Grouping grouping;
  bool resampled = false;
  bool squeeze = true;                ///< groups of one label each lose the dim: is_squeezed()
};
/// Whether each label along the grouped dim is a group of its own, in rising order: such groups are without the dim.
bool is_squeezed(const GroupBy& x);

/// By "time.month" (component of a coordinate) or the name of a 1-d coordinate. Group keys are loaded now.
GroupBy groupby(const Labelled& x, const std::string& key);
GroupBy groupby(const Labelled& x, const DataArray& key);
/// x.resample(time="MS"): bins of pandas' frequency strings; see calendar.
struct ResampleOptions {
  std::string closed = {};              ///< "", "left", "right"
  std::string label = {};               ///< "", "left", "right"
};
GroupBy resample(const Labelled& x, const std::string& dim, const std::string& frequency,
                 const ResampleOptions& options = {});

/// gb.mean(dim): over the grouped dim by default; `dims` may name more (or all). Bins without members
/// give NaN (sum 0) in resample.
Labelled reduce(const GroupBy& x, kernel::ReduceOp op, const DimChoice& dims = {}, const ReduceOptions& options = {});
/// gb - clim, clim - gb: each position with the group's value. A group that `other` lacks is an error
/// where the label is unknown (as in xarray).
Labelled binary(kernel::Op op, const GroupBy& left, const Labelled& right, bool keep_attrs = false);
Labelled binary(kernel::Op op, const Labelled& left, const GroupBy& right, bool keep_attrs = false);
/// Labels of the groups, and the positions of each (`for label, part in gb`).
std::vector<std::pair<NdArray, Labelled>> groups(const GroupBy& x);

}  // namespace rankine::array
