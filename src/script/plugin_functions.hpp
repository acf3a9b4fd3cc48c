#pragma once
#include "script/interpreter.hpp"

namespace rankine::script {

/// A module that a plugin brings: `import heat`.
struct PluginModuleObject : ModuleObject {
  explicit PluginModuleObject(std::string n) : ModuleObject(Type::plugin), name(std::move(n)) {}
  std::string name;
};

/// Whether a plugin of this name is loaded.
bool is_plugin(const std::string& module);
/// The value that `import heat` binds.
Value make_plugin_module(const std::string& module);
/// "'stepp' of module 'heat' is not there ...": for names that the plugin lacks.
std::string no_plugin_function(const std::string& module, const std::string& name);
bool has_plugin_function(const std::string& module, const std::string& name);
/// heat.step as a value.
Value plugin_function(const std::string& module, const std::string& name);
/// heat.step(da, alpha=0.1): arrays first, then the kernel's parameters in their order or as keywords; `dim=` of a
/// reduction, `keep_attrs=` of others.
Value call_plugin_function(Interpreter& in, const std::string& kernel, Values positional, Keywords keywords);

}  // namespace rankine::script
