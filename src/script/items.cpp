#include <algorithm>
#include <cmath>

#include "array/arithmetic.hpp"
#include "array/evaluate.hpp"
#include "array/indexing.hpp"
#include "array/reshape.hpp"
#include "base/error.hpp"
#include "base/missing_error.hpp"
#include "script/array_memory.hpp"
#include "script/classes.hpp"
#include "script/dask_array.hpp"
#include "script/dask_objects.hpp"
#include "script/delayed.hpp"
#include "script/interpreter.hpp"
#include "script/labelled.hpp"
#include "script/labelled_arguments.hpp"
#include "script/number_text.hpp"
#include "script/operations.hpp"
#include "script/shared_attributes.hpp"
#include "script/time_units.hpp"

namespace rankine::script {

std::int64_t to_integer(const Value& value, const char* what) {
  if (const auto* i = value.integer()) return *i;
  if (const auto* b = value.boolean()) return *b;
  if (const auto nd = value.as<ArrayObject>(); nd && nd->array.size() == 1 && is_integer(nd->array.dtype()))
    return nd->array.as_int64(0);
  throw TypeError(std::string(what) + " must be an integer, not " + name_of(value.type()));
}
double to_double(const Value& value, const char* what) {
  if (const auto* f = value.floating()) return *f;
  if (const auto* i = value.integer()) return static_cast<double>(*i);
  if (const auto* b = value.boolean()) return *b;
  if (const auto nd = value.as<ArrayObject>(); nd && nd->array.size() == 1 && nd->array.dtype() != DType::string && nd->unit == TimeUnit::nanosecond)
    return nd->array.as_double(0);
  throw TypeError(std::string(what) + " must be a number, not " + name_of(value.type()));
}
std::string to_text(const Value& value, const char* what) {
  if (const auto* t = value.text()) return *t;
  if (const auto nd = value.as<ArrayObject>(); nd && nd->array.ndim() == 0 && nd->array.dtype() == DType::string)
    return nd->array.strings()[0];
  throw TypeError(std::string(what) + " must be a str, not " + name_of(value.type()));
}

Shape to_shape(Interpreter& in, const Value& value) {
  Shape shape;
  if (value.type() == Type::tuple || value.type() == Type::list) {
    for (const Value& extent : elements_of(in, value)) shape.push_back(to_integer(extent, "an extent"));
  } else {
    shape.push_back(to_integer(value, "shape"));
  }
  for (const std::int64_t extent : shape)
    if (extent < 0) throw ValueError("negative dimensions are not allowed");
  return shape;
}

SliceRange slice_range(const SliceObject& slice, std::int64_t size) {
  const std::int64_t step = slice.step.is_none() ? 1 : to_integer(slice.step, "a slice index");
  if (step == 0) throw UsageError("slice step cannot be zero");
  const auto clamp = [&](const Value& value, std::int64_t low, std::int64_t high) {
    std::int64_t i = to_integer(value, "a slice index");
    if (i < 0) i = i < -size ? -1 : i + size;
    else i = std::min(i, size);
    return std::clamp(i, low, high);
  };
  const std::int64_t low = step > 0 ? 0 : -1;
  const std::int64_t high = step > 0 ? size : size - 1;
  const std::int64_t start = slice.start.is_none() ? (step > 0 ? low : high) : clamp(slice.start, low, high);
  const std::int64_t stop = slice.stop.is_none() ? (step > 0 ? high : low) : clamp(slice.stop, low, high);
  RangeObject range;
  range.start = start;
  range.stop = stop;
  range.step = step;
  return {start, step, range.size()};
}

namespace {

std::int64_t position(const Value& index, std::int64_t size, const char* what) {
  std::int64_t i = to_integer(index, "an index");
  if (i < 0) i += size;
  if (i < 0 || i >= size) throw IndexError(std::string(what) + " index out of range");
  return i;
}

Value sequence_item(const Values& elements, const Value& index, bool list) {
  const auto size = static_cast<std::int64_t>(elements.size());
  if (const auto slice = index.as<SliceObject>()) {
    const auto range = slice_range(*slice, size);
    ask_room(static_cast<std::uint64_t>(range.count), sizeof(Value));
    Values picked;
    picked.reserve(static_cast<std::size_t>(range.count));
    for (std::int64_t i = 0; i < range.count; ++i) picked.push_back(elements[static_cast<std::size_t>(range.start + i * range.step)]);
    return list ? make_list(std::move(picked)) : make_tuple(std::move(picked));
  }
  return elements[static_cast<std::size_t>(position(index, size, list ? "list" : "tuple"))];
}

/// Where the character that begins at `begin` ends.
std::size_t end_of_character(const std::string& text, std::size_t begin) {
  std::size_t end = begin + 1;
  while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) ++end;
  return end;
}

/// The characters of a text by number. One of ASCII alone is its own index; another needs four bytes a character.
class Characters {
 public:
  explicit Characters(const std::string& text) : text_(text), size_(character_count(text)) {
    if (size_ == text.size()) return;
    ask_room(size_, sizeof(std::uint32_t));
    begins_.reserve(size_);
    for (std::size_t at = 0; at < text.size(); at = end_of_character(text, at)) begins_.push_back(static_cast<std::uint32_t>(at));
  }
  std::int64_t size() const { return static_cast<std::int64_t>(size_); }
  std::string_view operator[](std::int64_t i) const {
    const std::size_t begin = begins_.empty() ? static_cast<std::size_t>(i) : begins_[static_cast<std::size_t>(i)];
    return std::string_view(text_).substr(begin, end_of_character(text_, begin) - begin);
  }
 private:
  const std::string& text_;
  std::size_t size_;
  std::vector<std::uint32_t> begins_;
};

Value text_item(const std::string& text, const Value& index) {
  const Characters characters(text);
  if (const auto slice = index.as<SliceObject>()) {
    const auto range = slice_range(*slice, characters.size());
    ask_room(static_cast<std::uint64_t>(range.count), 1);
    std::string picked;
    for (std::int64_t i = 0; i < range.count; ++i) picked += characters[range.start + i * range.step];
    return picked;
  }
  return std::string(characters[position(index, characters.size(), "string")]);
}

Value range_item(const RangeObject& range, const Value& index) {
  if (const auto slice = index.as<SliceObject>()) {
    const auto picked = slice_range(*slice, range.size());
    auto result = std::make_shared<RangeObject>();
    result->start = range.start + picked.start * range.step;
    result->step = range.step * picked.step;
    result->stop = result->start + picked.count * result->step;
    return result;
  }
  return range.start + position(index, range.size(), "range object") * range.step;
}

/// Elements of `array` where `mask`, of the same shape, is true.
NdArray masked(const NdArray& array, const NdArray& mask) {
  std::vector<std::int64_t> positions;
  for (std::int64_t i = 0; i < mask.size(); ++i) {
    if (mask.data<bool>()[i]) positions.push_back(i);
  }
  const auto flat = array::constant(array.reshaped({array.size()}));
  return array::evaluate_constant(array::take(flat, 0, positions));
}

NdArray picked(const NdArray& array, const std::vector<array::PositionIndexer>& indexers) {
  std::vector<std::string> dims;
  for (int axis = 0; axis < array.ndim(); ++axis) dims.push_back("dim_" + std::to_string(axis));
  return array::values_of(array::getitem(array::make_data_array(array::make_variable(dims, array)), indexers));
}

/// NumPy's basic indexing: of integers and slices.
bool is_basic(const array::PositionIndexer& indexer) {
  const auto* list = std::get_if<NdArray>(&indexer);
  return std::holds_alternative<array::PositionSlice>(indexer) || (list != nullptr && list->ndim() == 0 && is_integer(list->dtype()));
}

Value array_item(Interpreter& in, const ArrayPtr& whole, const Value& index) {
  const ArrayObject& object = *whole;
  const NdArray& array = object.array;
  if (const auto mask = index.as<ArrayObject>();
      mask && mask->array.dtype() == DType::boolean && mask->array.shape() == array.shape() && array.ndim() != 1)
    return in_unit(make_array(masked(array, mask->array), object.calendar), object.unit);
  if (array.dtype() == DType::string) {
    if (array.ndim() != 1) throw UnsupportedError("indexing this array of texts is not supported");
    const auto text_at = [&](std::int64_t i) { return array.strings()[static_cast<std::size_t>(i)]; };
    std::vector<std::string> texts;
    if (const auto slice = index.as<SliceObject>()) {
      const auto range = slice_range(*slice, array.size());
      for (std::int64_t i = 0; i < range.count; ++i) texts.push_back(text_at(range.start + i * range.step));
    } else if (const auto list = index.as<ListObject>()) {
      for (const Value& i : list->elements) texts.push_back(text_at(position(i, array.size(), "array")));
    } else {
      return Value(text_at(position(index, array.size(), "array")));
    }
    const auto count = static_cast<std::int64_t>(texts.size());
    return make_array(NdArray::from_strings(std::move(texts), {count}));
  }
  const auto indexers = to_position_indexers(in, index);
  if (std::count_if(indexers.begin(), indexers.end(), [](const auto& i) {
        const auto* list = std::get_if<NdArray>(&i);
        return list != nullptr && list->ndim() > 0;
      }) > 1)
    throw UnsupportedError("indexing with several lists at once is not supported");
  NdArray elements = picked(array, indexers);
  if (elements.ndim() == 0 || !std::all_of(indexers.begin(), indexers.end(), is_basic)) return in_unit(make_array(std::move(elements), object.calendar), object.unit);
  return make_view(whole, [indexers](const NdArray& all) { return picked(all, indexers); });
}

/// A number or date as an element of `dtype`, as NumPy assigns it.
NdArray element_of(const Value& value, DType dtype) {
  const NdArray given = to_nd_array(value, "the value");
  if (given.size() != 1) throw ValueError("setting an array element with a sequence.");
  if (given.dtype() == dtype) return given;
  if (is_time(dtype) && !is_integer(given.dtype()))
    throw ValueError("Could not convert object to NumPy " + std::string(dtype == DType::timedelta64 ? "timedelta" : "datetime"));
  if (is_integer(dtype) && is_float(given.dtype()) && !std::isfinite(given.as_double(0)))
    throw ValueError(std::isnan(given.as_double(0)) ? "cannot convert float NaN to integer" : "cannot convert float infinity to integer");
  return std::get<NdArray>(array::astype(array::Operand(given), dtype));
}

void set_array_item(const ArrayPtr& object, const Value& index, const Value& value) {
  const NdArray& array = object->array;
  Values parts;
  if (const auto tuple = index.as<TupleObject>()) parts = tuple->elements;
  else parts.push_back(index);
  if (static_cast<int>(parts.size()) != array.ndim() || array.dtype() == DType::string)
    throw UsageError("assigning to a part of an array is supported for single elements only");
  check_writable(*object);
  std::int64_t offset = 0;
  for (std::size_t axis = 0; axis < parts.size(); ++axis)
    offset = offset * array.shape()[axis] + position(parts[axis], array.shape()[axis], "array");
  // Copies of an NdArray share their elements, so a changed one is a new one.
  NdArray changed = materialise(StridedView::of(array));
  const NdArray element = element_of(value, array.dtype());
  const std::size_t bytes = size_of(array.dtype());
  std::copy_n(element.raw(), bytes, changed.raw() + offset * static_cast<std::int64_t>(bytes));
  set_elements(object, std::move(changed));
}

Value variable_named(DatasetObject& dataset, const std::string& name) {
  try {
    return dataset.variable(name);
  } catch (const MissingNameError& error) {
    throw MissingNameError(error.what() + did_you_mean(name, dataset.value().variables.names()));
  }
}

[[noreturn]] void not_assignable(const Value& object) {
  throw TypeError(std::string("'") + name_of(object.type()) + "' object does not support item assignment");
}

}  // namespace

Value get_item(Interpreter& in, const Value& object, const Value& index) {
  if (const auto* text = object.text()) return text_item(*text, index);
  if (const auto list = object.as<ListObject>()) return sequence_item(list->elements, index, true);
  if (const auto tuple = object.as<TupleObject>()) return sequence_item(tuple->elements, index, false);
  if (const auto range = object.as<RangeObject>()) return range_item(*range, index);
  if (const auto dict = object.as<DictObject>()) {
    const Value* found = dict->find(index);
    if (found == nullptr) raise_key_error(index, repr_of(in, index));
    return *found;
  }
  if (const auto array = object.as<ArrayObject>()) return array_item(in, array, index);
  if (const auto array = object.as<DataArrayObject>()) {
    if (const auto* name = index.text()) {
      auto coordinate = std::make_shared<DataArrayObject>(array::coordinate(array->value(), *name));
      if (array->value().coords.contains(*name)) coordinate->share_face(array->coordinate_face(*name));
      return coordinate;
    }
    if (const auto dict = index.as<DictObject>())
      return make_value(array::isel(array->value(), to_position_indexers_by_dim(in, *dict)));
    return make_value(array::getitem(array->value(), to_position_indexers(in, index)));
  }
  if (const auto dataset = object.as<DatasetObject>()) {
    if (const auto* name = index.text()) return variable_named(*dataset, *name);
    if (const auto dict = index.as<DictObject>())
      return make_value(array::isel(dataset->value(), to_position_indexers_by_dim(in, *dict)));
    return make_value(array::select(dataset->value(), to_names(index, "names of variables")));
  }
  if (const auto coordinates = object.as<CoordinatesObject>()) {
    if (!contains(in, object, index)) raise_key_error(index, repr_of(in, index));
    return get_item(in, coordinates->owner, index);
  }
  if (is_delayed(object)) return delayed_operation(in, Operation::item, 0, "getitem", {object, index});
  if (is_dask_array(object)) return through_labelled({object}, [&](const Values& v) { return get_item(in, v[0], index); });
  throw TypeError(std::string("'") + name_of(object.type()) + "' object is not subscriptable");
}

void set_item(Interpreter& in, const Value& object, const Value& index, const Value& value) {
  if (const auto list = object.as<ListObject>()) {
    if (index.as<SliceObject>()) throw UnsupportedError("assigning to a slice is not supported");
    list->elements[static_cast<std::size_t>(position(index, static_cast<std::int64_t>(list->elements.size()), "list assignment"))] = value;
  } else if (const auto dict = object.as<DictObject>()) {
    if (dict->frozen) not_assignable(object);
    dict->set(index, value);
  } else if (const auto array = object.as<ArrayObject>()) {
    set_array_item(array, index, value);
  } else if (const auto dataset = object.as<DatasetObject>()) {
    const std::string name = to_text(index, "the name of a variable");
    dataset->replace(array::assign(dataset->value(), {{name, to_named_array(in, name, value)}}));
    dataset->forget_variable_face(name);
    share_attributes_of(object, name, value);
  } else if (const auto array = object.as<DataArrayObject>()) {
    if (index.text() == nullptr)
      throw UnsupportedError("assigning to elements of a DataArray is not supported; use .where(cond, value) or xr.where");
    array->replace(array::assign_coords(array->value(), {{*index.text(), to_named_array(in, *index.text(), value)}}));
    array->forget_coordinate_face(*index.text());
  } else if (const auto coordinates = object.as<CoordinatesObject>()) {
    const std::string name = to_text(index, "the name of a coordinate");
    if (const auto ds = coordinates->owner.as<DatasetObject>()) {
      ds->replace(array::assign_coords(ds->value(), {{name, to_named_array(in, name, value)}}));
      ds->forget_variable_face(name);
    } else {
      set_item(in, coordinates->owner, index, value);
    }
  } else {
    not_assignable(object);
  }
}

void delete_item(Interpreter& in, const Value& object, const Value& index) {
  if (const auto list = object.as<ListObject>()) {
    list->elements.erase(list->elements.begin() + position(index, static_cast<std::int64_t>(list->elements.size()), "list assignment"));
  } else if (const auto dict = object.as<DictObject>()) {
    if (!dict->erase(index)) raise_key_error(index, repr_of(in, index));
  } else if (const auto dataset = object.as<DatasetObject>()) {
    const std::string name = to_text(index, "the name of a variable");
    dataset->replace(array::drop_vars(dataset->value(), {name}));
    dataset->forget_variable_face(name);
  } else {
    throw TypeError(std::string("'") + name_of(object.type()) + "' object does not support item deletion");
  }
}

void set_attribute(Interpreter& in, const Value& object, const std::string& name, const Value& value) {
  if (class_of(object) != nullptr) return set_class_attribute(object, name, value);
  const auto array = object.as<DataArrayObject>();
  const auto dataset = object.as<DatasetObject>();
  if ((array || dataset) && (name == "attrs" || name == "encoding")) {
    const auto dict = value.as<DictObject>();
    if (!dict) throw TypeError(name + " must be a dict, not " + name_of(value.type()));
    auto copy = std::make_shared<DictObject>();
    dict->each([&](const Value& k, const Value& v) { copy->set(k, v); });
    const FacePtr face = array ? array->face() : dataset->face();
    (name == "attrs" ? face->attrs : face->encoding) = copy;
  } else if (array && name == "name") {
    array->replace(array::rename(array->value(), value.is_none() ? std::optional<std::string>()
                                                                  : to_text(value, "the name")));
  } else if (array && array::has_coordinate(array->value(), name)) {
    set_item(in, object, name, value);
  } else {
    throw UnsupportedError("assigning to '" + name + "' of " + name_of(object.type()) + " is not supported");
  }
}

namespace {

[[noreturn]] void throw_changed(const char* what) {
  throw PythonError("RuntimeError", std::string(what) + " changed size during iteration");
}

}  // namespace

void iterate(Interpreter& in, const Value& iterable, const std::function<bool(const Value&)>& body) {
  const auto f = [&](const Value& element) {
    in.count();
    return body(element);
  };
  const auto each = [&](const Values& elements) {
    for (const Value& element : elements) {
      if (!f(element)) return;
    }
  };
  if (const auto list = iterable.as<ListObject>()) {
    const auto* view = dynamic_cast<const DictViewObject*>(list.get());
    const std::size_t size = view == nullptr ? 0 : view->of->size();
    // The list may grow or shrink meanwhile, as in Python.
    for (std::size_t i = 0; i < list->elements.size(); ++i) {
      const Value element = list->elements[i];
      if (!f(element)) return;
      if (view != nullptr && view->of->size() != size) throw_changed("dictionary");
    }
  } else if (const auto tuple = iterable.as<TupleObject>()) {
    each(tuple->elements);
  } else if (const auto range = iterable.as<RangeObject>()) {
    const std::int64_t count = range->size();
    for (std::int64_t i = 0; i < count; ++i) {
      if (!f(range->start + i * range->step)) return;
    }
  } else if (const auto dict = iterable.as<DictObject>()) {
    const std::size_t size = dict->size();
    for (const Value& key : dict->keys()) {
      if (!f(key)) return;
      if (dict->size() != size) throw_changed("dictionary");
    }
  } else if (const auto set = iterable.as<SetObject>()) {
    const std::size_t size = set->elements.size();
    for (const Value& element : set->elements.keys()) {
      if (!f(element)) return;
      if (set->elements.size() != size) throw_changed("Set");
    }
  } else if (const auto iterator = iterable.as<IteratorObject>()) {
    while (iterator->next < iterator->elements.size()) {
      if (!f(iterator->elements[iterator->next++])) return;
    }
  } else if (const auto* text = iterable.text()) {
    for (std::size_t at = 0; at < text->size();) {
      const std::size_t end = end_of_character(*text, at);
      if (!f(text->substr(at, end - at))) return;
      at = end;
    }
  } else if (const auto array = iterable.as<ArrayObject>()) {
    if (array->array.ndim() == 0) throw TypeError("iteration over a 0-d array");
    for (std::int64_t i = 0; i < array->array.shape()[0]; ++i) {
      if (!f(array_item(in, array, i))) return;
    }
  } else if (const auto data = iterable.as<DataArrayObject>()) {
    if (data->value().shape().empty()) throw TypeError("iteration over a 0-d array");
    for (std::int64_t i = 0; i < data->value().shape()[0]; ++i) {
      if (!f(get_item(in, iterable, i))) return;
    }
  } else if (const auto dataset = iterable.as<DatasetObject>()) {
    for (const auto& name : dataset->value().data_names()) {
      if (!f(name)) return;
    }
  } else if (const auto coordinates = iterable.as<CoordinatesObject>()) {
    for (const auto& name : coordinate_names(*coordinates)) {
      if (!f(name)) return;
    }
  } else if (is_delayed(iterable)) {
    each(delayed_elements(in, iterable));
  } else if (const auto completed = iterable.as<CompletedObject>()) {
    each_completed(in, *completed, f);
  } else if (const auto waited = iterable.as<DoneAndNotDoneObject>()) {
    each({waited->done, waited->not_done});
  } else if (const auto* groups = as_groupby(iterable)) {
    for (auto& [label, part] : array::groups(groups->groupby)) {
      if (!f(make_tuple({item_of(label, 0), make_value(std::move(part))}))) return;
    }
  } else {
    throw TypeError(std::string("'") + name_of(iterable.type()) + "' object is not iterable");
  }
}

Values elements_of(Interpreter& in, const Value& iterable) {
  Values result;
  if (const auto range = iterable.as<RangeObject>()) {
    ask_room(static_cast<std::uint64_t>(range->size()), sizeof(Value));
    result.reserve(static_cast<std::size_t>(range->size()));
  }
  iterate(in, iterable, [&](const Value& element) {
    if (result.size() == result.capacity()) ask_room(result.size(), 2 * sizeof(Value));
    result.push_back(element);
    return true;
  });
  return result;
}

std::int64_t length(Interpreter& in, const Value& a) {
  if (const auto* text = a.text()) return static_cast<std::int64_t>(character_count(*text));
  if (const auto list = a.as<ListObject>()) return static_cast<std::int64_t>(list->elements.size());
  if (const auto tuple = a.as<TupleObject>()) return static_cast<std::int64_t>(tuple->elements.size());
  if (const auto dict = a.as<DictObject>()) return static_cast<std::int64_t>(dict->size());
  if (const auto set = a.as<SetObject>()) return static_cast<std::int64_t>(set->elements.size());
  if (const auto range = a.as<RangeObject>()) return range->size();
  if (const auto dataset = a.as<DatasetObject>()) return static_cast<std::int64_t>(dataset->value().data_names().size());
  if (const auto coordinates = a.as<CoordinatesObject>())
    return static_cast<std::int64_t>(coordinate_names(*coordinates).size());
  if (const auto* groups = as_groupby(a)) return groups->groupby.grouping.labels.shape()[0];
  if (const auto own = call_special(in, a, "__len__", {})) return to_integer(*own, "what __len__() returns");
  if (const auto delayed = a.as<DelayedObject>()) {
    if (delayed->node->outputs >= 0) return delayed->node->outputs;
    throw TypeError("Delayed objects of unspecified length have no len()");
  }
  Shape shape;
  if (const auto array = a.as<ArrayObject>()) shape = array->array.shape();
  else if (const auto lazy = a.as<DaskArrayObject>()) shape = lazy->data->shape;
  else if (const auto data = a.as<DataArrayObject>()) shape = data->value().shape();
  else throw TypeError(std::string("object of type '") + name_of(a.type()) + "' has no len()");
  if (shape.empty()) throw TypeError("len() of unsized object");
  static_cast<void>(in);
  return shape[0];
}

}  // namespace rankine::script
