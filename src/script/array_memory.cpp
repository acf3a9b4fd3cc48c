#include "script/array_memory.hpp"

#include <algorithm>

#include "array/arithmetic.hpp"
#include "array/evaluate.hpp"
#include "base/error.hpp"
#include "script/numpy_reduce.hpp"
#include "script/operations.hpp"
#include "script/python_error.hpp"

namespace rankine::script {

const char* const held_by_data_array =
    "writing into an array whose elements a DataArray holds is not supported, as the DataArray would have to change too; "
    "write into a copy: v = x.values.copy()";

namespace {

/// What an expression is a part of: slices, transpositions and the like are views in NumPy.
const array::ExprPtr& viewed(const array::ExprPtr& expression) {
  const array::ExprPtr* at = &expression;
  while ((*at)->as<array::Slice>() || (*at)->as<array::Permute>() || (*at)->as<array::Broadcast>() || (*at)->as<array::Rechunk>())
    at = &(*at)->inputs[0];
  return *at;
}

/// Copies elements of `from` to the places of `to` that `positions` names.
void scatter(const NdArray& from, const NdArray& positions, NdArray& to) {
  for (std::int64_t i = 0; i < from.size(); ++i) {
    const std::int64_t at = positions.data<std::int64_t>()[i];
    if (to.dtype() == DType::string) to.strings()[static_cast<std::size_t>(at)] = from.strings()[static_cast<std::size_t>(i)];
    else std::copy_n(from.raw() + i * static_cast<std::int64_t>(size_of(to.dtype())), size_of(to.dtype()),
                     to.raw() + at * static_cast<std::int64_t>(size_of(to.dtype())));
  }
}

NdArray numbers_of(const NdArray& array) {
  NdArray numbers(DType::int64, array.shape());
  for (std::int64_t i = 0; i < numbers.size(); ++i) numbers.data<std::int64_t>()[i] = i;
  return numbers;
}

/// (2,3): as NumPy's core writes shapes.
std::string bare_tuple(const Shape& shape) {
  std::string text = format_tuple(shape);
  std::erase(text, ' ');
  return text;
}

int kind_order(DType dtype) {
  return dtype == DType::boolean ? 0 : is_unsigned_integer(dtype) ? 1 : is_signed_integer(dtype) ? 2 : is_float(dtype) ? 3 : 4;
}

}  // namespace

Value make_view(const ArrayPtr& of, std::function<NdArray(const NdArray&)> part) {
  const ArrayPtr base = of->base ? of->base : of;
  if (of->base) part = [outer = of->part, inner = std::move(part)](const NdArray& all) { return inner(outer(all)); };
  auto view = std::make_shared<ArrayObject>(part(base->array), of->calendar);
  view->is_array_of_no_dims = true;
  view->unit = of->unit;
  view->base = base;
  view->part = std::move(part);
  // A loop over rows makes and drops a view a turn.
  if (base->views.size() == base->views.capacity()) std::erase_if(base->views, [](const auto& v) { return v.expired(); });
  base->views.push_back(view);
  return view;
}

Value make_values(NdArray values, calendar::Calendar calendar, const array::ExprPtr& before, const array::ExprPtr& after) {
  auto made = std::make_shared<ArrayObject>(std::move(values), calendar);
  made->is_array_of_no_dims = true;
  const array::ExprPtr& origin = viewed(before);
  made->belongs_to_data_array = origin->as<array::Constant>() != nullptr || origin->as<array::Source>() != nullptr;
  made->holders = {origin, after};
  return made;
}

void note_given_to_data_array(const Value& value) {
  const auto array = value.as<ArrayObject>();
  if (!array || array->is_scalar()) return;
  (array->base ? *array->base : *array).belongs_to_data_array = true;
}

void check_writable(const ArrayObject& array) {
  const ArrayObject& base = array.base ? *array.base : array;
  const bool held = base.belongs_to_data_array || std::any_of(base.holders.begin(), base.holders.end(), [](const auto& h) { return !h.expired(); });
  if (held)
    throw UnsupportedError(held_by_data_array);
}

void set_elements(const ArrayPtr& array, NdArray elements) {
  check_writable(*array);
  if (!array->base) {
    array->array = std::move(elements);
  } else {
    NdArray changed = materialise_any(array->base->array);
    scatter(elements, array->part(numbers_of(changed)), changed);
    array->base->array = std::move(changed);
  }
  ArrayObject& base = array->base ? *array->base : *array;
  for (const auto& view : base.views) {
    if (const auto alive = view.lock()) alive->array = alive->part(base.array);
  }
}

bool can_cast_same_kind(DType from, DType to) {
  if (from == to) return true;
  if (is_numeric(from) && is_numeric(to)) return kind_order(from) <= kind_order(to);
  return to == DType::timedelta64 && is_integer(from);
}

void assign_in_place(const ArrayPtr& array, const NdArray& result, const char* ufunc) {
  const DType dtype = array->array.dtype();
  const auto named = [](DType d) {
    return d == DType::datetime64 ? std::string("<M8[ns]") : d == DType::timedelta64 ? std::string("<m8[ns]") : name_of(d);
  };
  if (!can_cast_same_kind(result.dtype(), dtype))
    throw TypeError(std::string("Cannot cast ufunc '") + ufunc + "' output from dtype('" + named(result.dtype()) + "') to dtype('" +
                    named(dtype) + "') with casting rule 'same_kind'");
  if (result.shape() != array->array.shape())
    throw ValueError("non-broadcastable output operand with shape " + bare_tuple(array->array.shape()) +
                     " doesn't match the broadcast shape " + bare_tuple(result.shape()));
  NdArray elements = result.dtype() == dtype ? result : std::get<NdArray>(array::astype(array::Operand(result), dtype));
  set_elements(array, std::move(elements));
}

}  // namespace rankine::script
