#include "script/time_units.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "array/arithmetic.hpp"
#include "base/error.hpp"
#include "calendar/timeline.hpp"
#include "script/interpreter.hpp"
#include "script/labelled.hpp"
#include "script/operations.hpp"

namespace rankine::script {

namespace {

struct Unit { const char* code; const char* plural; std::int64_t ns; std::size_t letters; };
/// In the order of TimeUnit. `letters`: of a date's text.
constexpr std::array<Unit, 10> units = {{{"Y", "years", 0, 4}, {"M", "months", 0, 7}, {"W", "weeks", 604'800'000'000'000, 10},
                                         {"D", "days", 86'400'000'000'000, 10}, {"h", "hours", 3'600'000'000'000, 13},
                                         {"m", "minutes", 60'000'000'000, 16}, {"s", "seconds", 1'000'000'000, 19},
                                         {"ms", "milliseconds", 1'000'000, 23}, {"us", "microseconds", 1'000, 26}, {"ns", "nanoseconds", 1, 29}}};
const Unit& row(TimeUnit unit) { return units[static_cast<std::size_t>(unit)]; }

bool is_times(const Value& value) {
  const auto array = value.as<ArrayObject>();
  return array && (array->array.dtype() == DType::datetime64 || array->array.dtype() == DType::timedelta64);
}
DType dtype_of(const Value& value) {
  if (const auto data = value.as<DataArrayObject>()) return data->value().dtype();
  return to_nd_array(value, "the operand").dtype();
}
bool is_plain_operand(const Value& value) {
  return is_number(value) || value.type() == Type::ndarray || value.type() == Type::data_array;
}
Value duration(std::int64_t ns, TimeUnit unit) {
  return in_unit(make_array(NdArray::scalar(ns).viewed_as(DType::timedelta64)), unit);
}

/// A duration in its unit beside a number that is not whole, or divided: NumPy counts whole units.
Value scaled(Interpreter& in, BinaryOp op, const ArrayObject& time, const Value& number, bool time_first) {
  const std::int64_t ns = nanoseconds_in(time.unit);
  if (time.array.size() != 1 || time.array.ndim() != 0)
    throw UnsupportedError(std::string("an array of durations in the unit '") + code_of(time.unit) + "' is scaled by whole numbers only; make it of nanoseconds first");
  if (!time_first && op != BinaryOp::multiply) throw TypeError("ufunc cannot use a number and a timedelta64 in this order");
  if (time.array.as_int64(0) == not_a_time) return duration(not_a_time, time.unit);
  const double count = static_cast<double>(time.array.as_int64(0) / ns);
  const Value counted = time_first ? binary(in, op == BinaryOp::floor_divide ? BinaryOp::divide : op, make_array(NdArray::scalar(count)), number)
                                   : binary(in, op, number, make_array(NdArray::scalar(count)));
  const Value whole = make_value(array::ufunc(op == BinaryOp::floor_divide ? "floor" : "trunc", {to_operand(counted, "the operand")}));
  return in_unit(binary(in, BinaryOp::multiply, whole, duration(ns, TimeUnit::nanosecond)), time.unit);
}

}  // namespace

const char* code_of(TimeUnit unit) { return row(unit).code; }
const char* plural_of(TimeUnit unit) { return row(unit).plural; }
std::int64_t nanoseconds_in(TimeUnit unit) { return row(unit).ns; }

std::optional<TimeUnit> time_unit_named(const std::string& code) {
  const auto found = std::find_if(units.begin(), units.end(), [&](const Unit& unit) { return code == unit.code; });
  if (found == units.end()) return std::nullopt;
  return static_cast<TimeUnit>(found - units.begin());
}

std::string name_in_unit(DType dtype, TimeUnit unit) {
  if (unit == TimeUnit::nanosecond || !is_time(dtype)) return name_of(dtype);
  return std::string(dtype == DType::datetime64 ? "datetime64[" : "timedelta64[") + code_of(unit) + "]";
}

std::string date_text(std::int64_t ns, TimeUnit unit) {
  const std::string text = calendar::format_datetime64(ns);
  return ns == not_a_time ? text : text.substr(0, row(unit).letters);
}

TimeUnit unit_of_text(const std::string& text) {
  std::size_t letters = text.size();
  if (letters > 19) letters = std::min<std::size_t>(29, 20 + (letters - 20 + 2) / 3 * 3);
  const auto found = std::find_if(units.begin(), units.end(), [&](const Unit& unit) { return unit.letters == letters && unit.ns != units[2].ns; });
  return found == units.end() ? TimeUnit::nanosecond : static_cast<TimeUnit>(found - units.begin());
}

std::int64_t floor_to(std::int64_t ns, TimeUnit unit) {
  const auto timeline = calendar::Timeline::datetime64();
  if (const std::int64_t step = nanoseconds_in(unit); step != 0) {
    return ns - (ns % step + step) % step;  // weeks begin on Thursdays, as 1970 did
  }
  calendar::DateTime parts = calendar::split(timeline, ns);
  parts = {parts.year, unit == TimeUnit::year ? 1 : parts.month, 1, 0, 0, 0, 0};
  return calendar::join(timeline, parts).value_or(ns);
}

TimeUnit time_unit_of(const Value& value) {
  if (const auto array = value.as<ArrayObject>()) return array->unit;
  const auto list = value.as<ListObject>();
  const auto tuple = value.as<TupleObject>();
  if (!list && !tuple) return TimeUnit::nanosecond;
  const Values& elements = list ? list->elements : tuple->elements;
  if (elements.empty() || !is_times(elements[0])) return TimeUnit::nanosecond;
  TimeUnit finest = TimeUnit::year;
  for (const Value& element : elements) finest = std::max(finest, time_unit_of(element));
  return finest;
}

Value in_unit(Value value, TimeUnit unit) {
  if (is_times(value)) value.as<ArrayObject>()->unit = unit;
  return value;
}

std::optional<Value> time_operation(Interpreter& in, BinaryOp op, const Value& a, const Value& b) {
  const bool times_a = is_times(a), times_b = is_times(b);
  const TimeUnit unit_a = times_a ? time_unit_of(a) : TimeUnit::nanosecond, unit_b = times_b ? time_unit_of(b) : TimeUnit::nanosecond;
  if ((unit_a == TimeUnit::nanosecond && unit_b == TimeUnit::nanosecond) || !is_plain_operand(a) || !is_plain_operand(b)) return std::nullopt;
  // The same with nanoseconds.
  const auto bare = [](const Value& value) {
    const auto array = value.as<ArrayObject>();
    return array ? make_array(array->array, array->calendar) : value;
  };
  if (times_a && times_b) {
    const TimeUnit finest = std::max(unit_a, unit_b);
    Value result = binary(in, op, bare(a), bare(b));
    if (is_times(result) && nanoseconds_in(finest) == 0 && result.as<ArrayObject>()->array.dtype() == DType::timedelta64)
      throw UnsupportedError("a difference in months or years is not supported; write the dates with their days");
    return in_unit(std::move(result), finest);
  }
  const Value& time = times_a ? a : b;
  const Value& other = times_a ? b : a;
  const TimeUnit unit = times_a ? unit_a : unit_b;
  const DType dtype = dtype_of(other);
  if (is_time(dtype) || dtype == DType::string) return binary(in, op, bare(a), bare(b));  // beside a DataArray of times
  const bool additive = op == BinaryOp::add || op == BinaryOp::subtract;
  if (additive && !is_float(dtype)) {
    if (nanoseconds_in(unit) == 0) throw UnsupportedError("a number of months or years beside a date is not supported; write the date with its day");
    const Value steps = binary(in, BinaryOp::multiply, is_number(other) ? make_array(to_nd_array(other, "the operand")) : other,
                               duration(nanoseconds_in(unit), TimeUnit::nanosecond));
    return in_unit(times_a ? binary(in, op, bare(a), steps) : binary(in, op, steps, bare(b)), unit);
  }
  if (is_float(dtype) || op == BinaryOp::divide || op == BinaryOp::floor_divide) {
    if (additive || time.as<ArrayObject>()->array.dtype() == DType::datetime64) return binary(in, op, bare(a), bare(b));  // NumPy's error
    return scaled(in, op, *time.as<ArrayObject>(), other, times_a);
  }
  if (op == BinaryOp::modulo) throw UnsupportedError("the remainder of a duration and a number is not supported; write the number as np.timedelta64");
  return in_unit(binary(in, op, bare(a), bare(b)), unit);
}

std::optional<Value> time_range(const Value& start, const Value& stop, const Value& step) {
  if (!is_times(start) && !is_times(stop)) return std::nullopt;
  if (!is_times(stop) || (!is_times(start) && !is_number(start)))
    throw TypeError("arange() takes dates for both its bounds, or durations");
  const DType dtype = stop.as<ArrayObject>()->array.dtype();
  if (is_times(start) ? start.as<ArrayObject>()->array.dtype() != dtype : dtype == DType::datetime64)
    throw TypeError("arange() takes dates for both its bounds, or durations");
  const TimeUnit unit = std::max({is_times(start) ? time_unit_of(start) : TimeUnit::year, time_unit_of(stop), is_times(step) ? time_unit_of(step) : TimeUnit::year});
  const std::int64_t ns = nanoseconds_in(unit);
  std::int64_t count = 1;
  if (is_times(step)) count = ns == 0 ? 1 : to_nd_array(step, "step").as_int64(0) / ns;
  else if (!step.is_none()) count = to_integer(step, "step");
  if (count == 0) throw ValueError("Maximum allowed size exceeded");
  const auto timeline = calendar::Timeline::datetime64();
  const auto position = [&](const Value& value) -> std::int64_t {
    if (!is_times(value)) return to_integer(value, "start");
    const std::int64_t at = to_nd_array(value, "a bound").as_int64(0);
    if (at == not_a_time) throw ValueError("arange: cannot use NaT (not-a-time) datetime values");
    if (ns != 0) return at / ns - (at % ns < 0 ? 1 : 0);
    const calendar::DateTime parts = calendar::split(timeline, at);
    return unit == TimeUnit::year ? parts.year : 12 * parts.year + parts.month - 1;
  };
  const std::int64_t first = position(start), last = position(stop);
  RangeObject range;
  range.start = first;
  range.stop = last;
  range.step = count;
  const std::int64_t size = range.size();
  ask_room(static_cast<std::uint64_t>(size), sizeof(std::int64_t));
  NdArray result(dtype, {size});
  for (std::int64_t i = 0; i < size; ++i) {
    const std::int64_t at = first + i * count;
    std::int64_t& out = result.data<std::int64_t>()[i];
    if (ns != 0) {
      out = at * ns;
      continue;
    }
    calendar::DateTime parts;
    parts.year = unit == TimeUnit::year ? at : at / 12;
    parts.month = unit == TimeUnit::year ? 1 : static_cast<int>(at % 12) + 1;
    const auto ticks = calendar::join(timeline, parts);
    if (!ticks) throw ValueError("arange: the dates do not fit 64 bits of nanoseconds");
    out = *ticks;
  }
  return in_unit(make_array(std::move(result)), unit);
}

}  // namespace rankine::script
