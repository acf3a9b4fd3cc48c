#include "script/captured_names.hpp"

#include <functional>

#include "script/scopes.hpp"

namespace rankine::script {

namespace {

/// Visits every expression and every function of a tree, each by a callback that says how to go on.
class Walker {
 public:
  std::function<void(const Name&)> on_name = [](const Name&) {};
  /// What to do with a function inside; its default values are visited in any case.
  std::function<void(const std::shared_ptr<FunctionDefinition>&)> on_function = [](const auto&) {};
  /// Comprehensions have a scope of their own.
  std::function<void(const Comprehension&)> on_comprehension;

  void block(const Block& statements) {
    for (const auto& s : statements) statement(*s);
  }
  void statement(const Statement& s) {
    std::visit([this](const auto& node) { visit(node); }, s.node);
  }
  void expression(const ExpressionPtr& e) {
    if (e) std::visit([this](const auto& node) { visit(node); }, e->node);
  }
  void function(const std::shared_ptr<FunctionDefinition>& f) {
    for (const auto& p : f->parameters) expression(p.default_value);
    on_function(f);
  }
  void parts_of(const Comprehension& n) {
    for (const auto& clause : n.clauses) {
      expression(clause.target);
      expression(clause.iterable);
      all(clause.conditions);
    }
    expression(n.element);
    expression(n.value);
  }

 private:
  void all(const std::vector<ExpressionPtr>& list) {
    for (const auto& e : list) expression(e);
  }
  void visit(const ExpressionStatement& n) { expression(n.value); }
  void visit(const Assign& n) { all(n.targets); expression(n.value); }
  void visit(const AugmentedAssign& n) { expression(n.target); expression(n.value); }
  void visit(const For& n) { expression(n.target); expression(n.iterable); block(n.body); block(n.otherwise); }
  void visit(const While& n) { expression(n.condition); block(n.body); block(n.otherwise); }
  void visit(const If& n) { expression(n.condition); block(n.body); block(n.otherwise); }
  void visit(const With& n) {
    for (const auto& item : n.items) {
      expression(item.context);
      expression(item.target);
    }
    block(n.body);
  }
  void visit(const Define& n) { all(n.decorators); function(n.function); }
  void visit(const DefineClass& n) { block(n.body); }
  void visit(const Return& n) { expression(n.value); }
  void visit(const Break&) {}
  void visit(const Continue&) {}
  void visit(const Pass&) {}
  void visit(const Import&) {}
  void visit(const ImportFrom&) {}
  void visit(const Assert& n) { expression(n.condition); expression(n.message); }
  void visit(const Raise& n) { expression(n.value); expression(n.cause); }
  void visit(const Try& n) {
    block(n.body);
    for (const auto& handler : n.handlers) {
      expression(handler.type);
      block(handler.body);
    }
    block(n.otherwise);
    block(n.finally);
  }
  void visit(const OuterNames&) {}
  void visit(const Delete& n) { all(n.targets); }

  void visit(const Name& n) { on_name(n); }
  void visit(const NoneLiteral&) {}
  void visit(const EllipsisLiteral&) {}
  void visit(const Constant&) {}
  void parts(const std::vector<FormatPart>& list) {
    for (const auto& part : list) {
      expression(part.value);
      parts(part.format);
    }
  }
  void visit(const FormattedString& n) { parts(n.parts); }
  void visit(const ListDisplay& n) { all(n.elements); }
  void visit(const TupleDisplay& n) { all(n.elements); }
  void visit(const SetDisplay& n) { all(n.elements); }
  void visit(const DictDisplay& n) {
    for (const auto& [key, value] : n.entries) {
      expression(key);
      expression(value);
    }
  }
  void visit(const Starred& n) { expression(n.value); }
  void visit(const Unary& n) { expression(n.operand); }
  void visit(const Binary& n) { expression(n.left); expression(n.right); }
  void visit(const Logical& n) { expression(n.left); expression(n.right); }
  void visit(const Comparison& n) {
    expression(n.first);
    for (const auto& link : n.links) expression(link.operand);
  }
  void visit(const Conditional& n) { expression(n.condition); expression(n.then); expression(n.otherwise); }
  void visit(const Call& n) {
    expression(n.callee);
    for (const auto& argument : n.arguments) expression(argument.value);
  }
  void visit(const Attribute& n) { expression(n.object); }
  void visit(const Subscript& n) { expression(n.object); expression(n.index); }
  void visit(const SliceDisplay& n) { expression(n.start); expression(n.stop); expression(n.step); }
  void visit(const Lambda& n) { function(n.function); }
  void visit(const NamedExpression& n) { expression(n.value); }
  void visit(const Comprehension& n) {
    if (on_comprehension) on_comprehension(n);
    else parts_of(n);
  }
};

void collect_targets(const ExpressionPtr& target, std::set<std::string>& names) {
  Walker walker;
  walker.on_name = [&](const Name& n) { names.insert(n.id); };
  walker.expression(target);
}

std::set<std::string> without(std::set<std::string> names, const std::set<std::string>& bound) {
  std::erase_if(names, [&](const std::string& name) { return bound.contains(name); });
  return names;
}

/// Names used below `walk` that nothing there binds.
std::set<std::string> free_names(const std::function<void(Walker&)>& walk, const std::set<std::string>& bound) {
  std::set<std::string> used;
  Walker walker;
  walker.on_name = [&](const Name& n) { used.insert(n.id); };
  walker.on_function = [&](const auto& f) { used.merge(captured_names(*f)); };
  walker.on_comprehension = [&](const Comprehension& n) {
    std::set<std::string> inner;
    for (const auto& clause : n.clauses) collect_targets(clause.target, inner);
    used.merge(free_names([&](Walker& w) { w.parts_of(n); }, inner));
  };
  walk(walker);
  return without(std::move(used), bound);
}

}  // namespace

std::set<std::string> captured_names(const FunctionDefinition& function) {
  std::set<std::string> bound;
  for (const auto& p : function.parameters) bound.insert(p.name);
  collect_assigned(function.body, bound);
  return free_names(
      [&](Walker& walker) {
        walker.block(function.body);
        walker.expression(function.expression);
      },
      bound);
}

std::shared_ptr<const FunctionDefinition> definition_at(const Block& script, Span span) {
  std::shared_ptr<const FunctionDefinition> found;
  Walker walker;
  walker.on_function = [&](const std::shared_ptr<FunctionDefinition>& f) {
    if (f->span.begin == span.begin && f->span.end == span.end) found = f;
    walker.block(f->body);
    walker.expression(f->expression);
  };
  walker.block(script);
  return found;
}

}  // namespace rankine::script
