#include "array/moved_values.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "array/evaluate.hpp"
#include "base/byte_stream.hpp"

namespace rankine::array {
namespace {

using kernel::Op;

/// The arithmetic around the moved element, written out: equal texts are equal arithmetic.
void write_chain(const Expr& expr, ByteWriter& writer) {
  writer.put(expr.dtype);
  if (const auto* constant = expr.as<Constant>()) {
    writer.put('c');
    constant->value.write_to(writer);
  } else if (const auto* node = expr.as<Elementwise>()) {
    writer.put('e');
    writer.put(node->op);
    for (const auto& input : expr.inputs) write_chain(*input, writer);
  } else {
    writer.put('x');
  }
}

/// The chain with its leaf (a LayerInput without a layer) replaced by trial values, all of shape (n) or (1).
ExprPtr on_trial(const ExprPtr& chain, const NdArray& trial) {
  if (const auto* known = chain->as<Constant>()) return constant(known->value.reshaped({1}));
  if (chain->as<LayerInput>() != nullptr) return constant(trial);
  auto copy = std::make_shared<Expr>(*chain);
  copy->shape = {1};
  for (auto& input : copy->inputs) {
    input = on_trial(input, trial);
    copy->shape[0] = std::max(copy->shape[0], input->shape[0]);
  }
  return copy;
}

bool holds_all_of(DType wide, DType narrow) {
  if (wide == narrow) return true;
  if (wide == DType::float64) return size_of(narrow) <= 4 || narrow == DType::float64;
  if (wide == DType::float32) return narrow == DType::float32 || (is_integer(narrow) && size_of(narrow) <= 2);
  return false;
}

/// True if every operation compares with constants, chooses, or keeps the stored value: see the class.
bool only_selects(const Expr& expr, DType stored) {
  const auto* node = expr.as<Elementwise>();
  if (node == nullptr) return true;
  switch (node->op) {
    case Op::equal: case Op::not_equal: case Op::isnan: case Op::where: break;
    case Op::bitwise_or: case Op::bitwise_and:
      if (expr.dtype != DType::boolean) return false;
      break;
    case Op::rint:
      if (!is_integer(stored)) return false;
      break;
    case Op::cast:
      if (expr.dtype != stored && !holds_all_of(expr.dtype, stored)) return false;
      break;
    default: return false;
  }
  return std::all_of(expr.inputs.begin(), expr.inputs.end(), [&](const auto& input) { return only_selects(*input, stored); });
}

void collect_constants(const Expr& expr, std::vector<double>& out) {
  if (const auto* known = expr.as<Constant>(); known != nullptr && is_numeric(known->value.dtype())) out.push_back(known->value.as_double(0));
  for (const auto& input : expr.inputs) collect_constants(*input, out);
}

template <typename T>
NdArray all_values_of() {
  std::vector<T> values;
  for (long value = std::numeric_limits<T>::min(); value <= std::numeric_limits<T>::max(); ++value) values.push_back(static_cast<T>(value));
  return NdArray::from(values, {static_cast<std::int64_t>(values.size())});
}

template <typename T>
NdArray some_values_of(const ExprPtr& chain) {
  std::vector<T> values{T(0), T(1), T(17), T(100003), std::numeric_limits<T>::min(), std::numeric_limits<T>::max(), std::numeric_limits<T>::lowest()};
  std::vector<double> constants;
  collect_constants(*chain, constants);
  for (const double constant : constants) {
    if constexpr (std::is_floating_point_v<T>) {
      const T near = static_cast<T>(constant);
      for (const T value : {near, std::nextafter(near, std::numeric_limits<T>::infinity()), std::nextafter(near, -std::numeric_limits<T>::infinity())})
        values.push_back(value);
    } else {
      if (!(constant > static_cast<double>(std::numeric_limits<T>::min()) && constant < static_cast<double>(std::numeric_limits<T>::max()))) continue;
      for (const double step : {-1.0, 0.0, 1.0}) values.push_back(static_cast<T>(constant + step));
    }
  }
  if constexpr (std::is_floating_point_v<T>) {
    for (const T value : {T(-0.0), T(-2.5), T(1e-30), T(1e20), std::numeric_limits<T>::infinity(), -std::numeric_limits<T>::infinity(),
                          std::numeric_limits<T>::denorm_min(), std::numeric_limits<T>::quiet_NaN()})
      values.push_back(value);
  }
  return NdArray::from(values, {static_cast<std::int64_t>(values.size())});
}

/// Trial values that prove it, or nothing if none do.
std::optional<NdArray> trial_for(const ExprPtr& chain, DType stored) {
  switch (stored) {
    case DType::int8: return all_values_of<std::int8_t>();
    case DType::uint8: return all_values_of<std::uint8_t>();
    case DType::int16: return all_values_of<std::int16_t>();
    case DType::uint16: return all_values_of<std::uint16_t>();
    default: break;
  }
  if (!only_selects(*chain, stored)) return {};
  switch (stored) {
    case DType::int32: return some_values_of<std::int32_t>(chain);
    case DType::uint32: return some_values_of<std::uint32_t>(chain);
    case DType::float32: return some_values_of<float>(chain);
    case DType::float64: return some_values_of<double>(chain);
    default: return {};
  }
}

struct Found {
  StoredArrayPtr array;
  Index origin;
  ExprPtr chain;   ///< a LayerInput stands for the stored element
};

bool is_one_number(const ExprPtr& expr) {
  const auto* known = expr->as<Constant>();
  return known != nullptr && known->value.size() == 1;
}

std::optional<Found> follow(const ExprPtr& expr, const Box& box) {
  if (const auto* source = expr->as<Source>())
    return Found{source->array, box.begin, layer_input(LayerId{0}, expr->dtype, {1})};
  if (const auto* slice = expr->as<Slice>()) {
    Box inner = box;
    for (int axis = 0; axis < box.ndim(); ++axis) {
      if (slice->step[axis] != 1 && box.extent(axis) > 1) return {};
      const std::int64_t begin = slice->start[axis] + box.begin[axis] * slice->step[axis];
      inner.end[axis] = begin + box.extent(axis);
      inner.begin[axis] = begin;
    }
    return follow(expr->inputs[0], inner);
  }
  if (const auto* concat = expr->as<Concat>()) {
    for (std::size_t number = concat->input_at(box.begin[concat->axis]); number < expr->inputs.size(); ++number) {
      const ExprPtr& input = expr->inputs[number];
      const std::int64_t begin = (*concat->starts)[number], end = (*concat->starts)[number + 1];
      if (begin > box.begin[concat->axis]) break;
      if (box.begin[concat->axis] < end) {
        if (box.end[concat->axis] > end) return {};
        Box inner = box;
        inner.begin[concat->axis] -= begin;
        inner.end[concat->axis] -= begin;
        return follow(input, inner);
      }
    }
    return {};
  }
  if (expr->as<Rechunk>() != nullptr) return follow(expr->inputs[0], box);
  if (expr->as<Elementwise>() == nullptr) return {};
  std::optional<Found> element;
  auto chain = std::make_shared<Expr>(*expr);
  chain->shape = {1};
  for (auto& input : chain->inputs) {
    if (is_one_number(input)) continue;
    if (input->shape != expr->shape) return {};  // stretched
    auto found = follow(input, box);
    if (!found || (element && (element->array != found->array || element->origin != found->origin))) return {};
    input = found->chain;
    element = std::move(found);
  }
  if (!element) return {};
  element->chain = chain;
  return element;
}

}  // namespace

bool MovedValues::undoes_itself(const ExprPtr& chain, DType stored) const {
  if (chain->as<LayerInput>() != nullptr) return true;
  if (chain->dtype != stored) return false;
  const auto trial = trial_for(chain, stored);
  if (!trial) return false;
  const NdArray result = evaluate_constant(on_trial(chain, *trial));
  if (result.dtype() != stored || result.size() != trial->size()) return false;
  const std::size_t element = size_of(stored);
  for (std::int64_t i = 0; i < trial->size(); ++i) {
    const std::byte* before = trial->raw() + static_cast<std::size_t>(i) * element;
    const std::byte* after = result.raw() + static_cast<std::size_t>(i) * element;
    if (std::memcmp(before, after, element) == 0) continue;
    const bool nan_becomes_fill = is_float(stored) && std::isnan(trial->as_double(i)) && fill_ && fill_->dtype() == stored &&
                                  std::memcmp(fill_->raw(), after, element) == 0;
    const bool another_nan = is_float(stored) && std::isnan(trial->as_double(i)) && std::isnan(result.as_double(i));
    if (!nan_becomes_fill && !another_nan) return false;
  }
  return true;
}

std::optional<MovedValues::Place> MovedValues::find(const Box& box) const {
  auto found = follow(values_, box);
  if (!found) return {};
  ByteWriter writer;
  writer.put(found->array->dtype);
  write_chain(*found->chain, writer);
  const auto bytes = writer.take();
  const std::string key(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  {
    const std::lock_guard lock(mutex_);
    if (const auto known = known_chains_.find(key); known != known_chains_.end()) {
      if (!known->second) return {};
      return Place{found->array, std::move(found->origin)};
    }
  }
  const bool moved = undoes_itself(found->chain, found->array->dtype);
  {
    const std::lock_guard lock(mutex_);
    known_chains_[key] = moved;
  }
  if (!moved) return {};
  return Place{found->array, std::move(found->origin)};
}

std::optional<Shape> moved_chunk_shape(const ExprPtr& expr) {
  if (const auto* source = expr->as<Source>()) {
    const bool chunked = source->array->storage == Storage::chunked ||
                         (source->array->storage == Storage::zarr_files && source->array->zarr.shards.empty());
    return chunked ? std::optional<Shape>(source->array->chunk_shape) : std::nullopt;
  }
  if (const auto* slice = expr->as<Slice>()) {
    const auto chunk = moved_chunk_shape(expr->inputs[0]);
    for (std::size_t axis = 0; chunk && axis < chunk->size(); ++axis) {
      const std::int64_t end = slice->start[axis] + expr->shape[axis];
      if (slice->step[axis] != 1 || slice->start[axis] % (*chunk)[axis] != 0) return {};
      if (end % (*chunk)[axis] != 0 && end != expr->inputs[0]->shape[axis]) return {};
    }
    return chunk;
  }
  if (const auto* concat = expr->as<Concat>()) {
    std::optional<Shape> chunk;
    for (std::size_t i = 0; i < expr->inputs.size(); ++i) {
      const auto own = moved_chunk_shape(expr->inputs[i]);
      if (!own || (chunk && *own != *chunk)) return {};
      chunk = own;
      if (i + 1 < expr->inputs.size() && expr->inputs[i]->shape[concat->axis] % (*chunk)[concat->axis] != 0) return {};
    }
    return chunk;
  }
  if (expr->as<Rechunk>() != nullptr) return moved_chunk_shape(expr->inputs[0]);
  if (expr->as<Elementwise>() == nullptr) return {};
  std::optional<Shape> chunk;
  for (const auto& input : expr->inputs) {
    if (is_one_number(input)) continue;
    const auto own = input->shape == expr->shape ? moved_chunk_shape(input) : std::nullopt;
    if (!own || (chunk && *own != *chunk)) return {};
    chunk = own;
  }
  return chunk;
}

}  // namespace rankine::array
