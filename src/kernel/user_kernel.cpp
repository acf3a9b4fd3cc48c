#include "kernel/user_kernel.hpp"

#include <algorithm>
#include <cstdio>
#include <deque>

#include "base/check.hpp"
#include "base/error.hpp"

namespace rankine::kernel {
namespace {

struct Registry {
  std::deque<UserKernel> kernels;  // addresses stay: setters and plans hold them
  std::vector<std::string> modules;
};

Registry& registry() {
  static Registry all;
  return all;
}

/// Of the plugin whose entry runs; empty for the program.
std::string& current_module() {
  static std::string name;
  return name;
}

UserKernel& add(const char* name) {
  auto& kernels = registry().kernels;
  kernels.emplace_back();
  kernels.back().module = current_module();
  kernels.back().name = name;
  return kernels.back();
}

void* add_map(void*, const char* name, rankine_kernel_function map) {
  UserKernel& kernel = add(name);
  kernel.map = map;
  return &kernel;
}

void* add_reduction(void*, const char* name, rankine_kernel_function chunk, rankine_kernel_function combine,
                    rankine_kernel_function aggregate) {
  UserKernel& kernel = add(name);
  kernel.chunk = chunk;
  kernel.combine = combine;
  kernel.aggregate = aggregate;
  return &kernel;
}

// Keys of a later version are left alone: what an older program does not know it does not do.
void set_text(void* handle, const char* key, const char* name, const char* value) {
  auto& kernel = *static_cast<UserKernel*>(handle);
  const std::string what = key;
  if (what == "dtype") kernel.dtype = value;
  else if (what == "state_dtype") kernel.state_dtype = value;
  else if (what == "doc") kernel.doc = value;
  else if (what == "core_dim") kernel.core_dims.emplace_back(name);
  else if (what == "drop_dim") kernel.drop_dims.emplace_back(name);
  else if (what == "boundary") {
    const Boundary boundary = boundary_named(value).value_or(Boundary::none);
    if (*name == '\0') kernel.boundary = boundary;
    else kernel.boundaries.emplace_back(name, boundary);
  }
}

void set_number(void* handle, const char* key, const char* name, double value) {
  auto& kernel = *static_cast<UserKernel*>(handle);
  const std::string what = key;
  if (what == "inputs") kernel.inputs = static_cast<int>(value);
  else if (what == "depth") kernel.depth.emplace_back(name, static_cast<std::int64_t>(value));
  else if (what == "new_dim") kernel.new_dims.emplace_back(name, static_cast<std::int64_t>(value));
  else if (what == "parameter") kernel.parameters.emplace_back(name, value);
  else if (what == "states") kernel.states = std::max(1, static_cast<int>(value));
  else if (what == "fill") kernel.fill = value;
}

thread_local char running_text[512] = "";
thread_local const char* running = nullptr;
thread_local const std::string* running_task = nullptr;

/// Marks the thread as inside a kernel while it lives. The text is written before the kernel runs, because a signal
/// handler may not compose it.
class Running {
 public:
  explicit Running(const std::string& kernel) {
    if (running_task == nullptr) std::snprintf(running_text, sizeof running_text, "kernel '%s'", kernel.c_str());
    else std::snprintf(running_text, sizeof running_text, "kernel '%s', task %s", kernel.c_str(), running_task->c_str());
    running = running_text;
  }
  ~Running() { running = nullptr; }
};

int call_here(const UserKernel& kernel, UserStage stage, const rankine_kernel_call& call) {
  return function_of(kernel, stage)(&call);
}
UserKernelCaller user_kernel_caller = call_here;

}  // namespace

rankine_kernel_function function_of(const UserKernel& kernel, UserStage stage) {
  switch (stage) {
    case UserStage::map: return kernel.map;
    case UserStage::chunk: return kernel.chunk;
    case UserStage::combine: return kernel.combine;
    case UserStage::aggregate: return kernel.aggregate;
  }
  return nullptr;
}

void set_user_kernel_caller(UserKernelCaller caller) { user_kernel_caller = caller; }

const char* name_of(Boundary boundary) {
  static constexpr const char* names[] = {"none", "reflect", "periodic", "nearest", "constant"};
  return names[static_cast<int>(boundary)];
}

std::optional<Boundary> boundary_named(const std::string& name) {
  for (int i = 0; i <= static_cast<int>(Boundary::constant); ++i)
    if (name == name_of(static_cast<Boundary>(i))) return static_cast<Boundary>(i);
  return std::nullopt;
}

const rankine_registrar& program_registrar() {
  static const rankine_registrar registrar{RANKINE_KERNEL_ABI, nullptr, add_map, add_reduction, set_text, set_number};
  return registrar;
}

std::string add_plugin(rankine_plugin_entry entry, const std::string& path) {
  // The entry tells its name last, so its kernels stand under its path until then.
  current_module() = path;
  const char* given = entry(&program_registrar());
  current_module().clear();
  const std::string name = given == nullptr ? "" : given;
  if (name.empty()) throw UsageError("the plugin " + path + " gives no name for itself");
  if (has_module(name)) throw UsageError("two plugins are called '" + name + "', the second is " + path);
  for (auto& kernel : registry().kernels)
    if (kernel.module == path) kernel.module = name;
  registry().modules.push_back(name);
  return name;
}

const UserKernel* find_user_kernel(const std::string& full_name) {
  for (const auto& kernel : registry().kernels)
    if (kernel.full_name() == full_name) return &kernel;
  return nullptr;
}

const UserKernel& user_kernel(const std::string& full_name) {
  if (const UserKernel* kernel = find_user_kernel(full_name)) return *kernel;
  std::string known;
  for (const auto& kernel : registry().kernels) known += (known.empty() ? "'" : ", '") + kernel.full_name() + "'";
  throw UsageError("there is no kernel '" + full_name + "'; there " + (known.empty() ? "are none" : "is " + known) +
                   " (kernels are registered by RANKINE_KERNEL in the program or by a plugin)");
}

bool has_module(const std::string& name) {
  const auto& modules = registry().modules;
  return std::find(modules.begin(), modules.end(), name) != modules.end();
}

std::vector<std::string> kernels_of_module(const std::string& name) {
  std::vector<std::string> names;
  for (const auto& kernel : registry().kernels)
    if (kernel.module == name) names.push_back(kernel.name);
  return names;
}

DType block_dtype(const std::string& name) {
  for (int d = 0; d <= static_cast<int>(DType::float64); ++d)
    if (name_of(static_cast<DType>(d)) == name) return static_cast<DType>(d);
  throw UsageError("a kernel cannot give dtype '" + name + "'; there are bool, int8 to int64, uint8 to uint64, float32, float64");
}

NdArray run_user_kernel(const std::string& full_name, UserStage stage, std::span<const UserBlock> inputs, DType dtype,
                        const Shape& shape, const Index& origin, std::span<const UserParameter> parameters) {
  const UserKernel& kernel = user_kernel(full_name);
  NdArray output(dtype, shape);
  std::vector<std::string> dtypes;
  for (const auto& input : inputs) dtypes.push_back(name_of(input.values.dtype()));
  std::vector<rankine_kernel_array> arrays;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const UserBlock& block = inputs[i];
    // Kernels get const views of it by the C++ wrapper; the C interface cannot say so.
    arrays.push_back({const_cast<std::byte*>(block.values.raw()), dtypes[i].c_str(), block.values.ndim(),
                      block.values.shape().data(), block.origin.data(), block.before.data(), block.after.data()});
  }
  const std::string output_dtype = name_of(dtype);
  const Shape no_halo(shape.size(), 0);
  const rankine_kernel_array target{output.raw(), output_dtype.c_str(), output.ndim(), output.shape().data(),
                                    origin.data(), no_halo.data(), no_halo.data()};
  std::vector<rankine_kernel_parameter> given;
  for (const auto& [name, value] : parameters) {
    const auto* text = std::get_if<std::string>(&value);
    given.push_back({name.c_str(), text != nullptr ? 0.0 : std::get<double>(value), text != nullptr ? text->c_str() : nullptr});
  }
  char message[1024] = "";
  const rankine_kernel_call call{static_cast<int>(arrays.size()), arrays.data(), &target, static_cast<int>(given.size()),
                                 given.data(), message, sizeof message};
  RANKINE_CHECK(function_of(kernel, stage) != nullptr, "a kernel is called for what it was not registered for");
  Running mark(full_name);
  if (user_kernel_caller(kernel, stage, call) != 0)
    throw Error(ExitCode::task_failed, "kernel '" + full_name + "' failed: " + (*message != '\0' ? message : "it gave no reason"));
  return output;
}

const char* running_user_kernel() noexcept { return running; }

UserKernelScope::UserKernelScope(const std::string& task) { running_task = &task; }
UserKernelScope::~UserKernelScope() { running_task = nullptr; }

}  // namespace rankine::kernel
