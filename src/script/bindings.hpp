#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "script/value.hpp"

namespace rankine::script {

class Interpreter;
struct Binding;

/// A set of types: what the static check knows about an expression.
struct TypeSet {
  std::uint64_t bits = 0;
  constexpr TypeSet() = default;
  constexpr TypeSet(Type type) : bits(std::uint64_t{1} << static_cast<int>(type)) {}
  static constexpr TypeSet any() { TypeSet s; s.bits = ~std::uint64_t{0} >> (64 - static_cast<int>(Type::count_)); return s; }
  constexpr bool contains(Type type) const { return (bits & TypeSet(type).bits) != 0; }
  constexpr bool is_any() const { return bits == any().bits; }
  constexpr bool empty() const { return bits == 0; }
  friend constexpr TypeSet operator|(TypeSet a, TypeSet b) { TypeSet s; s.bits = a.bits | b.bits; return s; }
  bool operator==(const TypeSet&) const = default;
};
inline constexpr TypeSet any = TypeSet::any();
constexpr TypeSet operator|(Type a, Type b) { return TypeSet(a) | TypeSet(b); }

/// Arguments of one call, matched to the binding's parameters.
class Arguments {
 public:
  const Binding* binding = nullptr;
  Value self;
  Values rest;          ///< of *args
  Keywords keywords;    ///< of **kwargs

  /// The argument of the parameter of this name, or null if it was not given.
  const Value* find(std::string_view name) const;
  /// find(), or None.
  Value get(std::string_view name) const;
  bool given(std::string_view name) const;  ///< given and not None

  std::vector<std::optional<Value>> slots;  ///< one a parameter
};

struct BindingParameter {
  std::string name;
  bool required = true;
  bool keyword_only = false;
};

/// One row of the language's table: a name of a type or module. The interpreter, the static check,
/// the suggestions in messages and the table in docs/ all read these rows.
struct Binding {
  enum class Kind : std::uint8_t {
    method,      ///< called; `self` is the object (for modules: unused)
    property,    ///< evaluated when it is read
    unsupported, ///< exists in Python, xarray or NumPy and not here: named so in messages and docs
  };
  using Function = Value (*)(Interpreter&, const Arguments&);
  Type owner;
  std::string name;
  Kind kind = Kind::method;
  /// "dim=None, *, skipna=None, **kwargs": names, "=" where it may be left out, "*" before keyword-only ones.
  std::string signature;
  TypeSet result;
  Function function = nullptr;
  bool result_is_first_argument = false;   ///< ufuncs: the type of the first argument (any if it is unknown)

  // Taken from the signature.
  std::vector<BindingParameter> parameters;
  bool takes_rest = false;
  bool takes_keywords = false;
};

class BindingTable {
 public:
  static const BindingTable& instance();
  const Binding* find(Type owner, const std::string& name) const;
  /// Names of `owner` that are supported.
  std::vector<std::string> names(Type owner) const;
  const std::vector<const Binding*>& rows() const { return rows_; }

  void add(Binding binding);
  void method(Type owner, const char* name, const char* signature, TypeSet result, Binding::Function function);
  void property(Type owner, const char* name, TypeSet result, Binding::Function function);

 private:
  std::vector<const Binding*> rows_;
  std::vector<std::map<std::string, Binding>> by_owner_ =
      std::vector<std::map<std::string, Binding>>(static_cast<std::size_t>(Type::count_));
};

/// Matches arguments to the binding's parameters. Throws UsageError "mean() got an unexpected keyword
/// argument 'foo', did you mean ...".
Arguments match_arguments(const Binding& binding, const Value& self, Values positional, Keywords keywords);
/// The message for an attribute that `type` does not have.
std::string no_attribute(Type type, const std::string& name);

// The parts of the table, each in the file of its name.
void add_builtins(BindingTable& table);
void add_exceptions(BindingTable& table);
void add_sets(BindingTable& table);
void add_text_methods(BindingTable& table);
void add_container_methods(BindingTable& table);
void add_system_modules(BindingTable& table);
void add_dask(BindingTable& table);
void add_dask_array(BindingTable& table);
void add_dask_array_creation(BindingTable& table);
void add_dask_array_blocks(BindingTable& table);
void add_function_modules(BindingTable& table);
void add_random(BindingTable& table);
void add_codec_modules(BindingTable& table);
void add_numpy(BindingTable& table);
void add_ndarray(BindingTable& table);
void add_xarray(BindingTable& table);
void add_xarray_blocks(BindingTable& table);
void add_labelled(BindingTable& table);
void add_indexing(BindingTable& table);
void add_grouped(BindingTable& table);
void add_unsupported_names(BindingTable& table);

}  // namespace rankine::script
