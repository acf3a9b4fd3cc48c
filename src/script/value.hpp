#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "base/memory_guard.hpp"
#include "calendar/calendar.hpp"
#include "grid/nd_array.hpp"

namespace rankine::script {

/// Types of values, as the language's tables and its static check tell them apart.
enum class Type : std::uint8_t {
  none, boolean, integer, floating, text, list, tuple, dict, range, slice, ellipsis, function, type_object,
  exception, stream, context, dtype, ndarray,
  data_array, dataset, coordinates, datetime_accessor,
  data_array_groupby, dataset_groupby, data_array_resample, dataset_resample,
  data_array_weighted, dataset_weighted,
  delayed, delayed_function, future, client, cluster, completed, done_and_not_done, dask_array, random_state,
  set, iterator, instance,
  builtins, xarray, numpy, sys, os, os_path, glob, math, warnings, dask, dask_distributed, numpy_random, numcodecs, plugin,
  time, random, dask_config, dask_diagnostics, dask_jobqueue, dask_mpi, dask_array_module,
  dask_array_random, operator_module, functools,
  count_,
};
/// "DataArray", "int", "module 'numpy'": as messages name them.
const char* name_of(Type type);

struct Object {
  virtual ~Object() = default;
  virtual Type type() const = 0;
};
using ObjectPtr = std::shared_ptr<Object>;
using TextPtr = std::shared_ptr<const std::string>;

/// A Python value: small ones inside, the rest shared by reference as Python shares them.
class Value {
 public:
  Value() = default;
  Value(bool v) : v_(v) {}
  Value(std::int64_t v) : v_(v) {}
  Value(int v) : v_(std::int64_t{v}) {}
  Value(double v) : v_(v) {}
  Value(std::string v) : v_(std::make_shared<const std::string>(std::move(v))) { ask_for(*text()); }
  Value(const char* v) : Value(std::string(v)) {}
  template <typename T> requires std::is_base_of_v<Object, T>
  Value(std::shared_ptr<T> object) : v_(ObjectPtr(std::move(object))) {}

  Type type() const;
  bool is_none() const { return v_.index() == 0; }
  const bool* boolean() const { return std::get_if<bool>(&v_); }
  const std::int64_t* integer() const { return std::get_if<std::int64_t>(&v_); }
  const double* floating() const { return std::get_if<double>(&v_); }
  const std::string* text() const {
    const auto* p = std::get_if<TextPtr>(&v_);
    return p == nullptr ? nullptr : p->get();
  }
  Object* object() const {
    const auto* p = std::get_if<ObjectPtr>(&v_);
    return p == nullptr ? nullptr : p->get();
  }
  /// The object, or null if the value is of another type.
  template <typename T> std::shared_ptr<T> as() const {
    const auto* p = std::get_if<ObjectPtr>(&v_);
    return p == nullptr || (*p)->type() != T::static_type ? nullptr : std::static_pointer_cast<T>(*p);
  }
  /// `a is b`.
  bool same(const Value& other) const { return v_ == other.v_ && v_.index() == other.v_.index(); }

 private:
  /// Small ones are asked for in between (Interpreter::count).
  static void ask_for(const std::string& text) {
    if (text.size() >= 1024) ask_memory(Bytes{text.size()});
  }
  std::variant<std::monostate, bool, std::int64_t, double, TextPtr, ObjectPtr> v_;
};
using Values = std::vector<Value>;
using Keywords = std::vector<std::pair<std::string, Value>>;

/// Empties containers one after the other instead of by recursion: a script can nest lists a million deep.
void dispose(Values&& values);

struct ListObject : Object {
  static constexpr Type static_type = Type::list;
  Type type() const override { return static_type; }
  ~ListObject() override { dispose(std::move(elements)); }
  Values elements;
};
struct TupleObject : Object {
  static constexpr Type static_type = Type::tuple;
  Type type() const override { return static_type; }
  ~TupleObject() override { dispose(std::move(elements)); }
  Values elements;
};

/// A dict in insertion order. Keys: None, bool, int, float, str and tuples of them.
class DictObject : public Object {
 public:
  static constexpr Type static_type = Type::dict;
  Type type() const override { return static_type; }
  ~DictObject() override;
  const Value* find(const Value& key) const;
  void set(const Value& key, Value value);
  bool erase(const Value& key);
  void clear() { entries_.clear(), index_.clear(), erased_ = 0; }
  std::size_t size() const { return entries_.size() - erased_; }
  /// Calls f(key, value) in order; f must not change the dict.
  template <typename F> void each(F&& f) const {
    for (const auto& entry : entries_) {
      if (entry) f(entry->first, entry->second);
    }
  }
  Values keys() const;
  Values values() const;
  bool frozen = false;   ///< a view that xarray gives out: printed as Frozen({...}), not assignable
  bool is_data_variables = false;   ///< ds.data_vars: printed as a section of the dataset

 private:
  std::vector<std::optional<std::pair<Value, Value>>> entries_;
  std::unordered_map<std::string, std::size_t> index_;  ///< canonical key text -> position
  std::size_t erased_ = 0;
};
using DictPtr = std::shared_ptr<DictObject>;

/// What dict.keys(), values() and items() give: a list, of which a loop minds that the dict changes meanwhile.
struct DictViewObject : ListObject {
  DictPtr of;
};

/// A set in insertion order; elements as the keys of a dict.
struct SetObject : Object {
  static constexpr Type static_type = Type::set;
  Type type() const override { return static_type; }
  bool contains(const Value& element) const { return elements.find(element) != nullptr; }
  DictObject elements;
};

struct RangeObject : Object {
  static constexpr Type static_type = Type::range;
  Type type() const override { return static_type; }
  std::int64_t start = 0, stop = 0, step = 1;
  std::int64_t size() const;
};
struct SliceObject : Object {
  static constexpr Type static_type = Type::slice;
  Type type() const override { return static_type; }
  Value start, stop, step;
};
struct EllipsisObject : Object {
  static constexpr Type static_type = Type::ellipsis;
  Type type() const override { return static_type; }
};
/// int, float, str ...: callable, and the second argument of isinstance.
struct TypeObject : Object {
  static constexpr Type static_type = Type::type_object;
  Type type() const override { return static_type; }
  std::string name;
};
/// iter(x), or a generator expression: gives each element once.
struct IteratorObject : Object {
  static constexpr Type static_type = Type::iterator;
  Type type() const override { return static_type; }
  ~IteratorObject() override { dispose(std::move(elements)); }
  Values elements;
  std::size_t next = 0;
};
struct StreamObject : Object {
  static constexpr Type static_type = Type::stream;
  Type type() const override { return static_type; }
  bool is_stderr = false;
};
/// What `with` accepts besides datasets: xr.set_options(...), Client(...). `leave` undoes it.
struct ContextObject : Object {
  static constexpr Type static_type = Type::context;
  Type type() const override { return static_type; }
  std::string name;
  std::optional<bool> previous_keep_attrs;
  Value previous_annotations;   ///< dask.annotate
};
/// What NumPy counts times of a script in. Their values are nanoseconds here, whatever the unit.
enum class TimeUnit : std::uint8_t { year, month, week, day, hour, minute, second, millisecond, microsecond, nanosecond };

struct DTypeObject : Object {
  static constexpr Type static_type = Type::dtype;
  Type type() const override { return static_type; }
  DType dtype = DType::float64;
  TimeUnit unit = TimeUnit::nanosecond;
  bool is_class = false;   ///< np.float32, the class, and not x.dtype
};
/// A NumPy array, eager; shape {} is a NumPy scalar where it does not say otherwise. Written through array_memory.hpp alone.
struct ArrayObject : Object {
  static constexpr Type static_type = Type::ndarray;
  Type type() const override { return static_type; }
  explicit ArrayObject(NdArray a, calendar::Calendar c) : array(std::move(a)), calendar(c) {}
  bool is_scalar() const { return array.ndim() == 0 && !is_array_of_no_dims; }
  NdArray array;
  calendar::Calendar calendar;   ///< of the dates; has a meaning only for DType::cftime
  TimeUnit unit = TimeUnit::nanosecond;   ///< of datetime64 and timedelta64 that the script made
  bool is_array_of_no_dims = false;   ///< np.array(5): not a NumPy scalar
  // Elements that NumPy would hold once.
  std::shared_ptr<ArrayObject> base;                     ///< whose elements these are, if another's; never a view itself
  std::function<NdArray(const NdArray&)> part;           ///< these elements of the base's
  std::vector<std::weak_ptr<ArrayObject>> views;         ///< of this one
  bool belongs_to_data_array = false;                    ///< a DataArray holds the same elements
  std::vector<std::weak_ptr<const void>> holders;        ///< or does, as long as one of these exists
};
using ArrayPtr = std::shared_ptr<ArrayObject>;
struct ModuleObject : Object {
  explicit ModuleObject(Type t) : module(t) {}
  Type type() const override { return module; }
  Type module;
};

/// Throws what a script sees as a MemoryError if there is no room for `count` things of `size` bytes.
void ask_room(std::uint64_t count, std::uint64_t size);

Value make_list(Values elements);
Value make_tuple(Values elements);
Value make_array(NdArray array, calendar::Calendar calendar = calendar::Calendar::standard);
/// "float64", "ndarray", "DataArray": the name of a value's class.
std::string class_name_of(const Value& value);
/// The name of the class that `type` is, or nothing if it is none: np.float64, xr.DataArray, float, what type() gives.
std::optional<std::string> named_class(const Value& type);
Value make_ellipsis();
Value make_set(const Values& elements);
Value make_iterator(Values elements);

/// A text that is equal for keys that Python calls equal (1, 1.0 and True are one key).
/// Throws UsageError "unhashable type: 'list'".
std::string canonical_key(const Value& key);

}  // namespace rankine::script
