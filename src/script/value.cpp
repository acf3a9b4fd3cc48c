#include "script/value.hpp"

#include <array>
#include <cmath>
#include <cstring>

#include "base/error.hpp"
#include "base/memory_guard.hpp"
#include "base/prepaid_memory.hpp"
#include "script/delayed.hpp"
#include "script/interpreter.hpp"
#include "script/python_error.hpp"

namespace rankine::script {

const char* name_of(Type type) {
  static constexpr std::array<const char*, static_cast<std::size_t>(Type::count_)> names = {
      "NoneType", "bool", "int", "float", "str", "list", "tuple", "dict", "range", "slice", "ellipsis", "function",
      "type", "Exception", "TextIOWrapper", "context", "dtype", "ndarray",
      "DataArray", "Dataset", "Coordinates", "DatetimeAccessor",
      "DataArrayGroupBy", "DatasetGroupBy", "DataArrayResample", "DatasetResample",
      "DataArrayWeighted", "DatasetWeighted",
      "Delayed", "DelayedLeaf", "Future", "Client", "Cluster", "as_completed", "DoneAndNotDoneFutures", "Array", "Random",
      "set", "iterator", "instance",
      "builtins", "xarray", "numpy", "sys", "os", "os.path", "glob", "math", "warnings", "dask", "dask.distributed",
      "numpy.random", "numcodecs", "plugin",
      "time", "random", "dask.config", "dask.diagnostics", "dask_jobqueue", "dask_mpi", "dask.array",
      "dask.array.random", "operator", "functools"};
  return names[static_cast<std::size_t>(type)];
}

Type Value::type() const {
  switch (v_.index()) {
    case 0: return Type::none;
    case 1: return Type::boolean;
    case 2: return Type::integer;
    case 3: return Type::floating;
    case 4: return Type::text;
    default: return std::get<ObjectPtr>(v_)->type();
  }
}

void dispose(Values&& values) {
  // A mere pointer: interpreters of threads go when the thread does, after what has a destructor may have gone.
  thread_local std::vector<Values>* waiting = nullptr;
  if (values.empty()) return;
  if (waiting != nullptr) return waiting->push_back(std::move(values));
  std::vector<Values> mine;
  waiting = &mine;
  mine.push_back(std::move(values));
  while (!mine.empty()) {
    Values next = std::move(mine.back());
    mine.pop_back();
    next.clear();
  }
  waiting = nullptr;
}

DictObject::~DictObject() {
  Values all;
  all.reserve(entries_.size());
  for (auto& entry : entries_) {
    if (entry) all.push_back(std::move(entry->second));
  }
  dispose(std::move(all));
}

const Value* DictObject::find(const Value& key) const {
  const auto found = index_.find(canonical_key(key));
  return found == index_.end() ? nullptr : &entries_[found->second]->second;
}
void DictObject::set(const Value& key, Value value) {
  const auto [at, inserted] = index_.try_emplace(canonical_key(key), entries_.size());
  if (inserted) entries_.emplace_back(std::pair(key, std::move(value)));
  else entries_[at->second]->second = std::move(value);
}
bool DictObject::erase(const Value& key) {
  const auto found = index_.find(canonical_key(key));
  if (found == index_.end()) return false;
  entries_[found->second].reset();
  index_.erase(found);
  ++erased_;
  return true;
}
Values DictObject::keys() const {
  Values result;
  each([&](const Value& key, const Value&) { result.push_back(key); });
  return result;
}
Values DictObject::values() const {
  Values result;
  each([&](const Value&, const Value& value) { result.push_back(value); });
  return result;
}

std::int64_t RangeObject::size() const {
  // Unsigned, because the distance of two int64 may need 64 bits without a sign.
  if (step > 0 ? start >= stop : start <= stop) return 0;
  const auto low = static_cast<std::uint64_t>(step > 0 ? start : stop);
  const auto high = static_cast<std::uint64_t>(step > 0 ? stop : start);
  const auto stride = step > 0 ? static_cast<std::uint64_t>(step) : std::uint64_t{0} - static_cast<std::uint64_t>(step);
  const std::uint64_t count = (high - low - 1) / stride + 1;
  return count > INT64_MAX ? INT64_MAX : static_cast<std::int64_t>(count);
}

void ask_room(std::uint64_t count, std::uint64_t size) {
  std::uint64_t bytes = 0;
  constexpr std::uint64_t beyond_any_machine = std::uint64_t{1} << 46;
  if (__builtin_mul_overflow(count, size, &bytes) || bytes > beyond_any_machine)
    throw Error(ExitCode::resources, "more memory would be needed here than any machine has");
  if (bytes < asked_at_once.value) return;
  ask_memory(Bytes{bytes});
  note_prepaid(Bytes{bytes});
}

Value make_list(Values elements) {
  auto list = std::make_shared<ListObject>();
  list->elements = std::move(elements);
  return list;
}
Value make_tuple(Values elements) {
  auto tuple = std::make_shared<TupleObject>();
  tuple->elements = std::move(elements);
  return tuple;
}
Value make_array(NdArray array, calendar::Calendar calendar) {
  return std::make_shared<ArrayObject>(std::move(array), calendar);
}
Value make_set(const Values& elements) {
  auto set = std::make_shared<SetObject>();
  for (const Value& element : elements) set->elements.set(element, {});
  return set;
}
Value make_iterator(Values elements) {
  auto iterator = std::make_shared<IteratorObject>();
  iterator->elements = std::move(elements);
  return iterator;
}
Value make_ellipsis() { return std::make_shared<EllipsisObject>(); }

std::string class_name_of(const Value& value) {
  if (const auto exception = value.as<ExceptionObject>()) return exception->name;
  const auto array = value.as<ArrayObject>();
  if (!array || !array->is_scalar()) return name_of(value.type());
  switch (array->array.dtype()) {
    case DType::boolean: return "bool_";
    case DType::string: return "str_";
    case DType::datetime64: return "datetime64";
    case DType::timedelta64: return "timedelta64";
    default: return rankine::name_of(array->array.dtype());
  }
}

std::optional<std::string> named_class(const Value& type) {
  if (const auto object = type.as<TypeObject>()) return object->name;
  if (const auto dtype = type.as<DTypeObject>(); dtype && dtype->is_class)
    return dtype->dtype == DType::boolean ? "bool_" : rankine::name_of(dtype->dtype);
  const auto function = type.as<FunctionObject>();
  if (!function || function->binding == nullptr) return std::nullopt;
  const std::string& name = function->binding->name;
  const bool is_class = function->binding->owner == Type::xarray ? name == "DataArray" || name == "Dataset"
                                                                 : function->binding->owner == Type::numpy && (name == "datetime64" || name == "timedelta64");
  return is_class ? std::optional(name) : std::nullopt;
}

std::string canonical_key(const Value& key) {
  if (key.is_none()) return "N";
  if (const auto* b = key.boolean()) return "i" + std::to_string(*b ? 1 : 0);
  if (const auto* i = key.integer()) return "i" + std::to_string(*i);
  if (const auto* t = key.text()) return "s" + std::to_string(t->size()) + ":" + *t;
  if (const auto* f = key.floating()) {
    if (*f == std::floor(*f) && std::abs(*f) < 9e18) return "i" + std::to_string(static_cast<std::int64_t>(*f));
    std::string bytes(sizeof *f, '\0');
    std::memcpy(bytes.data(), f, sizeof *f);
    return "f" + bytes;
  }
  if (const auto tuple = key.as<TupleObject>()) {
    std::string text = "(";
    for (const Value& e : tuple->elements) text += canonical_key(e) + ",";
    return text + ")";
  }
  if (const auto array = key.as<ArrayObject>(); array && array->array.ndim() == 0) {
    if (array->array.dtype() == DType::string) return canonical_key(Value(array->array.strings()[0]));
    if (is_float(array->array.dtype())) return canonical_key(Value(array->array.as_double(0)));
    return canonical_key(Value(array->array.as_int64(0)));
  }
  if (const auto type = key.as<TypeObject>()) return "t" + type->name;
  if (const auto future = key.as<FutureObject>()) return "F" + std::to_string(future->remote->id().value);
  if (const auto delayed = key.as<DelayedObject>()) return "D" + delayed->node->key;
  throw TypeError(std::string("unhashable type: '") + name_of(key.type()) + "'");
}

}  // namespace rankine::script
