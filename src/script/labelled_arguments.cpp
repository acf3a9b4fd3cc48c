#include "script/labelled_arguments.hpp"

#include "array/evaluate.hpp"
#include "array/reshape.hpp"
#include "base/error.hpp"
#include "script/array_memory.hpp"
#include "script/interpreter.hpp"
#include "script/operations.hpp"

namespace rankine::script {

namespace {

std::optional<std::int64_t> slice_bound(const Value& value) {
  if (value.is_none()) return std::nullopt;
  return to_integer(value, "a slice index");
}

array::PositionIndexer to_position_indexer(Interpreter&, const Value& value) {
  if (const auto slice = value.as<SliceObject>())
    return array::PositionSlice{slice_bound(slice->start), slice_bound(slice->stop), slice_bound(slice->step)};
  if (const auto array = value.as<DataArrayObject>()) return array->value();
  NdArray positions = to_nd_array(value, "an index");
  if (positions.size() == 0 && positions.dtype() == DType::float64) positions = NdArray(DType::int64, positions.shape());
  if (!is_integer(positions.dtype()) && positions.dtype() != DType::boolean)
    throw UsageError("an index must be integers, slices or a boolean mask, not " + name_of(positions.dtype()));
  return positions;
}

std::optional<NdArray> label(Interpreter& in, const Value& value) {
  if (value.is_none()) return std::nullopt;
  return to_known_values(in, value, "a label");
}

array::LabelIndexer to_label_indexer(Interpreter& in, const Value& value) {
  if (const auto slice = value.as<SliceObject>())
    return array::LabelSlice{label(in, slice->start), label(in, slice->stop), slice_bound(slice->step)};
  if (const auto array = value.as<DataArrayObject>()) return array->value();
  return to_known_values(in, value, "a label");
}

}  // namespace

std::vector<array::PositionIndexer> to_position_indexers(Interpreter& in, const Value& index) {
  std::vector<array::PositionIndexer> result;
  const auto tuple = index.as<TupleObject>();
  const Values parts = tuple ? tuple->elements : Values{index};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].type() == Type::ellipsis) {
      if (i + 1 != parts.size()) throw UsageError("'...' is supported at the end of an index only");
      break;
    }
    if (parts[i].is_none()) throw UnsupportedError("a new axis (None) in an index is not supported; use expand_dims");
    result.push_back(to_position_indexer(in, parts[i]));
  }
  return result;
}

array::Indexers<array::PositionIndexer> to_position_indexers_by_dim(Interpreter& in, const DictObject& dict) {
  array::Indexers<array::PositionIndexer> result;
  dict.each([&](const Value& dim, const Value& value) {
    result.emplace_back(to_text(dim, "a dim"), to_position_indexer(in, value));
  });
  return result;
}
array::Indexers<array::LabelIndexer> to_label_indexers_by_dim(Interpreter& in, const DictObject& dict) {
  array::Indexers<array::LabelIndexer> result;
  dict.each([&](const Value& dim, const Value& value) {
    result.emplace_back(to_text(dim, "a dim"), to_label_indexer(in, value));
  });
  return result;
}

array::Variable to_variable(Interpreter& in, const std::string& name, const Value& value) {
  return to_named_array(in, name, value).variable;
}

array::DataArray to_named_array(Interpreter& in, const std::string& name, const Value& value) {
  if (const auto array = value.as<DataArrayObject>()) return array->value();
  if (const auto tuple = value.as<TupleObject>()) {
    const Values& parts = tuple->elements;
    if (parts.size() < 2 || parts.size() > 4)
      throw UsageError("'" + name + "': a tuple must be (dims, values), (dims, values, attrs) or with an encoding behind");
    array::Attributes attrs, encoding;
    if (parts.size() > 2) {
      const auto dict = parts[2].as<DictObject>();
      if (!dict) throw TypeError("'" + name + "': attrs must be a dict");
      attrs = to_attributes(*dict);
    }
    if (parts.size() > 3) {
      const auto dict = parts[3].as<DictObject>();
      if (!dict) throw TypeError("'" + name + "': encoding must be a dict");
      encoding = to_attributes(*dict);
    }
    array::Variable variable;
    if (const auto data = parts[1].as<DataArrayObject>()) {  // ("time", da): its values without its coordinates
      variable = array::make_variable(to_names(parts[0], "dims"), data->value().variable.data, std::move(attrs));
    } else {
      variable = array::make_variable(to_names(parts[0], "dims"), to_known_values(in, parts[1], "the values"), std::move(attrs));
      note_given_to_data_array(parts[1]);
    }
    variable.calendar = calendar_of(parts[1]);
    variable.encoding = std::move(encoding);
    return array::make_data_array(std::move(variable), {}, name);
  }
  array::DataArray coordinate = array::coordinate_from_values(name, to_known_values(in, value, "the value"));
  coordinate.variable.calendar = calendar_of(value);
  note_given_to_data_array(value);
  return coordinate;
}

std::vector<std::string> coordinate_names(const CoordinatesObject& coordinates) {
  if (const auto dataset = coordinates.owner.as<DatasetObject>()) return dataset->value().coord_order();
  return coordinates.owner.as<DataArrayObject>()->value().coords.names();
}

DictPtr merged_keywords(const Value& dict, const Keywords& keywords, const char* what) {
  auto result = std::make_shared<DictObject>();
  if (!dict.is_none()) {
    const auto given = dict.as<DictObject>();
    if (!given) throw TypeError(std::string(what) + " must be a dict, not " + name_of(dict.type()));
    given->each([&](const Value& k, const Value& v) { result->set(k, v); });
  }
  for (const auto& [key, value] : keywords) result->set(key, value);
  return result;
}

}  // namespace rankine::script
