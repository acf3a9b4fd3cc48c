#pragma once
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "rankine/kernel_abi.h"

/// User kernels: pure functions of blocks. Header only, so that a plugin links nothing.
///
///   void step(const rankine::KernelCall& call) {
///     const auto in = call.input<double>();          // with a halo of one in lat and lon
///     const auto out = call.output<double>();
///     for (std::int64_t i = 0; i < out.shape[0]; ++i)
///       for (std::int64_t j = 0; j < out.shape[1]; ++j)
///         out(i, j) = in(i + 1, j + 1) + call.parameter("alpha") * (in(i, j + 1) + ... - 4 * in(i + 1, j + 1));
///   }
///   RANKINE_PLUGIN(heat) {
///     plugin.map<step>("step", {.depth = {{"lat", 1}, {"lon", 1}}, .boundary = rankine::Boundary::nearest,
///                               .parameters = {{"alpha", 0.1}}});
///   }
namespace rankine {

/// NumPy's name of T.
template <class T>
constexpr const char* dtype_name() {
  if constexpr (std::is_same_v<T, bool>) return "bool";
  else if constexpr (std::is_same_v<T, float>) return "float32";
  else if constexpr (std::is_same_v<T, double>) return "float64";
  else if constexpr (std::is_same_v<T, std::int8_t>) return "int8";
  else if constexpr (std::is_same_v<T, std::int16_t>) return "int16";
  else if constexpr (std::is_same_v<T, std::int32_t>) return "int32";
  else if constexpr (std::is_same_v<T, std::int64_t>) return "int64";
  else if constexpr (std::is_same_v<T, std::uint8_t>) return "uint8";
  else if constexpr (std::is_same_v<T, std::uint16_t>) return "uint16";
  else if constexpr (std::is_same_v<T, std::uint32_t>) return "uint32";
  else if constexpr (std::is_same_v<T, std::uint64_t>) return "uint64";
  else static_assert(sizeof(T) == 0, "blocks hold bool, integers, float and double");
}

/// A block as a kernel sees it: C order, all spans by axis.
template <class T>
struct KernelBlock {
  T* data = nullptr;
  std::span<const std::int64_t> shape;   ///< halo included
  std::span<const std::int64_t> origin;  ///< of element 0 in the whole array; negative inside a boundary
  std::span<const std::int64_t> before;  ///< halo in front of the block itself
  std::span<const std::int64_t> after;   ///< halo behind it
  std::int64_t size() const {
    std::int64_t n = 1;
    for (const std::int64_t extent : shape) n *= extent;
    return n;
  }
  T* begin() const { return data; }
  T* end() const { return data + size(); }
  T& operator[](std::int64_t i) const { return data[i]; }
  /// One index an axis.
  template <class... I>
  T& operator()(I... index) const {
    std::int64_t at = 0;
    std::size_t axis = 0;
    ((at = at * shape[axis++] + static_cast<std::int64_t>(index)), ...);
    return data[at];
  }
};

/// One call of a kernel. What it throws fails the task: the message names kernel, block and worker.
class KernelCall {
 public:
  explicit KernelCall(const rankine_kernel_call& call) : call_(call) {}
  int input_count() const { return call_.input_count; }
  /// NumPy's name of an input's dtype.
  const char* input_dtype(int i = 0) const { return array(i).dtype; }
  const char* output_dtype() const { return call_.output->dtype; }
  /// Throws std::invalid_argument if T is not the input's type.
  template <class T>
  KernelBlock<const T> input(int i = 0) const { return view<const T>(array(i), "input"); }
  template <class T>
  KernelBlock<T> output() const { return view<T>(*call_.output, "output"); }
  double parameter(const char* name) const { return find(name).number; }
  std::string text(const char* name) const {
    const auto& p = find(name);
    if (p.text == nullptr) throw std::invalid_argument(std::string("parameter '") + name + "' is a number, not a text");
    return p.text;
  }

 private:
  const rankine_kernel_array& array(int i) const {
    if (i < 0 || i >= call_.input_count) throw std::out_of_range("the kernel has no input " + std::to_string(i));
    return call_.inputs[i];
  }
  template <class T>
  static KernelBlock<T> view(const rankine_kernel_array& a, const char* what) {
    if (std::strcmp(a.dtype, dtype_name<std::remove_const_t<T>>()) != 0)
      throw std::invalid_argument(std::string("the ") + what + " is " + a.dtype + ", the kernel takes " +
                                  dtype_name<std::remove_const_t<T>>() + "; convert with astype");
    const auto n = static_cast<std::size_t>(a.ndim);
    return {static_cast<T*>(a.data), {a.shape, n}, {a.origin, n}, {a.before, n}, {a.after, n}};
  }
  const rankine_kernel_parameter& find(const char* name) const {
    for (int i = 0; i < call_.parameter_count; ++i)
      if (std::strcmp(call_.parameters[i].name, name) == 0) return call_.parameters[i];
    throw std::invalid_argument(std::string("the kernel asks for a parameter '") + name + "' that was not declared or given");
  }
  const rankine_kernel_call& call_;
};

/// What lies beyond the ends of a dim that has a depth. Dask's names: reflect repeats the edge element first.
/// none: blocks at the ends have no halo there (before and after say so).
enum class Boundary : std::uint8_t { none, reflect, periodic, nearest, constant };
inline const char* name_of(Boundary boundary) {
  constexpr const char* names[] = {"none", "reflect", "periodic", "nearest", "constant"};
  return names[static_cast<int>(boundary)];
}

/// What a kernel is declared with; map_blocks and reduction may say otherwise at a call.
struct KernelOptions {
  int inputs = 1;                                               ///< labelled arrays that it takes
  std::vector<std::pair<std::string, std::int64_t>> depth = {}; ///< halo on both sides, by dim
  Boundary boundary = Boundary::none;                           ///< of every dim with a depth
  double fill = 0;                                              ///< of Boundary::constant
  std::vector<std::string> core_dims = {};                      ///< every call gets all of these dims
  std::vector<std::string> drop_dims = {};                      ///< of core_dims: those the result lacks
  std::vector<std::pair<std::string, std::int64_t>> new_dims = {};  ///< last dims of the result, with their sizes
  std::string dtype = {};                                       ///< of the result; empty: of the first input
  std::vector<std::pair<std::string, double>> parameters = {};  ///< keywords of scripts, with defaults
  int states = 1;                                               ///< reduction: numbers kept a position
  std::string state_dtype = "float64";                          ///< reduction: their dtype
  std::string doc = {};
};

using Kernel = void (*)(const KernelCall&);

namespace detail {

template <Kernel F>
int call_kernel(const rankine_kernel_call* call) {
  try {
    F(KernelCall(*call));
    return 0;
  } catch (const std::exception& error) {
    std::snprintf(call->message, call->message_size, "%s", error.what());
  } catch (...) {
    std::snprintf(call->message, call->message_size, "an exception that is no std::exception");
  }
  return 1;
}

inline void declare(const rankine_registrar& to, void* kernel, const KernelOptions& options) {
  to.set_number(kernel, "inputs", "", options.inputs);
  for (const auto& [dim, depth] : options.depth) to.set_number(kernel, "depth", dim.c_str(), static_cast<double>(depth));
  to.set_text(kernel, "boundary", "", name_of(options.boundary));
  to.set_number(kernel, "fill", "", options.fill);
  for (const auto& dim : options.core_dims) to.set_text(kernel, "core_dim", dim.c_str(), "");
  for (const auto& dim : options.drop_dims) to.set_text(kernel, "drop_dim", dim.c_str(), "");
  for (const auto& [dim, size] : options.new_dims) to.set_number(kernel, "new_dim", dim.c_str(), static_cast<double>(size));
  to.set_text(kernel, "dtype", "", options.dtype.c_str());
  for (const auto& [name, value] : options.parameters) to.set_number(kernel, "parameter", name.c_str(), value);
  to.set_number(kernel, "states", "", options.states);
  to.set_text(kernel, "state_dtype", "", options.state_dtype.c_str());
  to.set_text(kernel, "doc", "", options.doc.c_str());
}

}  // namespace detail

/// Adds kernels to a program or to a plugin's module.
class KernelModule {
 public:
  explicit KernelModule(const rankine_registrar& registrar) : registrar_(registrar) {}
  /// `F` gives a block of the result for each block of the inputs.
  template <Kernel F>
  void map(const char* name, const KernelOptions& options = {}) const {
    detail::declare(registrar_, registrar_.add_map(registrar_.state, name, detail::call_kernel<F>), options);
  }
  /// A tree: `Chunk` turns a block into a state of extent 1 along the reduced dims, with one more axis of
  /// options.states at the end; `Combine` turns several states (its inputs) into one; `Aggregate` turns the last
  /// state into the values, which have extent 1 along the reduced dims.
  template <Kernel Chunk, Kernel Combine, Kernel Aggregate>
  void reduction(const char* name, const KernelOptions& options = {}) const {
    detail::declare(registrar_, registrar_.add_reduction(registrar_.state, name, detail::call_kernel<Chunk>,
                                                         detail::call_kernel<Combine>, detail::call_kernel<Aggregate>),
                    options);
  }

 private:
  const rankine_registrar& registrar_;
};

}  // namespace rankine

/// Defines the entry of a plugin that scripts import as `name`; a block follows in which `plugin` is the
/// KernelModule to add kernels to.
#define RANKINE_PLUGIN(name)                                                                         \
  static void rankine_plugin_body(const ::rankine::KernelModule& plugin);                            \
  extern "C" __attribute__((visibility("default"))) const char* rankine_plugin_1(const rankine_registrar* registrar) { \
    rankine_plugin_body(::rankine::KernelModule(*registrar));                                        \
    return #name;                                                                                    \
  }                                                                                                  \
  static void rankine_plugin_body([[maybe_unused]] const ::rankine::KernelModule& plugin)
