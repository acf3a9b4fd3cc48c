#pragma once
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "grid/box.hpp"
#include "grid/strided_view.hpp"
#include "rankine/kernel_abi.h"

namespace rankine::kernel {

/// What lies beyond the ends of an axis, for blocks that see their neighbours.
enum class Boundary : std::uint8_t { none, reflect, periodic, nearest, constant };
const char* name_of(Boundary boundary);
std::optional<Boundary> boundary_named(const std::string& name);

using UserParameter = std::pair<std::string, std::variant<double, std::string>>;

/// A kernel that a program or a plugin has registered: C functions, and what they were declared with.
struct UserKernel {
  std::string module;  ///< of the plugin; empty: of the program itself
  std::string name;
  rankine_kernel_function map = nullptr;
  rankine_kernel_function chunk = nullptr;  ///< with combine and aggregate, instead of map: a reduction
  rankine_kernel_function combine = nullptr;
  rankine_kernel_function aggregate = nullptr;

  int inputs = 1;
  std::string dtype;   ///< of the result; empty: of the first input
  std::vector<std::pair<std::string, std::int64_t>> depth;
  Boundary boundary = Boundary::none;
  std::vector<std::pair<std::string, Boundary>> boundaries;
  double fill = 0;
  std::vector<std::string> core_dims;
  std::vector<std::string> drop_dims;
  std::vector<std::pair<std::string, std::int64_t>> new_dims;
  std::vector<std::pair<std::string, double>> parameters;  ///< with their defaults
  int states = 1;
  std::string state_dtype = "float64";
  std::string doc;

  bool reduces() const { return map == nullptr; }
  /// "heat.step", or "step" of the program.
  std::string full_name() const { return module.empty() ? name : module + "." + name; }
};

/// Registered once, before a job begins, and never changed: every rank must have the same.
/// Where kernels of the program itself are added.
const rankine_registrar& program_registrar();
/// Adds a plugin's kernels by its entry; gives the module's name. Throws UsageError for a module that is there already.
std::string add_plugin(rankine_plugin_entry entry, const std::string& path);

/// By full name; null if there is none.
const UserKernel* find_user_kernel(const std::string& full_name);
/// The same; throws UsageError naming what there is.
const UserKernel& user_kernel(const std::string& full_name);
bool has_module(const std::string& name);
/// Names without the module's.
std::vector<std::string> kernels_of_module(const std::string& name);

/// A block that a kernel is given: contiguous values, and where they lie.
struct UserBlock {
  NdArray values;
  Index origin;
  Shape before;
  Shape after;
};

enum class UserStage : std::uint8_t { map, chunk, combine, aggregate };

/// Calls a registered kernel. Throws Error(task_failed): "kernel 'heat.step' failed: <its message>".
NdArray run_user_kernel(const std::string& full_name, UserStage stage, std::span<const UserBlock> inputs,
                        DType dtype, const Shape& shape, const Index& origin, std::span<const UserParameter> parameters);

/// The function of a kernel for a stage; null if it was not registered for it.
rankine_kernel_function function_of(const UserKernel& kernel, UserStage stage);
/// Runs a kernel's function and gives what it gives. By default the calling thread does it itself. Set before a job begins.
using UserKernelCaller = int (*)(const UserKernel& kernel, UserStage stage, const rankine_kernel_call& call);
void set_user_kernel_caller(UserKernelCaller caller);

/// What the calling thread computes by a user kernel just now, for the report of a crash: "kernel 'heat.step', task
/// heat.step (0, 3)"; null if no user kernel runs. Safe to call from a signal handler.
const char* running_user_kernel() noexcept;
/// Names the task that the calling thread's kernels belong to. `task` must live until the scope ends.
class UserKernelScope {
 public:
  explicit UserKernelScope(const std::string& task);
  ~UserKernelScope();
  UserKernelScope(const UserKernelScope&) = delete;
  UserKernelScope& operator=(const UserKernelScope&) = delete;
};

/// By NumPy's name; throws UsageError for one that blocks cannot have.
DType block_dtype(const std::string& name);

}  // namespace rankine::kernel
