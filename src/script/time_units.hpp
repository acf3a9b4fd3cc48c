#pragma once
#include <optional>
#include <string>

#include "script/ast.hpp"
#include "script/value.hpp"

/// The units of NumPy's datetime64 and timedelta64. Times of files count nanoseconds, as xarray's do; those that a script makes
/// keep the unit that NumPy gives them, which says how they are printed and what a whole number beside them counts.
namespace rankine::script {

class Interpreter;

/// "D", "ns".
const char* code_of(TimeUnit unit);
/// Nothing for what NumPy has not; throws UnsupportedError for what it has beyond the range of nanoseconds.
std::optional<TimeUnit> time_unit_named(const std::string& code);
/// 0 for months and years, whose lengths differ.
std::int64_t nanoseconds_in(TimeUnit unit);
/// "days": behind the number of a duration.
const char* plural_of(TimeUnit unit);
/// "datetime64[D]"; other dtypes by their names.
std::string name_in_unit(DType dtype, TimeUnit unit);
/// The date text in the unit: "2000-01-05", "2000-01".
std::string date_text(std::int64_t ns, TimeUnit unit);
/// The unit that a date's text has, as NumPy reads it.
TimeUnit unit_of_text(const std::string& text);
/// The begin of the day, month ... that `ns` lies in.
std::int64_t floor_to(std::int64_t ns, TimeUnit unit);

/// Of an array's times, or the finest of a list's.
TimeUnit time_unit_of(const Value& value);
/// `value` with its times in `unit`, where it is an array of times.
Value in_unit(Value value, TimeUnit unit);

/// An operator with times in another unit than nanoseconds on one side; nothing where there are none.
std::optional<Value> time_operation(Interpreter& in, BinaryOp op, const Value& a, const Value& b);
/// np.arange over dates or durations.
std::optional<Value> time_range(const Value& start, const Value& stop, const Value& step);

}  // namespace rankine::script
