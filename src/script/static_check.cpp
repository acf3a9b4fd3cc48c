#include "script/static_check.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "base/error.hpp"
#include "script/array_memory.hpp"
#include "script/interpreter.hpp"
#include "script/scopes.hpp"
#include "script/plugin_functions.hpp"
#include "script/replacements.hpp"
#include "script/stack_limit.hpp"

namespace rankine::script {

namespace {

constexpr TypeSet numbers = Type::integer | Type::floating | Type::boolean;
constexpr TypeSet plain = numbers | Type::ndarray | Type::text | Type::list | Type::tuple;

/// What is known about an expression: its types, and, if it names a method, the rows it may be.
struct Known {
  TypeSet types = any;
  std::vector<const Binding*> methods;
  std::string plugin = {};   ///< the module, where it is a plugin's
  bool refused = false;      ///< made of what was refused: nothing more is said about it
  bool held = false;         ///< values of a DataArray that a name or container holds: elements that cannot be written
};

const Known refused_value{any, {}, {}, true};

/// Names of one function or of the module.
struct Scope {
  Scope* parent = nullptr;
  std::map<std::string, Known> known;
  std::map<std::string, int> assignments;
  std::set<std::string> names;                                 ///< assigned anywhere in it
  bool is_comprehension = false, is_class = false;
  bool finished = false;  ///< looked at from a function: only names assigned once have a known type
};

class Checker {
 public:
  Checker(const SourceText& source, const ParsedScript& script) : source_(source), script_(script) {}

  CheckReport run() {
    const Block& script = script_.statements;
    Scope module;
    collect_assigned(script, module.names);
    collect_outer_names(script, shared_names_);
    // What a line that could not be read binds may be anything.
    shared_names_.insert(script_.unread_names.begin(), script_.unread_names.end());
    module.names.insert(shared_names_.begin(), shared_names_.end());
    for (const char* name : {"__name__", "__file__"}) {
      module.names.insert(name);
      module.known[name] = {Type::text, {}};
    }
    block(script, module);
    finish(module);
    return report();
  }

 private:
  using Pending = std::vector<std::pair<std::shared_ptr<const FunctionDefinition>, Scope*>>;

  /// Function bodies are checked once all names of the scope around them are known.
  void finish(Scope& scope) {
    scope.finished = true;
    Pending mine;
    std::erase_if(pending_, [&](const auto& entry) {
      if (entry.second != &scope) return false;
      mine.push_back(entry);
      return true;
    });
    for (const auto& [function, parent] : mine) {
      Scope inner;
      inner.parent = parent;
      collect_assigned(function->body, inner.names);
      for (const auto& p : function->parameters) {
        inner.names.insert(p.name);
        inner.known[p.name] = {};
      }
      block(function->body, inner);
      finish(inner);
    }
  }

  // ---- statements

  void block(const Block& statements, Scope& scope) {
    for (const auto& s : statements) statement(*s, scope);
  }
  void branch(const Block& first, const Block& second, Scope& scope) {
    const auto before = scope.known;
    block(first, scope);
    auto after_first = std::move(scope.known);
    scope.known = before;
    block(second, scope);
    for (const auto& [name, known] : after_first) {
      const auto [at, inserted] = scope.known.try_emplace(name, known);
      if (inserted) continue;
      at->second.types = at->second.types | known.types;
      at->second.refused |= known.refused;
      at->second.held &= known.held;
    }
  }
  /// What a loop assigns may already have another type when its body begins again.
  void forget_assigned(const Block& body, Scope& scope) {
    std::set<std::string> names;
    collect_assigned(body, names);
    for (const auto& name : names) {
      const auto found = scope.known.find(name);
      if (found != scope.known.end()) found->second.types = any, found->second.held = false;
    }
  }
  void statement(const Statement& s, Scope& scope) {
    if (stack_.exceeded()) source_.fail(s.span, "the script is nested too deeply");
    std::visit([&](const auto& node) { visit(node, s.span, scope); }, s.node);
  }
  void visit(const ExpressionStatement& n, Span, Scope& scope) { expression(*n.value, scope); }
  void visit(const Assign& n, Span, Scope& scope) {
    const Known value = expression(*n.value, scope);
    for (const auto& target : n.targets) assign(*target, value, scope);
  }
  void visit(const AugmentedAssign& n, Span, Scope& scope) {
    const Known old = expression(*n.target, scope);
    const Known operand = expression(*n.value, scope);
    if (const auto* s = n.target->as<Subscript>()) check_writable(*n.target, expression(*s->object, scope));
    else if (n.target->as<Name>() && !operand.types.contains(Type::data_array)) check_writable(*n.target, old);
    if (n.target->as<Name>()) assign(*n.target, operated(n.op, old, operand), scope);
  }
  void visit(const For& n, Span, Scope& scope) {
    const Known iterable = expression(*n.iterable, scope);
    forget_assigned(n.body, scope);
    assign(*n.target, {element_types(iterable.types), {}, {}, iterable.refused}, scope);
    branch(n.body, {}, scope);
    block(n.otherwise, scope);
  }
  void visit(const While& n, Span, Scope& scope) {
    forget_assigned(n.body, scope);
    expression(*n.condition, scope);
    branch(n.body, {}, scope);
    block(n.otherwise, scope);
  }
  void visit(const If& n, Span, Scope& scope) {
    expression(*n.condition, scope);
    branch(n.body, n.otherwise, scope);
  }
  void visit(const With& n, Span, Scope& scope) {
    for (const auto& item : n.items) {
      const Known value = expression(*item.context, scope);
      if (item.target) assign(*item.target, value, scope);
    }
    block(n.body, scope);
  }
  void visit(const Define& n, Span, Scope& scope) {
    for (const auto& p : n.function->parameters) {
      if (p.default_value) expression(*p.default_value, scope);
    }
    for (const auto& decorator : n.decorators) expression(*decorator, scope);
    set(n.function->name, n.decorators.empty() ? Known{Type::function, {}} : Known{}, scope);
    // Methods do not see the names of their class body.
    pending_.emplace_back(n.function, scope.is_class ? scope.parent : &scope);
  }
  void visit(const DefineClass& n, Span, Scope& scope) {
    has_classes_ = true;
    Scope inner;
    inner.parent = &scope;
    inner.is_class = true;
    collect_assigned(n.body, inner.names);
    block(n.body, inner);
    set(n.name, {}, scope);
  }
  void visit(const Return& n, Span, Scope& scope) { if (n.value) expression(*n.value, scope); }
  void visit(const Break&, Span, Scope&) {}
  void visit(const Continue&, Span, Scope&) {}
  void visit(const Pass&, Span, Scope&) {}
  void visit(const Import& n, Span, Scope& scope) {
    const auto module = module_named(n.has_alias ? n.module : n.bound_name);
    if (!module || !module_named(n.module)) {
      if (lenient_imports_ > 0) return set(n.bound_name, {}, scope);
      const Replacement* instead = replacement_for_module(n.module);
      return set(n.bound_name, refuse(n.module_span, no_module(n.module), instead), scope);
    }
    note_module(*module);
    set(n.bound_name, {*module, {}, *module == Type::plugin ? n.module : ""}, scope);
  }
  void visit(const ImportFrom& n, Span, Scope& scope) {
    if (n.module == "__future__") return set(n.bound_name, {}, scope);
    if (const auto module = module_named(n.module + "." + n.name)) return set(n.bound_name, {*module, {}}, scope);
    const auto module = module_named(n.module);
    if (!module) {
      if (lenient_imports_ > 0) return set(n.bound_name, {}, scope);
      const Replacement* instead = replacement_for_module(n.module);
      return set(n.bound_name, refuse(n.module_span, no_module(n.module), instead), scope);
    }
    note_module(*module);
    if (*module == Type::plugin) return set(n.bound_name, plugin_attribute(n.module, n.name, n.name_span), scope);
    set(n.bound_name, attribute_of(*module, n.name, n.name_span, true), scope);
  }
  void visit(const Assert& n, Span, Scope& scope) {
    expression(*n.condition, scope);
    if (n.message) expression(*n.message, scope);
  }
  void visit(const Raise& n, Span, Scope& scope) {
    if (n.value) expression(*n.value, scope);
    if (n.cause) expression(*n.cause, scope);
  }
  void visit(const Try& n, Span, Scope& scope) {
    // `try: import x` with a handler for its lack is how Python asks what there is.
    const int before = lenient_imports_;
    for (const auto& handler : n.handlers) lenient_imports_ += catches_import_error(handler.type) ? 1 : 0;
    block(n.body, scope);
    lenient_imports_ = before;
    forget_assigned(n.body, scope);  // any of it may not have happened
    for (const auto& handler : n.handlers) {
      if (handler.type) expression(*handler.type, scope);
      if (!handler.name.empty()) set(handler.name, {Type::exception, {}}, scope);
      branch(handler.body, {}, scope);
    }
    branch(n.otherwise, {}, scope);
    block(n.finally, scope);
  }
  static bool catches_import_error(const ExpressionPtr& type) {
    if (!type) return true;
    if (const auto* tuple = type->as<TupleDisplay>())
      return std::any_of(tuple->elements.begin(), tuple->elements.end(), catches_import_error);
    const auto* name = type->as<Name>();
    return name != nullptr && is_subclass("ModuleNotFoundError", name->id);
  }
  void visit(const OuterNames&, Span, Scope&) {}
  void visit(const Delete& n, Span, Scope& scope) {
    for (const auto& target : n.targets) expression(*target, scope);
  }

  void set(const std::string& name, const Known& value, Scope& scope) {
    scope.known[name] = value;
    ++scope.assignments[name];
    scope.names.insert(name);
  }
  void assign(const Expression& target, const Known& value, Scope& scope) {
    const auto each = [&](const std::vector<ExpressionPtr>& targets) {
      for (const auto& t : targets) {
        if (const auto* starred = t->as<Starred>()) assign(*starred->value, {Type::list, {}}, scope);
        else assign(*t, {any, {}, {}, value.refused}, scope);
      }
    };
    if (const auto* name = target.as<Name>()) set(name->id, value, scope);
    else if (const auto* tuple = target.as<TupleDisplay>()) each(tuple->elements);
    else if (const auto* list = target.as<ListDisplay>()) each(list->elements);
    else if (const auto* a = target.as<Attribute>()) assign_attribute(*a, scope);
    else if (const auto* s = target.as<Subscript>()) {
      check_writable(target, expression(*s->object, scope));
      expression(*s->index, scope);
    }
  }
  /// A target that is written into.
  void check_writable(const Expression& target, const Known& array) {
    if (array.held) refuse(target.span, held_by_data_array);
  }
  /// Whether what the expression gives is there afterwards, too: x, ds.x, ds["x"].
  static bool is_kept(const Expression& e) {
    if (e.as<Name>()) return true;
    if (const auto* a = e.as<Attribute>()) return is_kept(*a->object);
    if (const auto* s = e.as<Subscript>()) return is_kept(*s->object);
    return false;
  }
  void assign_attribute(const Attribute& a, Scope& scope) {
    const TypeSet types = expression(*a.object, scope).types;
    if (types.is_any()) return;
    if (types.contains(Type::data_array)) return;  // attrs, encoding, name or a coordinate
    if (types.contains(Type::dataset) && (a.name == "attrs" || a.name == "encoding")) return;
    refuse(a.name_span, "assigning to '" + a.name + "' of " + name_of(first_of(types)) + " is not supported");
  }

  // ---- expressions

  static Type first_of(TypeSet types) {
    for (int i = 0; i < static_cast<int>(Type::count_); ++i) {
      if (types.contains(static_cast<Type>(i))) return static_cast<Type>(i);
    }
    return Type::none;
  }

  Known expression(const Expression& e, Scope& scope) {
    if (stack_.exceeded()) source_.fail(e.span, "expression is nested too deeply");
    return std::visit([&](const auto& node) { return look(node, e, scope); }, e.node);
  }
  Known look(const Name& n, const Expression& e, Scope& scope) {
    if (shared_names_.contains(n.id)) return {};
    for (Scope* s = &scope; s != nullptr; s = s->parent) {
      const auto found = s->known.find(n.id);
      if (found != s->known.end()) {
        if (s->finished && s->assignments[n.id] != 1) return {any, {}, {}, found->second.refused};
        return found->second;
      }
      if (s->names.contains(n.id)) return {};
    }
    const auto& table = BindingTable::instance();
    if (const Binding* row = table.find(Type::builtins, n.id)) {
      if (row->kind == Binding::Kind::unsupported)
        return refuse(e.span, "'" + n.id + "' is not supported", replacement_for(Type::builtins, n.id));
      if (const Binding* type = table.find(Type::builtins, "type " + n.id)) return {Type::type_object, {type}};
      return row->kind == Binding::Kind::method ? Known{Type::function, {row}} : Known{row->result, {}};
    }
    if (script_.may_bind_anything) return {};
    std::vector<std::string> known = table.names(Type::builtins);
    for (Scope* s = &scope; s != nullptr; s = s->parent) known.insert(known.end(), s->names.begin(), s->names.end());
    return refuse(e.span, "name '" + n.id + "' is not defined" + did_you_mean(n.id, known));
  }
  Known look(const NoneLiteral&, const Expression&, Scope&) { return {Type::none, {}}; }
  Known look(const EllipsisLiteral&, const Expression&, Scope&) { return {Type::ellipsis, {}}; }
  Known look(const Constant& n, const Expression&, Scope&) {
    constexpr Type types[] = {Type::boolean, Type::integer, Type::floating, Type::text};
    return {types[n.value.index()], {}};
  }
  void parts(const std::vector<FormatPart>& all, Scope& scope) {
    for (const auto& part : all) {
      if (part.value) expression(*part.value, scope);
      parts(part.format, scope);
    }
  }
  Known look(const FormattedString& n, const Expression&, Scope& scope) {
    parts(n.parts, scope);
    return {Type::text, {}};
  }
  Known look(const ListDisplay& n, const Expression&, Scope& scope) {
    for (const auto& x : n.elements) expression(*x, scope);
    return {Type::list, {}};
  }
  Known look(const TupleDisplay& n, const Expression&, Scope& scope) {
    for (const auto& x : n.elements) expression(*x, scope);
    return {Type::tuple, {}};
  }
  Known look(const SetDisplay& n, const Expression&, Scope& scope) {
    for (const auto& x : n.elements) expression(*x, scope);
    return {Type::set, {}};
  }
  Known look(const DictDisplay& n, const Expression&, Scope& scope) {
    for (const auto& [key, value] : n.entries) {
      if (key) expression(*key, scope);
      expression(*value, scope);
    }
    return {Type::dict, {}};
  }
  Known look(const Starred& n, const Expression&, Scope& scope) { return expression(*n.value, scope); }
  Known look(const NamedExpression& n, const Expression&, Scope& scope) {
    const Known value = expression(*n.value, scope);
    Scope* home = &scope;
    while (home->is_comprehension) home = home->parent;
    set(n.name, {}, *home);
    return value;
  }
  Known look(const Unary& n, const Expression&, Scope& scope) {
    const Known operand = expression(*n.operand, scope);
    return {n.op == UnaryOp::logical_not ? TypeSet(Type::boolean) : operand.types, {}, {}, operand.refused};
  }
  Known look(const Binary& n, const Expression&, Scope& scope) {
    const Known left = expression(*n.left, scope);
    return operated(n.op, left, expression(*n.right, scope));
  }
  Known look(const Logical& n, const Expression&, Scope& scope) {
    return either(expression(*n.left, scope), expression(*n.right, scope));
  }
  Known look(const Comparison& n, const Expression&, Scope& scope) {
    const Known first = expression(*n.first, scope);
    TypeSet left = first.types;
    bool refused = first.refused;
    TypeSet result = Type::boolean;
    for (const auto& link : n.links) {
      const Known operand = expression(*link.operand, scope);
      const TypeSet right = operand.types;
      refused |= operand.refused;
      if (link.op < CompareOp::in) {
        const TypeSet arrays = result_of_operator(BinaryOp::subtract, left, right);
        if (arrays.is_any() || arrays.contains(Type::data_array) || arrays.contains(Type::dataset) || arrays.contains(Type::ndarray))
          result = result | arrays;
      }
      left = right;
    }
    if (n.links.size() == 1 && (result.contains(Type::data_array) != result.contains(Type::dataset)) && !result.is_any())
      result = result.contains(Type::data_array) ? Type::data_array : Type::dataset;
    return {result, {}, {}, refused};
  }
  Known look(const Conditional& n, const Expression&, Scope& scope) {
    expression(*n.condition, scope);
    const Known then = expression(*n.then, scope);
    return either(then, expression(*n.otherwise, scope));
  }
  Known look(const Attribute& n, const Expression&, Scope& scope) {
    const Known owner = expression(*n.object, scope);
    if (owner.refused) return refused_value;
    if (!owner.plugin.empty()) return plugin_attribute(owner.plugin, n.name, n.name_span);
    Known known = attribute_of(owner.types, n.name, n.name_span, false);
    known.held = owner.types == Type::data_array && (n.name == "values" || n.name == "data") && is_kept(*n.object);
    return known;
  }
  Known look(const Subscript& n, const Expression&, Scope& scope) {
    const Known owner = expression(*n.object, scope);
    const TypeSet object = owner.types;
    const TypeSet index = expression(*n.index, scope).types;
    if (owner.refused) return refused_value;
    if (object == Type::data_array || object == Type::coordinates) return {Type::data_array, {}};
    if (object == Type::text) return {Type::text, {}};
    if (object == Type::dataset) {
      if (index == Type::text) return {Type::data_array, {}};
      if (index == Type::list || index == Type::dict) return {Type::dataset, {}};
      return {Type::data_array | Type::dataset, {}};
    }
    return {};
  }
  Known look(const SliceDisplay& n, const Expression&, Scope& scope) {
    for (const auto* part : {&n.start, &n.stop, &n.step}) {
      if (*part) expression(**part, scope);
    }
    return {Type::slice, {}};
  }
  Known look(const Lambda& n, const Expression&, Scope& scope) {
    Scope inner;
    inner.parent = &scope;
    for (const auto& p : n.function->parameters) {
      if (p.default_value) expression(*p.default_value, scope);
      inner.known[p.name] = {};
      inner.names.insert(p.name);
    }
    expression(*n.function->expression, inner);
    return {Type::function, {}};
  }
  Known look(const Comprehension& n, const Expression&, Scope& scope) {
    Scope inner;
    inner.parent = &scope;
    inner.is_comprehension = true;
    for (const auto& clause : n.clauses) {
      const Known iterable = expression(*clause.iterable, inner);
      assign(*clause.target, {element_types(iterable.types), {}, {}, iterable.refused}, inner);
      for (const auto& condition : clause.conditions) expression(*condition, inner);
    }
    expression(*n.element, inner);
    if (n.value) expression(*n.value, inner);
    constexpr Type types[] = {Type::list, Type::set, Type::dict, Type::iterator};
    return {types[static_cast<int>(n.kind)], {}};
  }
  Known look(const Call& n, const Expression& e, Scope& scope) {
    Known callee;
    const auto* attribute = n.callee->as<Attribute>();
    if (attribute != nullptr)
      callee = method_of(*attribute, scope);
    else callee = expression(*n.callee, scope);
    TypeSet first = any;
    for (std::size_t i = 0; i < n.arguments.size(); ++i) {
      const TypeSet types = expression(*n.arguments[i].value, scope).types;
      if (i == 0 && n.arguments[i].kind == Argument::Kind::positional) first = types;
    }
    const Span place = attribute != nullptr ? attribute->name_span : e.span;
    calls_.insert({place.begin, e.span.end});
    if (callee.refused) {
      refused_calls_.insert({place.begin, e.span.end});
      return refused_value;
    }
    if (callee.methods.empty()) return {};
    if (!check_arguments(callee.methods, n, place)) refused_calls_.insert({place.begin, e.span.end});
    // A method of a value of unknown type may be that of a Delayed, where the script makes any.
    if (uses_dask_ && callee.types.is_any()) return {};
    TypeSet result;
    for (const Binding* method : callee.methods)
      result = result | (method->result_is_first_argument ? ufunc_result(first) : method->result);
    return {result, {}};
  }

  static TypeSet ufunc_result(TypeSet argument) {
    if (argument == Type::data_array || argument == Type::dataset) return argument;
    return any;
  }

  /// Whether the arguments fit at least one of the rows; the message is that of the nearest.
  bool check_arguments(const std::vector<const Binding*>& methods, const Call& call, Span place) {
    std::size_t positional = 0;
    bool spread = false, spread_keywords = false;
    for (const auto& argument : call.arguments) {
      positional += argument.kind == Argument::Kind::positional ? 1 : 0;
      spread |= argument.kind == Argument::Kind::star;
      spread_keywords |= argument.kind == Argument::Kind::double_star;
    }
    std::pair<Span, std::string> finding;
    for (const Binding* method : methods) {
      const auto wrong = mismatch(*method, call, place, positional, spread, spread_keywords);
      if (wrong.second.empty()) return true;
      finding = wrong;
    }
    refuse(finding.first, finding.second);
    return false;
  }
  static std::pair<Span, std::string> mismatch(const Binding& method, const Call& call, Span place, std::size_t positional,
                                               bool spread, bool spread_keywords) {
    std::vector<std::string> known;
    std::size_t allowed = 0;
    for (const auto& p : method.parameters) {
      known.push_back(p.name);
      allowed += p.keyword_only ? 0 : 1;
    }
    std::string name = method.name.starts_with("type ") ? method.name.substr(5) : method.name;
    std::set<std::string> given;
    for (const auto& argument : call.arguments) {
      if (argument.kind != Argument::Kind::keyword) continue;
      given.insert(argument.name);
      if (!method.takes_keywords && std::find(known.begin(), known.end(), argument.name) == known.end())
        return {argument.span, "argument '" + argument.name + "' of " + name + "() is not supported" + did_you_mean(argument.name, known)};
    }
    if (positional > allowed && !method.takes_rest)
      return {place, name + "() takes " + std::to_string(allowed) + " positional argument" + (allowed == 1 ? "" : "s") + " but " +
                         std::to_string(positional) + " were given"};
    if (spread || spread_keywords) return {};
    for (std::size_t i = 0; i < method.parameters.size(); ++i) {
      const auto& p = method.parameters[i];
      if (p.required && !given.contains(p.name) && (p.keyword_only || i >= positional))
        return {place, name + "() missing required argument '" + p.name + "'"};
    }
    return {};
  }

  Known method_of(const Attribute& method, Scope& scope) {
    const Known owner = expression(*method.object, scope);
    if (owner.refused) return refused_value;
    if (!owner.plugin.empty()) return plugin_attribute(owner.plugin, method.name, method.name_span);
    const TypeSet types = owner.types;
    const auto& table = BindingTable::instance();
    const bool text_method = table.find(Type::text, method.name) != nullptr;
    if (types == Type::data_array && text_method && table.find(Type::data_array, method.name) == nullptr &&
        may_be_file_attribute(*method.object, scope))
      return {any, {}};
    return attribute_of(types, method.name, method.name_span, true);
  }

  /// da.units: of a name that is nobody's method only the open file tells whether it is a coordinate or a text.
  bool may_be_file_attribute(const Expression& e, Scope& scope) {
    const auto* attribute = e.as<Attribute>();
    if (attribute == nullptr) return false;
    const TypeSet owner = expression(*attribute->object, scope).types;
    if (owner != Type::data_array && owner != Type::dataset) return false;
    return BindingTable::instance().find(first_of(owner), attribute->name) == nullptr;
  }

  void note_module(Type module) {
    uses_dask_ |= module == Type::dask || module == Type::dask_distributed || module == Type::dask_array_module;
  }

  Known plugin_attribute(const std::string& module, const std::string& name, Span place) {
    if (!has_plugin_function(module, name)) return refuse(place, no_plugin_function(module, name));
    return {Type::function, {}};
  }

  Known attribute_of(TypeSet types, const std::string& name, Span place, bool called) {
    // An object of a class of the script may have any attribute.
    if (has_classes_ && types.is_any()) return {};
    const auto& table = BindingTable::instance();
    Known result;
    result.types = TypeSet();
    bool found = false;
    if (types == Type::type_object) {  // str.lower
      for (const Type builtin : {Type::text, Type::list, Type::dict, Type::set}) {
        const Binding* row = table.find(builtin, name);
        if (row != nullptr && row->kind == Binding::Kind::method) return {Type::function, {}};
      }
    }
    for (int i = 0; i < static_cast<int>(Type::count_); ++i) {
      const Type type = static_cast<Type>(i);
      if (!types.contains(type)) continue;
      const Binding* row = table.find(type, name);
      if (row == nullptr) {
        // A variable of a dataset or a coordinate: known when the file is open, and never called.
        if ((type != Type::dataset && type != Type::data_array) || called) continue;
        result.types = result.types | Type::data_array;
        found = true;
      } else if (row->kind == Binding::Kind::method) {
        result.types = result.types | Type::function;
        result.methods.push_back(row);
        found = true;
      } else if (row->kind == Binding::Kind::property) {
        result.types = result.types | row->result;
        found = true;
      }
    }
    if (!found) {
      if (!types.is_any()) return refuse(place, no_attribute(first_of(types), name), replacement_for(first_of(types), name));
      return refuse(place, no_method(name), replacement_for_method(name));
    }
    // Of an unknown type anything may come out, whatever the rows say.
    if (types.is_any()) result.types = any;
    return result;
  }

  static TypeSet element_types(TypeSet iterable) {
    if (iterable == Type::range) return Type::integer;
    if (iterable == Type::text || iterable == Type::dataset || iterable == Type::coordinates) return Type::text;
    if (iterable == Type::data_array) return Type::data_array;
    return any;
  }
  static bool only(TypeSet types, TypeSet allowed) { return !types.empty() && (types | allowed) == allowed; }
  static Known either(const Known& a, const Known& b) { return {a.types | b.types, {}, {}, a.refused || b.refused}; }
  static Known operated(BinaryOp op, const Known& left, const Known& right) {
    return {result_of_operator(op, left.types, right.types), {}, {}, left.refused || right.refused};
  }
  static TypeSet result_of_operator(BinaryOp op, TypeSet left, TypeSet right) {
    if (left == Type::text && (op == BinaryOp::modulo || op == BinaryOp::add)) return Type::text;
    if (only(left, numbers) && only(right, numbers)) return numbers;
    for (const auto& [a, b] : {std::pair(left, right), std::pair(right, left)}) {
      if (a == Type::data_array && only(b, plain | Type::data_array)) return Type::data_array;
      if (a == Type::dataset && only(b, plain | Type::data_array | Type::dataset)) return Type::dataset;
      if (a == Type::data_array_groupby && (b == Type::data_array || b == Type::dataset)) return b;
      if (a == Type::dataset_groupby && only(b, Type::data_array | Type::dataset)) return Type::dataset;
    }
    return any;
  }

  // ---- findings

  Known refuse(Span place, const std::string& message, const Replacement* instead = nullptr) {
    refusals_.push_back(make_refusal(source_, place, message, instead));
    return refused_value;
  }
  /// The message for an attribute that no type has: of methods and attributes, not of functions of modules.
  static std::string no_method(const std::string& name) {
    const std::string message = "'" + name + "' is not supported";
    std::vector<std::string> known;
    for (const Binding* row : BindingTable::instance().rows()) {
      if (row->owner >= Type::builtins) continue;
      if (row->kind != Binding::Kind::unsupported) known.push_back(row->name);
      else if (row->name == name) return message + words_of(replacement_for_method(name));
    }
    return message + did_you_mean(name, known);
  }
  CheckReport report() {
    CheckReport result;
    result.refusals = script_.problems;
    result.refusals.insert(result.refusals.end(), refusals_.begin(), refusals_.end());
    for (const auto& [begin, end] : calls_) result.calls.push_back({source_.place(begin).line, source_.place(begin).column, !refused_calls_.contains({begin, end})});
    sort_refusals(result);
    return result;
  }

  const SourceText& source_;
  const ParsedScript& script_;
  StackLimit stack_;
  std::vector<Refusal> refusals_;
  std::set<std::pair<std::uint32_t, std::uint32_t>> calls_, refused_calls_;  ///< from the name that is called to the end
  Pending pending_;
  std::set<std::string> shared_names_;  ///< assigned by functions that declare them global or nonlocal: known in no place
  int lenient_imports_ = 0;
  bool has_classes_ = false;
  bool uses_dask_ = false;   ///< modules of Dask have been imported
};

}  // namespace

CheckReport check(const SourceText& source, const ParsedScript& script) { return Checker(source, script).run(); }

}  // namespace rankine::script
