#include "array/user_blocks.hpp"

#include <algorithm>

#include "array/alignment.hpp"
#include "base/error.hpp"

namespace rankine::array {
namespace {

using kernel::UserKernel;
using kernel::UserParameter;

/// The declared parameters with the values given; the others by their defaults.
std::vector<UserParameter> parameters_of(const UserKernel& kernel, const std::vector<UserParameter>& given) {
  std::vector<UserParameter> all;
  for (const auto& [name, value] : kernel.parameters) all.emplace_back(name, value);
  for (const auto& [name, value] : given) {
    const auto known = std::find_if(all.begin(), all.end(), [&name = name](const auto& p) { return p.first == name; });
    if (known != all.end()) {
      known->second = value;
    } else if (kernel.module.empty()) {
      all.emplace_back(name, value);  // the program's own kernels need not declare what the program gives
    } else {
      std::vector<std::string> names;
      for (const auto& p : kernel.parameters) names.push_back(p.first);
      throw UsageError("kernel '" + kernel.full_name() + "' has no parameter '" + name + "'; it has " + format_names(names));
    }
  }
  return all;
}

void refuse_strings(const UserKernel& kernel, const DataArray& x) {
  if (x.dtype() == DType::string) throw UsageError("kernel '" + kernel.full_name() + "' cannot take strings");
}

[[noreturn]] void fail_unknown_dim(const UserKernel& kernel, const std::string& dim, const std::vector<std::string>& dims) {
  throw UsageError("kernel '" + kernel.full_name() + "' is told of dim '" + dim + "', which its inputs lack; they have " +
                   format_names(dims));
}

std::size_t axis_named(const UserKernel& kernel, const std::string& dim, const std::vector<std::string>& dims) {
  const auto found = std::find(dims.begin(), dims.end(), dim);
  if (found == dims.end()) fail_unknown_dim(kernel, dim, dims);
  return static_cast<std::size_t>(found - dims.begin());
}

}  // namespace

DataArray map_blocks(const std::string& name, const std::vector<DataArray>& given, const UserMapOptions& options) {
  const UserKernel& kernel = kernel::user_kernel(name);
  if (kernel.reduces()) throw UsageError("kernel '" + name + "' is a reduction: call it by reduction()");
  if (given.empty()) throw UsageError("kernel '" + name + "' needs an array");
  if (!kernel.module.empty() && static_cast<int>(given.size()) != kernel.inputs)
    throw UsageError("kernel '" + name + "' takes " + std::to_string(kernel.inputs) + " array" +
                     (kernel.inputs == 1 ? "" : "s") + ", not " + std::to_string(given.size()));
  std::vector<Dataset> parts;
  for (const auto& x : given) {
    refuse_strings(kernel, x);
    parts.push_back(to_temporary_dataset(x));
  }
  parts = align(std::move(parts), Join::exact);
  std::vector<DataArray> inputs;
  std::vector<const Variable*> variables;
  for (std::size_t i = 0; i < given.size(); ++i) inputs.push_back(from_temporary_dataset(parts[i], given[i].name));
  for (const auto& x : inputs) variables.push_back(&x.variable);
  const DimSizes sizes = unified_sizes(variables);
  const std::vector<std::string> dims = names_of(sizes);

  UserMap node;
  node.kernel = name;
  node.parameters = parameters_of(kernel, options.parameters);
  node.axes.resize(dims.size());
  const double fill = options.fill.value_or(kernel.fill);
  for (const auto& [dim, depth] : options.depth.value_or(kernel.depth)) {
    if (depth < 0) throw UsageError("the depth of kernel '" + name + "' along '" + dim + "' is negative");
    auto& axis = node.axes[axis_named(kernel, dim, dims)];
    axis.before = axis.after = depth;
    axis.boundary = options.boundary.value_or(kernel.boundary);
    axis.fill = fill;
  }
  auto boundaries = options.boundary ? decltype(kernel.boundaries){} : kernel.boundaries;
  boundaries.insert(boundaries.end(), options.boundaries.begin(), options.boundaries.end());
  for (const auto& [dim, boundary] : boundaries) node.axes[axis_named(kernel, dim, dims)].boundary = boundary;
  for (const auto& dim : options.core_dims.value_or(kernel.core_dims)) {
    auto& axis = node.axes[axis_named(kernel, dim, dims)];
    if (axis.before + axis.after > 0) throw UsageError("kernel '" + name + "' cannot have a depth along its core dim '" + dim + "'");
    axis.whole = true;
  }
  const auto drop_dims = options.drop_dims.value_or(kernel.drop_dims);
  for (const auto& dim : drop_dims) node.axes[axis_named(kernel, dim, dims)].whole = true;
  for (const auto& [dim, size] : options.chunks) {
    auto& axis = node.axes[axis_named(kernel, dim, dims)];
    if (size == 0 || size < -1) throw UsageError("chunks of kernel '" + name + "' along '" + dim + "' must be positive or -1");
    axis.block = size == -1 ? sizes[axis_named(kernel, dim, dims)].second : size;
  }

  std::vector<std::string> result_dims;
  Shape shape;
  for (std::size_t i = 0; i < dims.size(); ++i) {
    if (std::find(drop_dims.begin(), drop_dims.end(), dims[i]) != drop_dims.end()) continue;
    node.axes[i].output = static_cast<int>(result_dims.size());
    result_dims.push_back(dims[i]);
    shape.push_back(sizes[i].second);
  }
  for (const auto& [dim, size] : options.new_dims.value_or(kernel.new_dims)) {
    if (std::find(result_dims.begin(), result_dims.end(), dim) != result_dims.end())
      throw UsageError("kernel '" + name + "' adds dim '" + dim + "', which is there already");
    result_dims.push_back(dim);
    shape.push_back(size);
  }
  std::vector<ExprPtr> data;
  std::vector<VariableMap> coords;
  for (const auto& x : inputs) {
    data.push_back(aligned_to(x.variable, dims).data);
    coords.push_back(x.coords);
  }
  const std::string dtype = options.dtype.value_or(kernel.dtype);
  const DType result = dtype.empty() ? inputs[0].dtype() : kernel::block_dtype(dtype);
  Variable variable = make_variable(result_dims, user_map(std::move(data), std::move(node), result, shape),
                                    options.keep_attrs ? inputs[0].attrs() : Attributes{});
  if (dtype.empty()) variable.calendar = inputs[0].variable.calendar;
  // A dim may be added again under the name of a dropped one with another size: its old coordinates go.
  VariableMap kept;
  for (const auto& [coord_name, coord_variable] : merge_coords(coords)) {
    const Variable& coord = coord_variable;
    const bool fits = std::all_of(coord.dims.begin(), coord.dims.end(), [&](const std::string& dim) {
      const int axis = variable.axis_of(dim);
      return axis >= 0 && shape[static_cast<std::size_t>(axis)] == coord.size_of_dim(dim);
    });
    if (fits) kept.set(coord_name, coord);
  }
  return DataArray{inputs[0].name, std::move(variable), std::move(kept)};
}

DataArray user_reduction(const std::string& name, const DataArray& x, const DimChoice& dims,
                         const std::vector<UserParameter>& parameters) {
  const UserKernel& kernel = kernel::user_kernel(name);
  if (!kernel.reduces()) throw UsageError("kernel '" + name + "' is no reduction: call it by map_blocks()");
  refuse_strings(kernel, x);
  std::vector<int> axes;
  if (!dims || (dims->size() == 1 && dims->front() == "...")) {
    for (int axis = 0; axis < x.variable.ndim(); ++axis) axes.push_back(axis);
  } else {
    for (const auto& dim : *dims) axes.push_back(static_cast<int>(axis_named(kernel, dim, x.dims())));
    std::sort(axes.begin(), axes.end());
    if (std::adjacent_find(axes.begin(), axes.end()) != axes.end())
      throw UsageError("kernel '" + name + "' is to reduce a dim twice");
  }
  std::vector<std::string> kept;
  for (int axis = 0; axis < x.variable.ndim(); ++axis)
    if (std::find(axes.begin(), axes.end(), axis) == axes.end()) kept.push_back(x.dims()[static_cast<std::size_t>(axis)]);
  UserReduction user{name, parameters_of(kernel, parameters), kernel.states, kernel::block_dtype(kernel.state_dtype)};
  const DType result = kernel.dtype.empty() ? x.dtype() : kernel::block_dtype(kernel.dtype);
  return DataArray{x.name, make_variable(kept, user_reduce(x.variable.data, std::move(axes), std::move(user), result)),
                   coords_within(x.coords, kept)};
}

}  // namespace rankine::array
