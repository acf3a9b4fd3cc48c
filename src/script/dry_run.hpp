#pragma once
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "script/ast.hpp"
#include "script/bindings.hpp"
#include "script/host.hpp"
#include "script/refusal.hpp"
#include "script/source_text.hpp"
#include "script/value.hpp"

namespace rankine::script {

struct Environment;

/// Ends a dry run where it would have to guess. No Error, so that no script and nothing below it handles it.
struct DryRunEnds {};

/// A run of the script before its run, in which arrays have types, dims, shapes and coordinates and no values, so that what
/// Rankine lacks is found before anything has been computed. A value that would have to be computed is unknown; what is made
/// of it is unknown; where it decides what happens, the dry run ends, unless all that could happen is that names change
/// their meaning. See docs/adr/0006-dry-run.md.
class DryRun {
 public:
  explicit DryRun(const SourceText& source) : source_(source) {}

  /// Refusals of `script`, which has been parsed and checked, put into `report`.
  static void run(const SourceText& source, const Block& script, Host& host, CheckReport& report);

  // What the interpreter asks while it runs dry.

  /// Before each expression and statement, which the interpreter then comes to a second time; ends a script that takes long.
  void enter(const void* part, Span place);
  /// Of `elements` that a function of Python went over by itself: many make a step.
  void go_over(std::size_t elements, Span place);
  bool has_entered(const void* part) { return std::exchange(entered_, nullptr) == part; }
  /// The value of what Rankine lacks: unknown.
  Value refuse(Span place, const UnsupportedError& error);
  /// The value of an expression that needs one that is unknown.
  Value without(Interpreter& in, const Expression& e, const std::shared_ptr<Environment>& env);
  /// Goes on behind a statement that needs an unknown value.
  void without(Interpreter& in, const Statement& s, const std::shared_ptr<Environment>& env);
  /// Calls a function of the table.
  Value call(Interpreter& in, const Binding& binding, const Value& self, Values positional, Keywords keywords);

  /// While the body of a `try` runs: an unknown value could have taken the script to a handler.
  class Trying {
   public:
    Trying(DryRun& dry_run, const Statement& s) : dry_run_(dry_run), is_try_(std::holds_alternative<Try>(s.node)) { dry_run_.tries_ += is_try_ ? 1 : 0; }
    ~Trying() { dry_run_.tries_ -= is_try_ ? 1 : 0; }
    Trying(const Trying&) = delete;
    Trying& operator=(const Trying&) = delete;
   private:
    DryRun& dry_run_;
    bool is_try_;
  };

 private:
  [[noreturn]] void end(Span place);
  void note(Interpreter& in, const Error& error);
  Value unknown();
  void bind_unknown(Interpreter& in, const std::vector<std::string>& names, const std::shared_ptr<Environment>& env);

  const SourceText& source_;
  std::vector<Refusal> refusals_;
  std::vector<CheckReport::Note> notes_;
  const void* entered_ = nullptr;
  bool of_python_ = false;   ///< the last error came from a function that knows no arrays
  std::size_t steps_ = 0;
  int tries_ = 0;
  bool any_unknown_ = false;
  int ended_line_ = 0;
};

}  // namespace rankine::script
