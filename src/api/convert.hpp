#pragma once
#include "array/arithmetic.hpp"
#include "array/groupby.hpp"
#include "array/indexing.hpp"
#include "rankine/labelled.hpp"
#include "rankine/operators.hpp"

namespace rankine::api {

/// The array room's types in the interface's clothes, and back.
DataArray wrap(array::DataArray x);
Dataset wrap(array::Dataset x);
/// Throws UsageError if the value is of the other kind.
template <class T> T wrap_as(const array::Labelled& x);
template <class T> T wrap_as(const array::Operand& x);

inline const array::DataArray& held(const DataArray& x) { return x.held(); }
inline const array::Dataset& held(const Dataset& x) { return x.held(); }

array::DimChoice dim_choice(const Dims& dims);
array::ReduceOptions reduce_options(const ReduceOptions& options);
array::AttributeValue attribute_value(const Attribute& attribute);
array::Attributes attributes(const Attributes& attributes);
Attributes attributes(const array::Attributes& attributes);
array::Operand operand(const Operand& operand);
array::Indexers<array::LabelIndexer> indexers(const LabelSelections& selections);
array::Indexers<array::PositionIndexer> indexers(const PositionSelections& selections);
DType dtype_named(const std::string& name);

}  // namespace rankine::api
