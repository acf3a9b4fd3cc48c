#include "array/merging.hpp"

#include <algorithm>
#include <cmath>

#include "array/alignment.hpp"
#include "array/combine.hpp"
#include "array/elementwise_apply.hpp"
#include "array/loader.hpp"
#include "base/error.hpp"

namespace rankine::array {
namespace {

bool is_gap(const NdArray& values, std::int64_t i) {
  if (is_float(values.dtype())) return std::isnan(values.as_double(i));
  return is_time(values.dtype()) && values.as_int64(i) == not_a_time;
}

/// Equal wherever both have values.
bool no_conflicts(const Variable& a, const Variable& b) {
  if (equal_variables(a, b)) return true;
  if (a.dims != b.dims || a.shape() != b.shape()) return false;
  const NdArray x = load(a.data);
  const NdArray y = load(b.data);
  if (x.dtype() == DType::string || y.dtype() == DType::string || is_time(x.dtype()) != is_time(y.dtype()))
    return equal_values(x, y);
  for (std::int64_t i = 0; i < x.size(); ++i) {
    if (is_gap(x, i) || is_gap(y, i)) continue;
    const bool floats = is_float(x.dtype()) || is_float(y.dtype());
    if (floats ? x.as_double(i) != y.as_double(i) : x.as_int64(i) != y.as_int64(i)) return false;
  }
  return true;
}

}  // namespace

Attributes combine_attributes(const std::vector<const Attributes*>& all, const std::string& how) {
  if (all.empty() || how == "drop") return {};
  if (how == "override") return *all[0];
  Attributes out = *all[0];
  std::vector<std::string> dropped;
  for (const Attributes* attrs : all) {
    if (how == "identical" && !identical(*attrs, out))
      throw UsageError("combine_attrs='identical', but the attributes differ; use combine_attrs='override' or 'drop'");
    for (const auto& [name, value] : *attrs) {
      if (std::find(dropped.begin(), dropped.end(), name) != dropped.end()) continue;
      const AttributeValue* known = out.find(name);
      if (known == nullptr) {
        out.set(name, value);
      } else if (!identical(*known, value)) {
        if (how == "no_conflicts")
          throw UsageError("combine_attrs='no_conflicts', but the values of attribute '" + name + "' differ");
        if (how == "drop_conflicts") {
          out.erase(name);
          dropped.push_back(name);
        }
      }
    }
  }
  if (how != "identical" && how != "no_conflicts" && how != "drop_conflicts")
    throw UsageError("combine_attrs='" + how + "' is unknown; there are override, drop, identical, no_conflicts, "
                     "drop_conflicts");
  return out;
}

bool compatible(const Variable& a, const Variable& b, const std::string& compat) {
  if (compat == "override") return true;
  if (compat == "equals") return equal_variables(a, b, true);
  if (compat == "identical") return identical(a.attrs, b.attrs) && equal_variables(a, b, true);
  if (compat == "broadcast_equals" || compat == "minimal") return broadcast_equal(a, b);
  if (compat == "no_conflicts") return no_conflicts(a, b);
  throw UsageError("compat='" + compat + "' is unknown; there are no_conflicts, equals, broadcast_equals, identical, "
                   "override");
}

Variable agreed_variable(const std::string& name, const std::vector<const Variable*>& variables,
                         const std::string& compat) {
  Variable agreed = *variables[0];
  if (variables.size() == 1 || compat == "override") return agreed;
  if (compat == "no_conflicts") agreed.encoding = {};  // one's gaps filled from the others: written as neither of the files was
  if (compat == "broadcast_equals") {
    const DimSizes sizes = unified_sizes(variables);
    agreed = aligned_to(agreed, names_of(sizes), sizes);
  }
  for (std::size_t k = 1; k < variables.size(); ++k) {
    const Variable& other = *variables[k];
    if (!compatible(agreed, other, compat))
      throw UsageError("the values of '" + name + "' conflict between the objects; compat='override' takes the first");
    if (compat != "no_conflicts" || equal_variables(agreed, other)) continue;
    const Term x{agreed.data};
    if (!is_float(agreed.dtype()) && !is_time(agreed.dtype())) continue;
    const Term missing = missing_in(x);
    agreed.data = choose(missing, {other.data}, x).data;
  }
  return agreed;
}

Dataset merge(const std::vector<Labelled>& objects, const MergeOptions& options) {
  std::vector<Dataset> parts;
  std::vector<const Attributes*> attrs;
  for (const auto& object : objects) {
    if (const auto* array = std::get_if<DataArray>(&object)) {
      if (!array->name) throw UsageError("cannot merge an array without a name; give it one: da.rename('name')");
      parts.push_back(to_dataset(*array));
      parts.back().attrs = array->variable.attrs;
    } else {
      parts.push_back(std::get<Dataset>(object));
    }
  }
  // To the labels of the last one: as to those of the first, with the objects the other way round while they are joined.
  const bool right = options.join == "right";
  if (right) std::reverse(parts.begin(), parts.end());
  parts = align(std::move(parts), right ? Join::left : parse_join(options.join));
  if (right) std::reverse(parts.begin(), parts.end());
  Dataset out;
  for (const auto& part : parts) {
    attrs.push_back(&part.attrs);
    for (const auto& [name, variable] : part.variables) {
      const bool coord_here = part.is_coord(name);
      if (out.variables.contains(name)) {
        if (coord_here) out.coord_names.insert(name);
        continue;
      }
      std::vector<const Variable*> same;
      std::vector<const Attributes*> same_attrs;
      const bool is_index = part.index(name) != nullptr;
      for (const auto& other : parts) {
        const Variable* candidate = other.variables.find(name);
        if (candidate == nullptr) continue;
        if (other.is_coord(name) != coord_here && !is_index && candidate->dims != std::vector<std::string>{name})
          throw UsageError("'" + name + "' is a coordinate in one object and a data variable in another");
        // An index wins over other variables of its name.
        if (candidate->dims == std::vector<std::string>{name} && (same.empty() || same[0]->dims != candidate->dims)) {
          same = {candidate};
          same_attrs = {&candidate->attrs};
        } else {
          same.push_back(candidate);
          same_attrs.push_back(&candidate->attrs);
        }
      }
      const bool indexed = same[0]->dims == std::vector<std::string>{name};
      Variable merged = indexed ? as_index(*same[0]) : agreed_variable(name, same, options.compat);
      merged.attrs = combine_attributes(same_attrs, options.combine_attrs);
      out.variables.set(name, std::move(merged));
      if (coord_here || indexed) out.coord_names.insert(name);
    }
  }
  out.mark_dim_coordinates();
  out.attrs = combine_attributes(attrs, options.combine_attrs);
  return out;
}

}  // namespace rankine::array
