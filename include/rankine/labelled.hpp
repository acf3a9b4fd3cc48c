#pragma once
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "rankine/arguments.hpp"

namespace rankine {

namespace array {
struct DataArray;
struct Dataset;
struct GroupBy;
struct Weighted;
}  // namespace array

class DataArray;
class Dataset;
template <class T> class GroupBy;
template <class T> class Weighted;

/// x.mean(dims) and its kin. T is what they give, Self what has them. Results are lazy. Reductions of float32
/// accumulate in double and round once. All throw UsageError for an unknown dim.
template <class Self, class T>
class Reductions {
 public:
  T mean(const Dims& dims = {}, const ReduceOptions& options = {}) const { return reduce("mean", dims, options); }
  T sum(const Dims& dims = {}, const ReduceOptions& options = {}) const { return reduce("sum", dims, options); }
  T prod(const Dims& dims = {}, const ReduceOptions& options = {}) const { return reduce("prod", dims, options); }
  T min(const Dims& dims = {}, const ReduceOptions& options = {}) const { return reduce("min", dims, options); }
  T max(const Dims& dims = {}, const ReduceOptions& options = {}) const { return reduce("max", dims, options); }
  T var(const Dims& dims = {}, const ReduceOptions& options = {}) const { return reduce("var", dims, options); }
  /// xarray's std, which C++ cannot call so.
  T stddev(const Dims& dims = {}, const ReduceOptions& options = {}) const { return reduce("std", dims, options); }
  T count(const Dims& dims = {}, const ReduceOptions& options = {}) const { return reduce("count", dims, options); }
  T any(const Dims& dims = {}, const ReduceOptions& options = {}) const { return reduce("any", dims, options); }
  T all(const Dims& dims = {}, const ReduceOptions& options = {}) const { return reduce("all", dims, options); }
  /// By xarray's name: "mean", "std" ... Throws UsageError for another.
  T reduce(const std::string& name, const Dims& dims = {}, const ReduceOptions& options = {}) const;
};

/// What DataArray and Dataset share. Everything is lazy and every call gives a new value; semantics are those of
/// xarray 2023.01's methods of the same name.
template <class T>
class Labelled : public Reductions<T, T> {
 public:
  /// Every dim with its size.
  std::vector<std::pair<std::string, std::int64_t>> sizes() const;
  Attributes attrs() const;
  T assign_attrs(const Attributes& attrs) const;

  /// By label. Throws UsageError naming the label and the range that there is.
  T sel(const LabelSelections& selections, const SelOptions& options = {}) const;
  /// By position. Throws UsageError for positions outside.
  T isel(const PositionSelections& selections) const;

  /// Groups by "time.month", "time.season", ... or by the name of a 1-d coordinate, whose values are read now.
  GroupBy<T> groupby(const std::string& key) const;
  /// Bins along `dim` by a pandas frequency: "MS", "QS-DEC", "5D", "6H".
  GroupBy<T> resample(const std::string& dim, const std::string& frequency) const;
  Weighted<T> weighted(const DataArray& weights) const;

  /// NaN (or `other`) where `condition` is false.
  T where(const DataArray& condition) const;
  T where(const DataArray& condition, double other) const;
  T fillna(double value) const;
  T clip(std::optional<double> min, std::optional<double> max) const;
  T isnull() const;
  T notnull() const;
  /// By NumPy's name: "float32", "int16", "bool". Throws UsageError for another.
  T astype(const std::string& dtype) const;
  T round(int decimals = 0) const;

  /// "..." stands for the dims not named.
  T transpose(const std::vector<std::string>& dims) const;
  T rename(const Renaming& names) const;
  T drop_vars(const std::vector<std::string>& names) const;
  T assign_coords(const std::vector<std::pair<std::string, DataArray>>& coords) const;
  T expand_dims(const std::vector<std::string>& names) const;
  /// Without dims: every dim of extent 1.
  T squeeze(const Dims& dims = {}) const;
  T sortby(const std::string& coordinate, bool ascending = true) const;
  /// Block sizes by dim, -1 for the whole dim: a wish that changes no value.
  T chunk(const std::vector<std::pair<std::string, std::int64_t>>& sizes) const;
};

/// One lazy variable with its coordinates: xarray's DataArray. A value, cheap to copy.
class DataArray : public Labelled<DataArray> {
 public:
  explicit DataArray(std::shared_ptr<const array::DataArray> held) : held_(std::move(held)) {}
  /// From values in memory. T: bool, float, double or an integer type. `coords` are 1-d, by the dim's name.
  /// Throws ShapeError where shapes, dims and coordinates do not fit.
  template <class T>
  DataArray(const Values<T>& values, const std::vector<std::string>& dims,
            const std::vector<std::pair<std::string, std::vector<double>>>& coords = {}, const std::string& name = "");
  DataArray(double value);

  std::string name() const;
  DataArray rename(const std::string& name) const;
  using Labelled<DataArray>::rename;
  const std::vector<std::string>& dims() const;
  const std::vector<std::int64_t>& shape() const;
  /// NumPy's name: "float32", "datetime64[ns]".
  std::string dtype() const;
  /// A coordinate as an array: "lat", or a component of a date, "time.month".
  DataArray operator[](const std::string& coordinate) const;
  Dataset to_dataset(const std::string& name = "") const;

  const array::DataArray& held() const { return *held_; }

 private:
  std::shared_ptr<const array::DataArray> held_;
};

/// Several lazy variables that share dims: xarray's Dataset. A value, cheap to copy.
class Dataset : public Labelled<Dataset> {
 public:
  explicit Dataset(std::shared_ptr<const array::Dataset> held) : held_(std::move(held)) {}
  /// xr.Dataset({"tas": a, "pr": b}): coordinates are merged. Throws ShapeError where they do not fit.
  Dataset(const std::vector<std::pair<std::string, DataArray>>& variables, const Attributes& attrs = {});

  /// Names of the data variables and of the coordinates.
  std::vector<std::string> data_vars() const;
  std::vector<std::string> coords() const;
  /// A variable or coordinate. Throws UsageError naming what there is.
  DataArray operator[](const std::string& name) const;
  Dataset select(const std::vector<std::string>& names) const;
  Dataset assign(const std::vector<std::pair<std::string, DataArray>>& variables) const;

  const array::Dataset& held() const { return *held_; }

 private:
  std::shared_ptr<const array::Dataset> held_;
};

/// The result of groupby and resample: reductions over each group, and arithmetic with one value a group
/// (by_month - by_month.mean()). Reduces over the grouped dim unless more dims are named.
template <class T>
class GroupBy : public Reductions<GroupBy<T>, T> {
 public:
  explicit GroupBy(std::shared_ptr<const array::GroupBy> held) : held_(std::move(held)) {}
  const array::GroupBy& held() const { return *held_; }

 private:
  std::shared_ptr<const array::GroupBy> held_;
};

/// x.weighted(w): weights are not normalised; where x is missing the weight counts as 0.
template <class T>
class Weighted {
 public:
  explicit Weighted(std::shared_ptr<const array::Weighted> held) : held_(std::move(held)) {}
  T mean(const Dims& dims = {}) const { return reduce("mean", dims); }
  T sum(const Dims& dims = {}) const { return reduce("sum", dims); }
  T var(const Dims& dims = {}) const { return reduce("var", dims); }
  T stddev(const Dims& dims = {}) const { return reduce("std", dims); }
  T sum_of_weights(const Dims& dims = {}) const { return reduce("sum_of_weights", dims); }
  const array::Weighted& held() const { return *held_; }

 private:
  T reduce(const std::string& name, const Dims& dims) const;
  std::shared_ptr<const array::Weighted> held_;
};

}  // namespace rankine
