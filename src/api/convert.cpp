#include "api/convert.hpp"

#include "base/error.hpp"

namespace rankine::api {
namespace {

NdArray scalar_of(const Label& label) {
  if (const auto* text = std::get_if<std::string>(&label.value())) return NdArray::from_strings({*text}, {});
  if (const auto* number = std::get_if<double>(&label.value())) return NdArray::scalar(*number);
  return NdArray::scalar(std::get<std::int64_t>(label.value()));
}

/// Labels of one kind as one 1-d array.
NdArray list_of(const std::vector<Label>& labels) {
  if (labels.empty()) return NdArray::from(std::vector<std::int64_t>{});
  std::vector<std::string> texts;
  std::vector<double> numbers;
  std::vector<std::int64_t> integers;
  for (const Label& label : labels) {
    if (const auto* text = std::get_if<std::string>(&label.value())) {
      texts.push_back(*text);
      continue;
    }
    const auto* integer = std::get_if<std::int64_t>(&label.value());
    if (integer != nullptr) integers.push_back(*integer);
    numbers.push_back(integer != nullptr ? static_cast<double>(*integer) : std::get<double>(label.value()));
  }
  if (!texts.empty() && !numbers.empty()) throw UsageError("a list of labels mixes texts and numbers");
  if (!texts.empty()) {
    const auto count = static_cast<std::int64_t>(texts.size());
    return NdArray::from_strings(std::move(texts), {count});
  }
  return integers.size() == labels.size() ? NdArray::from(integers) : NdArray::from(numbers);
}

}  // namespace

DataArray wrap(array::DataArray x) { return DataArray(std::make_shared<const array::DataArray>(std::move(x))); }
Dataset wrap(array::Dataset x) { return Dataset(std::make_shared<const array::Dataset>(std::move(x))); }

template <class T, class Variant>
T wrap_alternative(const Variant& x) {
  using Held = std::conditional_t<std::is_same_v<T, DataArray>, array::DataArray, array::Dataset>;
  const auto* held = std::get_if<Held>(&x);
  if (held == nullptr) throw UsageError("a DataArray stands where a Dataset is wanted, or a Dataset for a DataArray");
  return wrap(*held);
}

template <class T> T wrap_as(const array::Labelled& x) { return wrap_alternative<T>(x); }
template <class T> T wrap_as(const array::Operand& x) { return wrap_alternative<T>(x); }
template DataArray wrap_as<DataArray>(const array::Labelled&);
template Dataset wrap_as<Dataset>(const array::Labelled&);
template DataArray wrap_as<DataArray>(const array::Operand&);
template Dataset wrap_as<Dataset>(const array::Operand&);

array::DimChoice dim_choice(const Dims& dims) { return dims.names(); }

array::ReduceOptions reduce_options(const ReduceOptions& options) {
  array::ReduceOptions inner;
  inner.skipna = options.skipna;
  inner.ddof = options.ddof;
  inner.min_count = options.min_count;
  inner.keep_attrs = options.keep_attrs;
  return inner;
}

array::AttributeValue attribute_value(const Attribute& attribute) {
  return std::visit([](const auto& value) -> array::AttributeValue {
    using T = std::decay_t<decltype(value)>;
    if constexpr (std::is_arithmetic_v<T>) return NdArray::scalar(value);
    else if constexpr (std::is_same_v<T, std::string> || std::is_same_v<T, std::vector<std::string>>) return value;
    else return NdArray::from(value);
  }, attribute);
}

array::Attributes attributes(const Attributes& attributes) {
  array::Attributes inner;
  for (const auto& [name, value] : attributes) inner.set(name, attribute_value(value));
  return inner;
}

Attributes attributes(const array::Attributes& attributes) {
  Attributes outer;
  for (const auto& [name, value] : attributes) {
    if (const auto* text = std::get_if<std::string>(&value)) outer.emplace_back(name, *text);
    if (const auto* texts = std::get_if<std::vector<std::string>>(&value)) outer.emplace_back(name, *texts);
    const auto* numbers = std::get_if<NdArray>(&value);
    if (numbers == nullptr) continue;
    std::vector<std::int64_t> integers;
    std::vector<double> doubles;
    for (std::int64_t i = 0; i < numbers->size(); ++i) {
      if (is_float(numbers->dtype())) doubles.push_back(numbers->as_double(i));
      else integers.push_back(numbers->as_int64(i));
    }
    if (numbers->ndim() == 0 && is_float(numbers->dtype())) outer.emplace_back(name, doubles[0]);
    else if (numbers->ndim() == 0) outer.emplace_back(name, integers[0]);
    else if (is_float(numbers->dtype())) outer.emplace_back(name, std::move(doubles));
    else outer.emplace_back(name, std::move(integers));
  }
  return outer;
}

array::Operand operand(const Operand& operand) {
  return std::visit([](const auto& value) -> array::Operand {
    if constexpr (std::is_arithmetic_v<std::decay_t<decltype(value)>>) return NdArray::scalar(value);
    else return value.held();
  }, operand.value());
}

array::Indexers<array::LabelIndexer> indexers(const LabelSelections& selections) {
  array::Indexers<array::LabelIndexer> out;
  for (const auto& [dim, selection] : selections) {
    if (const auto* range = std::get_if<LabelRange>(&selection.value())) {
      array::LabelSlice slice;
      if (range->first) slice.start = scalar_of(*range->first);
      if (range->last) slice.stop = scalar_of(*range->last);
      out.emplace_back(dim, std::move(slice));
    } else if (const auto* label = std::get_if<Label>(&selection.value())) {
      out.emplace_back(dim, scalar_of(*label));
    } else {
      out.emplace_back(dim, list_of(std::get<std::vector<Label>>(selection.value())));
    }
  }
  return out;
}

array::Indexers<array::PositionIndexer> indexers(const PositionSelections& selections) {
  array::Indexers<array::PositionIndexer> out;
  for (const auto& [dim, selection] : selections) {
    if (const auto* range = std::get_if<PositionRange>(&selection.value()))
      out.emplace_back(dim, array::PositionSlice{range->start, range->stop, range->step});
    else if (const auto* position = std::get_if<std::int64_t>(&selection.value()))
      out.emplace_back(dim, NdArray::scalar(*position));
    else
      out.emplace_back(dim, NdArray::from(std::get<std::vector<std::int64_t>>(selection.value())));
  }
  return out;
}

DType dtype_named(const std::string& name) {
  for (int d = 0; d <= static_cast<int>(DType::float64); ++d)
    if (name_of(static_cast<DType>(d)) == name) return static_cast<DType>(d);
  throw UsageError("there is no dtype '" + name + "'; there are bool, int8 to int64, uint8 to uint64, float32, float64");
}

}  // namespace rankine::api
