#include "array/groupby.hpp"

#include <algorithm>
#include <cmath>

#include "array/alignment.hpp"
#include "array/arithmetic.hpp"
#include "array/group_reduction.hpp"
#include "array/indexing.hpp"
#include "array/loader.hpp"
#include "base/error.hpp"
#include "calendar/resample.hpp"

namespace rankine::array {
namespace {

using kernel::Op;
using kernel::ReduceOp;

bool is_missing(const NdArray& values, std::int64_t i) {
  if (is_float(values.dtype())) return std::isnan(values.as_double(i));
  if (is_time(values.dtype())) return values.as_int64(i) == not_a_time;
  return values.dtype() == DType::string && values.strings()[static_cast<std::size_t>(i)] == "nan";
}

Grouping grouping_of(const DataArray& key) {
  if (key.variable.ndim() != 1)
    throw UnsupportedError("groupby needs a 1-d key, but '" + key.name.value_or("group") + "' has the dims " +
                           format_names(key.dims()));
  const NdArray values = values_of(key);
  std::vector<std::int64_t> kept;
  for (const std::int64_t i : sorted_positions(values))
    if (!is_missing(values, i)) kept.push_back(i);
  if (kept.empty()) throw UsageError("cannot group by '" + key.name.value_or("group") + "': all of it is missing");
  Grouping grouping;
  grouping.name = key.name.value_or("group");
  grouping.dim = key.dims()[0];
  grouping.group = key;
  grouping.group.name = grouping.name;
  grouping.codes.assign(static_cast<std::size_t>(values.size()), -1);
  const LabelLookup lookup(values);
  std::vector<std::int64_t> firsts;
  for (const std::int64_t i : kept) {
    const std::int64_t first = lookup.find(values, i);
    if (firsts.empty() || firsts.back() != first) firsts.push_back(first);
    grouping.codes[static_cast<std::size_t>(i)] = static_cast<std::int32_t>(firsts.size() - 1);
  }
  grouping.labels = as_index(with_data(without_attrs(key.variable), take(key.variable.data, 0, firsts)));
  grouping.labels.dims = {grouping.name};
  return grouping;
}

DataArray key_named(const Labelled& x, const std::string& name) {
  return std::visit([&](const auto& object) {
    if constexpr (std::is_same_v<std::decay_t<decltype(object)>, DataArray>) return coordinate(object, name);
    else return get(object, name);
  }, x);
}

std::int64_t size_of_dim(const Labelled& x, const std::string& dim) {
  const DimSizes sizes = std::visit([](const auto& object) { return DimSizes(object.sizes()); }, x);
  for (const auto& [name, size] : sizes)
    if (name == dim) return size;
  throw UsageError("cannot group along '" + dim + "': the dims are " + format_names(names_of(sizes)));
}

/// Positions of `dim` renamed and spread: each position of the grouped dim gets its group's element.
Dataset spread(const Dataset& other, const Grouping& grouping) {
  const Variable* index = other.index(grouping.name);
  if (index == nullptr) {
    const auto dims = names_of(other.sizes());
    if (std::find(dims.begin(), dims.end(), grouping.name) == dims.end())
      throw UsageError("group arithmetic needs dim '" + grouping.name + "' in the other operand; its dims are " +
                       format_names(dims));
    throw UsageError("group arithmetic needs labels along '" + grouping.name + "' in the other operand");
  }
  const LabelLookup lookup(values_of(*index));
  if (lookup.has_duplicates())
    throw UsageError("the labels of '" + grouping.name + "' in the other operand are not unique");
  const NdArray labels = values_of(grouping.labels);
  std::vector<std::int64_t> of_group;
  for (std::int64_t g = 0; g < labels.size(); ++g) of_group.push_back(lookup.find(labels, g));
  std::vector<std::int64_t> positions;
  for (const std::int32_t code : grouping.codes)
    positions.push_back(code < 0 ? -1 : of_group[static_cast<std::size_t>(code)]);
  Dataset out;
  out.attrs = other.attrs;
  out.coord_names = other.coord_names;
  for (const auto& [name, variable] : other.variables) {
    Variable spread_out = variable;
    if (name == grouping.name) {
      spread_out = without_attrs(grouping.group.variable);
    } else {
      // xarray spreads scalar coordinates over the groups too.
      if (other.is_coord(name) && variable.ndim() == 0)
        spread_out = aligned_to(variable, {grouping.name}, {{grouping.name, index->shape()[0]}});
      const int axis = spread_out.axis_of(grouping.name);
      if (axis >= 0) {
        spread_out = take_with_gaps(spread_out, axis, positions);
        if (grouping.dim != grouping.name && spread_out.has_dim(grouping.dim))
          throw UsageError("group arithmetic: the other operand has the grouped dim '" + grouping.dim + "' itself");
        spread_out.dims[static_cast<std::size_t>(axis)] = grouping.dim;
      }
    }
    out.variables.set(name, std::move(spread_out));
  }
  for (const auto& [name, coord] : grouping.group.coords) {
    if (!out.variables.contains(name)) out.variables.set(name, coord);
    out.coord_names.insert(name);
  }
  return out;
}

Labelled group_binary(Op op, const GroupBy& grouped, const Labelled& other, bool group_is_left, bool keep_attrs) {
  const Grouping& grouping = grouped.grouping;
  Operand expanded;
  if (const auto* array = std::get_if<DataArray>(&other))
    expanded = from_temporary_dataset(spread(to_temporary_dataset(*array), grouping), array->name);
  else
    expanded = spread(std::get<Dataset>(other), grouping);
  const Operand object = std::visit([](const auto& x) { return Operand(x); }, grouped.object);
  const Operand result = group_is_left ? binary(op, object, expanded, keep_attrs) : binary(op, expanded, object, keep_attrs);
  if (const auto* array = std::get_if<DataArray>(&result)) {
    const auto* own = std::get_if<DataArray>(&grouped.object);
    if (own == nullptr || group_is_left) return *array;
    // Dims come in the object's order whichever side it stands on.
    DataArray out = *array;
    std::vector<std::string> order = own->dims();
    for (const auto& dim : array->dims())
      if (!own->variable.has_dim(dim)) order.push_back(dim);
    out.variable = aligned_to(array->variable, order);
    return out;
  }
  Dataset out = std::get<Dataset>(result);
  if (const auto* own = std::get_if<Dataset>(&grouped.object)) {
    for (const auto& name : out.data_names()) {
      const Variable* before = own->variables.find(name);
      Variable& after = *out.variables.find(name);
      if (before == nullptr || before->has_dim(grouping.dim) || !after.has_dim(grouping.dim)) continue;
      std::vector<std::string> order{grouping.dim};
      for (const auto& dim : after.dims)
        if (dim != grouping.dim) order.push_back(dim);
      after = aligned_to(after, order);
    }
  }
  return out;
}

}  // namespace

bool is_squeezed(const GroupBy& x) {
  const auto& codes = x.grouping.codes;
  if (x.resampled || !x.squeeze || x.grouping.name != x.grouping.dim ||
      static_cast<std::size_t>(x.grouping.labels.shape()[0]) != codes.size())
    return false;
  for (std::size_t i = 0; i < codes.size(); ++i)
    if (codes[i] != static_cast<std::int32_t>(i)) return false;
  return true;
}

GroupBy groupby(const Labelled& x, const DataArray& key) {
  GroupBy grouped{x, grouping_of(key), false};
  const std::int64_t size = size_of_dim(x, grouped.grouping.dim);
  if (size != static_cast<std::int64_t>(grouped.grouping.codes.size()))
    throw ShapeError("dimension '" + grouped.grouping.dim + "' has size " + std::to_string(size) +
                     " in the array and " + std::to_string(grouped.grouping.codes.size()) + " in the group key");
  return grouped;
}

GroupBy groupby(const Labelled& x, const std::string& key) { return groupby(x, key_named(x, key)); }

GroupBy resample(const Labelled& x, const std::string& dim, const std::string& frequency,
                 const ResampleOptions& options) {
  size_of_dim(x, dim);
  const DataArray key = key_named(x, dim);
  if (key.dtype() != DType::datetime64 && key.dtype() != DType::cftime)
    throw UsageError("resample needs dates along '" + dim + "', but its labels are " + name_of(key.dtype()));
  const auto side = [](const std::string& text) -> std::optional<calendar::Side> {
    if (text.empty()) return std::nullopt;
    if (text == "left") return calendar::Side::left;
    if (text == "right") return calendar::Side::right;
    throw UsageError("closed and label of resample may be 'left' or 'right', not '" + text + "'");
  };
  const auto timeline = key.dtype() == DType::datetime64 ? calendar::Timeline::datetime64()
                                                         : calendar::Timeline::cftime(key.variable.calendar);
  const NdArray times = values_of(key);
  const auto bins = calendar::resample_bins(timeline, times.values<std::int64_t>(), calendar::parse_frequency(frequency),
                                            {side(options.closed), side(options.label)});
  GroupBy grouped{x, {}, true};
  grouped.grouping.name = dim;
  grouped.grouping.dim = dim;
  grouped.grouping.codes = bins.codes;
  grouped.grouping.labels = make_variable({dim}, NdArray::from(bins.labels).viewed_as(key.dtype()));
  grouped.grouping.labels.calendar = key.variable.calendar;
  grouped.grouping.group = key;
  return grouped;
}

Labelled reduce(const GroupBy& x, ReduceOp op, const DimChoice& dims, const ReduceOptions& options) {
  if (const auto* array = std::get_if<DataArray>(&x.object)) {
    return through_dataset(*array, [&](const Dataset& dataset) {
      ReduceOptions all_variables = options;
      return reduce_groups(dataset, x, op, dims, all_variables, false);
    });
  }
  return reduce_groups(std::get<Dataset>(x.object), x, op, dims, options, true);
}

Labelled binary(Op op, const GroupBy& left, const Labelled& right, bool keep_attrs) { return group_binary(op, left, right, true, keep_attrs); }
Labelled binary(Op op, const Labelled& left, const GroupBy& right, bool keep_attrs) { return group_binary(op, right, left, false, keep_attrs); }

std::vector<std::pair<NdArray, Labelled>> groups(const GroupBy& x) {
  const NdArray labels = values_of(x.grouping.labels);
  std::vector<std::vector<std::int64_t>> members(static_cast<std::size_t>(labels.size()));
  for (std::size_t i = 0; i < x.grouping.codes.size(); ++i)
    if (x.grouping.codes[i] >= 0)
      members[static_cast<std::size_t>(x.grouping.codes[i])].push_back(static_cast<std::int64_t>(i));
  std::vector<std::pair<NdArray, Labelled>> out;
  for (std::int64_t g = 0; g < labels.size(); ++g) {
    const auto& inside = members[static_cast<std::size_t>(g)];
    if (inside.empty()) continue;
    const ExprPtr label = permute(slice(constant(labels), {g}, {1}, {1}), {});
    const NdArray positions = is_squeezed(x) ? NdArray::scalar(inside[0]) : NdArray::from(inside);
    const Indexers<PositionIndexer> where{{x.grouping.dim, positions}};
    out.emplace_back(load(label), std::visit([&](const auto& object) { return Labelled(isel(object, where)); }, x.object));
  }
  return out;
}

}  // namespace rankine::array
