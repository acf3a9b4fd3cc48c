#include <cmath>

#include "array/arithmetic.hpp"
#include "array/evaluate.hpp"
#include "base/error.hpp"
#include "script/array_memory.hpp"
#include "script/classes.hpp"
#include "script/dask_array.hpp"
#include "script/delayed.hpp"
#include "script/interpreter.hpp"
#include "script/labelled.hpp"
#include "script/operations.hpp"
#include "script/time_units.hpp"

namespace rankine::script {

namespace {

[[noreturn]] void unsupported_operands(const char* op, const Value& a, const Value& b) {
  throw TypeError(std::string("unsupported operand type(s) for ") + op + ": '" + kind_of(a) + "' and '" +
                   kind_of(b) + "'");
}
[[noreturn]] void overflow() { throw UnsupportedError("integer overflow: integers beyond 64 bits are not supported"); }

bool is_integer(const Value& v) { return v.integer() != nullptr || v.boolean() != nullptr; }
std::int64_t integer_of(const Value& v) { return v.boolean() != nullptr ? *v.boolean() : *v.integer(); }
double double_of(const Value& v) { return v.floating() != nullptr ? *v.floating() : static_cast<double>(integer_of(v)); }

Value integer_power(std::int64_t base, std::int64_t exponent) {
  if (exponent < 0) {
    if (base == 0) throw ZeroDivisionError("0.0 cannot be raised to a negative power");
    return std::pow(static_cast<double>(base), static_cast<double>(exponent));
  }
  std::int64_t result = 1;
  while (exponent > 0) {
    if ((exponent & 1) != 0 && __builtin_mul_overflow(result, base, &result)) overflow();
    exponent >>= 1;
    if (exponent > 0 && __builtin_mul_overflow(base, base, &base)) overflow();
  }
  return result;
}

std::int64_t floor_divide(std::int64_t a, std::int64_t b) {
  if (b == 0) throw ZeroDivisionError("integer division or modulo by zero");
  if (a == INT64_MIN && b == -1) overflow();
  const std::int64_t quotient = a / b;
  return quotient - ((a % b != 0) && ((a < 0) != (b < 0)) ? 1 : 0);
}

Value binary_integers(BinaryOp op, std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  switch (op) {
    case BinaryOp::add: if (__builtin_add_overflow(a, b, &result)) overflow(); return result;
    case BinaryOp::subtract: if (__builtin_sub_overflow(a, b, &result)) overflow(); return result;
    case BinaryOp::multiply: if (__builtin_mul_overflow(a, b, &result)) overflow(); return result;
    case BinaryOp::divide:
      if (b == 0) throw ZeroDivisionError("division by zero");
      return static_cast<double>(a) / static_cast<double>(b);
    case BinaryOp::floor_divide: return floor_divide(a, b);
    case BinaryOp::modulo:
      if (b == 0) throw ZeroDivisionError("integer modulo by zero");
      return b == -1 ? std::int64_t{0} : a - floor_divide(a, b) * b;
    case BinaryOp::power: return integer_power(a, b);
    case BinaryOp::bit_and: return a & b;
    case BinaryOp::bit_or: return a | b;
    case BinaryOp::bit_xor: return a ^ b;
    case BinaryOp::left_shift:
      if (b < 0) throw UsageError("negative shift count");
      if (a == 0) return a;
      if (b > 62 || __builtin_mul_overflow(a, std::int64_t{1} << b, &result)) overflow();
      return result;
    case BinaryOp::right_shift:
      if (b < 0) throw UsageError("negative shift count");
      return a >> std::min<std::int64_t>(b, 63);
  }
  return result;
}

/// Python's float %: the result has the sign of the divisor.
double float_modulo(double a, double b) {
  double result = std::fmod(a, b);
  if (result != 0.0) {
    if ((b < 0) != (result < 0)) result += b;
  } else {
    result = std::copysign(0.0, b);
  }
  return result;
}

Value binary_floats(BinaryOp op, double a, double b, const Value& left, const Value& right) {
  switch (op) {
    case BinaryOp::add: return a + b;
    case BinaryOp::subtract: return a - b;
    case BinaryOp::multiply: return a * b;
    case BinaryOp::divide:
      if (b == 0) throw ZeroDivisionError("float division by zero");
      return a / b;
    case BinaryOp::floor_divide: {
      if (b == 0) throw ZeroDivisionError("float floor division by zero");
      const double remainder = float_modulo(a, b);
      const double quotient = (a - remainder) / b;
      double floored = std::floor(quotient);
      if (quotient - floored > 0.5) floored += 1.0;
      return quotient == 0 ? std::copysign(0.0, a / b) : floored;
    }
    case BinaryOp::modulo:
      if (b == 0) throw ZeroDivisionError("float modulo");
      return float_modulo(a, b);
    case BinaryOp::power:
      if (a == 0 && b < 0) throw ZeroDivisionError("0.0 cannot be raised to a negative power");
      if (a < 0 && std::isfinite(a) && std::isfinite(b) && b != std::floor(b))
        throw UnsupportedError("complex numbers are not supported");
      return std::pow(a, b);
    default: unsupported_operands(symbol(op), left, right);
  }
}

template <typename Object>
Value repeated(const Object& sequence, std::int64_t count) {
  const auto size = static_cast<std::int64_t>(sequence.elements.size());
  count = std::max<std::int64_t>(count, 0);
  ask_room(static_cast<std::uint64_t>(count), static_cast<std::uint64_t>(size) * sizeof(Value));
  Values result;
  result.reserve(static_cast<std::size_t>(size * count));
  for (std::int64_t i = 0; i < count; ++i)
    result.insert(result.end(), sequence.elements.begin(), sequence.elements.end());
  return sequence.type() == Type::list ? make_list(std::move(result)) : make_tuple(std::move(result));
}
Value repeated(const std::string& text, std::int64_t count) {
  count = std::max<std::int64_t>(count, 0);
  ask_room(static_cast<std::uint64_t>(count), text.size());
  std::string result;
  result.reserve(text.size() * static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) result += text;
  return result;
}

template <typename Object>
Value joined(const Object& a, const Object& b) {
  ask_room(a.elements.size() + b.elements.size(), sizeof(Value));
  Values result;
  result.reserve(a.elements.size() + b.elements.size());
  result.insert(result.end(), a.elements.begin(), a.elements.end());
  result.insert(result.end(), b.elements.begin(), b.elements.end());
  return a.type() == Type::list ? make_list(std::move(result)) : make_tuple(std::move(result));
}

kernel::Op array_op(BinaryOp op) {
  using enum kernel::Op;
  static constexpr kernel::Op ops[] = {add, subtract, multiply, divide, floor_divide, remainder, power,
                                       bitwise_and, bitwise_or, bitwise_xor, left_shift, right_shift};
  return ops[static_cast<int>(op)];
}
kernel::Op array_op(CompareOp op) {
  using enum kernel::Op;
  static constexpr kernel::Op ops[] = {equal, not_equal, less, less_equal, greater, greater_equal};
  return ops[static_cast<int>(op)];
}
bool is_array(const Value& v) { return is_labelled(v) || v.type() == Type::ndarray; }
/// What can stand beside an array in an operator.
bool is_operand(const Value& v) {
  return is_array(v) || is_number(v) || v.text() != nullptr || v.type() == Type::list || v.type() == Type::tuple;
}

Value binary_arrays(Interpreter& in, kernel::Op op, const char* symbol, const Value& a, const Value& b) {
  const auto* left_groups = as_groupby(a);
  const auto* right_groups = as_groupby(b);
  if (left_groups != nullptr && is_labelled(b))
    return make_value(array::binary(op, left_groups->groupby, to_labelled(b, "the operand"), in.keep_attrs.value_or(false)));
  if (right_groups != nullptr && is_labelled(a))
    return make_value(array::binary(op, to_labelled(a, "the operand"), right_groups->groupby, in.keep_attrs.value_or(false)));
  if (left_groups != nullptr || right_groups != nullptr || !is_operand(a) || !is_operand(b)) unsupported_operands(symbol, a, b);
  // An array without dims is no scalar of NumPy: as a DataArray it keeps its dtype under the powers that do.
  const auto base = a.as<ArrayObject>();
  if (op == kernel::Op::power && base && base->is_array_of_no_dims && base->array.ndim() == 0 && !is_labelled(b)) {
    const auto result = array::binary(op, array::make_data_array(array::make_variable({}, base->array)), to_operand(b, "the operand"));
    return make_array(array::values_of(std::get<array::DataArray>(result)));
  }
  return make_value(array::binary(op, to_operand(a, "the operand"), to_operand(b, "the operand"), in.keep_attrs.value_or(false)));
}
bool wants_array_operator(const Value& a, const Value& b) {
  return is_array(a) || is_array(b) || as_groupby(a) != nullptr || as_groupby(b) != nullptr;
}

}  // namespace

namespace {
/// As Python's module `operator` calls it: the names of Dask's keys.
const char* name_of(BinaryOp op) {
  static constexpr const char* names[] = {"add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "and_", "or_", "xor",
                                          "lshift", "rshift"};
  return names[static_cast<int>(op)];
}
}  // namespace

bool is_number(const Value& v) { return is_integer(v) || v.floating() != nullptr; }

Value binary(Interpreter& in, BinaryOp op, const Value& a, const Value& b) {
  if (is_integer(a) && is_integer(b)) {
    if (a.boolean() != nullptr && b.boolean() != nullptr) {
      if (op == BinaryOp::bit_and) return *a.boolean() && *b.boolean();
      if (op == BinaryOp::bit_or) return *a.boolean() || *b.boolean();
      if (op == BinaryOp::bit_xor) return *a.boolean() != *b.boolean();
    }
    return binary_integers(op, integer_of(a), integer_of(b));
  }
  if (is_number(a) && is_number(b)) return binary_floats(op, double_of(a), double_of(b), a, b);
  if (a.type() == Type::instance || b.type() == Type::instance)
    if (auto result = binary_special(in, op, a, b)) return *result;
  if (is_delayed(a) || is_delayed(b))
    return delayed_operation(in, Operation::binary, static_cast<std::uint8_t>(op), name_of(op), {a, b});
  if (is_dask_array(a) || is_dask_array(b))
    return through_labelled({a, b}, [&](const Values& v) { return binary(in, op, v[0], v[1]); });
  if (auto times = time_operation(in, op, a, b)) return *times;
  if (wants_array_operator(a, b) && !(op == BinaryOp::modulo && a.text() != nullptr))
    return binary_arrays(in, array_op(op), symbol(op), a, b);
  if (op == BinaryOp::modulo && a.text() != nullptr) return percent_format(in, *a.text(), b);
  if (op == BinaryOp::add) {
    if (a.text() != nullptr && b.text() != nullptr) {
      ask_room(a.text()->size() + b.text()->size(), 1);
      std::string text;  // operator+ would hold one of them twice
      text.reserve(a.text()->size() + b.text()->size());
      text.append(*a.text()).append(*b.text());
      return text;
    }
    if (a.text() != nullptr)
      throw TypeError(std::string("can only concatenate str (not \"") + name_of(b.type()) + "\") to str");
    if (const auto x = a.as<ListObject>(), y = b.as<ListObject>(); x && y) return joined(*x, *y);
    if (const auto x = a.as<TupleObject>(), y = b.as<TupleObject>(); x && y) return joined(*x, *y);
  }
  if (op == BinaryOp::multiply) {
    const Value& sequence = is_integer(a) ? b : a;
    const Value& count = is_integer(a) ? a : b;
    if (is_integer(count)) {
      if (sequence.text() != nullptr) return repeated(*sequence.text(), integer_of(count));
      if (const auto list = sequence.as<ListObject>()) return repeated(*list, integer_of(count));
      if (const auto tuple = sequence.as<TupleObject>()) return repeated(*tuple, integer_of(count));
    }
  }
  if (op == BinaryOp::bit_or || op == BinaryOp::bit_and || op == BinaryOp::bit_xor || op == BinaryOp::subtract) {
    if (const auto x = a.as<SetObject>(), y = b.as<SetObject>(); x && y) return combine_sets(op, *x, *y);
  }
  if (op == BinaryOp::bit_or) {
    if (const auto x = a.as<DictObject>(), y = b.as<DictObject>(); x && y) {
      auto result = std::make_shared<DictObject>();
      for (const auto& dict : {x, y}) dict->each([&](const Value& k, const Value& v) { result->set(k, v); });
      return result;
    }
  }
  unsupported_operands(symbol(op), a, b);
}

namespace {

/// xarray keeps the variable: its name, attributes and encoding, and whoever shares it sees the change.
void change_in_place(DataArrayObject& array, const array::DataArray& result, const char* ufunc) {
  array::DataArray changed = array.value();
  const auto& dims = changed.dims();
  if (changed.name && dims == std::vector<std::string>{*changed.name} && changed.coords.contains(*changed.name))
    throw TypeError("Values of an IndexVariable are immutable and can not be modified inplace");
  if (result.dims() != dims) throw ValueError("dimensions cannot change for in-place operations");
  if (result.shape() != changed.shape())
    throw ValueError("Automatic alignment is not supported for in-place operations.\n  Consider aligning the indices manually "
                                    "or using a not-in-place operation.\n  See https://github.com/pydata/xarray/issues/3910 for more explanations.");
  array::ExprPtr data = result.variable.data;
  const DType dtype = changed.dtype();
  if (data->dtype != dtype && array::is_constant(changed.variable.data)) {
    if (!can_cast_same_kind(data->dtype, dtype))
      throw TypeError(std::string("Cannot cast ufunc '") + ufunc + "' output from dtype('" + name_of(data->dtype) + "') to dtype('" +
                      name_of(dtype) + "') with casting rule 'same_kind'");
    data = array::cast(data, dtype);
  }
  changed.coords = result.coords;
  array.change_data(std::move(changed), std::move(data));
}

}  // namespace

Value binary_in_place(Interpreter& in, BinaryOp op, const Value& a, const Value& b) {
  Value result = binary(in, op, a, b);
  const std::string ufunc(kernel::name_of(array_op(op)));
  if (const auto array = a.as<ArrayObject>(); array && !array->is_scalar()) {
    const auto computed = result.as<ArrayObject>();
    if (!computed) return result;  // beside a DataArray
    assign_in_place(array, computed->array, ufunc.c_str());
    return a;
  }
  if (const auto array = a.as<DataArrayObject>()) {
    const auto computed = result.as<DataArrayObject>();
    if (!computed) return result;
    change_in_place(*array, computed->value(), ufunc.c_str());
    return a;
  }
  return result;
}

Value unary(Interpreter& in, UnaryOp op, const Value& a) {
  if (is_delayed(a)) return delayed_operation(in, Operation::unary, static_cast<std::uint8_t>(op), "unary", {a});
  if (is_integer(a)) {
    const std::int64_t value = integer_of(a);
    if (op == UnaryOp::plus) return value;
    if (op == UnaryOp::invert) return ~value;
    if (value == INT64_MIN) overflow();
    return -value;
  }
  if (const auto* f = a.floating(); f != nullptr && op != UnaryOp::invert) return op == UnaryOp::minus ? -*f : *f;
  if (is_dask_array(a)) return through_labelled({a}, [&](const Values& v) { return unary(in, op, v[0]); });
  if (is_array(a)) {
    if (const auto array = a.as<ArrayObject>(); array && op == UnaryOp::plus) return in_unit(make_array(array->array, array->calendar), array->unit);
    if (op == UnaryOp::plus) return make_value(to_operand(a, "the operand"));
    if (op == UnaryOp::minus) return in_unit(make_value(array::unary(kernel::Op::negative, to_operand(a, "the operand"), in.keep_attrs.value_or(true))), time_unit_of(a));
    return make_value(array::ufunc("invert", {to_operand(a, "the operand")}, in.keep_attrs.value_or(true)));
  }
  throw TypeError(std::string("bad operand type for unary ") + (op == UnaryOp::minus ? "-" : op == UnaryOp::plus ? "+" : "~") +
                   ": '" + name_of(a.type()) + "'");
}

namespace {

/// -1, 0, 1; nothing if the two have no order.
std::optional<int> order(Interpreter& in, const Value& a, const Value& b) {
  in.check_stack();
  const auto sign = [](const auto& x, const auto& y) { return x < y ? -1 : y < x ? 1 : 0; };
  if (is_integer(a) && is_integer(b)) return sign(integer_of(a), integer_of(b));
  if (is_number(a) && is_number(b)) return sign(double_of(a), double_of(b));
  if (a.text() != nullptr && b.text() != nullptr) return sign(*a.text(), *b.text());
  const auto elements = [](const Value& v) -> const Values* {
    if (const auto list = v.as<ListObject>()) return &list->elements;
    if (const auto tuple = v.as<TupleObject>()) return &tuple->elements;
    return nullptr;
  };
  const Values* x = elements(a);
  const Values* y = elements(b);
  if (x == nullptr || y == nullptr || a.type() != b.type()) return std::nullopt;
  for (std::size_t i = 0; i < x->size() && i < y->size(); ++i) {
    if (equal(in, (*x)[i], (*y)[i])) continue;
    return order(in, (*x)[i], (*y)[i]);
  }
  return sign(x->size(), y->size());
}

bool compare_floats(CompareOp op, double a, double b) {
  switch (op) {
    case CompareOp::less: return a < b;
    case CompareOp::less_equal: return a <= b;
    case CompareOp::greater: return a > b;
    default: return a >= b;
  }
}

}  // namespace

namespace {
TimeUnit unit_of_dtype(const Value& value) {
  const auto dtype = value.as<DTypeObject>();
  return dtype ? dtype->unit : TimeUnit::nanosecond;
}
}  // namespace

bool equal(Interpreter& in, const Value& a, const Value& b) {
  in.check_stack();
  if (is_integer(a) && is_integer(b)) return integer_of(a) == integer_of(b);
  if (is_number(a) && is_number(b)) return double_of(a) == double_of(b);
  if (a.text() != nullptr && b.text() != nullptr) return *a.text() == *b.text();
  if (a.type() == Type::instance || b.type() == Type::instance) return truth(in, *compare_special(in, CompareOp::equal, a, b));
  if (is_array(a) || is_array(b)) {
    if (!is_operand(a) || !is_operand(b)) return false;
    return truth(in, compare(in, CompareOp::equal, a, b));
  }
  const auto same_elements = [&](const Values& x, const Values& y) {
    if (x.size() != y.size()) return false;
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (!x[i].same(y[i]) && !equal(in, x[i], y[i])) return false;
    }
    return true;
  };
  if (const auto x = a.as<ListObject>(), y = b.as<ListObject>(); x && y) return same_elements(x->elements, y->elements);
  if (const auto x = a.as<TupleObject>(), y = b.as<TupleObject>(); x && y) return same_elements(x->elements, y->elements);
  if (const auto x = a.as<DictObject>(), y = b.as<DictObject>(); x && y) {
    bool same = x->size() == y->size();
    x->each([&](const Value& key, const Value& value) {
      if (!same) return;
      const Value* other = y->find(key);
      same = other != nullptr && equal(in, value, *other);
    });
    return same;
  }
  if (const auto x = a.as<SetObject>(), y = b.as<SetObject>(); x && y)
    return x->elements.size() == y->elements.size() && is_subset(*x, *y);
  if (const auto x = a.as<RangeObject>(), y = b.as<RangeObject>(); x && y)
    return x->size() == y->size() && (x->size() == 0 || (x->start == y->start && (x->size() == 1 || x->step == y->step)));
  if (const auto x = named_class(a), y = named_class(b); x && y) return *x == *y;
  if (const auto x = a.as<DTypeObject>()) return to_dtype(b) == x->dtype && unit_of_dtype(b) == x->unit;
  if (const auto y = b.as<DTypeObject>()) return to_dtype(a) == y->dtype && unit_of_dtype(a) == y->unit;
  return a.same(b);
}

namespace {
/// Ellipsis and classes are made anew where they are named, and are one all the same.
bool identical(const Value& a, const Value& b) {
  const auto x = named_class(a), y = named_class(b);
  return a.same(b) || (a.type() == Type::ellipsis && b.type() == Type::ellipsis) || (x && y && *x == *y);
}
}  // namespace

bool less(Interpreter& in, const Value& a, const Value& b) { return truth(in, compare(in, CompareOp::less, a, b)); }

Value compare(Interpreter& in, CompareOp op, const Value& a, const Value& b) {
  switch (op) {
    case CompareOp::is: return identical(a, b);
    case CompareOp::is_not: return !identical(a, b);
    case CompareOp::in: return contains(in, b, a);
    case CompareOp::not_in: return !contains(in, b, a);
    default: break;
  }
  if (a.type() == Type::instance || b.type() == Type::instance)
    if (auto result = compare_special(in, op, a, b)) return *result;
  if (is_delayed(a) || is_delayed(b))
    return delayed_operation(in, Operation::compare, static_cast<std::uint8_t>(op), "compare", {a, b});
  if (is_dask_array(a) || is_dask_array(b))
    return through_labelled({a, b}, [&](const Values& v) { return compare(in, op, v[0], v[1]); });
  if (wants_array_operator(a, b)) {
    if (a.is_none() || b.is_none()) return op == CompareOp::not_equal;
    return binary_arrays(in, array_op(op), symbol(op), a, b);
  }
  if (op == CompareOp::equal) return equal(in, a, b);
  if (op == CompareOp::not_equal) return !equal(in, a, b);
  if (is_number(a) && is_number(b) && !(is_integer(a) && is_integer(b)))
    return compare_floats(op, double_of(a), double_of(b));
  if (const auto x = a.as<SetObject>(), y = b.as<SetObject>(); x && y) {
    const bool strict = op == CompareOp::less || op == CompareOp::greater;
    const bool within = op == CompareOp::less || op == CompareOp::less_equal ? is_subset(*x, *y) : is_subset(*y, *x);
    return within && !(strict && x->elements.size() == y->elements.size());
  }
  const auto ordered = order(in, a, b);
  if (!ordered)
    throw TypeError(std::string("'") + symbol(op) + "' not supported between instances of '" + kind_of(a) +
                     "' and '" + kind_of(b) + "'");
  switch (op) {
    case CompareOp::less: return *ordered < 0;
    case CompareOp::less_equal: return *ordered <= 0;
    case CompareOp::greater: return *ordered > 0;
    default: return *ordered >= 0;
  }
}

bool contains(Interpreter& in, const Value& container, const Value& element) {
  if (const auto* text = container.text()) {
    if (element.text() == nullptr) throw TypeError("'in <string>' requires string as left operand");
    return text->find(*element.text()) != std::string::npos;
  }
  if (const auto dict = container.as<DictObject>()) return dict->find(element) != nullptr;
  if (const auto set = container.as<SetObject>()) return set->contains(element);
  if (const auto range = container.as<RangeObject>(); range && is_integer(element)) {
    const std::int64_t value = integer_of(element);
    if (range->step > 0 ? value < range->start || value >= range->stop : value > range->start || value <= range->stop)
      return false;
    const auto low = static_cast<std::uint64_t>(range->step > 0 ? range->start : value);
    const auto high = static_cast<std::uint64_t>(range->step > 0 ? value : range->start);
    return (high - low) % static_cast<std::uint64_t>(std::abs(range->step)) == 0;
  }
  if (const auto dataset = container.as<DatasetObject>())
    return element.text() != nullptr && dataset->value().variables.contains(*element.text());
  if (const auto coordinates = container.as<CoordinatesObject>()) {
    if (element.text() == nullptr) return false;
    if (const auto ds = coordinates->owner.as<DatasetObject>()) return ds->value().is_coord(*element.text());
    return coordinates->owner.as<DataArrayObject>()->value().coords.contains(*element.text());
  }
  bool found = false;
  iterate(in, container, [&](const Value& candidate) {
    found = candidate.same(element) || equal(in, candidate, element);
    return !found;
  });
  return found;
}

bool truth(Interpreter& in, const Value& a) {
  if (a.is_none()) return false;
  if (const auto* b = a.boolean()) return *b;
  if (const auto* i = a.integer()) return *i != 0;
  if (const auto* f = a.floating()) return *f != 0;
  if (const auto* t = a.text()) return !t->empty();
  if (is_delayed(a)) throw TypeError("Truth of Delayed objects is not supported: call .compute() first");
  NdArray array;
  if (const auto data = a.as<DataArrayObject>()) {
    if (element_count(data->value().shape()) != 1)
      throw UsageError("the truth value of an array with more than one element is ambiguous; use .any() or .all()");
    array = values_of(in, *data);
  } else if (const auto nd = a.as<ArrayObject>()) {
    array = nd->array;
  } else {
    switch (a.type()) {
      case Type::list: case Type::tuple: case Type::dict: case Type::set: case Type::range: return length(in, a) != 0;
      case Type::dataset: return !a.as<DatasetObject>()->value().data_names().empty();
      default: break;
    }
    if (const auto own = call_special(in, a, "__bool__", {})) return truth(in, *own);
    if (const auto own = call_special(in, a, "__len__", {})) return truth(in, *own);
    return true;
  }
  if (array.size() != 1)
    throw UsageError("the truth value of an array with more than one element is ambiguous; use .any() or .all()");
  return array.dtype() == DType::string ? !array.strings()[0].empty() : array.as_double(0) != 0;
}

}  // namespace rankine::script
