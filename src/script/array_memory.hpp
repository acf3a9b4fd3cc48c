#pragma once
#include <functional>

#include "array/expr.hpp"
#include "script/value.hpp"

/// Which arrays of a script hold the same elements. NumPy's views share memory; here each array has its elements in a value
/// that the algebra shares, so a write makes a new value and gives it to all arrays that NumPy would have changed with it.
/// Elements that a DataArray holds as well cannot be followed into it: writing them is refused.
namespace rankine::script {

/// What is said where elements that a DataArray holds are written.
extern const char* const held_by_data_array;

/// A view of `of`: `part` gives its elements of those of `of`, and must move them only.
Value make_view(const ArrayPtr& of, std::function<NdArray(const NdArray&)> part);
/// The values of a DataArray: `before` is its expression, `after` the one that is held once they are known.
Value make_values(NdArray values, calendar::Calendar calendar, const array::ExprPtr& before, const array::ExprPtr& after);
/// `value` becomes the data of a DataArray or Dataset, which will hold the same elements if it is an array.
void note_given_to_data_array(const Value& value);
/// Gives `array` these elements, of its shape and dtype, and all arrays that share them with it.
/// Throws UnsupportedError where a DataArray would have to change too.
void set_elements(const ArrayPtr& array, NdArray elements);
/// The same, asked before anything is computed.
void check_writable(const ArrayObject& array);
/// `a += b` and its kin: gives `array` the result of the operator `ufunc` ("add") as NumPy does in place.
/// Throws TypeError where the result's dtype is of another kind, ValueError where its shape is another.
void assign_in_place(const ArrayPtr& array, const NdArray& result, const char* ufunc);
/// NumPy's casting rule 'same_kind'.
bool can_cast_same_kind(DType from, DType to);

}  // namespace rankine::script
