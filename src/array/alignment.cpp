#include "array/alignment.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "array/loader.hpp"
#include "array/promotion.hpp"
#include "base/error.hpp"

namespace rankine::array {
namespace {

/// Equal keys for equal labels: whole numbers as int64, others as double, strings as they are.
std::string key_of(const NdArray& labels, std::int64_t i) {
  if (labels.dtype() == DType::string) return "s" + labels.strings()[static_cast<std::size_t>(i)];
  std::int64_t bits = 0;
  char kind = 'i';
  if (is_float(labels.dtype())) {
    const double value = labels.as_double(i);
    if (value == std::floor(value) && std::abs(value) < 9e15) {
      bits = static_cast<std::int64_t>(value);
    } else {
      kind = std::isnan(value) ? 'n' : 'f';
      if (kind == 'f') std::memcpy(&bits, &value, sizeof bits);
    }
  } else {
    bits = labels.as_int64(i);
    if (is_time(labels.dtype())) kind = 't';
  }
  std::string key(1 + sizeof bits, kind);
  std::memcpy(key.data() + 1, &bits, sizeof bits);
  return key;
}

std::string size_conflict(const std::string& dim, std::int64_t a, std::int64_t b) {
  return "dimension '" + dim + "' has size " + std::to_string(a) + " in one operand and " + std::to_string(b) +
         " in the other";
}

/// Labels of two kinds have none in common: the join would be empty, or full of NaN, without a word.
void check_comparable(const std::string& dim, const Variable& a, const Variable& b) {
  const auto kind = [](DType dtype) { return is_numeric(dtype) ? DType::float64 : dtype; };
  if (a.shape()[0] == 0 || b.shape()[0] == 0) return;
  if (kind(a.dtype()) != kind(b.dtype()))
    throw UsageError("the labels of '" + dim + "' are " + name_of(a.dtype()) + " in one operand and " + name_of(b.dtype()) +
                     " in the other, so none of them can be equal; give both the same kind, such as by assign_coords");
  if (a.dtype() == DType::cftime && a.calendar != b.calendar)
    throw UsageError("the dates of '" + dim + "' are of the calendar " + std::string(calendar::name_of(a.calendar)) +
                     " in one operand and " + std::string(calendar::name_of(b.calendar)) + " in the other; give both the same labels, "
                     "such as by assign_coords");
}

/// Labels of the joined index as (part, position) pairs resolved to one variable.
Variable join_indexes(const std::vector<const Variable*>& indexes, Join join) {
  const NdArray first = values_of(*indexes[0]);
  std::vector<std::int64_t> kept;
  if (join == Join::inner) {
    std::vector<LabelLookup> lookups;
    for (std::size_t k = 1; k < indexes.size(); ++k) lookups.emplace_back(values_of(*indexes[k]));
    for (std::int64_t i = 0; i < first.size(); ++i) {
      if (std::all_of(lookups.begin(), lookups.end(), [&](const auto& lookup) { return lookup.find(first, i) >= 0; }))
        kept.push_back(i);
    }
    return take_with_gaps(*indexes[0], 0, kept);
  }
  Variable all = *indexes[0];
  for (std::size_t k = 1; k < indexes.size(); ++k) {
    const NdArray values = values_of(*indexes[k]);
    const LabelLookup known(values_of(all));
    std::vector<std::int64_t> fresh;
    for (std::int64_t i = 0; i < values.size(); ++i)
      if (known.find(values, i) < 0) fresh.push_back(i);
    const Variable more = take_with_gaps(*indexes[k], 0, fresh);
    if (more.shape()[0] == 0) continue;
    const DType dtype = all.dtype() == more.dtype() ? all.dtype() : promote(all.dtype(), more.dtype());
    const auto as = [&](const ExprPtr& data) { return data->dtype == dtype ? data : cast(data, dtype); };
    all.data = constant(load(concat({as(all.data), as(more.data)}, 0)));
  }
  return take_with_gaps(all, 0, sorted_positions(values_of(all)));
}

}  // namespace

LabelLookup::LabelLookup(const NdArray& labels) {
  positions_.reserve(static_cast<std::size_t>(labels.size()));
  for (std::int64_t i = 0; i < labels.size(); ++i)
    duplicates_ = !positions_.emplace(key_of(labels, i), i).second || duplicates_;
}

std::int64_t LabelLookup::find(const NdArray& labels, std::int64_t i) const {
  const auto at = positions_.find(key_of(labels, i));
  return at == positions_.end() ? -1 : at->second;
}

Join parse_join(const std::string& name) {
  if (name == "inner") return Join::inner;
  if (name == "outer") return Join::outer;
  if (name == "left") return Join::left;
  if (name == "exact") return Join::exact;
  throw UnsupportedError("join='" + name + "' is not supported; use inner, outer, left or exact");
}

std::vector<std::int64_t> sorted_positions(const NdArray& values, bool ascending) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(values.size()));
  std::iota(order.begin(), order.end(), 0);
  const auto sort_by = [&](auto less) {
    if (ascending) std::stable_sort(order.begin(), order.end(), less);
    else std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return less(b, a); });
  };
  if (values.dtype() == DType::string) {
    const auto& texts = values.strings();
    sort_by([&](auto a, auto b) { return texts[static_cast<std::size_t>(a)] < texts[static_cast<std::size_t>(b)]; });
  } else if (is_float(values.dtype())) {
    sort_by([&](auto a, auto b) {
      const double x = values.as_double(a);
      const double y = values.as_double(b);
      return std::isnan(y) ? !std::isnan(x) : x < y;  // NaN last
    });
  } else if (values.dtype() == DType::uint64) {
    const auto* numbers = values.data<std::uint64_t>();
    sort_by([&](auto a, auto b) { return numbers[a] < numbers[b]; });
  } else {
    const bool time = is_time(values.dtype());
    sort_by([&](auto a, auto b) {
      const std::int64_t x = values.as_int64(a);
      const std::int64_t y = values.as_int64(b);
      return time && (x == not_a_time || y == not_a_time) ? x != not_a_time && y == not_a_time : x < y;  // NaT last
    });
  }
  return order;
}

Variable take_with_gaps(const Variable& variable, int axis, const std::vector<std::int64_t>& positions) {
  ExprPtr data = variable.data;
  const bool gaps = std::find(positions.begin(), positions.end(), -1) != positions.end();
  if (gaps) {
    if (data->dtype == DType::string)
      throw UnsupportedError("missing values cannot stand among texts; make the indexes of the objects equal, or leave out "
                             "the variables of texts");
    data = cast(data, with_missing(data->dtype));
  }
  return with_data(variable, take(data, axis, positions));
}

static void check_unique(const std::string& dim, const LabelLookup& lookup) {
  if (lookup.has_duplicates())
    throw UsageError("the labels of '" + dim + "' are not unique, so it cannot be conformed to other labels");
}

Dataset reindex(const Dataset& x, const std::string& dim, const Variable& labels) {
  const Variable* index = x.index(dim);
  RANKINE_CHECK(index != nullptr, "reindex needs an index");
  const LabelLookup lookup(values_of(*index));
  check_unique(dim, lookup);
  const NdArray wanted = values_of(labels);
  std::vector<std::int64_t> positions;
  for (std::int64_t i = 0; i < wanted.size(); ++i) positions.push_back(lookup.find(wanted, i));
  Dataset out = x;
  out.variables = {};
  out.variables.set(dim, with_data(*index, as_index(labels).data));  // in front, as xarray leaves it
  for (const auto& [name, variable] : x.variables) {
    const int axis = variable.axis_of(dim);
    if (name != dim) out.variables.set(name, axis >= 0 ? take_with_gaps(variable, axis, positions) : variable);
  }
  return out;
}

std::vector<Dataset> align(std::vector<Dataset> parts, Join join, const std::vector<std::string>& excluded) {
  std::vector<std::string> dims;
  for (const auto& part : parts)
    for (const auto& [dim, size] : part.sizes())
      if (std::find(dims.begin(), dims.end(), dim) == dims.end() &&
          std::find(excluded.begin(), excluded.end(), dim) == excluded.end())
        dims.push_back(dim);
  for (const auto& dim : dims) {
    std::vector<const Variable*> indexes;
    std::int64_t unindexed = -1;
    for (const auto& part : parts) {
      if (const Variable* index = part.index(dim)) {
        indexes.push_back(index);
        continue;
      }
      for (const auto& [name, size] : part.sizes()) {
        if (name != dim) continue;
        if (unindexed >= 0 && unindexed != size) throw ShapeError(size_conflict(dim, unindexed, size));
        unindexed = size;
      }
    }
    if (indexes.empty()) continue;
    for (const Variable* other : indexes) check_comparable(dim, *indexes[0], *other);
    const bool all_equal = std::all_of(indexes.begin() + 1, indexes.end(), [&](const Variable* other) {
      return other->data == indexes[0]->data || equal_values(values_of(*other), values_of(*indexes[0]));
    });
    std::optional<Variable> joined;
    if (!all_equal) {
      if (join == Join::exact)
        throw ShapeError("the labels of dimension '" + dim + "' differ between the operands" +
                         (indexes[0]->shape() == indexes.back()->shape() ? std::string()
                              : " (" + std::to_string(indexes[0]->shape()[0]) + " and " +
                                    std::to_string(indexes.back()->shape()[0]) + " of them)") +
                         "; select the common ones first");
      for (const Variable* index : indexes) check_unique(dim, LabelLookup(values_of(*index)));
      joined = join == Join::left ? *indexes[0] : join_indexes(indexes, join);
    }
    const std::int64_t size = joined ? joined->shape()[0] : indexes[0]->shape()[0];
    if (unindexed >= 0 && unindexed != size) throw ShapeError(size_conflict(dim, size, unindexed));
    if (!joined) continue;
    const NdArray labels = values_of(*joined);
    for (auto& part : parts) {
      const Variable* own = part.index(dim);
      if (own != nullptr && !identical(values_of(*own), labels)) part = reindex(part, dim, *joined);
    }
  }
  return parts;
}

DimSizes unified_sizes(const std::vector<const Variable*>& variables) {
  DimSizes sizes;
  for (const Variable* variable : variables) {
    for (int axis = 0; axis < variable->ndim(); ++axis) {
      const std::string& dim = variable->dims[static_cast<std::size_t>(axis)];
      const std::int64_t size = variable->shape()[static_cast<std::size_t>(axis)];
      const auto known = std::find_if(sizes.begin(), sizes.end(), [&](const auto& e) { return e.first == dim; });
      if (known == sizes.end()) sizes.emplace_back(dim, size);
      else if (known->second != size) throw ShapeError(size_conflict(dim, known->second, size));
    }
  }
  return sizes;
}

std::vector<std::string> names_of(const DimSizes& sizes) {
  std::vector<std::string> names;
  for (const auto& [name, size] : sizes) names.push_back(name);
  return names;
}

bool broadcast_equal(const Variable& a, const Variable& b) {
  if (a.dims == b.dims) return equal_variables(a, b, true);
  for (const auto& dim : a.dims)
    if (b.has_dim(dim) && b.size_of_dim(dim) != a.size_of_dim(dim)) return false;
  const DimSizes sizes = unified_sizes({&a, &b});
  const auto dims = names_of(sizes);
  return equal_variables(aligned_to(a, dims, sizes), aligned_to(b, dims, sizes), true);
}

VariableMap merge_coords(const std::vector<VariableMap>& operands) {
  if (operands.size() == 1) return operands[0];
  VariableMap merged;
  for (const auto& operand : operands) {
    for (const auto& [name, coord] : operand) {
      if (merged.contains(name)) continue;
      std::vector<const Variable*> candidates;
      const Variable* index = nullptr;
      for (const auto& other : operands) {
        const Variable* candidate = other.find(name);
        if (candidate == nullptr) continue;
        candidates.push_back(candidate);
        if (index == nullptr && candidate->dims == std::vector<std::string>{name}) index = candidate;
      }
      if (index != nullptr) {
        merged.set(name, *index);
        continue;
      }
      const bool agree = std::all_of(candidates.begin() + 1, candidates.end(), [&](const Variable* other) {
        return broadcast_equal(*candidates[0], *other);
      });
      if (!agree) continue;
      const DimSizes sizes = unified_sizes(candidates);
      merged.set(name, aligned_to(*candidates[0], names_of(sizes), sizes));
    }
  }
  return merged;
}

}  // namespace rankine::array
