#pragma once
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

#include "script/ast.hpp"
#include "script/bindings.hpp"
#include "script/host.hpp"
#include "script/python_error.hpp"
#include "script/scopes.hpp"
#include "script/stack_limit.hpp"
#include "script/value.hpp"

namespace rankine::script {

/// Variables of one module, call or comprehension.
struct Environment {
  std::unordered_map<std::string, Value> variables;
  std::shared_ptr<Environment> parent;
  const FunctionScope* scope = nullptr;           ///< of a function; null for modules and comprehensions
};

struct FunctionObject : Object {
  static constexpr Type static_type = Type::function;
  Type type() const override { return static_type; }
  // A function of the script ...
  std::shared_ptr<const FunctionDefinition> definition;
  std::vector<Value> defaults;                    ///< one a parameter; None where it has no default
  std::shared_ptr<Environment> closure;
  // ... or one of the table, bound to its object.
  const Binding* binding = nullptr;
  Value self;
  std::string kernel;                             ///< or a plugin's: "heat.step"
  bool unbound = false;                           ///< str.lower: the object is the first argument
  // ... or a class of the script, or what calls a method of it with its object, `self`, first.
  std::shared_ptr<struct ScriptClass> script_class;
  Value bound_callee;
  std::string method_name;
};

class CallGraph;
class DryRun;
struct RandomState;

/// Walks the tree. One interpreter runs one script once.
class Interpreter {
 public:
  Interpreter(const SourceText& source, Host& host);
  ~Interpreter();
  Interpreter(const Interpreter&) = delete;
  Interpreter& operator=(const Interpreter&) = delete;

  /// Runs the whole script; errors without a place get the place of what was being evaluated.
  void run(const Block& script);

  /// Runs it as far as it goes without a value that would have to be computed: dry_run.hpp.
  void run_dry(const Block& script, DryRun& dry_run);
  /// What a name means in a scope, or null; for a dry run, which evaluates nothing.
  const Value* look_up(const std::string& name, const std::shared_ptr<Environment>& env) const;
  void bind_for_dry_run(const std::string& name, Value value, const std::shared_ptr<Environment>& env) { bind(name, std::move(value), env); }
  Span place() const { return place_; }
  /// Of the error that has just left a run.
  Span place_of_error() const { return trace_.empty() ? place_ : trace_.front().place; }

  /// Functions of `script` are called, not its statements: for a rank that works.
  void set_script(const Block& script) { script_ = &script; }
  /// Calls `task`; errors without a place get the place of what was being evaluated. `raised`: the exception that it was,
  /// where it was one.
  Value run_task(const std::function<Value()>& task, ExceptionPtr* raised = nullptr);
  /// Throws the error that has just left a run as the script's, with the calls that it passed through: a ScriptError where it is
  /// the script's fault.
  void fail_with(const Error& error, ExceptionPtr* raised = nullptr);

  Host& host() { return host_; }
  const SourceText& source() const { return source_; }
  const Block* script() const { return script_; }
  /// The run's custom graph; one call after the other where the host has none.
  CallGraph& calls();
  /// Numbers for the keys of delayed calls.
  std::uint64_t next_key() { return ++last_key_; }
  /// For what a function from another rank captures; emptied with this interpreter.
  std::shared_ptr<Environment> make_environment() { return new_environment(nullptr, nullptr); }
  /// The state of Python's module `random` and of numpy.random.
  std::shared_ptr<RandomState> random;
  std::shared_ptr<RandomState> numpy_random;
  Value call(const Value& callee, Values positional, Keywords keywords = {});
  /// `object.name`.
  Value attribute(const Value& object, const std::string& name);
  std::optional<std::uint64_t> dask_random_seed;  ///< of da.random, where it was seeded
  std::optional<bool> keep_attrs;                 ///< xr.set_options(keep_attrs=...); absent: each operation's own default
  bool noted_client = false;
  Value annotations;                              ///< dask.annotate(priority=5): what calls that are written now are given
  /// Held until the script ends: fire_and_forget.
  Values kept;
  /// Results of calls that may be shared: a pure function is called once with the same arguments.
  std::unordered_map<std::string, std::weak_ptr<Object>> pure_calls;
  /// Throws RecursionError where the machine stack is nearly used up, what ends the run, and what count() throws.
  void check_stack();
  /// Called wherever a script can make work without end: now and then it looks whether the run is to end, and whether
  /// the script may have the memory that such work takes.
  void count() {
    if (++counted_ % counted_at_once == 0) look_around();
  }
  /// An error has been dealt with: the next one passes through other calls.
  void forget_trace() { trace_.clear(); }

 private:
  enum class Flow : std::uint8_t { normal, break_, continue_, return_ };
  Flow execute(const Block& block, const std::shared_ptr<Environment>& env);
  Flow execute(const Statement& statement, const std::shared_ptr<Environment>& env);
  Flow execute_dry(const Statement& statement, const std::shared_ptr<Environment>& env);
  Flow execute_for(const For& node, const std::shared_ptr<Environment>& env);
  Flow execute_while(const While& node, const std::shared_ptr<Environment>& env);
  Flow execute_with(const With& node, const std::shared_ptr<Environment>& env);
  Flow execute_try(const Try& node, const std::shared_ptr<Environment>& env);
  Flow handle(const Try& node, const ExceptionPtr& exception, const std::shared_ptr<Environment>& env, bool& handled);
  bool matches(const Value& type, const ExceptionObject& exception) const;
  void execute_class(const DefineClass& node, Span span, const std::shared_ptr<Environment>& env);
  Value decorated(const Define& node, const std::shared_ptr<Environment>& env, const std::shared_ptr<Environment>& closure);
  void execute_define(const Define& node, const std::shared_ptr<Environment>& env);
  void execute_import(const Import& node, const std::shared_ptr<Environment>& env);
  void execute_import_from(const ImportFrom& node, const std::shared_ptr<Environment>& env);
  void execute_raise(const Raise& node, Span span, const std::shared_ptr<Environment>& env);
  void execute_assert(const Assert& node, Span span, const std::shared_ptr<Environment>& env);
  void execute_delete(const Expression& target, const std::shared_ptr<Environment>& env);
  void execute_augmented(const AugmentedAssign& node, const std::shared_ptr<Environment>& env);

  Value evaluate(const Expression& e, const std::shared_ptr<Environment>& env);
  Value evaluate_dry(const Expression& e, const std::shared_ptr<Environment>& env);
  Value evaluate_name(const Expression& e, const Name& node, const std::shared_ptr<Environment>& env);
  Value evaluate_comparison(const Comparison& node, const std::shared_ptr<Environment>& env);
  Value evaluate_call(const Expression& e, const Call& node, const std::shared_ptr<Environment>& env);
  Value evaluate_dict(const DictDisplay& node, const std::shared_ptr<Environment>& env);
  Value evaluate_slice(const SliceDisplay& node, const std::shared_ptr<Environment>& env);
  Value evaluate_comprehension(const Comprehension& node, const std::shared_ptr<Environment>& env);
  void comprehend(const Comprehension& node, std::size_t clause, const Value& iterable, const std::shared_ptr<Environment>& env,
                  Values& list, DictObject* dict);
  Values evaluate_elements(const std::vector<ExpressionPtr>& elements, const std::shared_ptr<Environment>& env);
  std::string evaluate_format(const std::vector<FormatPart>& parts, const std::shared_ptr<Environment>& env);
  Value make_function(const std::shared_ptr<const FunctionDefinition>& definition, const std::shared_ptr<Environment>& env);
  Value call_script_function(const FunctionObject& function, Values positional, Keywords keywords);

  /// Makes `name` mean `value` in the scope that it belongs to.
  void bind(const std::string& name, Value value, const std::shared_ptr<Environment>& env);
  Environment& home_of(const std::string& name, const std::shared_ptr<Environment>& env);
  void assign(const Expression& target, Value value, const std::shared_ptr<Environment>& env);
  void assign_elements(const std::vector<ExpressionPtr>& targets, const Value& value, Span span,
                       const std::shared_ptr<Environment>& env);
  const FunctionScope& scope_of_function(const FunctionDefinition& definition);
  std::shared_ptr<Environment> new_environment(std::shared_ptr<Environment> parent, const FunctionScope* scope);
  void at(Span span) { place_ = span; }
  void look_around();

  /// A call of the script: what leaves it by an error is noted in the trace.
  template <typename F>
  auto in_frame(const std::string& function, F&& body) {
    const Span called_at = place_;
    const std::string* const before = std::exchange(frame_, &function);
    try {
      auto result = body();
      frame_ = before;
      return result;
    } catch (const Error&) {
      note_frame();
      frame_ = before;
      place_ = called_at;
      throw;
    } catch (...) {  // the end of a dry run or of the script: it keeps its place
      frame_ = before;
      throw;
    }
  }
  void note_frame();
  /// The exception goes on from where it was caught.
  [[noreturn]] void raise_again(const ExceptionPtr& exception);

  const SourceText& source_;
  Host& host_;
  const Block* script_ = nullptr;
  std::unique_ptr<CallGraph> own_calls_;          ///< where the host has none
  CallGraph* calls_ = nullptr;
  std::uint64_t last_key_ = 0;
  StackLimit stack_;
  DryRun* dry_run_ = nullptr;                     ///< while one is under way
  static constexpr std::uint32_t counted_at_once = 1024;
  std::uint32_t counted_ = 0;
  Trace trace_;                                   ///< of the error that is on its way
  const std::string* frame_ = nullptr;            ///< the function that is being run; null: none
  Span place_;                                    ///< of what is being evaluated, for errors from below
  Value returned_;
  std::shared_ptr<Environment> globals_;
  std::vector<std::weak_ptr<Environment>> environments_;  ///< emptied at the end: closures hold them in cycles
  std::unordered_map<const FunctionDefinition*, FunctionScope> scopes_;
  std::vector<ExceptionPtr> handling_;            ///< innermost last: what a bare `raise` raises
};

/// The module bound by `import name`, or nothing if there is no such module here.
std::optional<Type> module_named(const std::string& name);
/// "module 'xaray' is not supported, did you mean 'xarray'?"
std::string no_module(const std::string& name);

}  // namespace rankine::script
