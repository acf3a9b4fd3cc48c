#include "array/elementwise_apply.hpp"

#include <algorithm>
#include <typeinfo>

#include "array/loader.hpp"
#include "array/merging.hpp"
#include "base/error.hpp"

namespace rankine::array {
namespace {

/// What one operand contributes to one variable of the result.
using Piece = std::variant<NdArray, Variable>;

Variable apply_to_variables(const std::vector<Piece>& pieces, const TermFunction& f, const ApplyOptions& options) {
  std::vector<const Variable*> variables;
  for (const auto& piece : pieces)
    if (const auto* variable = std::get_if<Variable>(&piece)) variables.push_back(variable);
  const DimSizes sizes = unified_sizes(variables);
  const auto dims = names_of(sizes);
  std::vector<Term> terms;
  for (const auto& piece : pieces) {
    if (const auto* variable = std::get_if<Variable>(&piece)) {
      const bool is_scalar = variable->dims.empty() && (options.zero_dim_is_scalar || dims.empty());
      terms.push_back({aligned_to(*variable, dims).data, is_scalar, variable->calendar});
      continue;
    }
    const auto& values = std::get<NdArray>(piece);
    if (values.ndim() > static_cast<int>(dims.size()))
      throw ShapeError("a plain array of shape " + format_tuple(values.shape()) +
                       " does not fit the dims " + format_names(dims));
    Shape shape(dims.size(), 1);
    const std::size_t offset = dims.size() - values.shape().size();
    for (std::size_t k = 0; k < values.shape().size(); ++k) {
      shape[offset + k] = values.shape()[k];
      if (shape[offset + k] != 1 && shape[offset + k] != sizes[offset + k].second)
        throw ShapeError("a plain array of shape " + format_tuple(values.shape()) + " does not fit dim '" +
                         dims[offset + k] + "' of size " + std::to_string(sizes[offset + k].second));
    }
    terms.push_back({constant(values.reshaped(shape)), values.ndim() == 0});
  }
  const Term result = f(terms);
  Shape shape;
  for (const auto& [dim, size] : sizes) shape.push_back(size);
  Variable out;
  out.dims = dims;
  out.data = broadcast(result.data, shape);
  out.calendar = result.calendar;
  if (options.keep_attrs && !variables.empty()) out.attrs = variables.front()->attrs;
  return out;
}

/// Plain arrays stretch as NumPy's do, from the last axis on, or are refused with its words.
void check_broadcast(const std::vector<Operand>& arrays) {
  Shape common;
  std::string shapes;
  for (const auto& array : arrays) {
    std::string shape = format_tuple(std::get<NdArray>(array).shape());
    std::erase(shape, ' ');
    shapes += shape + " ";
  }
  for (const auto& array : arrays) {
    const Shape& shape = std::get<NdArray>(array).shape();
    if (shape.size() > common.size()) common.insert(common.begin(), shape.size() - common.size(), 1);
    for (std::size_t k = 0; k < shape.size(); ++k) {
      std::int64_t& extent = common[common.size() - shape.size() + k];
      if (shape[k] != 1 && extent != 1 && shape[k] != extent)
        throw ShapeError("operands could not be broadcast together with shapes " + shapes);
      if (extent == 1) extent = shape[k];
    }
  }
}

std::optional<std::string> common_name(const std::vector<Operand>& operands, bool first_only) {
  std::optional<std::string> name;
  bool seen = false;
  for (const auto& operand : operands) {
    const auto* array = std::get_if<DataArray>(&operand);
    if (array == nullptr) continue;
    if (!seen) name = array->name;
    else if (name != array->name) return std::nullopt;
    seen = true;
    if (first_only) break;
  }
  return name;
}

/// Operands with their indexes conformed; scalars stay.
std::vector<Operand> aligned(const std::vector<Operand>& operands, Join join) {
  std::vector<Dataset> labelled;
  for (const auto& operand : operands) {
    if (const auto* array = std::get_if<DataArray>(&operand)) labelled.push_back(to_temporary_dataset(*array));
    if (const auto* dataset = std::get_if<Dataset>(&operand)) labelled.push_back(*dataset);
  }
  if (labelled.size() < 2) return operands;
  labelled = align(std::move(labelled), join);
  std::vector<Operand> out = operands;
  std::size_t next = 0;
  for (auto& operand : out) {
    if (auto* array = std::get_if<DataArray>(&operand)) operand = from_temporary_dataset(labelled[next++], array->name);
    else if (std::holds_alternative<Dataset>(operand)) operand = labelled[next++];
  }
  return out;
}

VariableMap merged_coords(const std::vector<Operand>& operands, const ApplyOptions& options) {
  std::vector<VariableMap> coords;
  for (const auto& operand : operands) {
    if (const auto* array = std::get_if<DataArray>(&operand)) coords.push_back(array->coords);
    if (const auto* dataset = std::get_if<Dataset>(&operand)) coords.push_back(dataset->coords());
  }
  VariableMap merged = merge_coords(coords);
  if (coords.size() > 1 && !options.keep_attrs && !options.keep_coord_attrs)
    for (auto& [name, coord] : merged) coord.attrs = {};
  return merged;
}

Dataset apply_to_datasets(const std::vector<Operand>& operands, const TermFunction& f, const ApplyOptions& options) {
  std::vector<std::string> names;
  bool first = true;
  for (const auto& operand : operands) {
    const auto* dataset = std::get_if<Dataset>(&operand);
    if (dataset == nullptr) continue;
    const auto own = dataset->data_names();
    if (first) names = own;
    const auto missing = [&](const std::string& name) { return std::find(own.begin(), own.end(), name) == own.end(); };
    if (!first && !options.skip_missing_variables &&
        (own.size() != names.size() || std::any_of(names.begin(), names.end(), missing)))
      throw UsageError("the datasets hold different variables: " + format_names(names) + " and " + format_names(own));
    std::erase_if(names, missing);
    first = false;
  }
  Dataset out;
  const VariableMap coords = merged_coords(operands, options);
  out.coord_names = [&] { const auto all = coords.names(); return std::set<std::string>(all.begin(), all.end()); }();
  if (options.coords_first)
    for (const auto& [name, coord] : coords) out.variables.set(name, coord);
  for (const auto& name : names) {
    std::vector<Piece> pieces;
    for (const auto& operand : operands) {
      if (const auto* dataset = std::get_if<Dataset>(&operand)) pieces.emplace_back(*dataset->variables.find(name));
      else if (const auto* array = std::get_if<DataArray>(&operand)) pieces.emplace_back(array->variable);
      else pieces.emplace_back(std::get<NdArray>(operand));
    }
    if (options.turned) std::reverse(pieces.begin(), pieces.end());
    try {
      out.variables.set(name, apply_to_variables(pieces, f, options));
    } catch (const UsageError& error) {
      if (typeid(error) != typeid(UsageError)) throw;
      throw UsageError("variable '" + name + "': " + error.what());
    }
  }
  if (!options.coords_first)
    for (const auto& [name, coord] : coords) out.variables.set(name, coord);
  if (options.keep_attrs) {
    for (const auto& operand : operands) {
      if (const auto* dataset = std::get_if<Dataset>(&operand)) {
        out.attrs = dataset->attrs;
        break;
      }
    }
  }
  return out;
}

}  // namespace

Operand apply_elementwise(const std::vector<Operand>& given, const TermFunction& f, const ApplyOptions& options) {
  const std::vector<Operand> operands = aligned(given, options.join);
  const auto holds = [&]<typename T>(std::type_identity<T>) {
    return std::any_of(operands.begin(), operands.end(), [](const Operand& o) { return std::holds_alternative<T>(o); });
  };
  if (holds(std::type_identity<Dataset>{})) return apply_to_datasets(operands, f, options);
  if (!holds(std::type_identity<DataArray>{})) {
    std::vector<Term> terms;
    check_broadcast(operands);
    for (const auto& operand : operands) {
      const auto& values = std::get<NdArray>(operand);
      terms.push_back({constant(values), values.ndim() == 0});
    }
    return load(f(terms).data);
  }
  std::vector<Piece> pieces;
  for (const auto& operand : operands) {
    if (const auto* array = std::get_if<DataArray>(&operand)) pieces.emplace_back(array->variable);
    else pieces.emplace_back(std::get<NdArray>(operand));
  }
  return DataArray{common_name(operands, options.keep_attrs && !options.common_name), apply_to_variables(pieces, f, options),
                   merged_coords(operands, options)};
}

void combine_attributes_of(const std::vector<Operand>& operands, const std::string& how, Operand& result) {
  std::vector<const Attributes*> of_arrays, of_datasets;
  std::vector<VariableMap> coords;
  for (const auto& operand : operands) {
    if (const auto* array = std::get_if<DataArray>(&operand)) {
      of_arrays.push_back(&array->variable.attrs);
      coords.push_back(array->coords);
    } else if (const auto* dataset = std::get_if<Dataset>(&operand)) {
      of_datasets.push_back(&dataset->attrs);
      coords.push_back(dataset->coords());
    }
  }
  const auto coordinate_attributes = [&](const std::string& name) {
    std::vector<const Attributes*> all;
    for (const auto& map : coords)
      if (const Variable* coord = map.find(name)) all.push_back(&coord->attrs);
    return combine_attributes(all, coords.size() == 1 ? "override" : how);
  };
  if (auto* array = std::get_if<DataArray>(&result)) {
    array->name = common_name(operands, how != "drop");
    array->variable.attrs = combine_attributes(of_arrays, how);
    for (auto& [name, coord] : array->coords) coord.attrs = coordinate_attributes(name);
  }
  auto* dataset = std::get_if<Dataset>(&result);
  if (dataset == nullptr) return;
  dataset->attrs = combine_attributes(of_datasets, how);
  for (auto& [name, variable] : dataset->variables) {
    if (dataset->is_coord(name)) {
      variable.attrs = coordinate_attributes(name);
      continue;
    }
    std::vector<const Attributes*> all;
    for (const auto& operand : operands) {
      const auto* array = std::get_if<DataArray>(&operand);
      const auto* set = std::get_if<Dataset>(&operand);
      const Variable* own = array != nullptr ? &array->variable : set != nullptr ? set->variables.find(name) : nullptr;
      if (own != nullptr) all.push_back(&own->attrs);
    }
    variable.attrs = combine_attributes(all, how);
  }
}

}  // namespace rankine::array
