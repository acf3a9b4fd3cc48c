#include "array/moved_values.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <tuple>
#include <unordered_map>

#include "array/evaluate.hpp"
#include "array/expr_walk.hpp"
#include "base/byte_stream.hpp"

namespace rankine::array {
namespace {

using kernel::Op;

/// What a stored element passes through from reading to writing is short. Longer chains are computed: to prove what they do
/// would take longer.
constexpr std::uint32_t longest_chain = 64;
constexpr std::size_t most_operations = 256;
/// Slices and concatenations included.
constexpr std::uint32_t deepest_expression = 128;

/// The chain with its leaf (a LayerInput without a layer) replaced by trial values, all of shape (n) or (1).
ExprPtr on_trial(const ExprPtr& chain, const NdArray& trial) {
  const ExprPtr values = constant(trial);
  Rewriting rewritten([&](const ExprPtr& original, const ExprPtr& rebuilt) {
    if (const auto* known = original->as<Constant>()) return constant(known->value.reshaped({1}));
    if (original->as<LayerInput>() != nullptr) return values;
    Shape shape{1};
    for (const auto& input : rebuilt->inputs) shape[0] = std::max(shape[0], input->shape[0]);
    return with_inputs(original, rebuilt->inputs, shape);
  });
  return rewritten(chain);
}

bool holds_all_of(DType wide, DType narrow) {
  if (wide == narrow) return true;
  if (wide == DType::float64) return size_of(narrow) <= 4 || narrow == DType::float64;
  if (wide == DType::float32) return narrow == DType::float32 || (is_integer(narrow) && size_of(narrow) <= 2);
  return false;
}

/// True if an operation compares with constants, chooses, or keeps the stored value: see the class.
bool selects(const Expr& expr, DType stored) {
  const auto* node = expr.as<Elementwise>();
  if (node == nullptr) return true;
  switch (node->op) {
    case Op::equal: case Op::not_equal: case Op::isnan: case Op::where: return true;
    case Op::bitwise_or: case Op::bitwise_and: return expr.dtype == DType::boolean;
    case Op::rint: return is_integer(stored);
    case Op::cast: return expr.dtype == stored || holds_all_of(expr.dtype, stored);
    default: return false;
  }
}

bool only_selects(const ExprPtr& chain, DType stored) {
  bool all = true;
  InputsFirst walk;
  walk(chain, [&](const ExprPtr& expr) { all = all && selects(*expr, stored); });
  return all;
}

std::vector<double> constants_of(const ExprPtr& chain) {
  std::vector<double> constants;
  InputsFirst walk;
  walk(chain, [&](const ExprPtr& expr) {
    if (const auto* known = expr->as<Constant>(); known != nullptr && is_numeric(known->value.dtype()))
      constants.push_back(known->value.as_double(0));
  });
  return constants;
}

std::size_t operations_of(const ExprPtr& chain) {
  InputsFirst walk;
  walk(chain, [](const ExprPtr&) {});
  return walk.visited();
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
  for (const double constant : constants_of(chain)) {
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
  if (!only_selects(chain, stored)) return {};
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

/// A box of a node.
struct Question {
  const Expr* expr;
  Box box;
  auto operator<=>(const Question& other) const {
    return std::tie(expr, box.begin, box.end) <=> std::tie(other.expr, other.box.begin, other.box.end);
  }
};
using Whence = std::optional<Found>;
using Questions = Answers<Question, Whence>;

std::optional<Whence> as_below(const Questions::Ask& ask, const ExprPtr& input, Box box) {
  const Whence* known = ask({input.get(), std::move(box)});
  return known == nullptr ? std::nullopt : std::optional<Whence>(*known);
}

std::optional<Whence> through_slice(const Question& at, const Slice& slice, const Questions::Ask& ask) {
  Box inner = at.box;
  for (int axis = 0; axis < at.box.ndim(); ++axis) {
    if (slice.step[axis] != 1 && at.box.extent(axis) > 1) return Whence();
    const std::int64_t begin = slice.start[axis] + at.box.begin[axis] * slice.step[axis];
    inner.end[axis] = begin + at.box.extent(axis);
    inner.begin[axis] = begin;
  }
  return as_below(ask, at.expr->inputs[0], std::move(inner));
}

std::optional<Whence> through_concat(const Question& at, const Concat& concat, const Questions::Ask& ask) {
  const std::int64_t first = at.box.begin[concat.axis], last = at.box.end[concat.axis];
  for (std::size_t number = concat.input_at(first); number < at.expr->inputs.size(); ++number) {
    const std::int64_t begin = (*concat.starts)[number], end = (*concat.starts)[number + 1];
    if (begin > first) break;
    if (first >= end) continue;
    if (last > end) return Whence();
    Box inner = at.box;
    inner.begin[concat.axis] -= begin;
    inner.end[concat.axis] -= begin;
    return as_below(ask, at.expr->inputs[number], std::move(inner));
  }
  return Whence();
}

std::optional<Whence> through_operation(const Question& at, const Questions::Ask& ask) {
  std::vector<ExprPtr> inputs = at.expr->inputs;
  Whence element;
  bool all = true;
  for (auto& input : inputs) {
    if (is_one_number(input)) continue;
    if (input->shape != at.expr->shape) return Whence();  // stretched
    const Whence* found = ask({input.get(), at.box});
    all = all && found != nullptr;
    if (found == nullptr) continue;
    if (!*found || (element && (element->array != (*found)->array || element->origin != (*found)->origin))) return Whence();
    input = (*found)->chain;
    element = *found;
  }
  if (!all) return std::nullopt;
  if (!element) return Whence();
  element->chain = std::make_shared<const Expr>(at.expr->node, at.expr->dtype, Shape{1}, std::move(inputs));
  if (element->chain->depth > longest_chain) return Whence();
  return element;
}

/// Nothing while an answer is missing; an empty Whence says that values are computed.
std::optional<Whence> follow(const Question& at, const Questions::Ask& ask) {
  const Expr& expr = *at.expr;
  if (const auto* source = expr.as<Source>())
    return Found{source->array, at.box.begin, layer_input(LayerId{0}, expr.dtype, {1})};
  if (const auto* slice = expr.as<Slice>()) return through_slice(at, *slice, ask);
  if (const auto* concat = expr.as<Concat>()) return through_concat(at, *concat, ask);
  if (expr.as<Rechunk>() != nullptr) return as_below(ask, expr.inputs[0], at.box);
  if (expr.as<Elementwise>() != nullptr) return through_operation(at, ask);
  return Whence();
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
  if (values_->depth > deepest_expression) return {};
  Questions questions(follow);
  Whence found = questions({values_.get(), box});
  if (!found || operations_of(found->chain) > most_operations) return {};
  // The arithmetic around the element, written out: equal texts are equal arithmetic.
  ByteWriter writer;
  writer.put(found->array->dtype);
  write_to(writer, {found->chain});
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

namespace {

using ChunkShape = std::optional<Shape>;
using KnownChunks = std::unordered_map<const Expr*, ChunkShape>;

ChunkShape chunk_of_slice(const Expr& expr, const Slice& slice, const KnownChunks& known) {
  const ChunkShape& chunk = known.at(expr.inputs[0].get());
  for (std::size_t axis = 0; chunk && axis < chunk->size(); ++axis) {
    const std::int64_t end = slice.start[axis] + expr.shape[axis];
    if (slice.step[axis] != 1 || slice.start[axis] % (*chunk)[axis] != 0) return {};
    if (end % (*chunk)[axis] != 0 && end != expr.inputs[0]->shape[axis]) return {};
  }
  return chunk;
}

ChunkShape chunk_of_concat(const Expr& expr, const Concat& concat, const KnownChunks& known) {
  ChunkShape chunk;
  for (std::size_t i = 0; i < expr.inputs.size(); ++i) {
    const ChunkShape& own = known.at(expr.inputs[i].get());
    if (!own || (chunk && *own != *chunk)) return {};
    chunk = own;
    if (i + 1 < expr.inputs.size() && expr.inputs[i]->shape[concat.axis] % (*chunk)[concat.axis] != 0) return {};
  }
  return chunk;
}

ChunkShape chunk_of_operation(const ExprPtr& expr, const KnownChunks& known) {
  ChunkShape chunk;
  for (const auto& input : expr->inputs) {
    if (is_one_number(input)) continue;
    const ChunkShape own = input->shape == expr->shape ? known.at(input.get()) : std::nullopt;
    if (!own || (chunk && *own != *chunk)) return {};
    chunk = own;
  }
  return chunk;
}

ChunkShape chunk_of(const ExprPtr& expr, const KnownChunks& known) {
  if (const auto* source = expr->as<Source>()) {
    const bool chunked = source->array->storage == Storage::chunked ||
                         (source->array->storage == Storage::zarr_files && source->array->zarr.shards.empty());
    return chunked ? ChunkShape(source->array->chunk_shape) : std::nullopt;
  }
  if (const auto* slice = expr->as<Slice>()) return chunk_of_slice(*expr, *slice, known);
  if (const auto* concat = expr->as<Concat>()) return chunk_of_concat(*expr, *concat, known);
  if (expr->as<Rechunk>() != nullptr) return known.at(expr->inputs[0].get());
  return expr->as<Elementwise>() != nullptr ? chunk_of_operation(expr, known) : std::nullopt;
}

bool may_move(const Expr& expr) {
  return expr.as<Slice>() != nullptr || expr.as<Concat>() != nullptr || expr.as<Rechunk>() != nullptr || expr.as<Elementwise>() != nullptr;
}

}  // namespace

std::optional<Shape> moved_chunk_shape(const ExprPtr& expr) {
  if (expr->depth > deepest_expression) return {};
  KnownChunks known;
  InputsFirst walk;
  walk(expr, [&](const ExprPtr& node) { known[node.get()] = chunk_of(node, known); }, may_move);
  return known.at(expr.get());
}

}  // namespace rankine::array
