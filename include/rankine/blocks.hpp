#pragma once
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "rankine/kernel.hpp"
#include "rankine/labelled.hpp"

namespace rankine {

/// How one call of map_blocks or map_overlap differs from what its kernel was declared with.
struct MapOptions {
  /// Values of the kernel's parameters.
  std::vector<std::pair<std::string, std::variant<double, std::string>>> parameters = {};
  /// Block sizes by dim; -1: the whole dim. A dim not named: Rankine chooses. In dask: the chunks of the array.
  std::vector<std::pair<std::string, std::int64_t>> chunks = {};
  std::optional<std::vector<std::pair<std::string, std::int64_t>>> depth = {};
  std::optional<Boundary> boundary = {};
  std::vector<std::pair<std::string, Boundary>> boundaries = {};  ///< of single dims
  std::optional<double> fill = {};
  std::optional<std::vector<std::string>> core_dims = {};
  std::optional<std::vector<std::string>> drop_dims = {};
  std::optional<std::vector<std::pair<std::string, std::int64_t>>> new_dims = {};
  std::optional<std::string> dtype = {};
  bool keep_attrs = false;
};

/// A registered kernel over blocks of the inputs, which are aligned and broadcast by dim name: dask's map_blocks, and
/// xarray's apply_ufunc(dask="parallelized") where core_dims are given. Lazy. Name and coordinates are those of the
/// first input. Throws UsageError for an unknown kernel, dim or parameter, naming what there is.
DataArray map_blocks(const std::string& kernel, const std::vector<DataArray>& inputs, const MapOptions& options = {});
/// The same where every block sees `depth` elements of its neighbours on both sides; the kernel writes the block without
/// them, which is dask's map_overlap after its trimming.
DataArray map_overlap(const std::string& kernel, const std::vector<DataArray>& inputs,
                      const std::vector<std::pair<std::string, std::int64_t>>& depth, Boundary boundary = Boundary::none,
                      MapOptions options = {});
/// A registered reduction over `dims` (all by default), as a tree in a fixed order: the same result for any number of
/// ranks, threads and failures. dask's da.reduction.
DataArray reduction(const std::string& kernel, const DataArray& x, const Dims& dims = {},
                    const std::vector<std::pair<std::string, std::variant<double, std::string>>>& parameters = {});

/// Where kernels of the program itself are added, before `run`; every rank is the same program.
const KernelModule& program_kernels();

}  // namespace rankine

/// Registers a kernel under its own name, at namespace scope: RANKINE_KERNEL(step) or, with KernelOptions,
/// RANKINE_KERNEL(step, .depth = {{"lat", 1}}).
#define RANKINE_KERNEL(function, ...)                            \
  static const bool rankine_registered_##function =              \
      (::rankine::program_kernels().map<function>(#function, {__VA_ARGS__}), true)
/// Registers a reduction under `name`.
#define RANKINE_REDUCTION(name, chunk, combine, aggregate, ...)  \
  static const bool rankine_registered_##name =                  \
      (::rankine::program_kernels().reduction<chunk, combine, aggregate>(#name, {__VA_ARGS__}), true)
