#include "array/combine.hpp"

#include <algorithm>
#include <map>
#include <numeric>

#include "array/alignment.hpp"
#include "array/loader.hpp"
#include "array/merging.hpp"
#include "array/promotion.hpp"
#include "array/reshape.hpp"
#include "base/error.hpp"

namespace rankine::array {
namespace {

bool has(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::int64_t extent_along(const Dataset& part, const std::string& dim) {
  for (const auto& [name, size] : part.sizes())
    if (name == dim) return size;
  return 1;
}

/// Names among `names` that differ between the parts.
void add_different(const std::vector<Dataset>& parts, const std::vector<std::string>& names, const std::string& what,
                   const std::string& compat, std::set<std::string>& over) {
  if (compat == "override") throw UsageError(what + "='different' and compat='override' exclude each other");
  for (const auto& name : names) {
    if (over.contains(name)) continue;
    std::vector<const Variable*> same;
    for (const auto& part : parts)
      if (const Variable* variable = part.variables.find(name)) same.push_back(variable);
    if (same.size() == 1) continue;
    if (same.size() != parts.size())
      throw UsageError("cannot concatenate: '" + name + "' is not in all of the objects; drop it or use " + what +
                       "='minimal'");
    for (std::size_t k = 1; k < same.size(); ++k)
      if (!compatible(*same[0], *same[k], compat)) over.insert(name);
  }
}

std::set<std::string> names_to_concatenate(const std::vector<Dataset>& parts, const std::string& dim,
                                           const ConcatOptions& options) {
  std::set<std::string> over;
  for (const auto& part : parts)
    for (const auto& [name, variable] : part.variables)
      if (variable.has_dim(dim)) over.insert(name);
  const auto choose = [&](const std::string& option, const std::vector<std::string>& names, const std::string& what) {
    if (option == "all") {
      const auto dims = names_of(parts[0].sizes());
      for (const auto& name : names)
        if (!has(dims, name)) over.insert(name);
    } else if (option == "different") {
      add_different(parts, names, what, options.compat, over);
    } else if (option != "minimal") {
      throw UsageError(what + "='" + option + "' is unknown; there are all, minimal, different");
    }
  };
  choose(options.data_vars, parts[0].data_names(), "data_vars");
  choose(options.coords, parts[0].coord_order(), "coords");
  return over;
}

Variable concatenated(const std::string& name, const std::vector<const Variable*>& variables,
                      const std::vector<std::int64_t>& extents, const std::string& dim, const DimSizes& sizes,
                      const std::string& combine_attrs) {
  std::vector<std::string> dims;
  for (const Variable* variable : variables)
    for (const auto& own : variable->dims)
      if (!has(dims, own)) dims.push_back(own);
  if (!has(dims, dim)) dims.insert(dims.begin(), dim);
  const int axis = static_cast<int>(std::find(dims.begin(), dims.end(), dim) - dims.begin());
  DType dtype = variables[0]->dtype();
  for (const Variable* variable : variables) {
    if (variable->dtype() == DType::cftime && variables[0]->dtype() == DType::cftime &&
        variable->calendar != variables[0]->calendar)
      throw UsageError("cannot concatenate '" + name + "': the calendars differ");
    dtype = promote(dtype, variable->dtype());
  }
  std::vector<ExprPtr> data;
  std::vector<const Attributes*> attrs;
  for (std::size_t k = 0; k < variables.size(); ++k) {
    DimSizes own_sizes = sizes;
    own_sizes.emplace_back(dim, extents[k]);
    ExprPtr part = aligned_to(*variables[k], dims, own_sizes).data;
    if (part->dtype != dtype) part = cast(part, dtype);
    data.push_back(part);
    attrs.push_back(&variables[k]->attrs);
  }
  Variable out = with_data(*variables[0], concat(data, axis));
  out.dims = dims;
  out.attrs = combine_attributes(attrs, combine_attrs);
  return out;
}

}  // namespace

Dataset concat(std::vector<Dataset> given, const std::string& dim, const ConcatOptions& options,
               const std::optional<DataArray>& labels) {
  if (given.empty()) throw UsageError("cannot concatenate: the list is empty");
  std::vector<Dataset> parts = align(std::move(given), parse_join(options.join), {dim});
  bool is_dim = false;
  bool is_variable = false;
  for (const auto& part : parts) {
    is_dim = is_dim || has(names_of(part.sizes()), dim);
    is_variable = is_variable || part.variables.contains(dim);
  }
  if (is_variable && !is_dim)
    for (auto& part : parts) part = expand_dims(part, {NewDim{dim}});
  const std::set<std::string> over = names_to_concatenate(parts, dim, options);
  DimSizes sizes;
  std::vector<std::int64_t> extents;
  std::set<std::string> coord_names;
  std::vector<std::string> order = parts[0].variables.names();
  for (const auto& part : parts) {
    extents.push_back(extent_along(part, dim));
    coord_names.insert(part.coord_names.begin(), part.coord_names.end());
    for (const auto& [name, size] : part.sizes())
      if (name != dim && !has(names_of(sizes), name)) sizes.emplace_back(name, size);
    for (const auto& name : part.variables.names())
      if (!has(order, name)) order.push_back(name);
  }
  Dataset out;
  out.encoding = parts[0].encoding;
  std::vector<const Attributes*> attrs;
  for (const auto& part : parts) attrs.push_back(&part.attrs);
  out.attrs = combine_attributes(attrs, options.combine_attrs);
  for (const auto& name : order) {
    std::vector<const Variable*> same;
    for (const auto& part : parts) {
      const Variable* variable = part.variables.find(name);
      if (variable == nullptr) {
        if (over.contains(name)) throw UsageError("cannot concatenate: '" + name + "' is not in all of the objects");
        continue;
      }
      if (coord_names.contains(name) && !part.is_coord(name) && variable->ndim() > 0 && name != dim)
        throw UsageError("cannot concatenate: '" + name + "' is a coordinate in some of the objects only");
      same.push_back(variable);
    }
    Variable variable = over.contains(name)
                            ? concatenated(name, same, extents, dim, sizes, options.combine_attrs)
                            : same[0]->dims == std::vector<std::string>{name}
                                  ? *same[0] : agreed_variable(name, same, options.compat);
    if (variable.dims == std::vector<std::string>{name}) variable = as_index(variable);
    out.variables.set(name, std::move(variable));
    if (coord_names.contains(name)) out.coord_names.insert(name);
  }
  if (labels) {
    Variable index = labels->variable;
    index.dims = {dim};
    const std::int64_t total = std::accumulate(extents.begin(), extents.end(), std::int64_t{0});
    if (index.ndim() != 1 || index.shape()[0] != total)
      throw ShapeError("the labels of the new dim '" + dim + "' must be " + std::to_string(total));
    out.variables.set(dim, as_index(index));
    out.coord_names.insert(dim);
  }
  return out;
}

DataArray concat(const std::vector<DataArray>& parts, const std::string& dim, const ConcatOptions& options,
                 const std::optional<DataArray>& labels) {
  if (parts.empty()) throw UsageError("cannot concatenate: the list is empty");
  if (options.data_vars != "all") throw UsageError("data_vars cannot be given for arrays");
  std::vector<Dataset> datasets;
  for (const auto& part : parts) datasets.push_back(to_temporary_dataset(part));
  return from_temporary_dataset(concat(std::move(datasets), dim, options, labels), parts[0].name);
}

namespace {

/// Concatenates files with the same variables along the one dim whose labels differ.
Dataset combine_along_one(std::vector<Dataset> parts, const std::vector<std::string>& names,
                          const ConcatOptions& options) {
  if (parts.size() == 1) return std::move(parts[0]);
  std::vector<std::string> differing;
  std::size_t unlike = 0;
  for (const auto& [dim, size] : parts[0].sizes()) {
    const Variable* first = parts[0].index(dim);
    if (first == nullptr) continue;
    for (std::size_t k = 1; k < parts.size(); ++k) {
      const Variable* other = parts[k].index(dim);
      if (other == nullptr)
        throw UsageError("cannot combine: '" + names[k] + "' has no coordinate along '" + dim + "', but '" + names[0] +
                         "' has");
      if (other->data == first->data || equal_values(values_of(*other), values_of(*first))) continue;
      if (!has(differing, dim)) differing.push_back(dim);
      unlike = k;
    }
  }
  if (differing.empty())
    throw UsageError("cannot combine '" + names[0] + "' and '" + names[1] +
                     "' by coordinates: their labels are the same along every dim; use combine='nested' with concat_dim");
  if (differing.size() > 1)
    throw UsageError("cannot combine '" + names[0] + "' and '" + names[unlike] + "': their labels differ along " +
                     format_names(differing) + ", but files can be put together along one dim only");
  const std::string& dim = differing[0];
  std::vector<NdArray> labels;
  bool increasing = true;
  bool decreasing = true;
  const auto ordered = [](const NdArray& values, bool ascending) {
    const auto order = sorted_positions(values, ascending);
    return std::is_sorted(order.begin(), order.end());
  };
  for (std::size_t k = 0; k < parts.size(); ++k) {
    labels.push_back(values_of(*parts[k].index(dim)));
    if (labels.back().size() == 0) throw UsageError("cannot combine: '" + names[k] + "' has no labels along '" + dim + "'");
    if ((labels.back().dtype() == DType::string) != (labels[0].dtype() == DType::string) ||
        is_time(labels.back().dtype()) != is_time(labels[0].dtype()) ||
        (is_time(labels[0].dtype()) && labels.back().dtype() != labels[0].dtype()))
      throw UsageError("cannot combine '" + names[0] + "' and '" + names[k] + "': their labels along '" + dim + "' are " +
                       name_of(labels[0].dtype()) + " and " + name_of(labels.back().dtype()));
    increasing = increasing && ordered(labels.back(), true);
    decreasing = decreasing && ordered(labels.back(), false);
  }
  if (!increasing && !decreasing)
    throw UsageError("cannot combine: the labels along '" + dim + "' neither rise nor fall in all of the files");
  std::vector<ExprPtr> firsts;
  DType dtype = labels[0].dtype();
  for (const auto& values : labels) dtype = promote(dtype, values.dtype());
  for (const auto& values : labels) {
    const ExprPtr first = slice(constant(values), {0}, {1}, {1});
    firsts.push_back(first->dtype == dtype ? first : cast(first, dtype));
  }
  const auto order = sorted_positions(load(concat(firsts, 0)), increasing);
  std::vector<Dataset> sorted;
  for (const std::int64_t k : order) sorted.push_back(std::move(parts[static_cast<std::size_t>(k)]));
  Dataset combined;
  try {
    combined = concat(std::move(sorted), dim, options);
  } catch (const ShapeError& error) {
    std::string files;
    for (const auto& name : names) files += (files.empty() ? "" : ", ") + name;
    throw ShapeError("cannot combine the files " + files + " along '" + dim + "': " + error.what());
  }
  if (!ordered(values_of(*combined.index(dim)), increasing))
    throw UsageError("cannot combine: the labels along '" + dim + "' of '" + names[static_cast<std::size_t>(order[0])] +
                     "' and the other files overlap");
  return combined;
}

}  // namespace

Dataset combine_by_coords(std::vector<Dataset> parts, const std::vector<std::string>& names,
                          const ConcatOptions& options) {
  RANKINE_CHECK(!parts.empty() && parts.size() == names.size(), "one name a file");
  // Files with different variables are put together one set of variables at a time, then merged.
  std::map<std::vector<std::string>, std::vector<std::size_t>> by_variables;
  for (std::size_t k = 0; k < parts.size(); ++k) {
    auto own = parts[k].data_names();
    std::sort(own.begin(), own.end());
    by_variables[own].push_back(k);
  }
  std::vector<Labelled> combined;
  for (const auto& [variables, members] : by_variables) {
    std::vector<Dataset> alike;
    std::vector<std::string> alike_names;
    for (const std::size_t k : members) {
      alike.push_back(std::move(parts[k]));
      alike_names.push_back(names[k]);
    }
    combined.emplace_back(combine_along_one(std::move(alike), alike_names, options));
  }
  // As xarray's merge, which comes last, leaves it: no unlimited dims.
  if (combined.size() == 1) {
    Dataset only = std::get<Dataset>(std::move(combined[0]));
    only.encoding = {};
    return only;
  }
  return merge(combined, {.compat = options.compat, .combine_attrs = options.combine_attrs});
}

Dataset combine_nested(std::vector<Dataset> parts, const std::string& dim, const ConcatOptions& options) {
  return concat(std::move(parts), dim, options);
}

}  // namespace rankine::array
