#include "array/reshape.hpp"

#include <algorithm>
#include <set>
#include <numeric>

#include "array/alignment.hpp"
#include "array/indexing.hpp"
#include "array/loader.hpp"
#include "base/error.hpp"

namespace rankine::array {
namespace {

/// Replaces "..." by the dims not named; checks the rest.
std::vector<std::string> full_order(const std::vector<std::string>& all, const std::vector<std::string>& asked) {
  std::vector<std::string> order;
  bool ellipsis = false;
  for (const auto& dim : asked) {
    if (dim != "...") {
      if (std::find(all.begin(), all.end(), dim) == all.end())
        throw UsageError("cannot transpose: no dimension '" + dim + "'; the dims are " + format_names(all));
      order.push_back(dim);
      continue;
    }
    if (ellipsis) throw UsageError("cannot transpose: '...' may stand only once");
    ellipsis = true;
    for (const auto& rest : all)
      if (std::find(asked.begin(), asked.end(), rest) == asked.end()) order.push_back(rest);
  }
  if (order.size() != all.size())
    throw UsageError("cannot transpose: " + format_names(asked) + " must name each of the dims " + format_names(all) +
                     " once, or use '...'");
  return order;
}

/// Those of `order` that the variable has.
Variable ordered(const Variable& variable, const std::vector<std::string>& order) {
  std::vector<std::string> own;
  for (const auto& dim : order)
    if (variable.has_dim(dim)) own.push_back(dim);
  return aligned_to(variable, own);
}

const std::string* new_name(const Renaming& names, const std::string& old) {
  for (const auto& [from, to] : names)
    if (from == old) return &to;
  return nullptr;
}

std::vector<std::string> dim_names(const Dataset& x) { return names_of(x.sizes()); }

bool is_dim(const Dataset& x, const std::string& name) {
  const auto dims = dim_names(x);
  return std::find(dims.begin(), dims.end(), name) != dims.end();
}

}  // namespace

DataArray transpose(const DataArray& x, const std::vector<std::string>& dims) {
  std::vector<std::string> order(x.dims().rbegin(), x.dims().rend());
  if (!dims.empty()) order = full_order(x.dims(), dims);
  DataArray out = x;
  out.variable = aligned_to(x.variable, order);
  for (auto& [name, coord] : out.coords) coord = ordered(coord, order);
  return out;
}

Dataset transpose(const Dataset& x, const std::vector<std::string>& dims) {
  Dataset out = x;
  const auto order = dims.empty() ? dims : full_order(dim_names(x), dims);
  for (auto& [name, variable] : out.variables) {
    const std::vector<std::string> backwards(variable.dims.rbegin(), variable.dims.rend());
    variable = ordered(variable, dims.empty() ? backwards : order);
  }
  return out;
}

Dataset rename(const Dataset& x, const Renaming& names) {
  for (const auto& [from, to] : names) {
    if (!x.variables.contains(from) && !is_dim(x, from))
      throw UsageError("cannot rename '" + from + "': there is no such variable or dimension; there are: " +
                       format_names(x.variables.names()));
    if (from != to && x.variables.contains(to) && new_name(names, to) == nullptr)
      throw UsageError("cannot rename '" + from + "' to '" + to + "': that name is taken");
  }
  Dataset out;
  out.attrs = x.attrs;
  out.encoding = x.encoding;
  for (const auto& [name, variable] : x.variables) {
    Variable renamed = variable;
    for (auto& dim : renamed.dims)
      if (const auto* to = new_name(names, dim)) dim = *to;
    const auto* to = new_name(names, name);
    const std::string& key = to != nullptr ? *to : name;
    if (x.is_coord(name)) out.coord_names.insert(key);
    out.variables.set(key, std::move(renamed));
  }
  return out;
}

DataArray rename(const DataArray& x, const Renaming& names) {
  Renaming inner;
  std::optional<std::string> name = x.name;
  for (const auto& [from, to] : names) {
    if (x.name && from == *x.name && !x.coords.contains(from) && !x.variable.has_dim(from)) name = to;
    else inner.emplace_back(from, to);
  }
  DataArray out = x;
  out.name = name;
  return through_dataset(out, [&](const Dataset& dataset) { return rename(dataset, inner); });
}

DataArray rename(DataArray x, std::optional<std::string> name) {
  x.name = std::move(name);
  return x;
}

Dataset drop_vars(const Dataset& x, const std::vector<std::string>& names, bool ignore_missing) {
  const std::set<std::string> dropped(names.begin(), names.end());
  for (const auto& name : names)
    if (!x.variables.contains(name) && !ignore_missing)
      throw UsageError("cannot drop '" + name + "': there is no such variable; there are: " +
                       format_names(x.variables.names()));
  Dataset out = x;
  out.variables = {};
  for (const auto& [name, variable] : x.variables)
    if (!dropped.contains(name)) out.variables.set(name, variable);
  for (const auto& name : dropped) out.coord_names.erase(name);
  return out;
}

DataArray drop_vars(const DataArray& x, const std::vector<std::string>& names, bool ignore_missing) {
  DataArray out = x;
  for (const auto& name : names) {
    if (!x.coords.contains(name) && !ignore_missing)
      throw UsageError("cannot drop '" + name + "': there is no such coordinate; there are: " +
                       format_names(x.coords.names()));
    out.coords.erase(name);
  }
  return out;
}

DataArray coordinate_from_values(const std::string& name, NdArray values) {
  if (values.ndim() > 1)
    throw UsageError("coordinate '" + name + "' of several dims needs their names: (dims, values)");
  std::vector<std::string> dims;
  if (values.ndim() == 1) dims.push_back(name);
  return DataArray{name, make_variable(dims, std::move(values)), {}};
}

Dataset assign_coords(const Dataset& x, const std::vector<std::pair<std::string, DataArray>>& coords) {
  Dataset out = assign(x, coords);
  for (const auto& [name, coord] : coords) out.coord_names.insert(name);
  return out;
}

DataArray assign_coords(const DataArray& x, const std::vector<std::pair<std::string, DataArray>>& coords) {
  for (const auto& [name, coord] : coords)
    for (const auto& dim : coord.dims())
      if (!x.variable.has_dim(dim))
        throw ShapeError("cannot assign coordinate '" + name + "': it has dim '" + dim +
                         "', but the dims of the array are " + format_names(x.dims()));
  return through_dataset(x, [&](const Dataset& dataset) { return assign_coords(dataset, coords); });
}

Dataset assign(const Dataset& x, const std::vector<std::pair<std::string, DataArray>>& variables) {
  Dataset out = x;
  std::vector<std::string> replaced;
  for (const auto& [name, array] : variables) replaced.push_back(name);
  for (const auto& [name, array] : variables) {
    // The dataset's own indexes win; a variable with other labels is reindexed to them.
    Dataset part = to_temporary_dataset(array);
    for (const auto& key : replaced) {
      part.variables.erase(key);
      part.coord_names.erase(key);
    }
    Dataset base = out;
    for (const auto& key : replaced) {
      if (const Variable* old = base.variables.find(key); old != nullptr && old->dims == std::vector<std::string>{key})
        base = drop_vars(base, {key});
    }
    Variable variable = from_temporary_dataset(align({base, part}, Join::left)[1], {}).variable;
    if (variable.dims == std::vector<std::string>{name}) {
      variable = as_index(variable);
      out.coord_names.insert(name);
    }
    for (const auto& [dim, size] : drop_vars(out, {name}, true).sizes())
      if (variable.has_dim(dim) && variable.size_of_dim(dim) != size)
        throw ShapeError("cannot assign '" + name + "': dimension '" + dim + "' has size " + std::to_string(size) +
                         " in the dataset and " + std::to_string(variable.size_of_dim(dim)) + " in it");
    for (const auto& [key, coord] : from_temporary_dataset(part, {}).coords) {
      if (out.variables.contains(key)) continue;
      out.variables.set(key, coord);
      out.coord_names.insert(key);
    }
    out.variables.set(name, std::move(variable));
  }
  out.mark_dim_coordinates();
  return out;
}

DataArray assign_attrs(DataArray x, const Attributes& attrs) {
  for (const auto& [name, value] : attrs) x.variable.attrs.set(name, value);
  return x;
}

Dataset assign_attrs(Dataset x, const Attributes& attrs) {
  for (const auto& [name, value] : attrs) x.attrs.set(name, value);
  return x;
}

Dataset set_coords(const Dataset& x, const std::vector<std::string>& names) {
  Dataset out = x;
  for (const auto& name : names) {
    get(x, name);
    out.coord_names.insert(name);
  }
  return out;
}

DataArray reset_coords_drop(const DataArray& x, const std::vector<std::string>& names) {
  if (!names.empty()) return drop_vars(x, names);
  DataArray out = x;
  for (const auto& [name, coord] : x.coords)
    if (x.index(name) == nullptr) out.coords.erase(name);
  return out;
}

Dataset expand_dims(const Dataset& x, const std::vector<NewDim>& dims) {
  std::vector<std::string> names;
  DimSizes sizes;
  for (const auto& dim : dims) {
    if (is_dim(x, dim.name)) throw UsageError("cannot expand: dimension '" + dim.name + "' is there already");
    names.push_back(dim.name);
    sizes.emplace_back(dim.name, dim.values ? dim.values->size() : dim.size);
  }
  Dataset out = x;
  out.variables = {};
  for (const auto& dim : dims) {
    if (!dim.values) continue;
    out.variables.set(dim.name, make_variable({dim.name}, *dim.values));
    out.coord_names.insert(dim.name);
  }
  for (const auto& [name, given] : x.variables) {
    if (out.variables.contains(name)) continue;
    Variable variable = given;
    const bool is_new = std::find(names.begin(), names.end(), name) != names.end();
    if (is_new) {
      if (variable.ndim() != 0)
        throw UsageError("cannot expand along '" + name + "': the variable of that name is not a scalar");
      // A scalar coordinate becomes the index of the new dim.
      variable = as_index(aligned_to(variable, {name}));
      out.coord_names.insert(name);
    } else if (!x.is_coord(name)) {
      auto order = names;
      order.insert(order.end(), variable.dims.begin(), variable.dims.end());
      variable = aligned_to(variable, order, sizes);
    }
    out.variables.set(name, std::move(variable));
  }
  return out;
}

DataArray expand_dims(const DataArray& x, const std::vector<NewDim>& dims, std::optional<int> axis) {
  DataArray out = through_dataset(x, [&](const Dataset& dataset) { return expand_dims(dataset, dims); });
  if (!axis || *axis == 0) return out;
  const int ndim = out.variable.ndim();
  const int at = *axis < 0 ? *axis + ndim : *axis;
  if (dims.size() != 1 || at < 0 || at >= ndim)
    throw UsageError("cannot expand: axis " + std::to_string(*axis) + " is outside the " + std::to_string(ndim) +
                     " dims of the result");
  std::vector<std::string> order = x.dims();
  order.insert(order.begin() + at, dims[0].name);
  out.variable = aligned_to(out.variable, order);
  return out;
}

Dataset squeeze(const Dataset& x, const std::optional<std::vector<std::string>>& dims, bool drop) {
  Indexers<PositionIndexer> first;
  const DimSizes sizes = x.sizes();
  if (dims) {
    for (const auto& dim : *dims) {
      const auto known = std::find_if(sizes.begin(), sizes.end(), [&](const auto& e) { return e.first == dim; });
      if (known == sizes.end())
        throw UsageError("cannot squeeze: no dimension '" + dim + "'; the dims are " + format_names(names_of(sizes)));
      if (known->second != 1)
        throw UsageError("cannot squeeze: dimension '" + dim + "' has size " + std::to_string(known->second));
      first.emplace_back(dim, NdArray::scalar(std::int64_t{0}));
    }
  } else {
    for (const auto& [dim, size] : sizes)
      if (size == 1) first.emplace_back(dim, NdArray::scalar(std::int64_t{0}));
  }
  return isel(x, first, drop);
}

DataArray squeeze(const DataArray& x, const std::optional<std::vector<std::string>>& dims, bool drop) {
  return through_dataset(x, [&](const Dataset& dataset) { return squeeze(dataset, dims, drop); });
}

Dataset swap_dims(const Dataset& x, const Renaming& dims) {
  for (const auto& [from, to] : dims) {
    if (!is_dim(x, from))
      throw UsageError("cannot swap dims: no dimension '" + from + "'; the dims are " + format_names(dim_names(x)));
    const Variable* replacement = x.variables.find(to);
    if (replacement != nullptr && replacement->dims != std::vector<std::string>{from})
      throw UsageError("cannot swap dims: '" + to + "' is not 1-d along '" + from + "'");
  }
  Dataset out = x;
  for (auto& [name, variable] : out.variables) {
    for (auto& dim : variable.dims)
      if (const auto* to = new_name(dims, dim)) dim = *to;
    if (variable.dims == std::vector<std::string>{name}) {
      variable = as_index(variable);
      out.coord_names.insert(name);
    }
  }
  return out;
}

DataArray swap_dims(const DataArray& x, const Renaming& dims) {
  return through_dataset(x, [&](const Dataset& dataset) { return swap_dims(dataset, dims); });
}

namespace {

/// `order`, sorted further by `values`: equal ones stay as they are.
std::vector<std::int64_t> sorted_further(const std::vector<std::int64_t>& order, const NdArray& values) {
  std::vector<std::int64_t> sorted;
  for (const std::int64_t k : sorted_positions(load(take(constant(values), 0, order))))
    sorted.push_back(order[static_cast<std::size_t>(k)]);
  return sorted;
}

}  // namespace

Dataset sortby(const Dataset& x, const std::vector<DataArray>& keys, bool ascending) {
  std::vector<Dataset> parts{x};
  for (const auto& key : keys) {
    if (key.variable.ndim() != 1)
      throw UsageError("sortby needs 1-d arrays, but '" + key.name.value_or("the array") + "' has the dims " + format_names(key.dims()));
    if (!is_dim(x, key.dims()[0]))
      throw UsageError("cannot sort by '" + key.name.value_or("the array") + "': no dimension '" + key.dims()[0] + "'; the dims are " +
                       format_names(dim_names(x)));
    parts.push_back(to_temporary_dataset(key));
  }
  parts = align(std::move(parts), Join::left);
  std::vector<std::pair<std::string, std::vector<std::int64_t>>> orders;
  for (std::size_t k = keys.size(); k-- > 0;) {
    const std::string& dim = keys[k].dims()[0];
    const NdArray values = values_of(from_temporary_dataset(parts[k + 1], {}));
    auto known = std::find_if(orders.begin(), orders.end(), [&](const auto& entry) { return entry.first == dim; });
    if (known == orders.end()) {
      std::vector<std::int64_t> order(static_cast<std::size_t>(values.size()));
      std::iota(order.begin(), order.end(), 0);
      known = orders.insert(orders.end(), {dim, std::move(order)});
    }
    known->second = sorted_further(known->second, values);
  }
  Dataset out = std::move(parts[0]);
  for (auto& [dim, order] : orders) {
    // As xarray: descending is the ascending order backwards, so equal keys turn round too.
    if (!ascending) std::reverse(order.begin(), order.end());
    out = take(out, dim, order);
  }
  return out;
}

DataArray sortby(const DataArray& x, const std::vector<DataArray>& keys, bool ascending) {
  return through_dataset(x, [&](const Dataset& dataset) { return sortby(dataset, keys, ascending); });
}

Dataset sortby(const Dataset& x, const std::string& coordinate, bool ascending) {
  return sortby(x, std::vector<DataArray>{get(x, coordinate)}, ascending);
}

DataArray sortby(const DataArray& x, const std::string& coordinate, bool ascending) {
  return through_dataset(x, [&](const Dataset& dataset) { return sortby(dataset, coordinate, ascending); });
}

DataArray broadcast_like(const DataArray& x, const DataArray& like) {
  const auto parts = align({to_temporary_dataset(like), to_temporary_dataset(x)}, Join::outer);
  const DataArray other = from_temporary_dataset(parts[0], like.name);
  DataArray out = from_temporary_dataset(parts[1], x.name);
  const DimSizes sizes = unified_sizes({&other.variable, &out.variable});
  out.variable = aligned_to(out.variable, names_of(sizes), sizes);
  out.variable.encoding = {};
  for (const auto& [name, coord] : other.coords)
    if (!out.coords.contains(name) && other.index(name) != nullptr) out.coords.set(name, coord);
  return out;
}

}  // namespace rankine::array
