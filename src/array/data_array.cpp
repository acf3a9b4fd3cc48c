#include "array/data_array.hpp"

#include <algorithm>

#include "array/loader.hpp"
#include "array/time_fields.hpp"
#include "base/error.hpp"
#include "base/missing_error.hpp"

namespace rankine::array {

DimSizes DataArray::sizes() const {
  DimSizes sizes;
  for (int axis = 0; axis < variable.ndim(); ++axis)
    sizes.emplace_back(variable.dims[static_cast<std::size_t>(axis)], shape()[static_cast<std::size_t>(axis)]);
  return sizes;
}

const Variable* DataArray::index(const std::string& dim) const {
  const Variable* found = coords.find(dim);
  return found != nullptr && found->dims == std::vector<std::string>{dim} ? found : nullptr;
}

Variable as_index(const Variable& variable) {
  if (variable.data->as<Constant>() != nullptr) return variable;
  return with_data(variable, constant(load(variable.data)));
}

VariableMap coords_within(const VariableMap& coords, const std::vector<std::string>& dims) {
  VariableMap kept;
  for (const auto& [name, coord] : coords) {
    const bool within = std::all_of(coord.dims.begin(), coord.dims.end(), [&](const std::string& dim) {
      return std::find(dims.begin(), dims.end(), dim) != dims.end();
    });
    if (within) kept.set(name, coord);
  }
  return kept;
}

Variable default_positions(const std::string& dim, std::int64_t size) {
  NdArray positions(DType::int64, {size});
  for (std::int64_t i = 0; i < size; ++i) positions.data<std::int64_t>()[i] = i;
  return make_variable({dim}, std::move(positions));
}

DataArray make_data_array(Variable variable, VariableMap coords, std::optional<std::string> name) {
  DataArray made{std::move(name), std::move(variable), {}};
  for (auto& [key, coord] : coords) {
    for (int axis = 0; axis < coord.ndim(); ++axis) {
      const std::string& dim = coord.dims[static_cast<std::size_t>(axis)];
      if (!made.variable.has_dim(dim))
        throw ShapeError("coordinate '" + key + "' has dim '" + dim + "', but the dims of the array are " +
                         format_names(made.dims()));
      const std::int64_t size = coord.shape()[static_cast<std::size_t>(axis)];
      if (size != made.variable.size_of_dim(dim))
        throw ShapeError("dimension '" + dim + "' has size " + std::to_string(made.variable.size_of_dim(dim)) +
                         " in the array and " + std::to_string(size) + " in coordinate '" + key + "'");
    }
    if (made.variable.has_dim(key) && coord.dims != std::vector<std::string>{key})
      throw ShapeError("coordinate '" + key + "' is named like a dim, so it must be 1-d along it");
    made.coords.set(key, coord.dims == std::vector<std::string>{key} ? as_index(coord) : coord);
  }
  return made;
}

bool has_coordinate(const DataArray& array, const std::string& name) {
  if (array.coords.contains(name) || array.variable.has_dim(name)) return true;
  const auto dot = name.find('.');
  return dot != std::string::npos && array.coords.contains(name.substr(0, dot)) &&
         is_time_field(name.substr(dot + 1));
}

DataArray coordinate(const DataArray& array, const std::string& name) {
  if (const Variable* coord = array.coords.find(name))
    return DataArray{name, *coord, coords_within(array.coords, coord->dims)};
  if (array.variable.has_dim(name)) {
    return DataArray{name, default_positions(name, array.variable.size_of_dim(name)),
                     coords_within(array.coords, {name})};
  }
  if (const auto dot = name.find('.'); dot != std::string::npos && array.coords.contains(name.substr(0, dot)))
    return time_field(coordinate(array, name.substr(0, dot)), name.substr(dot + 1));
  throw MissingNameError("no coordinate '" + name + "'; the array has: " + format_names(array.coords.names()));
}

NdArray values_of(const DataArray& array) { return values_of(array.variable); }

}  // namespace rankine::array
