#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "array/expr.hpp"
#include "calendar/calendar.hpp"

namespace rankine::array {

/// A lazy n-d array with named dims: xarray's Variable. A value, cheap to copy (the data are shared).
struct Variable {
  std::vector<std::string> dims;
  ExprPtr data;
  Attributes attrs;
  Attributes encoding;
  /// The calendar of the dates; has a meaning only for DType::cftime.
  calendar::Calendar calendar = calendar::Calendar::standard;

  const Shape& shape() const { return data->shape; }
  DType dtype() const { return data->dtype; }
  int ndim() const { return data->ndim(); }
  /// Position of `dim`, or -1.
  int axis_of(const std::string& dim) const;
  bool has_dim(const std::string& dim) const { return axis_of(dim) >= 0; }
  std::int64_t size_of_dim(const std::string& dim) const;
};

/// Throws ShapeError unless there is one distinct dim for each axis.
Variable make_variable(std::vector<std::string> dims, ExprPtr data, Attributes attrs = {});
Variable make_variable(std::vector<std::string> dims, NdArray values, Attributes attrs = {});

/// Variables by name, in insertion order.
class VariableMap {
 public:
  using Item = std::pair<std::string, Variable>;
  VariableMap() = default;
  VariableMap(std::initializer_list<Item> items) { for (const auto& [name, v] : items) set(name, v); }
  const Variable* find(const std::string& name) const;
  Variable* find(const std::string& name);
  bool contains(const std::string& name) const { return find(name) != nullptr; }
  /// Where in the order it stands; NameIndex::npos where it is not.
  std::size_t position_of(const std::string& name) const { return index_.find(items_, name); }
  const Item& at_position(std::size_t position) const { return items_[position]; }
  /// Replaces in place or appends.
  void set(const std::string& name, Variable variable);
  void erase(const std::string& name);
  std::vector<std::string> names() const;
  bool empty() const { return items_.empty(); }
  std::size_t size() const { return items_.size(); }
  auto begin() const { return items_.begin(); }
  auto end() const { return items_.end(); }
  auto begin() { return items_.begin(); }
  auto end() { return items_.end(); }

 private:
  std::vector<Item> items_;
  NameIndex index_;
};

/// Dims with their sizes, in xarray's order.
using DimSizes = std::vector<std::pair<std::string, std::int64_t>>;
/// "'a', 'b'": names as messages list them; "(none)" if there are none.
std::string format_names(const std::vector<std::string>& names);

/// The variable with axes in the order of `dims`, which must hold all of its dims; dims that it lacks
/// become new axes of extent 1, stretched to `sizes` where that names the dim.
Variable aligned_to(const Variable& variable, const std::vector<std::string>& dims, const DimSizes& sizes = {});
/// As `variable`, with other data (same ndim).
Variable with_data(const Variable& variable, ExprPtr data);
Variable without_attrs(Variable variable);

/// Values of the whole variable, now: constants are evaluated, the rest goes to the loader (loader.hpp).
NdArray values_of(const Variable& variable);
/// Same shape and equal elements whatever the numeric dtypes; NaN equals NaN.
bool equal_values(const NdArray& a, const NdArray& b);
/// Same dims, dtype-independent equal values (NaN equals NaN) where both are known or share their source.
/// Two lazy variables whose expressions differ count as unequal unless `load` is true.
bool equal_variables(const Variable& a, const Variable& b, bool load = false);

}  // namespace rankine::array
