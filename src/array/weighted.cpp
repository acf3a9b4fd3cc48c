#include "array/weighted.hpp"

#include <algorithm>
#include <limits>

#include "array/alignment.hpp"
#include "array/elementwise_apply.hpp"
#include "array/loader.hpp"
#include "array/promotion.hpp"
#include "base/error.hpp"

namespace rankine::array {
namespace {

using kernel::Op;
using kernel::ReduceOp;

DataArray as_array(const Operand& operand) { return std::get<DataArray>(operand); }
NdArray number(double value) { return NdArray::scalar(value); }

/// Sums over those of `dims` that the array has, in double.
DataArray summed(const DataArray& x, const std::optional<std::vector<std::string>>& dims) {
  std::vector<std::string> own;
  for (const auto& dim : x.dims())
    if (!dims || std::find(dims->begin(), dims->end(), dim) != dims->end()) own.push_back(dim);
  return reduce(x, ReduceOp::sum, own, {.skipna = false});
}

struct Sums {
  const DataArray& x;
  const DataArray weights;  ///< in double (integers where both are)
  const DimChoice& dims;
  bool skipna;

  DataArray weighted_sum(const DataArray& values) const {
    DataArray present = values;
    if (skipna) present = as_array(fillna(values, number(0)));
    return summed(as_array(binary(Op::multiply, astype(present, DType::float64), weights)), dims);
  }
  DataArray sum_of_weights() const {
    const DataArray mask = as_array(astype(notnull(x), DType::float64));
    const DataArray total = summed(as_array(binary(Op::multiply, mask, weights)), dims);
    return as_array(where(total, binary(Op::not_equal, total, number(0))));
  }
  DataArray mean() const { return as_array(binary(Op::divide, weighted_sum(x), sum_of_weights())); }
  DataArray sum_of_squares() const {
    const Operand distance = binary(Op::subtract, astype(x, DType::float64), mean());
    return weighted_sum(as_array(unary(Op::square, distance)));
  }
};

DataArray weighted_array(const DataArray& x, const DataArray& weights, const std::string& op, const DimChoice& dims,
                         const ReduceOptions& options) {
  if (!is_numeric(x.dtype())) throw UsageError("weighted '" + op + "' is not defined for " + name_of(x.dtype()));
  if (dims) {
    for (const auto& dim : *dims)
      if (!x.variable.has_dim(dim) && !weights.variable.has_dim(dim))
        throw UsageError("cannot take weighted '" + op + "' over '" + dim + "': the dims are " + format_names(x.dims()));
  }
  const Sums sums{x, as_array(astype(weights, DType::float64)), dims, options.skipna.value_or(is_float(x.dtype()))};
  // xarray computes in the dtype of data times weights; here that is only the dtype of the answer.
  const DType weight_type = weights.dtype() == DType::boolean ? DType::int64 : weights.dtype();
  DType dtype = promote(x.dtype(), weight_type);
  DataArray out;
  if (op == "sum") {
    out = sums.weighted_sum(x);
  } else if (op == "sum_of_weights") {
    out = sums.sum_of_weights();
    dtype = with_missing(weight_type);
  } else if (op == "mean") {
    out = sums.mean();
    dtype = with_missing(dtype);
  } else if (op == "sum_of_squares") {
    out = sums.sum_of_squares();
    dtype = with_missing(dtype);
  } else if (op == "var" || op == "std") {
    out = as_array(binary(Op::divide, sums.sum_of_squares(), sums.sum_of_weights()));
    if (op == "std") out = as_array(unary(Op::sqrt, out));
    dtype = with_missing(dtype);
  } else {
    throw UnsupportedError("'" + op + "' of weighted data is not supported");
  }
  // Over all dims xarray masks one number with NaN, and of two numbers NumPy makes float64.
  if (out.dims().empty() && op != "sum" && is_float(dtype)) dtype = DType::float64;
  out = as_array(astype(out, dtype));
  out.name = x.name;
  out.variable.attrs = {};
  if (options.keep_attrs.value_or(false)) out.variable.attrs = x.variable.attrs;
  if (!options.keep_coord_attrs)
    for (auto& [name, coord] : out.coords) coord.attrs = {};  // as xarray's dot leaves them
  return out;
}

}  // namespace

Weighted weighted(const Labelled& x, const DataArray& weights) {
  if (!is_numeric(weights.dtype())) throw UsageError("weights must be numbers, not " + name_of(weights.dtype()));
  Weighted out{x, weights};
  if (!is_float(weights.dtype())) return out;
  // Where the weights have to be read or computed, what does so looks at them and fails.
  ExprPtr checked = elementwise(Op::weight, {weights.variable.data});
  out.weights.variable.data = is_constant(checked) ? constant(load(checked)) : checked;
  return out;
}

Labelled reduce(const Weighted& x, const std::string& op, const DimChoice& given, const ReduceOptions& options) {
  DimChoice dims = given;
  if (dims == std::vector<std::string>{"..."}) dims.reset();
  if (const auto* array = std::get_if<DataArray>(&x.object)) return weighted_array(*array, x.weights, op, dims, options);
  const auto& dataset = std::get<Dataset>(x.object);
  if (dims) {
    const auto all = names_of(dataset.sizes());
    for (const auto& dim : *dims)
      if (std::find(all.begin(), all.end(), dim) == all.end() && !x.weights.variable.has_dim(dim))
        throw UsageError("cannot take weighted '" + op + "' over '" + dim + "': the dims are " + format_names(all));
  }
  Dataset out;
  for (const auto& name : dataset.data_names()) {
    const DataArray array = get(dataset, name);
    DimChoice own = dims;
    if (own) {
      std::erase_if(*own, [&](const auto& dim) {
        return !array.variable.has_dim(dim) && !x.weights.variable.has_dim(dim);
      });
    }
    const DataArray reduced = weighted_array(array, x.weights, op, own, options);
    for (const auto& [key, coord] : reduced.coords) {
      if (!out.variables.contains(key)) out.variables.set(key, coord);
      out.coord_names.insert(key);
    }
    out.variables.set(name, reduced.variable);
  }
  if (options.keep_attrs.value_or(false)) out.attrs = dataset.attrs;
  return out;
}

}  // namespace rankine::array
