#include "script/plugin_functions.hpp"

#include "array/user_blocks.hpp"
#include "base/error.hpp"
#include "kernel/user_kernel.hpp"
#include "script/labelled.hpp"
#include "script/operations.hpp"

namespace rankine::script {

bool is_plugin(const std::string& module) { return kernel::has_module(module); }

Value make_plugin_module(const std::string& module) { return std::make_shared<PluginModuleObject>(module); }

bool has_plugin_function(const std::string& module, const std::string& name) {
  return kernel::find_user_kernel(module + "." + name) != nullptr;
}

std::string no_plugin_function(const std::string& module, const std::string& name) {
  const auto names = kernel::kernels_of_module(module);
  return "plugin '" + module + "' has no kernel '" + name + "'; it has " + array::format_names(names);
}

Value plugin_function(const std::string& module, const std::string& name) {
  if (!has_plugin_function(module, name)) throw UsageError(no_plugin_function(module, name));
  auto function = std::make_shared<FunctionObject>();
  function->kernel = module + "." + name;
  return function;
}

namespace {

kernel::UserParameter parameter(const std::string& name, const Value& value) {
  if (const auto* text = value.text()) return {name, *text};
  return {name, to_double(value, ("parameter '" + name + "'").c_str())};
}

}  // namespace

Value call_plugin_function(Interpreter& in, const std::string& name, Values positional, Keywords keywords) {
  const kernel::UserKernel& kernel = kernel::user_kernel(name);
  const auto arrays = static_cast<std::size_t>(kernel.reduces() ? 1 : kernel.inputs);
  if (positional.size() < arrays)
    throw TypeError(name + "() takes " + std::to_string(arrays) + " DataArray" + (arrays == 1 ? "" : "s") + ", " +
                     std::to_string(positional.size()) + " given");
  std::vector<array::DataArray> inputs;
  for (std::size_t i = 0; i < arrays; ++i) inputs.push_back(to_data_array(positional[i], "an argument of a plugin's kernel"));
  std::vector<kernel::UserParameter> parameters;
  for (std::size_t i = arrays; i < positional.size(); ++i) {
    if (i - arrays >= kernel.parameters.size())
      throw TypeError(name + "() takes at most " + std::to_string(arrays + kernel.parameters.size()) + " arguments, " +
                       std::to_string(positional.size()) + " given");
    parameters.push_back(parameter(kernel.parameters[i - arrays].first, positional[i]));
  }
  array::DimChoice dims;
  array::UserMapOptions options;
  options.keep_attrs = in.keep_attrs.value_or(false);
  for (const auto& [key, value] : keywords) {
    if (key == "dim" && kernel.reduces()) dims = to_dims(value);
    else if (key == "keep_attrs" && !kernel.reduces()) options.keep_attrs = truth(in, value);
    else parameters.push_back(parameter(key, value));
  }
  if (kernel.reduces()) return make_value(array::user_reduction(name, inputs[0], dims, parameters));
  options.parameters = std::move(parameters);
  return make_value(array::map_blocks(name, inputs, options));
}

}  // namespace rankine::script
