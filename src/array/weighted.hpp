#pragma once
#include "array/reduction.hpp"

namespace rankine::array {

/// x.weighted(w). Weights may be lazy; where they hold NaN, results follow xarray only after
/// w.fillna(0) (xarray refuses NaN weights; lazy ones cannot be checked before they are read).
struct Weighted {
  Labelled object;
  DataArray weights;
};
Weighted weighted(const Labelled& x, const DataArray& weights);

/// op: "mean", "sum", "sum_of_weights", "sum_of_squares", "var", "std".
Labelled reduce(const Weighted& x, const std::string& op, const DimChoice& dims = {}, const ReduceOptions& options = {});

}  // namespace rankine::array
