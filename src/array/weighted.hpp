#pragma once
#include "array/reduction.hpp"

namespace rankine::array {

/// x.weighted(w). NaN among the weights is a UsageError: at once where they are known, else of the task that reads them.
struct Weighted {
  Labelled object;
  DataArray weights;
};
Weighted weighted(const Labelled& x, const DataArray& weights);

/// op: "mean", "sum", "sum_of_weights", "sum_of_squares", "var", "std".
Labelled reduce(const Weighted& x, const std::string& op, const DimChoice& dims = {}, const ReduceOptions& options = {});

}  // namespace rankine::array
