#include "array/dataset.hpp"

#include <algorithm>
#include <unordered_map>

#include "array/combine.hpp"
#include "array/time_fields.hpp"
#include "base/error.hpp"
#include "base/missing_error.hpp"

namespace rankine::array {
namespace {

/// Stands for the array itself while it travels as a dataset; no user's name begins so.
const std::string this_array = "\x01this array";

void check_sizes(const Dataset& dataset) {
  std::unordered_map<std::string, std::pair<std::int64_t, const std::string*>> seen;  // size, and who has it
  for (const auto& [name, variable] : dataset.variables) {
    for (int axis = 0; axis < variable.ndim(); ++axis) {
      const std::string& dim = variable.dims[static_cast<std::size_t>(axis)];
      const std::int64_t size = variable.shape()[static_cast<std::size_t>(axis)];
      const auto [known, is_new] = seen.try_emplace(dim, size, &name);
      if (!is_new && known->second.first != size)
        throw ShapeError("dimension '" + dim + "' has size " + std::to_string(known->second.first) + " in '" +
                         *known->second.second + "' and " + std::to_string(size) + " in '" + name + "'");
    }
  }
}

}  // namespace

DimSizes Dataset::sizes() const {
  DimSizes sizes;
  NameIndex index;
  for (const auto& [name, variable] : variables) {
    for (int axis = 0; axis < variable.ndim(); ++axis) {
      const std::string& dim = variable.dims[static_cast<std::size_t>(axis)];
      if (index.find(sizes, dim) != NameIndex::npos) continue;
      sizes.emplace_back(dim, variable.shape()[static_cast<std::size_t>(axis)]);
      index.on_append(sizes);
    }
  }
  return sizes;
}

void Dataset::mark_dim_coordinates() {
  for (const auto& [dim, size] : sizes())
    if (variables.contains(dim)) coord_names.insert(dim);
}

std::vector<std::string> Dataset::data_names() const {
  std::vector<std::string> names;
  for (const auto& [name, variable] : variables)
    if (!is_coord(name)) names.push_back(name);
  return names;
}

std::vector<std::string> Dataset::coord_order() const {
  // Coordinates are few, whatever the number of variables.
  std::vector<std::size_t> positions;
  for (const std::string& name : coord_names)
    if (const std::size_t at = variables.position_of(name); at != NameIndex::npos) positions.push_back(at);
  std::sort(positions.begin(), positions.end());
  std::vector<std::string> names;
  for (const std::size_t at : positions) names.push_back(variables.at_position(at).first);
  return names;
}

VariableMap Dataset::coords() const {
  VariableMap coords;
  for (const std::string& name : coord_order()) coords.set(name, *variables.find(name));
  return coords;
}

const Variable* Dataset::index(const std::string& dim) const {
  const Variable* found = variables.find(dim);
  return found != nullptr && is_coord(dim) && found->dims == std::vector<std::string>{dim} ? found : nullptr;
}

Dataset make_dataset(VariableMap data, VariableMap coords, Attributes attrs) {
  Dataset made;
  made.attrs = std::move(attrs);
  made.variables = std::move(data);
  for (auto& [name, coord] : coords) {
    if (made.variables.contains(name))
      throw UsageError("'" + name + "' is given as a data variable and as a coordinate");
    made.variables.set(name, coord);
    made.coord_names.insert(name);
  }
  for (auto& [name, variable] : made.variables) {
    if (variable.dims == std::vector<std::string>{name}) {
      variable = as_index(variable);
      made.coord_names.insert(name);
    }
  }
  check_sizes(made);
  made.mark_dim_coordinates();
  return made;
}

Dataset make_dataset(const std::vector<std::pair<std::string, DataArray>>& arrays, VariableMap coords,
                     Attributes attrs) {
  std::vector<Labelled> parts;
  if (!coords.empty()) parts.emplace_back(make_dataset(VariableMap{}, coords));
  for (const auto& [name, array] : arrays) {
    DataArray named = array;
    named.coords.erase(name);
    parts.emplace_back(to_dataset(named, name));
  }
  const Dataset merged = merge(parts, {.compat = "broadcast_equals"});
  // Each array behind its coordinates, then the coordinates that were given apart: the order that xarray's dims follow.
  Dataset made;
  made.attrs = std::move(attrs);
  made.coord_names = merged.coord_names;
  for (const auto& [name, array] : arrays) {
    for (const auto& key : array.coords.names())
      if (key != name) made.variables.set(key, *merged.variables.find(key));
    made.variables.set(name, *merged.variables.find(name));
  }
  for (const auto& [name, variable] : merged.variables) made.variables.set(name, variable);
  check_sizes(made);
  return made;
}

namespace {

/// The coordinates that live on some of `dims`, in the order of the variables. Only those are copied: each variable of
/// thousands is asked for its own.
VariableMap coords_of(const Dataset& dataset, const std::vector<std::string>& dims) {
  std::vector<std::size_t> positions;
  for (const std::string& name : dataset.coord_names) {
    const std::size_t at = dataset.variables.position_of(name);
    if (at == NameIndex::npos) continue;
    const auto& own = dataset.variables.at_position(at).second.dims;
    const bool within = std::all_of(own.begin(), own.end(), [&](const std::string& dim) {
      return std::find(dims.begin(), dims.end(), dim) != dims.end();
    });
    if (within) positions.push_back(at);
  }
  std::sort(positions.begin(), positions.end());
  VariableMap coords;
  for (const std::size_t at : positions) coords.set(dataset.variables.at_position(at).first, dataset.variables.at_position(at).second);
  return coords;
}

}  // namespace

bool has_variable(const Dataset& dataset, const std::string& name) {
  if (dataset.variables.contains(name)) return true;
  for (const auto& [dim, size] : dataset.sizes())
    if (dim == name) return true;
  const auto dot = name.find('.');
  return dot != std::string::npos && dataset.variables.contains(name.substr(0, dot)) &&
         is_time_field(name.substr(dot + 1));
}

DataArray get(const Dataset& dataset, const std::string& name) {
  if (const Variable* variable = dataset.variables.find(name))
    return DataArray{name, *variable, coords_of(dataset, variable->dims)};
  for (const auto& [dim, size] : dataset.sizes())
    if (dim == name) return DataArray{name, default_positions(dim, size), coords_of(dataset, {dim})};
  if (const auto dot = name.find('.'); dot != std::string::npos && dataset.variables.contains(name.substr(0, dot)))
    return time_field(get(dataset, name.substr(0, dot)), name.substr(dot + 1));
  if (const auto unread = dataset.left_out.find(name); unread != dataset.left_out.end())
    throw MissingNameError("variable '" + name + "' cannot be read from " + unread->second);
  auto names = dataset.data_names();
  for (auto& coord : dataset.coord_order()) names.push_back(std::move(coord));
  throw MissingNameError("no variable '" + name + "' in the dataset; it has: " + format_names(names));
}

Dataset select(const Dataset& dataset, const std::vector<std::string>& names) {
  Dataset selected;
  selected.attrs = dataset.attrs;
  selected.encoding = dataset.encoding;
  std::vector<std::string> dims;
  for (const auto& name : names) {
    const DataArray array = get(dataset, name);
    selected.variables.set(name, array.variable);
    if (dataset.is_coord(name)) selected.coord_names.insert(name);
    dims.insert(dims.end(), array.dims().begin(), array.dims().end());
  }
  for (const auto& [name, coord] : coords_of(dataset, dims)) {
    selected.variables.set(name, coord);
    selected.coord_names.insert(name);
  }
  return selected;
}

Dataset to_dataset(const DataArray& array, std::optional<std::string> name) {
  if (!name) name = array.name;
  if (!name) throw UsageError("an array without a name cannot become a dataset; give it one: to_dataset(name=...)");
  if (array.coords.contains(*name))
    throw UsageError("cannot make a dataset: the array has the name of its coordinate '" + *name + "'");
  Dataset made;
  for (const auto& [key, coord] : array.coords) {
    made.variables.set(key, coord);
    made.coord_names.insert(key);
  }
  made.variables.set(*name, array.variable);
  return made;
}

Dataset to_temporary_dataset(const DataArray& array) { return to_dataset(array, this_array); }

DataArray from_temporary_dataset(const Dataset& dataset, std::optional<std::string> name) {
  const Variable* variable = dataset.variables.find(this_array);
  RANKINE_CHECK(variable != nullptr, "the array was lost on its way through a dataset");
  return DataArray{std::move(name), *variable, dataset.coords()};
}

}  // namespace rankine::array
