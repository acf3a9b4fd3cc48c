#include "array/indexing.hpp"

#include <algorithm>

#include "array/alignment.hpp"
#include "array/loader.hpp"
#include "base/error.hpp"
#include "base/missing_error.hpp"

namespace rankine::array {
namespace {

/// An indexer along one dim, resolved against its size.
struct Positions {
  bool is_scalar = false;
  bool is_slice = false;
  std::int64_t start = 0, step = 1, count = 0;  ///< is_slice; is_scalar: start
  std::vector<std::int64_t> list;
  std::string new_dim;                          ///< list: what the dim is called afterwards
  VariableMap coords;                           ///< that come with a DataArray indexer
};

Positions resolve_slice(const PositionSlice& slice, std::int64_t size) {
  const std::int64_t step = slice.step.value_or(1);
  if (step == 0) throw UsageError("a slice step cannot be zero");
  const auto clamp = [&](std::int64_t at, std::int64_t low, std::int64_t high) {
    if (at < 0) at += size;
    return std::clamp(at, low, high);
  };
  Positions out;
  out.is_slice = true;
  out.step = step;
  if (step > 0) {
    out.start = clamp(slice.start.value_or(0), 0, size);
    const std::int64_t stop = slice.stop ? clamp(*slice.stop, 0, size) : size;
    out.count = stop > out.start ? ceil_div(stop - out.start, step) : 0;
  } else {
    out.start = slice.start ? clamp(*slice.start, -1, size - 1) : size - 1;
    const std::int64_t stop = slice.stop ? clamp(*slice.stop, -1, size - 1) : -1;
    out.count = out.start > stop ? ceil_div(out.start - stop, -step) : 0;
  }
  if (out.count == 0) out.start = 0;
  return out;
}

std::int64_t checked(std::int64_t at, std::int64_t size, const std::string& dim) {
  const std::int64_t position = at < 0 ? at + size : at;
  if (position < 0 || position >= size)
    throw PositionError("position " + std::to_string(at) + " is outside dimension '" + dim + "' of size " +
                     std::to_string(size));
  return position;
}

Positions resolve_values(const NdArray& values, std::int64_t size, const std::string& dim) {
  Positions out;
  if (values.ndim() > 1)
    throw UnsupportedError("indexing '" + dim + "' with an array of " + std::to_string(values.ndim()) +
                           " dims is not supported; use one position or a 1-d list");
  if (values.dtype() == DType::boolean && values.ndim() == 1) {
    if (values.size() != size)
      throw ShapeError("a mask of size " + std::to_string(values.size()) + " cannot index dimension '" + dim +
                       "' of size " + std::to_string(size));
    for (std::int64_t i = 0; i < size; ++i)
      if (values.data<bool>()[i]) out.list.push_back(i);
    return out;
  }
  if (!is_integer(values.dtype()) && values.size() > 0)
    throw UsageError("positions along '" + dim + "' must be integers, not " + name_of(values.dtype()));
  if (values.ndim() == 0) {
    out.is_scalar = true;
    out.start = checked(values.as_int64(0), size, dim);
    return out;
  }
  for (std::int64_t i = 0; i < values.size(); ++i) out.list.push_back(checked(values.as_int64(i), size, dim));
  return out;
}

Positions resolve(const PositionIndexer& indexer, std::int64_t size, const std::string& dim) {
  if (const auto* slice = std::get_if<PositionSlice>(&indexer)) return resolve_slice(*slice, size);
  Positions out;
  if (const auto* values = std::get_if<NdArray>(&indexer)) {
    out = resolve_values(*values, size, dim);
  } else {
    const auto& array = std::get<DataArray>(indexer);
    out = resolve_values(values_of(array), size, dim);
    const bool is_mask = array.dtype() == DType::boolean;
    if (!out.is_scalar && !is_mask) out.new_dim = array.dims()[0];
    if (!is_mask) out.coords = array.coords;
  }
  if (out.new_dim.empty()) out.new_dim = dim;
  return out;
}

Variable index_variable(const Variable& variable, const std::vector<std::pair<std::string, Positions>>& indexers) {
  Variable out = variable;
  for (const auto& [dim, positions] : indexers) {
    const int axis = out.axis_of(dim);
    if (axis < 0) continue;
    const auto a = static_cast<std::size_t>(axis);
    if (!positions.is_scalar && !positions.is_slice) {
      out.data = take(out.data, axis, positions.list);
      if (positions.new_dim != dim && out.has_dim(positions.new_dim))
        throw UnsupportedError("pointwise indexing along '" + positions.new_dim + "' is not supported");
      out.dims[a] = positions.new_dim;
      continue;
    }
    Index start(out.shape().size(), 0);
    Index step(out.shape().size(), 1);
    Shape count = out.shape();
    start[a] = positions.start;
    step[a] = positions.step;
    count[a] = positions.is_scalar ? 1 : positions.count;
    out.data = slice(out.data, start, step, count);
    if (!positions.is_scalar) continue;
    out.dims.erase(out.dims.begin() + axis);
    std::vector<int> axes;
    for (int k = 0; k < out.data->ndim(); ++k)
      if (k != axis) axes.push_back(k);
    out.data = permute(out.data, axes);
  }
  return out;
}

}  // namespace

Dataset isel(const Dataset& x, const Indexers<PositionIndexer>& indexers, bool drop) {
  const DimSizes sizes = x.sizes();
  std::vector<std::pair<std::string, Positions>> resolved;
  std::vector<std::string> renamed_to;
  for (const auto& [dim, indexer] : indexers) {
    const auto known = std::find_if(sizes.begin(), sizes.end(), [&, d = dim](const auto& e) { return e.first == d; });
    if (known == sizes.end())
      throw UsageError("no dimension '" + dim + "' to select along; the dims are " + format_names(names_of(sizes)));
    resolved.emplace_back(dim, resolve(indexer, known->second, dim));
    const Positions& positions = resolved.back().second;
    if (positions.new_dim.empty() || positions.new_dim == dim) continue;
    if (std::find(renamed_to.begin(), renamed_to.end(), positions.new_dim) != renamed_to.end())
      throw UnsupportedError("pointwise indexing with several arrays along '" + positions.new_dim +
                             "' is not supported; take the points one by one: xr.concat([da.sel(lat=y, lon=x) for y, x in zip(lats, lons)], "
                             "dim=\"" + positions.new_dim + "\")");
    renamed_to.push_back(positions.new_dim);
  }
  Dataset out;
  out.attrs = x.attrs;
  out.encoding = x.encoding;
  for (const auto& [name, variable] : x.variables) {
    Variable indexed = index_variable(variable, resolved);
    if (drop && x.is_coord(name) && indexed.ndim() == 0 && variable.ndim() > 0) continue;
    if (indexed.dims == std::vector<std::string>{name}) indexed = as_index(indexed);
    if (x.is_coord(name)) out.coord_names.insert(name);
    out.variables.set(name, std::move(indexed));
  }
  for (const auto& [dim, positions] : resolved) {
    for (const auto& [name, coord] : positions.coords) {
      if (out.variables.contains(name)) continue;
      out.variables.set(name, coord);
      out.coord_names.insert(name);
    }
  }
  return out;
}

DataArray isel(const DataArray& x, const Indexers<PositionIndexer>& indexers, bool drop) {
  for (const auto& [dim, indexer] : indexers)
    if (!x.variable.has_dim(dim))
      throw UsageError("no dimension '" + dim + "' to select along; the dims are " + format_names(x.dims()));
  return through_dataset(x, [&](const Dataset& dataset) { return isel(dataset, indexers, drop); });
}

DataArray getitem(const DataArray& x, const std::vector<PositionIndexer>& indexers) {
  if (indexers.size() > x.dims().size())
    throw UsageError("too many indices: the array has " + std::to_string(x.dims().size()) + " dims");
  Indexers<PositionIndexer> by_dim;
  for (std::size_t k = 0; k < indexers.size(); ++k) by_dim.emplace_back(x.dims()[k], indexers[k]);
  return isel(x, by_dim);
}

Dataset take(const Dataset& x, const std::string& dim, const std::vector<std::int64_t>& indices) {
  Dataset out = x;
  for (auto& [name, variable] : out.variables) {
    const int axis = variable.axis_of(dim);
    if (axis < 0) continue;
    variable = take_with_gaps(variable, axis, indices);
    if (variable.dims == std::vector<std::string>{name}) variable = as_index(variable);
  }
  return out;
}

}  // namespace rankine::array
