#include "array/reduction.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

#include "array/loader.hpp"
#include "array/reduce_variable.hpp"
#include "base/error.hpp"

namespace rankine::array {
namespace {

using kernel::Op;
using kernel::ReduceOp;

bool wants_numbers(ReduceOp op) {
  return op == ReduceOp::mean || op == ReduceOp::sum || op == ReduceOp::prod || op == ReduceOp::std ||
         op == ReduceOp::var;
}

std::string name_of_reduction(ReduceOp op) {
  static constexpr const char* names[] = {"sum", "prod", "mean", "min", "max", "var", "std", "count", "any", "all"};
  return names[static_cast<std::size_t>(op)];
}

ExprPtr nothing_missing(const ExprPtr& like) {
  return broadcast(constant(NdArray::zeros(DType::boolean, Shape(like->shape.size(), 1))), like->shape);
}

/// What xarray gives back as it is where there is no axis to reduce over: dtype and NaN included.
bool keeps_without_axes(ReduceOp op) {
  return op == ReduceOp::sum || op == ReduceOp::prod || op == ReduceOp::mean || op == ReduceOp::min || op == ReduceOp::max;
}

}  // namespace

void refuse_extreme_of_nothing(const Shape& shape, const std::vector<int>& axes, DType dtype, ReduceOp op,
                               const ReduceOptions& options) {
  const bool is_nothing = std::any_of(axes.begin(), axes.end(), [&](int axis) { return shape[static_cast<std::size_t>(axis)] == 0; });
  if (!is_nothing || (op != ReduceOp::min && op != ReduceOp::max)) return;
  const bool is_max = op == ReduceOp::max;
  const std::string ufunc = spec_for(dtype, op, options).skipna ? (is_max ? "fmax" : "fmin") : (is_max ? "maximum" : "minimum");
  throw UsageError("zero-size array to reduction operation " + ufunc + " which has no identity");
}

kernel::ReduceSpec spec_for(DType dtype, ReduceOp op, const ReduceOptions& options) {
  kernel::ReduceSpec spec;
  spec.op = op;
  spec.input = dtype;
  // xarray skips NaN by default where NaN exists; NaT only if asked.
  spec.skipna = options.skipna.value_or(is_float(dtype));
  spec.ddof = op == ReduceOp::std || op == ReduceOp::var ? options.ddof : 0;
  // Where nothing is skipped nothing is counted: xarray's sums of integers heed no min_count.
  const bool counts = spec.skipna && (op == ReduceOp::sum || op == ReduceOp::prod);
  spec.min_count = counts ? options.min_count : 0;
  return spec;
}

ExprPtr reduce_times(const ExprPtr& data, ReduceOp op, const ReduceOptions& options, const Reducer& reducer) {
  const DType dtype = data->dtype;
  if (op == ReduceOp::mean && element_count(data->shape) == 0)  // xarray counts from the earliest time, and there is none
    throw UsageError("zero-size array to reduction operation fmin which has no identity");
  if (op == ReduceOp::min || op == ReduceOp::max || op == ReduceOp::count)
    return reducer(data, spec_for(dtype, op, options));
  const ExprPtr missing = elementwise(Op::isnan, {data});
  const Shape ones(data->shape.size(), 1);
  if (op == ReduceOp::any || op == ReduceOp::all) {
    const ExprPtr zero = constant(NdArray::zeros(DType::int64, ones));
    return reducer(elementwise(Op::not_equal, {cast(data, DType::int64), zero}), spec_for(DType::boolean, op, options));
  }
  if (op != ReduceOp::mean && !(op == ReduceOp::sum && dtype == DType::timedelta64))
    throw UsageError("'" + name_of_reduction(op) + "' is not defined for " + name_of(dtype));
  // Offsets from the earliest time are small enough for exact sums in double.
  std::vector<int> all(data->shape.size());
  std::iota(all.begin(), all.end(), 0);
  kernel::ReduceSpec earliest = spec_for(dtype, ReduceOp::min, options);
  earliest.skipna = true;
  const ExprPtr origin = op == ReduceOp::sum || all.empty() ? cast(constant(NdArray::zeros(DType::int64, {})), dtype)
                                             : reduce(data, all, earliest);
  const ExprPtr origin_ticks = cast(origin, DType::int64);
  const ExprPtr offsets = cast(elementwise(Op::subtract, {cast(data, DType::int64), origin_ticks}), DType::float64);
  const ExprPtr nan = constant(NdArray::scalar(std::numeric_limits<double>::quiet_NaN()).reshaped(ones));
  ReduceOptions skipping = options;
  skipping.skipna = options.skipna.value_or(true);
  const ExprPtr reduced = reducer(elementwise(Op::where, {missing, nan, offsets}),
                                  spec_for(DType::float64, op, skipping));
  const ExprPtr undefined = elementwise(Op::isnan, {reduced});
  const ExprPtr ticks = elementwise(Op::add, {cast(reduced, DType::int64), origin_ticks});
  const ExprPtr not_a_date = constant(NdArray::scalar(not_a_time).reshaped(Shape(ticks->shape.size(), 1)));
  return cast(elementwise(Op::where, {undefined, not_a_date, ticks}), dtype);
}

ExprPtr reduce_any_dtype(const ExprPtr& data, ReduceOp op, const ReduceOptions& options, const Reducer& reducer) {
  if (is_time(data->dtype)) return reduce_times(data, op, options, reducer);
  if (data->dtype == DType::string) {
    if (op != ReduceOp::count)
      throw UnsupportedError("'" + name_of_reduction(op) + "' of strings is not supported");
    kernel::ReduceSpec spec = spec_for(DType::boolean, ReduceOp::count, options);
    return reducer(nothing_missing(data), spec);
  }
  return reducer(data, spec_for(data->dtype, op, options));
}

namespace {

/// The first or last text of those along `axes`, by code points as Python compares them. Texts are few and known.
ExprPtr extreme_text(const ExprPtr& data, const std::vector<int>& axes, ReduceOp op) {
  const NdArray texts = load(data);
  Shape shape;
  std::vector<std::int64_t> steps;  // in the result, of each axis of the texts
  for (int axis = 0; axis < data->ndim(); ++axis)
    if (std::find(axes.begin(), axes.end(), axis) == axes.end()) shape.push_back(data->shape[static_cast<std::size_t>(axis)]);
  const Shape strides = c_strides(shape), from = c_strides(data->shape);
  std::size_t kept = 0;
  for (int axis = 0; axis < data->ndim(); ++axis)
    steps.push_back(std::find(axes.begin(), axes.end(), axis) == axes.end() ? strides[kept++] : 0);
  NdArray out(DType::string, shape);
  std::vector<bool> begun(static_cast<std::size_t>(out.size()));
  for (std::int64_t i = 0; i < texts.size(); ++i) {
    std::int64_t at = 0;
    for (std::size_t axis = 0; axis < steps.size(); ++axis) at += i / from[axis] % data->shape[axis] * steps[axis];
    const auto to = static_cast<std::size_t>(at);
    const std::string& text = texts.strings()[static_cast<std::size_t>(i)];
    std::string& best = out.strings()[to];
    if (!begun[to] || (op == ReduceOp::max ? best < text : text < best)) best = text;
    begun[to] = true;
  }
  return constant(std::move(out));
}

}  // namespace

Variable reduce_variable(const Variable& variable, ReduceOp op, const std::vector<std::string>& dims,
                         const ReduceOptions& options) {
  std::vector<int> axes;
  Variable out;
  for (int axis = 0; axis < variable.ndim(); ++axis) {
    const std::string& dim = variable.dims[static_cast<std::size_t>(axis)];
    if (std::find(dims.begin(), dims.end(), dim) != dims.end()) axes.push_back(axis);
    else out.dims.push_back(dim);
  }
  refuse_extreme_of_nothing(variable.shape(), axes, variable.dtype(), op, options);
  const auto over_axes = [&](const ExprPtr& data, const kernel::ReduceSpec& spec) {
    if (!axes.empty()) return reduce(data, axes, spec);
    // Nothing to reduce over still means e.g. std 0 and count 1: reduce over an axis of extent 1.
    std::vector<int> with_front(data->shape.size() + 1);
    std::iota(with_front.begin(), with_front.end(), -1);
    return reduce(permute(data, with_front), {0}, spec);
  };
  const bool is_text_extreme = variable.dtype() == DType::string && (op == ReduceOp::max || op == ReduceOp::min);
  if (is_text_extreme) out.data = extreme_text(variable.data, axes, op);
  else if (axes.empty() && !variable.dims.empty() && keeps_without_axes(op)) out.data = variable.data;
  else out.data = reduce_any_dtype(variable.data, op, options, over_axes);
  out.calendar = variable.calendar;
  if (options.keep_attrs.value_or(false)) out.attrs = variable.attrs;
  return out;
}

std::optional<ReduceOp> reduce_op_named(const std::string& name) {
  for (int i = 0; i <= static_cast<int>(ReduceOp::all); ++i)
    if (name == name_of_reduction(static_cast<ReduceOp>(i))) return static_cast<ReduceOp>(i);
  return std::nullopt;
}

DataArray reduce(const DataArray& x, ReduceOp op, const DimChoice& given, const ReduceOptions& options) {
  const DimChoice dims = given == std::vector<std::string>{"..."} ? DimChoice{} : given;
  if (dims) {
    for (const auto& dim : *dims)
      if (!x.variable.has_dim(dim))
        throw UsageError("cannot take '" + name_of_reduction(op) + "' over '" + dim + "': the dims are " +
                         format_names(x.dims()));
  }
  Variable reduced = reduce_variable(x.variable, op, dims.value_or(x.dims()), options);
  VariableMap coords = coords_within(x.coords, reduced.dims);
  return DataArray{x.name, std::move(reduced), std::move(coords)};
}

Dataset reduce(const Dataset& x, ReduceOp op, const DimChoice& given, const ReduceOptions& options) {
  const DimChoice dims = given == std::vector<std::string>{"..."} ? DimChoice{} : given;
  std::vector<std::string> all;
  for (const auto& [dim, size] : x.sizes()) all.push_back(dim);
  if (dims) {
    for (const auto& dim : *dims)
      if (std::find(all.begin(), all.end(), dim) == all.end())
        throw UsageError("cannot take '" + name_of_reduction(op) + "' over '" + dim + "': the dims are " +
                         format_names(all));
  }
  const std::vector<std::string>& over = dims ? *dims : all;
  const bool numeric_only = options.numeric_only || wants_numbers(op);
  Dataset out;
  out.encoding = x.encoding;
  for (const auto& [name, variable] : x.variables) {
    const bool touched = std::any_of(over.begin(), over.end(), [&variable = variable](const auto& dim) { return variable.has_dim(dim); });
    if (x.is_coord(name)) {
      if (touched) continue;
      out.variables.set(name, variable);
      out.coord_names.insert(name);
      continue;
    }
    if (!touched && !is_number_or_duration(variable.dtype()) && numeric_only) {
      Variable as_it_is = variable;
      as_it_is.encoding = {};  // as of what is reduced
      if (!options.keep_attrs.value_or(false)) as_it_is.attrs = {};
      out.variables.set(name, std::move(as_it_is));
      continue;
    }
    if (numeric_only && !is_number_or_duration(variable.dtype())) continue;
    out.variables.set(name, reduce_variable(variable, op, over, options));
  }
  if (options.keep_attrs.value_or(false)) out.attrs = x.attrs;
  return out;
}

}  // namespace rankine::array
