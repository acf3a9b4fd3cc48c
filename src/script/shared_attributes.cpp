#include "script/shared_attributes.hpp"

#include "script/labelled.hpp"

namespace rankine::script {

namespace {

DictPtr shallow_copy(const DictObject& dict) {
  auto copy = std::make_shared<DictObject>();
  dict.each([&](const Value& key, const Value& value) { copy->set(key, value); });
  return copy;
}

}  // namespace

void share_attributes(const Value& object, const Value& dict) {
  const auto given = dict.as<DictObject>();
  if (!given) return;
  if (const auto array = object.as<DataArrayObject>()) array->face()->attrs = shallow_copy(*given);
  else if (const auto dataset = object.as<DatasetObject>()) dataset->face()->attrs = shallow_copy(*given);
}

void share_attributes_of(const Value& dataset, const std::string& name, const Value& value) {
  const auto into = dataset.as<DatasetObject>();
  if (!into || !into->value().variables.contains(name)) return;
  if (const auto array = value.as<DataArrayObject>()) into->variable_face(name)->attrs = shallow_copy(*array->face()->attrs);
  const auto tuple = value.as<TupleObject>();
  if (!tuple || tuple->elements.size() < 3) return;
  if (const auto dict = tuple->elements[2].as<DictObject>()) into->variable_face(name)->attrs = shallow_copy(*dict);
}

}  // namespace rankine::script
