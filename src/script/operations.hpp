#pragma once
#include <functional>
#include <string>

#include "script/ast.hpp"
#include "script/value.hpp"

namespace rankine::script {

class Interpreter;

// What operators and built-in protocols mean for each type. All throw UsageError with Python's wording
// (without a place: the interpreter adds it).

Value binary(Interpreter& in, BinaryOp op, const Value& a, const Value& b);
/// |, &, - and ^ of sets.
Value combine_sets(BinaryOp op, const SetObject& a, const SetObject& b);
bool is_subset(const SetObject& a, const SetObject& b);
/// `a += b` and its kin: arrays are changed where they are, as NumPy and xarray do, and `a` is given back.
Value binary_in_place(Interpreter& in, BinaryOp op, const Value& a, const Value& b);
Value unary(Interpreter& in, UnaryOp op, const Value& a);
Value compare(Interpreter& in, CompareOp op, const Value& a, const Value& b);
bool equal(Interpreter& in, const Value& a, const Value& b);
/// a < b, for sorted, min, max.
bool less(Interpreter& in, const Value& a, const Value& b);
bool contains(Interpreter& in, const Value& container, const Value& element);
/// `if x`.
bool truth(Interpreter& in, const Value& a);

Value get_item(Interpreter& in, const Value& object, const Value& index);
void set_item(Interpreter& in, const Value& object, const Value& index, const Value& value);
void delete_item(Interpreter& in, const Value& object, const Value& index);
void set_attribute(Interpreter& in, const Value& object, const std::string& name, const Value& value);
/// Calls f for each element until it returns false.
void iterate(Interpreter& in, const Value& iterable, const std::function<bool(const Value&)>& f);
Values elements_of(Interpreter& in, const Value& iterable);
std::int64_t length(Interpreter& in, const Value& a);

/// str(x) and repr(x).
std::string text_of(Interpreter& in, const Value& a);
std::string repr_of(Interpreter& in, const Value& a);
/// format(x, spec).
std::string format_value(Interpreter& in, const Value& a, const std::string& spec);
/// "%d of %s" % values.
std::string percent_format(Interpreter& in, const std::string& format, const Value& values);

/// start, stop, step of a slice over `size` elements, and how many it picks: Python's slice.indices.
struct SliceRange { std::int64_t start, step, count; };
SliceRange slice_range(const SliceObject& slice, std::int64_t size);
/// An int, or something that is one (a NumPy integer); throws UsageError "<what> must be an integer, not str".
std::int64_t to_integer(const Value& value, const char* what);
double to_double(const Value& value, const char* what);
std::string to_text(const Value& value, const char* what);
/// shape=: an int, or a tuple or list of them. Throws ValueError for a negative one.
Shape to_shape(Interpreter& in, const Value& value);
/// Python's True and False count as 1 and 0.
bool is_number(const Value& value);

}  // namespace rankine::script
