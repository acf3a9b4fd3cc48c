#include "rankine/blocks.hpp"

#include "api/convert.hpp"
#include "array/user_blocks.hpp"

namespace rankine {
namespace {

kernel::Boundary inner(Boundary boundary) { return static_cast<kernel::Boundary>(boundary); }

}  // namespace

DataArray map_blocks(const std::string& kernel, const std::vector<DataArray>& inputs, const MapOptions& options) {
  array::UserMapOptions given;
  given.parameters = options.parameters;
  given.chunks = options.chunks;
  given.depth = options.depth;
  if (options.boundary) given.boundary = inner(*options.boundary);
  for (const auto& [dim, boundary] : options.boundaries) given.boundaries.emplace_back(dim, inner(boundary));
  given.fill = options.fill;
  given.core_dims = options.core_dims;
  given.drop_dims = options.drop_dims;
  given.new_dims = options.new_dims;
  given.dtype = options.dtype;
  given.keep_attrs = options.keep_attrs;
  std::vector<array::DataArray> arrays;
  for (const auto& x : inputs) arrays.push_back(x.held());
  return api::wrap(array::map_blocks(kernel, arrays, given));
}

DataArray map_overlap(const std::string& kernel, const std::vector<DataArray>& inputs,
                      const std::vector<std::pair<std::string, std::int64_t>>& depth, Boundary boundary, MapOptions options) {
  options.depth = depth;
  options.boundary = boundary;
  return map_blocks(kernel, inputs, options);
}

DataArray reduction(const std::string& kernel, const DataArray& x, const Dims& dims,
                    const std::vector<std::pair<std::string, std::variant<double, std::string>>>& parameters) {
  return api::wrap(array::user_reduction(kernel, x.held(), dims.names(), parameters));
}

const KernelModule& program_kernels() {
  static const KernelModule kernels(kernel::program_registrar());
  return kernels;
}

}  // namespace rankine
