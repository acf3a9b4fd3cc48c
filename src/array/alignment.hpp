#pragma once
#include <unordered_map>

#include "array/dataset.hpp"

namespace rankine::array {

/// Positions of labels in an index; labels compare as numbers whatever their dtypes, or as strings.
class LabelLookup {
 public:
  explicit LabelLookup(const NdArray& labels);
  /// Position of label i of `labels`, or -1. The first one if it occurs more than once.
  std::int64_t find(const NdArray& labels, std::int64_t i) const;
  bool has_duplicates() const { return duplicates_; }

 private:
  std::unordered_map<std::string, std::int64_t> positions_;
  bool duplicates_ = false;
};

enum class Join { inner, outer, left, exact };
Join parse_join(const std::string& name);

/// Conforms the indexes of several objects to one another, except along `excluded`: unequal ones are
/// joined (the order of the left one for inner, sorted for outer) and the objects reindexed, new places NaN.
/// Throws ShapeError: "dimension 'x' has size 3 in one operand and 4 in the other".
std::vector<Dataset> align(std::vector<Dataset> parts, Join join, const std::vector<std::string>& excluded = {});

/// Conforms `x` to `labels` along `dim`; new places are NaN.
Dataset reindex(const Dataset& x, const std::string& dim, const Variable& labels);
/// Values of one variable at positions along `axis`, -1 giving NaN: integers and bool become float64 then.
Variable take_with_gaps(const Variable& variable, int axis, const std::vector<std::int64_t>& positions);

/// Coordinates of a result from those of its operands: indexes from the first that has them; others
/// that disagree are dropped; agreeing ones with unlike dims are broadcast.
VariableMap merge_coords(const std::vector<VariableMap>& operands);
/// Common dims in the order of appearance, with sizes. Throws ShapeError where sizes differ.
DimSizes unified_sizes(const std::vector<const Variable*>& variables);
std::vector<std::string> names_of(const DimSizes& sizes);
/// True if the two are equal after broadcasting to common dims; stored values are loaded if need be.
bool broadcast_equal(const Variable& a, const Variable& b);
/// Sort order of 1-d values: positions, stable.
std::vector<std::int64_t> sorted_positions(const NdArray& values, bool ascending = true);

}  // namespace rankine::array
