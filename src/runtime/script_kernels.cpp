#include "runtime/script_kernels.hpp"

#include <cmath>
#include <cstdio>
#include <cstring>
#include <numbers>
#include <sstream>

#include "array/evaluate.hpp"
#include "base/error.hpp"
#include "kernel/user_kernel.hpp"
#include "runtime/script_calls.hpp"
#include "script/block_call.hpp"
#include "script/dask_array.hpp"

namespace rankine::runtime {
namespace {

Shape shape_of(const rankine_kernel_array& array) { return Shape(array.shape, array.shape + array.ndim); }

/// Dates too, which compiled kernels see as int64.
DType dtype_of(const rankine_kernel_array& array) {
  for (const DType dtype : {DType::datetime64, DType::timedelta64})
    if (name_of(dtype) == array.dtype) return dtype;
  return kernel::block_dtype(array.dtype);
}

NdArray values_of(const rankine_kernel_array& array) {
  NdArray values(dtype_of(array), shape_of(array));
  std::memcpy(values.raw(), array.data, values.bytes().value);
  return values;
}

const char* text_parameter(const rankine_kernel_call& call, const std::string& name) {
  for (int i = 0; i < call.parameter_count; ++i)
    if (call.parameters[i].name == name && call.parameters[i].text != nullptr) return call.parameters[i].text;
  throw UsageError("parameter '" + name + "' is missing");
}
double number_parameter(const rankine_kernel_call& call, const std::string& name) {
  for (int i = 0; i < call.parameter_count; ++i)
    if (call.parameters[i].name == name) return call.parameters[i].number;
  throw UsageError("parameter '" + name + "' is missing");
}

const ScriptLibrary& library() {
  const ScriptLibrary* current = ScriptLibrary::current();
  if (current == nullptr) throw UsageError("there is no script");
  return *current;
}

/// What is thrown becomes the kernel's message.
template <typename Fill>
int filled(const rankine_kernel_call* call, Fill fill) {
  std::string message;
  try {
    const NdArray values = fill();
    std::memcpy(call->output->data, values.raw(), values.bytes().value);
    return 0;
  } catch (const std::exception& error) {
    message = error.what();
  }
  std::snprintf(call->message, call->message_size, "%s", message.c_str());
  return 1;
}

/// A block of da.from_delayed: the calls are made here, one after the other.
int fill_from_delayed(const rankine_kernel_call* call) {
  return filled(call, [&] {
    const NdArray values = library().evaluate_array(script::from_hex(text_parameter(*call, "graph")));
    const Shape shape = shape_of(*call->output);
    if (values.shape() != shape)
      throw UsageError("a delayed array has shape " + format_tuple(values.shape()) + ", from_delayed() was told " + format_tuple(shape));
    return array::evaluate_constant(array::cast(array::constant(values), kernel::block_dtype(call->output->dtype)));
  });
}

/// A block that a function of the script computes.
int fill_by_function(const rankine_kernel_call* call) {
  return filled(call, [&] {
    std::vector<script::BlockArgument> blocks;
    for (int i = 0; i < call->input_count; ++i) {
      const rankine_kernel_array& input = call->inputs[i];
      blocks.push_back({values_of(input), Shape(input.before, input.before + input.ndim), Shape(input.after, input.after + input.ndim)});
    }
    return library().evaluate_block(script::from_hex(text_parameter(*call, "call")), blocks, dtype_of(*call->output), shape_of(*call->output));
  });
}

/// SplitMix64's finaliser: one number a position, independent of what was drawn before.
std::uint64_t mixed(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31);
}
double uniform(std::uint64_t seed, std::uint64_t position, std::uint64_t stream) {
  const std::uint64_t bits = mixed(mixed(seed + stream * 0xd1342543de82ef95U) + (position + 1) * 0x9e3779b97f4a7c15U);
  return static_cast<double>(bits >> 11) * 0x1.0p-53;
}

int fill_random(const rankine_kernel_call* call) {
  return filled(call, [&] {
    const std::string distribution = text_parameter(*call, "distribution");
    const std::uint64_t seed = std::stoull(text_parameter(*call, "seed"));
    const double a = number_parameter(*call, "a"), b = number_parameter(*call, "b");
    Shape whole;
    std::istringstream extents(text_parameter(*call, "shape"));
    for (std::int64_t extent; extents >> extent;) whole.push_back(extent);
    const rankine_kernel_array& out = *call->output;
    NdArray values(kernel::block_dtype(out.dtype), shape_of(out));
    Index at(whole.size(), 0);
    for (std::int64_t i = 0; i < values.size(); ++i) {
      std::uint64_t position = 0;
      for (std::size_t axis = 0; axis < whole.size(); ++axis)
        position = position * static_cast<std::uint64_t>(whole[axis]) + static_cast<std::uint64_t>(out.origin[axis] + at[axis]);
      const double u = uniform(seed, position, 0);
      if (distribution == "integers") {
        values.data<std::int64_t>()[i] = static_cast<std::int64_t>(a + std::floor(u * (b - a)));
      } else if (distribution == "normal") {  // Box and Muller
        values.data<double>()[i] = a + b * std::sqrt(-2 * std::log1p(-u)) * std::cos(2 * std::numbers::pi * uniform(seed, position, 1));
      } else {
        values.data<double>()[i] = a + (b - a) * u;
      }
      for (std::size_t axis = at.size(); axis-- > 0;) {
        if (++at[axis] < out.shape[axis]) break;
        at[axis] = 0;
      }
    }
    return values;
  });
}

}  // namespace

void register_script_kernels() {
  if (kernel::find_user_kernel(script::delayed_array_kernel) != nullptr) return;
  const rankine_registrar& registrar = kernel::program_registrar();
  registrar.add_map(registrar.state, script::delayed_array_kernel, fill_from_delayed);
  registrar.add_map(registrar.state, script::block_call_kernel, fill_by_function);
  registrar.add_map(registrar.state, script::random_array_kernel, fill_random);
}

}  // namespace rankine::runtime
