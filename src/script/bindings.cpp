#include "script/bindings.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "base/error.hpp"
#include "script/known_names.hpp"
#include "script/python_error.hpp"
#include "script/replacements.hpp"
#include "script/source_text.hpp"

namespace rankine::script {

const Value* Arguments::find(std::string_view name) const {
  for (std::size_t i = 0; i < slots.size(); ++i) {
    if (binding->parameters[i].name == name) return slots[i] ? &*slots[i] : nullptr;
  }
  RANKINE_CHECK(false, "a binding asks for a parameter that its signature lacks");
  return nullptr;
}
Value Arguments::get(std::string_view name) const {
  const Value* value = find(name);
  return value == nullptr ? Value() : *value;
}
bool Arguments::given(std::string_view name) const {
  const Value* value = find(name);
  return value != nullptr && !value->is_none();
}

namespace {

void read_signature(Binding& binding) {
  bool keyword_only = false;
  std::string_view rest = binding.signature;
  while (!rest.empty()) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    std::string_view part = rest.substr(0, comma);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    part.remove_prefix(std::min(part.find_first_not_of(' '), part.size()));
    if (part == "*") { keyword_only = true; continue; }
    if (part.substr(0, 2) == "**") { binding.takes_keywords = true; continue; }
    if (part.substr(0, 1) == "*") { binding.takes_rest = keyword_only = true; continue; }
    const std::size_t equals = part.find('=');
    binding.parameters.push_back({std::string(part.substr(0, equals)), equals == part.npos, keyword_only});
  }
}

}  // namespace

const BindingTable& BindingTable::instance() {
  static const BindingTable table = [] {
    BindingTable t;
    add_builtins(t);
    add_exceptions(t);
    add_sets(t);
    add_text_methods(t);
    add_container_methods(t);
    add_system_modules(t);
    add_codec_modules(t);
    add_dask(t);
    add_dask_array(t);
    add_dask_array_creation(t);
    add_dask_array_blocks(t);
    add_function_modules(t);
    add_random(t);
    add_numpy(t);
    add_ndarray(t);
    add_xarray(t);
    add_xarray_blocks(t);
    add_labelled(t);
    add_indexing(t);
    add_grouped(t);
    add_unsupported_names(t);
    for (const auto& names : t.by_owner_) {
      for (const auto& [name, binding] : names) t.rows_.push_back(&binding);
    }
    return t;
  }();
  return table;
}

void BindingTable::add(Binding binding) {
  read_signature(binding);
  auto& names = by_owner_[static_cast<std::size_t>(binding.owner)];
  const std::string name = binding.name;
  const bool inserted = names.try_emplace(name, std::move(binding)).second;
  RANKINE_CHECK(inserted, "a name is bound twice");
}
void BindingTable::method(Type owner, const char* name, const char* signature, TypeSet result, Binding::Function f) {
  Binding b{};
  b.owner = owner;
  b.name = name;
  b.signature = signature;
  b.result = result;
  b.function = f;
  add(std::move(b));
}
void BindingTable::property(Type owner, const char* name, TypeSet result, Binding::Function f) {
  Binding b{};
  b.owner = owner;
  b.name = name;
  b.kind = Binding::Kind::property;
  b.result = result;
  b.function = f;
  add(std::move(b));
}

const Binding* BindingTable::find(Type owner, const std::string& name) const {
  const auto& names = by_owner_[static_cast<std::size_t>(owner)];
  const auto found = names.find(name);
  return found == names.end() ? nullptr : &found->second;
}
std::vector<std::string> BindingTable::names(Type owner) const {
  std::vector<std::string> result;
  for (const auto& [name, binding] : by_owner_[static_cast<std::size_t>(owner)]) {
    if (binding.kind != Binding::Kind::unsupported) result.push_back(name);
  }
  return result;
}

std::string no_attribute(Type type, const std::string& name) {
  const auto& table = BindingTable::instance();
  const Binding* row = table.find(type, name);
  const std::string message = "'" + name + "' of " + name_of(type) + " is not supported";
  if (const Replacement* instead = replacement_for(type, name)) return message + words_of(instead);
  // A name that exists elsewhere is no slip of another.
  return row != nullptr || is_known_name(type, name) ? message : message + did_you_mean(name, table.names(type));
}

Arguments match_arguments(const Binding& binding, const Value& self, Values positional, Keywords keywords) {
  Arguments result;
  result.binding = &binding;
  result.self = self;
  result.slots.resize(binding.parameters.size());
  std::size_t next = 0;
  for (Value& value : positional) {
    if (next < binding.parameters.size() && !binding.parameters[next].keyword_only) {
      result.slots[next++] = std::move(value);
    } else if (binding.takes_rest) {
      result.rest.push_back(std::move(value));
    } else {
      throw TypeError(binding.name + "() takes " + std::to_string(next) + " positional argument" +
                       (next == 1 ? "" : "s") + " but " + std::to_string(positional.size()) + " were given");
    }
  }
  for (auto& [name, value] : keywords) {
    std::vector<std::string> known;
    bool matched = false;
    for (std::size_t i = 0; i < binding.parameters.size() && !matched; ++i) {
      known.push_back(binding.parameters[i].name);
      if (binding.parameters[i].name != name) continue;
      if (result.slots[i]) throw TypeError(binding.name + "() got multiple values for argument '" + name + "'");
      result.slots[i] = std::move(value);
      matched = true;
    }
    if (matched) continue;
    if (!binding.takes_keywords)
      throw UnsupportedError("argument '" + name + "' of " + binding.name + "() is not supported" + did_you_mean(name, known));
    result.keywords.emplace_back(name, std::move(value));
  }
  for (std::size_t i = 0; i < binding.parameters.size(); ++i) {
    if (binding.parameters[i].required && !result.slots[i])
      throw TypeError(binding.name + "() missing required argument '" + binding.parameters[i].name + "'");
  }
  return result;
}

}  // namespace rankine::script
