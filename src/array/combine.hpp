#pragma once
#include "array/dataset.hpp"

namespace rankine::array {

struct ConcatOptions {
  std::string data_vars = "all";      ///< "all", "minimal", "different"
  std::string coords = "different";
  std::string compat = "equals";
  std::string join = "outer";         ///< unequal indexes of other dims: outer unless "exact", "inner", "override"
  std::string combine_attrs = "override";
};
/// xr.concat(objects, dim). A dim none of them has becomes a new leading one; `labels` are its coordinate.
Dataset concat(std::vector<Dataset> parts, const std::string& dim, const ConcatOptions& options = {},
               const std::optional<DataArray>& labels = {});
DataArray concat(const std::vector<DataArray>& parts, const std::string& dim, const ConcatOptions& options = {},
                 const std::optional<DataArray>& labels = {});

struct MergeOptions {
  std::string compat = "no_conflicts"; ///< "no_conflicts", "equals", "identical", "override", "broadcast_equals"
  std::string combine_attrs = "override";
  std::string join = "outer";         ///< of unequal indexes: "outer", "inner", "left", "right", "exact"
};
Dataset merge(const std::vector<Labelled>& objects, const MergeOptions& options = {});

/// What open_mfdataset does with opened files: by_coords along the one dim whose index differs, sorted by
/// it. `names` are the files, for messages. data_vars "all", coords "different", compat "no_conflicts".
Dataset combine_by_coords(std::vector<Dataset> parts, const std::vector<std::string>& names,
                          const ConcatOptions& options = {.compat = "no_conflicts"});
/// open_mfdataset(combine="nested", concat_dim=...).
Dataset combine_nested(std::vector<Dataset> parts, const std::string& dim,
                       const ConcatOptions& options = {.compat = "no_conflicts"});

}  // namespace rankine::array
