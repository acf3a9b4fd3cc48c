#pragma once
#include "script/interpreter.hpp"

namespace rankine::script {

/// dask.array.Array: a lazy array without names, under NumPy's rules of shapes.
struct DaskArrayObject : Object {
  static constexpr Type static_type = Type::dask_array;
  Type type() const override { return static_type; }
  explicit DaskArrayObject(array::ExprPtr e, Shape c = {}) : data(std::move(e)), chunks(std::move(c)) {}
  array::ExprPtr data;
  /// Extents of the blocks that functions over blocks are given, by axis; 0, or empty: as the plan cuts them.
  Shape chunks;
};

Value make_dask_array(array::ExprPtr data, Shape chunks);
/// Dask's chunks= for an array of this shape: extents by axis, 0 for "auto".
Shape parse_chunks(Interpreter& in, const Value& chunks, const Shape& shape);
/// What is behind an array of any kind.
array::ExprPtr expression_of(Interpreter& in, const Value& value, const char* what);

/// The kernel of da.random: each element from the seed and its position.
inline constexpr const char* random_array_kernel = "dask.random";

/// The kernel whose blocks are the values of Delayed calls; its parameter "graph" is what write_remote_graph gave, as
/// hexadecimal digits. The runtime registers it.
inline constexpr const char* delayed_array_kernel = "dask.from_delayed";

bool is_dask_array(const Value& value);
/// Values as NumPy's array.
Value computed_dask_array(Interpreter& in, const DaskArrayObject& array);
/// Applies `f` to the values with every dask array as a DataArray whose dims are numbered from the last; a DataArray that
/// it gives is a dask array again.
Value through_labelled(const Values& values, const std::function<Value(const Values&)>& f);
std::string repr_of_dask_array(const DaskArrayObject& array);

std::string to_hex(std::span<const std::byte> bytes);
std::vector<std::byte> from_hex(const std::string& text);

}  // namespace rankine::script
