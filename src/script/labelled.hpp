#pragma once
#include <map>
#include <memory>
#include <string>

#include "array/dataset.hpp"
#include "array/groupby.hpp"
#include "array/weighted.hpp"
#include "script/value.hpp"

namespace rankine::script {

class Interpreter;

/// attrs and encoding of one variable as the dicts that a script holds and changes. xarray shares them
/// between a dataset and the arrays taken from it, so the dicts are shared here too, and are read back
/// into the immutable algebra whenever a value is used. `da -= 273.15` changes data that is shared the same way.
struct VariableFace {
  DictPtr attrs;
  DictPtr encoding;
  array::ExprPtr data;   ///< set where an operator changed the variable in place
};
using FacePtr = std::shared_ptr<VariableFace>;

class DataArrayObject : public Object {
 public:
  static constexpr Type static_type = Type::data_array;
  Type type() const override { return static_type; }
  explicit DataArrayObject(array::DataArray value) : value_(std::move(value)) {}
  /// The array with its attributes as the script has left them.
  const array::DataArray& value();
  void replace(array::DataArray value) { value_ = std::move(value); }
  /// The same with its values known.
  void replace_loaded(array::DataArray value);
  /// The same variable with other data, for all that share it; `value` has it otherwise as it will be.
  void change_data(array::DataArray value, array::ExprPtr data);
  FacePtr face();
  FacePtr coordinate_face(const std::string& name);
  void share_face(FacePtr face) { face_ = std::move(face); }
  void share_coordinate_faces(std::map<std::string, FacePtr> faces) { coordinate_faces_ = std::move(faces); }
  void forget_coordinate_face(const std::string& name) { coordinate_faces_.erase(name); }

 private:
  array::DataArray value_;
  FacePtr face_;
  std::map<std::string, FacePtr> coordinate_faces_;
};

class DatasetObject : public Object {
 public:
  static constexpr Type static_type = Type::dataset;
  Type type() const override { return static_type; }
  explicit DatasetObject(array::Dataset value) : value_(std::move(value)) {}
  const array::Dataset& value();
  void replace(array::Dataset value) { value_ = std::move(value); }
  FacePtr face();                               ///< of the dataset itself
  FacePtr variable_face(const std::string& name);
  void forget_variable_face(const std::string& name) { faces_.erase(name); }
  /// ds[name], sharing attributes with this dataset.
  std::shared_ptr<DataArrayObject> variable(const std::string& name);

 private:
  array::Dataset value_;
  FacePtr face_;
  std::map<std::string, FacePtr> faces_;
};

/// ds.coords and da.coords.
struct CoordinatesObject : Object {
  static constexpr Type static_type = Type::coordinates;
  Type type() const override { return static_type; }
  Value owner;
};
struct DatetimeAccessorObject : Object {
  static constexpr Type static_type = Type::datetime_accessor;
  Type type() const override { return static_type; }
  Value owner;
};
struct GroupByObject : Object {
  explicit GroupByObject(array::GroupBy g) : groupby(std::move(g)) {}
  Type type() const override {
    const bool array = std::holds_alternative<array::DataArray>(groupby.object);
    if (groupby.resampled) return array ? Type::data_array_resample : Type::dataset_resample;
    return array ? Type::data_array_groupby : Type::dataset_groupby;
  }
  array::GroupBy groupby;
};
struct WeightedObject : Object {
  explicit WeightedObject(array::Weighted w) : weighted(std::move(w)) {}
  Type type() const override {
    return std::holds_alternative<array::DataArray>(weighted.object) ? Type::data_array_weighted : Type::dataset_weighted;
  }
  array::Weighted weighted;
};
/// The GroupBy or Weighted behind a value, or null.
GroupByObject* as_groupby(const Value& value);
WeightedObject* as_weighted(const Value& value);

Value make_value(array::DataArray array);
Value make_value(array::Dataset dataset);
Value make_value(array::Labelled labelled);
Value make_value(array::Operand operand);

bool is_labelled(const Value& value);
/// The array of a DataArray value; throws UsageError "<what> must be a DataArray, not int".
const array::DataArray& to_data_array(const Value& value, const char* what);
const array::Dataset& to_dataset(const Value& value, const char* what);
array::Labelled to_labelled(const Value& value, const char* what);
/// DataArray, Dataset, NumPy array, number or text as an operand; lists of numbers become arrays.
array::Operand to_operand(const Value& value, const char* what);
/// A number, text, list (of lists) of them or array as an NdArray.
NdArray to_nd_array(const Value& value, const char* what);
/// The same for what may be a DataArray: its values are computed.
NdArray to_known_values(Interpreter& in, const Value& value, const char* what);
DType to_dtype(const Value& value);
/// "time" or ["lat", "lon"]; absent for None and `...`.
std::optional<std::vector<std::string>> to_dims(const Value& value);
std::vector<std::string> to_names(const Value& value, const char* what);
/// A whole array's values, through the host. Small ones are kept in the object.
NdArray values_of(Interpreter& in, DataArrayObject& array);
/// Loads several at once, in one pass over the input.
void load_small(Interpreter& in, const std::vector<DataArrayObject*>& arrays);
void load_into(Interpreter& in, DatasetObject& dataset);
/// A scalar NdArray as the Python number it is (`.item()`).
Value item_of(const NdArray& array, std::int64_t position, calendar::Calendar calendar = calendar::Calendar::standard);
/// As NumPy's item() and tolist(): datetimes of nanoseconds are too fine for Python's and become their count, NaT None.
Value python_item_of(const NdArray& array, std::int64_t position, calendar::Calendar calendar = calendar::Calendar::standard);
/// The calendar of a value's dates, be it an array, or a list of dates.
calendar::Calendar calendar_of(const Value& value);

array::Attributes to_attributes(const DictObject& dict);
DictPtr to_dict(const array::Attributes& attributes);
Value to_value(const array::AttributeValue& value);

/// repr of xarray objects, as xarray 2023.01 prints them.
std::string repr_of_labelled(Interpreter& in, const Value& value);
/// str and repr of NumPy arrays.
std::string text_of_array(const ArrayObject& array);
std::string repr_of_array(const ArrayObject& array);
/// What xarray writes an array as that has no name, or one that is taken, and the attribute that holds that name.
inline constexpr const char* unnamed_variable = "__xarray_dataarray_variable__";
inline constexpr const char* name_of_unnamed = "__xarray_dataarray_name__";
/// ds.data_vars as xarray prints it.
std::string repr_of_data_variables(const DictObject& variables);

}  // namespace rankine::script
