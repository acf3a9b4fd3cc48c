#include "array/variable.hpp"

#include <algorithm>
#include <cmath>

#include "array/evaluate.hpp"
#include "array/loader.hpp"
#include "array/same_computation.hpp"
#include "base/error.hpp"

namespace rankine::array {
namespace {

LoadFn& loader() {
  static LoadFn loader;
  return loader;
}

LoadFn& thread_loader() {
  thread_local LoadFn loader;
  return loader;
}

}  // namespace

void set_loader(LoadFn load) { loader() = std::move(load); }
void set_thread_loader(LoadFn load) { thread_loader() = std::move(load); }

NdArray load(const ExprPtr& expr) {
  if (const auto* node = expr->as<Constant>()) return node->value;
  if (is_constant(expr)) return evaluate_constant(expr);
  if (thread_loader()) return thread_loader()(expr);
  if (!loader())
    throw UnsupportedError("values of stored data are needed here, but nothing can read them yet; "
                           "use coordinates or constants");
  return loader()(expr);
}

int Variable::axis_of(const std::string& dim) const {
  const auto at = std::find(dims.begin(), dims.end(), dim);
  return at == dims.end() ? -1 : static_cast<int>(at - dims.begin());
}

std::int64_t Variable::size_of_dim(const std::string& dim) const {
  const int axis = axis_of(dim);
  RANKINE_CHECK(axis >= 0, "the variable lacks the dim");
  return shape()[static_cast<std::size_t>(axis)];
}

Variable make_variable(std::vector<std::string> dims, ExprPtr data, Attributes attrs) {
  if (static_cast<int>(dims.size()) != data->ndim())
    throw ShapeError("an array of shape " + format_tuple(data->shape) + " has " + std::to_string(data->ndim()) +
                     " axes, but the dims are " + format_names(dims));
  for (std::size_t i = 0; i < dims.size(); ++i)
    if (std::find(dims.begin(), dims.begin() + static_cast<std::ptrdiff_t>(i), dims[i]) !=
        dims.begin() + static_cast<std::ptrdiff_t>(i))
      throw ShapeError("dim '" + dims[i] + "' is named twice");
  Variable made;
  made.dims = std::move(dims);
  made.data = std::move(data);
  made.attrs = std::move(attrs);
  return made;
}

Variable make_variable(std::vector<std::string> dims, NdArray values, Attributes attrs) {
  return make_variable(std::move(dims), constant(std::move(values)), std::move(attrs));
}

const Variable* VariableMap::find(const std::string& name) const {
  const std::size_t at = position_of(name);
  return at == NameIndex::npos ? nullptr : &items_[at].second;
}

Variable* VariableMap::find(const std::string& name) {
  const std::size_t at = position_of(name);
  return at == NameIndex::npos ? nullptr : &items_[at].second;
}

void VariableMap::set(const std::string& name, Variable variable) {
  if (Variable* old = find(name)) {
    *old = std::move(variable);
    return;
  }
  items_.emplace_back(name, std::move(variable));
  index_.on_append(items_);
}

void VariableMap::erase(const std::string& name) {
  const std::size_t at = position_of(name);
  if (at == NameIndex::npos) return;
  items_.erase(items_.begin() + static_cast<std::ptrdiff_t>(at));
  index_.rebuild(items_);
}

std::vector<std::string> VariableMap::names() const {
  std::vector<std::string> names;
  for (const auto& [name, variable] : items_) names.push_back(name);
  return names;
}

std::string format_names(const std::vector<std::string>& names) {
  if (names.empty()) return "(none)";
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "'" : ", '") + name + "'";
  return text;
}

Variable aligned_to(const Variable& variable, const std::vector<std::string>& dims, const DimSizes& sizes) {
  std::vector<int> axes;
  for (const auto& dim : dims) axes.push_back(variable.axis_of(dim));
  Variable out = variable;
  out.data = permute(variable.data, axes);
  out.dims = dims;
  Shape shape = out.data->shape;
  for (std::size_t k = 0; k < dims.size(); ++k)
    for (const auto& [name, size] : sizes)
      if (name == dims[k] && axes[k] < 0) shape[k] = size;
  out.data = broadcast(out.data, shape);
  return out;
}

Variable with_data(const Variable& variable, ExprPtr data) {
  Variable out = variable;
  out.data = std::move(data);
  return out;
}

Variable without_attrs(Variable variable) {
  variable.attrs = {};
  variable.encoding = {};
  return variable;
}

NdArray values_of(const Variable& variable) { return load(variable.data); }

bool equal_values(const NdArray& a, const NdArray& b) {
  if (a.shape() != b.shape()) return false;
  if (a.dtype() == b.dtype()) return identical(a, b);
  if (!is_numeric(a.dtype()) || !is_numeric(b.dtype())) return false;
  for (std::int64_t i = 0; i < a.size(); ++i) {
    const double x = a.as_double(i);
    const double y = b.as_double(i);
    if (x != y && !(std::isnan(x) && std::isnan(y))) return false;
  }
  return true;
}

bool equal_variables(const Variable& a, const Variable& b, bool load_values) {
  if (a.dims != b.dims || a.shape() != b.shape()) return false;
  if (a.dtype() == DType::cftime && b.dtype() == DType::cftime && a.calendar != b.calendar) return false;
  if (same_computation(a.data, b.data)) return true;
  if (!load_values && !(is_constant(a.data) && is_constant(b.data))) return false;
  return equal_values(load(a.data), load(b.data));
}

}  // namespace rankine::array
