#include "array/group_reduction.hpp"

#include <algorithm>
#include <limits>

#include "array/alignment.hpp"
#include "array/reduce_variable.hpp"
#include "base/error.hpp"

namespace rankine::array {
namespace {

using kernel::Op;
using kernel::ReduceOp;

/// Groups that have members, renumbered without gaps, and where each group lies among them (-1: nowhere).
struct Occupied {
  std::vector<std::int32_t> codes;
  std::vector<std::int64_t> place;
  std::int64_t count = 0;
};

Occupied occupied_groups(const Grouping& grouping) {
  Occupied out;
  out.place.assign(static_cast<std::size_t>(grouping.labels.shape()[0]), -1);
  for (const std::int32_t code : grouping.codes)
    if (code >= 0) out.place[static_cast<std::size_t>(code)] = 0;
  for (auto& place : out.place)
    if (place == 0) place = out.count++;
  for (const std::int32_t code : grouping.codes)
    out.codes.push_back(code < 0 ? -1 : static_cast<std::int32_t>(out.place[static_cast<std::size_t>(code)]));
  return out;
}

/// Reduces over the grouped axis and further ones at once. The others are reduced first where partial
/// results merge without loss; means and variances are built from sums and counts.
class GroupReducer {
 public:
  GroupReducer(int axis, std::vector<int> others, const Occupied& groups)
      : axis_(axis), others_(std::move(others)), groups_(groups) {
    for (const int other : others_) axis_after_ -= other < axis_ ? 1 : 0;
    axis_after_ += axis_;
  }

  ExprPtr operator()(const ExprPtr& data, const kernel::ReduceSpec& spec) const {
    if (others_.empty()) return group_reduce(data, axis_, groups_.codes, groups_.count, spec);
    switch (spec.op) {
      case ReduceOp::min: case ReduceOp::max: case ReduceOp::any: case ReduceOp::all:
        return in_two_steps(data, spec, spec);
      case ReduceOp::count: return count(data, spec);
      case ReduceOp::sum: case ReduceOp::prod: return sum_or_product(data, spec);
      case ReduceOp::mean: {
        const ExprPtr ratio = elementwise(Op::divide, {total(data, spec), cast(count(data, spec), DType::float64)});
        return cast(ratio, of(data->dtype, spec).result_dtype());
      }
      default: return variance(data, spec);
    }
  }

 private:
  static kernel::ReduceSpec of(DType input, kernel::ReduceSpec spec) {
    spec.input = input;
    return spec;
  }

  static kernel::ReduceSpec plain(ReduceOp op, DType input, bool skipna) {
    kernel::ReduceSpec spec;
    spec.op = op;
    spec.input = input;
    spec.skipna = skipna;
    return spec;
  }

  ExprPtr in_two_steps(const ExprPtr& data, const kernel::ReduceSpec& first, const kernel::ReduceSpec& second) const {
    return group_reduce(reduce(data, others_, first), axis_after_, groups_.codes, groups_.count, second);
  }

  /// Sum in double.
  ExprPtr total(const ExprPtr& data, const kernel::ReduceSpec& spec) const {
    const auto sum = plain(ReduceOp::sum, DType::float64, spec.skipna);
    return in_two_steps(cast(data, DType::float64), sum, sum);
  }

  ExprPtr count(const ExprPtr& data, const kernel::ReduceSpec& spec) const {
    return in_two_steps(data, plain(ReduceOp::count, data->dtype, spec.skipna),
                        plain(ReduceOp::sum, DType::int64, false));
  }

  ExprPtr sum_or_product(const ExprPtr& data, const kernel::ReduceSpec& spec) const {
    const DType dtype = of(data->dtype, spec).result_dtype();
    const ExprPtr wide = is_float(data->dtype) ? cast(data, DType::float64) : data;
    const auto step = plain(spec.op, wide->dtype, spec.skipna);
    const ExprPtr reduced = in_two_steps(wide, step, plain(spec.op, step.result_dtype(), false));
    if (spec.min_count <= 0) return cast(reduced, dtype);
    const Shape ones(reduced->shape.size(), 1);
    const ExprPtr enough = elementwise(Op::greater_equal, {count(data, spec), constant(NdArray::scalar(spec.min_count).reshaped(ones))});
    const ExprPtr nan = constant(NdArray::scalar(std::numeric_limits<double>::quiet_NaN()).reshaped(ones));
    return cast(elementwise(Op::where, {enough, cast(reduced, DType::float64), nan}), dtype);
  }

  /// Two passes: each value's distance from the mean of its group, squared.
  ExprPtr variance(const ExprPtr& data, const kernel::ReduceSpec& spec) const {
    const ExprPtr wide = cast(data, DType::float64);
    const ExprPtr number = cast(count(data, spec), DType::float64);
    ExprPtr mean = elementwise(Op::divide, {total(data, spec), number});
    std::vector<int> axes;
    int next = 0;
    for (int axis = 0; axis < data->ndim(); ++axis)
      axes.push_back(std::find(others_.begin(), others_.end(), axis) != others_.end() ? -1 : next++);
    mean = permute(mean, axes);
    std::vector<std::int64_t> positions(groups_.codes.begin(), groups_.codes.end());
    mean = take(mean, axis_, positions);
    const ExprPtr squares = elementwise(Op::square, {elementwise(Op::subtract, {wide, mean})});
    const ExprPtr ddof = constant(NdArray::scalar(spec.ddof).reshaped(Shape(number->shape.size(), 1)));
    const ExprPtr zero = constant(NdArray::scalar(0.0).reshaped(Shape(number->shape.size(), 1)));
    const ExprPtr freedom = elementwise(Op::maximum, {elementwise(Op::subtract, {number, ddof}), zero});
    ExprPtr variance = elementwise(Op::divide, {total(squares, spec), freedom});
    if (spec.op == ReduceOp::std) variance = elementwise(Op::sqrt, {variance});
    return cast(variance, of(data->dtype, spec).result_dtype());
  }

  int axis_;
  int axis_after_ = 0;
  std::vector<int> others_;
  const Occupied& groups_;
};

Variable reduce_one(const Variable& variable, const Grouping& grouping, const Occupied& groups, ReduceOp op,
                    const std::vector<std::string>& over, const ReduceOptions& options) {
  Variable out;
  std::vector<int> others;
  int group_axis = -1;
  for (int axis = 0; axis < variable.ndim(); ++axis) {
    const std::string& dim = variable.dims[static_cast<std::size_t>(axis)];
    if (dim == grouping.dim) {
      group_axis = axis;
      out.dims.push_back(grouping.name);
    } else if (std::find(over.begin(), over.end(), dim) != over.end()) {
      others.push_back(axis);
    } else {
      out.dims.push_back(dim);
    }
  }
  refuse_extreme_of_nothing(variable.shape(), others, variable.dtype(), op, options);
  out.data = reduce_any_dtype(variable.data, op, options, GroupReducer(group_axis, others, groups));
  out.calendar = variable.calendar;
  if (options.keep_attrs.value_or(true)) out.attrs = variable.attrs;
  const bool gaps = groups.count < static_cast<std::int64_t>(groups.place.size());
  return gaps ? take_with_gaps(out, out.axis_of(grouping.name), groups.place) : out;
}

/// A variable without the grouped dim, once for each group (NaN for empty ones), the groups in front.
Variable repeated(const Variable& variable, const Grouping& grouping, const Occupied& groups, bool keep_attrs) {
  std::vector<std::string> dims{grouping.name};
  dims.insert(dims.end(), variable.dims.begin(), variable.dims.end());
  Variable out = aligned_to(variable, dims);
  if (!keep_attrs) out.attrs = {};
  out.encoding = {};  // as of what is reduced
  std::vector<std::int64_t> positions;
  for (const std::int64_t place : groups.place) positions.push_back(place < 0 ? -1 : 0);
  if (groups.count == static_cast<std::int64_t>(groups.place.size())) {
    Shape shape = out.shape();
    shape[0] = groups.count;
    return with_data(out, broadcast(out.data, shape));
  }
  return take_with_gaps(out, 0, positions);
}

}  // namespace

Dataset reduce_groups(const Dataset& x, const GroupBy& grouped, ReduceOp op, const DimChoice& dims,
                      const ReduceOptions& options, bool drop_non_numeric) {
  const Grouping& grouping = grouped.grouping;
  const auto all = names_of(x.sizes());
  std::vector<std::string> over = dims.value_or(std::vector<std::string>{grouping.dim});
  const bool squeezed = is_squeezed(grouped);
  if (over == std::vector<std::string>{"..."}) {
    over = all;
    if (squeezed) std::erase(over, grouping.dim);
  }
  for (const auto& dim : over)
    if (std::find(all.begin(), all.end(), dim) == all.end())
      throw UsageError("cannot reduce groups over '" + dim + "': the dims are " + format_names(all));
  if (squeezed && std::find(over.begin(), over.end(), grouping.dim) != over.end())
    throw UsageError("cannot reduce over '" + grouping.dim + "': each of its labels is a group of its own, without that dim; "
                     "name other dims, or keep it by groupby(\"" + grouping.dim + "\", squeeze=False)");
  ReduceOptions with_attrs = options;
  with_attrs.keep_attrs = options.keep_attrs.value_or(true);
  if (std::find(over.begin(), over.end(), grouping.dim) == over.end()) return reduce(x, op, over, with_attrs);
  const bool numeric_only = drop_non_numeric && (options.numeric_only || op == ReduceOp::mean || op == ReduceOp::sum ||
                                                 op == ReduceOp::prod || op == ReduceOp::std || op == ReduceOp::var);
  const Occupied groups = occupied_groups(grouping);
  Dataset out;
  out.encoding = x.encoding;
  if (*with_attrs.keep_attrs) out.attrs = x.attrs;
  for (const auto& [name, variable] : x.variables) {
    const bool touched = std::any_of(over.begin(), over.end(), [&variable = variable](const auto& dim) { return variable.has_dim(dim); });
    if (x.is_coord(name)) {
      if (touched) continue;
      out.variables.set(name, variable);
      out.coord_names.insert(name);
    } else if (variable.has_dim(grouping.dim)) {
      if (numeric_only && !is_number_or_duration(variable.dtype())) continue;
      out.variables.set(name, reduce_one(variable, grouping, groups, op, over, with_attrs));
    } else {
      // Without a reduced dim too: the count of one value is 1, its deviation 0.
      const bool as_it_is = !is_number_or_duration(variable.dtype()) && numeric_only;
      if (as_it_is && touched) continue;
      out.variables.set(name, repeated(as_it_is ? variable : reduce_variable(variable, op, over, with_attrs), grouping, groups,
                                       *with_attrs.keep_attrs));
    }
  }
  out.variables.set(grouping.name, as_index(grouping.labels));
  out.coord_names.insert(grouping.name);
  return out;
}

}  // namespace rankine::array
