#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "array/reduction.hpp"
#include "kernel/user_kernel.hpp"

namespace rankine::array {

/// How one call of a user kernel differs from what it was declared with; absent: as declared.
struct UserMapOptions {
  std::vector<kernel::UserParameter> parameters = {};
  std::vector<std::pair<std::string, std::int64_t>> chunks = {};  ///< block sizes by dim; -1: the whole dim
  std::optional<std::vector<std::pair<std::string, std::int64_t>>> depth = {};
  std::optional<kernel::Boundary> boundary = {};
  std::vector<std::pair<std::string, kernel::Boundary>> boundaries = {};
  std::optional<double> fill = {};
  std::optional<std::vector<std::string>> core_dims = {};
  std::optional<std::vector<std::string>> drop_dims = {};
  std::optional<std::vector<std::pair<std::string, std::int64_t>>> new_dims = {};
  std::optional<std::string> dtype = {};
  bool keep_attrs = false;
};

/// A registered kernel over blocks of the inputs, aligned and broadcast by dim name.
/// Throws UsageError for unknown kernels, dims and parameters, ShapeError where the inputs do not fit.
DataArray map_blocks(const std::string& kernel, const std::vector<DataArray>& inputs, const UserMapOptions& options = {});

/// A registered reduction over `dims`.
DataArray user_reduction(const std::string& kernel, const DataArray& x, const DimChoice& dims = {},
                         const std::vector<kernel::UserParameter>& parameters = {});

}  // namespace rankine::array
