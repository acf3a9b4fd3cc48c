#include "array/arithmetic.hpp"

#include <algorithm>
#include <cmath>

#include "array/alignment.hpp"
#include "array/elementwise_apply.hpp"
#include "array/indexing.hpp"
#include "array/loader.hpp"
#include "array/reduction.hpp"
#include "base/error.hpp"

namespace rankine::array {

using kernel::Op;

namespace {

/// NumPy's short cuts for these exponents keep the dtype of an array without dims, where promotion would not.
bool keeps_dtype_as_exponent(const Operand& exponent) {
  const auto* number = std::get_if<NdArray>(&exponent);
  if (number == nullptr || number->ndim() != 0 || !is_numeric(number->dtype()) || number->dtype() == DType::boolean) return false;
  const double e = number->as_double(0);
  return e == 2 || e == 1 || e == 0 || (is_float(number->dtype()) && (e == 0.5 || e == -1));
}

}  // namespace

Operand binary(Op op, const Operand& left, const Operand& right, bool keep_attrs) {
  const bool short_cut = op == Op::power && !std::holds_alternative<NdArray>(left) && keeps_dtype_as_exponent(right);
  const bool whole = short_cut && is_integer(std::get<NdArray>(right).dtype());
  // Beside an array the dataset leads, wherever it stands: its labels and coordinates come first.
  const bool turned = std::holds_alternative<DataArray>(left) && std::holds_alternative<Dataset>(right);
  Operand result = apply_elementwise(turned ? std::vector{right, left} : std::vector{left, right},
                                     [op, short_cut, whole](const std::vector<Term>& terms) {
                                       const Term result = operate(op, terms);
                                       const DType own = terms[0].data->dtype;
                                       const bool keeps = short_cut && terms[0].is_scalar && (is_float(own) || (whole && is_integer(own)));
                                       return keeps ? converted(result, own) : result;
                                     },
                                     {.keep_attrs = keep_attrs,
                                      .zero_dim_is_scalar = false,
                                      .skip_missing_variables = true,
                                      .common_name = true,
                                      .keep_coord_attrs = true,
                                      .coords_first = true,
                                      .turned = turned});
  // As xarray: a dataset beside a number or a plain array keeps its own attributes (those of its variables go).
  auto* dataset = std::get_if<Dataset>(&result);
  if (dataset == nullptr) return result;
  const Operand* other = std::holds_alternative<NdArray>(right) ? &left : std::holds_alternative<NdArray>(left) ? &right : nullptr;
  if (other != nullptr) {
    dataset->attrs = std::get<Dataset>(*other).attrs;
    dataset->encoding = std::get<Dataset>(*other).encoding;
  } else {
    dataset->attrs = {};  // beside an array or another dataset they go, whatever is kept
  }
  return result;
}

namespace {

/// xarray's own methods of one operand leave a dataset's encoding; NumPy's functions do not.
Operand apply_method(const Operand& operand, const TermFunction& f, bool keep_attrs) {
  Operand result = apply_elementwise({operand}, f, {.keep_attrs = keep_attrs});
  if (auto* dataset = std::get_if<Dataset>(&result)) dataset->encoding = std::get<Dataset>(operand).encoding;
  return result;
}

}  // namespace

Operand unary(Op op, const Operand& operand, bool keep_attrs) {
  return apply_method(operand, [op](const std::vector<Term>& terms) { return operate(op, terms); }, keep_attrs);
}

Operand round(const Operand& operand, int decimals, bool keep_attrs) {
  const auto rounded = [decimals](const std::vector<Term>& terms) -> Term {
    const Term& x = terms[0];
    const DType dtype = x.data->dtype;
    if (is_integer(dtype) && decimals >= 0) return x;
    if (decimals == 0) return operate(Op::rint, {x});
    // As NumPy: scaled, rounded to even, scaled back in the array's own precision.
    const Term factor{cast(scalar(std::pow(10.0, std::abs(decimals))), is_float(dtype) ? dtype : DType::float64), true};
    const Term up = operate(decimals > 0 ? Op::multiply : Op::divide, {x, factor});
    Term down = operate(decimals > 0 ? Op::divide : Op::multiply, {operate(Op::rint, {up}), factor});
    return is_integer(dtype) ? converted(down, dtype) : down;
  };
  return apply_method(operand, rounded, keep_attrs);
}

Operand where(const Operand& x, const Operand& cond, const std::optional<Operand>& other) {
  if (std::holds_alternative<Dataset>(cond) && !std::holds_alternative<Dataset>(x))
    throw UsageError("the condition of where may be a Dataset only if the object is one");
  if (other) {
    return apply_elementwise({x, cond, *other}, [](const std::vector<Term>& t) { return choose(t[1], t[0], t[2]); },
                             {.join = Join::exact, .keep_attrs = true});
  }
  const auto masked = [](const std::vector<Term>& t) { return choose(t[1], t[0], missing_value_for(t[0])); };
  return apply_elementwise({x, cond}, masked, {.keep_attrs = true, .skip_missing_variables = true});
}

namespace {

/// For each dim of the mask, where along it anything is true. A large mask is never held whole: it is reduced where its
/// blocks are computed.
std::vector<NdArray> any_along_dims(const DataArray& mask) {
  constexpr std::uint64_t small_bytes = std::uint64_t{4} << 20;
  const ExprPtr whole = cast(mask.variable.data, DType::boolean);
  const Shape& shape = whole->shape;
  std::vector<NdArray> any;
  for (const std::int64_t extent : shape) any.push_back(NdArray::zeros(DType::boolean, {extent}));
  if (shape.size() <= 1 || whole->as<Constant>() != nullptr || bytes_of(*whole).value <= small_bytes) {
    const NdArray values = load(whole);
    const Shape strides = c_strides(shape);
    for (std::size_t a = 0; a < shape.size(); ++a)
      for (std::int64_t i = 0; i < values.size(); ++i)
        if (values.data<bool>()[i]) any[a].data<bool>()[i / strides[a] % shape[a]] = true;
    return any;
  }
  // All in one plan: one behind the other.
  const DataArray truth{std::nullopt, with_data(mask.variable, whole), {}};
  std::vector<ExprPtr> parts;
  for (std::size_t a = 0; a < shape.size(); ++a) {
    std::vector<std::string> others = mask.dims();
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(a));
    parts.push_back(reduce(truth, kernel::ReduceOp::any, others).variable.data);
  }
  const NdArray all = load(concat(parts, 0));
  std::int64_t begin = 0;
  for (std::size_t a = 0; a < shape.size(); ++a) {
    std::copy_n(all.data<bool>() + begin, shape[a], any[a].data<bool>());
    begin += shape[a];
  }
  return any;
}

}  // namespace

Operand where_drop(const Operand& x, const Operand& cond) {
  const auto* condition = std::get_if<DataArray>(&cond);
  if (condition == nullptr) throw UnsupportedError("where(drop=True) needs a DataArray as condition");
  // Both are cut to their common labels first, as where itself would do.
  std::vector<Dataset> parts;
  const auto* array = std::get_if<DataArray>(&x);
  if (array != nullptr) parts.push_back(to_temporary_dataset(*array));
  else parts.push_back(std::get<Dataset>(x));
  parts.push_back(to_temporary_dataset(*condition));
  parts = align(std::move(parts), Join::inner);
  DataArray mask = from_temporary_dataset(parts[1], condition->name);
  if (mask.dtype() == DType::string) throw UsageError("a condition cannot be of dtype " + name_of(mask.dtype()));
  const std::vector<NdArray> any = any_along_dims(mask);
  Indexers<PositionIndexer> crop;
  for (std::size_t a = 0; a < any.size(); ++a) {
    std::vector<std::int64_t> kept;
    for (std::int64_t i = 0; i < any[a].size(); ++i)
      if (any[a].data<bool>()[i]) kept.push_back(i);
    crop.emplace_back(mask.dims()[a], NdArray::from(kept));
  }
  const Dataset object = isel(parts[0], crop);
  mask = isel(mask, crop);
  if (array == nullptr) return where(object, mask);
  return where(from_temporary_dataset(object, array->name), mask);
}

Operand where3(const Operand& cond, const Operand& x, const Operand& y, bool keep_attrs) {
  Operand out = apply_elementwise({cond, x, y}, [](const std::vector<Term>& t) { return choose(t[0], t[1], t[2]); },
                                  {.join = Join::exact, .keep_attrs = keep_attrs});
  if (!keep_attrs) return out;
  const auto* source = std::get_if<DataArray>(&x);
  const auto* source_set = std::get_if<Dataset>(&x);
  // What x lacks, or all of it where x is a number, has no attributes.
  const auto give = [](Variable& to, const Variable* from) { to.attrs = from == nullptr ? Attributes{} : from->attrs; };
  const auto variable_of_x = [&](const std::string& name) -> const Variable* {
    if (source_set != nullptr) return source_set->variables.find(name);
    return source != nullptr ? source->coords.find(name) : nullptr;
  };
  if (auto* array = std::get_if<DataArray>(&out)) {
    give(array->variable, source == nullptr ? nullptr : &source->variable);
    for (auto& [name, coord] : array->coords) give(coord, variable_of_x(name));
  }
  auto* dataset = std::get_if<Dataset>(&out);
  if (dataset == nullptr) return out;
  const bool x_became_a_dataset = source_set == nullptr && std::holds_alternative<Dataset>(y);
  dataset->attrs = source_set != nullptr ? source_set->attrs : source != nullptr && !x_became_a_dataset ? source->attrs() : Attributes{};
  for (auto& [name, variable] : dataset->variables) {
    if (dataset->is_coord(name) || !x_became_a_dataset) give(variable, variable_of_x(name));
    else if (source != nullptr && source->name == name) give(variable, &source->variable);
  }
  return out;
}

namespace {

Term choose_present(const Term& x, const Term& filler) {
  const Term missing = missing_in(x);
  const ExprPtr none = constant(NdArray::zeros(DType::boolean, Shape(x.data->shape.size(), 1)));
  return choose({elementwise(Op::equal, {missing.data, none}), missing.is_scalar}, x, filler);
}

}  // namespace

Operand fillna(const Operand& x, const Operand& value) {
  if (const auto* filler = std::get_if<Dataset>(&value)) {
    if (!std::holds_alternative<Dataset>(x)) throw UsageError("fillna of a DataArray cannot take a Dataset");
    // Variables without a filler stay as they are.
    Dataset out = std::get<Dataset>(x);
    for (const auto& name : out.data_names()) {
      if (!filler->variables.contains(name)) continue;
      const Operand filled = fillna(get(out, name), get(*filler, name));
      *out.variables.find(name) = std::get<DataArray>(filled).variable;
    }
    return out;
  }
  const auto filled = [](const std::vector<Term>& t) -> Term {
    const DType dtype = t[0].data->dtype, by = t[1].data->dtype;
    if (dtype == DType::string) return t[0];  // which have no gaps
    // As NumPy takes a whole number beside durations: so many nanoseconds.
    if (dtype == DType::timedelta64 && is_integer(by))
      return choose_present(t[0], {cast(cast(t[1].data, DType::int64), dtype), t[1].is_scalar});
    if (dtype != by && (is_time(dtype) || is_time(by) || by == DType::string))
      throw UsageError("fillna() cannot fill gaps among " + name_of(dtype) + " with " + name_of(by) +
                       "; fill the variables of numbers apart: ds[[\"name\"]].fillna(...)");
    return choose_present(t[0], t[1]);
  };
  return apply_elementwise({x, value}, filled, {.join = Join::left, .keep_attrs = true});
}

Operand clip(const Operand& x, const std::optional<Operand>& min, const std::optional<Operand>& max,
             std::optional<bool> keep_attrs) {
  if (!min && !max) throw UsageError("clip needs min or max");
  // NumPy 1.24 takes NaN that is given as a number for no bound.
  const auto bound = [](const Operand& given, double none) -> Operand {
    const auto* number = std::get_if<NdArray>(&given);
    const bool is_nan = number != nullptr && number->ndim() == 0 && is_float(number->dtype()) && std::isnan(number->as_double(0));
    return is_nan ? Operand(NdArray::scalar(none)) : given;
  };
  std::vector<Operand> operands{x};
  if (min) operands.push_back(bound(*min, -HUGE_VAL));
  if (max) operands.push_back(bound(*max, HUGE_VAL));
  const bool has_min = min.has_value();
  const auto clipped = [has_min](const std::vector<Term>& t) -> Term {
    Term out = operate(has_min ? Op::maximum : Op::minimum, {t[0], t[1]});
    return t.size() == 3 ? operate(Op::minimum, {out, t[2]}) : out;
  };
  return apply_elementwise(operands, clipped, {.join = Join::exact, .keep_attrs = keep_attrs.value_or(true)});
}

Operand isnull(const Operand& x, std::optional<bool> keep_attrs) {
  return apply_elementwise({x}, [](const std::vector<Term>& t) { return missing_in(t[0]); },
                           {.keep_attrs = keep_attrs.value_or(false)});
}

Operand notnull(const Operand& x, std::optional<bool> keep_attrs) {
  const auto present = [](const std::vector<Term>& t) { return operate(Op::invert, {missing_in(t[0])}); };
  return apply_elementwise({x}, present, {.keep_attrs = keep_attrs.value_or(false)});
}

Operand astype(const Operand& x, DType dtype, bool keep_attrs) {
  return apply_elementwise({x}, [dtype](const std::vector<Term>& t) { return converted(t[0], dtype); },
                           {.keep_attrs = keep_attrs});
}

namespace {

/// What NumPy compares: it takes a few values one by one, as scalars, which beside float32 are float32 (so that 0.1 is
/// among them), and many as an array, which is not. The bound is that of np.isin.
NdArray as_compared(const NdArray& values, const ExprPtr& data) {
  const bool few = static_cast<double>(values.size()) < 10 * std::pow(static_cast<double>(element_count(data->shape)), 0.145);
  if (data->dtype != DType::float32 || values.dtype() != DType::float64 || !few) return values;
  return load(cast(constant(values), DType::float32));
}

Term among_known(const Term& x, const NdArray& values) {
  const LabelLookup lookup(values);
  const NdArray known = load(x.data);
  NdArray answer(DType::boolean, known.shape());
  for (std::int64_t i = 0; i < known.size(); ++i) {
    const bool missing = (is_float(known.dtype()) && std::isnan(known.as_double(i))) ||
                         (is_time(known.dtype()) && known.as_int64(i) == not_a_time);
    answer.data<bool>()[i] = !missing && lookup.find(known, i) >= 0;
  }
  return {constant(answer), x.is_scalar};
}

/// Whether x equals one of the values [begin, end), by halves: so that expressions do not become deep.
Term among(const Term& x, const NdArray& values, std::int64_t begin, std::int64_t end) {
  if (end - begin > 1) {
    const std::int64_t middle = begin + (end - begin) / 2;
    return operate(Op::bitwise_or, {among(x, values, begin, middle), among(x, values, middle, end)});
  }
  return operate(Op::equal, {x, {constant(load(slice(constant(values), {begin}, {1}, {1})).reshaped(Shape(x.data->shape.size(), 1)))}});
}

}  // namespace

Operand isin(const Operand& x, const NdArray& test_values, bool keep_attrs) {
  const auto is_among = [&](const std::vector<Term>& t) -> Term {
    const ExprPtr& data = t[0].data;
    const NdArray values = as_compared(test_values.reshaped({test_values.size()}), data);
    if (is_constant(data)) return among_known(t[0], values);
    if (values.size() > 0) return among(t[0], values, 0, values.size());
    return {broadcast(constant(NdArray::zeros(DType::boolean, Shape(data->shape.size(), 1))), data->shape)};
  };
  return apply_elementwise({x}, is_among, {.keep_attrs = keep_attrs});
}

}  // namespace rankine::array
