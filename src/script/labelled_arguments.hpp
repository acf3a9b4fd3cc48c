#pragma once
#include "array/indexing.hpp"
#include "script/labelled.hpp"

namespace rankine::script {

/// da[0, 2:, ...]: one indexer a dim, in order.
std::vector<array::PositionIndexer> to_position_indexers(Interpreter& in, const Value& index);
/// isel(time=0), da[{"time": 0}].
array::Indexers<array::PositionIndexer> to_position_indexers_by_dim(Interpreter& in, const DictObject& dict);
array::Indexers<array::LabelIndexer> to_label_indexers_by_dim(Interpreter& in, const DictObject& dict);

/// What stands at the right of ds["x"] = ...: an array, (dims, values[, attrs]), values along the dim of
/// that name, or a number.
array::DataArray to_named_array(Interpreter& in, const std::string& name, const Value& value);
array::Variable to_variable(Interpreter& in, const std::string& name, const Value& value);
std::vector<std::string> coordinate_names(const CoordinatesObject& coordinates);

/// The positional dict and the keywords of isel(dict=None, **kwargs) as one dict.
DictPtr merged_keywords(const Value& dict, const Keywords& keywords, const char* what);

}  // namespace rankine::script
