#pragma once
#include <functional>

#include "array/alignment.hpp"
#include "array/arithmetic.hpp"
#include "array/typed_operation.hpp"

namespace rankine::array {

struct ApplyOptions {
  Join join = Join::inner;
  /// Keep name, attributes and coordinate attributes of the first labelled operand.
  bool keep_attrs = false;
  /// 0-d arrays promote like Python scalars, as in ufuncs; the operators make them n-d first.
  bool zero_dim_is_scalar = true;
  /// Datasets: a variable that one lacks is left out (else an error).
  bool skip_missing_variables = false;
  /// The result has the name that all arrays have, or none, even where attributes are kept.
  bool common_name = false;
  /// Operators leave the attributes of coordinates alone even where those of the data go.
  bool keep_coord_attrs = false;
  /// Coordinates stand before the variables of a dataset, as operators leave them; apply_ufunc puts them behind.
  bool coords_first = false;
  /// Two operands that stand the other way round: labels and coordinates come from the first, while the operation and the
  /// dims of its result take the second one first.
  bool turned = false;
};

/// Applies `f` to every element: aligns indexes, broadcasts by dim name, merges coordinates, maps over
/// the variables of datasets. The heart of xarray's apply_ufunc without core dims.
using TermFunction = std::function<Term(const std::vector<Term>&)>;
Operand apply_elementwise(const std::vector<Operand>& operands, const TermFunction& f, const ApplyOptions& options);

/// Gives what was computed of `operands` the name and attributes that xarray's apply_ufunc gives it: those of the operands put
/// together by `how` (merging.hpp), also for each coordinate where several operands bring some.
void combine_attributes_of(const std::vector<Operand>& operands, const std::string& how, Operand& result);

}  // namespace rankine::array
