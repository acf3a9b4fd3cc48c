#include "script/block_call.hpp"

#include <algorithm>
#include <cstring>

#include "array/evaluate.hpp"
#include "array/reshape.hpp"
#include "base/byte_stream.hpp"
#include "script/array_memory.hpp"
#include "script/labelled.hpp"
#include "script/operations.hpp"
#include "script/value_stream.hpp"

namespace rankine::script {

namespace {

NdArray permuted(const NdArray& values, const std::vector<int>& axes) {
  return array::evaluate_constant(array::permute(array::constant(values), axes));
}

NdArray part(const NdArray& values, const Index& start, const Shape& count) {
  return array::evaluate_constant(array::slice(array::constant(values), start, Index(start.size(), 1), count));
}

/// Positions of one call among the looped axes; an axis of extent 1 is the same for all.
NdArray core_part(const NdArray& values, int looped, const Index& at) {
  Index start(values.shape().size(), 0);
  Shape count = values.shape(), core;
  for (int axis = 0; axis < values.ndim(); ++axis) {
    if (axis >= looped) {
      core.push_back(count[axis]);
      continue;
    }
    start[axis] = count[axis] == 1 ? 0 : at[axis];
    count[axis] = 1;
  }
  return part(values, start, count).reshaped(core);
}

/// Where input k stands in the positional arguments, its block is put.
Values with_blocks(const Values& positional, const Values& inputs) {
  Values result;
  for (const Value& value : positional) {
    const auto marker = value.as<SliceObject>();
    const bool is_marker = marker && marker->step.text() != nullptr && *marker->step.text() == "block";
    result.push_back(is_marker ? inputs.at(static_cast<std::size_t>(*marker->start.integer())) : value);
  }
  return result;
}

Value labelled_block(const BlockCall& call, const std::vector<NdArray>& blocks) {
  array::DataArray array{call.name.empty() ? std::optional<std::string>() : std::optional(call.name),
                         array::make_variable(call.dims, array::constant(blocks[0])), {}};
  for (std::size_t i = 0; i < call.coords.size(); ++i) {
    // A coordinate comes with all axes of the block; the others are of extent 1.
    Shape shape;
    for (const auto& dim : call.coord_dims[i]) {
      const auto axis = static_cast<std::size_t>(std::find(call.dims.begin(), call.dims.end(), dim) - call.dims.begin());
      shape.push_back(blocks[i + 1].shape()[axis]);
    }
    array.coords.set(call.coords[i], array::make_variable(call.coord_dims[i], array::constant(blocks[i + 1].reshaped(shape))));
  }
  return make_value(std::move(array));
}

/// What the function is given holds elements of the array that it is applied to.
Value block_input(NdArray block) {
  Value input = make_array(std::move(block));
  note_given_to_data_array(input);
  return input;
}

Value result_of(Interpreter& in, const BlockCall& call, const std::vector<NdArray>& blocks) {
  if (call.kind == BlockCall::Kind::labelled)
    return in.call(call.function, with_blocks(call.positional, {labelled_block(call, blocks)}), call.keywords);
  Values inputs;
  for (std::size_t i = 0; i < blocks.size(); ++i)
    inputs.push_back(block_input(call.kind == BlockCall::Kind::ufunc ? permuted(blocks[i], call.axes[i]) : blocks[i]));
  return in.call(call.function, with_blocks(call.positional, inputs), call.keywords);
}

NdArray values_of_result(Interpreter& in, const BlockCall& call, const Value& result) {
  const auto array = result.as<DataArrayObject>();
  if (call.kind != BlockCall::Kind::labelled) return to_known_values(in, result, "what the function gives for a block");
  if (!array) throw TypeError(std::string("the function of map_blocks must give a DataArray, not ") + name_of(result.type()));
  const auto has = array->value().dims();
  if (std::vector<std::string> a = has, b = call.result_dims; std::is_permutation(a.begin(), a.end(), b.begin(), b.end()))
    return to_known_values(in, make_value(array::transpose(array->value(), call.result_dims)), "what the function gives for a block");
  throw ValueError("the function of map_blocks gives dims " + array::format_names(has) + ", its template has " + array::format_names(call.result_dims));
}

/// np.vectorize: a call for every position of the looped axes.
NdArray looped(Interpreter& in, const BlockCall& call, const std::vector<NdArray>& blocks, DType dtype, const Shape& shape) {
  const int loops = static_cast<int>(shape.size()) - call.core_ndim;
  std::vector<NdArray> ready;
  for (std::size_t i = 0; i < blocks.size(); ++i) ready.push_back(permuted(blocks[i], call.axes[i]));
  // Looped axes stand in front of every input, new ones where it lacks them, core axes behind.
  NdArray result(dtype, shape);
  const Shape core(shape.begin() + loops, shape.end());
  const std::int64_t core_size = element_count(core);
  Index at(static_cast<std::size_t>(loops), 0);
  for (std::int64_t offset = 0; offset < result.size(); offset += std::max<std::int64_t>(1, core_size)) {
    in.check_stack();
    Values inputs;
    for (const NdArray& block : ready) {
      const NdArray own = core_part(block, loops, at);
      inputs.push_back(own.ndim() == 0 ? item_of(own, 0) : block_input(own));
    }
    const NdArray given = to_known_values(in, in.call(call.function, with_blocks(call.positional, inputs), call.keywords), "what the function gives");
    if (given.shape() != core)
      throw ValueError("the function gives shape " + format_tuple(given.shape()) + ", its output core dims have " + format_tuple(core));
    const NdArray cast = array::evaluate_constant(array::cast(array::constant(given), dtype));
    std::memcpy(result.raw() + static_cast<std::size_t>(offset) * size_of(dtype), cast.raw(), cast.bytes().value);
    for (int axis = loops; axis-- > 0;) {
      if (++at[axis] < shape[axis]) break;
      at[axis] = 0;
    }
  }
  return result;
}

}  // namespace

Values with_block_marks(Values positional, const Values& inputs) {
  for (Value& value : positional) {
    const auto found = std::find_if(inputs.begin(), inputs.end(), [&](const Value& input) { return input.same(value); });
    if (found == inputs.end()) continue;
    const auto marker = std::make_shared<SliceObject>();
    marker->start = static_cast<std::int64_t>(found - inputs.begin());
    marker->step = "block";
    value = marker;
  }
  return positional;
}

std::vector<std::byte> write_block_call(Interpreter& in, const BlockCall& call, const Values& inputs) {
  ByteWriter writer;
  writer.put(call.kind);
  ValueWriter values(in, writer);
  values.put(call.function);
  values.put(with_block_marks(call.positional, inputs));
  writer.put_count(call.keywords.size());
  for (const auto& [name, value] : call.keywords) {
    writer.put_string(name);
    values.put(value);
  }
  writer.put_count(call.axes.size());
  for (const auto& axes : call.axes) writer.put_vector(axes);
  writer.put(static_cast<std::uint8_t>(call.vectorize));
  writer.put(static_cast<std::int32_t>(call.core_ndim));
  const auto put_names = [&](const std::vector<std::string>& names) {
    writer.put_count(names.size());
    for (const auto& name : names) writer.put_string(name);
  };
  put_names(call.dims);
  writer.put_string(call.name);
  put_names(call.coords);
  for (const auto& dims : call.coord_dims) put_names(dims);
  put_names(call.result_dims);
  return writer.take();
}

namespace {

BlockCall read_block_call(Interpreter& in, const Block* script, std::span<const std::byte> bytes) {
  ByteReader reader(bytes);
  BlockCall call;
  call.kind = reader.get<BlockCall::Kind>();
  ValueReader values(in, reader, script, {});
  call.function = values.get();
  call.positional = values.get_all();
  for (std::size_t left = reader.get_count(); left > 0; --left) {
    std::string name = reader.get_string();
    call.keywords.emplace_back(std::move(name), values.get());
  }
  call.axes.resize(reader.get_count());
  for (auto& axes : call.axes) axes = reader.get_vector<int>();
  call.vectorize = reader.get<std::uint8_t>() != 0;
  call.core_ndim = reader.get<std::int32_t>();
  const auto names = [&] {
    std::vector<std::string> all(reader.get_count());
    for (auto& name : all) name = reader.get_string();
    return all;
  };
  call.dims = names();
  call.name = reader.get_string();
  call.coords = names();
  for (std::size_t i = 0; i < call.coords.size(); ++i) call.coord_dims.push_back(names());
  call.result_dims = names();
  return call;
}

}  // namespace

NdArray run_block_call(Interpreter& in, const Block* script, std::span<const std::byte> bytes, const std::vector<BlockArgument>& blocks,
                       DType dtype, const Shape& shape) {
  const BlockCall call = read_block_call(in, script, bytes);
  std::vector<NdArray> values;
  for (const auto& block : blocks) values.push_back(block.values);
  if (call.kind == BlockCall::Kind::ufunc && call.vectorize) return looped(in, call, values, dtype, shape);
  NdArray result = values_of_result(in, call, result_of(in, call, values));
  if (call.kind == BlockCall::Kind::plain && !blocks.empty() && result.shape() != shape && result.shape() == values[0].shape()) {
    const BlockArgument& first = blocks[0];
    Index start(first.before.begin(), first.before.end());
    Shape count = result.shape();
    for (std::size_t axis = 0; axis < count.size(); ++axis) count[axis] -= first.before[axis] + first.after[axis];
    result = part(result, start, count);
  }
  if (result.shape() != shape)
    throw ValueError("the function gives shape " + format_tuple(result.shape()) + " for a block of which " + format_tuple(shape) + " was expected");
  return array::evaluate_constant(array::cast(array::constant(result), dtype));
}

Value try_on_small_blocks(Interpreter& in, const BlockCall& call, const std::vector<NdArray>& blocks, const char* give) {
  try {
    if (call.kind != BlockCall::Kind::ufunc || !call.vectorize) return result_of(in, call, blocks);
    Values inputs;
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      const NdArray ready = permuted(blocks[i], call.axes[i]);
      Shape core;
      for (const std::int64_t extent : ready.shape())
        if (extent != 1) core.push_back(extent);
      const NdArray own = ready.reshaped(core);
      inputs.push_back(own.ndim() == 0 ? item_of(own, 0) : block_input(own));
    }
    return in.call(call.function, with_blocks(call.positional, inputs), call.keywords);
  } catch (const UnsupportedError&) {
    throw;
  } catch (const UsageError& error) {
    in.forget_trace();
    throw ValueError(std::string("what the function gives was looked for with small arrays of ones, but it fails with them (") + error.what() +
                     "); give " + give);
  }
}

}  // namespace rankine::script
