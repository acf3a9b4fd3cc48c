#include "rankine/labelled.hpp"

#include "api/convert.hpp"
#include "array/reshape.hpp"
#include "array/weighted.hpp"
#include "base/error.hpp"

namespace rankine {
namespace {

using api::held;
using api::wrap;
using api::wrap_as;

kernel::ReduceOp reduction_named(const std::string& name) {
  const auto op = array::reduce_op_named(name);
  if (!op) throw UsageError("there is no reduction '" + name + "'; there are mean, sum, prod, min, max, var, std, count, any, all");
  return *op;
}

template <class T>
const T& self(const Labelled<T>& x) { return static_cast<const T&>(x); }

std::vector<std::pair<std::string, array::DataArray>> inner_arrays(const std::vector<std::pair<std::string, DataArray>>& arrays) {
  std::vector<std::pair<std::string, array::DataArray>> inner;
  for (const auto& [name, x] : arrays) inner.emplace_back(name, x.held());
  return inner;
}

}  // namespace

template <class Self, class T>
T Reductions<Self, T>::reduce(const std::string& name, const Dims& dims, const ReduceOptions& options) const {
  const auto& x = static_cast<const Self&>(*this).held();
  const auto reduced = array::reduce(x, reduction_named(name), api::dim_choice(dims), api::reduce_options(options));
  if constexpr (std::is_same_v<Self, T>) return wrap(reduced);
  else return wrap_as<T>(reduced);
}

template <class T>
std::vector<std::pair<std::string, std::int64_t>> Labelled<T>::sizes() const { return held(self(*this)).sizes(); }

template <class T>
Attributes Labelled<T>::attrs() const {
  if constexpr (std::is_same_v<T, Dataset>) return api::attributes(held(self(*this)).attrs);
  else return api::attributes(held(self(*this)).attrs());
}

template <class T>
T Labelled<T>::assign_attrs(const Attributes& attrs) const {
  return wrap(array::assign_attrs(held(self(*this)), api::attributes(attrs)));
}

template <class T>
T Labelled<T>::sel(const LabelSelections& selections, const SelOptions& options) const {
  return wrap(array::sel(held(self(*this)), api::indexers(selections), {options.method, options.tolerance, false}));
}

template <class T>
T Labelled<T>::isel(const PositionSelections& selections) const {
  return wrap(array::isel(held(self(*this)), api::indexers(selections)));
}

template <class T>
GroupBy<T> Labelled<T>::groupby(const std::string& key) const {
  return GroupBy<T>(std::make_shared<const array::GroupBy>(array::groupby(held(self(*this)), key)));
}

template <class T>
GroupBy<T> Labelled<T>::resample(const std::string& dim, const std::string& frequency) const {
  return GroupBy<T>(std::make_shared<const array::GroupBy>(array::resample(held(self(*this)), dim, frequency)));
}

template <class T>
Weighted<T> Labelled<T>::weighted(const DataArray& weights) const {
  return Weighted<T>(std::make_shared<const array::Weighted>(array::weighted(held(self(*this)), weights.held())));
}

template <class T>
T Labelled<T>::where(const DataArray& condition) const {
  return wrap_as<T>(array::where(held(self(*this)), condition.held()));
}

template <class T>
T Labelled<T>::where(const DataArray& condition, double other) const {
  return wrap_as<T>(array::where(held(self(*this)), condition.held(), array::Operand(NdArray::scalar(other))));
}

template <class T>
T Labelled<T>::fillna(double value) const {
  return wrap_as<T>(array::fillna(held(self(*this)), NdArray::scalar(value)));
}

template <class T>
T Labelled<T>::clip(std::optional<double> min, std::optional<double> max) const {
  const auto bound = [](const std::optional<double>& value) -> std::optional<array::Operand> {
    if (!value) return std::nullopt;
    return NdArray::scalar(*value);
  };
  return wrap_as<T>(array::clip(held(self(*this)), bound(min), bound(max)));
}

template <class T>
T Labelled<T>::isnull() const { return wrap_as<T>(array::isnull(held(self(*this)))); }

template <class T>
T Labelled<T>::notnull() const { return wrap_as<T>(array::notnull(held(self(*this)))); }

template <class T>
T Labelled<T>::astype(const std::string& dtype) const {
  return wrap_as<T>(array::astype(held(self(*this)), api::dtype_named(dtype)));
}

template <class T>
T Labelled<T>::round(int decimals) const { return wrap_as<T>(array::round(held(self(*this)), decimals)); }

template <class T>
T Labelled<T>::transpose(const std::vector<std::string>& dims) const {
  return wrap(array::transpose(held(self(*this)), dims));
}

template <class T>
T Labelled<T>::rename(const Renaming& names) const { return wrap(array::rename(held(self(*this)), names)); }

template <class T>
T Labelled<T>::drop_vars(const std::vector<std::string>& names) const {
  return wrap(array::drop_vars(held(self(*this)), names));
}

template <class T>
T Labelled<T>::assign_coords(const std::vector<std::pair<std::string, DataArray>>& coords) const {
  return wrap(array::assign_coords(held(self(*this)), inner_arrays(coords)));
}

template <class T>
T Labelled<T>::expand_dims(const std::vector<std::string>& names) const {
  std::vector<array::NewDim> dims;
  for (const auto& name : names) dims.push_back({name, 1, {}});
  return wrap(array::expand_dims(held(self(*this)), dims));
}

template <class T>
T Labelled<T>::squeeze(const Dims& dims) const { return wrap(array::squeeze(held(self(*this)), dims.names())); }

template <class T>
T Labelled<T>::sortby(const std::string& coordinate, bool ascending) const {
  return wrap(array::sortby(held(self(*this)), coordinate, ascending));
}

template <class T>
T Labelled<T>::chunk(const std::vector<std::pair<std::string, std::int64_t>>& sizes) const {
  array::ChunkWish wish;
  wish.by_dim = sizes;
  return wrap(array::chunk(held(self(*this)), wish));
}

template <class T>
T Weighted<T>::reduce(const std::string& name, const Dims& dims) const {
  return wrap_as<T>(array::reduce(held(), name, api::dim_choice(dims)));
}

template <class T>
DataArray::DataArray(const Values<T>& values, const std::vector<std::string>& dims,
                     const std::vector<std::pair<std::string, std::vector<double>>>& coords, const std::string& name) {
  std::int64_t count = 1;
  for (const std::int64_t extent : values.shape) count *= extent;
  if (count != static_cast<std::int64_t>(values.elements.size()))
    throw ShapeError("values of shape " + format_tuple(values.shape) + " need " + std::to_string(count) +
                     " elements, not " + std::to_string(values.elements.size()));
  array::VariableMap known;
  for (const auto& [coordinate, labels] : coords)
    known.set(coordinate, array::make_variable({coordinate}, NdArray::from(labels)));
  held_ = std::make_shared<const array::DataArray>(
      array::make_data_array(array::make_variable(dims, NdArray::from(values.elements, values.shape)), std::move(known),
                             name.empty() ? std::nullopt : std::optional<std::string>(name)));
}

DataArray::DataArray(double value)
    : held_(std::make_shared<const array::DataArray>(
          array::make_data_array(array::make_variable({}, NdArray::scalar(value))))) {}

std::string DataArray::name() const { return held_->name.value_or(""); }
DataArray DataArray::rename(const std::string& name) const {
  return wrap(array::rename(*held_, std::optional<std::string>(name)));
}
const std::vector<std::string>& DataArray::dims() const { return held_->dims(); }
const std::vector<std::int64_t>& DataArray::shape() const { return held_->shape(); }
std::string DataArray::dtype() const { return name_of(held_->dtype()); }
DataArray DataArray::operator[](const std::string& coordinate) const {
  return wrap(array::coordinate(*held_, coordinate));
}
Dataset DataArray::to_dataset(const std::string& name) const {
  return wrap(array::to_dataset(*held_, name.empty() ? std::nullopt : std::optional<std::string>(name)));
}

Dataset::Dataset(const std::vector<std::pair<std::string, DataArray>>& variables, const Attributes& attrs)
    : held_(std::make_shared<const array::Dataset>(array::make_dataset(inner_arrays(variables), {}, api::attributes(attrs)))) {}
std::vector<std::string> Dataset::data_vars() const { return held_->data_names(); }
std::vector<std::string> Dataset::coords() const { return held_->coord_order(); }
DataArray Dataset::operator[](const std::string& name) const { return wrap(array::get(*held_, name)); }
Dataset Dataset::select(const std::vector<std::string>& names) const { return wrap(array::select(*held_, names)); }
Dataset Dataset::assign(const std::vector<std::pair<std::string, DataArray>>& variables) const {
  return wrap(array::assign(*held_, inner_arrays(variables)));
}

template class Reductions<DataArray, DataArray>;
template class Reductions<Dataset, Dataset>;
template class Reductions<GroupBy<DataArray>, DataArray>;
template class Reductions<GroupBy<Dataset>, Dataset>;
template class Labelled<DataArray>;
template class Labelled<Dataset>;
template class Weighted<DataArray>;
template class Weighted<Dataset>;

template <class T>
using Coords = std::vector<std::pair<std::string, std::vector<T>>>;
template DataArray::DataArray(const Values<float>&, const std::vector<std::string>&, const Coords<double>&, const std::string&);
template DataArray::DataArray(const Values<double>&, const std::vector<std::string>&, const Coords<double>&, const std::string&);
template DataArray::DataArray(const Values<std::int8_t>&, const std::vector<std::string>&, const Coords<double>&, const std::string&);
template DataArray::DataArray(const Values<std::int16_t>&, const std::vector<std::string>&, const Coords<double>&, const std::string&);
template DataArray::DataArray(const Values<std::int32_t>&, const std::vector<std::string>&, const Coords<double>&, const std::string&);
template DataArray::DataArray(const Values<std::int64_t>&, const std::vector<std::string>&, const Coords<double>&, const std::string&);
template DataArray::DataArray(const Values<std::uint8_t>&, const std::vector<std::string>&, const Coords<double>&, const std::string&);
template DataArray::DataArray(const Values<std::uint16_t>&, const std::vector<std::string>&, const Coords<double>&, const std::string&);
template DataArray::DataArray(const Values<std::uint32_t>&, const std::vector<std::string>&, const Coords<double>&, const std::string&);
template DataArray::DataArray(const Values<std::uint64_t>&, const std::vector<std::string>&, const Coords<double>&, const std::string&);
template DataArray::DataArray(const Values<bool>&, const std::vector<std::string>&, const Coords<double>&, const std::string&);

}  // namespace rankine
