#include "script/scopes.hpp"

#include <functional>

namespace rankine::script {

namespace {

void collect_target(const Expression& target, std::set<std::string>& names) {
  if (const auto* name = target.as<Name>()) names.insert(name->id);
  if (const auto* starred = target.as<Starred>()) collect_target(*starred->value, names);
  if (const auto* tuple = target.as<TupleDisplay>()) {
    for (const auto& e : tuple->elements) collect_target(*e, names);
  }
  if (const auto* list = target.as<ListDisplay>()) {
    for (const auto& e : list->elements) collect_target(*e, names);
  }
}

/// The blocks of a statement that belong to the same scope.
void each_block(const Statement& statement, const std::function<void(const Block&)>& f) {
  const auto& node = statement.node;
  if (const auto* s = std::get_if<For>(&node)) f(s->body), f(s->otherwise);
  else if (const auto* s = std::get_if<While>(&node)) f(s->body), f(s->otherwise);
  else if (const auto* s = std::get_if<If>(&node)) f(s->body), f(s->otherwise);
  else if (const auto* s = std::get_if<With>(&node)) f(s->body);
  else if (const auto* s = std::get_if<Try>(&node)) {
    f(s->body);
    for (const auto& handler : s->handlers) f(handler.body);
    f(s->otherwise), f(s->finally);
  }
}

void collect(const Block& block, std::set<std::string>& names, FunctionScope& outer) {
  for (const auto& statement : block) {
    const auto& node = statement->node;
    names.insert(statement->named.begin(), statement->named.end());
    if (const auto* s = std::get_if<Assign>(&node)) {
      for (const auto& target : s->targets) collect_target(*target, names);
    } else if (const auto* s = std::get_if<AugmentedAssign>(&node)) {
      collect_target(*s->target, names);
    } else if (const auto* s = std::get_if<For>(&node)) {
      collect_target(*s->target, names);
    } else if (const auto* s = std::get_if<With>(&node)) {
      for (const auto& item : s->items) {
        if (item.target) collect_target(*item.target, names);
      }
    } else if (const auto* s = std::get_if<Try>(&node)) {
      for (const auto& handler : s->handlers) {
        if (!handler.name.empty()) names.insert(handler.name);
      }
    } else if (const auto* s = std::get_if<Define>(&node)) {
      names.insert(s->function->name);
    } else if (const auto* s = std::get_if<DefineClass>(&node)) {
      names.insert(s->name);
    } else if (const auto* s = std::get_if<Import>(&node)) {
      names.insert(s->bound_name);
    } else if (const auto* s = std::get_if<ImportFrom>(&node)) {
      names.insert(s->bound_name);
    } else if (const auto* s = std::get_if<Delete>(&node)) {
      for (const auto& target : s->targets) collect_target(*target, names);
    } else if (const auto* s = std::get_if<OuterNames>(&node)) {
      (s->is_global ? outer.globals : outer.nonlocals).insert(s->names.begin(), s->names.end());
    }
    each_block(*statement, [&](const Block& inner) { collect(inner, names, outer); });
  }
}

}  // namespace

FunctionScope scope_of(const FunctionDefinition& definition) {
  FunctionScope scope;
  for (const auto& p : definition.parameters) scope.locals.insert(p.name);
  collect(definition.body, scope.locals, scope);
  for (const auto& name : scope.globals) scope.locals.erase(name);
  for (const auto& name : scope.nonlocals) scope.locals.erase(name);
  return scope;
}

void collect_assigned(const Block& block, std::set<std::string>& names) {
  FunctionScope outer;
  std::set<std::string> assigned;
  collect(block, assigned, outer);
  for (const auto& name : assigned)
    if (!outer.globals.contains(name) && !outer.nonlocals.contains(name)) names.insert(name);
}

void collect_outer_names(const Block& block, std::set<std::string>& names) {
  for (const auto& statement : block) {
    if (const auto* s = std::get_if<OuterNames>(&statement->node)) names.insert(s->names.begin(), s->names.end());
    if (const auto* s = std::get_if<Define>(&statement->node)) collect_outer_names(s->function->body, names);
    if (const auto* s = std::get_if<DefineClass>(&statement->node)) collect_outer_names(s->body, names);
    each_block(*statement, [&](const Block& inner) { collect_outer_names(inner, names); });
  }
}

}  // namespace rankine::script
